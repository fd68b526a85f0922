"""What the ingest benchmark is compared with: small servers in a virtual environment of their own."""

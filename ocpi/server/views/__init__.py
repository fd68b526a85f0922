"""The endpoints that we serve, one module each."""

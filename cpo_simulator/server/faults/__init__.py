"""Named ways to spoil the answers of the server."""

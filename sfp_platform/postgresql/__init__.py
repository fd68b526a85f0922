"""Django's PostgreSQL backend with a pool that costs a request no statement of its own."""

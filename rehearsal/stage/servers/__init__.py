"""PostgreSQL and Redis for tests and rehearsals: found on this machine, or started for one run."""

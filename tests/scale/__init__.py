"""Several processes: real PostgreSQL and Redis, three workers."""

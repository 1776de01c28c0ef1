"""The local stack: PostgreSQL, SQS and the services as processes on loopback, without Docker."""

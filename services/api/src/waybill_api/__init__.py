"""Waybill's API service: HTTP in, tasks and outbox in PostgreSQL, relay to SQS."""

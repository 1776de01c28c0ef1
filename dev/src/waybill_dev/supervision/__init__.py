"""Keeping services running: start, readiness, restart with backoff, end."""

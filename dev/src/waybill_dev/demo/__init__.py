"""The demo: follows real tasks through the running stack. Every line of it was read from PostgreSQL, SQS or HTTP."""

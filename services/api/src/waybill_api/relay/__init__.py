"""The relay: the only writer of messages. It also reaps leases that ran out and reconciles what the queue lost."""

"""What each figure is a share of: PostgreSQL, HTTP and the queue, each alone."""

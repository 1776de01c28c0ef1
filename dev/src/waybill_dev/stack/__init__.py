"""The services of the local stack and the order in which they start."""

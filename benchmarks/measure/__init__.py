"""What is measured of each system: accept, latency, drain, and how often others are asked."""

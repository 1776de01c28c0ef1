"""What every measurement stands on: processes and their CPU, servers, load, medians."""

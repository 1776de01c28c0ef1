"""The one log of the stack: every service's lines, with the service's name before each."""

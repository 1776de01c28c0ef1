"""The one way in which a benchmark tells that it cannot go on."""


class BenchError(Exception):
    """What is wrong and what to do about it, in one line."""

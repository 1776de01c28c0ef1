"""Entry point of the command waybill-dev."""


def main() -> int:
    """Not there yet."""
    return 1

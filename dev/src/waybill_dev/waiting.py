"""Waiting for a state, with a deadline."""

import time
from collections.abc import Callable

POLL_SECONDS = 0.01


def wait_until(reached: Callable[[], bool], *, timeout_seconds: float) -> bool:
    """Ask `reached` every 10 ms until it is true; False if it is not within `timeout_seconds`."""
    deadline = time.monotonic() + timeout_seconds
    while not reached():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True

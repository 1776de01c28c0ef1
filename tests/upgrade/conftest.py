"""Fixtures of the mixed versions: both editions, and a check of what every process said and left behind."""

import pytest

from tests.upgrade.editions import Pair, before, today


@pytest.fixture(scope="session")
def new() -> Pair:
    """N: this checkout."""
    return today()


@pytest.fixture(scope="session")
def old(new: Pair) -> Pair:
    """N-1: the release before it, from its kept wheels."""
    return before(new)

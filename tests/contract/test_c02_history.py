"""C2: what was released is as it was released. Nothing is edited, removed or added afterwards."""

import pytest

from tools.contracts.history import RELEASED, History, HistoryTampered


def test_the_chain_of_releases_is_intact() -> None:
    edited = None
    try:
        History.read(RELEASED).verify()
    except HistoryTampered as error:
        edited = error
    if edited:
        pytest.fail(f"\nTAMPERED  {edited}", pytrace=False)

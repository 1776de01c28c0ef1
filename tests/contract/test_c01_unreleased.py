"""C1: what the working tree changed since the newest release is named, and is something that a version may carry."""

import pytest

from tests.contract.released import CONTRACTS, refuse
from tools.contracts.comparison import against, anything, by_names
from tools.contracts.history import RELEASED, History
from tools.contracts.versions import changes, deserved, level_between


def test_a_version_of_the_contracts_is_released() -> None:
    if not History.read(RELEASED).releases:
        pytest.fail("\nno version of the contracts was ever released: ./justw contracts-release", pytrace=False)


def test_no_name_vanishes_without_a_tombstone_and_none_returns(versions) -> None:
    refuse(by_names(versions.history, versions.today))


def test_changes_that_are_not_released_are_announced(versions, notice) -> None:
    newest = next(reversed(versions.before), None)
    found = changes(newest, versions.today) if newest else []
    if against(versions.today, versions.before, anything) or by_names(versions.history, versions.today):
        notice("contracts, unreleased: BREAKING, so no version may carry it; what it breaks stands above")
    elif newest and found:
        version = deserved(newest, versions.today)
        notice(f"contracts, unreleased: {level_between(newest, versions.today)} → {version}; ./justw contracts-release")
        notice("\n".join(f"  {change}" for change in found))
        here = CONTRACTS.pyproject["project"]["version"]
        if here != version:
            notice(f"  {CONTRACTS.folder}/pyproject.toml says {here}")

"""The statements of the release before, those included that no run of a few seconds comes to, on the newest schema."""

import json
import subprocess
from typing import Any

import pytest

from tests.contract import statements
from tests.contract.statements import Statements, refusals
from tests.upgrade.editions import Edition, Pair


def statements_of(edition: Edition) -> Statements:
    """What its store modules hold, told by its own interpreter."""
    command = [edition.python, "-I", statements.__file__]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {name: (role, text) for name, (role, text) in json.loads(told).items()}


@pytest.mark.parametrize("service", ["api", "processor"])
async def test_the_newest_schema_lets_each_role_run_every_statement_of_the_release_before(
    database: Any, old: Pair, service: str
) -> None:
    found = statements_of(old.api if service == "api" else old.processor)
    assert len(found) > 8
    assert {name for name, (role, _) in found.items() if role is None} == set(), "name their role in statements.py"
    assert await refusals(database, found) == {}


async def test_a_schema_that_took_a_column_away_is_noticed(database: Any, old: Pair) -> None:
    owner = await database.connect("waybill_owner")
    await owner.execute("ALTER TABLE tasks DROP COLUMN reconcile_count")
    refused = await refusals(database, statements_of(old.api))
    assert refused
    assert all("waybill_relay: column" in why for why in refused.values())

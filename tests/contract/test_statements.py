"""Every SQL statement of both services, as its role, against the migrated database."""

import re

import asyncpg
import pytest

from tests.contract.statements import plan_of, refusals

WITHOUT_INDEX = {"waybill_api.store.probe.PROBE"}
"""Reads the first row that it meets."""


def test_every_module_with_statements_has_a_role(statements):
    assert {name for name, (role, _) in statements.items() if role is None} == set(), "name their role in statements.py"


async def test_each_role_may_run_every_statement_of_its_service(database, statements):
    assert await refusals(database, statements) == {}


async def test_explain_refuses_what_a_role_may_not_do(database):
    """Else the test above would prove nothing."""
    connection = await database.connect("waybill_api")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await plan_of(connection, "DELETE FROM tasks WHERE id = $1")


async def test_no_statement_reads_all_tasks(grown_database, statements):
    scans = {}
    connections = {role: await grown_database.connect(role) for role in {role for role, _ in statements.values()}}
    for name, (role, text) in statements.items():
        plan = await plan_of(connections[role], text)
        if "Seq Scan on tasks" in plan and name not in WITHOUT_INDEX:
            scans[name] = plan
    assert scans == {}


async def test_without_its_index_a_statement_would_be_seen_to_read_all_tasks(grown_database, statements):
    """Else the test above would prove nothing."""
    owner = await grown_database.connect("waybill_owner")
    await owner.execute("DROP INDEX tasks_live_idx")
    role, text = statements["waybill_api.store.rescue.REAP"]
    assert "tasks_live_idx" not in await plan_of(await grown_database.connect(role), text)


async def test_the_relay_takes_due_rows_by_the_index_of_their_time(grown_database, statements):
    role, text = statements["waybill_api.store.outbox.TAKE"]
    assert "outbox_available_at_idx" in await plan_of(await grown_database.connect(role), text)


async def test_the_look_for_held_tasks_leaves_aside_what_is_due_already(grown_database, statements):
    """Each processor looks from time to time, also while a backlog of millions waits for the relay."""
    owner = await grown_database.connect("waybill_owner")
    await owner.execute("UPDATE outbox SET available_at = now() - interval '1 h'")
    await owner.execute("ANALYZE outbox")
    role, text = statements["waybill_processor.store.claims.UNHOLD"]
    assert "outbox_available_at_idx" in await plan_of(await grown_database.connect(role), text)


def test_every_text_constant_of_the_stores_is_a_statement_or_known(other_constants):
    assert other_constants == {"waybill_api.store.tasks.TENANT"}


def test_no_statement_needs_a_newer_postgresql_than_15(statements):
    newer = re.compile(r"\buuidv7\s*\(|\bRETURNING\s+(WITH|old\.|new\.)|\bMERGE\b|json_table|any_value", re.IGNORECASE)
    assert not [name for name, (_, text) in statements.items() if newer.search(text)]

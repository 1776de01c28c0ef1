"""Reads from the database, as the owner of the schema, what runs and what is in flight."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import asyncpg

from waybill_dev.can_i_deploy.facts import Facts, InFlight, Instance, Manifest, Waiting
from waybill_dev.errors import StackError

RETENTION_DAYS = 14
"""How long a message may lie in the dead-letter queue, counted from when it was sent first."""
_SECONDS = 5.0
_PREFIX = "waybill."

_TABLES = """
SELECT to_regclass('alembic_version') IS NOT NULL, to_regclass('tasks') IS NOT NULL,
    to_regclass('service_instances') IS NOT NULL
"""
_INSTANCES = """
SELECT instance, manifest,
    stopped_at IS NULL AND (NOT expires OR last_seen_at > clock_timestamp() - interval '10 minutes') AS is_live
FROM service_instances ORDER BY service, version, instance
"""
_TASKS = """
SELECT kind, payload_version, count(*) FILTER (WHERE held_at IS NULL) AS waiting,
    count(*) FILTER (WHERE held_at IS NOT NULL) AS held
FROM tasks WHERE finished_at IS NULL GROUP BY kind, payload_version ORDER BY kind, payload_version
"""
_MESSAGES = f"""
SELECT DISTINCT message_type FROM published_versions
WHERE last_published_at > clock_timestamp() - interval '{RETENTION_DAYS} days'
"""
_DEAD_LETTERS = """
SELECT d.body FROM dead_letters d JOIN tasks t ON t.id = d.task_id
WHERE t.finished_at IS NULL ORDER BY d.id DESC LIMIT 10000
"""
_FORGET = "DELETE FROM service_instances WHERE instance = $1"

Result = TypeVar("Result")


def read_facts(url: str) -> Facts:
    """One look, all of it at the same instant. Raises StackError when the database does not answer."""
    return _asked(url, _read)


def forget(url: str, instance: str) -> None:
    """Remove the row of an instance that is gone. Raises StackError, with those that there are, if it has none."""

    async def remove(connection: Any) -> None:
        if await connection.execute(_FORGET, instance) == "DELETE 0":
            known = [row["instance"] for row in await connection.fetch(_INSTANCES)]
            there = f"there are: {', '.join(known)}" if known else "none is registered"
            raise StackError(f"no instance is named {instance!r}; {there}")

    _asked(url, remove)


def _asked(url: str, question: Callable[[Any], Awaitable[Result]]) -> Result:
    async def ask() -> Result:
        connection: Any = await asyncpg.connect(url, timeout=_SECONDS, command_timeout=_SECONDS)
        try:
            async with connection.transaction(isolation="repeatable_read"):
                return await question(connection)
        finally:
            await connection.close(timeout=_SECONDS)

    try:
        return asyncio.run(ask())
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise StackError(f"the database cannot be asked what runs: {why}") from None


async def _read(connection: Any) -> Facts:
    has_revision, has_tasks, has_instances = await connection.fetchrow(_TABLES)
    revision = await connection.fetchval("SELECT max(version_num) FROM alembic_version") if has_revision else None
    instances = await _instances(connection) if has_instances else []
    return Facts(revision, instances, await _in_flight(connection) if has_tasks else InFlight())


async def _instances(connection: Any) -> list[Instance]:
    rows = await connection.fetch(_INSTANCES)
    return [Instance(row["instance"], Manifest.of(json.loads(row["manifest"])), row["is_live"]) for row in rows]


async def _in_flight(connection: Any) -> InFlight:
    bodies = [row["body"] for row in await connection.fetch(_DEAD_LETTERS)]
    types = [row["message_type"] for row in await connection.fetch(_MESSAGES)]
    return InFlight(
        tasks=tuple(Waiting(*row) for row in await connection.fetch(_TASKS)),
        messages=frozenset(map(_contract, types)),
        dead_letters=Counter(contract for body in bodies if (contract := contract_of(body))),
    )


def contract_of(body: bytes) -> str | None:
    """The contract of a message, by its type; None for bytes that are no message."""
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = cast("dict[str, object]", document).get("type") if isinstance(document, dict) else None
    return _contract(found) if isinstance(found, str) and found.startswith(_PREFIX) else None


def _contract(message_type: str) -> str:
    return message_type.removeprefix(_PREFIX)

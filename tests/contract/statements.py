"""The SQL of the services, whose it is, and whether they may run it.

As a script it tells, as JSON, the statements of what is installed where it runs: those of another release, for example.
"""

import importlib
import importlib.util
import json
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

STORES = ("waybill_api.store", "waybill_processor.store")
ROLES = {
    "waybill_api.store.tasks": "waybill_api",
    "waybill_api.store.probe": "waybill_api",
    "waybill_api.store.outbox": "waybill_relay",
    "waybill_api.store.rescue": "waybill_relay",
    "waybill_api.store.partitions": "waybill_relay",
    "waybill_processor.store.claims": "waybill_processor",
    "waybill_processor.store.outcomes": "waybill_processor",
    "waybill_processor.store.dead_letters": "waybill_processor",
}
"""Whose statements a store's module holds."""
OF_EVERY_ROLE = "waybill_runtime.instances"
"""Each service registers itself, in its own role."""
SQL = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b")

Statements = dict[str, tuple[str | None, str]]
"""Name to (role, text)."""


def store_modules() -> Iterator[ModuleType]:
    """The modules that hold SQL, of the services that are installed."""
    for store in STORES:
        if importlib.util.find_spec(store.partition(".")[0]):
            package = importlib.import_module(store)
            for found in pkgutil.iter_modules(package.__path__, f"{store}."):
                yield importlib.import_module(found.name)


def constants(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Upper-case text constants by name; those of a table of statements by its keys."""
    for name, value in vars(module).items():
        if name.isupper() and not name.startswith("_"):
            of_table = value if isinstance(value, dict) else {"": value}
            for key, text in of_table.items():
                if isinstance(text, str):
                    yield f"{module.__name__}.{name}{key or ''}", text


def all_statements() -> Statements:
    """Every SQL constant of the services that are installed."""
    of_one = {
        name: (ROLES.get(module.__name__), text)
        for module in store_modules()
        for name, text in constants(module)
        if SQL.match(text)
    }
    of_every = constants(importlib.import_module(OF_EVERY_ROLE))
    return of_one | {f"{name} as {role}": (role, text) for name, text in of_every for role in set(ROLES.values())}


async def plan_of(connection: Any, text: str) -> str:
    """The plan for any parameters. PREPARE passes without privileges; EXPLAIN EXECUTE asks for them."""
    prepared = await connection.prepare(text)
    nulls = ", ".join("NULL" for _ in prepared.get_parameters())
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE explained AS {text}")
    try:
        rows = await connection.fetch(f"EXPLAIN EXECUTE explained{f'({nulls})' if nulls else ''}")
    finally:
        await connection.execute("DEALLOCATE explained")
    return "\n".join(row[0] for row in rows)


async def refusals(database: Any, statements: Statements) -> dict[str, str]:
    """What a database answers to the statements that it does not let their roles run, by their names."""
    import asyncpg  # not needed where this is a script

    connections = {role: await database.connect(role) for role in {role for role, _ in statements.values()}}
    refused: dict[str, str] = {}
    for name, (role, text) in statements.items():
        try:
            await plan_of(connections[role], text)
        except asyncpg.PostgresError as error:
            refused[name] = f"{role}: {error}"
    return refused


if __name__ == "__main__":
    print(json.dumps(all_statements()))

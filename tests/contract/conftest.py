"""Every SQL statement of the services with its role, and a database that has run for a while."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
import waybill_api.store
import waybill_processor.store
import waybill_runtime.instances

from tests.contract.released import Versions, all_versions

ROLES = {
    "waybill_api.store.tasks": "waybill_api",
    "waybill_api.store.probe": "waybill_api",
    "waybill_api.store.outbox": "waybill_relay",
    "waybill_api.store.rescue": "waybill_relay",
    "waybill_processor.store.claims": "waybill_processor",
    "waybill_processor.store.outcomes": "waybill_processor",
    "waybill_processor.store.dead_letters": "waybill_processor",
}
"""Whose statements a store's module holds."""
OF_EVERY_ROLE = waybill_runtime.instances
"""Each service registers itself, in its own role."""
SQL = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b")

# As a store that has run for a while: most tasks are completed, few are under way.
MANY_TASKS = """
INSERT INTO tasks (id, kind, payload_version, title, payload, status, available_at, lease_until, worker, result, error,
    finished_at, cancel_requested_at)
SELECT gen_random_uuid(), CASE n % 2 WHEN 0 THEN 'note.process' ELSE 'webhook.deliver' END, 1, 'title', '{}', status,
    now() - interval '1 hour', CASE status WHEN 'processing' THEN now() + interval '30 s' END,
    CASE status WHEN 'processing' THEN 'w' END, CASE status WHEN 'completed' THEN '{}'::jsonb END,
    CASE status WHEN 'failed' THEN '{}'::jsonb END,
    CASE WHEN status IN ('completed', 'failed', 'cancelled') THEN now() END,
    CASE status WHEN 'cancelled' THEN now() END
FROM generate_series(1, 5000) n, LATERAL (SELECT CASE WHEN n % 50 = 1 THEN 'pending' WHEN n % 50 = 2 THEN 'processing'
    WHEN n % 50 = 3 THEN 'failed' WHEN n % 50 = 4 THEN 'cancelled' ELSE 'completed' END AS status) s
"""
MANY_OUTBOX_ROWS = """
INSERT INTO outbox (task_id, dispatch, reason, available_at)
SELECT gen_random_uuid(), 1, 'retry', now() + make_interval(secs => n) FROM generate_series(1, 3000) n
"""


def store_modules() -> Iterator[ModuleType]:
    """The modules that hold SQL."""
    for package in (waybill_api.store, waybill_processor.store):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def constants(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Upper-case text constants by name; those of a table of statements by its keys."""
    for name, value in vars(module).items():
        if name.isupper() and not name.startswith("_"):
            of_table = value if isinstance(value, dict) else {"": value}
            for key, text in of_table.items():
                if isinstance(text, str):
                    yield f"{module.__name__}.{name}{key or ''}", text


def all_statements() -> dict[str, tuple[str | None, str]]:
    """Name to (role, text) of every SQL constant of both services."""
    of_one = {
        name: (ROLES.get(module.__name__), text)
        for module in store_modules()
        for name, text in constants(module)
        if SQL.match(text)
    }
    return of_one | {
        f"{name} as {role}": (role, text) for name, text in constants(OF_EVERY_ROLE) for role in set(ROLES.values())
    }


@pytest.fixture
def statements() -> dict[str, tuple[str | None, str]]:
    """Name to (role, text) of every SQL constant of both services."""
    return all_statements()


@pytest.fixture
def other_constants() -> set[str]:
    """Names of upper-case text constants in the stores that are no SQL."""
    return {name for module in store_modules() for name, text in constants(module) if not SQL.match(text)}


@pytest.fixture
async def grown_database(database: Any) -> Any:
    """A database with a few thousand tasks, analysed."""
    owner = await database.connect("waybill_owner")
    await owner.execute(MANY_TASKS)
    await owner.execute(MANY_OUTBOX_ROWS)
    await owner.execute("ANALYZE")
    return database


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    """Every version of the contracts that was ever released, and that of the working tree."""
    return all_versions(tmp_path_factory.mktemp("contracts"))


NOTICES = pytest.StashKey[list[str]]()


@pytest.fixture
def notice(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Says a line at the end of the run: no failure, but nothing to overlook."""
    return pytestconfig.stash.setdefault(NOTICES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the notices."""
    for line in config.stash.get(NOTICES, []):
        terminalreporter.write_line(line)

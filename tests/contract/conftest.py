"""Every SQL statement of the services with its role, and a database that has run for a while."""

import gc
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.released import Versions, all_versions
from tests.contract.statements import SQL, Statements, all_statements, constants, store_modules
from tests.contract.verification import Verification
from tools.contracts.history import History
from tools.contracts.verified import FOLDERS, write_verified

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


@pytest.fixture
def statements() -> Statements:
    """Every SQL constant of both services."""
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
def versions() -> Versions:
    """Every version of the contracts that was ever released, and that of the working tree."""
    return all_versions()


def pytest_configure(config: pytest.Config) -> None:
    """A green run of all tests of the contracts is what can-i-deploy trusts."""
    config.pluginmanager.register(Verification(FOLDERS, lambda: write_verified(History.load())))


def pytest_collection_finish() -> None:
    """What generates thousands of documents makes much rubbish: look for cycles in it seldom, and not in what stays."""
    gc.freeze()
    gc.set_threshold(100_000)


NOTICES = pytest.StashKey[list[str]]()


@pytest.fixture
def notice(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Says a line at the end of the run: no failure, but nothing to overlook."""
    return pytestconfig.stash.setdefault(NOTICES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the notices."""
    for line in config.stash.get(NOTICES, []):
        terminalreporter.write_line(line)

"""Fixtures for the tests of the whole: a stack of real parts for each test, and a receiver for its webhooks."""

from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.stack.processes import Until
from tests.stack.receiver import Receiver, open_receiver
from tests.stack.stack import Stack, open_stack

SHOWN_LINES = 30


def pytest_configure(config: pytest.Config) -> None:
    """The marker of tests that must hold whichever shell works the tasks."""
    config.addinivalue_line("markers", "both_shells: runs with a worker, and with the zip deployed as a function")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of both shells in each."""
    if metafunc.definition.get_closest_marker("both_shells"):
        metafunc.parametrize("shell", ["worker", "lambda"], indirect=True)


@pytest.fixture
def shell(request: pytest.FixtureRequest) -> str:
    """What works the tasks: `worker` or `lambda`."""
    return getattr(request, "param", "worker")


@pytest.fixture
async def stack(database: Any, tmp_path: Path, until: Until, shell: str) -> AsyncIterator[Stack]:
    """A migrated database that keeps a ledger, queues, and no service yet."""
    async with open_stack(tmp_path, database.url, until, shell) as stack:
        await stack.records.keep_ledger()
        yield stack


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver of webhooks."""
    async with open_receiver() as receiver:
        yield receiver


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last lines of every log of a test that failed."""
    report = yield
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and folder is not None:
        for log in sorted(folder.rglob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-SHOWN_LINES:]
            report.sections.append((f"end of {log.name}", "\n".join(lines)))
    return report

"""A PostgreSQL that counts what it is asked, in place of the servers that other tests share; the fixtures stay."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from waybill_dev.ministack import MiniStack
from waybill_dev.postgres import temporary_postgres

from tests.budget.counting import Counted
from tests.budget.counting_proxy import CountingSqs, counting_sqs
from tests.stack.stack import Stack
from tools.servers import SETTINGS, make_template

# Whole pages in the WAL, checkpoints and vacuums would come when they please, and fall into some counts and not others.
COUNTING = {
    **SETTINGS,
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "256MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "full_page_writes": "off",
}


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, str]]:
    """As the fixture of that name, with servers of these tests' own."""
    with (
        tempfile.TemporaryDirectory(prefix="waybill-sqs-") as folder,
        temporary_postgres(settings=COUNTING) as postgres,
        MiniStack(Path(folder)) as sqs,
    ):
        make_template(postgres)
        postgres.execute("CREATE EXTENSION pg_stat_statements")
        yield {"WAYBILL_TEST_DATABASE_URL": postgres.url(), "WAYBILL_TEST_SQS_ENDPOINT": sqs.endpoint}


@pytest.fixture
async def counted(database: Any, servers: dict[str, str]) -> AsyncIterator[Counted]:
    """What PostgreSQL has counted in this test's database."""
    import asyncpg

    connection = await asyncpg.connect(servers["WAYBILL_TEST_DATABASE_URL"])
    yield Counted(connection, database.name, await database.connect("postgres"))
    await connection.close()


@pytest.fixture
async def sqs_requests(stack: Stack) -> AsyncIterator[CountingSqs]:
    """Requests of the services that are started next, at SQS with this test's queues."""
    async with counting_sqs(stack.sqs.endpoint) as proxy:
        stack.settings["AWS_ENDPOINT_URL"] = proxy.endpoint
        yield proxy
        stack.kill_all()

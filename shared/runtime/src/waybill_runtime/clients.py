"""Connections to PostgreSQL and SQS, opened with our timeouts; both may be away when a service starts."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from .settings import SettingsError

CONNECT_SECONDS = 1.0
STATEMENT_SECONDS = 2.0
ACQUIRE_SECONDS = 0.5
CLOSE_SECONDS = 1.0

DatabaseUnavailable = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a statement on a connection whose backend was terminated just now
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.LockNotAvailableError,
    asyncpg.exceptions.TransactionRollbackError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError,
    asyncpg.exceptions.InvalidCachedStatementError,
    # Not migrated yet: no database, no role or another password, no table or column, no grant.
    asyncpg.exceptions.InvalidCatalogNameError,
    asyncpg.exceptions.InvalidAuthorizationSpecificationError,
    asyncpg.exceptions.UndefinedTableError,
    asyncpg.exceptions.UndefinedColumnError,
    asyncpg.exceptions.InsufficientPrivilegeError,
)
"""What a statement raises when the database is away, starting, stopping, full, locked, cut off or not migrated as far
as this service: try again later."""

RowRefused = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""What a statement raises when one of its rows is at fault: trying it again cannot help."""


async def _no_reset(_connection: Any) -> None:
    """Our statements leave no session state behind, so the reset round trip at each release is saved."""


@asynccontextmanager
async def open_pool(
    url: str, max_size: int, application_name: str, *, runs_foreign_code: bool = False
) -> AsyncGenerator[asyncpg.Pool]:
    """A pool that connects on first use, so that a service starts while the database is away.

    Connecting and each statement are bounded (seconds above); where callers can outnumber connections, bound the wait
    too: `pool.acquire(timeout=ACQUIRE_SECONDS)`. Connections are dropped after 60 s without use.
    `runs_foreign_code` pays a round trip at each release to clear session state that others' statements may leave.
    """
    pool = asyncpg.create_pool(
        url,
        min_size=0,
        max_size=max_size,
        timeout=CONNECT_SECONDS,
        command_timeout=STATEMENT_SECONDS,
        max_inactive_connection_lifetime=60.0,
        server_settings={"application_name": application_name},
        reset=None if runs_foreign_code else _no_reset,
    )
    async with pool:
        try:
            yield pool
        finally:
            await _close(pool)


async def _close(pool: asyncpg.Pool) -> None:
    """Politely if the database plays along; a pool whose close is cut off drops its connections by itself."""
    with contextlib.suppress(*DatabaseUnavailable):
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()


def aws_region() -> str:
    """The region of the queue. Raises `SettingsError`: botocore itself would know only one of the two names."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise SettingsError("AWS_REGION must be set (see .env.example)")
    return region


@asynccontextmanager
async def open_sqs(read_seconds: float = 10.0, max_connections: int = 20) -> AsyncGenerator[Any]:
    """An SQS client; endpoint, region and credentials come from the standard AWS variables.

    The client itself does not retry: callers own their retries, and a retry inside would hide a fault from them.
    """
    config = AioConfig(
        connect_timeout=2,
        read_timeout=read_seconds,
        max_pool_connections=max_connections,
        retries={"total_max_attempts": 1},
        parameter_validation=False,
        tcp_keepalive=True,
    )
    session: Any = AioSession()  # its stubs describe every service of AWS and none well
    async with session.create_client("sqs", region_name=aws_region(), config=config) as client:
        yield client

"""Connections to PostgreSQL, opened with our timeouts; it may be away when a service starts."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

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


_PLANS = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}
"""One plan for each statement of a connection, by index, whatever the tables held when it was made. Left to itself
PostgreSQL plans the large statements anew at every call with few rows (half a millisecond each), and keeps the whole
scans that it chose while a table was small until its next analyze, when there may be a million rows."""


async def _no_reset(_connection: Any) -> None:
    """Our statements leave no session state behind, so the reset round trip at each release is saved."""


@asynccontextmanager
async def open_pool(
    url: str,
    max_size: int,
    application_name: str,
    *,
    statement_seconds: float | None = STATEMENT_SECONDS,
    runs_foreign_code: bool = False,
    commits_wait: bool = True,
) -> AsyncGenerator[asyncpg.Pool]:
    """A pool that connects on first use, so that a service starts while the database is away.

    Connecting and each statement are bounded; a client that waits wants a quick no, while in the background giving up
    on a statement that goes on costs more than patience. Where callers can outnumber connections, bound the wait
    too: `pool.acquire(timeout=ACQUIRE_SECONDS)`. Connections are dropped after 60 s without use.
    `runs_foreign_code` is for a pool whose statements are not ours: PostgreSQL plans them as it does by default, and
    each release pays a round trip to clear session state that they may leave. `commits_wait=False` is for work that
    may be done once more: a commit does not wait for the disk, and a crash of the server can undo the last ones.
    """
    plans = {} if runs_foreign_code else _PLANS
    commits = {} if commits_wait else {"synchronous_commit": "off"}
    pool = asyncpg.create_pool(
        url,
        min_size=0,
        max_size=max_size,
        timeout=CONNECT_SECONDS,
        command_timeout=statement_seconds,
        max_inactive_connection_lifetime=60.0,
        server_settings={"application_name": application_name, **plans, **commits},
        reset=None if runs_foreign_code else _no_reset,
    )
    async with pool:
        try:
            yield pool
        finally:
            await _close(pool)


@asynccontextmanager
async def open_connection(url: str, application_name: str) -> AsyncGenerator["asyncpg.Connection[Any]"]:
    """One connection for something that is rare, with the same bounds. Raises what `DatabaseUnavailable` names."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS,
        command_timeout=STATEMENT_SECONDS,
        server_settings={"application_name": application_name},
    )
    try:
        yield connection
    except BaseException:
        connection.terminate()  # whoever gave up, or has to end, does not wait for its goodbye too
        raise
    with contextlib.suppress(*DatabaseUnavailable):
        await connection.close(timeout=CLOSE_SECONDS)


async def _close(pool: asyncpg.Pool) -> None:
    """Politely if the database plays along; a pool whose close is cut off drops its connections by itself."""
    with contextlib.suppress(*DatabaseUnavailable):
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()

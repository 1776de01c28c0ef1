"""Which builds run where: each process says so in the database, at its start and each minute, and when it ends.

The command `can-i-deploy` reads it. No service depends on it: a database that is away, or lacks the table, is asked
again later, and nobody waits for that.
"""

import asyncio
import os
import random
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec
import structlog

from .database import DatabaseUnavailable, open_connection
from .telemetry import describe

EVERY_SECONDS = 60.0
"""Between two signs of life, give or take a tenth. Who has been silent for ten of them counts as gone."""
RETRY_SECONDS = 10.0
SIGN_OFF_SECONDS = 1.0

# A row stays while something that its build wrote may come back: 14 days in the dead-letter queue, and one more.
# In order and with SKIP LOCKED, since several instances may clear away the same rows.
REGISTER = """
WITH gone AS (
    SELECT instance FROM service_instances
    WHERE (expires OR stopped_at IS NOT NULL) AND instance <> $1
      AND last_seen_at < clock_timestamp() - interval '15 days'
    ORDER BY instance FOR UPDATE SKIP LOCKED
), forgotten AS (
    DELETE FROM service_instances i USING gone WHERE i.instance = gone.instance
)
INSERT INTO service_instances AS i (instance, service, version, manifest, expires)
VALUES ($1, $2, $3, $4::jsonb, $5)
ON CONFLICT (instance) DO UPDATE SET
    service = EXCLUDED.service, version = EXCLUDED.version, manifest = EXCLUDED.manifest, expires = EXCLUDED.expires,
    started_at = CASE WHEN $6::boolean THEN clock_timestamp() ELSE i.started_at END,
    last_seen_at = clock_timestamp(), stopped_at = NULL
"""

SIGN_OFF = (
    "UPDATE service_instances SET last_seen_at = clock_timestamp(), stopped_at = clock_timestamp() WHERE instance = $1"
)

log = structlog.get_logger()


class Manifest(Protocol):
    """What a build says of itself, as a struct that msgspec writes as JSON."""

    @property
    def service(self) -> str:
        """Which service it is a build of."""
        ...

    @property
    def version(self) -> str:
        """Of its distribution."""
        ...


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One process, or one function, and the manifest of its build."""

    name: str
    manifest: Manifest
    expires: bool = True
    """Whether it goes on telling that it lives. A function cannot, so it counts until it is forgotten."""


def this_process(what: str, manifest: Manifest) -> Instance:
    """This process as an instance, named `worker host:pid`."""
    return Instance(name=f"{what} {socket.gethostname()}:{os.getpid()}", manifest=manifest)


async def register(url: str, instance: Instance, *, has_started: bool = True) -> None:
    """Write the instance's row. Raises what `DatabaseUnavailable` names."""
    manifest = instance.manifest
    text = msgspec.json.encode(manifest, order="sorted").decode()
    async with open_connection(url, "waybill-instances") as connection:
        await connection.execute(
            REGISTER, instance.name, manifest.service, manifest.version, text, instance.expires, has_started
        )


@asynccontextmanager
async def registered(url: str, instance: Instance) -> AsyncGenerator[None]:
    """Registers in the background for the length of the block; on the way out it signs off, in 1 s or not at all."""
    signs = _SignsOfLife(url, instance)
    telling = asyncio.create_task(signs.tell_for_ever())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        await signs.sign_off()


class _SignsOfLife:
    def __init__(self, url: str, instance: Instance) -> None:
        self._url = url
        self._instance = instance
        self._is_first = True
        self._may_be_known = False

    async def tell_for_ever(self) -> None:
        while True:
            self._may_be_known = True  # also if the end comes before the answer does
            is_known = self._may_be_known = await self._tell()
            self._is_first = self._is_first and not is_known
            wait = EVERY_SECONDS if is_known else RETRY_SECONDS
            await asyncio.sleep(wait * random.uniform(0.9, 1.1))

    async def _tell(self) -> bool:
        try:
            await register(self._url, self._instance, has_started=self._is_first)
        except DatabaseUnavailable as error:  # others say so loudly enough
            log.debug("instance.not_registered", error=describe(error))
            return False
        except Exception:
            # Nobody foresaw it, but without this loop can-i-deploy would take the process for gone.
            log.exception("instance.register_broken")
            return False
        return True

    async def sign_off(self) -> None:
        """Unless the database was away just now: then the end would wait for it."""
        if not self._may_be_known:
            return
        try:
            async with asyncio.timeout(SIGN_OFF_SECONDS), open_connection(self._url, "waybill-instances") as connection:
                await connection.execute(SIGN_OFF, self._instance.name)
        except DatabaseUnavailable as error:
            log.debug("instance.not_signed_off", error=describe(error))

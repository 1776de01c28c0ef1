"""`waybill-worker` that delivers no webhook: a URL that somebody made up may name a host of somebody else.

Every address counts as private, so such a task fails at its first attempt. All else is the worker as it is.
"""

import socket

import waybill_processor.handlers.webhook_client as webhook_client
from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from waybill_processor.handlers.webhook_addresses import AddressRule, guarded_connector
from waybill_processor.worker.main import main

LOOPBACK = "127.0.0.1"


class NoNames(AbstractResolver):
    """Asks no name server: each name is this host."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """One address, whatever the name."""
        return [
            ResolveResult(hostname=host, host=LOOPBACK, port=port, family=socket.AF_INET, proto=0, flags=0),
        ]

    async def close(self) -> None:
        """Nothing is open."""


def is_nowhere(_address: str) -> bool:
    """The rule that no address keeps."""
    return False


def nowhere(_rule: AddressRule) -> TCPConnector:
    """Connects to nothing, whatever the settings allow."""
    return guarded_connector(is_nowhere, NoNames())


if __name__ == "__main__":
    webhook_client.__dict__["guarded_connector"] = nowhere
    main()

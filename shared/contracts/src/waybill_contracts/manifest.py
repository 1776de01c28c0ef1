"""What a build of a service writes and reads: it registers that where it runs, and its release keeps it."""

from importlib.metadata import version as version_of

from msgspec import Struct

from .catalogue import Service, catalogue, digest
from .kinds import KINDS
from .registry import KindTable


class ServiceManifest(Struct, frozen=True, kw_only=True):
    """One build of one service, as seen from outside."""

    service: Service
    version: str
    """Of the service's distribution."""
    contracts: str
    """Version of `waybill-contracts` that it was built with."""
    writes: dict[str, str]
    """Contract name to the digest of the writer's view."""
    reads: dict[str, str]
    """Contract name to the digest of the reader's view."""
    needs_revision: str
    """The oldest revision of the database that it runs on."""


def service_manifest(service: Service, version: str, needs_revision: str, kinds: KindTable = KINDS) -> ServiceManifest:
    """The manifest of a build that works these kinds."""
    contracts = catalogue(kinds)
    return ServiceManifest(
        service=service,
        version=version,
        contracts=version_of("waybill-contracts"),
        writes={name: digest(each.writer()) for name, each in contracts.items() if service in each.writers},
        reads={name: digest(each.reader()) for name, each in contracts.items() if service in each.readers},
        needs_revision=needs_revision,
    )

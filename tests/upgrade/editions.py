"""Two editions of each service that can be started side by side: N-1, as its release keeps it, and N, today's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from waybill_api.manifest import api_manifest
from waybill_contracts.catalogue import catalogue
from waybill_contracts.manifest import ServiceManifest
from waybill_processor.handlers import handler_table, webhook_sender
from waybill_processor.manifest import processor_manifest

from tests.stack.stack import COMMANDS
from tools.contracts.samples import golden_samples
from tools.package_environment import package_environment
from tools.releases import newest_other_than, release_environment, released_folder
from tools.workspace import package_in

Samples = Mapping[str, Mapping[str, bytes]]
"""Golden samples by contract and name."""


@dataclass(frozen=True)
class Edition:
    """One version of one service: where its commands are, what it writes and reads, documents as it writes them."""

    name: str
    commands: Path
    manifest: ServiceManifest
    samples: Samples

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return self.commands / "python"

    @property
    def written_payloads(self) -> set[str]:
        """The payload contracts that it writes, so those that an API accepts."""
        return {name for name in self.manifest.writes if name.startswith("payload.")}

    @property
    def read_payloads(self) -> set[str]:
        """The payload contracts that it reads, so those that a processor works."""
        return {name for name in self.manifest.reads if name.startswith("payload.")}


@dataclass(frozen=True)
class Pair:
    """Both services of one edition."""

    api: Edition
    processor: Edition


def today() -> Pair:
    """N: what this checkout runs."""
    processor = processor_manifest(handler_table(webhook_sender("", allow_private=False)))
    samples = {name: golden_samples(each) for name, each in catalogue().items() if name.startswith("payload.")}
    return Pair(Edition("N", COMMANDS, api_manifest(), samples), Edition("N", COMMANDS, processor, samples))


def before(now: Pair) -> Pair:
    """N-1. Raises WorkspaceError if an environment cannot be made."""
    return Pair(edition_before(now.api), edition_before(now.processor))


def edition_before(now: Edition) -> Edition:
    """The newest kept release of another version; as long as there is none, today's wheels where nothing else is."""
    package = package_in(now.manifest.service)
    release = newest_other_than(now.manifest.version, released_folder(package))
    if release is None:
        return Edition("N-1", package_environment(package) / "bin", now.manifest, now.samples)
    return Edition("N-1", release_environment(release) / "bin", release.manifest, release.contracts.samples)

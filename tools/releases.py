"""The releases of the services that are kept, `services/<service>/released/<version>/`, and how one is run.

A kept release holds its wheel, the wheel of waybill-runtime, its lock as of then, its manifest, and for the API its
OpenAPI document. The wheel of the contracts is kept by the contracts' own release, which the manifest names.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
from waybill_contracts.manifest import ServiceManifest

from tools.contracts.history import RELEASED as CONTRACTS
from tools.contracts.history import History, number
from tools.contracts.history import Release as ContractsRelease
from tools.environment import only_one
from tools.package_environment import ENVIRONMENTS, renewed
from tools.workspace import ROOT, Package, WorkspaceError, packages


@dataclass(frozen=True)
class Release:
    """One version of a service as it was released."""

    folder: Path
    manifest: ServiceManifest

    @property
    def version(self) -> str:
        """Of the service."""
        return self.manifest.version

    @property
    def lock(self) -> Path:
        """What it ran on, by hash."""
        return self.folder / "requirements.lock"

    @property
    def wheels(self) -> list[Path]:
        """Itself, the runtime it was released with, and the contracts that its manifest names."""
        return [*sorted(self.folder.glob("*.whl")), self.contracts.wheel]

    @property
    def contracts(self) -> ContractsRelease:
        """The release of the contracts that it speaks. Raises WorkspaceError if there is none."""
        return released_contracts(self.manifest.contracts, CONTRACTS)


def services() -> list[Package]:
    """The members that are released each by itself."""
    return [package for package in packages() if package.folder.startswith("services/")]


def released_folder(service: Package) -> Path:
    """Where the releases of a service are kept."""
    return ROOT / service.folder / "released"


def kept(folder: Path) -> list[Release]:
    """The releases kept in `folder`, the oldest first. Raises msgspec's errors for a manifest that does not read."""
    read = msgspec.json.Decoder(ServiceManifest).decode
    found = [Release(path.parent, read(path.read_bytes())) for path in folder.glob("[0-9]*/manifest.json")]
    return sorted(found, key=lambda release: number(release.version))


def newest_other_than(version: str, folder: Path) -> Release | None:
    """The newest kept release whose version is another: what runs while the one of `version` is being rolled out."""
    return next((release for release in reversed(kept(folder)) if release.version != version), None)


def released_contracts(version: str, folder: Path) -> ContractsRelease:
    """A release of the contracts. Raises WorkspaceError if there is none, HistoryTampered if it was edited."""
    for release in History.load(folder).releases if folder.exists() else ():
        if release.version == version:
            return release
    raise WorkspaceError(f"contracts {version} are not released: ./justw contracts-release")


def release_environment(release: Release) -> Path:
    """An environment with the release and nothing else of Waybill, its commands in `bin`. Raises WorkspaceError."""
    with only_one(ENVIRONMENTS):
        folder = ENVIRONMENTS / f"waybill-{release.manifest.service}-{release.version}"
        return renewed(folder, [release.lock], release.wheels)

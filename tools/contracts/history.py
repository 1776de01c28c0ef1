"""Every release of the contracts, for ever: `shared/contracts/released/`, and the hash chain that refuses edits.

released/tombstones.json        names that never come back
released/<version>/manifest.json, readings.json, waybill_contracts-<version>-py3-none-any.whl
released/<version>/schemas/<contract>.writer.json, <contract>.reader.json
released/<version>/samples/<contract>/<sample>.json
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from waybill_contracts.catalogue import Schema

from tools.contracts.chain import (
    TOMBSTONES,
    HistoryTampered,
    Manifest,
    read_manifest,
    read_tombstones,
    verify_chain,
    verify_files,
    verify_tombstones,
)
from tools.contracts.tombstones import Tombstones
from tools.workspace import ROOT

RELEASED = ROOT / "shared" / "contracts" / "released"
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")

__all__ = ["RELEASED", "History", "HistoryTampered", "Release", "Tombstones", "number"]


@dataclass(frozen=True)
class Release:
    """One released version, as its folder holds it."""

    folder: Path
    manifest: Manifest

    @property
    def version(self) -> str:
        """As in `1.0.0`."""
        return self.manifest.version

    @property
    def wheel(self) -> Path:
        """The wheel of that release."""
        return next(self.folder.glob("*.whl"))

    @cached_property
    def writers(self) -> Mapping[str, Schema]:
        """What its writers promise, by contract."""
        return self._schemas("writer")

    @cached_property
    def readers(self) -> Mapping[str, Schema]:
        """What its readers need, by contract."""
        return self._schemas("reader")

    @cached_property
    def samples(self) -> Mapping[str, Mapping[str, bytes]]:
        """Its golden documents, by contract and name."""
        folders = sorted((self.folder / "samples").iterdir())
        return {folder.name: {file.stem: file.read_bytes() for file in sorted(folder.iterdir())} for folder in folders}

    @cached_property
    def readings(self) -> Mapping[str, Mapping[str, Any]]:
        """What its own readers made of its samples, by contract and name."""
        return msgspec.json.decode((self.folder / "readings.json").read_bytes())

    def _schemas(self, view: str) -> Mapping[str, Schema]:
        files = {name: self.folder / "schemas" / f"{name}.{view}.json" for name in self.manifest.contracts}
        return {name: msgspec.json.decode(file.read_bytes()) for name, file in files.items()}


@dataclass(frozen=True)
class History:
    """All releases, oldest first, and the tombstones of today."""

    folder: Path
    releases: tuple[Release, ...] = ()
    tombstones: Tombstones = field(default_factory=Tombstones)

    @classmethod
    def load(cls, folder: Path = RELEASED) -> "History":
        """Read and verify all that was released. Raises HistoryTampered, which names the file and the remedy."""
        history = cls.read(folder)
        history.verify()
        return history

    @classmethod
    def read(cls, folder: Path = RELEASED) -> "History":
        """All that was released, as it stands there, verified or not. Raises HistoryTampered if it does not read."""
        tombstones = read_tombstones(folder)
        found = [one for one in folder.iterdir() if one.name != TOMBSTONES]
        for stranger in sorted(one for one in found if not (one.is_dir() and VERSION.fullmatch(one.name))):
            raise HistoryTampered(stranger, "is no release", "remove it")
        folders = sorted(found, key=lambda one: number(one.name))
        return cls(folder, tuple(Release(one, read_manifest(one)) for one in folders), tombstones)

    def verify(self) -> None:
        """Nothing was edited, removed or added since its release. Raises HistoryTampered."""
        verify_chain([(one.folder, one.manifest) for one in self.releases])
        for release in self.releases:
            verify_files(release.folder, release.manifest)
            verify_tombstones(self.tombstones, release.manifest, self.folder)

    @property
    def newest(self) -> Release:
        """The last release. Raises LookupError if there is none."""
        if not self.releases:
            raise LookupError(
                f"no version of the contracts is released in {self.folder}: run ./justw contracts-release"
            )
        return self.releases[-1]

    def verified(self) -> frozenset[tuple[str, str, str]]:
        """The (contract, writer digest, reader digest) that any release was tested for."""
        return frozenset(pair for release in self.releases for pair in release.manifest.verified)


def number(version: str) -> tuple[int, int, int]:
    """`1.2.3` as numbers, to compare by. Raises ValueError for anything else."""
    matched = VERSION.fullmatch(version)
    if matched is None:
        raise ValueError(f"{version!r} is no version: three numbers, as in 1.2.3")
    return int(matched[1]), int(matched[2]), int(matched[3])

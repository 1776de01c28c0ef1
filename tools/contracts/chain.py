"""The hash chain of the releases: each manifest seals its files, itself, and the manifest before it."""

import hashlib
from itertools import pairwise
from pathlib import Path

import msgspec
from waybill_contracts.catalogue import digest

from tools.contracts import tombstones
from tools.contracts.tombstones import Tombstones

REMEDY = "a release never changes: restore it with `git checkout -- {folder}`, or make a new one"
MANIFEST, TOMBSTONES = "manifest.json", "tombstones.json"


class HistoryTampered(Exception):
    """What was released has been edited. One line that names the file and what to do."""

    def __init__(self, path: Path, what: str, remedy: str | None = None) -> None:
        self.path = path
        super().__init__(f"{shown(path)} {what}; {remedy or REMEDY.format(folder=shown(path.parent))}")


class Views(msgspec.Struct, frozen=True):
    """The digests of a contract's two views."""

    writer: str
    reader: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`manifest.json` of a release. Digests are `sha256:` and 64 hexadecimal digits."""

    version: str
    previous: str | None
    """Digest of the manifest of the release before; None for the first."""
    files: dict[str, str]
    """Digest of every other file, by its path below the release's folder."""
    contracts: dict[str, Views]
    verified: list[tuple[str, str, str]]
    """(contract, digest of writer, digest of reader) of every pair of releases that were tested together."""
    tombstones: Tombstones
    """As they were at the time: none may vanish from the file of today."""
    seal: str = ""
    """Digest of this manifest without its seal: the newest one has no successor yet that would name its digest."""

    def sealed(self) -> "Manifest":
        """The manifest with its seal."""
        return msgspec.structs.replace(self, seal=sha256(written(msgspec.structs.replace(self, seal=""))))


def written(manifest: Manifest) -> bytes:
    """The bytes of `manifest.json`."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted")) + b"\n"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a release. Raises HistoryTampered if there is none that reads."""
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise HistoryTampered(path, "is missing") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise HistoryTampered(path, "does not read as the manifest of a release") from None


def verify_chain(releases: list[tuple[Path, Manifest]]) -> None:
    """Each manifest, oldest first, must be as it was sealed, and name the one before it. Raises HistoryTampered."""
    for folder, manifest in releases:
        path = folder / MANIFEST
        if written(manifest.sealed()) != path.read_bytes() or manifest.version != folder.name:
            raise HistoryTampered(path, "was edited")
    for folder, manifest in releases[:1]:
        if manifest.previous is not None:
            raise HistoryTampered(folder / MANIFEST, "follows a release that is missing")
    for (before, _), (folder, manifest) in pairwise(releases):
        if manifest.previous != sha256((before / MANIFEST).read_bytes()):
            what = f"does not follow {before.name}: one of them was edited, or one between them removed"
            raise HistoryTampered(folder / MANIFEST, what, REMEDY.format(folder=shown(folder.parent)))


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Every file must be there as it was released, and none besides. Raises HistoryTampered."""
    found = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    found.pop(MANIFEST, None)
    for name, expected in manifest.files.items():
        if name not in found:
            raise HistoryTampered(folder / name, "is missing")
        if sha256(found[name].read_bytes()) != expected:
            raise HistoryTampered(folder / name, "was edited")
    for name in sorted(found.keys() - manifest.files.keys()):
        raise HistoryTampered(folder / name, "was added after the release", "remove it")
    for name, views in manifest.contracts.items():
        for view, expected in (("writer", views.writer), ("reader", views.reader)):
            path = folder / "schemas" / f"{name}.{view}.json"
            if digest(msgspec.json.decode(path.read_bytes())) != expected:
                raise HistoryTampered(path, "has another digest than its manifest says")


def read_tombstones(folder: Path) -> Tombstones:
    """The tombstones of today, beside the releases. Raises HistoryTampered."""
    path = folder / TOMBSTONES
    try:
        return tombstones.read(path.read_bytes())
    except FileNotFoundError:
        raise HistoryTampered(path, "is missing", f"restore it with `git checkout -- {shown(path)}`") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HistoryTampered(path, f"does not read as tombstones: {error}", "repair it") from None


def verify_tombstones(today: Tombstones, manifest: Manifest, folder: Path) -> None:
    """Every tombstone that a release knew must stand as it was. Raises HistoryTampered."""
    gone = sorted(tombstones.entries(manifest.tombstones) - tombstones.entries(today))
    if gone:
        contract, name, _ = gone[0]
        of = f"`{name}` of {contract}" if name else contract
        remedy = "tombstones are only added: put it back as it was"
        raise HistoryTampered(folder / TOMBSTONES, f"lacks or changes {of}, which {manifest.version} had", remedy)


def sha256(content: bytes) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def shown(path: Path) -> str:
    """A path as people type it: from where they are, if it is below."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)

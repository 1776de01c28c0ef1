"""A history of three releases, written by hand: a field is added, then a second version comes and a kind is retired."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from waybill_contracts import KindTable
from waybill_contracts.catalogue import catalogue
from waybill_contracts.payload import TaskPayload, TaskResult

from tools.contracts.chain import Manifest, Views, written
from tools.contracts.folder import write_contracts
from tools.contracts.history import History, Release
from tools.contracts.samples import golden_samples
from tools.contracts.tombstones import Tombstones
from tools.contracts.versions import Version


class Done(TaskResult):
    """It is done."""


class Wave(TaskPayload, kind="hand.wave", version=1, result=Done):
    """Wave."""


class SendV1(TaskPayload, kind="mail.send", version=1, result=Done):
    """A mail as it was at first."""

    to: Annotated[str, Meta(pattern="^.+@.+$", description="To | whom.", examples=["ada@example.com"])]


class SendV1WithCopies(TaskPayload, kind="mail.send", version=1, result=Done):
    """A mail."""

    to: Annotated[str, Meta(pattern="^.+@.+$", description="To | whom.", examples=["ada@example.com"])]
    copies: Annotated[int, Meta(ge=0)] = 0


class SendV2(TaskPayload, kind="mail.send", version=2, result=Done):
    """A mail to many."""

    to: list[str]


KINDS = {
    "1.0.0": KindTable(SendV1, Wave),
    "1.1.0": KindTable(SendV1WithCopies, Wave),
    "2.0.0": KindTable(SendV1WithCopies, SendV2),
}


def made_history(folder: Path) -> History:
    """Without wheels and readings, and with nothing verified but the first release by itself."""
    tombstones = Tombstones(contracts={"payload.hand.wave.v1": "nobody waved"})
    releases = tuple(_made(folder / version, version, kinds) for version, kinds in KINDS.items())
    return History(folder, releases, tombstones)


def _made(folder: Path, label: str, kinds: KindTable) -> Release:
    contracts = catalogue(kinds)
    version = Version(
        label,
        {name: contract.writer() for name, contract in contracts.items()},
        {name: contract.reader() for name, contract in contracts.items()},
        lambda: {name: golden_samples(contract) for name, contract in contracts.items()},
    )
    write_contracts(folder, version)
    views = {name: Views(*version.digests(name)) for name in contracts}
    verified = [(name, one.writer, one.reader) for name, one in views.items() if label == "1.0.0"]
    manifest = Manifest(
        version=label, previous=None, files={}, contracts=views, verified=verified, tombstones=Tombstones()
    )
    (folder / "manifest.json").write_bytes(written(manifest.sealed()))
    return Release(folder, msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest))

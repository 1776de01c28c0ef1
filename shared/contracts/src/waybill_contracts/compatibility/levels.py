"""R1: what a change of the contracts deserves to be called, and every break in it."""

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from ..catalogue import digest
from .names import removal_breaks, tombstone_breaks
from .schemas import breaks
from .verdicts import Break, Newer, Schema

Level = Literal["patch", "minor", "major"]


class View(Struct, frozen=True):
    """What one version of a contract promises as a writer and needs as a reader."""

    writer: Schema
    reader: Schema


class Tombstones(Struct, frozen=True):
    """Names that never come back, each with the reason: of contracts, and of fields by contract."""

    contracts: dict[str, str] = {}
    fields: dict[str, dict[str, str]] = {}


class ContractBreak(Struct, frozen=True):
    """A break, and where: `newer` is the side that changed, or None where names alone are at fault."""

    contract: str
    newer: Newer | None
    found: Break


class Judgement(Struct, frozen=True):
    """The level that a change deserves if nothing breaks, and what breaks. With breaks there is nothing to release."""

    level: Level
    breaks: list[ContractBreak]


def judge(old: Mapping[str, View], new: Mapping[str, View], tombstones: Tombstones) -> Judgement:
    """Compare two versions of all contracts, by name. Ask it for each old version: that is FULL_TRANSITIVE.

    Raises UnknownKeyword for a schema that cannot be judged.
    """
    return Judgement(level(old, new), list(_all_breaks(old, new, tombstones)))


def level(old: Mapping[str, View], new: Mapping[str, View]) -> Level:
    """The level of a change in which nothing breaks.

    patch: no contract changed; minor: compatible changes, and new names; major: a next version of a name that exists,
    or a name retired with a tombstone.
    """
    known = {_base(name) for name in old}
    added = [name for name in new if name not in old]
    if old.keys() - new.keys() or any(_base(name) in known for name in added):
        return "major"
    changed = any(_digests(old[name]) != _digests(new[name]) for name in old)
    return "minor" if added or changed else "patch"


def _all_breaks(old: Mapping[str, View], new: Mapping[str, View], tombstones: Tombstones) -> Iterator[ContractBreak]:
    for name in old.keys() - new.keys() - tombstones.contracts.keys():
        detail = "the old version has this contract; the new one has not, and no tombstone says that nothing holds it"
        yield ContractBreak(name, None, Break("R11", "$", detail))
    for name, after in new.items():
        if name in tombstones.contracts:
            detail = f"the contract is back; its name never returns: {tombstones.contracts[name]}"
            yield ContractBreak(name, None, Break("R3", "$", detail))
        reserved = tombstones.fields.get(name, {})
        yield from (ContractBreak(name, None, each) for each in tombstone_breaks(after.reader, reserved))
        if name in old:
            yield from _changes(name, old[name], after, reserved)


def _changes(name: str, old: View, new: View, reserved: Mapping[str, str]) -> Iterator[ContractBreak]:
    yield from (ContractBreak(name, "reader", each) for each in breaks(old.writer, new.reader, newer="reader"))
    yield from (ContractBreak(name, "writer", each) for each in breaks(new.writer, old.reader, newer="writer"))
    yield from (ContractBreak(name, None, each) for each in removal_breaks(old.reader, new.reader, reserved))


def _base(name: str) -> str:
    """The name without its version: `payload.note.process` of `payload.note.process.v1`."""
    return name.rpartition(".v")[0]


def _digests(view: View) -> tuple[str, str]:
    return digest(view.writer), digest(view.reader)

"""Who reads whom: for each contract, what becomes of a document that one release writes at a reader of another."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from waybill_contracts.compatibility import breaks

from tools.contracts.families import ERROR, MESSAGE, PAYLOAD, RESULT, Family, families, is_newest, major, since
from tools.contracts.history import History, Release
from tools.contracts.tombstones import fields
from tools.contracts.versions import base


class Outcome(Enum):
    """What becomes of a document; the best first. Value: (symbol, words, what it means)."""

    READS = ("✓", "reads", "Read as it was written. Fields that the reader does not know are ignored, fields that are"
             " missing have their default.")  # fmt: skip
    UPCAST = ("⇧", "through upcaster", "Read in its own version, then made the newest one by a pure function.")
    SHOWN = ("≡", "shown as stored", "The API has no schema for it and gives clients the JSON as it is.")
    HELD = ("◷", "held until deployed", "Kept, uncharged, until a processor that reads it is deployed; then it goes by"
            " itself.")  # fmt: skip
    NEVER = (
        "✕",
        "never",
        "Not read. Only a retired version may stand here: it went when nothing could hold it any more.",
    )

    @property
    def symbol(self) -> str:
        """One character."""
        return self.value[0]

    @property
    def words(self) -> str:
        """What stands in the table."""
        return self.value[1]

    @property
    def meaning(self) -> str:
        """What stands in the legend."""
        return self.value[2]


@dataclass(frozen=True)
class Cell:
    """One pair: a release that writes a contract, a release that reads it."""

    contract: str
    writer: str
    reader: str
    outcome: Outcome
    notes: tuple[str, ...]
    """Which rule, and what differs: sentences, code in backticks."""


@dataclass(frozen=True)
class Row:
    """What one release writes, at every reader."""

    contract: str
    writer: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Group:
    """The rows of one family."""

    family: Family
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Together:
    """An API of one release beside a processor of another: the worst that becomes of anything, and of what."""

    api: str
    processor: str
    outcome: Outcome
    cells: tuple[Cell, ...]
    """The pairs that are not simply read."""

    @property
    def concerned(self) -> str:
        """What comes off worst, as in `webhook.deliver v2`; empty where everything is read."""
        return ", ".join(sorted({_short(cell.contract) for cell in self.cells if cell.outcome is self.outcome}))


def groups(history: History) -> list[Group]:
    """Every family, every release that writes it, every release that may read it."""
    return [Group(family, tuple(_rows(family, history))) for family in families(history)]


def together(history: History) -> list[list[Together]]:
    """A row for each release of the API, in it each release of the processor."""
    every = [cell for group in groups(history) for row in group.rows for cell in row.cells]
    versions = [release.version for release in history.releases]
    return [[_together(api, processor, every) for processor in versions] for api in versions]


def _together(api: str, processor: str, every: list[Cell]) -> Together:
    order = list(Outcome)
    met = [cell for cell in every if (cell.writer, cell.reader) == _direction(cell, api, processor)]
    # A result of a version that this API does not accept is from before its deploy or rollback.
    met = [cell for cell in met if cell.outcome is not Outcome.SHOWN]
    worst = max((cell.outcome for cell in met), key=order.index, default=Outcome.READS)
    return Together(api, processor, worst, tuple(cell for cell in met if cell.outcome is not Outcome.READS))


def _direction(cell: Cell, api: str, processor: str) -> tuple[str, str]:
    """(writer, reader) of a contract: message and payload go to the processor, result and error come from it."""
    to_processor = cell.contract.startswith((f"{MESSAGE}.", f"{PAYLOAD}."))
    return (api, processor) if to_processor else (processor, api)


def _rows(family: Family, history: History) -> Iterator[Row]:
    for contract in family.contracts:
        for writer in history.releases:
            if contract in writer.manifest.contracts:
                cells = tuple(_cell(family, contract, writer, reader, history) for reader in history.releases)
                yield Row(contract, writer.version, cells)


def _cell(family: Family, contract: str, writer: Release, reader: Release, history: History) -> Cell:
    if contract in reader.manifest.contracts:
        outcome, notes = _known(family, contract, writer, reader, history)
    else:
        outcome, notes = _unknown(family, contract, reader, history)
    return Cell(contract, writer.version, reader.version, outcome, notes)


def _known(
    family: Family, contract: str, writer: Release, reader: Release, history: History
) -> tuple[Outcome, tuple[str, ...]]:
    sent, read = writer.writers[contract], reader.readers[contract]
    if found := breaks(sent, read):
        return Outcome.NEVER, tuple(f"{one.rule} at `{one.path}`: {one.detail}" for one in found)
    notes = [*_differences(contract, writer, reader), _tested(contract, writer, reader, history)]
    if family.sort == PAYLOAD and not is_newest(contract, reader):
        newest = max(major(name) for name in reader.manifest.contracts if base(name) == family.name)
        step = f"R9: upcasters make version {newest} of it; the handler knows that one alone."
        return Outcome.UPCAST, (step, *notes)
    return Outcome.READS, tuple(notes)


def _differences(contract: str, writer: Release, reader: Release) -> Iterator[str]:
    if writer.manifest.contracts[contract] == reader.manifest.contracts[contract]:
        yield "Both releases have the same schema."
        return
    sent, read = fields(writer.writers[contract]), fields(reader.readers[contract])
    if unread := sorted(sent - read):
        yield f"R2: the reader ignores {_named(unread)}."
    if unsent := sorted(read - sent):
        yield f"R2: {_named(unsent)} may be missing: the reader has a default."
    if not unread and not unsent:
        yield "R5, R7: the same fields; the reader takes all that the writer may send."


def _named(paths: list[str]) -> str:
    return ", ".join(f"`{path.removeprefix('$.')}`" for path in paths)


def _tested(contract: str, writer: Release, reader: Release, history: History) -> str:
    pair = (contract, writer.manifest.contracts[contract].writer, reader.manifest.contracts[contract].reader)
    shown = " to ".join(digest.removeprefix("sha256:")[:8] for digest in pair[1:])
    if pair in history.verified():
        return f"Tested together, {shown}: schemas, golden samples, released wheels."
    return f"Not tested together in a release, {shown}: compared by structure alone."


def _unknown(family: Family, contract: str, reader: Release, history: History) -> tuple[Outcome, tuple[str, ...]]:
    versions = [release.version for release in history.releases]
    came = since(contract, history)
    is_retired = versions.index(came) < versions.index(reader.version)
    if family.sort in (RESULT, ERROR):
        why = f"R11: retired before {reader.version}" if is_retired else f"R10: this version came with {came}"
        return Outcome.SHOWN, (f"{why}. What is stored is passed on unread.",)
    if is_retired:
        why = history.tombstones.contracts.get(contract, "")
        return Outcome.NEVER, (f"R11: retired before {reader.version}. {why}".strip(),)
    if family.sort == MESSAGE:
        return Outcome.HELD, (f"R10: this version came with {came}. It is redelivered until a processor reads it.",)
    return Outcome.HELD, (f"R10: this version came with {came}. The task is held, and no attempt is charged.",)


def _short(contract: str) -> str:
    """`webhook.deliver v2` of `payload.webhook.deliver.v2`."""
    name = base(contract)
    name = name.partition(".")[2] if name.startswith((f"{PAYLOAD}.", f"{RESULT}.")) else name
    return f"{name} v{major(contract)}"

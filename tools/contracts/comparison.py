"""Versions against versions: by structure, by golden samples, and by the names that were ever used."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from waybill_contracts.compatibility import ContractBreak, breaks, judge

from tools.contracts.findings import Finding, merged
from tools.contracts.history import History
from tools.contracts.readings import differences, refusal
from tools.contracts.versions import Version, released

Chosen = Callable[[str], bool]
SHOWN_SAMPLES = 3
# How msgspec says where it stopped.
PLACE = re.compile(r" - at `(\$[^`]*)`")
MISSING = re.compile(r"missing required field `([^`]*)`")
BURY = ("keep the field", "if nothing requires it any more: a line in released/tombstones.json")
Readings = Mapping[str, Mapping[str, Any]]


def anything(_contract: str) -> bool:
    """Every contract."""
    return True


def is_message(contract: str) -> bool:
    """Whether a contract travels through the queue; the others are stored in rows."""
    return contract.startswith("task.requested.")


def is_stored(contract: str) -> bool:
    """Whether a contract is JSON that one service stores in a row and the other reads."""
    return not is_message(contract)


def structural(writers: Sequence[Version], readers: Sequence[Version], chosen: Chosen) -> list[Finding]:
    """Every one of `writers` against every one of `readers`, contract by contract."""
    return merged(
        Finding(one.rule, name, one.path, (one.detail,), ((writer.label, reader.label),))
        for name, writer, reader in pairs(writers, readers)
        if chosen(name)
        for one in breaks(
            writer.writers[name], reader.readers[name], newer="reader" if reader.rank > writer.rank else "writer"
        )
    )


def against(today: Version, before: Sequence[Version], chosen: Chosen) -> list[Finding]:
    """By structure: one version against all older ones and itself, as writer and as reader."""
    found = structural([*before, today], [today], chosen) + structural([today], before, chosen)
    return merged(found)


def pairs(writers: Sequence[Version], readers: Sequence[Version]) -> Iterator[tuple[str, Version, Version]]:
    """(contract, version that writes it, version that reads it): all that both know."""
    for writer in writers:
        for reader in readers:
            yield from ((name, writer, reader) for name in writer.writers if name in reader.readers)


def by_samples(writer: Version, released: Readings, reader: str, read: Readings, chosen: Chosen) -> list[Finding]:
    """A version's golden samples, as it reads them itself (`released`) against what another made of them (`read`)."""
    found: dict[Difference, list[str]] = {}
    for name, documents in writer.samples.items():
        if chosen(name) and name in read:
            for sample, document in documents.items():
                for one in differing(name, document, released[name][sample], read[name][sample]):
                    found.setdefault(one, []).append(f"{writer.label}/{sample}.json")
    return [_told(one, samples, (writer.label, reader)) for one, samples in found.items()]


class Difference(NamedTuple):
    """Where a reader disagrees with the release that wrote a sample; `why` it refuses it, if it does."""

    contract: str
    rule: str
    path: str
    why: str


def differing(contract: str, document: bytes, released: object, read: object) -> Iterator[Difference]:
    """Where a reading differs from that of the release itself, in what both know."""
    why = refusal(read)
    if why is None:
        for path in differences(released, read):
            # What the document does not hold is a default.
            is_written = f'"{path.rpartition(".")[2]}"'.encode() in document
            yield Difference(contract, "R8" if is_written else "R4", path, "")
        return
    at = PLACE.search(why)
    path = at[1] if at else "$"
    missing = MISSING.search(why)
    yield Difference(contract, "R2", f"{path}.{missing[1]}", why) if missing else Difference(contract, "R7", path, why)


def _told(found: Difference, samples: list[str], pair: tuple[str, str]) -> Finding:
    which = ", ".join(samples[:SHOWN_SAMPLES]) + f" and {len(samples) - SHOWN_SAMPLES} more" * (
        len(samples) > SHOWN_SAMPLES
    )
    if found.why:
        detail = f"reader {pair[1]} refuses what {pair[0]} wrote: {found.why} (golden sample {which})"
    else:
        detail = f"reader {pair[1]} finds another value there than {pair[0]} did (golden sample {which})"
    return Finding(found.rule, found.contract, found.path, (detail,), (pair,))


def by_names(history: History, today: Version) -> list[Finding]:
    """Names that vanished without a tombstone, and names that came back in spite of one: R3 and R11."""
    reserved = judge({}, today.views(), history.tombstones).breaks
    found = [_named(one, ()) for one in reserved if one.newer is None]
    for before in map(released, history.releases):
        judged = judge(before.views(), today.views(), history.tombstones).breaks
        gone = [one for one in judged if one.newer is None and one not in reserved]
        found += [_named(one, ((before.label, today.label),)) for one in gone]
    return merged(found)


def _named(one: ContractBreak, pairs: tuple[tuple[str, str], ...]) -> Finding:
    ways_out = () if one.found.rule != "R3" else BURY if pairs else ("another name",)
    return Finding(one.found.rule, one.contract, one.found.path, (one.found.detail,), pairs, ways_out)

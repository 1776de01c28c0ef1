"""Versions against versions: by structure, by golden samples, and by the names that were ever used."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from waybill_contracts.compatibility import breaks

from tools.contracts.findings import Finding, merged
from tools.contracts.history import History
from tools.contracts.readings import differences, refusal
from tools.contracts.tombstones import fields
from tools.contracts.versions import Version

Chosen = Callable[[str], bool]
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
        for one in breaks(writer.writers[name], reader.readers[name])
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
    return [
        finding
        for name, documents in writer.samples.items()
        if chosen(name) and name in read
        for sample, document in documents.items()
        for finding in _differing(
            partial(_finding, name, writer.label, reader, sample, document), released[name][sample], read[name][sample]
        )
    ]


def _differing(found: Callable[[str, str | None], Finding], released: object, read: object) -> Iterator[Finding]:
    if (why := refusal(read)) is not None:
        yield found("$", why)
    else:
        yield from (found(path, None) for path in differences(released, read))


def _finding(
    contract: str, writer: str, reader: str, sample: str, document: bytes, path: str, why: str | None
) -> Finding:
    if why is not None:
        rule = "R2" if "missing required field" in why else "R7"
        detail = f"reader {reader} refuses the golden sample {writer}/{sample}.json: {why}"
    else:
        rule = "R8" if path.rpartition(".")[2].encode() in document else "R4"
        detail = f"reader {reader} finds another value in the golden sample {writer}/{sample}.json than {writer} did"
    return Finding(rule, contract, path, (detail,), ((writer, reader),))


def by_names(history: History, today: Version) -> list[Finding]:
    """Names that vanished without a tombstone, and names that came back in spite of one."""
    return merged([*_contracts_by_name(history, today), *_fields_by_name(history, today)])


def _contracts_by_name(history: History, today: Version) -> Iterator[Finding]:
    for name in today.writers:
        if (why := history.tombstones.contracts.get(name)) is not None:
            yield Finding("R3", name, "$", (f"the name is buried and never returns: {why}",), (), ("another name",))
    for release in history.releases:
        for name in release.writers:
            if name not in today.writers and name not in history.tombstones.contracts:
                detail = f"the {today.label} no longer knows this contract; what {release.version} wrote may still wait"
                yield Finding("R11", name, "$", (detail,), ((release.version, today.label),))


def _fields_by_name(history: History, today: Version) -> Iterator[Finding]:
    for name in today.writers:
        here = fields(today.writers[name]) | fields(today.readers[name])
        for path in sorted(here):
            if (why := history.tombstones.reason(name, path)) is not None:
                yield Finding("R3", name, path, (f"the name never returns: {why}",), (), ("another name",))
        for release in history.releases:
            there = fields(release.writers.get(name, {})) | fields(release.readers.get(name, {}))
            for path in sorted(there - here):
                if history.tombstones.reason(name, path) is None:
                    detail = (
                        f"{release.version} has the field, the {today.label} has not, and no tombstone keeps its name"
                    )
                    ways = ("keep the field", "if nothing requires it any more: a line in released/tombstones.json")
                    yield Finding("R3", name, path, (detail,), ((release.version, today.label),), ways)

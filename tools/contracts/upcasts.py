"""R9: every payload of a version is one of the next, by an upcast that takes all that was ever released."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from waybill_contracts import KINDS, TaskPayload
from waybill_contracts.upcast import find_upcast

from tools.contracts.findings import Finding, merged
from tools.contracts.versions import Version

GIVE = ("give it `from_older`, as waybill_contracts/upcast.py shows",)


def by_upcasts(versions: Iterable[Version]) -> list[Finding]:
    """Each next version of a payload whose upcast is missing, or fails on a golden sample of these versions."""
    everyone = list(versions)
    found: list[Finding] = []
    for newer in KINDS:
        older = KINDS.find(newer.kind, newer.version - 1)
        if older is not None:
            found += _of(older, newer, everyone)
    return merged(found)


def _of(older: type[TaskPayload], newer: type[TaskPayload], versions: list[Version]) -> Iterator[Finding]:
    named = f"payload.{newer.kind}.v{newer.version}"
    upcast = find_upcast(KINDS, older, newer)
    if upcast is None:
        detail = f"{newer.__name__} does not say what a payload of version {older.version} means"
        yield Finding("R9", named, "$", (detail,), ways_out=GIVE)
        return
    for version in versions:
        for sample, document in version.samples.get(f"payload.{older.kind}.v{older.version}", {}).items():
            if why := failure(upcast, msgspec.json.decode(document, type=older), newer):
                detail = f"`from_older` of {newer.__name__} {why} (golden sample {version.label}/{sample}.json)"
                yield Finding("R9", named, "$", (detail,), ways_out=("an upcast takes whatever was stored",))


def failure(upcast: Any, payload: TaskPayload, newer: type[TaskPayload]) -> str:
    """What is wrong with an upcast of a payload; empty if its own reader takes it as it is, the same each time."""
    before = msgspec.json.encode(payload)
    try:
        made = upcast(payload)
        if msgspec.json.encode(payload) != before:
            return "changes the payload that it is given"
        if not isinstance(made, newer):
            return f"makes {type(made).__name__}"
        if msgspec.json.decode(msgspec.json.encode(made), type=newer) != made:
            return "makes what its own reader reads as something else"
        return "" if upcast(payload) == made else "makes something else each time"
    except Exception as error:  # it is somebody's code, and whatever it raises breaks the rule
        return f"fails with {type(error).__name__}: {error}"

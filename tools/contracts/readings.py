"""What a reader makes of documents, as JSON values that can be compared: every field, those with defaults too.

    PYTHONPATH=<wheel of a release> python tools/contracts/readings.py < samples.json > readings.json

As a script it uses what `waybill_contracts` it is given, also that of an old release, and nothing else of Waybill. It
takes {contract: {sample: document as text}} on standard input and leaves contracts out that it does not know.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
from waybill_contracts import Poison, decode
from waybill_contracts.catalogue import Contract, catalogue

Samples = Mapping[str, Mapping[str, bytes]]
Readings = dict[str, dict[str, Any]]
REFUSED = "refused"


def reading(contract: Contract, document: bytes) -> Any:
    """What this build's reader makes of a document; `{"refused": why}` if it cannot be read."""
    try:
        if contract.name.startswith("task.requested."):
            read = decode(document)
            return {REFUSED: f"{read.reason}: {read.detail}"} if isinstance(read, Poison) else shown(read)
        return shown(msgspec.json.decode(document, type=contract.struct))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return {REFUSED: str(error)}


def refusal(read: Any) -> str | None:
    """Why a reader refused a document, or None if it read it."""
    fields = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    return fields[REFUSED] if fields.keys() == {REFUSED} else None


def readings(samples: Samples) -> Readings:
    """The readings of this build for each contract that it knows."""
    known = catalogue()
    return {
        name: {sample: reading(known[name], document) for sample, document in documents.items()}
        for name, documents in samples.items()
        if name in known
    }


def readings_of(wheel: Path, samples: Samples) -> Readings:
    """The readings of the release in `wheel`, in a process of its own. Raises CalledProcessError if that fails."""
    texts = {name: {sample: one.decode() for sample, one in each.items()} for name, each in samples.items()}
    command = [sys.executable, "-P", __file__]
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    asked = msgspec.json.encode(texts)
    done = subprocess.run(command, input=asked, env=environment, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout)


def shown(value: Any) -> Any:
    """A value with all its fields, named as in JSON. A field that was left out and has no default is not there."""
    if isinstance(value, msgspec.Struct):
        members = {one.encode_name: getattr(value, one.name) for one in msgspec.structs.fields(value)}
        return {name: shown(member) for name, member in members.items() if member is not msgspec.UNSET}
    if isinstance(value, dict):
        return {str(name): shown(member) for name, member in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [shown(member) for member in cast("list[Any]", value)]
    return msgspec.to_builtins(value)


def differences(released: Any, read: Any, path: str = "$") -> list[str]:
    """The paths of fields that both readings have with another value. Fields that one of them lacks do not count."""
    if isinstance(released, dict) and isinstance(read, dict):
        old, new = cast("dict[str, Any]", released), cast("dict[str, Any]", read)
        return [at for name in old if name in new for at in differences(old[name], new[name], f"{path}.{name}")]
    if isinstance(released, list) and isinstance(read, list):
        pairs = list(zip(cast("list[Any]", released), cast("list[Any]", read), strict=False))
        if len(pairs) == len(cast("list[Any]", released)) == len(cast("list[Any]", read)):
            return [at for i, (one, other) in enumerate(pairs) for at in differences(one, other, f"{path}[{i}]")]
    return [] if _same(released, read) else [path]


def _same(one: Any, other: Any) -> bool:
    return msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")


if __name__ == "__main__":
    given = msgspec.json.decode(sys.stdin.buffer.read(), type=dict[str, dict[str, str]])
    asked = {name: {sample: text.encode() for sample, text in each.items()} for name, each in given.items()}
    sys.stdout.buffer.write(msgspec.json.encode(readings(asked)))

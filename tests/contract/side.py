"""One side of the border: reads and writes with whichever `waybill_contracts` can be imported.

Run as a script it answers JSON lines, with nothing to import but the folders and wheels that it is given; see `wheels`.
"""

import importlib.metadata
import json
import sys
import traceback
from datetime import UTC, datetime
from enum import Enum
from types import SimpleNamespace
from typing import Any
from uuid import UUID


class Side:
    """The operations of a release that other releases meet; its names are those that release 1.0.0 gave them."""

    def __init__(self) -> None:
        import msgspec
        import waybill_contracts
        from waybill_contracts.catalogue import catalogue

        self._msgspec, self._contracts, self._catalogue = msgspec, waybill_contracts, catalogue()

    def about(self) -> dict[str, Any]:
        """Which release this is, where it comes from, and what it knows."""
        return {
            "version": importlib.metadata.version("waybill-contracts"),
            "file": self._contracts.__file__,
            "strangers": [name for name in ("hypothesis", "litestar", "pytest") if _can_import(name)],
            "contracts": sorted(self._catalogue),
            "max_message_bytes": self._contracts.MAX_MESSAGE_BYTES,
        }

    def read_messages(self, bodies: list[str]) -> list[dict[str, Any]]:
        """Each body as a processor of this release takes it: `work`, `hold`, or poison that may come again or not."""
        return [self._read_message(body) for body in bodies]

    def write_messages(self, dispatches: list[dict[str, Any]]) -> list[str]:
        """The bodies that a relay of this release writes."""
        return [self._write_message(SimpleNamespace(**dispatch)) for dispatch in dispatches]

    def read(self, contract: str, documents: list[str]) -> list[dict[str, Any]]:
        """Each stored document as this release takes it."""
        decoder = self._msgspec.json.Decoder(self._catalogue[contract].struct)
        return [self._read(decoder, document) for document in documents]

    def write(self, contract: str, values: list[Any]) -> list[str]:
        """What this release stores for these values."""
        struct = self._catalogue[contract].struct
        return [self._msgspec.json.encode(self._msgspec.convert(value, struct)).decode() for value in values]

    def _read_message(self, body: str) -> dict[str, Any]:
        read = self._contracts.decode(body)
        if isinstance(read, self._contracts.Poison):
            return {"becomes": "poison", "reason": str(read.reason), "comes_again": read.is_future}
        known = self._contracts.KINDS.find(read.data.kind, read.data.payload_version)
        return {"becomes": "work" if known else "hold", "value": self.plain(read)}

    def _write_message(self, of: SimpleNamespace) -> str:
        written_at = datetime.fromisoformat(of.written_at)
        made = self._contracts.task_requested(
            UUID(of.task_id), of.kind, of.payload_version, of.dispatch, written_at, of.traceparent
        )
        return self._contracts.encode(made).decode()

    def _read(self, decoder: Any, document: str) -> dict[str, Any]:
        try:
            return {"value": self.plain(decoder.decode(document))}
        except self._msgspec.MsgspecError as error:
            return {"refused": str(error)}

    def plain(self, value: Any) -> Any:
        """A value as JSON, with all defaults shown and nothing else added."""
        if isinstance(value, self._msgspec.Struct):
            value = {one.encode_name: getattr(value, one.name) for one in self._msgspec.structs.fields(value)}
        match value:
            case dict():
                return {key: self.plain(inner) for key, inner in value.items() if inner is not self._msgspec.UNSET}
            case list() | tuple():
                return [self.plain(inner) for inner in value]
            case Enum():
                return value.value
            case datetime():
                return value.astimezone(UTC).isoformat()
            case UUID():
                return str(value)
            case _:
                return value


def _can_import(name: str) -> bool:
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def main() -> None:
    """Answer each line of standard input, `[operation, arguments]`, by one line."""
    sys.path[:0] = sys.argv[1:]
    side = Side()
    for line in sys.stdin:
        operation, arguments = json.loads(line)
        try:
            answer = {"answer": getattr(side, operation)(**arguments)}
        except Exception:
            answer = {"raised": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

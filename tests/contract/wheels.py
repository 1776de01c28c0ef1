"""Released wheels as real processes, and the documents that each release has left behind."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from waybill_contracts.catalogue import Contract, Schema, digest

from tests.contract import side
from tools.contracts.history import History, Release


@cache
def releases() -> tuple[Release, ...]:
    """All releases, oldest first, read once; whether their files were edited is asked elsewhere."""
    return History.read().releases


def different_writers(contracts: Mapping[str, Contract]) -> dict[str, Schema]:
    """What today's writers of these contracts promise and what those of the releases did, each schema once."""
    found = {(name, digest(one.writer())): (f"{name} of today", one.writer()) for name, one in contracts.items()}
    for release in releases():
        for name in release.writers.keys() & contracts.keys():
            schema = release.writers[name]
            found.setdefault((name, digest(schema)), (f"{name} of {release.version}", schema))
    return dict(sorted(found.values(), key=lambda shown: shown[0]))


def released_samples(contract: str) -> dict[str, str]:
    """Every golden sample of a contract ever released, byte for byte, by release and name."""
    return {
        f"{release.version}/{name}": sample.decode()
        for release in releases()
        for name, sample in release.samples.get(contract, {}).items()
    }


class OldSide:
    """A process of one release; its operations are those of `side.Side`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, operation: str, **arguments: Any) -> Any:
        """The answer to one operation. Raises RuntimeError with what the process raised."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([operation, arguments]), file=self._process.stdin, flush=True)
        answered = json.loads(self._process.stdout.readline() or '{"raised": "the process ended"}')
        if "raised" in answered:
            raise RuntimeError(f"{operation} failed in the old release:\n{answered['raised']}")
        return answered["answer"]


@contextmanager
def old_side(wheel: Path, folder: Path) -> Iterator[OldSide]:
    """A process that can import the standard library, this wheel and msgspec; `folder` is empty, for the latter."""
    (folder / "msgspec").symlink_to(Path(msgspec.__file__).parent, target_is_directory=True)
    command = [sys.executable, "-I", "-S", side.__file__, str(wheel), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield OldSide(process)

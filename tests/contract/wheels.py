"""Released wheels as real processes, and the documents that each release has left behind."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.contract import side
from tools.workspace import ROOT, package_in

RELEASED = ROOT / "shared" / "contracts" / "released"


class Release(NamedTuple):
    """One release of the contracts; `folder` is None for the working tree, which stands in until there is a release."""

    version: str
    folder: Path | None

    def schemas(self, view: str) -> dict[str, dict[str, Any]]:
        """The schemas of one view, `writer` or `reader`, by contract."""
        found = (self.folder / "schemas").glob(f"*.{view}.json") if self.folder else ()
        return {path.name.removesuffix(f".{view}.json"): json.loads(path.read_bytes()) for path in sorted(found)}

    def samples(self, contract: str) -> dict[str, str]:
        """The golden samples of a contract: name to the document's text, byte for byte."""
        found = (self.folder / "samples" / contract).glob("*.json") if self.folder else ()
        return {f"{self.version}/{path.stem}": path.read_text() for path in sorted(found)}

    def sampled(self) -> list[str]:
        """The contracts that have golden samples."""
        return sorted(path.name for path in (self.folder / "samples").iterdir()) if self.folder else []


def releases() -> list[Release]:
    """All releases, oldest first."""
    folders = [path for path in RELEASED.glob("*") if path.is_dir()]
    found = sorted(folders, key=lambda path: [int(part) for part in path.name.split(".")])
    return [Release(folder.name, folder) for folder in found]


def golden_samples(contract: str) -> dict[str, str]:
    """Every golden sample of a contract ever released."""
    return {name: text for release in releases() for name, text in release.samples(contract).items()}


def releases_to_meet() -> list[Release]:
    """All releases; before the first one, the working tree's own wheel."""
    version = package_in("shared/contracts").pyproject["project"]["version"]
    return releases() or [Release(version, None)]


def wheel_of(release: Release) -> Path:
    """The wheel of a release."""
    if release.folder is not None:
        return release.folder / f"waybill_contracts-{release.version}-py3-none-any.whl"
    from tools.environment import only_one
    from tools.package_environment import WHEELS, wheel

    WHEELS.mkdir(parents=True, exist_ok=True)
    with only_one(WHEELS):
        return wheel(package_in("shared/contracts"))


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


def differences(ours: Any, theirs: Any, path: str = "$") -> list[str]:
    """Where two readings differ in what both have; a field that only one of them knows does not count."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        shared = [name for name in ours if name in theirs]
        return [found for name in shared for found in differences(ours[name], theirs[name], f"{path}.{name}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [found for i, (one, other) in pairs for found in differences(one, other, f"{path}[{i}]")]
    return [] if ours == theirs and type(ours) is type(theirs) else [f"{path}: {theirs!r} there, {ours!r} here"]

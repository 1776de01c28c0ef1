"""A copy of the checkout with one edit in it, and what the contract checks say of that copy."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.workspace import ROOT, packages

_FAILED = re.compile(r"^(?:FAILED|ERROR) tests/contract/test_(c\d\d)_", re.MULTILINE)
_TAMPERED = re.compile(r"^(?:E\s+)?TAMPERED\s+(.*)$", re.MULTILINE)
_REFUSAL = re.compile(r"^(?:E\s+)?BREAKING\s+(R\d+)\s+(\S+)\s+(.*?)\s*$", re.MULTILINE)
_PASSED, _FAILED_TESTS = 0, 1


@dataclass(frozen=True)
class Edit:
    """One edit of a file below the checkout: `old` must stand there, once; an empty `old` makes a new file."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Verdict:
    """What the checks said: exit code and output of pytest, and what can be read out of that."""

    exit_code: int
    output: str

    @property
    def failed_checks(self) -> set[str]:
        """As `c03`."""
        return set(_FAILED.findall(self.output))

    @property
    def refusals(self) -> set[tuple[str, str, str]]:
        """(rule, contract, path) of each line `BREAKING …`."""
        return {(rule, contract, path) for rule, contract, path in _REFUSAL.findall(self.output)}

    @property
    def tampered(self) -> str:
        """What is said of edited history; empty where it stands as it was."""
        found = _TAMPERED.search(self.output)
        return found[1] if found else ""


class EditedCheckout:
    """The files of the checkout as they stand, in another folder; its packages are imported from there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in filter(None, names.split("\0")):
            source, target = ROOT / name, folder / name
            if source.is_file():  # a file that is deleted and not committed yet is still listed
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)

    def apply(self, edits: Iterable[Edit]) -> None:
        """Make the edits. One whose place is not found, or not found once, is an error of the test."""
        for edit in edits:
            path = self.folder / edit.file
            if not edit.old:
                assert not path.exists(), f"{edit.file} is there already"
                path.write_text(edit.new)
                continue
            text = path.read_text()
            assert text.count(edit.old) == 1, f"{edit.file} holds {text.count(edit.old)} times: {edit.old}"
            path.write_text(text.replace(edit.old, edit.new))

    def check(self, addresses: dict[str, str], *without: str) -> Verdict:
        """Run the numbered checks of `just test-contracts` on the copy, but for those named, as `c03`."""
        checks = {
            path.name[5:8]: str(path) for path in sorted(self.folder.glob("tests/contract/test_c[0-9][0-9]_*.py"))
        }
        chosen = [path for name, path in checks.items() if name not in without]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen]
        sources = os.pathsep.join(str(self.folder / package.folder / "src") for package in packages())
        environment = {**os.environ, **addresses, "PYTHONPATH": sources, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        output = done.stdout + done.stderr
        assert done.returncode in (_PASSED, _FAILED_TESTS), f"pytest did not get to its end:\n{output}"
        return Verdict(done.returncode, output)

"""Notes what a green and whole run of the contracts' tests verified; a part of it proves nothing for can-i-deploy."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

NO_CASE_YET = "got empty parameter set"
"""How pytest skips a test over later versions of kinds, say, where there are none."""


class Verification:
    """A plugin. `note` is called at the end of a session that ran every test of these folders, with none left out."""

    def __init__(self, folders: Iterable[Path], note: Callable[[], None]) -> None:
        self._folders = list(folders)
        self._note = note
        self._left_out = False
        self._done: set[str] = set()

    def pytest_deselected(self, items: Sequence[Any]) -> None:
        """By -k, -m, --deselect or --last-failed."""
        self._left_out = self._left_out or bool(items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test counts if it passed; a skip proves nothing, nor does an expected failure."""
        has_no_case = report.skipped and NO_CASE_YET in str(report.longrepr)
        if (report.when == "call" and report.passed and not hasattr(report, "wasxfail")) or has_no_case:
            self._done.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """The end: exit status 0 alone does not say that everything ran."""
        if exitstatus == 0 and not self._left_out and self._is_whole(session):
            self._note()

    def _is_whole(self, session: pytest.Session) -> bool:
        if any("::" in argument for argument in session.config.args):
            return False
        there = {file for folder in self._folders for file in folder.rglob("test_*.py")}
        ours = [item for item in session.items if any(folder in item.path.parents for folder in self._folders)]
        return there <= {item.path for item in ours} and {item.nodeid for item in ours} <= self._done

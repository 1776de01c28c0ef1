"""Several pytest runs, two at a time, whose reports the last one counts in."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tools.workspace import ROOT, WorkspaceError

PASSED, FAILED, NO_TESTS = 0, 1, 5


@dataclass(frozen=True)
class Run:
    """One pytest run: its title for the reader, how to get its interpreter, its arguments, where its servers are."""

    title: str
    interpreter: Callable[[], Path]
    arguments: list[str]
    addresses: dict[str, str]


@dataclass(frozen=True)
class Runs:
    """The runs of one `just test`: the options that all of them get, the folder that collects their reports."""

    options: list[str]
    reports: Path
    printing: threading.Lock = field(default_factory=threading.Lock)

    def perform(self, run: Run) -> None:
        """Run it and record its reports; print what it said when it is over."""
        begun = time.monotonic()
        self.show(f"... {run.title}: started")
        record = self.reports / f"{threading.get_ident()}-{time.monotonic_ns()}.jsonl"
        try:
            output = self.recorded(run, record)
        except WorkspaceError as error:
            output = self.crashed(run.title, str(error), record)
        self.show(f"\n=== {run.title} ({time.monotonic() - begun:.0f} s)\n{output}")

    def recorded(self, run: Run, record: Path) -> str:
        """What pytest said; a run that the reports do not tell the end of counts as a failure."""
        arguments = [*run.arguments, "--no-header", f"--record-reports={record}", *self.options]
        command = pytest(run.interpreter(), arguments)
        environment = {**os.environ, **run.addresses}
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            output, _ = process.communicate()
        told_by_reports = (PASSED, FAILED, NO_TESTS) if self.options else (PASSED, FAILED)
        if process.returncode not in told_by_reports:
            output += self.crashed(run.title, f"pytest ended with exit code {process.returncode}", record)
        return output

    def crashed(self, title: str, why: str, record: Path) -> str:
        """Count a run that could not be made, or not to its end, as one failed test; the line that says so."""
        report: dict[str, object] = {"nodeid": title, "location": [title, 0, title], "keywords": {}, "longrepr": why}
        report |= {"$report_type": "TestReport", "when": "call", "outcome": "failed", "sections": []}
        report |= {"duration": 0, "user_properties": []}
        with record.open("a") as file:
            file.write(json.dumps(report) + "\n")
        return f"{title}: {why}"

    def last(self, title: str, arguments: list[str], addresses: dict[str, str]) -> int:
        """The run that closes, in this environment; its summary and its exit code are those of all runs."""
        self.show(f"\n=== {title}")
        command = pytest(Path(sys.executable), [*arguments, f"--add-reports={self.reports}", *self.options])
        return subprocess.run(command, cwd=ROOT, env={**os.environ, **addresses}, check=False).returncode

    def show(self, text: str) -> None:
        """Print without another run in between."""
        with self.printing:
            print(text, flush=True)


def pytest(python: Path, arguments: list[str]) -> list[str]:
    """The command that runs pytest with `python`."""
    return [str(python), "-m", "pytest", "-p", "tools.totals", *arguments]

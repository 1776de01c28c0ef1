"""`just test`: each package in an environment of its own, the store on an older PostgreSQL, then what lies between.

    python -m tools.run_tests [pytest options]
    python -m tools.run_tests --package FOLDER [pytest options]

The last pytest run counts the others in, so its summary line is the total of everything.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from waybill_dev.errors import StackError

from tools.package_environment import package_environment
from tools.servers import servers
from tools.workspace import ROOT, Package, WorkspaceError, package_in, packages

OLDEST_POSTGRES = Path("/usr/lib/postgresql/15/bin")
PASSED, FAILED, NO_TESTS = 0, 1, 5


@dataclass(frozen=True)
class Runs:
    """The runs of one `just test`: options that all of them get, the file that collects their reports."""

    options: list[str]
    reports: Path

    def package(self, package: Package, addresses: dict[str, str]) -> None:
        """The tests of one package where nothing else is installed."""
        heading(f"{package.folder}, in an environment of its own")
        try:
            python = package_environment(package) / "bin" / "python"
        except WorkspaceError as error:
            self.crashed(package.folder, str(error))
            return
        self.recorded(python, [package.folder], addresses)

    def recorded(self, python: Path, arguments: list[str], addresses: dict[str, str]) -> None:
        """A run whose reports the last one counts in."""
        command = [*arguments, "--no-header", f"--record-reports={self.reports}", *self.options]
        code = pytest(python, command, addresses)
        told_by_reports = (PASSED, FAILED, NO_TESTS) if self.options else (PASSED, FAILED)
        if code not in told_by_reports:
            self.crashed(" ".join(arguments), f"pytest ended with exit code {code}")

    def crashed(self, what: str, why: str) -> None:
        """Count a run that could not be made as one failed test."""
        print(f"{what}: {why}", flush=True)
        report: dict[str, object] = {
            "nodeid": what,
            "location": [what, 0, what],
            "keywords": {},
            "outcome": "failed",
            "longrepr": why,
        }
        report |= {"$report_type": "TestReport", "when": "call", "sections": [], "duration": 0, "user_properties": []}
        with self.reports.open("a") as file:
            file.write(json.dumps(report) + "\n")

    def oldest_postgres(self) -> None:
        """The tests of the schema and of the SQL on the oldest PostgreSQL that production may use."""
        heading("migrations and stores, on PostgreSQL 15")
        if not OLDEST_POSTGRES.exists():
            print(f"left out: there is no PostgreSQL 15 in {OLDEST_POSTGRES} (Debian: apt install postgresql-15)")
            return
        python = Path(sys.executable)
        with servers(OLDEST_POSTGRES) as addresses:
            self.recorded(python, ["migrations", "--run-label=PostgreSQL 15"], addresses)
            self.recorded(python, ["services", "-m", "store", "--run-label=PostgreSQL 15"], addresses)

    def between_packages(self, addresses: dict[str, str]) -> int:
        """What lies between packages, in the development environment; its summary is that of all runs."""
        heading("contracts, end to end, faults, tools; then the total of all runs")
        command = ["tests", "tools/tests", f"--add-reports={self.reports}", *self.options]
        return pytest(Path(sys.executable), command, addresses)


def everything(options: list[str]) -> int:
    """All runs; the exit code of the last, which knows of the others."""
    with tempfile.TemporaryDirectory(prefix="waybill-reports-") as folder:
        runs = Runs(options, Path(folder) / "reports.jsonl")
        with servers() as addresses:
            for package in packages():
                runs.package(package, addresses)
        runs.oldest_postgres()
        with servers() as addresses:
            return runs.between_packages(addresses)


def pytest(python: Path, arguments: list[str], addresses: dict[str, str]) -> int:
    """Run pytest from the root with `python`; its exit code."""
    command = [str(python), "-m", "pytest", "-p", "tools.totals", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **addresses}, check=False).returncode


def heading(text: str) -> None:
    """Tell the reader which run follows."""
    print(f"\n=== {text}", flush=True)


def main(arguments: list[str]) -> int:
    """One package, or everything."""
    if arguments[:1] == ["--package"]:
        package = package_in(arguments[1])
        return pytest(package_environment(package) / "bin" / "python", [package.folder, *arguments[2:]], {})
    return everything(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (WorkspaceError, StackError) as error:
        sys.exit(f"test: {error}")
    except KeyboardInterrupt:
        sys.exit(130)

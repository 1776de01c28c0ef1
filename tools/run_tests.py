"""`just test`: each package in an environment of its own, the store on an older PostgreSQL, then what lies between.

    python -m tools.run_tests [pytest options]
    python -m tools.run_tests --package FOLDER [pytest options]

The last pytest run counts the others in, so its summary line is the total of everything.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from waybill_dev.errors import StackError

from tools.package_environment import package_environment
from tools.runs import Run, Runs, pytest
from tools.servers import servers
from tools.workspace import WorkspaceError, package_in, packages

OLDEST_POSTGRES = Path("/usr/lib/postgresql/15/bin")
THIS_PYTHON = Path(sys.executable)
LANES = min(2, os.cpu_count() or 1)


def everything(options: list[str]) -> int:
    """All runs; the exit code of the last, which knows of the others."""
    with tempfile.TemporaryDirectory(prefix="waybill-reports-") as folder:
        runs = Runs(options, Path(folder))
        # The servers are started here, since they end with the thread that started them.
        with ExitStack() as stack:
            addresses = stack.enter_context(servers())
            planned = list(package_runs(addresses))
            if OLDEST_POSTGRES.exists():
                planned += oldest_postgres_runs(stack.enter_context(servers(OLDEST_POSTGRES)))
            else:
                print(f"PostgreSQL 15 is left out: it is not in {OLDEST_POSTGRES} (Debian: apt install postgresql-15)")
            with ThreadPoolExecutor(LANES) as lanes:
                list(lanes.map(runs.perform, planned))
        with servers() as addresses:
            between = ["tests", "tools/tests", "benchmarks/tests"]
            return runs.last("between the packages, and the total of all runs", between, addresses)


def package_runs(addresses: dict[str, str]) -> Iterator[Run]:
    """The tests of each package where nothing else is installed."""
    for package in packages():
        title = f"{package.folder}, in an environment of its own"
        yield Run(
            title, lambda package=package: package_environment(package) / "bin/python", [package.folder], addresses
        )


def oldest_postgres_runs(addresses: dict[str, str]) -> Iterator[Run]:
    """The schema and the SQL on the oldest PostgreSQL that production may use."""
    label = "--run-label=PostgreSQL 15"
    yield Run("migrations, on PostgreSQL 15", lambda: THIS_PYTHON, ["migrations", label], addresses)
    yield Run("stores, on PostgreSQL 15", lambda: THIS_PYTHON, ["services", "-m", "store", label], addresses)


def main(arguments: list[str]) -> int:
    """One package, or everything."""
    if arguments[:1] == ["--package"]:
        package = package_in(arguments[1])
        command = pytest(package_environment(package) / "bin/python", [package.folder, *arguments[2:]])
        os.execv(command[0], command)
    return everything(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (WorkspaceError, StackError) as error:
        sys.exit(f"test: {error}")
    except KeyboardInterrupt:
        sys.exit(130)

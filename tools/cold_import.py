"""What the first import of a function costs: a new interpreter, the unzipped folder and nothing else."""

import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

from tools.workspace import WorkspaceError

RUNS = 5
IMPORT = "import sys; sys.path.insert(0, sys.argv[1]); import importlib; importlib.import_module(sys.argv[2])"


def isolated(python: Path, statement: str, *arguments: str) -> list[str]:
    """The command for a statement that sees the standard library alone; -B as on Lambda, where code is read-only."""
    return [str(python), "-I", "-S", "-B", "-c", statement, *arguments]


def cold_import_cpu_ms(python: Path, zipped: Path, module: str) -> float:
    """CPU milliseconds, user and system, of the cheapest of a few imports. Raises WorkspaceError if it fails."""
    with tempfile.TemporaryDirectory(prefix="waybill-unzipped-") as folder:
        with zipfile.ZipFile(zipped) as archive:
            archive.extractall(folder)
        command = isolated(python, IMPORT, folder, module)
        return min(cpu_seconds(command) for _ in range(RUNS)) * 1000


def cpu_seconds(command: list[str]) -> float:
    """What a process used of the processor, from its start to its end."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise WorkspaceError(f"{command[-1]} cannot be imported from the zip (see above): is a dependency undeclared?")
    return usage.ru_utime + usage.ru_stime

"""Bytecode beside the sources of a zip. Where code is read-only, as on Lambda, each start would compile anew."""

import os
import subprocess
from pathlib import Path

from tools.uv import find_uv
from tools.workspace import WorkspaceError

# What Lambda calls the folder of the code: the name that tracebacks show.
DEPLOYED = "/var/task"


def found_python(version: str) -> Path | None:
    """An interpreter of that version ("3.13"), where uv knows one; bytecode of another would not be read."""
    uv = find_uv()
    if uv is None:
        return None
    command = [uv, "python", "find", "--no-project", "--no-python-downloads", version]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = done.stdout.strip()
    return Path(found) if done.returncode == 0 and found else None


def compile_folder(python: Path, folder: Path) -> None:
    """Bytecode for every module below `folder`, which is never checked against its source. Raises WorkspaceError.

    The same interpreter makes the same bytes: one process, in order, and sets in the order of a fixed seed.
    """
    command = [str(python), "-S", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    names = ["-s", str(folder), "-p", DEPLOYED, str(folder)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run([*command, *names], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise WorkspaceError(f"the zip's modules cannot be compiled: {(done.stdout + done.stderr).strip()[-300:]}")

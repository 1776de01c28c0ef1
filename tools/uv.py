"""Running uv, the one tool from outside the environment."""

import os
import shutil
import subprocess
import sys

from tools.workspace import ROOT, WorkspaceError


def find_uv() -> str | None:
    """The uv that the recipes name, else the one on PATH, else the one that justw fetched."""
    fetched = sorted((ROOT / ".tools").glob("uv-*/uv"))
    candidates = [os.environ.get("UV", "uv"), *map(str, fetched)]
    return next((found for candidate in candidates if (found := shutil.which(candidate))), None)


def uv(*arguments: str) -> None:
    """Run uv from the root, showing what it fetches; raises WorkspaceError when it is missing or fails."""
    found = find_uv()
    if found is None:
        raise WorkspaceError("uv is missing: run ./justw instead of just, or install uv")
    with subprocess.Popen([found, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if not line.startswith((" + ", " - ", " ~ ")):  # a line for each of a hundred packages helps nobody
                print(line, end="", file=sys.stderr, flush=True)
    if process.returncode != 0:
        raise WorkspaceError(f"`uv {' '.join(arguments[:2])}` failed (see above): check the network and run it again")

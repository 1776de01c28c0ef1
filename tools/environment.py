"""`just setup`: brings .venv up to date with the locks, in well under a second when nothing changed.

Stage `stack` is what `just up` needs: what the members run on. Stage `all` adds the tools for tests and checks.
"""

import fcntl
import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tools.locks import ROOT_LOCK
from tools.uv import uv
from tools.workspace import ROOT, WorkspaceError, packages

VENV = ROOT / ".venv"
STAMP = VENV / "waybill-setup.json"
STAGES = ("stack", "all")
TO_VENV = ("--python", str(VENV / "bin" / "python"))


def main(arguments: list[str]) -> int:
    """Bring .venv to the stage named first; says something only when there is something to do."""
    stage = arguments[0]
    if recorded(stage) == digest():
        return 0
    with only_one(ROOT / ".tools"):
        if recorded(stage) != digest():
            renew(stage)
    return 0


def digest() -> str:
    """Changes with any lock or pyproject.toml of the workspace."""
    inputs = [ROOT_LOCK]
    for package in packages():
        inputs += [package.lock, ROOT / package.folder / "pyproject.toml"]
    found = hashlib.sha256(sys.version.encode())
    for path in inputs:
        found.update(path.read_bytes())
    return found.hexdigest()


def recorded(stage: str) -> str | None:
    """The digest of the last complete setup up to `stage`."""
    try:
        stages = json.loads(STAMP.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return stages.get(stage)


@contextmanager
def only_one(folder: Path) -> Generator[None]:
    """Two commands that start at once must not install into `folder` together."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "waybill-setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def renew(stage: str) -> None:
    """Install what the locks name and the members as editable; a later stage counts as all earlier ones."""
    print(f"setup: bringing .venv to the locks ({what_for(stage)}); the first time this fetches packages", flush=True)
    STAMP.unlink(missing_ok=True)
    if sys.prefix == sys.base_prefix:  # a venv whose making was cut short
        shutil.rmtree(VENV)
        uv("venv", "--quiet", "--no-project", "--python", ">=3.11", str(VENV))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as members:
        members.writelines(f"--editable {ROOT / package.folder}\n" for package in packages())
        members.flush()
        build = f"--build-constraints={ROOT_LOCK}"
        if stage == "all":  # removes what no lock names
            uv("pip", "sync", *TO_VENV, build, str(ROOT_LOCK), members.name)
        else:
            locks = [f"--requirements={package.lock}" for package in packages()]
            uv("pip", "install", *TO_VENV, "--no-deps", build, *locks, f"--requirements={members.name}")
    reached = STAGES[: STAGES.index(stage) + 1]
    STAMP.write_text(json.dumps(dict.fromkeys(reached, digest())))


def what_for(stage: str) -> str:
    """What the stage is for, in words for its user."""
    return "to run, test and check" if stage == "all" else "to run the local stack"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except WorkspaceError as error:
        sys.exit(f"setup: {error}")
    except KeyboardInterrupt:  # the next command goes on from here
        sys.exit(130)

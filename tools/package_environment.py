"""An environment that holds one package, the siblings it declares and its locks: what makes "separately packaged" true.

Members go in as built wheels, so a file that is missing from a wheel is missing from the tests too. `renewed` makes any
environment of locks and wheels, so also that of a release that was kept.
"""

import hashlib
import shutil
from pathlib import Path

from tools.environment import STAMP, only_one
from tools.locks import ROOT_LOCK
from tools.uv import uv
from tools.workspace import ROOT, Package, WorkspaceError, siblings

ENVIRONMENTS = ROOT / ".tools" / "environments"
WHEELS = ROOT / ".tools" / "wheels"


def package_environment(package: Package) -> Path:
    """The environment's folder, brought up to date; raises WorkspaceError if it cannot be made."""
    if not package.test_lock.exists():
        raise WorkspaceError(f"{package.folder} has no requirements-test.lock: list its test tools, then ./justw lock")
    with only_one(ENVIRONMENTS):
        wheels = [wheel(member) for member in [package, *siblings(package)]]
        return renewed(ENVIRONMENTS / package.name, locks_of(package), wheels)


def renewed(folder: Path, locks: list[Path], wheels: list[Path]) -> Path:
    """`folder` with what the locks name, by hash, and the wheels; as it is if it was made of the same. One at a time.

    Raises WorkspaceError if it cannot be made.
    """
    wanted = "\n".join(f"{path.name} {digest_of(path)}" for path in [*locks, *wheels])
    stamp = folder / STAMP.name
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    python = ("--python", str(folder / "bin" / "python"))
    shutil.rmtree(folder, ignore_errors=True)
    uv("venv", "--quiet", "--no-project", "--python", ">=3.11", str(folder))
    uv("pip", "sync", "--quiet", *python, "--require-hashes", *map(str, locks))
    uv("pip", "install", "--quiet", *python, "--no-deps", *map(str, wheels))
    uv("pip", "check", "--quiet", *python)
    stamp.write_text(wanted)
    return folder


def locks_of(package: Package) -> list[Path]:
    """What the package runs on, and its test tools."""
    return [package.lock, package.test_lock]


def digest_of(path: Path) -> str:
    """Digest of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wheel(package: Package) -> Path:
    """The package's wheel, built unless one of the same sources is there; raises WorkspaceError if that fails."""
    folder = WHEELS / package.name / source_digest(package)
    if not folder.exists():
        shutil.rmtree(folder.parent, ignore_errors=True)
        draft = folder.with_name("unfinished")
        uv("build", "--quiet", "--wheel", f"--build-constraints={ROOT_LOCK}", f"--out-dir={draft}", package.folder)
        draft.rename(folder)
    return next(folder.glob("*.whl"))


def source_digest(package: Package) -> str:
    """Digest of what the wheel is built from."""
    base = ROOT / package.folder
    sources = [path for path in (base / "src").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    found = hashlib.sha256()
    for path in sorted([base / "pyproject.toml", *sources]):
        found.update(path.relative_to(base).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]

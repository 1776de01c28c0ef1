"""The unprivileged account that PostgreSQL runs under, since it refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from waybill_dev.errors import StackError

_CANDIDATES = ("nobody", "daemon")


@dataclass(frozen=True)
class Account:
    """A user of the machine to which a process steps down."""

    name: str
    user_id: int
    group_id: int


def server_account() -> Account | None:
    """Account for PostgreSQL: None (stay who we are) unless we are root. Raises StackError if there is none."""
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackError("PostgreSQL refuses to run as root and there is no user 'nobody': run this as an ordinary user")


def can_enter(path: Path, account: Account) -> bool:
    """Whether `account` may enter folder `path` (or run file `path`): asked of the kernel, as that account."""
    probe = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
        user=account.user_id,
        group=account.group_id,
        extra_groups=[],
        cwd="/",
        env={},
        check=False,
        stderr=subprocess.DEVNULL,
    )
    return probe.returncode == 0


def private_folder(path: Path, account: Account | None) -> Path:
    """Folder `path`, made if missing, entered by `account` alone (mode 0700).

    Raises StackError when somebody else already has something there.
    """
    owner = os.geteuid() if account is None else account.user_id
    group = -1 if account is None else account.group_id
    try:
        path.mkdir(mode=0o700)
        os.chown(path, owner, group)
    except FileExistsError:
        found = path.lstat()
        if path.is_symlink() or not path.is_dir() or found.st_uid not in (owner, os.geteuid()):
            raise StackError(f"{path} belongs to somebody else: remove it, or set WAYBILL_HOME elsewhere") from None
        if found.st_uid != owner:  # left by a start that was killed between making and giving away
            os.chown(path, owner, group)
    return path

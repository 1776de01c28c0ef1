"""Ending what a killed supervisor left behind. The caller holds the home's lock, so nobody needs these processes."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from waybill_dev.identity import birth_mark
from waybill_dev.process import signal_group
from waybill_dev.state import ProcessRecord, StackState
from waybill_dev.waiting import wait_until

_GRACE_SECONDS = 5.0


def end_leftovers(state: StackState, data: Path) -> int:
    """End every recorded process that still lives, and PostgreSQL if one serves `data`; how many there were."""
    left = {record.pid: record for record in state.processes.values() if record.lives()}
    database = _server_of(data)
    if database is not None:
        left[database.pid] = database
    for record in left.values():
        with suppress(ProcessLookupError):
            # SIGINT is how PostgreSQL ends fast and cleanly; everything else takes it as SIGTERM.
            os.kill(record.pid, signal.SIGINT)
    wait_until(lambda: not any(record.lives() for record in left.values()), timeout_seconds=_GRACE_SECONDS)
    for record in left.values():
        if record.lives():
            signal_group(record.pid, signal.SIGKILL)
    wait_until(lambda: not any(record.lives() for record in left.values()), timeout_seconds=_GRACE_SECONDS)
    state.processes.clear()
    return len(left)


def _server_of(data: Path) -> ProcessRecord | None:
    """The PostgreSQL that serves `data`. A pid file that names another program goes: it would stop the next start."""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    mark = birth_mark(pid)
    if mark is None:  # PostgreSQL itself sees to that, and to backends that may outlive their server
        return None
    if _works_in(pid, data):
        return ProcessRecord(pid, mark, 0.0)
    if not any(_works_in(int(entry.name), data) for entry in Path("/proc").glob("[0-9]*")):
        pid_file.unlink()
    return None


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
    except PermissionError:
        return False
    except OSError:  # no /proc on this system: believe the file
        return not Path("/proc/self").exists()

"""Telling a process from a later one that got the same id."""

import subprocess
from pathlib import Path

_START_TIME_FIELD = 19  # of what follows the name in /proc/<pid>/stat: clock ticks since boot
_GONE = ("Z", "X")


def birth_mark(pid: int) -> str | None:
    """A text that no other process with this id will ever have; None if there is no such process (or a dead one)."""
    if Path("/proc/self/stat").exists():
        return _from_proc(pid)
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None


def lives(pid: int, mark: str | None) -> bool:
    """Whether the process that had this mark under this id still runs."""
    return mark is not None and birth_mark(pid) == mark


def _from_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in _GONE else f"{boot}/{fields[_START_TIME_FIELD]}"

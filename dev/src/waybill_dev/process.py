"""Starting and ending a process so that nothing outlives the local stack."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from waybill_dev.account import Account

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec nothing may be imported or allocated that another thread could hold.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Command:
    """How one process is started, and the signals that end it."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: Path = Path("/")
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    # What the kernel sends when the process that started this one dies, however it dies.
    orphan_signal: signal.Signals = signal.SIGKILL

    def options(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess.Popen` and `asyncio.create_subprocess_exec`.

        The process leads its own session, so that Ctrl-C in a terminal reaches only us. Start it from a thread that
        lives as long as the process should: Linux counts the death of that thread as the death of the parent.
        """
        parent = os.getpid()
        options: dict[str, Any] = {
            "env": dict(self.environment),
            "cwd": str(self.folder),
            "start_new_session": True,
            "stdin": subprocess.DEVNULL,
            "preexec_fn": lambda: _die_with_parent(self.orphan_signal, parent),
        }
        if self.account is not None:
            options |= {"user": self.account.user_id, "group": self.account.group_id, "extra_groups": []}
        return options


def _die_with_parent(orphan_signal: int, parent: int) -> None:
    # Runs after the change of user, which would clear the setting.
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(orphan_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def signal_group(pid: int, sent: signal.Signals) -> None:
    """Send a signal to the whole group that process `pid` leads; nothing happens if the group is gone."""
    try:
        os.killpg(pid, sent)
    except (ProcessLookupError, PermissionError):
        return


def end(process: "subprocess.Popen[bytes]", stop_signal: signal.Signals, grace_seconds: float) -> None:
    """End a process: ask it first, kill its whole group after `grace_seconds` or when it has ended."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            pass
    signal_group(process.pid, signal.SIGKILL)
    process.wait()

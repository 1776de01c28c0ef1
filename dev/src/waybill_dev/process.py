"""Starting and ending a process so that nothing outlives the local stack."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from waybill_dev.account import Account

_PR_SET_PDEATHSIG = 1
# Looked up before any fork: between fork and exec nothing may wait for a lock that another thread could hold.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


@dataclass(frozen=True)
class Command:
    """How one process is started, and the signals that end it.

    The process leads its own session, so that Ctrl-C in a terminal reaches only us. Start it from a thread that lives
    as long as the process should: Linux counts the death of that thread as the death of the parent.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: Path = Path("/")
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    # What the kernel sends when the process that started this one dies, however it dies.
    orphan_signal: signal.Signals = signal.SIGKILL

    def _die_with_parent(self) -> Callable[[], None]:
        parent = os.getpid()

        def prepare() -> None:
            # Runs after the change of user, which would clear the setting.
            if _prctl is not None:
                _prctl(_PR_SET_PDEATHSIG, int(self.orphan_signal), 0, 0, 0)
                if os.getppid() != parent:
                    os._exit(1)

        return prepare

    def spawn(self, output: IO[bytes] | int) -> "subprocess.Popen[bytes]":
        """Start the process with standard output and error going to `output`. Raises OSError."""
        return subprocess.Popen(
            self.argv,
            env=dict(self.environment),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=self._die_with_parent(),
            user=self.account.user_id if self.account else None,
            group=self.account.group_id if self.account else None,
            extra_groups=[] if self.account else None,
        )

    async def spawn_piped(self) -> asyncio.subprocess.Process:
        """Start the process with standard output and error in one pipe to us. Raises OSError."""
        return await asyncio.create_subprocess_exec(
            *self.argv,
            env=dict(self.environment),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=self._die_with_parent(),
            user=self.account.user_id if self.account else None,
            group=self.account.group_id if self.account else None,
            extra_groups=[] if self.account else None,
        )


def signal_group(pid: int, sent: signal.Signals) -> None:
    """Send a signal to the whole group that process `pid` leads; nothing happens if the group is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, sent)


def end(process: "subprocess.Popen[bytes]", stop_signal: signal.Signals, grace_seconds: float) -> None:
    """End a process: ask it first, kill its whole group after `grace_seconds` or when it has ended."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    signal_group(process.pid, signal.SIGKILL)
    process.wait()

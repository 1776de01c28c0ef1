"""A process of a benchmark: its log in a file, its CPU by its tree; ended with all its children."""

import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from waybill_dev.process import Command, signal_group
from waybill_dev.waiting import wait_until

from .cpu import cpu_seconds, pss_mb
from .errors import BenchError


class Running:
    """Processes that were started together, such as two workers. A context manager: at its end they are killed.

    What a benchmark starts keeps nothing that matters, so none of it is asked politely.
    """

    def __init__(self, name: str, commands: Sequence[Command], folder: Path) -> None:
        self.name = name
        self.logs = [folder / f"{name}-{number}.log" for number in range(1, len(commands) + 1)]
        self._commands = commands
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start all of them. Raises BenchError when a program is missing."""
        for command, log in zip(self._commands, self.logs, strict=True):
            with log.open("ab") as output:
                try:
                    self._processes.append(command.spawn(output))
                except OSError as error:
                    raise BenchError(f"{self.name} did not start: {command.argv[0]}: {error.strerror}") from None

    @property
    def pids(self) -> list[int]:
        """Of the processes that we started, not of their children."""
        return [process.pid for process in self._processes]

    def cpu_seconds(self) -> float:
        """CPU of all trees so far."""
        return cpu_seconds(*self.pids)

    def pss_mb(self) -> float:
        """Memory of all trees in MiB."""
        return pss_mb(*self.pids)

    def check(self) -> None:
        """Raises BenchError with the last line of its log if one has ended."""
        for process, log in zip(self._processes, self.logs, strict=True):
            if process.poll() is not None:
                lines = log.read_text(errors="replace").strip().splitlines()
                raise BenchError(f"{self.name} ended by itself: {lines[-1][:300] if lines else 'it said nothing'}")

    def wait_until(self, reached: Callable[[], bool], timeout_seconds: float, what: str) -> None:
        """Wait for a state. Raises BenchError if it does not come in time, or one ends before."""

        def look() -> bool:
            self.check()
            return reached()

        if not wait_until(look, timeout_seconds=timeout_seconds):
            raise BenchError(f"{self.name}: {what} did not come within {timeout_seconds:g} s")

    def kill(self) -> None:
        """End them and their children as a crash would."""
        for process in self._processes:
            signal_group(process.pid, signal.SIGKILL)
        for process in self._processes:
            process.wait()
        self._processes = []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

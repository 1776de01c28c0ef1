"""One of our services as a real process, with its log in a file."""

import json
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from waybill_dev.process import Command

Until = Callable[..., Awaitable[Any]]
"""The fixture of that name."""


class Service:
    """Started at once; killed with the process that started it, whatever happens to that."""

    def __init__(
        self, name: str, argv: tuple[str, ...], environment: Mapping[str, str], log: Path, until: Until
    ) -> None:
        self.name = name
        self._log = log
        self._until = until
        with log.open("ab") as output:
            self._process: subprocess.Popen[bytes] = Command(argv, environment, log.parent).spawn(output)

    @property
    def pid(self) -> int:
        """Of the process; a worker's name in the database ends with it."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def send(self, sent: signal.Signals) -> None:
        """Send a signal to the process."""
        self._process.send_signal(sent)

    def kill(self) -> None:
        """End it as a crash would; nothing happens if it has ended."""
        self._process.kill()
        self._process.wait()

    async def ended(self, within_seconds: float) -> int:
        """Wait for its end; the exit code."""
        await self._until(lambda: not self.is_running, within_seconds)
        return self._process.wait()

    async def stop(self) -> None:
        """End it as a deploy does; it must end in good order."""
        self.send(signal.SIGTERM)
        assert await self.ended(within_seconds=10) == 0

    def logged(self, event: str, **facts: object) -> list[dict[str, Any]]:
        """The lines of its log about an event, those with these facts if any are given."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        about = [line for line in lines if line.get("event") == event]
        return [line for line in about if all(line.get(name) == value for name, value in facts.items())]

    def complaints(self) -> list[dict[str, Any]]:
        """Its warnings, its errors, and lines that are no event (a traceback, a warning of Python) as `event`."""
        lines = self._log.read_text().splitlines()
        events = [json.loads(line) if line.startswith("{") else {"event": line} for line in lines]
        return [event for event in events if event.get("level") not in ("debug", "info")]

    async def until_logged(self, event: str, within_seconds: float = 10) -> dict[str, Any]:
        """Wait for an event in its log; fails at once when the process ends without it."""
        await self._until(lambda: self.logged(event) or not self.is_running, within_seconds)
        seen = self.logged(event)
        assert seen, f"{self.name} ended before it logged {event}: {self._log.read_text()[-2000:]}"
        return seen[0]

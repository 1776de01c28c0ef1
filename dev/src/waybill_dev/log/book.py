"""Where the lines go: into the log file of the home without colours, and onto the terminal."""

import contextlib
import re
import time
from collections import deque
from pathlib import Path
from typing import IO

from waybill_dev.log.terminal import Terminal

STACK = "stack"
NAME_WIDTH = 9
_FILE_BYTES = 20_000_000
_COLOUR_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TAIL_LINES = 15


class LogBook:
    """Takes lines of services. The file is turned over at 20 MB, one old one is kept; a full disk costs lines only."""

    def __init__(self, path: Path, old_path: Path, terminal: Terminal | None) -> None:
        self._path = path
        self._old_path = old_path
        self._terminal = terminal
        self._tails: dict[str, deque[str]] = {}
        self._file: IO[bytes] | None = None
        self._turn_over()

    def write(self, name: str, line: str) -> None:
        """Take one line of service `name`."""
        plain = _COLOUR_CODES.sub("", line)
        self._tails.setdefault(name, deque(maxlen=_TAIL_LINES)).append(plain)
        self._keep(f"{name:<{NAME_WIDTH}}| {plain}\n")
        if self._terminal is not None:
            self._terminal.show(name, line, plain)

    def say(self, text: str) -> None:
        """Take a line of the stack itself."""
        self.write(STACK, f"{time.strftime('%H:%M:%S')} {text}")

    def begin(self, name: str) -> None:
        """Forget the last lines of service `name`, which is being started anew."""
        self._tails.pop(name, None)

    def tail(self, name: str) -> list[str]:
        """The last lines of service `name`, at most 15."""
        return list(self._tails.get(name, ()))

    def _keep(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._file is None or self._file.tell() > _FILE_BYTES:
                self._turn_over()
            if self._file is not None:
                self._file.write(line.encode(errors="replace"))

    def _turn_over(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        with contextlib.suppress(FileNotFoundError):
            self._path.rename(self._old_path)
        self._file = self._path.open("ab", buffering=0)

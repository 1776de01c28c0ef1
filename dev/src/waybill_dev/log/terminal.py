"""How a line looks on the terminal."""

import os
import re
import sys
from collections.abc import Mapping

_PROCESSORS = {"worker": 32, "lambda": 32}
_COLOURS = {"api": 36, **_PROCESSORS, "postgres": 34, "ministack": 35, "migrate": 33, "deploy": 33, "stack": 1}
_FALLBACK_COLOUR = 37
_RED = 31
_YELLOW = 33
_WIDTH = 9
_DATE_AND_ZONE = re.compile(r"^\d{4}-\d\d-\d\d[T ](\d\d:\d\d:\d\d\.\d{3})\d*(?:Z| UTC)")


def colours_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether standard output is a terminal that may be coloured (NO_COLOR and TERM=dumb say no)."""
    return sys.stdout.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def paint(text: str, code: int, *, coloured: bool) -> str:
    """`text` in a colour, or as it is."""
    return f"\x1b[{code}m{text}\x1b[0m" if coloured else text


def prefixed(name: str, text: str, *, coloured: bool) -> str:
    """A line with its service's name before it, in the service's colour; faults in red, warnings in yellow.

    What the name or the day tells already is left out.
    """
    prefix = paint(f"{name:<{_WIDTH}}|", _COLOURS.get(name, _FALLBACK_COLOUR), coloured=coloured)
    short = _DATE_AND_ZONE.sub(r"\1", text).replace(f" service={name}", "", 1)
    code = _code(text)
    return f"{prefix} {paint(short, code, coloured=coloured) if code else short}"


def _code(text: str) -> int | None:
    if any(word in text for word in ("[error", "[critical", "ERROR:", "FATAL:", "PANIC:")):
        return _RED
    return _YELLOW if "[warning" in text or "WARNING:" in text else None


def is_routine(name: str, plain: str) -> bool:
    """Whether a line is one of PostgreSQL's notes of its routine, or of a long statement."""
    return name == "postgres" and (plain.startswith("\t") or " LOG:  " in plain or " STATEMENT:  " in plain)


class Terminal:
    """Shows lines on standard output until nobody reads it any more."""

    def __init__(self, *, coloured: bool) -> None:
        self.coloured = coloured
        self._gone = False

    def show(self, name: str, line: str, plain: str) -> None:
        """Show one line of a service; what is routine stays in the file."""
        if is_routine(name, plain):
            return
        self.print(prefixed(name, line if self.coloured else plain, coloured=self.coloured))

    def print(self, text: str) -> None:
        """Show a text as it is."""
        if self._gone:
            return
        try:
            print(text, flush=True)
        except (BrokenPipeError, OSError):
            self._gone = True
            # What Python still holds back would fail again at exit, with a trace.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

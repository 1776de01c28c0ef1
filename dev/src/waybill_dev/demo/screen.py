"""How the demo looks: a line an event, its time first."""

import os
import shutil
import sys
import time

from waybill_dev.demo.event import Event
from waybill_dev.log.terminal import colours_wanted, paint

_BOLD, _DIM = 1, 2
_TONES = {"plain": _BOLD, "good": 32, "bad": 31}
_SOURCES = {"HTTP": 36, "PostgreSQL": 94, "SQS": 35}
_MS_WIDTH, _SOURCE_WIDTH, _WHAT_WIDTH = 9, 10, 11
_SOURCE_INDENT = _MS_WIDTH + 2
_DETAIL_INDENT = _SOURCE_INDENT + _SOURCE_WIDTH + 2
_INDENT = _DETAIL_INDENT + _WHAT_WIDTH + 2
_WIDEST = 130
_BAR_WIDTH = 24


class Screen:
    """Standard output, with colours, pace and a bar while waiting where it is a terminal."""

    def __init__(self) -> None:
        self._coloured = colours_wanted()
        self._is_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        # Slow enough to be read as it comes. Times are those of the events, never of the telling.
        self.pace_seconds = 0.16 if self._is_terminal else 0.0
        columns = shutil.get_terminal_size((_WIDEST, 24)).columns if self._is_terminal else _WIDEST
        self._width = max(_INDENT + 30, min(columns, _WIDEST))

    def title(self, text: str, beside: str) -> None:
        """Head of an act, and what it will show."""
        self._print(f"\n  {self._paint(text, _BOLD)}")
        self._print(f"  {self._paint(beside, _DIM)}\n")

    def event(self, event: Event, began_at: float) -> None:
        """A line, or as many as it takes; the time is in milliseconds since `began_at`."""
        first, *more = wrapped(event.text, self._width - _INDENT)
        ms = self._paint(f"{(event.at - began_at) * 1000:>{_MS_WIDTH}.1f}", _DIM)
        source = self._paint(f"{event.source:<{_SOURCE_WIDTH}}", _SOURCES[event.source])
        what = self._paint(f"{event.what:<{_WHAT_WIDTH}}", _TONES[event.tone])
        self._print(f"{ms}  {source}  {what}  {first}")
        for line in more:
            self._print(" " * _INDENT + line)
        for line in wrapped(event.detail or "", self._width - _DETAIL_INDENT):
            self._print(" " * _DETAIL_INDENT + self._paint(line, _DIM))

    def remark(self, text: str) -> None:
        """A line below an act."""
        for line in wrapped(text, self._width - _SOURCE_INDENT):
            self._print(" " * _SOURCE_INDENT + self._paint(line, _BOLD))

    def line(self, text: str = "") -> None:
        """A line of its own."""
        self._print(f"  {text}" if text else "")

    def waiting(self, since: float, until: float) -> None:
        """How far a wait is, drawn over what was drawn last; nothing where it is no terminal."""
        if self._is_terminal:
            left_seconds = max(until - time.time(), 0.0)
            filled = round(_BAR_WIDTH * (1 - left_seconds / max(until - since, 0.001)))
            bar = self._paint("=" * filled, 33) + self._paint("-" * (_BAR_WIDTH - filled), _DIM)
            print(f"\r{' ' * _INDENT}{bar}  {left_seconds:3.1f} s ", end="", flush=True)

    def _print(self, text: str) -> None:
        over = "\r\x1b[K" if self._is_terminal else ""
        print(over + text, flush=True)

    def _paint(self, text: str, code: int) -> str:
        return paint(text, code, coloured=self._coloured)


def wrapped(text: str, width: int) -> list[str]:
    """`text` in lines, broken after a space or a comma; nothing is added to it or left out."""
    lines: list[str] = []
    while len(text) > width:
        cut = max(text.rfind(" ", 0, width), text.rfind(",", 0, width)) + 1 or width
        lines.append(text[:cut])
        text = text[cut:]
    return [*lines, text] if text else lines

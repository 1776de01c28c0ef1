"""One thing that happened on a task's way, and who told us."""

from dataclasses import dataclass
from typing import Literal

Source = Literal["HTTP", "PostgreSQL", "SQS"]
Tone = Literal["plain", "good", "bad"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """A line of the demo.

    `at` is in seconds since 1970, by the clock of whoever had it happen. `about` is the task's id where others' events
    may come along. `waits_until` is when the way goes on, if it rests here.
    """

    at: float
    source: Source
    what: str
    text: str
    detail: str | None = None
    tone: Tone = "plain"
    about: str | None = None
    waits_until: float | None = None


class Events:
    """What happened and is not told yet: filled by threads, read by one, by `at`."""

    def __init__(self) -> None:
        self._untold: list[Event] = []

    def add(self, event: Event) -> None:
        """Take an event. Called from any thread: an append is one step."""
        self._untold.append(event)

    def take_first(self, before: float) -> Event | None:
        """The earliest event, if it is from before that instant; it is forgotten here."""
        first = min(list(self._untold), key=lambda event: event.at, default=None)
        if first is None or first.at >= before:
            return None
        self._untold.remove(first)
        return first

"""Watching the queue's messages without receiving them."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Self

from waybill_dev.demo.event import Event
from waybill_dev.demo.running import RunningStack
from waybill_dev.errors import StackError
from waybill_dev.ministack.peek import WaitingMessage, peek

UNREADABLE = "unreadable"
"""What a message is about that names no task."""
ACKNOWLEDGED = "deleted"
_PEEK_SECONDS = 0.002


class MessageWatch:
    """Tells `tell` of each message that comes, is received and goes; a context manager.

    It looks every few milliseconds, so that it finds a message that is in the queue for less than a tenth of a second.
    """

    def __init__(self, stack: RunningStack, tell: Callable[[Event], None]) -> None:
        self._stack = stack
        self._tell = tell
        self._told: list[Event] = []
        self._known: dict[str, WaitingMessage] = {}
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._enough.set()
        self._thread.join()

    def told(self, about: str) -> list[str]:
        """What was told of the messages of a task."""
        return [event.what for event in list(self._told) if event.about == about]

    def _look(self) -> None:
        while not self._enough.wait(_PEEK_SECONDS):
            with contextlib.suppress(StackError):  # SQS is away: whoever waits for the task will say so
                self._compare({message.message_id: message for message in peek(self._stack.sqs, self._stack.queue)})

    def _compare(self, now: dict[str, WaitingMessage]) -> None:
        ids = dict.fromkeys((*self._known, *now))
        events = [event for one in ids for event in _changes(self._known.get(one), now.get(one), time.time())]
        self._known = now
        for event in events:
            self._tell(event)
        self._told += events


def _changes(before: WaitingMessage | None, now: WaitingMessage | None, seen_at: float) -> Iterator[Event]:
    if before is None and now is not None:
        state = "visible" if now.is_visible else "in flight"
        text = f"{state}, receive count {now.receive_count}, {len(now.body.encode())} bytes:"
        yield replace(_event(now, "message", seen_at, text), detail=now.body)
    if now is None and before is not None:
        yield _event(before, ACKNOWLEDGED, seen_at, "no longer in the queue: acknowledged")


def _event(message: WaitingMessage, what: str, at: float, text: str) -> Event:
    return Event(at=at, source="SQS", what=what, text=text, about=_task_of(message.body))


def _task_of(body: str) -> str:
    try:
        return str(json.loads(body)["subject"])
    except (ValueError, KeyError, TypeError):
        return UNREADABLE

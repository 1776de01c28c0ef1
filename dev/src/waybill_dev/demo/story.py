"""Telling one task's way while it goes on."""

import time
from collections.abc import Callable
from typing import Any

from waybill_dev.demo.database import TASK, RowWatch
from waybill_dev.demo.event import Event, Events
from waybill_dev.demo.reading import Row, happened, shells_of
from waybill_dev.demo.running import RunningStack
from waybill_dev.demo.screen import Screen
from waybill_dev.errors import StackError

# Events of three sources come over three ways: after this long, all from before an instant are here.
_ALL_HERE_SECONDS = 0.15
_POLL_SECONDS = 0.02
LONGEST_SECONDS = 30


class Story:
    """What happens from `began_at` on, told in its order on the screen."""

    def __init__(self, screen: Screen, leave_out: frozenset[str] = frozenset()) -> None:
        self.events = Events()
        self.began_at = time.time()
        self.about = ""
        self._screen = screen
        self._leave_out = leave_out
        self._told_at = 0.0
        self._rests: tuple[float, float] | None = None

    def only_about(self, task_id: str) -> None:
        """Tell nothing of other tasks, which may be worked meanwhile."""
        self.about = task_id

    def until(self, is_over: Callable[[], bool], failed: Callable[[], str | None]) -> None:
        """Tell what comes until it is over. Raises StackError when it does not come to that."""
        while not is_over():
            if why := failed():
                raise _unseen(why)
            if time.time() > self._told_at + self._screen.pace_seconds:
                self._tell_first(before=time.time() - _ALL_HERE_SECONDS)
            if self._rests:
                self._screen.waiting(*self._rests)
            time.sleep(_POLL_SECONDS)

    def tell_the_rest(self) -> None:
        """Tell what happened until now and is not told yet."""
        time.sleep(_ALL_HERE_SECONDS)
        while self._tell_first(before=time.time()):
            time.sleep(self._screen.pace_seconds)

    def _tell_first(self, before: float) -> bool:
        event = self.events.take_first(before)
        if event is None:
            return False
        if event.waits_until:
            self._rests = (event.at, event.waits_until)
        elif self._rests and event.at > self._rests[1]:
            self._rests = None
        if event.what not in self._leave_out and event.about in (None, self.about):
            self._screen.event(event, self.began_at)
            self._told_at = time.time()
        return True


def _unseen(why: str) -> StackError:
    if "statement timeout" in why:
        return StackError(f"this had no end within {LONGEST_SECONDS} s: './justw logs' says why, and './justw status'")
    return StackError(f"PostgreSQL cannot be read: {why}; see './justw status'")


class TaskStory(Story):
    """The way of one task."""

    row: Row | None = None

    def follow(self, stack: RunningStack, task: dict[str, Any], is_over: Callable[[], bool] = lambda: True) -> Row:
        """Submit a task with a title of its own, tell its way to the end; its row, as it is then. Raises StackError."""
        # No id of a task that is made from now on is below this one: UUIDv7 begin with their millisecond.
        after = f"{int((time.time() - 1) * 1000):012x}{0:020x}"
        read = TASK.format(after=after, title=task["title"])
        with RowWatch(stack, read, self._row_read, LONGEST_SECONDS) as watch:
            self._submit(stack, task)
            self.until(lambda: self._row_is_final() and is_over(), lambda: watch.failed)
        assert self.row is not None
        return self.row

    def remark(self) -> None:
        """Say how long it took and who did it, after all else."""
        self.tell_the_rest()
        assert self.row is not None
        took_ms = (self.row["finished_at"] - self.began_at) * 1000
        shells = shells_of([attempt["worker"] for attempt in self.row["attempts"]])
        self._screen.remark(f"{self.row['status']} after {took_ms:.0f} ms, by {shells}")

    def _submit(self, stack: RunningStack, task: dict[str, Any]) -> None:
        self.began_at = time.time()
        text = f"/tasks as {task.get('kind', 'note.process')}: {task['title']}"
        self.events.add(Event(at=self.began_at, source="HTTP", what="POST", text=text))
        status, location = stack.submit(task)
        code, _, phrase = status.partition(" ")
        self.events.add(Event(at=time.time(), source="HTTP", what=code, text=f"{phrase}, Location {location}"))
        self.only_about(location.rpartition("/")[2])

    def _row_read(self, row: Row, seen_at: float) -> None:
        for event in happened(self.row, row, seen_at):
            self.events.add(event)
        self.row = row

    def _row_is_final(self) -> bool:
        return self.row is not None and self.row["finished_at"] is not None

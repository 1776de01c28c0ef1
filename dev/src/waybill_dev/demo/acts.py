"""The four acts of the demo."""

import secrets
import time
from typing import Any

from waybill_dev.demo.database import DEAD_LETTER, RowWatch
from waybill_dev.demo.event import Event
from waybill_dev.demo.messages import ACKNOWLEDGED, UNREADABLE, MessageWatch
from waybill_dev.demo.reading import Row, dead_letter
from waybill_dev.demo.receiver import receiver
from waybill_dev.demo.running import RunningStack
from waybill_dev.demo.screen import Screen
from waybill_dev.demo.story import LONGEST_SECONDS, Story, TaskStory
from waybill_dev.errors import StackError
from waybill_dev.ministack.sqs import call, depth

_POISON = "This is not a waybill."
# What every task has in common is told in the first act.
_TOLD_BEFORE = frozenset({"task row", "outbox row", "relay"})
_ACKNOWLEDGED_SECONDS = 2.0


def one_task(stack: RunningStack, screen: Screen) -> None:
    """Each step of one task's way."""
    screen.title("1  One task, from the POST to its result", "times in ms since the POST; nothing is paused for this")
    story = TaskStory(screen)
    with MessageWatch(stack, story.events.add) as messages:

        def is_settled() -> bool:
            ended_at = story.row["finished_at"] if story.row else time.time()
            return ACKNOWLEDGED in messages.told(story.about) or time.time() > ended_at + _ACKNOWLEDGED_SECONDS

        story.follow(stack, _task("Parcel", description="handed over by ./justw demo"), is_settled)
    story.events.add(_depth(stack))
    story.remark()
    if not messages.told(story.about):
        screen.remark("its message was received and deleted before it could be looked at")


def two_failures(stack: RunningStack, screen: Screen) -> None:
    """A webhook that fails twice and succeeds."""
    screen.title(
        "2  A webhook whose receiver answers 500 twice, then 200", "each wait is random: up to 2 s, then up to 4 s"
    )
    _deliver(stack, screen, [500, 500, 200])


def final_failure(stack: RunningStack, screen: Screen) -> None:
    """A webhook that is not worth another try."""
    screen.title("3  A webhook whose receiver answers 410 Gone", "trying again would be of no use, so it fails at once")
    _deliver(stack, screen, [410])


def poison(stack: RunningStack, screen: Screen) -> None:
    """A message that nobody can process, past the API into the queue."""
    screen.title("4  A message that is none of ours, straight into the queue", "times in ms since SendMessage")
    story = Story(screen)
    story.only_about(UNREADABLE)
    rows: list[Row] = []

    def row_read(row: Row, _seen_at: float) -> None:
        story.events.add(dead_letter(row))
        rows.append(row)

    with MessageWatch(stack, story.events.add) as messages:
        story.began_at = time.time()
        sent = call(stack.sqs, "SendMessage", {"QueueUrl": stack.queue, "MessageBody": _POISON})
        read = DEAD_LETTER.format(message_id=sent["MessageId"])
        with RowWatch(stack, read, row_read, LONGEST_SECONDS) as watch:
            story.until(lambda: bool(rows) and ACKNOWLEDGED in messages.told(UNREADABLE), lambda: watch.failed)
    story.events.add(_depth(stack))
    story.tell_the_rest()


def _deliver(stack: RunningStack, screen: Screen, statuses: list[int]) -> None:
    story = TaskStory(screen, _TOLD_BEFORE)
    with receiver(statuses, story.events.add) as url:
        payload = {"url": url, "body": {"parcel": "delivered"}}
        row = story.follow(stack, _task("Webhook", kind="webhook.deliver", payload=payload))
    story.remark()
    if row["error"] and "private networks are refused" in row["error"]["message"]:
        raise StackError("webhooks to loopback are refused here: set WAYBILL_WEBHOOK_ALLOW_PRIVATE=true, start again")


def _task(title: str, **fields: Any) -> dict[str, Any]:
    """A task whose title no other has, by which its row is found."""
    return {"title": f"{title} {secrets.token_hex(3).upper()}", **fields}


def _depth(stack: RunningStack) -> Event:
    counts = depth(stack.sqs, stack.queue)
    text = f"{counts.visible} visible, {counts.in_flight} in flight, {counts.delayed} delayed"
    return Event(at=time.time(), source="SQS", what="queue", text=text)

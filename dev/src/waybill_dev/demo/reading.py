"""From two readings of a task's row to what happened in between. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from waybill_dev.demo.event import Event, Source, Tone

_FROM: Source = "PostgreSQL"
_TONES: dict[str, Tone] = {"succeeded": "good", "completed": "good"}

Row = dict[str, Any]


def happened(before: Row | None, now: Row, seen_at: float) -> Iterator[Event]:
    """Events between two readings of a task, `before` being None at the first; `seen_at` is when `now` was read.

    Most carry the instant that PostgreSQL put on record; what leaves no record, the instant at which it was seen.
    """
    if before is None:
        yield _accepted(now)
    yield from _outbox(before["outbox"] if before else None, now["outbox"], seen_at)
    known = {attempt["fence"] for attempt in before["attempts"]} if before else set[int]()
    for attempt in now["attempts"]:
        if attempt["fence"] not in known:
            if before is None or before["fence"] < attempt["fence"]:
                yield _missed_claim(attempt)
            yield _attempt(attempt)
    if now["status"] == "processing" and (before is None or before["fence"] < now["fence"]):
        yield _claim(now)
    if now["finished_at"] is not None and (before is None or before["finished_at"] is None):
        yield _end(now)


def dead_letter(row: Row) -> Event:
    """The record of a message that nobody can process."""
    text = f"reason {row['reason']}, receive count {row['receive_count']}: {row['detail']}"
    return Event(at=row["recorded_at"], source=_FROM, what="dead letter", text=text, detail=row["body"], tone="good")


def shells_of(workers: list[str]) -> str:
    """Which shell of the processor, or which ones, the `worker` of each attempt was."""
    requests: dict[str, list[str]] = {}
    for worker in dict.fromkeys(workers):
        requests.setdefault(_shell_of(worker), []).append(worker.partition("/")[2])
    return " and ".join(shell + _requests(ids) for shell, ids in requests.items())


def _shell_of(worker: str) -> str:
    if "/" in worker:
        return f"Lambda function {worker.partition('/')[0]}"
    host, _, pid = worker.rpartition(":")
    return f"worker process {pid} on {host}"


def _requests(ids: list[str]) -> str:
    if not any(ids):
        return ""
    return f", request {ids[0]}" if len(ids) == 1 else f", {len(ids)} requests"


def _accepted(now: Row) -> Event:
    return Event(at=now["created_at"], source=_FROM, what="task row", text=f"{now['kind']}, pending", about=now["id"])


def _outbox(before: Row | None, now: Row | None, seen_at: float) -> Iterator[Event]:
    if now is None:
        if before is not None:
            text = "outbox row gone: message sent"
            yield Event(at=seen_at, source=_FROM, what="relay", text=text)
    elif before is None or before["dispatch"] != now["dispatch"]:
        is_handed = now["reason"] == "accept"  # to the relay in the API, which has it to itself for a while
        wait_seconds = 0.0 if is_handed else now["available_at"] - now["written_at"]
        due = f"due in {wait_seconds:.2f} s" if wait_seconds > 0.01 else "due at once"
        text = f"dispatch {now['dispatch']}, reason {now['reason']}, {due}"
        waits_until = now["available_at"] if wait_seconds > 0.01 else None
        what = "outbox row" if now["reason"] == "accept" else now["reason"]
        yield Event(at=now["written_at"], source=_FROM, what=what, text=text, waits_until=waits_until)


def _claim(now: Row) -> Event:
    of = f"attempt {now['attempt']} of {now['max_attempts']}"
    text = f"processing, fence {now['fence']}, {of}, lease {now['lease_seconds']:g} s, by {now['worker']}"
    return Event(at=now["claimed_at"], source=_FROM, what="claim", text=text)


def _missed_claim(attempt: Row) -> Event:
    text = f"fence {attempt['fence']}, attempt {attempt['attempt']}, by {attempt['worker']} (read off the attempt row)"
    return Event(at=attempt["started_at"], source=_FROM, what="claim", text=text)


def _attempt(attempt: Row) -> Event:
    took_ms = (attempt["finished_at"] - attempt["started_at"]) * 1000
    why = f": {attempt['error']['message']}" if attempt["error"] else ""
    return Event(
        at=attempt["finished_at"],
        source=_FROM,
        what="attempt row",
        text=f"attempt {attempt['attempt']} {attempt['outcome']} after {took_ms:.1f} ms{why}",
        tone=_TONES.get(attempt["outcome"], "bad"),
    )


def _end(now: Row) -> Event:
    word, document = ("result", now["result"]) if now["result"] is not None else ("error", now["error"])
    return Event(
        at=now["finished_at"],
        source=_FROM,
        what=now["status"],
        text=f"{word} {json.dumps(document, ensure_ascii=False)}",
        tone=_TONES.get(now["status"], "bad"),
    )

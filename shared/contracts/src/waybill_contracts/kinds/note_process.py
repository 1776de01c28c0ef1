"""`note.process`: turn a task's title and description into a sentence."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from ..payload import TaskPayload, TaskResult


class NoteProcessed(TaskResult):
    """The sentence, with the time of processing in it."""

    message: Annotated[
        str,
        Meta(examples=["Processed task 'Call' at 2026-11-23T13:46:49.464123+00:00 with description: at noon"]),
    ]
    processed_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(
            description="The time in the sentence, in UTC; null where an older processor left it out.",
            examples=["2026-11-23T13:46:49.464123Z"],
        ),
    ] = None


class ProcessNote(TaskPayload, kind="note.process", version=1, result=NoteProcessed):
    """How to word the sentence; title and description belong to every task, and the handler sees them."""

    include_description: Annotated[
        bool, Meta(description="Whether the sentence ends with the description.", examples=[True])
    ] = True
    utc_offset_minutes: Annotated[
        int,
        Meta(
            ge=-840,
            le=840,
            description="The time in the sentence is written at this offset, east of UTC.",
            examples=[60],
        ),
    ] = 0

"""`note.process`: turn a task's title and description into a sentence."""

from typing import Annotated

from msgspec import Meta

from ..payload import TaskPayload, TaskResult


class NoteProcessed(TaskResult):
    """The sentence, with the time of processing in it."""

    message: Annotated[
        str,
        Meta(examples=["Processed task 'Call' at 2026-11-23T13:46:49.464123+00:00 with description: at noon"]),
    ]


class ProcessNote(TaskPayload, kind="note.process", version=1, result=NoteProcessed):
    """Nothing of its own: title and description belong to every task, and the handler sees them."""

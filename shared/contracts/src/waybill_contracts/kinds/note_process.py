"""`note.process`: turn a task's title and description into a sentence."""

from ..payload import TaskPayload, TaskResult


class NoteProcessed(TaskResult):
    """The sentence, with the time of processing in it."""

    message: str


class ProcessNote(TaskPayload, kind="note.process", version=1, result=NoteProcessed):
    """Nothing of its own: title and description belong to every task, and the handler sees them."""

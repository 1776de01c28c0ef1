"""Handler of `note.process`: a task's title and description as a sentence."""

from datetime import UTC, datetime

from waybill_contracts.kinds.note_process import NoteProcessed, ProcessNote

from ..context import TaskContext


async def process_note(payload: ProcessNote, task: TaskContext) -> NoteProcessed:
    """Say that the task was processed, when, and with which description."""
    processed_at = datetime.now(UTC).isoformat()
    suffix = f" with description: {task.description}" if task.description else ""
    return NoteProcessed(message=f"Processed task '{task.title}' at {processed_at}{suffix}")

"""Handler of `note.process`: a task's title and description as a sentence."""

from datetime import UTC, datetime, timedelta, timezone

from waybill_contracts.kinds.note_process import NoteProcessed, ProcessNote

from ..context import TaskContext


async def process_note(payload: ProcessNote, task: TaskContext) -> NoteProcessed:
    """Say that the task was processed, when, and with which description."""
    processed_at = datetime.now(UTC)
    told_at = processed_at.astimezone(timezone(timedelta(minutes=payload.utc_offset_minutes))).isoformat()
    suffix = f" with description: {task.description}" if task.description and payload.include_description else ""
    return NoteProcessed(message=f"Processed task '{task.title}' at {told_at}{suffix}", processed_at=processed_at)

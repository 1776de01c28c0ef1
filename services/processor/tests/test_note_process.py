"""`note.process`: the sentence, and what its options do to it."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from waybill_contracts.kinds.note_process import NoteProcessed, ProcessNote
from waybill_processor.context import TaskContext
from waybill_processor.handlers.note_process import process_note

SENTENCE = re.compile(r"Processed task 'a title' at (\S+)( with description: .*)?")


async def processed(description: str | None = "a description", **options: object) -> NoteProcessed:
    async def no_transaction() -> object:
        raise AssertionError("the handler needs no transaction")

    task = TaskContext(
        task_id=uuid4(), kind="note.process", title="a title", description=description, attempt=1, max_attempts=8,
        created_at=datetime.now(UTC), open_transaction=no_transaction,
    )  # fmt: skip
    return await process_note(msgspec.convert(options, ProcessNote), task)


@pytest.mark.parametrize("description", ["a description", None, ""])
async def test_without_options_the_sentence_is_the_one_that_the_first_clients_read(description: str | None) -> None:
    result = await processed(description)
    ending = f" with description: {description}" if description else ""
    assert result.processed_at is not None
    assert result.message == f"Processed task 'a title' at {result.processed_at.isoformat()}{ending}"
    assert re.search(r"at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00", result.message)


async def test_the_description_can_be_left_out() -> None:
    found = SENTENCE.fullmatch((await processed(include_description=False)).message)
    assert found is not None
    assert found[2] is None


@pytest.mark.parametrize(("minutes", "written"), [(-840, "-14:00"), (-1, "-00:01"), (330, "+05:30"), (840, "+14:00")])
async def test_the_sentence_tells_the_time_at_the_offset_and_the_result_in_utc(minutes: int, written: str) -> None:
    result = await processed(utc_offset_minutes=minutes)
    found = SENTENCE.fullmatch(result.message)
    assert found is not None
    told = datetime.fromisoformat(found[1])
    assert (found[1].endswith(written), told) == (True, result.processed_at)
    assert result.processed_at is not None
    assert result.processed_at.utcoffset() == timedelta(0)


def test_a_result_of_an_older_processor_has_no_time_for_programs() -> None:
    assert msgspec.json.decode(b'{"message": "Processed"}', type=NoteProcessed).processed_at is None


@pytest.mark.parametrize("minutes", [-841, 841, 0.5, "60", None])
def test_an_offset_that_no_clock_has_is_refused(minutes: object) -> None:
    with pytest.raises(msgspec.ValidationError, match="utc_offset_minutes"):
        msgspec.convert({"utc_offset_minutes": minutes}, ProcessNote)

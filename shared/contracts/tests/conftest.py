"""Messages for the tests: one golden message, and every message that the relay can write."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import strategies as st
from waybill_contracts import task_requested

GOLDEN_TIME = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
GOLDEN_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def golden():
    """A message whose every field is fixed."""
    task_id = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    return task_requested(task_id, "note.process", 1, 3, GOLDEN_TIME, GOLDEN_TRACE)


def _writable_messages():
    word = st.from_regex(r"[a-z][a-z0-9_]{0,30}", fullmatch=True)
    return st.builds(
        task_requested,
        task_id=st.uuids(),
        kind=st.builds("{}.{}".format, word, word),
        payload_version=st.integers(1, 32767),
        dispatch=st.integers(1, 2**31 - 1),
        written_at=st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)),
        traceparent=st.none() | st.text(st.characters(codec="ascii"), max_size=128),
    )


@pytest.fixture
def writable_messages():
    """Strategy: any message that a relay can write out of an outbox row and its task."""
    return _writable_messages()

"""What each answer of a receiver means for the task."""

from datetime import UTC, datetime

import pytest
from waybill_processor.errors import Permanent, RetryAfter
from waybill_processor.handlers.webhook_answers import NotDelivered, refuse_unless_delivered, retry_after_seconds

NOW = datetime(2026, 10, 21, 7, 28, 0, tzinfo=UTC)


def judge(status_code: int, retry_after: str | None = None) -> None:
    refuse_unless_delivered(status_code, retry_after, "receiver.example", lambda: NOW)


@pytest.mark.parametrize("status_code", [200, 201, 202, 204, 299])
def test_any_2xx_counts_as_delivered(status_code: int) -> None:
    judge(status_code, "120")


@pytest.mark.parametrize("status_code", [408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again_by_policy(status_code: int) -> None:
    with pytest.raises(NotDelivered, match=rf"^receiver\.example answered {status_code}$"):
        judge(status_code)


@pytest.mark.parametrize("status_code", [429, 503, 409])
def test_what_may_pass_is_tried_again_when_the_receiver_says(status_code: int) -> None:
    with pytest.raises(RetryAfter, match=f"answered {status_code} and asks for another try after 120 s") as caught:
        judge(status_code, "120")
    assert caught.value.seconds == 120


@pytest.mark.parametrize("status_code", [301, 302, 303, 304, 307, 308])
def test_a_redirect_ends_the_task_and_says_why(status_code: int) -> None:
    with pytest.raises(Permanent, match=f"answered {status_code}: redirects are not followed"):
        judge(status_code, "120")


@pytest.mark.parametrize("status_code", [101, 400, 401, 403, 404, 405, 410, 413, 422, 451, 600, 999])
def test_every_other_answer_ends_the_task_whatever_it_asks_for(status_code: int) -> None:
    with pytest.raises(Permanent, match=rf"^receiver\.example answered {status_code}$"):
        judge(status_code, "120")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17.0),
        (" 17 ", 17.0),
        ("0", 1.0),
        ("86400", 3600.0),
        ("9" * 8000, 3600.0),
        ("Wed, 21 Oct 2026 07:30:00 GMT", 120.0),
        ("Wed, 21 Oct 2026 07:30:00", 120.0),
        ("Wednesday, 21-Oct-26 07:30:00 GMT", 120.0),
        ("Wed Oct 21 07:30:00 2026", 120.0),
        ("Wed, 21 Oct 2020 07:28:00 GMT", 1.0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 3600.0),
    ],
)
def test_retry_after_is_read_in_every_form_and_kept_within_bounds(header: str, seconds: float) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    [None, "", "soon", "-5", "1.5", "1e3", "٣", "²", "inf", "Wed, 99 Oct 2026 07:28:00 GMT", "21 Oct 99999999"],
)
def test_a_retry_after_that_cannot_be_read_leaves_the_delay_to_the_policy(header: str | None) -> None:
    assert retry_after_seconds(header, NOW) is None

"""An expected fault in one line."""

import pytest
from waybill_runtime.telemetry import describe


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError("connection\n  refused"), "OSError: connection refused"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("  "), "ValueError"),
    ],
)
def test_an_error_is_described_in_one_line_class_first(error, line):
    assert describe(error) == line

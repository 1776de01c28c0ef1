"""Logs of a process: each run here is a process, since logging is set up once for all of it."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging, threading, structlog
from waybill_runtime.telemetry import configure_logging

configure_logging("api", {log_format!r}, "info")
log = structlog.get_logger()
password = "s3cret-in-a-variable"
log.debug("task.unseen")
log.info("task.claimed", task_id="42", text="two\\nlines", odd=object(), raw=b"\\xff", lone="\\ud800")
try:
    raise ValueError("first\\nsecond")
except ValueError:
    log.exception("task.broke")
    logging.getLogger("library").exception("it %s", "broke")
logging.getLogger("library").info("of a\\nlibrary")
logging.getLogger("botocore").info("too much")
thread = threading.Thread(target=lambda: log.info("task.threaded"))
thread.start()
thread.join()
"""


@pytest.fixture(scope="module")
def json_log():
    """What the program writes to stderr, as JSON."""
    return run("json")


@pytest.fixture(scope="module")
def console_log():
    """What the program writes to stderr, for people."""
    return run("console")


def run(log_format):
    program = PROGRAM.format(log_format=log_format)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr


def test_json_logs_are_one_line_an_event_exceptions_and_libraries_included(json_log):
    events = [json.loads(line) for line in json_log.splitlines()]
    assert [event["event"] for event in events] == [
        "task.claimed",
        "task.broke",
        "it broke",
        "of a\nlibrary",
        "task.threaded",
    ]
    assert {event["service"] for event in events} == {"api"}
    assert all(event["timestamp"].endswith("Z") for event in events)
    assert [event["level"] for event in events] == ["info", "error", "error", "info", "info"]
    for broken in events[1:3]:
        assert broken["exception"].startswith("Traceback")
        assert "ValueError: first\nsecond" in broken["exception"]


def test_values_keep_their_names_and_what_json_cannot_hold_is_written_as_text(json_log):
    claimed = json.loads(json_log.splitlines()[0])
    assert (claimed["task_id"], claimed["text"], claimed["raw"]) == ("42", "two\nlines", "b'\\xff'")
    assert claimed["odd"].startswith("<object object")


def test_console_logs_are_readable_text_without_colours_when_nobody_watches(console_log):
    assert "task.claimed" in console_log
    assert "task_id=42" in console_log
    assert "ValueError: first" in console_log
    assert "\x1b[" not in console_log


def test_a_traceback_shows_no_values_of_variables(json_log, console_log):
    for log in (json_log, console_log):
        assert "Traceback" in log
        assert "s3cret-in-a-variable" not in log


def test_a_reader_of_the_log_that_goes_away_ends_nothing():
    program = PROGRAM.format(log_format="json") + "sys.stdout.write('came to its end')"
    program = program.replace("import logging,", "import sys, logging,") + "\n"
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stderr.close()
    with process:
        assert process.stdout.read() == "came to its end"

"""Settings: variables of the environment to a struct, or one line that says what to change."""

import os
import subprocess
import sys
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta
from waybill_runtime.settings import EXIT_BAD_SETTINGS, SettingsError, load_settings

ENTRY_POINT = """
import msgspec
from waybill_runtime.settings import load_settings_or_exit

class Settings(msgspec.Struct):
    database_url: str
    queue_url: str
    port: int = 8000

print(load_settings_or_exit(Settings))
"""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    database_url: Annotated[str, Meta(pattern="^postgresql://")]
    queue_url: str
    webhook_secret: Annotated[str, Meta(min_length=8)] = ""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    poll_seconds: Annotated[float, Meta(gt=0)] = 1.0
    relay: Literal["inside", "apart"] = "inside"
    allow_private: bool = False
    dead_letter_queue_url: str | None = None


COMPLETE = {"WAYBILL_DATABASE_URL": "postgresql://a:s3cret@b/c", "WAYBILL_QUEUE_URL": "https://q"}


def test_each_field_is_read_from_its_variable_and_the_rest_keeps_its_default():
    given = {**COMPLETE, "WAYBILL_PORT": "9000", "WAYBILL_ALLOW_PRIVATE": "true", "WAYBILL_POLL_SECONDS": "0.5"}
    read = load_settings(Settings, given)
    assert (read.port, read.allow_private, read.poll_seconds) == (9000, True, 0.5)
    assert read.database_url == COMPLETE["WAYBILL_DATABASE_URL"]
    assert (read.relay, read.dead_letter_queue_url) == ("inside", None)


def test_all_missing_variables_are_named_at_once():
    with pytest.raises(SettingsError, match=r"WAYBILL_DATABASE_URL, WAYBILL_QUEUE_URL must be set"):
        load_settings(Settings, {"WAYBILL_PORT": "1"})


def test_an_empty_variable_counts_as_absent():
    assert load_settings(Settings, {**COMPLETE, "WAYBILL_PORT": ""}).port == 8000
    with pytest.raises(SettingsError, match="WAYBILL_QUEUE_URL must be set"):
        load_settings(Settings, {**COMPLETE, "WAYBILL_QUEUE_URL": ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WAYBILL_PORT", "many"),
        ("WAYBILL_PORT", "65536"),
        ("WAYBILL_PORT", "-1"),
        ("WAYBILL_PORT", "80.5"),
        ("WAYBILL_POLL_SECONDS", "0"),
        ("WAYBILL_POLL_SECONDS", "nan"),
        ("WAYBILL_POLL_SECONDS", "soon"),
        ("WAYBILL_RELAY", "outside"),
        ("WAYBILL_ALLOW_PRIVATE", "perhaps"),
    ],
)
def test_a_wrong_value_is_shown_with_the_name_of_its_variable(name, value):
    with pytest.raises(SettingsError) as refused:
        load_settings(Settings, {**COMPLETE, name: value})
    assert str(refused.value).startswith(f"{name}: ")
    assert repr(value) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("WAYBILL_PORT", "many", "must be a whole number"),
        ("WAYBILL_POLL_SECONDS", "soon", "must be a number"),
        ("WAYBILL_RELAY", "outside", "must be one of inside, apart"),
        ("WAYBILL_ALLOW_PRIVATE", "perhaps", "must be true or false"),
    ],
)
def test_a_wrong_value_is_told_what_it_must_be(name, value, words):
    with pytest.raises(SettingsError, match=words):
        load_settings(Settings, {**COMPLETE, name: value})


@pytest.mark.parametrize("name", ["WAYBILL_DATABASE_URL", "WAYBILL_WEBHOOK_SECRET"])
def test_a_wrong_secret_is_named_but_not_shown(name):
    with pytest.raises(SettingsError, match=name) as refused:
        load_settings(Settings, {**COMPLETE, name: "s3cret"})
    assert "s3cret" not in str(refused.value)


def test_numbers_that_do_not_fit_together_are_refused_in_the_words_of_the_struct():
    class Pair(msgspec.Struct):
        lease_seconds: float = 45.0
        heartbeat_seconds: float = 10.0

        def __post_init__(self):
            if self.lease_seconds < self.heartbeat_seconds:
                raise ValueError("WAYBILL_LEASE_SECONDS is too short")

    with pytest.raises(SettingsError, match=r"^WAYBILL_LEASE_SECONDS is too short$"):
        load_settings(Pair, {"WAYBILL_LEASE_SECONDS": "5"})


def test_variables_of_others_are_left_alone():
    assert load_settings(Settings, {**COMPLETE, "WAYBILL_SOMETHING_ELSE": "1", "PORT": "1"}).port == 8000


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ["WAYBILL_DATABASE_URL", "WAYBILL_QUEUE_URL"]),
        ({"WAYBILL_DATABASE_URL": "x", "WAYBILL_QUEUE_URL": "y", "WAYBILL_PORT": "a\nb"}, ["WAYBILL_PORT"]),
    ],
)
def test_a_process_with_bad_settings_says_so_in_one_line_and_exits_with_78(given, names):
    done = run_entry_point(given)
    assert (done.returncode, done.stdout) == (EXIT_BAD_SETTINGS, "") == (78, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("bad settings: ")
    assert all(name in line for name in names)


def test_a_process_with_good_settings_reads_them_from_its_environment():
    done = run_entry_point({"WAYBILL_DATABASE_URL": "x", "WAYBILL_QUEUE_URL": "y"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "queue_url='y', port=8000" in done.stdout


def run_entry_point(given):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    return subprocess.run(
        [sys.executable, "-c", ENTRY_POINT], env={**clean, **given}, capture_output=True, text=True, check=False
    )

"""The parts of the stack by themselves."""

import asyncio
import os

import pytest
from waybill_dev.errors import BAD_SETTINGS, StackError
from waybill_dev.identity import birth_mark, lives
from waybill_dev.lock import Held, held_lock, holder_of
from waybill_dev.log.book import LogBook
from waybill_dev.log.pump import lines_of
from waybill_dev.log.terminal import prefixed
from waybill_dev.postgres import temporary_postgres
from waybill_dev.settings import read_env_file, unknown_variables
from waybill_dev.supervision.backoff import Backoff


def test_a_temporary_server_keeps_its_data_over_a_crash_and_leaves_nothing_at_its_end():
    with temporary_postgres() as server:
        server.execute("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('äöü')")
        server.kill()
        server.start()
        assert server.execute("SELECT word FROM kept") == "äöü"
        folder = server.cluster.folder
    assert not folder.exists()


def test_a_server_says_in_one_line_why_it_does_not_start():
    with pytest.raises(StackError) as raised, temporary_postgres(settings={"no_such": "1"}):
        pass
    assert str(raised.value) == 'PostgreSQL did not start: unrecognized configuration parameter "no_such"'


def test_a_statement_that_is_refused_raises_with_postgresqls_message():
    with (
        temporary_postgres() as server,
        pytest.raises(StackError, match="refused a statement: ERROR:  division by zero"),
    ):
        server.execute("SELECT 1/0")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another account")
def test_the_password_that_initdb_is_given_does_not_stay_in_a_file(stack):
    assert stack.run("migrate").returncode == 0
    assert not list(stack.home.glob("**/password.unfinished"))


def test_the_env_file_takes_comments_quotes_and_export(tmp_path):
    (tmp_path / ".env").write_text("\n# comment\nA=1 # why\nexport B='two words'\nC=\"#3\"\nD=\n")
    assert read_env_file(tmp_path / ".env") == {"A": "1", "B": "two words", "C": "#3", "D": ""}


def test_a_bad_line_of_the_env_file_is_named(tmp_path):
    (tmp_path / ".env").write_text("A=1\nnonsense\n")
    with pytest.raises(StackError, match="line 2 is not NAME=value") as raised:
        read_env_file(tmp_path / ".env")
    assert raised.value.exit_code == BAD_SETTINGS


def test_a_misspelt_variable_of_the_env_file_is_told_with_the_one_that_was_meant(tmp_path):
    (tmp_path / ".env.example").write_text("# Tasks at once.\n#WAYBILL_CONCURRENCY=50\n")
    (tmp_path / ".env").write_text("WAYBILL_CONCURENCY=5\nWAYBILL_CONCURRENCY=5\nWAYBILL_ZZZ=1\nOTHER=1\n")
    assert unknown_variables(tmp_path) == [
        ".env: WAYBILL_CONCURENCY is no setting; is it WAYBILL_CONCURRENCY?",
        ".env: WAYBILL_ZZZ is no setting",
    ]


def test_a_lock_is_free_again_when_its_holder_has_gone(tmp_path):
    path = tmp_path / "lock"
    with held_lock(path):
        assert holder_of(path) == os.getpid()
        with pytest.raises(Held), held_lock(path):
            pass
    assert holder_of(path) is None


def test_a_process_is_not_taken_for_another_with_its_id():
    mark = birth_mark(os.getpid())
    assert lives(os.getpid(), mark)
    assert not lives(os.getpid(), f"{mark}0")
    assert not lives(os.getpid(), None)


def test_waits_grow_and_begin_anew_after_a_long_run():
    backoff = Backoff()
    assert [backoff.after(1.0) for _ in range(6)] == [0.5, 1, 2, 4, 8, 10]
    assert backoff.after(31.0) == 0.5


async def test_a_line_longer_than_the_buffer_comes_in_pieces():
    stream = asyncio.StreamReader()
    stream.feed_data(b"short\r\n" + b"x" * 200_000 + b"\nlast")
    stream.feed_eof()
    lines = [line async for line in lines_of(stream)]
    assert lines[0] == "short"
    assert "".join(lines[1:-1]) == "x" * 200_000
    assert lines[-1] == "last"


def test_the_log_file_holds_no_colours_and_a_full_disk_loses_lines_only(tmp_path):
    log = LogBook(tmp_path / "log", tmp_path / "old", None)
    log.write("api", "\x1b[31mred\x1b[0m")
    assert (tmp_path / "log").read_text() == "api      | red\n"
    log._file.close()  # no line can be written from here on
    log.write("api", "lost")
    assert log.tail("api")[-1] == "lost"


def test_a_line_on_the_terminal_leaves_out_the_day_and_the_services_name():
    line = "2026-11-23T13:53:36.562319Z [info     ] api.seen port=8000 service=api task_id=7"
    assert prefixed("api", line, coloured=False) == "api      | 13:53:36.562 [info     ] api.seen port=8000 task_id=7"

import pytest

from benchmarks.ceilings.postgres import id_prefix
from benchmarks.cli import main
from benchmarks.growth.command import growth_parser
from benchmarks.growth.fill import BATCH, DAYS, finished_sql
from benchmarks.growth.half_load import hot_percent, with_latencies


def test_a_part_that_there_is_not_is_told_in_one_line(capsys):
    assert main(["growth", "--parts", "finished,lost"]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("bench: no part is called lost: take some of finished, waiting, looks")
    assert told.err.count("\n") == 1


def test_adding_to_growth_that_was_not_measured_is_told_in_one_line(capsys, tmp_path):
    assert main(["growth", "--add", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("arguments", "rows"), [([], (0, 1_000_000, 10_000_000)), (["--rows", "0,5"], (0, 5))])
def test_rows_are_numbers_with_commas_between(arguments, rows):
    assert growth_parser().parse_args(arguments).rows == rows


def test_finished_tasks_are_spread_over_the_days_and_each_is_accepted_claimed_and_completed():
    statement = finished_sql(2_000_000_000.0, 100 * BATCH, range(50 * BATCH, 52 * BATCH))
    assert statement.count("INSERT INTO tasks") == statement.count("DELETE FROM outbox;") == 2
    halfway = id_prefix(2_000_000_000.0 - DAYS * 86_400 / 2)
    assert halfway in statement
    assert f"lpad(to_hex(({51 * BATCH})" in statement
    assert f"lpad(to_hex(({52 * BATCH})" not in statement


def test_updates_that_touch_no_index_are_told_as_a_share():
    assert hot_percent({"tasks_updates": 200, "tasks_hot_updates": 150}) == 75.0
    assert hot_percent({"tasks_updates": 0, "tasks_hot_updates": 0}) is None


def test_a_sample_has_the_latencies_of_the_tasks_that_came_since_the_one_before():
    samples = with_latencies([{"seconds": 10.0}, {"seconds": 20.0}], 100.0, [(101.0, 4.0), (112.0, 8.0), (113.0, 9.0)])
    assert [(one["p50_ms"], one["p99_ms"]) for one in samples] == [(4.0, 4.0), (8.0, 9.0)]

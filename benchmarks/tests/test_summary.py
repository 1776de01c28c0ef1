from benchmarks.report.summary import Summary, medians_of
from benchmarks.report.table import page
from benchmarks.rig.summary import median, medians, percentile, ratio


def round_of(number, **figures):
    return {"round": number, "commit": "abc", "calibration_ms": 30.0, **figures}


FOUND = {
    "waybill": {
        "accept": [round_of(1, per_second=8000.0, api_cpu_ms=0.1), round_of(2, per_second=6000.0, api_cpu_ms=0.3)],
        "drain": [round_of(1, per_second=4000.0, worker_cpu_ms=0.2, never=0)],
    },
    "pgqueuer": {"accept": [round_of(1, per_second=1750.0, api_cpu_ms=0.5)]},
    "celery": {"accept": [round_of(1, per_second=500.0, api_cpu_ms=1.5)]},
    "ceilings": {"http_no_database": [round_of(1, per_second=10_000.0, cpu_ms=0.1)]},
}
BENCH = {
    "command": "./justw bench",
    "began": "2026-01-01T00:00:00Z",
    "machine": {"cores": 2, "processor": "one", "memory_gib": 8.0, "kernel": "6", "python": "3.11"},
    "sizes": {"drained_tasks": 5000, "steady_per_second": 20.0},
    "found": FOUND,
}


def test_a_percentile_is_the_smallest_value_that_so_many_do_not_pass():
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, share) for share in (1, 50, 99, 100)] == [1.0, 50.0, 99.0, 100.0]
    assert percentile([7.0], 99) == 7.0
    assert percentile([], 50) is None


def test_a_median_passes_over_what_was_not_measured():
    assert median([None, 3.0, 1.0]) == 2.0
    assert median([None]) is None


def test_medians_are_taken_of_numbers_only():
    rounds = [{"rate": 1, "how": "fast", "by": {"a": 1}}, {"rate": 4.0, "late": 2}]
    assert medians(rounds) == {"rate": 2.5, "late": 2}


def test_a_ratio_to_nothing_is_nothing():
    assert ratio(3.0, 2.0) == 1.5
    assert ratio(3.0, None) is None
    assert ratio(3.0, 0.0) is None
    assert ratio(None, 2.0) is None


def test_we_are_compared_with_the_best_of_the_others_and_with_the_ceiling():
    summary = Summary(medians_of(FOUND))
    assert summary.against_best_peer("accept", "per_second", most=True) == 4.0
    assert summary.against_best_peer("accept", "api_cpu_ms", most=False) == 0.4
    assert summary.share_of("accept", "per_second", "http_no_database", "per_second") == 0.7


def test_the_cpu_of_a_task_is_that_of_accepting_and_of_draining_it():
    summary = Summary(medians_of(FOUND))
    assert summary.cpu_ms_per_task("waybill") == {"API": 0.2, "worker": 0.2, "PostgreSQL": 0.0, "queue": 0.0}
    assert summary.cpu_ms_per_task("pgqueuer") is None


def test_the_page_has_a_line_for_each_system_that_was_measured_and_none_for_others():
    told = page(BENCH, Summary(medians_of(FOUND)))
    assert "Medians of 2 interleaved rounds" in told
    assert "| pgqueuer | 1,750 | - | - | 0.500 |" in told
    assert "| **waybill / best other** | **4.00** |" in told
    assert "| waybill-api without a database | 10,000 | 0.100 | accept | 70% |" in told
    assert "original" not in told.partition("## Accept")[2]
    assert "## POST to completed" not in told

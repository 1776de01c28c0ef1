import pytest

from benchmarks.growth.simulation import Step, capacity, cells_capacity, simulate, waiting_md1

ONE = [Step("server", 0.01)]


def test_at_low_load_nobody_waits():
    found = simulate(0.1, {"server": 1}, [Step("server", 0.01), Step(None, 0.02)], tasks=2000)
    assert found.p50_ms == pytest.approx(30, rel=1e-6)
    assert found.p99_ms < 40


@pytest.mark.parametrize("servers", [1, 2, 8])
def test_a_station_is_as_busy_as_its_rate_times_its_service_a_server(servers):
    rate = 60 * servers
    found = simulate(rate, {"server": servers}, ONE, tasks=40_000)
    assert found.busy["server"] == pytest.approx(rate * 0.01 / servers, rel=0.03)


@pytest.mark.parametrize("rate", [30, 60, 80])
def test_before_one_server_tasks_wait_as_long_as_the_formula_says(rate):
    found = simulate(rate, {"server": 1}, ONE, tasks=60_000, seed=3)
    assert found.mean_ms / 1000 == pytest.approx(0.01 + waiting_md1(rate, 0.01), rel=0.05)


def test_above_its_capacity_a_station_lets_through_what_it_can():
    found = simulate(200, {"server": 1}, ONE, tasks=5000)
    assert found.per_second == pytest.approx(100, rel=0.02)


def test_the_fullest_station_is_the_capacity_and_visits_add_up():
    steps = [Step("api", 0.001), Step("postgres", 0.002), Step("worker", 0.001), Step("postgres", 0.002)]
    assert capacity({"api": 1, "worker": 1, "postgres": 2}, steps) == (pytest.approx(500), "postgres")


def test_a_seed_fixes_a_run():
    assert simulate(50, {"server": 1}, ONE, tasks=1000) == simulate(50, {"server": 1}, ONE, tasks=1000)


def test_cells_end_with_the_one_that_has_most():
    assert cells_capacity(100, [1, 1, 1, 1]) == 400
    assert cells_capacity(100, [4, 2, 1, 1]) == 200

import pytest

from benchmarks.cli import known_systems, main
from benchmarks.rig.errors import BenchError
from benchmarks.rig.places import ROOT
from benchmarks.rig.tools import need_programs


def test_a_system_that_there_is_not_is_told_in_one_line(capsys):
    assert main(["--systems", "waybill,rq"]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("bench: no system is called rq: take some of waybill, original, celery, pgqueuer")
    assert told.err.count("\n") == 1


def test_adding_to_results_that_there_are_not_is_told_in_one_line(capsys, tmp_path):
    assert main(["--add", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("name", ["waybill", "original", "celery", "pgqueuer"])
def test_the_settings_of_a_system_are_stated_beside_it(name):
    folder = ROOT / "benchmarks/systems" / name
    assert (folder / "SETTINGS.md").read_text().startswith(f"# {name}\n")
    assert str(known_systems()[name].settings["stated in"]) == f"benchmarks/systems/{name}/SETTINGS.md"


@pytest.mark.parametrize("name", ["original", "celery", "pgqueuer"])
def test_what_a_system_asks_for_is_in_its_lock_in_that_version(name):
    folder = ROOT / "benchmarks/systems" / name
    locked = (folder / "requirements.lock").read_text()
    for asked in (folder / "requirements.in").read_text().split():
        package, version = asked.split("==")
        assert f"{package.partition('[')[0]}=={version} " in locked


def test_a_missing_program_is_told_with_the_package_that_brings_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(BenchError, match="wrk missing: install wrk"):
        need_programs(["wrk"], print)

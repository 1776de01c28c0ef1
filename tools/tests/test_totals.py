"""Several pytest runs, one truth: what the last line of `just test` says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.runs import Run, Runs
from tools.workspace import ROOT, WorkspaceError


@pytest.fixture
def run(tmp_path: Path):
    (tmp_path / "pytest.ini").touch()

    def run_pytest(source: str, *options: str) -> tuple[int, str, str]:
        module = tmp_path / f"test_{len(list(tmp_path.glob('*.py')))}.py"
        module.write_text(source)
        command = [sys.executable, "-m", "pytest", "-p", "tools.totals", f"--rootdir={tmp_path}", *options, str(module)]
        command += ["-c", str(tmp_path / "pytest.ini"), "-p", "no:cacheprovider"]
        # Other plugins are of no matter here and take seconds to import.
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stdout.strip().splitlines()[-1].strip("= ")

    return run_pytest


PASSES = "def test_a(): pass\n"
FAILS = "def test_b():\n    assert 1 == 2, 'one is not two'\n"
SKIPS = "import pytest\n@pytest.mark.skip\ndef test_c(): pass\n"


def test_the_last_summary_counts_all_runs(run, tmp_path: Path) -> None:
    record = f"--record-reports={tmp_path / '1.jsonl'}"
    run(PASSES, record)
    run(PASSES + SKIPS, record)
    code, _, last_line = run(PASSES, f"--add-reports={tmp_path}")
    assert code == 0
    assert last_line.startswith("3 passed, 1 skipped in ")


def test_a_failure_of_an_earlier_run_is_shown_again_and_fails_the_last_one(run, tmp_path: Path) -> None:
    run(PASSES + FAILS, f"--record-reports={tmp_path / '1.jsonl'}", "--run-label=PostgreSQL 15")
    code, output, last_line = run(PASSES, f"--add-reports={tmp_path}")
    assert code == 1
    assert last_line.startswith("1 failed, 2 passed in ")
    assert "one is not two" in output
    assert "test_b on PostgreSQL 15" in output


@pytest.mark.parametrize(
    "broken",
    [
        "import nothing_of_this_name\n",
        "import pytest\n@pytest.fixture\ndef f(): raise OSError\ndef test_d(f): pass\n",
        "import pytest\n@pytest.fixture\ndef f():\n    yield\n    raise OSError\ndef test_e(f): pass\n",
    ],
    ids=["import", "setup", "teardown"],
)
def test_an_error_of_an_earlier_run_fails_the_last_one(run, tmp_path: Path, broken: str) -> None:
    run(broken, f"--record-reports={tmp_path / '1.jsonl'}")
    code, _, last_line = run(PASSES, f"--add-reports={tmp_path}")
    assert code == 1
    assert "1 error" in last_line


def test_a_run_that_crashed_counts_as_a_failure(run, tmp_path: Path) -> None:
    Runs([], tmp_path).crashed("services/api", "pytest ended with exit code 3", tmp_path / "1.jsonl")
    code, output, last_line = run(PASSES, f"--add-reports={tmp_path}")
    assert code == 1
    assert last_line.startswith("1 failed, 1 passed in ")
    assert "services/api" in output


def test_a_run_without_any_test_counts_as_a_failure(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").touch()
    runs = Runs([], tmp_path)
    runs.perform(Run("services/api", lambda: Path(sys.executable), [str(tmp_path), f"--rootdir={tmp_path}"], {}))
    (line,) = [line for path in tmp_path.glob("*.jsonl") for line in path.read_text().splitlines()]
    assert "pytest ended with exit code 5" in line


def test_a_package_whose_environment_cannot_be_made_counts_as_a_failure(tmp_path: Path) -> None:
    def fails() -> Path:
        raise WorkspaceError("uv is missing")

    Runs([], tmp_path).perform(Run("services/api", fails, [], {}))
    (line,) = [line for path in tmp_path.glob("*.jsonl") for line in path.read_text().splitlines()]
    assert "uv is missing" in line


def test_a_last_run_without_tests_of_its_own_still_sums_up(run, tmp_path: Path) -> None:
    run(PASSES, f"--record-reports={tmp_path / '1.jsonl'}")
    code, _, last_line = run("", f"--add-reports={tmp_path}")
    assert code == 0
    assert last_line.startswith("1 passed in ")

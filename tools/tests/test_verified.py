"""What a green run of the contracts' tests notes for can-i-deploy, and which runs note nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.contracts.chain import Views
from tools.contracts.history import History
from tools.contracts.verified import pairs_with_today, write_verified
from tools.workspace import ROOT

CONFTEST = """
from pathlib import Path
from tests.contract.verification import Verification
here = Path(__file__).parent
def pytest_configure(config):
    config.pluginmanager.register(Verification([here / "one", here / "two"], (here / "noted").touch))
"""
GREEN = "import pytest\n\ndef test_a(): pass\n\n@pytest.mark.parametrize('n', [])\ndef test_of_none(n): pass\n"


def notes(folder: Path, *words: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, f"--rootdir={folder}", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run([*command, *words], cwd=folder, env=environment, capture_output=True, check=False)
    return (folder / "noted").exists()


@pytest.fixture
def session(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for name in ("one", "two", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"test_{name}.py").write_text(GREEN)
    return tmp_path


def test_a_green_run_of_all_of_it_is_noted(session: Path) -> None:
    assert notes(session, "one", "two")


@pytest.mark.parametrize(
    "words",
    [
        ["one"],
        ["one", "two/test_two.py::test_a"],
        ["one", "two", "-k", "not of_none"],
        ["one", "two", "--deselect", "two/test_two.py::test_a"],
        ["one", "two", "--ignore", "two/test_two.py"],
        ["one", "two", "--collect-only"],
        ["elsewhere"],
    ],
)
def test_a_part_of_it_is_not(session: Path, words: list[str]) -> None:
    assert not notes(session, *words)


@pytest.mark.parametrize(
    "more",
    [
        "def test_b(): assert False",
        "def test_b(): pytest.skip('not now')",
        "@pytest.mark.xfail\ndef test_b(): assert False",
        "@pytest.mark.skip\ndef test_b(): pass",
    ],
)
def test_nor_is_a_run_in_which_a_test_did_not_pass(session: Path, more: str) -> None:
    with (session / "two/test_two.py").open("a") as tests:
        tests.write(f"\n{more}\n")
    assert not notes(session, "one", "two")


def test_a_test_elsewhere_that_is_skipped_leaves_the_contracts_verified(session: Path) -> None:
    (session / "elsewhere/test_elsewhere.py").write_text("import pytest\n\n@pytest.mark.skip\ndef test_b(): pass\n")
    assert notes(session)


def test_the_pairs_are_those_with_today_on_either_side() -> None:
    today = {"a.v1": Views("w2", "r2"), "b.v1": Views("w", "r")}
    released = [{"a.v1": Views("w1", "r1"), "dropped.v1": Views("w", "r")}]
    assert pairs_with_today(today, released) == [
        ("a.v1", "w1", "r2"),
        ("a.v1", "w2", "r1"),
        ("a.v1", "w2", "r2"),
        ("b.v1", "w", "r"),
    ]


def test_what_is_noted_is_what_can_i_deploy_reads(tmp_path: Path) -> None:
    write_verified(History.load(), tmp_path / ".tools/verified.json")
    pairs = json.loads((tmp_path / ".tools/verified.json").read_text())
    assert {len(pair) for pair in pairs} == {3}
    assert "task.requested.v1" in {contract for contract, *_ in pairs}

"""justw as a user meets it: a checkout, a PATH with little on it, a registry played by a fake python3."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.workspace import ROOT

NEEDED = (
    "sh",
    "readlink",
    "env",
    "dirname",
    "sed",
    "awk",
    "mkdir",
    "mv",
    "rm",
    "grep",
    "tail",
    "cat",
    "sleep",
    "chmod",
    "kill",
)
FAKE_TOOL = """#!/bin/sh
[ "$1" = --version ] && {{ echo "{name} {version}"; exit; }}
echo "{name} {version}: $*; UV=$UV; in $PWD"
"""
# Answers as Python does: new enough, with pip, which "installs" both tools after $PIP_SECONDS, or fails like pip.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
    "-c import sys"*) exit 0 ;;
    "-c import ensurepip"*) exit 1 ;;
    "-m pip --version") [ -z "$NO_PIP" ]; exit ;;
esac
[ -z "$PIP_FAILS" ] || { echo "WARNING: Retrying" >&2; echo "ERROR: $PIP_FAILS" >&2; exit 1; }
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/bin"
sleep "${PIP_SECONDS:-0}"
cp_tools "$2/bin"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "check out"
    (folder / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "justw", folder / "justw")
    (folder / "tools" / "requirements.lock").write_text("rust-just==1.59.0 \\\n    --hash=x\nuv==0.13.9 \\\n")
    (folder / "justfile").touch()
    return folder


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NEEDED:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    return folder


def add_program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def add_tool(folder: Path, name: str, version: str) -> None:
    add_program(folder, name, FAKE_TOOL.format(name=name, version=version))


def add_python(folder: Path, tmp_path: Path) -> None:
    wares = tmp_path / "wares"
    wares.mkdir()
    add_tool(wares, "uv", "0.13.9")
    add_tool(wares, "just", "1.59.0")
    add_program(folder, "python3", FAKE_PYTHON)
    add_program(folder, "cp_tools", f'#!/bin/sh\n{shutil.which("cp")} {wares}/* "$1"\n')


@pytest.fixture
def start(checkout: Path, programs: Path, tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    def start_justw(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(checkout / "justw"), *arguments],
            cwd=tmp_path,
            env={"PATH": str(programs), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )

    return start_justw


def heed_interrupts() -> None:
    """Whoever started the tests in the background may have them, and all they start, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def outcome(process: "subprocess.Popen[str]") -> tuple[int, str, list[str]]:
    output, errors = process.communicate(timeout=30)
    return process.returncode, output, errors.splitlines()


def test_it_runs_just_from_the_root_of_the_checkout_with_the_arguments_as_typed(start, checkout, programs) -> None:
    add_tool(programs, "uv", "0.11.0")
    add_tool(programs, "just", "1.40.0")
    code, output, errors = outcome(start("up", "two words"))
    assert (code, errors) == (0, [])
    assert f"--justfile {checkout}/justfile --working-directory {checkout} up two words;" in output
    assert f"UV={programs}/uv;" in output


def test_it_finds_its_checkout_through_a_link(checkout, programs, tmp_path) -> None:
    add_tool(programs, "uv", "0.13.9")
    add_tool(programs, "just", "1.59.0")
    (tmp_path / "link").symlink_to("check out/justw")
    shown = subprocess.run([tmp_path / "link"], env={"PATH": str(programs)}, capture_output=True, text=True, check=True)
    assert f"--working-directory {checkout};" in shown.stdout


def test_it_fetches_both_tools_once_where_they_are_missing(start, checkout, programs, tmp_path) -> None:
    add_python(programs, tmp_path)
    code, output, errors = outcome(start())
    assert (code, errors) == (0, ["justw: fetching uv 0.13.9 and just 1.59.0 from PyPI into .tools/ (once)"])
    assert f"UV={checkout}/.tools/uv-0.13.9/uv;" in output
    assert outcome(start()) == (0, output, [])


def test_a_tool_on_the_path_that_is_too_old_is_passed_over(start, programs, tmp_path) -> None:
    add_python(programs, tmp_path)
    add_tool(programs, "uv", "0.9.30")
    add_tool(programs, "just", "1.40.0")
    code, output, _ = outcome(start())
    assert code == 0
    assert output.startswith("just 1.40.0")
    assert ".tools/uv-0.13.9/uv" in output


def test_without_python_it_says_what_to_install(start) -> None:
    code, _, errors = outcome(start())
    assert code == 1
    assert errors == ["justw: needs Python 3.11 or newer on PATH: install python3 (or uv, which brings its own)"]


def test_without_pip_and_venv_it_says_what_to_install(start, programs, tmp_path) -> None:
    add_python(programs, tmp_path)
    code, _, errors = outcome(start(NO_PIP="1"))
    assert code == 1
    assert errors == [
        f"justw: {programs}/python3 has neither venv nor pip: install python3-venv (or uv and just) and run this again"
    ]


def test_without_a_network_it_ends_with_one_line_and_leaves_nothing_behind(start, checkout, programs, tmp_path) -> None:
    add_python(programs, tmp_path)
    code, _, errors = outcome(start(PIP_FAILS="No matching distribution found for uv==0.13.9"))
    assert code == 1
    assert errors[1:] == [
        "justw: PyPI did not give uv 0.13.9 and just 1.59.0: check the network or proxy, or install both yourself "
        "(ERROR: No matching distribution found for uv==0.13.9)"
    ]
    assert list((checkout / ".tools").iterdir()) == []


def test_a_checkout_that_cannot_be_written_is_named(start, checkout, programs, tmp_path) -> None:
    add_python(programs, tmp_path)
    (checkout / ".tools").write_text("not a folder: root may write into any")
    code, _, errors = outcome(start())
    assert code == 1
    assert errors == [f"justw: cannot write to {checkout}/.tools: run this as the owner of the checkout"]


async def test_after_a_kill_in_the_middle_the_next_run_fetches_again_and_sweeps(
    start, checkout, programs, tmp_path, until
) -> None:
    add_python(programs, tmp_path)
    killed = start(PIP_SECONDS="60")
    await until(lambda: list((checkout / ".tools").glob("fetching.*/got/bin")))
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert list((checkout / ".tools").glob("fetching.*"))
    assert outcome(start())[0] == 0
    assert sorted(path.name for path in (checkout / ".tools").iterdir()) == ["just-1.59.0", "uv-0.13.9"]


async def test_an_interrupted_run_leaves_nothing_behind(start, checkout, programs, tmp_path, until) -> None:
    add_python(programs, tmp_path)
    interrupted = start(PIP_SECONDS="60")
    await until(lambda: list((checkout / ".tools").glob("fetching.*/got/bin")))
    os.killpg(interrupted.pid, signal.SIGINT)
    assert outcome(interrupted)[0] == 130
    assert list((checkout / ".tools").iterdir()) == []


def test_two_first_runs_at_once_both_succeed(start, checkout, programs, tmp_path) -> None:
    add_python(programs, tmp_path)
    runs = [start(PIP_SECONDS="0.3") for _ in range(4)]
    assert [outcome(run)[0] for run in runs] == [0, 0, 0, 0]
    assert sorted(path.name for path in (checkout / ".tools").iterdir()) == ["just-1.59.0", "uv-0.13.9"]

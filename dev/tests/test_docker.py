"""`up docker`: it becomes `docker compose up`, or says in one line why not. The docker of these tests is a script."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from waybill_dev.checkout import checkout_folder

UP = [sys.executable, "-m", "waybill_dev.main", "up", "docker"]
WITHOUT = "'./justw up' runs the same without Docker"


@pytest.fixture
def start(tmp_path: Path):
    """`start(docker, *options)`: the script is the body of `docker`, None for a machine that has none."""

    def run(docker: str | None, *options: str) -> "subprocess.CompletedProcess[str]":
        if docker is not None:
            (tmp_path / "docker").write_text(f"#!/bin/sh\n{docker}\n")
            (tmp_path / "docker").chmod(0o755)
        environment = {**os.environ, "PATH": str(tmp_path), "WAYBILL_API_PORT": "8123"}
        return subprocess.run(
            [*UP, *options], env=environment, cwd=checkout_folder(), capture_output=True, text=True, check=False
        )

    return run


def test_it_becomes_docker_compose_up(start):
    done = start('[ "$2" = version ] || [ "$1" = info ] || echo "$@"', "--detach")
    assert done.returncode == 0
    said, ran = done.stdout.splitlines()
    assert "http://localhost:8123;" in said
    assert ran == f"compose --project-directory={checkout_folder()} up --build --detach"


def test_its_exit_code_is_that_of_compose(start):
    assert start('[ "$2" = version ] || [ "$1" = info ] || exit 17').returncode == 17


def test_without_the_zip_of_the_function_it_says_what_makes_it(start, monkeypatch, tmp_path):
    (tmp_path / "checkout" / "dev").mkdir(parents=True)
    (tmp_path / "checkout" / "dev" / "pyproject.toml").write_text('name = "waybill-dev"')
    monkeypatch.setattr(sys.modules[__name__], "checkout_folder", lambda: tmp_path / "checkout")
    done = start("exit 0", "--lambda")
    assert done.returncode == 1
    assert "./justw package processor aws --arch" in done.stderr


@pytest.mark.parametrize(
    ("docker", "line"),
    [
        (None, f"docker is not installed: install it with its compose plugin; {WITHOUT}"),
        ("exit 1", f"this docker has no compose plugin: install docker-compose-plugin; {WITHOUT}"),
        (
            '[ "$2" = version ] || { echo "Cannot connect to the Docker daemon." >&2; exit 1; }',
            f"the Docker engine does not answer (Cannot connect to the Docker daemon.): start it; {WITHOUT}",
        ),
    ],
    ids=["no docker", "no compose", "no engine"],
)
def test_what_is_missing_is_named_in_one_line(start, docker: str | None, line: str):
    done = start(docker)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"waybill: {line}\n")


def test_the_option_for_containers_is_refused_elsewhere():
    done = subprocess.run([*UP[:-1], "--lambda"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == "waybill: --lambda goes with docker: './justw up lambda' needs none\n"

"""The demo on a stack that `up` started: what it tells is what happened."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^ *(\d+\.\d)  (HTTP|PostgreSQL|SQS) +(\S+(?: \S+)?)  +(.+)$", re.MULTILINE)
WAY = ["POST", "task row", "outbox row", "202", "message", "relay", "claim", "completed", "attempt row", "deleted"]
RETRIED = ["POST", "202", *2 * ["claim", "receiver", "retry", "attempt row"], "claim", "receiver", "completed"]


@dataclass(frozen=True)
class Running:
    """A stack with ports and a home of its own, in one of its forms."""

    environment: dict[str, str]
    form: str

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [Path(sys.executable).with_name("waybill-dev"), *words]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def task(self, task_id: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.environment['WAYBILL_API_PORT']}/tasks/{task_id}"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as answer:
            return json.load(answer)


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


@pytest.fixture(scope="module", params=["worker", "lambda"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    ports = {"WAYBILL_API_PORT": free_port(), "WAYBILL_AWS_PORT": free_port()}
    home = {"WAYBILL_HOME": str(tmp_path_factory.mktemp("demo") / "home")}
    running = Running({**os.environ, **ports, **home}, request.param)
    try:
        started = running.run("up", running.form, "--detach")
        assert started.returncode == 0, started.stderr
        yield running
    finally:
        running.run("down")
        running.run("reset", "--yes")


@pytest.fixture(scope="module")
def told(running: Running) -> list[str]:
    """The acts of one demo, as a program reads them."""
    shown = running.run("demo")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "\x1b" not in shown.stdout
    return re.split(r"\n  (?=\d  |What)", shown.stdout)[1:]


def steps(act: str) -> list[str]:
    return [what for _ms, _source, what, _text in LINE.findall(act)]


def task_of(act: str) -> str:
    return re.findall(r"Location /tasks/(\S+)", act)[0]


def test_each_step_of_a_tasks_way_is_told_with_its_time(running: Running, told: list[str]):
    lines = LINE.findall(told[0])
    assert sorted(steps(told[0])) == sorted([*WAY, "queue"])
    times = [float(ms) for ms, *_ in lines]
    assert times == sorted(times)
    order = {what: position for position, what in enumerate(steps(told[0]))}
    path = ["POST", "task row", "outbox row", "claim", "completed", "deleted", "queue"]
    assert sorted(path, key=order.__getitem__) == path
    assert "0 visible, 0 in flight, 0 delayed" in lines[-1][-1]


def test_the_message_is_told_as_it_stood_in_the_queue(told: list[str]):
    [message] = re.findall(r"^ *\d+\.\d  SQS +message  .+\n((?: {20,}.+\n)+)", told[0], re.MULTILINE)
    body = re.sub(r"\n? {20,}", "", message)
    assert json.loads(body)["data"]["task_id"] == task_of(told[0])


def test_a_task_that_fails_twice_is_told_attempt_by_attempt(running: Running, told: list[str]):
    assert sorted(steps(told[1])) == sorted([*RETRIED, "attempt row"])
    task = running.task(task_of(told[1]))
    assert (task["status"], task["attempt"]) == ("completed", 3)


def test_a_task_that_fails_for_good_is_told_with_its_error(running: Running, told: list[str]):
    assert "failed" in steps(told[2])
    task = running.task(task_of(told[2]))
    assert (task["status"], task["attempt"], task["error"]["code"]) == ("failed", 1, "permanent")
    assert task["error"]["message"] in told[2]


def test_a_poison_message_is_told_with_its_record(told: list[str]):
    told_of = [what for what in steps(told[3]) if what != "queue"]
    assert sorted(told_of) == ["dead letter", "deleted", "message"]  # it can be recorded before it is seen waiting
    assert told_of[-1] == "deleted"
    assert "reason not_json" in told[3]


def test_each_act_says_which_shell_worked(running: Running, told: list[str]):
    shell = "Lambda function waybill-processor, "
    if running.form == "worker":
        worker = json.loads(running.run("status", "--json").stdout)["processes"]["worker"]["pid"]
        shell = f"worker process {worker} on {socket.gethostname()}\n"
    assert all(f" ms, by {shell}" in act for act in told[:3])


def test_a_database_that_is_away_is_said_in_one_line(running: Running):
    status = json.loads(running.run("status", "--json").stdout)
    os.kill(status["supervisor_pid"], signal.SIGSTOP)  # so that it is not started again
    try:
        os.kill(status["processes"]["postgres"]["pid"], signal.SIGKILL)
        refused = running.run("demo")
    finally:
        os.kill(status["supervisor_pid"], signal.SIGCONT)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "PostgreSQL cannot be read" in refused.stderr

"""A running stack: what it does when a part dies, what it shows, what it refuses."""

import os
import signal
import sys
from pathlib import Path

import pytest
from waybill_dev.ministack import queue_url
from waybill_dev.ministack.sqs import call


def test_a_service_that_dies_is_started_again(running):
    worker = running.pids()["worker"]
    os.kill(worker, signal.SIGKILL)
    running.await_output("worker runs again")
    assert "worker was ended by SIGKILL; it starts again in 0.5 s" in running.output()
    assert running.pids()["worker"] != worker
    assert running.status()["processes"]["worker"]["restarts"] == 1


def test_the_queues_are_there_again_after_ministack_died(running):
    os.kill(running.pids()["ministack"], signal.SIGKILL)
    running.await_output("ministack runs again")
    assert running.status()["queues"] == {"visible": 0, "in_flight": 0, "delayed": 0, "dead": 0}


def test_postgresql_comes_back_with_its_data_after_it_died(running):
    running.sql("INSERT INTO kept VALUES ('committed')")
    os.kill(running.pids()["postgres"], signal.SIGKILL)
    running.await_output("postgres runs again")
    assert running.sql("SELECT word FROM kept") == "committed"


def test_the_status_tells_what_registered_and_what_is_held(running):
    """The stand-ins do neither."""
    shown = running.status()
    assert (shown["versions"], shown["tasks"]) == ({}, {"waiting": 0, "held": 0})
    lines = running.run("status").stdout.splitlines()
    assert lines[-2:] == [
        "  tasks     0 waiting, 0 held for a processor that reads them",
        "  versions  nothing has registered yet",
    ]


def test_logs_are_those_of_the_service_asked_for(running):
    shown = running.run("logs", "worker").stdout
    assert "worker.started" in shown
    assert "False" in shown, "a profile of the user's own AWS account reached the worker"
    assert "api listens" not in shown
    unknown = running.run("logs", "wroker")
    assert unknown.stderr.splitlines() == [
        "waybill: there is no service 'wroker': one of postgres, ministack, api, worker, lambda, migrate, deploy, stack"
    ]


def test_peeking_at_the_queue_receives_nothing(running):
    endpoint = running.status()["addresses"]["SQS"]
    call(endpoint, "SendMessage", {"QueueUrl": queue_url(endpoint), "MessageBody": "look at me"})
    for _ in range(2):
        shown = running.run("queue", "peek").stdout
        assert "look at me" in shown
        assert "received 0 times" in shown
    assert running.status()["queues"]["visible"] == 1


def test_a_second_up_is_refused_in_one_line(running):
    refused = running.run("up")
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        f"waybill: the stack of {running.home} is already running (process {running.started[0].pid}): "
        "'./justw status' shows it, './justw down' ends it"
    ]


def test_reset_is_refused_while_the_stack_runs(running):
    refused = running.run("reset", "--yes")
    assert refused.returncode == 1
    assert "is already running" in refused.stderr


def test_every_port_is_open_on_loopback_alone(running):
    listening = Path("/proc/net/tcp")
    if sys.platform != "linux":
        pytest.skip("reads /proc/net/tcp")
    ours = [running.api_port, int(running.environment["WAYBILL_AWS_PORT"])]
    ours.append(int(running.status()["addresses"]["database"].rsplit(":", 1)[1].split("/")[0]))
    sockets = [line.split()[1].split(":") for line in listening.read_text().splitlines()[1:] if line.split()[3] == "0A"]
    assert {(address, int(port, 16)) for address, port in sockets if int(port, 16) in ours} == {
        ("0100007F", port) for port in ours
    }

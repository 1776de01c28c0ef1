"""The stack as its user starts, watches and ends it."""

import os
import signal

from waybill_dev.identity import birth_mark
from waybill_dev.waiting import wait_until


def test_up_runs_everything_until_ctrl_c_and_leaves_no_process(stack):
    process = stack.start_until_ready()
    shown = stack.run("status")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    pids = [process.pid, *stack.pids().values()]
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0, stack.output()
    assert not any(birth_mark(pid) for pid in pids)
    assert "AWS_PROFILE" not in stack.output()


def test_data_survives_a_restart_on_the_same_ports(stack):
    stack.run("up", "--detach")
    stack.sql("INSERT INTO kept VALUES ('still here')")
    before = stack.status()["addresses"]
    assert stack.run("down").returncode == 0
    assert stack.run("status").returncode == 3
    assert stack.run("up", "--detach").returncode == 0
    assert stack.sql("SELECT word FROM kept") == "still here"
    assert stack.status()["addresses"] == before


def test_a_service_that_dies_is_started_again(stack):
    stack.start_until_ready()
    worker = stack.pids()["worker"]
    os.kill(worker, signal.SIGKILL)
    stack.await_output("worker runs again")
    assert "worker was ended by SIGKILL; it starts again in 0.5 s" in stack.output()
    assert stack.pids()["worker"] != worker
    assert stack.status()["processes"]["worker"]["restarts"] == 1


def test_the_queues_are_there_again_after_ministack_died(stack):
    stack.start_until_ready()
    os.kill(stack.pids()["ministack"], signal.SIGKILL)
    stack.await_output("ministack runs again")
    assert stack.status()["queues"] == {"visible": 0, "in_flight": 0, "delayed": 0, "dead": 0}


def test_postgresql_comes_back_with_its_data_after_it_died(stack):
    stack.start_until_ready()
    stack.sql("INSERT INTO kept VALUES ('committed')")
    os.kill(stack.pids()["postgres"], signal.SIGKILL)
    stack.await_output("postgres runs again")
    assert stack.sql("SELECT word FROM kept") == "committed"


def test_two_checkouts_run_side_by_side(make_stack):
    one, other = make_stack("one"), make_stack("other")
    assert one.run("up", "--detach").returncode == 0
    assert other.run("up", "--detach").returncode == 0
    one.sql("INSERT INTO kept VALUES ('mine')")
    assert other.sql("SELECT count(*) FROM kept") == "0"
    assert one.run("down").returncode == 0
    assert other.run("status").returncode == 0


def test_a_killed_supervisor_takes_every_process_along(stack):
    process = stack.start_until_ready()
    pids = list(stack.pids().values())
    process.kill()
    process.wait()
    assert wait_until(lambda: not any(birth_mark(pid) for pid in pids), timeout_seconds=10)


def test_logs_are_those_of_the_service_asked_for(stack):
    assert stack.run("up", "--detach").returncode == 0
    shown = stack.run("logs", "worker").stdout
    assert "worker.started" in shown
    assert "False" in shown, "a profile of the user's own AWS account reached the worker"
    assert "api listens" not in shown
    unknown = stack.run("logs", "wroker")
    assert unknown.stderr.splitlines() == [
        "waybill: there is no service 'wroker': one of postgres, ministack, api, worker, migrate, stack"
    ]


def test_peeking_at_the_queue_receives_nothing(stack):
    from waybill_dev.ministack import queue_url
    from waybill_dev.ministack.sqs import call

    assert stack.run("up", "--detach").returncode == 0
    endpoint = stack.status()["addresses"]["SQS"]
    call(endpoint, "SendMessage", {"QueueUrl": queue_url(endpoint), "MessageBody": "look at me"})
    for _ in range(2):
        shown = stack.run("queue", "peek").stdout
        assert "look at me" in shown
        assert "received 0 times" in shown
    assert stack.status()["queues"]["visible"] == 1


def test_migrate_starts_the_database_for_itself_and_ends_it(stack):
    done = stack.run("migrate", "0001")
    assert done.returncode == 0, done.stderr
    assert "migrated to 0001" in done.stdout
    assert stack.run("status").returncode == 3

"""The stack as its user starts, watches and ends it."""

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


def test_migrate_starts_the_database_for_itself_and_ends_it(stack):
    done = stack.run("migrate", "0001")
    assert done.returncode == 0, done.stderr
    assert "migrated to 0001" in done.stdout
    assert stack.run("status").returncode == 3

"""What goes wrong on a developer's machine: one clear line, or the stack recovers by itself."""

import json
import os
import signal
import socket
import subprocess

import pytest
from waybill_dev.account import server_account
from waybill_dev.identity import birth_mark
from waybill_dev.postgres.cluster import data_folder
from waybill_dev.waiting import wait_until


def only_line(done: "subprocess.CompletedProcess[str]") -> str:
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("variable", "family", "address"),
    [
        ("WAYBILL_API_PORT", socket.AF_INET, "127.0.0.1"),
        ("WAYBILL_API_PORT", socket.AF_INET6, "::1"),
        ("WAYBILL_AWS_PORT", socket.AF_INET, "0.0.0.0"),
        ("WAYBILL_POSTGRES_PORT", socket.AF_INET, "127.0.0.1"),
    ],
)
def test_a_port_that_is_taken_is_named_with_its_variable(stack, variable, family, address):
    with socket.socket(family) as taken:
        taken.bind((address, 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = stack.run("up", "--detach", **{variable: str(port)})
    assert refused.returncode == 1
    assert only_line(refused) == (
        f"waybill: port {port} is taken by another program: end it, or set {variable} to a free port"
    )


def test_a_port_that_is_no_port_is_a_bad_setting(stack):
    refused = stack.run("up", WAYBILL_API_PORT="80OO")
    assert refused.returncode == 78
    assert only_line(refused) == "waybill: WAYBILL_API_PORT must be a port between 1 and 65535, and it is '80OO'"


def test_a_relay_apart_which_the_stack_would_not_run_is_refused(stack):
    refused = stack.run("up", WAYBILL_RELAY="apart")
    assert refused.returncode == 78
    assert "remove WAYBILL_RELAY=apart" in only_line(refused)


def test_after_a_kill_the_next_up_starts_at_once(stack):
    killed = stack.start_until_ready()
    killed.kill()
    killed.wait()
    assert stack.run("status").returncode == 3
    assert stack.run("up", "--detach").returncode == 0


def test_processes_that_a_killed_run_left_behind_are_ended_first(stack):
    """Where the kernel does not end them, as on macOS: stood in for by a process that only the state file knows."""
    stack.run("up", "--detach")
    stack.run("down")
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as left:
        state = json.loads((stack.home / "state.json").read_text())
        record = {"pid": left.pid, "mark": birth_mark(left.pid), "started_at": 0.0, "restarts": 0, "ready": True}
        other = {"pid": os.getpid(), "mark": "another boot/12345", "started_at": 0.0, "restarts": 0, "ready": True}
        (stack.home / "state.json").write_text(json.dumps({**state, "processes": {"api": record, "worker": other}}))
        shown = stack.run("up", "--detach")
        assert shown.returncode == 0, "the process with a reused id, this one, was spared"
        assert "ended 1 processes that an earlier run left behind" in shown.stdout
        assert left.wait(5) == -signal.SIGINT


def test_an_initdb_that_was_killed_is_begun_again(stack):
    process = stack.start()
    data = data_folder(stack.home / "postgres")
    unfinished = data.with_name("data.unfinished")
    assert wait_until(unfinished.exists, timeout_seconds=20)
    process.kill()
    process.wait()
    assert not data.exists()
    assert stack.run("up", "--detach").returncode == 0
    assert not unfinished.exists()


def test_passwords_that_a_killed_start_did_not_set_are_set_by_the_next(stack):
    stack.run("migrate")  # makes the roles and sets no passwords
    assert stack.run("up", "--detach").returncode == 0
    assert "migrated to" in stack.run("logs", "migrate").stdout


def test_a_stale_pid_file_of_postgresql_that_names_another_program_does_no_harm(stack):
    stack.run("up", "--detach")
    stack.run("down")
    pid_file = data_folder(stack.home / "postgres") / "postmaster.pid"
    with subprocess.Popen(["sleep", "600"], user=(os.geteuid() and None) or _server_user()) as other:
        pid_file.write_text(f"{other.pid}\n")
        assert stack.run("up", "--detach").returncode == 0
        assert other.poll() is None
        other.kill()


def _server_user() -> int | None:
    account = server_account()
    return account.user_id if account else None


def test_a_service_that_fails_at_its_start_ends_the_start_with_its_last_line(stack):
    failed = stack.run("up", "--detach", STAND_IN_API_FAILS="yes")
    assert failed.returncode == 1
    first, *tail = failed.stderr.splitlines()
    assert first == "waybill: api ended with 1 at its start: bad settings: WAYBILL_SOMETHING must be set"
    assert any(line.startswith("  api ") for line in tail)
    assert stack.run("status").returncode == 3


def test_a_service_that_is_not_installed_is_named(stack):
    (stack.checkout / ".venv/bin/waybill-worker").unlink()
    refused = stack.run("up", "--detach")
    assert refused.returncode == 1
    folder = stack.checkout / ".venv/bin"
    assert only_line(refused) == (
        f"waybill: waybill-worker is not installed in {folder}: './justw setup' brings .venv up to date"
    )


def test_a_missing_uv_is_named_when_ministack_is_to_be_installed(stack):
    (stack.checkout / ".tools").unlink()
    refused = stack.run("up", "--detach", PATH="/nowhere", UV="")
    assert refused.returncode == 1
    assert only_line(refused) == (
        "waybill: uv is missing, which installs MiniStack: start with ./justw, or set UV to the path of uv"
    )


def test_a_half_installed_ministack_is_installed_anew(stack, tools_folder):
    """A stand-in for uv, which copies instead of fetching: what is tested is that the torn folder is not believed."""
    (stack.checkout / ".tools").unlink()
    name = next(path.name for path in tools_folder.glob("ministack-*") if path.is_dir())
    torn = stack.checkout / ".tools" / name
    torn.mkdir(parents=True)
    (torn / "half").touch()
    fake_uv = stack.checkout / "uv"
    fake_uv.write_text(f'#!/bin/sh\n[ "$2" = venv ] || exit 0\ncp -R "{tools_folder / name}" "{torn}"\n')
    fake_uv.chmod(0o755)
    done = stack.run("up", "--detach", UV=str(fake_uv))
    assert done.returncode == 0, done.stderr
    assert "first start: fetching MiniStack" in done.stdout
    assert not (torn / "half").exists()


def test_a_home_that_cannot_be_written_is_named(stack):
    refused = stack.run("up", WAYBILL_HOME="/proc/nowhere")
    assert refused.returncode == 1
    assert only_line(refused).startswith(
        "waybill: cannot write to /proc/nowhere (No such file or directory): make room"
    )


def test_reset_removes_everything_and_wants_a_word_of_consent(stack):
    stack.run("migrate")
    assert only_line(stack.run("reset")) == "waybill: reset removes every task in the database: say --yes"
    assert stack.run("reset", "--yes").returncode == 0
    assert not stack.home.exists()
    assert not data_folder(stack.home / "postgres").parent.exists()


def test_the_env_file_of_the_checkout_is_read_and_the_environment_wins(stack):
    (stack.checkout / ".env").write_text('# mine\nexport WAYBILL_HOME="elsewhere"  \nWAYBILL_API_PORT=1\n')
    assert stack.run("up", "--detach").returncode == 0
    assert (stack.checkout / "elsewhere/state.json").exists()
    assert str(stack.api_port) in stack.status()["addresses"]["API"]
    assert stack.run("down").returncode == 0
    assert stack.run("reset", "--yes").returncode == 0


def test_data_of_another_postgresql_and_lost_passwords_are_named(stack):
    assert stack.run("migrate").returncode == 0
    data = data_folder(stack.home / "postgres")
    (data / "PG_VERSION").write_text("17\n")
    assert only_line(stack.run("migrate")).startswith(
        f"waybill: the data in {data} was written by PostgreSQL 17 and this is 18: remove it with './justw reset'"
    )
    (stack.home / "passwords.json").unlink()
    assert only_line(stack.run("migrate")).startswith(f"waybill: {stack.home}/passwords.json is missing or broken")

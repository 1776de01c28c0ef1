"""can-i-deploy against a real database, with what real processes registered there."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stack.processes import Until
from tests.stack.stack import Stack

ROOT = Path(__file__).parents[2]
WAITING = """
INSERT INTO tasks (id, kind, payload_version, title, payload, held_at)
VALUES (gen_random_uuid(), $1, 1, 'waits', '{}', $2)
"""
REGISTERED = "SELECT instance, service, version, expires, stopped_at FROM service_instances ORDER BY instance"
NARROWED = {"reads": "payload.webhook.deliver.v1", "writes": "result.webhook.deliver.v1"}


class Asked:
    """The command in a checkout of its own: this one's services, and what was verified there."""

    def __init__(self, checkout: Path, database_url: str) -> None:
        self.checkout = checkout
        self.environment = {**os.environ, "WAYBILL_MIGRATIONS_DATABASE_URL": database_url}
        for folder in ("dev", "services", "shared/contracts/released", ".tools"):
            (checkout / folder).mkdir(parents=True)
        (checkout / "dev/pyproject.toml").write_text('name = "waybill-dev"')

    async def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "waybill_dev.main", "can-i-deploy", *words]
        how: dict[str, Any] = {"cwd": self.checkout, "env": self.environment, "capture_output": True, "text": True}
        return await asyncio.to_thread(subprocess.run, command, **how, check=False, timeout=60)

    async def answer(self, *words: str) -> tuple[int, dict[str, Any]]:
        done = await self.run(*words, "--json")
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def manifest(self, service: str) -> dict[str, Any]:
        told = subprocess.check_output([sys.executable, "-m", f"waybill_{service}.manifest"], text=True)
        return json.loads(told)

    def verify(self, *manifests: dict[str, Any]) -> None:
        """As a green test-contracts does it."""
        pairs = [
            [name, digest, reader["reads"][name]]
            for writer in manifests
            for reader in manifests
            for name, digest in writer["writes"].items()
            if name in reader["reads"]
        ]
        (self.checkout / ".tools/verified.json").write_text(json.dumps(pairs))

    def keep(self, manifest: dict[str, Any]) -> None:
        """A release, as `just release` keeps it."""
        folder = self.checkout / "services" / manifest["service"] / "released" / manifest["version"]
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def asked(tmp_path: Path, database: Any) -> Asked:
    return Asked(tmp_path / "checkout", database.url("waybill_owner"))


@pytest.fixture
def narrowed(asked: Asked) -> dict[str, Any]:
    """A kept release of the processor, 9.0.0, that has dropped a version; all its pairs are verified."""
    manifest = asked.manifest("processor")
    manifest["version"] = "9.0.0"
    for view, contract in NARROWED.items():
        del manifest[view][contract]
    asked.keep(manifest)
    asked.verify(manifest, asked.manifest("api"), asked.manifest("processor"))
    return manifest


async def test_a_processor_that_dropped_a_version_is_refused_while_it_waits_and_not_after_it_has_drained(
    asked: Asked, narrowed: dict[str, Any], database: Any
):
    owner = await database.connect("waybill_owner")
    for held_at in (None, None, "now"):
        moment = None if held_at is None else await owner.fetchval("SELECT now()")
        await owner.execute(WAITING, "webhook.deliver", moment)
    done = await asked.run("processor", "--rollback-to", "9.0.0")
    assert done.returncode == 1, done.stderr
    [no] = [line for line in done.stdout.splitlines() if line.startswith("  NO")]
    assert no.split(maxsplit=2)[1] == "payload.webhook.deliver.v1"
    assert "in flight: 2 waiting, 1 held → processor@9.0.0" in no
    assert done.stdout.splitlines()[-1].startswith("no: processor@9.0.0 may not be deployed")

    await owner.execute("UPDATE tasks SET status = 'cancelled', finished_at = now()")
    done = await asked.run("processor", "--rollback-to", "9.0.0")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "yes: processor@9.0.0 may be deployed")


async def test_what_runs_registers_itself_and_is_asked_about(
    asked: Asked, narrowed: dict[str, Any], stack: Stack, until: Until
) -> None:
    [worker] = await stack.start()

    async def both() -> list[Any]:
        rows = await stack.records.rows(REGISTERED)
        return rows if len(rows) == 2 else []

    api_row, worker_row = await until(both, within_seconds=30)
    assert (api_row["service"], worker_row["service"]) == ("api", "processor")
    assert api_row["instance"].startswith("api ")
    assert worker_row["instance"].endswith(f":{worker.pid}")

    code, answer = await asked.answer("processor")
    assert (code, answer["ok"]) == (0, True), answer
    running = ", ".join(f"{name}@{asked.manifest(name)['version']} (1)" for name in ("api", "processor"))
    assert answer["notes"] == [f"live: {running}"]
    code, answer = await asked.answer("processor", "--rollback-to", "9.0.0")
    refused = [(row["subject"], row["reason"]) for row in answer["rows"] if not row["ok"]]
    assert (code, refused) == (1, [("payload.webhook.deliver.v1", "not read by processor@9.0.0")])

    (asked.checkout / ".tools/verified.json").unlink()
    code, answer = await asked.answer("api")
    assert code == 1
    assert {row["reason"] for row in answer["rows"] if not row["ok"]} == {"never tested"}

    worker.send(signal.SIGTERM)
    await until(lambda: not worker.is_running, within_seconds=20)
    assert [row["stopped_at"] is None for row in await stack.records.rows(REGISTERED)] == [True, False]
    assert (await asked.answer("api"))[0] == 0


async def test_a_worker_that_is_silent_for_ten_minutes_is_not_asked_about_and_a_function_always_is(
    asked: Asked, narrowed: dict[str, Any], database: Any
):
    owner = await database.connect("waybill_owner")
    register = """INSERT INTO service_instances (instance, service, version, manifest, expires, last_seen_at)
        VALUES ($1, 'processor', '9.0.0', $2, $3, now() - interval '11 minutes')"""
    await owner.execute(register, "worker gone:1", json.dumps(narrowed), True)
    assert (await asked.answer("api"))[0] == 0
    await owner.execute(register, "function f", json.dumps(narrowed), False)
    code, answer = await asked.answer("api")
    refused = [(row["subject"], row["reason"]) for row in answer["rows"] if not row["ok"]]
    assert (code, refused) == (1, [("payload.webhook.deliver.v1", "not read by processor@9.0.0")])
    done = await asked.run("api", "--forget", "function f")
    assert done.returncode == 0, done.stdout
    done = await asked.run("api", "--forget", "function f")
    assert done.stderr == "waybill: no instance is named 'function f'; there are: worker gone:1\n"


async def test_what_cannot_be_asked_is_one_line(asked: Asked, narrowed: dict[str, Any]):
    done = await asked.run("processor", "--rollback-to", "7.0.0")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no processor 7.0.0 is kept in " in done.stderr
    assert done.stderr.endswith("there are: 9.0.0\n")
    assert (await asked.run("worker")).returncode == 2
    verified = asked.checkout / ".tools/verified.json"
    verified.write_text('[["payload.note')
    done = await asked.run("api")
    assert (done.returncode, done.stderr) == (
        1,
        f"waybill: {verified} is damaged: make it anew with './justw test-contracts'\n",
    )
    asked.environment["WAYBILL_MIGRATIONS_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    done = await asked.run("api")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("waybill: the database cannot be asked what runs: ")
    del asked.environment["WAYBILL_MIGRATIONS_DATABASE_URL"]
    done = await asked.run("api")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)


async def test_a_database_that_was_never_migrated_is_a_no(asked: Asked, empty_database: Any):
    asked.environment["WAYBILL_MIGRATIONS_DATABASE_URL"] = empty_database.url("waybill_owner")
    code, answer = await asked.answer("api")
    assert code == 1
    assert [(row["subject"], row["writer"]) for row in answer["rows"]] == [("database", "never migrated")]


async def test_messages_of_dead_letters_are_in_flight_while_their_tasks_are_unfinished(
    asked: Asked, narrowed: dict[str, Any], database: Any
):
    owner = await database.connect("waybill_owner")
    await owner.execute(WAITING, "note.process", None)
    await owner.execute(
        """INSERT INTO dead_letters (message_id, reason, detail, body, origin, receive_count, task_id)
        SELECT 'm', 'invalid_data', '', convert_to('{"type": "waybill.task.requested.v7"}', 'UTF8'),
            'dead_letter_queue', 10, id FROM tasks"""
    )
    await owner.execute(
        """INSERT INTO published_versions (message_type, kind, payload_version, last_published_at)
        VALUES ('waybill.task.requested.v8', 'a.b', 1, now() - interval '13 days'),
            ('waybill.task.requested.v9', 'a.b', 1, now() - interval '15 days')"""
    )
    code, answer = await asked.answer("processor")
    assert code == 1
    assert [row["subject"] for row in answer["rows"] if not row["ok"]] == ["task.requested.v8", "task.requested.v7"]


async def test_a_contract_revision_waits_for_the_instances_that_it_would_break(
    asked: Asked, narrowed: dict[str, Any], database: Any
):
    versions = asked.checkout / "migrations/src/waybill_migrations/versions"
    versions.mkdir(parents=True)
    (versions / "0099_contract.py").write_text('revision = "0099"\ndown_revision = "0004"\nneeds = {"api": "9.0.0"}\n')
    owner = await database.connect("waybill_owner")
    manifest = json.dumps({**asked.manifest("api"), "version": "8.10.0"})
    register = "INSERT INTO service_instances (instance, service, version, manifest) VALUES ($1, 'api', '8.10.0', $2)"
    await owner.execute(register, "api host:1", manifest)
    deploy = [sys.executable, "-m", "waybill_dev.main", "deploy", "migrations"]
    how: dict[str, Any] = {"cwd": asked.checkout, "env": asked.environment, "capture_output": True, "text": True}
    refused = await asyncio.to_thread(subprocess.run, deploy, **how, check=False, timeout=60)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "revision 0099 needs api 9.0.0 or newer, and 'api host:1' is api@8.10.0" in refused.stderr
    await owner.execute("UPDATE service_instances SET stopped_at = now()")
    assert (await asyncio.to_thread(subprocess.run, deploy, **how, check=False, timeout=60)).returncode == 0

"""API and worker as processes, on a database and a queue of their own, for the length of a block."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waybill_dev.ministack import MiniStack
from waybill_dev.postgres import PostgresServer, temporary_postgres
from waybill_dev.process import Command, end
from waybill_dev.waiting import wait_until

from tools.servers import SETTINGS, TEMPLATE, make_template
from tools.workspace import ROOT, WorkspaceError

START_SECONDS = 30.0
STOP_SECONDS = 10.0
API = (str(Path(sys.executable).with_name("waybill-api")),)
WORKER = (sys.executable, "-m", "tools.fuzzing.worker")


@dataclass(frozen=True)
class Running:
    """What runs: where it answers, its database as superuser, its logs."""

    url: str
    database_url: str
    logs: tuple[Path, ...]

    def logged_errors(self) -> list[str]:
        """Lines of the logs that no request should have brought about."""
        lines = [line for log in self.logs for line in log.read_text().splitlines()]
        return [
            line for line in lines if not line.startswith("{") or json.loads(line)["level"] in ("error", "critical")
        ]


@contextmanager
def running_api() -> Generator[Running]:
    """An API whose tasks are worked. All its processes are gone at the end. Raises WorkspaceError, StackError."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waybill-fuzz-")))
        postgres = stack.enter_context(temporary_postgres(settings=SETTINGS))
        make_template(postgres)
        sqs = stack.enter_context(MiniStack(folder / "sqs"))
        sqs.create_queues()
        logs = folder / "api.log", folder / "worker.log"
        stack.enter_context(
            _started(WORKER, _environment("waybill_processor", postgres, sqs), logs[1], "worker.started")
        )
        listening = stack.enter_context(
            _started(API, _environment("waybill_api", postgres, sqs), logs[0], "api.listening")
        )
        url = f"http://{listening['host']}:{listening['port']}"
        yield Running(url, postgres.url(database=TEMPLATE), logs)


def _environment(role: str, postgres: PostgresServer, sqs: MiniStack) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT),
        **sqs.environment(),
        "WAYBILL_API_PORT": "0",
        "WAYBILL_RECEIVE_WAIT_SECONDS": "1",  # a stop takes as long
        "WAYBILL_QUEUE_URL": sqs.queue_url(),
        "WAYBILL_DATABASE_URL": postgres.url(role, TEMPLATE),
        "WAYBILL_RELAY_DATABASE_URL": postgres.url("waybill_relay", TEMPLATE),
    }


@contextmanager
def _started(argv: tuple[str, ...], environment: Mapping[str, str], log: Path, event: str) -> Generator[dict[str, Any]]:
    """A process; the value is the line of its log with which it says that it serves."""
    with log.open("ab") as output:
        process = Command(argv, environment, log.parent).spawn(output)
    try:
        yield _line(process, log, event)
    finally:
        end(process, signal.SIGTERM, STOP_SECONDS)


def _line(process: "subprocess.Popen[bytes]", log: Path, event: str) -> dict[str, Any]:
    def seen() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]

    wait_until(lambda: bool(seen()) or process.poll() is not None, timeout_seconds=START_SECONDS)
    found = seen()
    if not found:
        raise WorkspaceError(f"the {log.stem} did not start: {log.read_text()[-2000:]}")
    return found[0]

"""MiniStack as a process of ours: SQS on loopback."""

import os
import signal
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from waybill_dev.errors import StackError
from waybill_dev.ministack.queues import TASKS, create_queues, queue_url
from waybill_dev.ministack.sqs import ACCESS_KEY, REGION, QueueDepth, depth, fetch_json
from waybill_dev.ministack.tool import installed_python
from waybill_dev.ports import LOOPBACK, free_port
from waybill_dev.process import Command, end
from waybill_dev.waiting import wait_until

_START_SECONDS = 30.0
_STOP_SECONDS = 3.0


class MiniStack:
    """SQS at `endpoint`, as a context manager or by `start` and `stop`; installed at its first use.

    Queues live in its memory: after `stop` they are gone until `create_queues`. The port is free and stays
    the same over restarts unless given. `folder` takes its log and its scratch files. Only `services` are loaded: SQS
    alone starts in a third of the time.
    """

    def __init__(self, folder: Path, *, port: int | None = None, services: Sequence[str] = ("sqs",)) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.services = tuple(services)
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Address for AWS_ENDPOINT_URL."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log_path(self) -> Path:
        """File with what it said, when it was started by `start`."""
        return self.folder / "ministack.log"

    def environment(self) -> dict[str, str]:
        """The standard AWS variables of a client of this endpoint."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def command(self) -> Command:
        """The process."""
        environment = {
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "SERVICES": ",".join(self.services),
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(self.folder),
            "HOME": str(self.folder),
            "PATH": os.environ.get("PATH", os.defpath),
        }
        # It keeps nothing, and asked politely it waits 3 s for clients that poll: so it is just killed.
        argv = (str(installed_python()), "-m", "ministack")
        return Command(argv, environment, self.folder, stop_signal=signal.SIGKILL)

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            fetch_json(urllib.request.Request(f"{self.endpoint}/_ministack/health"))
        except StackError:
            return False
        return True

    def start(self) -> None:
        """Start it and wait until it answers; no queues yet. Raises StackError with its last line if it fails."""
        command = self.command()
        with self.log_path.open("ab") as log:
            process = command.spawn(log)
        self._process = process
        wait_until(lambda: process.poll() is not None or self.is_ready(), timeout_seconds=_START_SECONDS)
        if process.poll() is not None or not self.is_ready():
            self.stop()
            lines = self.log_path.read_text().strip().splitlines()
            raise StackError(f"MiniStack did not start: {lines[-1] if lines else 'it said nothing'}")

    def stop(self) -> None:
        """End it as a crash would, for it knows no other end; nothing happens if it does not run."""
        if self._process is not None:
            end(self._process, signal.SIGKILL, _STOP_SECONDS)
            self._process = None

    def create_queues(self, *, visibility_seconds: int = 60) -> None:
        """Create the task queue and its dead-letter queue unless they exist. Raises StackError."""
        create_queues(self.endpoint, visibility_seconds=visibility_seconds)

    def queue_url(self, name: str = TASKS) -> str:
        """Address of a queue."""
        return queue_url(self.endpoint, name)

    def depth(self, name: str = TASKS) -> QueueDepth:
        """How many messages a queue holds. Raises StackError."""
        return depth(self.endpoint, self.queue_url(name))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

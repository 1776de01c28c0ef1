"""The queues of the systems: SQS by fauxqs or MiniStack, Redis. Each is a process of its own, new and empty."""

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Self

from waybill_dev.errors import StackError
from waybill_dev.ministack import MiniStack
from waybill_dev.ministack.queues import TASKS, create_queues
from waybill_dev.ministack.sqs import ACCESS_KEY, REGION, call, fetch_json
from waybill_dev.ports import free_port, in_use
from waybill_dev.process import Command

from .cpu import cpu_seconds
from .places import LOOPBACK, plain_environment
from .processes import Running

VISIBILITY_SECONDS = 60
_START_SECONDS = 30.0
FAUXQS_FOLDER = Path(__file__).with_name("fauxqs")


class Queue(Protocol):
    """A queue server while it runs."""

    def environment(self) -> Mapping[str, str]:
        """The variables by which its clients find it."""
        ...

    def cpu_seconds(self) -> float:
        """CPU that it has used so far."""
        ...

    def requests(self) -> dict[str, int]:
        """Requests so far, by action; empty where it does not count."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


class NoQueue:
    """For a system that keeps its jobs in PostgreSQL."""

    def environment(self) -> Mapping[str, str]:
        """Nothing to find."""
        return {}

    def cpu_seconds(self) -> float:
        """It costs nothing."""
        return 0.0

    def requests(self) -> dict[str, int]:
        """Nobody asks it."""
        return {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


class Redis(Running):
    """redis-server with the settings it ships with: snapshots, no append-only file."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        argv = ("redis-server", "--port", str(self.port), "--bind", LOOPBACK, "--dir", str(folder), "--daemonize", "no")
        super().__init__("redis", [Command(argv, plain_environment(), folder)], folder)

    def environment(self) -> Mapping[str, str]:
        """Its address."""
        return {"REDIS_URL": f"redis://{LOOPBACK}:{self.port}/0"}

    def requests(self) -> dict[str, int]:
        """Not counted."""
        return {}

    def start(self) -> None:
        """Start it and wait until it listens."""
        super().start()
        self.wait_until(lambda: in_use(self.port), _START_SECONDS, "its port")


class Fauxqs(Running):
    """SQS in memory, fast enough not to be what is measured."""

    def __init__(self, folder: Path, package: Path) -> None:
        self.port = free_port()
        self.endpoint = f"http://{LOOPBACK}:{self.port}"
        self.queue_url = ""
        argv = (str(package / "node"), str(FAUXQS_FOLDER / "serve.mjs"), str(package), str(self.port))
        super().__init__("fauxqs", [Command(argv, plain_environment(), folder)], folder)

    def environment(self) -> Mapping[str, str]:
        """The standard AWS variables, and the queue's address."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "QUEUE_URL": self.queue_url,
        }

    def requests(self) -> dict[str, int]:
        """Requests so far, by action."""
        return {name: int(count) for name, count in self._counts().items()}

    def start(self) -> None:
        """Start it, wait until it answers, make the queues."""
        super().start()
        self.wait_until(self._answers, _START_SECONDS, "its first answer")
        create_queues(self.endpoint, visibility_seconds=VISIBILITY_SECONDS)
        # Its addresses have a host name of SQS's kind, and it knows a queue by nothing else.
        self.queue_url = str(call(self.endpoint, "GetQueueUrl", {"QueueName": TASKS})["QueueUrl"])

    def _answers(self) -> bool:
        try:
            self._counts()
        except StackError:
            return False
        return True

    def _counts(self) -> dict[str, int]:
        return fetch_json(urllib.request.Request(f"{self.endpoint}/_bench/counts"))


class MiniStackQueue(MiniStack):
    """The SQS of the local stack: it behaves most like SQS, and costs more than fauxqs."""

    def environment(self) -> dict[str, str]:
        """The standard AWS variables, and the queue's address."""
        return {**super().environment(), "QUEUE_URL": self.queue_url()}

    def cpu_seconds(self) -> float:
        """CPU that it has used so far."""
        return cpu_seconds(self._process.pid) if self._process else 0.0

    def requests(self) -> dict[str, int]:
        """Not counted."""
        return {}

    def start(self) -> None:
        """Start it and make the queues."""
        super().start()
        self.create_queues(visibility_seconds=VISIBILITY_SECONDS)


def waiting_messages(endpoint: str, queue_url: str) -> int:
    """Messages that a queue holds, seen or not."""
    wanted = {"QueueUrl": queue_url, "AttributeNames": ["All"]}
    found: dict[str, str] = call(endpoint, "GetQueueAttributes", wanted)["Attributes"]
    return sum(int(json.loads(value)) for name, value in found.items() if name.startswith("ApproximateNumber"))

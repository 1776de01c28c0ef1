"""What a measurement must know of a system to run it. The HTTP of all is alike: POST /tasks, GET /tasks/<id>."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from waybill_dev.ports import free_port
from waybill_dev.process import Command

from ..rig.database import BenchDatabase
from ..rig.queues import Queue
from ..rig.tools import Tell

BODY = {"title": "Quarterly report", "description": "Collect the figures of the third quarter"}
WORKERS = 2


@dataclass(frozen=True)
class Bench:
    """What all systems share, and the folder that a run works in."""

    database: BenchDatabase
    folder: Path
    tell: Tell


@dataclass(frozen=True)
class Site:
    """Where one measurement runs: a fresh database, a fresh queue, a free port."""

    bench: Bench
    database: str
    queue: Queue
    folder: Path
    port: int = field(default_factory=free_port)

    def url(self, role: str) -> str:
        """Address of the database for a role."""
        return self.bench.database.server.url(role, self.database)


class System(Protocol):
    """One of the systems."""

    @property
    def name(self) -> str:
        """What the tables, the database and `--systems` call it."""
        ...

    @property
    def label(self) -> str:
        """What it is made of."""
        ...

    @property
    def owner(self) -> str:
        """The role that owns its database."""
        ...

    @property
    def health(self) -> str:
        """A path that answers 200 once requests are served."""
        ...

    @property
    def completions(self) -> str:
        """SQL for (id as text, time of completion in seconds since 1970) of each completed task."""
        ...

    @property
    def unsent(self) -> str | None:
        """SQL for the number of tasks that are accepted and not in the queue yet; None where there are none."""
        ...

    @property
    def phases(self) -> frozenset[str]:
        """What is measured of it: latency, accept, drain, counts."""
        ...

    @property
    def settings(self) -> Mapping[str, object]:
        """What is set otherwise than by default, for the results."""
        ...

    def install(self, bench: Bench) -> None:
        """Bring its environment up to date, and make the template of its database."""
        ...

    def queue(self, bench: Bench, folder: Path) -> Queue:
        """Its queue, not yet started."""
        ...

    def api(self, site: Site) -> Command:
        """Its one API process."""
        ...

    def workers(self, site: Site) -> list[Command]:
        """Its two worker processes, or what starts them."""
        ...

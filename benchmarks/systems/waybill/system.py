"""Waybill's processes in a measurement."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from waybill_dev.passwords import OWNER
from waybill_dev.process import Command

from ...rig.errors import BenchError
from ...rig.places import LOOPBACK, VENV_BIN, plain_environment
from ...rig.queues import FAUXQS_FOLDER, Fauxqs, MiniStackQueue, Queue
from ...rig.tools import node_package
from ..system import WORKERS, Bench, Site


class Waybill:
    """API with the relay inside, two workers, SQS by fauxqs or MiniStack. Everything not named here is the default.

    With `relay="apart"` the API has none inside, and `relay` tells how to start one.
    """

    owner = OWNER
    health = "/health/ready"
    completions = "SELECT id::text, extract(epoch FROM finished_at)::float8 FROM tasks WHERE status = 'completed'"
    unsent = "SELECT count(*) FROM outbox"
    settings: Mapping[str, object] = {
        "stated in": "benchmarks/systems/waybill/SETTINGS.md",
        "api": "waybill-api, relay inside, JSON log at info into a file",
        "workers": f"{WORKERS} x waybill-worker, JSON log at info into a file",
    }

    def __init__(self, endpoint: str = "fauxqs", *, workers: int = WORKERS, relay: str = "inside") -> None:
        self._endpoint = endpoint
        self._workers = workers
        self._relay = relay
        self.name = "waybill" if endpoint == "fauxqs" else f"waybill_{endpoint}"
        self.label = f"Waybill, SQS by {endpoint}"
        self.phases = frozenset({"latency", "drain"} | ({"accept", "counts"} if endpoint == "fauxqs" else set[str]()))

    def install(self, bench: Bench) -> None:
        """Migrate the template to the newest schema."""
        bench.database.server.execute(
            f"DO $$ BEGIN IF to_regrole('{OWNER}') IS NULL THEN CREATE ROLE {OWNER} LOGIN CREATEROLE; END IF; END $$"
        )
        bench.database.make_template(self.name, OWNER, lambda name: _migrate(bench, name))

    def queue(self, bench: Bench, folder: Path) -> Queue:
        """A fresh SQS endpoint."""
        if self._endpoint == "ministack":
            return MiniStackQueue(folder / "ministack")
        return Fauxqs(folder, node_package("fauxqs", FAUXQS_FOLDER, bench.tell))

    def api(self, site: Site) -> Command:
        """waybill-api."""
        environment = {
            **_environment(site),
            "WAYBILL_DATABASE_URL": site.url("waybill_api"),
            "WAYBILL_RELAY": self._relay,
            "WAYBILL_RELAY_DATABASE_URL": site.url("waybill_relay"),
            "WAYBILL_API_HOST": LOOPBACK,
            "WAYBILL_API_PORT": str(site.port),
        }
        return Command((str(VENV_BIN / "waybill-api"),), environment, site.folder)

    def relay(self, site: Site) -> Command:
        """waybill-relay."""
        environment = {**_environment(site), "WAYBILL_RELAY_DATABASE_URL": site.url("waybill_relay")}
        return Command((str(VENV_BIN / "waybill-relay"),), environment, site.folder)

    def workers(self, site: Site) -> list[Command]:
        """waybill-worker, twice unless told."""
        environment = {**_environment(site), "WAYBILL_DATABASE_URL": site.url("waybill_processor")}
        return [Command((str(VENV_BIN / "waybill-worker"),), environment, site.folder)] * self._workers


def _environment(site: Site) -> dict[str, str]:
    found = dict(site.queue.environment())
    return plain_environment(WAYBILL_QUEUE_URL=found.pop("QUEUE_URL"), **found)


def _migrate(bench: Bench, name: str) -> None:
    environment = plain_environment(WAYBILL_MIGRATIONS_DATABASE_URL=bench.database.server.url(OWNER, name))
    migrate = [str(VENV_BIN / "waybill-migrate")]
    done = subprocess.run(migrate, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise BenchError(f"the migrations failed: {said[-1] if said else 'nothing was said'}")

"""A system out of this folder's subfolders, in an environment of its own."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from waybill_dev.process import Command

from ..rig.database import PEER
from ..rig.errors import BenchError
from ..rig.places import FETCHED, LOOPBACK, plain_environment
from ..rig.queues import FAUXQS_FOLDER, Fauxqs, NoQueue, Queue, Redis
from ..rig.tools import need_programs, node_package, python_environment
from .system import WORKERS, Bench, Site

HERE = Path(__file__).parent
MakeQueue = Callable[[Bench, Path], Queue]


class Peer:
    """FastAPI under uvicorn, with the workers and the queue that are given. `{bin}` is the environment's bin folder."""

    owner = PEER
    health = "/health"
    completions = "SELECT id::text, extract(epoch FROM completed_at)::float8 FROM tasks WHERE status = 'completed'"
    unsent = None
    phases = frozenset({"latency", "accept", "drain", "counts"})

    def __init__(
        self, name: str, label: str, queue: MakeQueue, worker: str, copies: int, setup: str | None = None
    ) -> None:
        self.name = name
        self.label = label
        self._make_queue = queue
        self._worker = worker
        self._copies = copies
        self._setup = setup

    @property
    def settings(self) -> Mapping[str, object]:
        """Where they are stated."""
        return {
            "stated in": f"benchmarks/systems/{self.name}/SETTINGS.md",
            "workers": f"{self._copies} x {self._worker}",
            "packages": (HERE / self.name / "requirements.in").read_text().split(),
        }

    def install(self, bench: Bench) -> None:
        """Its environment, and its tables."""
        python_environment(self.name, HERE / self.name / "requirements.lock", bench.tell)
        bench.database.make_template(self.name, PEER, lambda name: self._fill(bench, name))

    def queue(self, bench: Bench, folder: Path) -> Queue:
        """A fresh one."""
        return self._make_queue(bench, folder)

    def api(self, site: Site) -> Command:
        """One uvicorn process."""
        uvicorn = f"{{bin}}/uvicorn app:app --host {LOOPBACK} --port {site.port} --loop uvloop --http httptools"
        return self._command(f"{uvicorn} --no-access-log --log-level warning", site)

    def workers(self, site: Site) -> list[Command]:
        """Its worker processes."""
        return [self._command(self._worker, site)] * self._copies

    def _command(self, line: str, site: Site) -> Command:
        environment = plain_environment(
            PYTHONPYCACHEPREFIX=str(site.bench.folder / "pycache"),
            DATABASE_URL=site.url(PEER),
            **site.queue.environment(),
        )
        return Command(self._argv(line), environment, HERE / self.name)

    def _argv(self, line: str) -> tuple[str, ...]:
        bin_folder = str(FETCHED / self.name / "bin")
        return tuple(word.replace("{bin}", bin_folder) for word in line.split())

    def _fill(self, bench: Bench, name: str) -> None:
        server = bench.database.server
        server.execute(f"SET ROLE {PEER};\n" + (HERE / "schema.sql").read_text(), database=name)
        if self._setup is None:
            return
        argv = [word.replace("{url}", server.url(PEER, name)) for word in self._argv(self._setup)]
        done = subprocess.run(argv, env=plain_environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).strip().splitlines()
            raise BenchError(f"{self.name} could not be set up: {said[-1] if said else 'nothing was said'}")


def _fauxqs(bench: Bench, folder: Path) -> Queue:
    return Fauxqs(folder, node_package("fauxqs", FAUXQS_FOLDER, bench.tell))


def _redis(bench: Bench, folder: Path) -> Queue:
    need_programs(["redis-server"], bench.tell)
    return Redis(folder)


_CELERY = "{bin}/celery -A jobs:celery worker --pool prefork -c 2 -l warning"
PEERS = (
    Peer("original", "the original design, SQS by fauxqs", _fauxqs, "{bin}/python worker.py", 5),
    Peer(
        "celery",
        "FastAPI, SQLAlchemy, Celery with Redis",
        _redis,
        f"{_CELERY} --without-gossip --without-mingle --without-heartbeat",
        1,
    ),
    Peer(
        "pgqueuer",
        "FastAPI, asyncpg, PgQueuer",
        lambda _bench, _folder: NoQueue(),
        "{bin}/python worker.py",
        WORKERS,
        "{bin}/pgq --pg-dsn {url} install",
    ),
)

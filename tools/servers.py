"""The servers that tests share: PostgreSQL with a migrated template database, and SQS.

    python -m tools.servers

Prints `NAME=value` for each address, then `ready`; ends when its standard input is closed, and takes the servers along.
WAYBILL_TEST_POSTGRES_BIN names the folder of another PostgreSQL than the one of the development environment.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from waybill_dev.ministack import MiniStack
from waybill_dev.ministack.tool import installed_python
from waybill_dev.postgres import PostgresServer, temporary_postgres

from tools.uv import find_uv
from tools.workspace import WorkspaceError

TEMPLATE = "waybill_template"
OWNER = "waybill_owner"
# Tests open and drop databases all the time; a store of a few MB needs little memory.
SETTINGS = {"max_connections": "200", "shared_buffers": "64MB", "autovacuum": "off"}


@contextmanager
def servers(postgres_bin: Path | None = None) -> Generator[dict[str, str]]:
    """Start both servers; the value holds the variables by which tests find them. Raises StackError, WorkspaceError."""
    installed_python(announce=lambda line: print(line, file=sys.stderr))
    with (
        tempfile.TemporaryDirectory(prefix="waybill-sqs-") as folder,
        temporary_postgres(bin_folder=postgres_bin, settings=SETTINGS) as postgres,
        MiniStack(Path(folder)) as sqs,
    ):
        make_template(postgres)
        yield {"WAYBILL_TEST_DATABASE_URL": postgres.url(), "WAYBILL_TEST_SQS_ENDPOINT": sqs.endpoint}


def make_template(postgres: PostgresServer) -> None:
    """A database as the migrations leave it, to be copied by each test. Raises WorkspaceError if they fail."""
    # As on RDS, the owner of the schema is no superuser.
    postgres.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE")
    postgres.execute(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
    migrate = Path(sys.executable).with_name("waybill-migrate")
    environment = {**os.environ, "WAYBILL_MIGRATIONS_DATABASE_URL": postgres.url(OWNER, TEMPLATE)}
    done = subprocess.run([migrate], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise WorkspaceError(f"the migrations failed on the database for tests:\n{done.stdout.decode()}")


def main() -> int:
    """Serve until standard input ends."""
    if found := find_uv():  # pytest was not started by a recipe
        os.environ.setdefault("UV", found)
    other = os.environ.get("WAYBILL_TEST_POSTGRES_BIN")
    with servers(Path(other) if other else None) as addresses:
        for name, value in addresses.items():
            print(f"{name}={value}")
        print("ready", flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`migrate` and `migration`: waybill-migrate against the stack's database, which is started for it if need be."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager

from waybill_dev.errors import StackError
from waybill_dev.home import Home
from waybill_dev.leftovers import end_leftovers
from waybill_dev.passwords import OWNER, load_passwords
from waybill_dev.ports import LOOPBACK
from waybill_dev.postgres.cluster import data_folder
from waybill_dev.settings import StackSettings
from waybill_dev.stack.bootstrap import prepare_database
from waybill_dev.stack.environment import migration_environment
from waybill_dev.stack.plan import DATABASE, plan_postgres
from waybill_dev.stack.scripts import MIGRATE, script
from waybill_dev.state import load_state, save_state
from waybill_dev.waiting import wait_until

_STARTING_SECONDS = 60.0


def migrate(settings: StackSettings, arguments: list[str]) -> int:
    """Run waybill-migrate with `arguments`; its exit code. Raises StackError when there is no database."""
    command = script(MIGRATE)
    home = Home(settings.home)
    home.make()
    with _database(settings, home) as url:
        environment = migration_environment(settings.environment, url)
        return subprocess.run([command, *arguments], env=environment, cwd=settings.checkout, check=False).returncode


@contextmanager
def _database(settings: StackSettings, home: Home) -> Generator[str]:
    """Address of the database for the owner of the schema: of the running stack, else started meanwhile."""
    if home.holder() is not None:
        yield _running_url(home)
        return
    with home.locked():
        state = load_state(home.state)
        end_leftovers(state, data_folder(home.postgres))
        server, passwords = plan_postgres(settings, home, state)
        state.postgres_port = server.port
        save_state(home.state, state)
        with server:
            prepare_database(server, passwords)
            yield server.url(OWNER, DATABASE, passwords[OWNER])


def _running_url(home: Home) -> str:
    if not wait_until(lambda: load_state(home.state).ready, timeout_seconds=_STARTING_SECONDS):
        raise StackError(f"the stack of {home.folder} does not get ready: './justw logs' says why")
    password = load_passwords(home.passwords, data_exists=True)[OWNER]
    port = load_state(home.state).postgres_port
    return f"postgresql://{OWNER}:{password}@{LOOPBACK}:{port}/{DATABASE}"

"""The question, put together: candidate, database, checkout."""

import os
from pathlib import Path

from waybill_dev.can_i_deploy.checkout import needs_after, schema_at, verified_pairs
from waybill_dev.can_i_deploy.facts import Answer, Manifest
from waybill_dev.can_i_deploy.policy import judge
from waybill_dev.can_i_deploy.reading import read_facts
from waybill_dev.can_i_deploy.schema import refusals
from waybill_dev.errors import BAD_SETTINGS, NOT_RUNNING, StackError
from waybill_dev.home import Home
from waybill_dev.passwords import OWNER, load_passwords
from waybill_dev.ports import LOOPBACK
from waybill_dev.settings import StackSettings
from waybill_dev.stack.plan import DATABASE
from waybill_dev.state import load_state

ELSEWHERE = "WAYBILL_MIGRATIONS_DATABASE_URL"


def ask(checkout: Path, url: str, candidate: Manifest) -> Answer:
    """Whether the candidate may go where that database is. Raises StackError when it does not answer."""
    facts = read_facts(url)
    schema = schema_at(checkout, facts.revision)
    return judge(candidate, facts.instances, facts.in_flight, verified_pairs(checkout), schema)


def refuse_migrations(checkout: Path, url: str) -> None:
    """Raises StackError if a revision to come takes away what a live instance uses."""
    facts = read_facts(url)
    for instance, revision, oldest in refusals(facts.instances, needs_after(checkout, facts.revision)):
        raise StackError(
            f"revision {revision} needs {instance.manifest.service} {oldest} or newer, and {instance.name!r} is "
            f"{instance.manifest}: deploy it first, or --anyway"
        )


def database_elsewhere() -> str:
    """Address of a database that is not the local stack's. Raises StackError if none is named."""
    url = os.environ.get(ELSEWHERE)
    if not url:
        line = f"{ELSEWHERE} must be set, to ask its database what runs: the address for the owner of the schema"
        raise StackError(line, exit_code=BAD_SETTINGS)
    return url


def local_database(settings: StackSettings) -> str:
    """Address of the running local stack's database. Raises StackError when none runs."""
    home = Home(settings.home)
    if home.holder() is None:
        raise StackError(
            f"not running: './justw up' starts it; or name a database in {ELSEWHERE}", exit_code=NOT_RUNNING
        )
    password = load_passwords(home.passwords, data_exists=True)[OWNER]
    return f"postgresql://{OWNER}:{password}@{LOOPBACK}:{load_state(home.state).postgres_port}/{DATABASE}"

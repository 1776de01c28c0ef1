"""`can-i-deploy`: whether a build of a service may go where others run, and why not."""

import json
import os

from waybill_dev.can_i_deploy.asking import ELSEWHERE, ask, database_elsewhere, local_database, refuse_migrations
from waybill_dev.can_i_deploy.checkout import released, working_tree
from waybill_dev.can_i_deploy.reading import forget
from waybill_dev.can_i_deploy.table import document, lines, verdict
from waybill_dev.errors import FAILED, StackError
from waybill_dev.home import Home
from waybill_dev.settings import StackSettings

_WORKING_TREE = "working tree"


def can_i_deploy(
    settings: StackSettings, service: str, *, rollback_to: str | None, forgotten: str | None, as_json: bool
) -> int:
    """Say it, with a row for each pair: 0 yes, 1 no. Raises StackError.

    `forgotten` is an instance that is gone without having said so: its row is removed before.
    """
    url = database_elsewhere() if os.environ.get(ELSEWHERE) else local_database(settings)
    if forgotten is not None:
        forget(url, forgotten)
    origin = _WORKING_TREE if rollback_to is None else "released"
    checkout = settings.checkout
    candidate = working_tree(checkout, service) if rollback_to is None else released(checkout, service, rollback_to)
    answer = ask(checkout, url, candidate)
    if as_json:
        print(json.dumps(document(answer, origin), indent=2))
    else:
        print("\n".join(lines(answer, origin)))
    return 0 if answer.ok else FAILED


def require_yes(settings: StackSettings, service: str, *, local: bool) -> None:
    """Ask before a deploy; if the answer is no, show it and raise StackError."""
    url = local_database(settings) if local else database_elsewhere()
    answer = ask(settings.checkout, url, working_tree(settings.checkout, service))
    if not answer.ok:
        print("\n".join(lines(answer, _WORKING_TREE)))
        raise StackError(f"{service} is not deployed, for the reasons above; --anyway deploys it all the same")
    print(f"can-i-deploy: {verdict(answer)}", flush=True)


def require_newer_services(settings: StackSettings, *, local: bool) -> None:
    """Before migrations: raises StackError if they would take away what a live instance uses."""
    if local and Home(settings.home).holder() is None:
        return  # then nothing runs there
    refuse_migrations(settings.checkout, local_database(settings) if local else database_elsewhere())

"""`deploy`: one service to AWS, or into the running local stack."""

import os
import subprocess
import time
from collections.abc import Mapping

from waybill_dev.commands.can_i_deploy import require_newer_services, require_yes
from waybill_dev.commands.migrate import migrate
from waybill_dev.deploy.aws import Aws
from waybill_dev.deploy.container import API, WORKER, deploy_container
from waybill_dev.deploy.processor import deploy_function
from waybill_dev.deploy.queue import deploy_queue
from waybill_dev.deploy.stack import Deployed
from waybill_dev.errors import BAD_SETTINGS, NOT_RUNNING, StackError
from waybill_dev.home import Home
from waybill_dev.passwords import load_passwords
from waybill_dev.ports import LOOPBACK
from waybill_dev.settings import StackSettings
from waybill_dev.stack.plan import DATABASE, LAMBDA
from waybill_dev.stack.scripts import MIGRATE, script
from waybill_dev.state import StackState, load_state

_MIGRATIONS_URL = "WAYBILL_MIGRATIONS_DATABASE_URL"


def deploy(
    settings: StackSettings, what: str, *, local: bool, given: Mapping[str, str], as_worker: bool, anyway: bool
) -> int:
    """Deploy `what` and say what changed; `given` are parameters of its stack. Raises StackError.

    Unless `anyway`, a service is deployed only if can-i-deploy says yes.
    """
    began = time.monotonic()
    if what == "migrations":
        return _migrate(settings, local=local, anyway=anyway)
    aws, given = _local(settings, what, given, as_worker=as_worker) if local else (Aws(), given)
    _say(f"deploying {what} to {'the local MiniStack' if local else f'account {aws.account()}'}")
    if what in ("api", "processor") and not anyway:
        require_yes(settings, what, local=local)
    deployed = _deploy(aws, settings, what, given, as_worker=as_worker)
    _say(f"{', '.join(deployed.changes) or 'nothing changed'}; {time.monotonic() - began:.1f} s")
    return 0


def _deploy(aws: Aws, settings: StackSettings, what: str, given: Mapping[str, str], *, as_worker: bool) -> Deployed:
    if what == "queue":
        return deploy_queue(aws, settings.checkout, given, _say)
    if what == "api":
        return deploy_container(API, aws, settings.checkout, given, _say)
    if as_worker:
        return deploy_container(WORKER, aws, settings.checkout, given, _say)
    return deploy_function(aws, settings.checkout, given, _say)


def _local(
    settings: StackSettings, what: str, given: Mapping[str, str], *, as_worker: bool
) -> tuple[Aws, Mapping[str, str]]:
    home = Home(settings.home)
    if home.holder() is None:
        raise StackError("not running: './justw up lambda' starts the stack to deploy to", exit_code=NOT_RUNNING)
    state = load_state(home.state)
    if state.processor != LAMBDA:
        raise StackError("this stack runs the worker, with SQS alone: './justw down', then './justw up lambda'")
    if what == "processor" and not as_worker:
        given = {**_local_parameters(settings, home, state), **given}
    return Aws(f"http://{LOOPBACK}:{state.aws_port}"), given


def _local_parameters(settings: StackSettings, home: Home, state: StackState) -> dict[str, str]:
    password = load_passwords(home.passwords, data_exists=True)["waybill_processor"]
    chosen = settings.environment
    return {
        "DatabaseUrl": f"postgresql://waybill_processor:{password}@{LOOPBACK}:{state.postgres_port}/{DATABASE}",
        "LogFormat": chosen.get("WAYBILL_LOG_FORMAT", "console"),
        "LogLevel": chosen.get("WAYBILL_LOG_LEVEL", "info"),
        "WebhookAllowPrivate": chosen.get("WAYBILL_WEBHOOK_ALLOW_PRIVATE", "true"),
        # MiniStack keeps the limit as text, which its poller cannot compare: its own limit, 5, holds.
        "MaximumConcurrency": "0",
        "WebhookSecret": chosen.get("WAYBILL_WEBHOOK_SECRET", ""),
    }


def _migrate(settings: StackSettings, *, local: bool, anyway: bool) -> int:
    if local:
        if not anyway:
            require_newer_services(settings, local=True)
        return migrate(settings, ["head"])
    if not os.environ.get(_MIGRATIONS_URL):
        raise StackError(
            f"{_MIGRATIONS_URL} must be set, to the address of PostgreSQL as owner of the schema; "
            "'./justw deploy migrations local' needs none",
            exit_code=BAD_SETTINGS,
        )
    if not anyway:
        require_newer_services(settings, local=False)
    return subprocess.run([script(MIGRATE)], cwd=settings.checkout, check=False).returncode


def _say(text: str) -> None:
    print(text, flush=True)

"""What stands in AWS, deployed into the stack's MiniStack by the same command that its user has."""

import sys

from waybill_dev.errors import StackError
from waybill_dev.log.book import LogBook
from waybill_dev.process import Command
from waybill_dev.stack.environment import deploy_environment
from waybill_dev.stack.one_shot import failure_of
from waybill_dev.stack.plan import Plan

NAME = "deploy"


async def deploy_all(plan: Plan, log: LogBook) -> None:
    """Deploy the queue and the function. Raises StackError with the reason if one fails."""
    for what in ("queue", "processor"):
        await _deploy(what, plan, log)


async def _deploy(what: str, plan: Plan, log: LogBook) -> None:
    # It starts what this checkout holds, as it starts the API: nothing that runs is replaced, so nothing is asked.
    argv = (sys.executable, "-m", "waybill_dev.main", "deploy", what, "local", "--anyway")
    last = await failure_of(Command(argv, deploy_environment(plan), plan.settings.checkout), NAME, log)
    if last is not None:
        raise StackError(f"{what} could not be deployed into MiniStack: {last.removeprefix('waybill: ')}")

"""Running waybill-migrate to its end."""

from waybill_dev.errors import StackError
from waybill_dev.log.book import LogBook
from waybill_dev.process import Command
from waybill_dev.stack.environment import migration_environment, owner_url
from waybill_dev.stack.one_shot import failure_of
from waybill_dev.stack.plan import Plan
from waybill_dev.stack.scripts import MIGRATE, script

NAME = "migrate"


async def migrate_to_head(plan: Plan, log: LogBook) -> None:
    """Bring the schema to the newest revision. Raises StackError with the last line of the migration if it fails."""
    environment = migration_environment(plan.settings.environment, owner_url(plan))
    command = Command((script(MIGRATE),), environment, plan.settings.checkout)
    last = await failure_of(command, NAME, log)
    if last is not None:
        raise StackError(f"the migrations failed, so nothing was started: {last}")

"""The variables that each process of the stack is given."""

from collections.abc import Mapping

from waybill_dev.ministack import DEAD
from waybill_dev.passwords import OWNER
from waybill_dev.ports import LOOPBACK
from waybill_dev.stack.plan import Plan


def api_environment(plan: Plan) -> dict[str, str]:
    """Variables of waybill-api, with the relay inside it."""
    return {
        **_service_environment(plan),
        "WAYBILL_DATABASE_URL": plan.database_url("waybill_api"),
        "WAYBILL_RELAY_DATABASE_URL": plan.database_url("waybill_relay"),
        "WAYBILL_API_HOST": LOOPBACK,
        "WAYBILL_API_PORT": str(plan.settings.api_port),
    }


def worker_environment(plan: Plan) -> dict[str, str]:
    """Variables of waybill-worker. Webhooks may go to loopback, where a receiver that one tries out would be."""
    return {
        # A poll outlives its worker: the messages that it gets stay hidden for a minute, so locally it is kept short.
        "WAYBILL_RECEIVE_WAIT_SECONDS": "1",
        "WAYBILL_WEBHOOK_ALLOW_PRIVATE": "true",
        **_service_environment(plan),
        "WAYBILL_DATABASE_URL": plan.database_url("waybill_processor"),
        "WAYBILL_DEAD_LETTER_QUEUE_URL": plan.ministack.queue_url(DEAD),
    }


def deploy_environment(plan: Plan) -> dict[str, str]:
    """Variables of `deploy ... local`."""
    return {**_own_variables(plan.settings.environment), "WAYBILL_HOME": str(plan.home.folder)}


def migration_environment(given: Mapping[str, str], owner_url: str) -> dict[str, str]:
    """Variables of waybill-migrate."""
    return {**_own_variables(given), "WAYBILL_MIGRATIONS_DATABASE_URL": owner_url}


def owner_url(plan: Plan) -> str:
    """Address of the database for the owner of the schema."""
    return plan.database_url(OWNER)


def _service_environment(plan: Plan) -> dict[str, str]:
    given = plan.settings.environment
    return {
        "WAYBILL_LOG_FORMAT": "console",
        **_own_variables(given),
        **plan.ministack.environment(),
        "WAYBILL_QUEUE_URL": plan.ministack.queue_url(),
    }


def _own_variables(given: Mapping[str, str]) -> dict[str, str]:
    # Nobody's real AWS account, profile or database may reach a local service, nor a proxy come between.
    own = {name: value for name, value in given.items() if not name.startswith(("AWS_", "PG"))}
    bypassed = ",".join(filter(None, [given.get("NO_PROXY") or given.get("no_proxy"), LOOPBACK, "localhost"]))
    return {**own, "NO_PROXY": bypassed, "no_proxy": bypassed}

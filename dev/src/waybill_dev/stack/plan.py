"""What one start of the stack needs to know before anything runs: ports, passwords, addresses."""

from collections.abc import Mapping
from dataclasses import dataclass

from waybill_dev.errors import BAD_SETTINGS, StackError
from waybill_dev.home import Home
from waybill_dev.ministack import MiniStack
from waybill_dev.passwords import load_passwords
from waybill_dev.ports import free_port, in_use
from waybill_dev.postgres import PostgresServer
from waybill_dev.settings import StackSettings
from waybill_dev.stack.scripts import require_scripts
from waybill_dev.state import StackState

DATABASE = "waybill"
WORKER = "worker"
LAMBDA = "lambda"
# What the templates are made of. Loaded beside SQS they cost half a second of the start.
_LAMBDA_PARTS = ("sqs", "lambda", "cloudformation", "iam", "s3", "logs", "monitoring", "sts", "secretsmanager", "ecs")


@dataclass(frozen=True)
class Plan:
    """The settings with everything that had to be found out or drawn."""

    settings: StackSettings
    home: Home
    postgres: PostgresServer
    ministack: MiniStack
    passwords: Mapping[str, str]
    processor: str = WORKER

    def database_url(self, role: str) -> str:
        """Address of Waybill's database for a role, with its password."""
        return self.postgres.url(role, DATABASE, self.passwords[role])


def make_plan(settings: StackSettings, home: Home, state: StackState, processor: str = WORKER) -> Plan:
    """Plan of the whole stack with that processor, worker or lambda.

    Raises StackError when a port is taken or a service is not installed.
    """
    require_scripts()
    _refuse_relay_apart(settings)
    _refuse_taken("WAYBILL_API_PORT", settings.api_port)
    _refuse_taken("WAYBILL_AWS_PORT", settings.aws_port)
    postgres, passwords = plan_postgres(settings, home, state)
    parts = _LAMBDA_PARTS if processor == LAMBDA else ("sqs",)
    ministack = MiniStack(home.ministack, port=settings.aws_port, services=parts)
    return Plan(settings, home, postgres, ministack, passwords, processor)


def plan_postgres(settings: StackSettings, home: Home, state: StackState) -> tuple[PostgresServer, Mapping[str, str]]:
    """PostgreSQL of the home and the passwords of its roles. Raises StackError."""
    port = _postgres_port(settings, state)
    # The folder is known only to the server, and the password must be there before its data is.
    server = PostgresServer(home.postgres, port=port, settings={"shared_preload_libraries": "pg_stat_statements"})
    passwords = load_passwords(home.passwords, data_exists=server.cluster.data.exists())
    server.password = passwords["postgres"]
    return server, passwords


def _postgres_port(settings: StackSettings, state: StackState) -> int:
    if settings.postgres_port is not None:
        _refuse_taken("WAYBILL_POSTGRES_PORT", settings.postgres_port)
        return settings.postgres_port
    if state.postgres_port and not in_use(state.postgres_port):
        return state.postgres_port
    return free_port()


def _refuse_relay_apart(settings: StackSettings) -> None:
    if settings.environment.get("WAYBILL_RELAY") == "apart":  # tasks would be accepted, and wait for ever
        line = "the local stack runs the relay inside the API: remove WAYBILL_RELAY=apart from .env or the environment"
        raise StackError(line, exit_code=BAD_SETTINGS)


def _refuse_taken(variable: str, port: int) -> None:
    try:
        taken = in_use(port)
    except PermissionError:
        raise StackError(f"port {port} may be opened by root alone: set {variable} to one above 1023") from None
    if taken:
        raise StackError(f"port {port} is taken by another program: end it, or set {variable} to a free port")

"""The words of the command line, and what each of them runs."""

import argparse
from collections.abc import Sequence

from waybill_dev.commands.demo import demo
from waybill_dev.commands.docker import up_docker
from waybill_dev.commands.down import down, reset
from waybill_dev.commands.logs import logs
from waybill_dev.commands.migrate import migrate
from waybill_dev.commands.queue import queue_peek
from waybill_dev.commands.status import status
from waybill_dev.commands.up import up
from waybill_dev.errors import BAD_SETTINGS, StackError
from waybill_dev.settings import StackSettings, load_settings


def run(arguments: Sequence[str] | None) -> int:
    """Run the command that `arguments` name; its exit code. Raises StackError."""
    words = _parser().parse_args(arguments)
    return _dispatch(words, load_settings())


def _dispatch(words: argparse.Namespace, settings: StackSettings) -> int:
    match words.command:
        case "up" if words.form == "docker":
            up_docker(settings, detach=words.detach, function=words.function)
        case "up" if words.function:
            raise StackError("--lambda goes with docker: './justw up lambda' needs none", exit_code=BAD_SETTINGS)
        case "up":
            return up(settings, words.form, detach=words.detach)
        case "status":
            return status(settings, as_json=words.json)
        case "logs":
            return logs(settings, words.service, follow=words.follow, lines=words.lines)
        case "deploy":
            # Loaded for this command alone: the AWS library takes as long as all the rest.
            from waybill_dev.commands.deploy import deploy

            local = words.where == "local"
            given = _given(words)
            return deploy(settings, words.what, local=local, given=given, as_worker=words.worker, anyway=words.anyway)
        case "can-i-deploy":
            from waybill_dev.commands.can_i_deploy import can_i_deploy

            named = {"rollback_to": words.rollback_to, "forgotten": words.forget}
            return can_i_deploy(settings, words.service, **named, as_json=words.json)
        case "demo":
            return demo(settings)
        case "down":
            return down(settings)
        case "reset":
            return reset(settings, yes=words.yes)
        case "queue":
            return queue_peek(settings, dead=words.dead, limit=words.limit)
        case "migrate":
            return migrate(settings, [words.revision])
        case _:
            return migrate(settings, ["new", words.text])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="waybill-dev", description="The local stack of Waybill, on loopback.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    start = commands.add_parser("up", help="start everything and show one log; Ctrl-C ends it")
    forms = "worker: a process works the tasks; lambda: a function; docker: in containers, by docker-compose.yml"
    start.add_argument("form", nargs="?", choices=["worker", "lambda", "docker"], default="worker", help=forms)
    start.add_argument("--lambda", dest="function", action="store_true", help="with docker: no worker, the function")
    start.add_argument("--detach", "-d", action="store_true", help="return when all is ready and leave it running")
    shown = commands.add_parser(
        "status", help="addresses, processes, messages; exit 0 all runs, 1 a part does not, 3 down"
    )
    shown.add_argument("--json", action="store_true", help="for programs")
    log = commands.add_parser("logs", help="the log, or one service's part of it")
    log.add_argument("service", nargs="?")
    log.add_argument("--follow", "-f", action="store_true", help="go on with what comes")
    log.add_argument("--lines", "-n", type=int, default=200, help="how many lines back (200)")
    _add_deploy(commands.add_parser("deploy", help="bring one service to AWS, or into the running local stack"))
    _add_can_i_deploy(commands.add_parser("can-i-deploy", help="may it go where others run; exit 0 yes, 1 no"))
    commands.add_parser("demo", help="follow real tasks through the running stack, step by step")
    commands.add_parser("down", help="end a running stack; data stays")
    removal = commands.add_parser("reset", help="remove all data of a stack that does not run")
    removal.add_argument("--yes", "-y", action="store_true", help="do not ask")
    _add_queue(commands.add_parser("queue", help="look into the queue"))
    schema = commands.add_parser("migrate", help="bring the schema to a revision, the newest unless named")
    schema.add_argument("revision", nargs="?", default="head")
    commands.add_parser("migration", help="write a new revision").add_argument("text")
    return parser


def _add_deploy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["queue", "migrations", "api", "processor"])
    parser.add_argument("where", nargs="?", choices=["aws", "local"], default="aws", help="aws, by its usual settings")
    settable = "a parameter of the template; with api or --worker BuildImage=name builds and pushes the image"
    parser.add_argument("--set", action="append", default=[], metavar="Name=value", help=settable)
    parser.add_argument("--anyway", action="store_true", help="do not ask can-i-deploy")
    parser.add_argument("--worker", action="store_true", help="the processor as a worker on ECS, not as a function")


def _add_can_i_deploy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service", choices=["api", "processor"])
    parser.add_argument(
        "--rollback-to", metavar="VERSION", help="ask for a release that was kept, not the working tree"
    )
    parser.add_argument("--forget", metavar="INSTANCE", help="remove the row of one that is gone for good, then ask")
    parser.add_argument("--json", action="store_true", help="for programs")


def _given(words: argparse.Namespace) -> dict[str, str]:
    pairs: list[list[str]] = [text.split("=", 1) for text in words.set]
    if wrong := [pair[0] for pair in pairs if len(pair) != 2]:
        raise StackError(f"--set takes Name=value, not {wrong[0]!r}", exit_code=BAD_SETTINGS)
    return dict(pairs)


def _add_queue(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    look = verbs.add_parser("peek", help="show the messages, without receiving them")
    look.add_argument("--dead", action="store_true", help="those of the dead-letter queue")
    look.add_argument("--limit", "-n", type=int, default=20, help="how many (20)")

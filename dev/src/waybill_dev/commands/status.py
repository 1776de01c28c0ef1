"""`status`: addresses, processes, queues."""

import json
import time
from dataclasses import asdict
from typing import Any

from waybill_dev.can_i_deploy.facts import Facts
from waybill_dev.can_i_deploy.policy import spoken
from waybill_dev.errors import FAILED, NOT_RUNNING, StackError
from waybill_dev.home import Home
from waybill_dev.ministack import DEAD, TASKS, queue_url
from waybill_dev.ministack.function import FUNCTION, FunctionState, function_state
from waybill_dev.ministack.sqs import depth
from waybill_dev.panel import addresses
from waybill_dev.settings import StackSettings
from waybill_dev.stack.plan import LAMBDA, WORKER
from waybill_dev.state import ProcessRecord, StackState, load_state

PARTS = ("postgres", "ministack", "api")


def status(settings: StackSettings, *, as_json: bool) -> int:
    """Show what runs. 0 when everything does, 1 when a part does not, 3 when the stack does not run."""
    home = Home(settings.home)
    holder = home.holder()
    if holder is None:
        print(json.dumps({"running": False}) if as_json else "not running: './justw up' starts it")
        return NOT_RUNNING
    state = load_state(home.state)
    function = _function(state)
    well = state.ready and all(_word(state.processes.get(name)) == "ready" for name in _services(state))
    queues = _queues(state)
    facts = _facts(settings)
    if as_json:
        print(json.dumps({**_document(home, holder, state, queues, function), **_registered(facts)}, indent=2))
    else:
        print("\n".join([*_lines(home, holder, state, queues, function), *_registered_lines(facts)]))
    return 0 if well and (function is None or function.works) else FAILED


def _services(state: StackState) -> tuple[str, ...]:
    return PARTS if state.processor == LAMBDA else (*PARTS, WORKER)


def _function(state: StackState) -> FunctionState | None:
    """The function of a stack that has one, also when it is not there."""
    if state.processor != LAMBDA:
        return None
    try:
        return function_state(f"http://127.0.0.1:{state.aws_port}")
    except StackError:
        return FunctionState(FUNCTION, "missing", "", "missing", "none")


def _facts(settings: StackSettings) -> Facts | None:
    """What registered in the database and waits there; None when it does not answer."""
    # Loaded for this command alone: asyncpg takes longer than all the rest.
    from waybill_dev.can_i_deploy.asking import local_database
    from waybill_dev.can_i_deploy.reading import read_facts

    try:
        return read_facts(local_database(settings))
    except StackError:
        return None


def _registered(facts: Facts | None) -> dict[str, Any]:
    if facts is None:
        return {"versions": None, "tasks": None}
    live = {each.name: str(each.manifest) for each in facts.instances if each.is_live}
    tasks = facts.in_flight.tasks
    return {
        "versions": live,
        "tasks": {"waiting": sum(each.waiting for each in tasks), "held": sum(each.held for each in tasks)},
    }


def _registered_lines(facts: Facts | None) -> list[str]:
    if facts is None:
        return ["  versions  unknown, the database does not answer"]
    tasks = _registered(facts)["tasks"]
    running = spoken(each.manifest for each in facts.instances if each.is_live)
    return [
        f"  tasks     {tasks['waiting']} waiting, {tasks['held']} held for a processor that reads them",
        f"  versions  {running or 'nothing has registered yet'}",
    ]


def _document(
    home: Home, holder: int, state: StackState, queues: dict[str, int] | str, function: FunctionState | None
) -> dict[str, Any]:
    processes = {
        name: {"state": _word(record), "uptime_seconds": _uptime_seconds(record), **(asdict(record) if record else {})}
        for name in _services(state)
        for record in [state.processes.get(name)]
    }
    return {
        "running": True,
        "ready": state.ready,
        "home": str(home.folder),
        "supervisor_pid": holder,
        "addresses": addresses(state),
        "processes": processes,
        "queues": queues,
        **({"function": asdict(function)} if function else {}),
    }


def _lines(
    home: Home, holder: int, state: StackState, queues: dict[str, int] | str, function: FunctionState | None
) -> list[str]:
    counts = (
        queues if isinstance(queues, str) else ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in queues.items())
    )
    return [
        f"{home.folder}: {'running' if state.ready else 'starting'} (process {holder})",
        "",
        *(f"  {name:<9} {address}" for name, address in addresses(state).items()),
        "",
        *(_process_line(name, state.processes.get(name)) for name in _services(state)),
        *(_function_lines(function) if function else ()),
        "",
        f"  messages  {counts}",
    ]


def _function_lines(function: FunctionState) -> list[str]:
    return [
        f"  lambda    {function.state:<8} {function.name}, zip {function.code_sha256[:12] or 'none'}",
        f"  mapping   {function.mapping:<8} last batch: {function.last_result}",
    ]


def _process_line(name: str, record: ProcessRecord | None) -> str:
    word = _word(record)
    if record is None or word == "down":
        return f"  {name:<9} {word}"
    again = f"   restarts: {record.restarts}" if record.restarts else ""
    return f"  {name:<9} {word:<8} pid {record.pid:<8} up {_spoken(_uptime_seconds(record))}{again}"


def _word(record: ProcessRecord | None) -> str:
    if record is None or not record.lives():
        return "down"
    return "ready" if record.ready else "starting"


def _uptime_seconds(record: ProcessRecord | None) -> float:
    return round(time.time() - record.started_at, 1) if record else 0.0


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _queues(state: StackState) -> dict[str, int] | str:
    endpoint = f"http://127.0.0.1:{state.aws_port}"
    try:
        tasks, dead = (depth(endpoint, queue_url(endpoint, name)) for name in (TASKS, DEAD))
    except StackError:
        return "unknown, SQS does not answer"
    return {**asdict(tasks), "dead": dead.visible + dead.in_flight + dead.delayed}

"""The command `bench`: what it takes, what it says, and how it ends."""

import argparse
import asyncio
import json
import shlex
import signal
import sys
import time
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from waybill_dev.errors import StackError

from tools.workspace import WorkspaceError

from .aws_lambda.command import measure_lambda
from .aws_lambda.command import parser as lambda_parser
from .ceilings.all import CEILINGS
from .ceilings.all import Measure as MeasureCeiling
from .growth.command import growth_parser, measure_growth
from .measure.sizes import FULL, QUICK
from .report.summary import OURS
from .report.writing import draw_plots, write_figures
from .rig.database import bench_database
from .rig.errors import BenchError
from .rig.machine import describe_commit, describe_machine
from .rig.places import LAST, RESULTS, ROOT
from .rig.run_folder import run_folder, tell
from .rig.tools import need_programs
from .run import Run
from .systems.peer import PEERS
from .systems.system import Bench, System
from .systems.waybill import Waybill

_STOPPED = 130
_CEILINGS = "ceilings"


def main(arguments: list[str]) -> int:
    """Measure and write the results. Exit 0 done, 1 it could not go on, 2 wrong usage, 130 stopped."""
    command = shlex.join(["./justw", "bench", *arguments])
    if arguments[:1] == ["growth"]:
        measured = measure_growth(growth_parser().parse_args(arguments[1:]), command)
    elif arguments[:1] == ["lambda"]:
        measured = measure_lambda(lambda_parser().parse_args(arguments[1:]), command)
    else:
        measured = _measure(_parser().parse_args(arguments), command)
    try:
        asyncio.run(_until_stopped(measured))
    except (BenchError, StackError, WorkspaceError, EOFError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("bench: stopped", file=sys.stderr)
        return _STOPPED
    return 0


def known_systems() -> dict[str, System]:
    """By the name that `--systems` takes, in the order in which they are measured."""
    return {system.name: system for system in (Waybill(), *PEERS, Waybill("ministack"))}


_ALL = ",".join([*known_systems(), _CEILINGS])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./justw bench", description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--add", action="store_true", help="add to the rounds that are in the folder already")
    parser.add_argument("--quick", action="store_true", help="one short round, to see whether everything works")
    parser.add_argument("--systems", default=_ALL, help="of: %(default)s")
    told = "folder of bench.json, bench.md and the plots: benchmarks/results, or .tools/bench/last for a part of it all"
    parser.add_argument("--out", type=Path, help=told)
    return parser


async def _until_stopped(measured: Coroutine[Any, Any, None]) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await measured


async def _measure(chosen: argparse.Namespace, command: str) -> None:
    systems, ceilings = _systems(chosen.systems.split(","))
    whole = not chosen.quick and chosen.systems == _ALL
    out: Path = chosen.out or (RESULTS if whole else LAST)
    earlier = _earlier(out) if chosen.add else {}
    sizes, rounds = (QUICK, 1) if chosen.quick else (FULL, chosen.rounds)
    head = {
        "command": command,
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": describe_machine(),
        "sizes": asdict(sizes),
        "settings": {system.name: dict(system.settings) for system in systems},
    }

    def save(found: dict[str, Any]) -> None:
        write_figures(out, {**head, "found": found})

    with run_folder() as folder, ExitStack() as stack:
        need_programs(["wrk"], tell)
        bench = Bench(stack.enter_context(bench_database(folder)), folder, tell)
        for system in systems:
            system.install(bench)
        if ceilings and not any(system.name == OURS for system in systems):
            known_systems()[OURS].install(bench)  # they are measured with its schema
        run = Run(bench, systems, ceilings, sizes, rounds, describe_commit(ROOT), save, earlier)
        await run.all_rounds()
    draw_plots(out / "bench.json", tell)
    tell(f"written: bench.json, bench.md and plots in {out}")
    if run.failed:
        raise BenchError("some of it could not be measured: see above, or `error` in bench.json")


def _systems(names: list[str]) -> tuple[list[System], Mapping[str, MeasureCeiling]]:
    known = known_systems()
    if unknown := [name for name in names if name not in {*known, _CEILINGS}]:
        raise BenchError(f"no system is called {', '.join(unknown)}: take some of {', '.join(known)}, {_CEILINGS}")
    return [known[name] for name in names if name in known], CEILINGS if _CEILINGS in names else {}


def _earlier(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "bench.json").read_text())["found"]
    except FileNotFoundError:
        raise BenchError(f"there are no rounds in {folder} to add to: leave --add away") from None

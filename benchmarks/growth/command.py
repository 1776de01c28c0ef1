"""`./justw bench growth`."""

import argparse
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..report.summary import medians_of
from ..report.writing import draw_plots
from ..rig.database import bench_database
from ..rig.errors import BenchError
from ..rig.machine import calibration_ms, describe_commit, describe_machine
from ..rig.places import FETCHED, LAST, RESULTS, ROOT
from ..rig.run_folder import run_folder, tell
from ..rig.tools import need_programs
from ..run import FAILURES
from ..systems.system import Bench
from ..systems.waybill import Waybill
from .half_load import measure_half_load
from .loaded import Figures, measure_finished, measure_waiting
from .looks import measure_looks
from .page import filled, results_page, undisturbed
from .processes import measure_relays, measure_workers
from .scale import FULL, PARTS, QUICK, Scale

Found = dict[str, dict[str, list[Figures]]]
Step = tuple[str, str, Callable[[], Awaitable[Figures]]]
KEPT = FETCHED / "growth"
"""Where a cluster with millions of rows stays for the next run, when asked to."""
CAPACITY = ROOT / "docs" / "capacity.md"
_ROWS = "0,1000000,10000000"


def growth_parser() -> argparse.ArgumentParser:
    """What `bench growth` takes."""
    parser = argparse.ArgumentParser(prog="./justw bench growth", description=measure_growth.__doc__)
    parser.add_argument("--rows", type=_numbers, default=_numbers(_ROWS), help=f"finished tasks: {_ROWS}")
    parser.add_argument("--parts", default=",".join(PARTS), help="of: %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, help="of the run at half load: 10")
    parser.add_argument("--keep", action="store_true", help="leave filled databases (10 GB) for the next run with this")
    parser.add_argument("--add", action="store_true", help="add to what is in the folder already")
    parser.add_argument("--quick", action="store_true", help="one short round, to see whether everything works")
    parser.add_argument("--out", type=Path, help="folder of growth.json and growth.md: benchmarks/results")
    return parser


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


async def measure_growth(chosen: argparse.Namespace, command: str) -> None:
    """Measure Waybill with millions of finished tasks, with many waiting, with more processes, and over time."""
    parts = chosen.parts.split(",")
    if unknown := [part for part in parts if part not in PARTS]:
        raise BenchError(f"no part is called {', '.join(unknown)}: take some of {', '.join(PARTS)}")
    scale, rounds = (QUICK, 1) if chosen.quick else (FULL, chosen.rounds)
    if chosen.minutes:
        scale = replace(scale, half_load_seconds=chosen.minutes * 60)
    rows = (0, 1000) if chosen.quick else chosen.rows
    out: Path = chosen.out or (LAST if chosen.quick else RESULTS)
    report = Report(out, command, scale, add=chosen.add)
    with run_folder() as folder, ExitStack() as stack:
        need_programs(["wrk"], tell)
        kept = bench_database(KEPT, keep=True, left=True) if chosen.keep else bench_database(folder)
        bench = Bench(stack.enter_context(kept), folder, tell)
        Waybill().install(bench)
        for number in range(1, rounds + 1):
            for part, case, measure in steps(bench, scale, parts, rows):
                await report.measured(f"[{number}/{rounds}]", part, case, measure)
    draw_plots(out / "growth.json", tell)
    tell(f"written: growth.json, growth.md and plots in {out}")
    if report.failed:
        raise BenchError("some of it could not be measured: see above")


def steps(bench: Bench, scale: Scale, parts: list[str], rows: tuple[int, ...]) -> Iterator[Step]:
    """All that one round measures: part, case, and how."""
    cases: dict[str, tuple[tuple[int, ...], Callable[[Bench, Scale, int], Awaitable[Figures]]]] = {
        "finished": (rows, measure_finished),
        "waiting": ((0, scale.waiting), measure_waiting),
        "looks": (scale.live, measure_looks),
        "workers": (scale.processes, measure_workers),
        "relays": (scale.processes, measure_relays),
        "half_load": ((round(scale.half_load_per_second),), measure_half_load),
    }
    for part in parts:
        many, measure = cases[part]
        for case in many:
            yield part, str(case), partial(measure, bench, scale, case)


class Report:
    """What was found so far, in `growth.json`."""

    def __init__(self, out: Path, command: str, scale: Scale, *, add: bool) -> None:
        self._path = out / "growth.json"
        self._command = command
        self._commit = describe_commit(ROOT)
        self._found: Found = self._earlier() if add else {}
        self._head = {"machine": describe_machine(), "scale": asdict(scale)}
        self.failed = False

    def _earlier(self) -> Found:
        try:
            return json.loads(self._path.read_text())["found"]
        except FileNotFoundError:
            raise BenchError(f"there is nothing in {self._path.parent} to add to: leave --add away") from None

    async def measured(self, told: str, part: str, case: str, measure: Callable[[], Awaitable[Figures]]) -> None:
        """Measure one case, and write it down."""
        began, before = time.monotonic(), calibration_ms()
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        many = self._found.setdefault(part, {}).setdefault(case, [])
        figures: Figures = {"round": len(many) + 1, "began": at, "commit": self._commit, "command": self._command}
        try:
            figures |= await measure()
        except FAILURES as error:
            self.failed = True
            tell(f"{told} {part} {case} FAILED: {error or type(error).__name__}")
            return
        figures["calibration_ms"] = (before + calibration_ms()) / 2
        many.append(figures)
        self._save()
        tell(f"{told} {part:<10} {case:>9} {time.monotonic() - began:4.0f} s  {_headline(figures)}")

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        quiet = {part: {case: undisturbed(many) for case, many in cases.items()} for part, cases in self._found.items()}
        medians = medians_of(quiet)
        document: dict[str, Any] = {**self._head, "found": self._found, "medians": medians}
        self._path.write_text(json.dumps(document, indent=1) + "\n")
        self._path.with_suffix(".md").write_text(results_page(document))
        if self._path.parent == RESULTS:
            CAPACITY.write_text(filled(CAPACITY.read_text(), document))


def _headline(figures: Figures) -> str:
    shown = [(name, value) for name, value in figures.items() if isinstance(value, float) and "calib" not in name]
    return ", ".join(f"{name.replace('_', ' ')} {value:,.{0 if value >= 100 else 3}f}" for name, value in shown[:12])

"""All rounds: in each, every system goes through every phase, one after the other, so that a slow minute hits all."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import asyncpg
from waybill_dev.errors import StackError

from .ceilings.all import Measure as MeasureCeiling
from .measure.accept import measure_accept
from .measure.counts import measure_counts
from .measure.drain import measure_drain
from .measure.latency import measure_latency
from .measure.sizes import Sizes
from .report.summary import OURS
from .rig.errors import BenchError
from .rig.machine import calibration_ms
from .systems.system import Bench, System

Figures = dict[str, Any]
Measure = Callable[[Bench, System, Sizes], Awaitable[Mapping[str, object]]]

FAILURES = (BenchError, StackError, OSError, EOFError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a system, or a server of it, does to a measurement when it breaks."""
_SHOWN = (
    *("per_second", "p50_ms", "p95_ms", "p99_ms", "api_cpu_ms", "worker_cpu_ms", "postgres_cpu_ms", "cpu_ms", "never"),
    *("statements", "sqs_requests", "accept_per_second", "work_per_second", "send_per_second"),
)


@dataclass
class Run:
    """What is to be measured, and what was found so far."""

    bench: Bench
    systems: Sequence[System]
    ceilings: Mapping[str, MeasureCeiling]
    sizes: Sizes
    rounds: int
    commit: str
    save: Callable[[dict[str, Any]], None]
    found: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    failed: bool = False

    async def all_rounds(self) -> None:
        """Measure; what is found is saved after each phase."""
        earlier = [one["round"] for phases in self.found.values() for many in phases.values() for one in many]
        self.rounds += max(earlier, default=0)
        for number in range(max(earlier, default=0) + 1, self.rounds + 1):
            for system in self.systems:
                await self._one(number, system)
            for name, measure in self.ceilings.items():
                await self._measured(number, "ceilings", name, partial(measure, self.bench, self.sizes))

    async def _one(self, number: int, system: System) -> None:
        latency = await self._phase(number, system, "latency", measure_latency)
        await self._phase(number, system, "accept", measure_accept)
        drain = partial(measure_drain, boot_seconds=latency.get("boot_cpu_seconds"))
        await self._phase(number, system, "drain", drain)
        # What the others ask for is the same each time, and takes the slowest of them a minute.
        if system.name == OURS or "counts" not in self.found[system.name]:
            await self._phase(number, system, "counts", measure_counts)

    async def _phase(self, number: int, system: System, phase: str, measure: Measure) -> Figures:
        if phase not in system.phases:
            return {}
        return await self._measured(number, system.name, phase, partial(measure, self.bench, system, self.sizes))

    async def _measured(
        self, number: int, name: str, phase: str, measure: Callable[[], Awaitable[Mapping[str, object]]]
    ) -> Figures:
        began, before = time.monotonic(), calibration_ms()
        figures: Figures = {"round": number, "commit": self.commit}
        try:
            figures |= await measure()
        except FAILURES as error:  # half an hour of other figures is worth keeping
            figures["error"] = str(error) or type(error).__name__
            self.failed = True
        figures["calibration_ms"] = (before + calibration_ms()) / 2
        self.found.setdefault(name, {}).setdefault(phase, []).append(figures)
        took = f"{time.monotonic() - began:.0f} s"
        self.bench.tell(f"[{number}/{self.rounds}] {name:<18} {phase:<16} {took:>5}  {headline(figures)}")
        self.save(self.found)
        return figures


def headline(figures: Figures) -> str:
    """What of a phase's figures is shown while it runs."""
    if "error" in figures:
        return f"FAILED: {figures['error']}"
    known = [(name, figures[name]) for name in _SHOWN if isinstance(figures.get(name), int | float)]
    return ", ".join(f"{name.replace('_', ' ')} {value:,.{0 if value >= 100 else 3}f}" for name, value in known)

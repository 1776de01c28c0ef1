"""All rounds: in each, every system goes through every phase, one after the other, so that a slow minute hits all."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .ceilings.all import Measure as MeasureCeiling
from .measure.accept import measure_accept
from .measure.counts import measure_counts
from .measure.drain import measure_drain
from .measure.latency import measure_latency
from .measure.sizes import Sizes
from .rig.machine import calibration_ms
from .systems.system import Bench, System

Figures = dict[str, Any]
Measure = Callable[[Bench, System, Sizes], Awaitable[Mapping[str, object]]]


@dataclass
class Run:
    """What is to be measured, and what was found so far."""

    bench: Bench
    systems: Sequence[System]
    ceilings: Mapping[str, MeasureCeiling]
    sizes: Sizes
    rounds: int
    save: Callable[[dict[str, Any]], None]
    found: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)

    async def all_rounds(self) -> None:
        """Measure; what is found is saved after each phase."""
        for number in range(1, self.rounds + 1):
            for system in self.systems:
                await self._one(number, system)
            for name, measure in self.ceilings.items():
                await self._measured(number, "ceilings", name, partial(measure, self.bench, self.sizes))

    async def _one(self, number: int, system: System) -> None:
        latency = await self._phase(number, system, "latency", measure_latency)
        await self._phase(number, system, "accept", measure_accept)
        drain = partial(measure_drain, boot_seconds=latency["boot_cpu_seconds"])
        await self._phase(number, system, "drain", drain)
        await self._phase(number, system, "counts", measure_counts)

    async def _phase(self, number: int, system: System, phase: str, measure: Measure) -> Figures:
        if phase not in system.phases:
            return {}
        return await self._measured(number, system.name, phase, partial(measure, self.bench, system, self.sizes))

    async def _measured(
        self, number: int, name: str, phase: str, measure: Callable[[], Awaitable[Mapping[str, object]]]
    ) -> Figures:
        began, before = time.monotonic(), calibration_ms()
        figures: Figures = {"round": number, **await measure()}
        figures["calibration_ms"] = (before + calibration_ms()) / 2
        self.found.setdefault(name, {}).setdefault(phase, []).append(figures)
        shown = json.dumps(
            {key: round(value, 3) if isinstance(value, float) else value for key, value in figures.items()}
        )
        self.bench.tell(f"[{number}/{self.rounds}] {name} {phase}, {time.monotonic() - began:.0f} s: {shown}")
        self.save(self.found)
        return figures

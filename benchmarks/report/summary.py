"""Medians over the rounds, and what each is beside the best of the others and beside the ceilings."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..rig.summary import medians, ratio

OURS = "waybill"
PEERS = ("original", "celery", "pgqueuer")
CEILINGS = "ceilings"

Found = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
Medians = dict[str, dict[str, dict[str, float]]]


def medians_of(found: Found) -> Medians:
    """The median of every figure: by system, phase, name."""
    return {system: {phase: medians(rounds) for phase, rounds in phases.items()} for system, phases in found.items()}


class Summary:
    """Looks figures up; what was not measured is None."""

    def __init__(self, found: Medians) -> None:
        self._found = found

    def get(self, system: str, phase: str, name: str) -> float | None:
        """The median of one figure."""
        return self._found.get(system, {}).get(phase, {}).get(name)

    def best_peer(self, phase: str, name: str, *, most: bool) -> float | None:
        """The best that one of the others reaches."""
        known = [value for peer in PEERS if (value := self.get(peer, phase, name)) is not None]
        return (max if most else min)(known, default=None)

    def against_best_peer(self, phase: str, name: str, *, most: bool) -> float | None:
        """Ours as a multiple of the best of the others."""
        return ratio(self.get(OURS, phase, name), self.best_peer(phase, name, most=most))

    def share_of(self, phase: str, name: str, ceiling: str, ceiling_name: str) -> float | None:
        """Ours as a share of a ceiling."""
        return ratio(self.get(OURS, phase, name), self.get(CEILINGS, ceiling, ceiling_name))

    def cpu_ms_per_task(self, system: str) -> dict[str, float] | None:
        """A task's CPU from POST to completed, apart for each part: accepting it at full load, and draining it."""
        parts = {
            "API": "api_cpu_ms",
            "worker": "worker_cpu_ms",
            "PostgreSQL": "postgres_cpu_ms",
            "queue": "queue_cpu_ms",
        }
        if self.get(system, "accept", "api_cpu_ms") is None or self.get(system, "drain", "worker_cpu_ms") is None:
            return None
        return {
            part: sum(self.get(system, phase, name) or 0.0 for phase in ("accept", "drain"))
            for part, name in parts.items()
        }

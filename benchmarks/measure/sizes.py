"""How long and how much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Seconds, tasks and rates of one round."""

    warm_seconds: float = 2
    accept_seconds: float = 10
    drained_tasks: int = 5000
    idle_seconds: float = 10
    steady_per_second: float = 20
    steady_seconds: float = 15
    ceiling_seconds: float = 4
    counted_tasks: int = 5000


FULL = Sizes()
QUICK = Sizes(
    warm_seconds=1,
    accept_seconds=1,
    drained_tasks=500,
    idle_seconds=1,
    steady_seconds=2,
    ceiling_seconds=1,
    counted_tasks=500,
)
"""For a look whether everything works: the figures mean little."""

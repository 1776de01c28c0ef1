"""How much of everything is measured."""

from dataclasses import dataclass

PARTS = ("finished", "waiting", "looks", "workers", "relays", "half_load")


@dataclass(frozen=True)
class Scale:
    """Rows, tasks, seconds and processes."""

    warm_seconds: float = 2
    accept_seconds: float = 8
    steady_per_second: float = 20
    steady_seconds: float = 15
    waiting: int = 100_000
    live: tuple[int, ...] = (0, 100_000, 1_000_000)
    looks: int = 5
    processes: tuple[int, ...] = (1, 2, 4)
    process_tasks: int = 20_000
    half_load_per_second: float = 1000
    half_load_seconds: float = 600
    sample_seconds: float = 10


FULL = Scale()
QUICK = Scale(
    warm_seconds=1,
    accept_seconds=1,
    steady_seconds=2,
    waiting=2000,
    live=(0, 1000),
    looks=2,
    processes=(1, 2),
    process_tasks=1000,
    half_load_per_second=100,
    half_load_seconds=6,
    sample_seconds=2,
)
"""For a look whether everything works: the figures mean little."""

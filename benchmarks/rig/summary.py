"""Medians and percentiles."""

import statistics
from collections.abc import Mapping, Sequence


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that `percent` of all do not pass (nearest rank); None without values."""
    if not values:
        return None
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


def median(values: Sequence[float | None]) -> float | None:
    """The median of the values that are there; None without any."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def medians(rounds: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """The median over rounds of each figure that is a number."""
    names = dict.fromkeys(name for one in rounds for name in one)
    found: dict[str, float] = {}
    for name in names:
        numbers = [value for one in rounds if isinstance(value := one.get(name), int | float)]
        if (middle := median(numbers)) is not None:
            found[name] = middle
    return found


def ratio(value: float | None, to: float | None) -> float | None:
    """`value / to`, None where there is nothing to divide."""
    return value / to if value is not None and to else None

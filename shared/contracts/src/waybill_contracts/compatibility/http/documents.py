"""Two OpenAPI documents of one API, the old and the new."""

from collections.abc import Callable, Iterator

from ..verdicts import Break, Schema
from .operations import Operation, operations
from .requests import body_breaks, parameter_breaks
from .responses import response_breaks
from .security import scheme_breaks, security_breaks

CHECKS: tuple[Callable[[Operation, Operation], Iterator[Break]], ...] = (
    parameter_breaks,
    body_breaks,
    response_breaks,
    security_breaks,
)
"""What is looked at in each operation."""


def http_breaks(old: Schema, new: Schema) -> list[Break]:
    """Where a client of the old document would fail against the new API; empty for compatible.

    Requests are written by the old client and read by the new API, responses the other way round. Paths read like
    `POST /tasks request $.payload.url`. Raises UnknownKeyword for what cannot be judged.
    """
    return list(dict.fromkeys(_breaks(old, new)))


def _breaks(old: Schema, new: Schema) -> Iterator[Break]:
    after = operations(new)
    for key, before in operations(old).items():
        if key not in after:
            yield Break("R3", before.name, "the old client calls it; the new API does not have it")
            continue
        for check in CHECKS:
            yield from check(before, after[key])
    yield from scheme_breaks(old, new)

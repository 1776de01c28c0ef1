"""Documents drawn once, for every check that needs some: what a writer promised, and what today's code may store."""

from functools import cache
from typing import Any

from waybill_contracts.catalogue import digest

from tests.contract.strategies import documents, drawn, values

COUNT = 100
_PROMISED: dict[str, list[Any]] = {}


def promised(schema: dict[str, Any]) -> list[Any]:
    """What a writer may write, by the schema that it was released with. Most releases change few schemas."""
    name = digest(schema)
    if name not in _PROMISED:
        _PROMISED[name] = drawn(documents(schema), COUNT)
    return _PROMISED[name]


@cache
def storable(struct: type[Any]) -> list[Any]:
    """Values of a struct that today's code may write."""
    return drawn(values(struct), COUNT)

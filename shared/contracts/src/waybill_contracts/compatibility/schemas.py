"""Is every document that a writer may write taken by a reader, with the same meaning?"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import arrays, objects, scalars
from .alternatives import Alternative, alternatives, describe, single
from .disjoint import Documents, are_disjoint
from .references import resolved
from .verdicts import Break, Newer, Place, Schema
from .vocabulary import refuse_unknown, takes_anything

Check = Callable[[Schema, Schema, Place], Iterator[Break]]

_NUMBER: tuple[Check, ...] = (
    scalars.check_whole,
    scalars.check_lower_bound,
    scalars.check_upper_bound,
    scalars.check_step,
)
CHECKS: Mapping[str, tuple[Check, ...]] = {
    "integer": _NUMBER,
    "number": _NUMBER,
    "string": (scalars.check_length, scalars.check_pattern, scalars.check_format, scalars.check_encoding),
    "array": (
        arrays.check_positions,
        arrays.check_rest,
        arrays.check_element_count,
        arrays.check_unique,
        arrays.check_position_defaults,
    ),
    "object": (
        objects.check_required,
        objects.check_fields,
        objects.check_strangers,
        objects.check_further_names,
        objects.check_names,
        objects.check_field_count,
        objects.check_defaults,
    ),
}
"""What is looked at where both sides are of one JSON type."""


def breaks(writer: Schema, reader: Schema, *, newer: Newer = "writer") -> list[Break]:
    """Where the reader refuses or misreads what the writer may write; empty for compatible.

    Both are whole documents. `newer` says which side changed, which only chooses between rules: R5 (what the writer
    sends grew) or R7 (the reader got stricter), R3 (a field is gone) or R2 (one is newly required).
    Raises UnknownKeyword for a schema that cannot be judged.
    """
    return breaks_between((writer, writer), (reader, reader), newer, "$")


def breaks_between(writer: tuple[Any, Schema], reader: tuple[Any, Schema], newer: Newer, path: str) -> list[Break]:
    """As `breaks`, for schemas inside documents: each side is the schema and the document of its references."""
    refuse_unknown(*writer)
    refuse_unknown(*reader)
    return _Comparison(Documents(writer[1], reader[1]), newer).compare(writer[0], reader[0], path)


class _Comparison:
    """One question, with the pairs of schemas that are being compared just now: recursive structs come back to them."""

    def __init__(self, documents: Documents, newer: Newer) -> None:
        self._documents = documents
        self._newer: Newer = newer
        self._under_way: set[tuple[int, int, str]] = set()

    def compare(self, writer: Any, reader: Any, path: str) -> list[Break]:
        if takes_anything(resolved(reader, self._documents.reader)):
            return []
        return list(self._each_alternative(writer, reader, Place(path, self._newer, self.compare)))

    def _each_alternative(self, writer: Any, reader: Any, place: Place) -> Iterator[Break]:
        sent = single(alternatives(writer, self._documents.writer))
        read = alternatives(reader, self._documents.reader)
        must_be_one = "oneOf" in resolved(reader, self._documents.reader)
        refused: list[Alternative] = []
        for one in sent:
            fitting = self._fitting(one, sent, read)
            if not fitting:
                refused.append(one)
            elif must_be_one and len({other.branch for other in fitting}) > 1:
                yield place.wider(f"the writer sends {one.describe()}; more than one branch of the reader may take it")
            elif one.values is None:
                yield from self._one_of(one, fitting, place)
        yield from check_refused(sent, refused, read, place)

    def _fitting(self, one: Alternative, sent: list[Alternative], read: list[Alternative]) -> list[Alternative]:
        """The reader's alternatives that may take one of the writer's."""
        if one.values is not None:
            return [other for other in read if other.takes(one.values[0])]
        similar = [other for other in read if _is_similar(one, other)]
        if len(similar) == 1 and [other.type for other in sent].count(one.type) == 1:
            return similar  # nothing to choose: what does not fit is told where it lies, further in
        return [other for other in similar if not are_disjoint(one, other, self._documents)]

    def _one_of(self, one: Alternative, fitting: list[Alternative], place: Place) -> list[Break]:
        tries = [list(self._both(one, other, place)) for other in fitting]
        nearest = min(tries, key=len)
        if not nearest or len(tries) == 1:
            return nearest
        near = f"nearest is `{nearest[0].path}`: {nearest[0].detail}"
        return [place.wider(f"the writer sends {one.describe()} that no branch of the reader takes ({near})")]

    def _both(self, one: Alternative, other: Alternative, place: Place) -> Iterator[Break]:
        if other.values is not None:
            yield place.wider(f"the writer sends any {one.type}; the reader takes only {other.describe()}")
            return
        pair = id(one.schema), id(other.schema), one.type
        if pair in self._under_way:  # fits if everything else does
            return
        self._under_way.add(pair)
        try:
            for check in CHECKS[one.type]:
                yield from check({**one.schema, "type": one.type}, {**other.schema, "type": other.type}, place)
        finally:
            self._under_way.discard(pair)


def check_refused(
    sent: list[Alternative], refused: list[Alternative], read: list[Alternative], place: Place
) -> Iterator[Break]:
    """What no alternative of the reader takes: R3 if that is everything (but null), else the writer's set is wider."""
    if not refused:
        return
    real = [one for one in sent if one.values != (None,)] or sent
    detail = f"the writer sends {describe(refused)}; the reader takes {describe(read)}"
    yield place.broken("R3", detail) if all(one in refused for one in real) else place.wider(detail)


def _is_similar(one: Alternative, other: Alternative) -> bool:
    if other.values is not None:
        return any(one.takes(value) for value in other.values)
    return one.type == other.type or {one.type, other.type} == {"integer", "number"}

"""Strings and numbers: every bound of the reader must be one of the writer too."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Any

from .values import exact
from .verdicts import Break, Place, Schema

_Bound = tuple[Fraction, bool]
"""The number, and whether it is itself excluded."""


def check_whole(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """A number with a fraction is no integer."""
    if reader.get("type") == "integer" and writer.get("type") != "integer":
        yield place.broken("R3", "the writer sends number; the reader reads integer")


def check_lower_bound(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """The least number that is sent is one that is read."""
    mine, theirs = _lower(writer), _lower(reader)
    if theirs and (mine is None or mine < theirs):
        yield _beyond(place, mine, theirs, ("at least", "above"))


def check_upper_bound(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """The greatest number that is sent is one that is read."""
    mine, theirs = _upper(writer), _upper(reader)
    if theirs and (mine is None or _tightness(mine) > _tightness(theirs)):
        yield _beyond(place, mine, theirs, ("at most", "below"))


def check_step(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """What is sent is a multiple of what the reader counts in."""
    step = reader.get("multipleOf")
    own = writer.get("multipleOf", 1 if writer.get("type") == "integer" else None)
    if step is not None and (own is None or (exact(own) / exact(step)).denominator != 1):
        said = "any number" if own is None else f"multiples of {own}"
        yield place.wider(f"the writer sends {said}; the reader takes multiples of {step}")


def check_length(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """Strings are as long as the reader takes them, in characters."""
    yield from check_count(writer.get("minLength", 0), writer.get("maxLength"), reader, place, "Length", "characters")


def check_pattern(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """Two patterns are only known to agree where they are the same."""
    yield from _check_equal("pattern", "any string", writer, reader, place)


def check_format(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """A reader's format is an assertion: msgspec refuses what breaks it."""
    yield from _check_equal("format", "any string", writer, reader, place)


def check_encoding(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """A reader of base64 refuses other strings."""
    yield from _check_equal("contentEncoding", "any string", writer, reader, place)


def check_count(least: int, most: int | None, reader: Schema, place: Place, suffix: str, what: str) -> Iterator[Break]:
    """How many the writer sends, against `min<suffix>` and `max<suffix>` of the reader; None is no bound."""
    if least < (taken := reader.get(f"min{suffix}", 0)):
        yield place.wider(f"the writer sends as few as {least} {what}; the reader takes at least {taken}")
    taken = reader.get(f"max{suffix}")
    if taken is not None and (most is None or most > taken):
        said = f"any number of {what}" if most is None else f"up to {most} {what}"
        yield place.wider(f"the writer sends {said}; the reader takes at most {taken}")


def _check_equal(keyword: str, otherwise: str, writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    mine, theirs = writer.get(keyword), reader.get(keyword)
    if theirs is not None and mine != theirs:
        said = otherwise if mine is None else f"{keyword} {mine}"
        yield place.wider(f"the writer sends {said}; the reader takes {keyword} {theirs}")


def _beyond(place: Place, mine: _Bound | None, theirs: _Bound, words: tuple[str, str]) -> Break:
    said = "any number" if mine is None else f"numbers {_words(mine, words)}"
    return place.wider(f"the writer sends {said}; the reader takes numbers {_words(theirs, words)}")


def _words(bound: _Bound, words: tuple[str, str]) -> str:
    number = bound[0]
    return f"{words[bound[1]]} {number.numerator if number.denominator == 1 else float(number)}"


def _tightness(bound: _Bound) -> tuple[Fraction, bool]:
    """Orders upper bounds: below 5 allows less than at most 5."""
    return bound[0], not bound[1]


def _lower(schema: Schema) -> _Bound | None:
    found = _bounds(schema, "minimum", "exclusiveMinimum")
    if not found:
        return None
    number, excluded = max(found)
    if schema.get("type") == "integer":
        return Fraction(floor(number) + 1 if excluded else ceil(number)), False
    return number, excluded


def _upper(schema: Schema) -> _Bound | None:
    found = _bounds(schema, "maximum", "exclusiveMaximum")
    if not found:
        return None
    number, excluded = min(found, key=_tightness)
    if schema.get("type") == "integer":
        return Fraction(ceil(number) - 1 if excluded else floor(number)), False
    return number, excluded


def _bounds(schema: Schema, including: str, excluding: str) -> list[_Bound]:
    found: list[tuple[Any, bool]] = [(schema.get(including), False), (schema.get(excluding), True)]
    return [(exact(number), excluded) for number, excluded in found if number is not None]

"""What an old client sends, against what a new API takes."""

from collections.abc import Iterator
from typing import Any

from ..names import removals
from ..schemas import breaks_between
from ..verdicts import Break, Schema
from .operations import Operation, contents

PLACES = ("path", "query", "header", "cookie")


def parameter_breaks(old: Operation, new: Operation) -> Iterator[Break]:
    """Parameters of each place, as one object with a field for each."""
    for place in PLACES:
        before, after = old.parameters.get(place, []), new.parameters.get(place, [])
        start = f"{old.name} {place} $"
        sent, taken = (_as_object(before), old.document), (_as_object(after), new.document)
        yield from breaks_between(sent, taken, "reader", start)
        yield from _style_breaks(before, after, start)


def body_breaks(old: Operation, new: Operation) -> Iterator[Break]:
    """Bodies, by media type."""
    start = f"{old.name} request $"
    if old.body is None or new.body is None:
        if new.body is not None and new.body.get("required"):
            yield Break("R2", start, "the old client sends no body; the new API requires one")
        if old.body is not None:
            yield Break("R3", start, "the old client sends a body; the new API takes none")
        return
    if new.body.get("required") and not old.body.get("required"):
        yield Break("R2", start, "the old client may leave out the body; the new API requires it")
    taken = contents(new.body, new.document, new.name)
    for media, content in contents(old.body, old.document, old.name).items():
        if media not in taken:
            yield Break("R3", start, f"the old client sends {media}; the new API takes {', '.join(taken) or 'nothing'}")
            continue
        sent, read = (content.get("schema", True), old.document), (taken[media].get("schema", True), new.document)
        found = breaks_between(sent, read, "reader", start)
        yield from found
        yield from removed_fields(sent, read, found, start)


def removed_fields(old: tuple[Any, Schema], new: tuple[Any, Schema], told: list[Break], start: str) -> Iterator[Break]:
    """Fields that the new document has no more, where nothing else was said of them."""
    paths = {one.path for one in told}
    yield from (one for one in removals(old, new, {}, start) if one.path not in paths)


def _as_object(parameters: list[Schema]) -> Schema:
    return {
        "type": "object",
        "properties": {one["name"]: one.get("schema", True) for one in parameters},
        "required": [one["name"] for one in parameters if one.get("required")],
        "additionalProperties": False,
    }


def _style_breaks(old: list[Schema], new: list[Schema], start: str) -> Iterator[Break]:
    after = {one["name"]: one for one in new}
    for before in old:
        for keyword in ("style", "explode"):
            mine, theirs = before.get(keyword), after.get(before["name"], before).get(keyword)
            if mine != theirs:
                detail = (
                    f"the old client sends `{keyword}` {mine or 'as usual'}; the new API takes {theirs or 'as usual'}"
                )
                yield Break("R3", f"{start}.{before['name']}", detail)

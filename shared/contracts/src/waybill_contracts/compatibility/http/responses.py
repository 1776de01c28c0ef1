"""What a new API answers, against what an old client reads."""

from collections.abc import Iterator, Mapping

from ..schemas import breaks_between
from ..verdicts import Break, Schema
from .operations import Operation, contents, part
from .requests import removed_fields


def response_breaks(old: Operation, new: Operation) -> Iterator[Break]:
    """Responses, by status. A new 4xx or 5xx is none: clients take errors by their class."""
    for status, answer in new.responses.items():
        start = f"{old.name} response {status}"
        known = _find(status, old.responses)
        if known is not None:
            yield from _content_breaks(start, (known, old), (answer, new))
            yield from _header_breaks(start, (known, old), (answer, new))
        elif status[0] in "123":
            yield Break("R5", start, f"the new API may answer {status}; the old client does not know it")
    for status in old.responses:
        if _find(status, new.responses) is None:
            detail = f"the old client waits for {status}; the new API never answers it"
            yield Break("R3", f"{old.name} response {status}", detail)


def _content_breaks(start: str, old: tuple[Schema, Operation], new: tuple[Schema, Operation]) -> Iterator[Break]:
    given = contents(new[0], new[1].document, start)
    for media, content in contents(old[0], old[1].document, start).items():
        if media not in given:
            yield Break(
                "R3", f"{start} $", f"the old client reads {media}; the new API gives {', '.join(given) or 'none'}"
            )
            continue
        written = given[media].get("schema", True), new[1].document
        read = content.get("schema", True), old[1].document
        found = breaks_between(written, read, "writer", f"{start} $")
        yield from found
        yield from removed_fields(read, written, found, f"{start} $")


def _header_breaks(start: str, old: tuple[Schema, Operation], new: tuple[Schema, Operation]) -> Iterator[Break]:
    given = _headers(new, start)
    for name, header in _headers(old, start).items():
        place = f"{start} header {name}"
        if name not in given:
            yield Break("R3", place, f"the old client reads `{name}`; the new API does not send it")
            continue
        if header.get("required") and not given[name].get("required"):
            yield Break("R2", place, f"the new API may leave out `{name}`; the old client requires it")
        written = given[name].get("schema", True), new[1].document
        yield from breaks_between(written, (header.get("schema", True), old[1].document), "writer", place)


def _headers(answer: tuple[Schema, Operation], start: str) -> dict[str, Schema]:
    found: Schema = answer[0].get("headers", {})
    return {name.lower(): part("header", header, answer[1].document, start) for name, header in found.items()}


def _find(status: str, responses: Mapping[str, Schema]) -> Schema | None:
    """What a document says of a status: itself, its class (`4XX`), or `default`."""
    return responses.get(status, responses.get(f"{status[0]}XX", responses.get("default")))

"""What schemathesis is told about this API beyond its document.

A cursor is opaque, so the document says no more than that it is a string; but only one that a list gave, for the same
status and kind, is valid. So the cursor of a request that is meant to be valid is made fit for it here.
"""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

import schemathesis
from schemathesis import HookContext
from waybill_api.errors import InvalidRequest
from waybill_api.query import make_cursor, read_query

ANY_ID = UUID("ffffffff-ffff-7fff-bfff-ffffffffffff")


def before_call(_context: HookContext, case: Any, _kwargs: dict[str, Any]) -> None:
    """Give a request that is else valid a valid cursor."""
    if case.operation.label == "GET /tasks" and case.query and "cursor" in case.query:
        case.query["cursor"] = _fitting(case.query)


cast("Callable[[object], object]", schemathesis.hook)(before_call)  # pyright: ignore[reportUnknownMemberType]


def _fitting(query: dict[str, Any]) -> Any:
    filters = {name: value for name, value in query.items() if name != "cursor"}
    try:
        read = read_query(urlencode(filters).encode())
    except InvalidRequest:
        return query["cursor"]  # it is refused for another reason
    try:
        given = read_query(urlencode({"cursor": query["cursor"], **filters}).encode())
    except InvalidRequest:
        given = None
    return query["cursor"] if given else make_cursor(ANY_ID, read)

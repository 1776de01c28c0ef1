"""The outermost layer: a request id on every answer, a line for each request in the debug log."""

import re
import time
import uuid
from typing import Any

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_SANE_ID = re.compile(rb"[A-Za-z0-9._\-]{1,64}")

log = structlog.get_logger()


def with_request_ids(app: ASGIApp) -> ASGIApp:
    """Wrap an app: `X-Request-Id` of the client is taken if it is sane, else one is made."""

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()

        async def stamp(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
                _log(scope, message["status"], began, request_id)
            await send(message)

        await app(scope, receive, stamp)

    return edge


def _request_id(scope: Any) -> str:
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    return given[0].decode() if len(given) == 1 and _SANE_ID.fullmatch(given[0]) else uuid.uuid4().hex


def _log(scope: Any, status: int, began: float, request_id: str) -> None:
    if log.is_enabled_for(10):
        milliseconds = round((time.perf_counter() - began) * 1000, 1)
        path = scope["raw_path"].decode("ascii", "replace")[:512]
        log.debug(
            "request.answered", method=scope["method"], path=path, status=status, ms=milliseconds, request_id=request_id
        )

"""HEAD and OPTIONS on every path, and `Allow`, which names all that a path takes (RFC 9110, 9.3 and 10.2.1)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from litestar import Response, route
from litestar.enums import HttpMethod
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send


def with_head(app: ASGIApp) -> ASGIApp:
    """Wrap an app: HEAD is answered as GET is, with the same status and headers, but without the body."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return

        async def send_head(message: Any) -> None:
            emptied: Any = {**message, "body": b""} if message["type"] == "http.response.body" else message
            await send(emptied)

        as_get: Any = {**scope, "method": "GET"}
        await app(as_get, receive, send_head)

    return answer


def allow(methods: Iterable[str]) -> str:
    """The header's value for a path whose routes are of these methods."""
    found = {*methods, "OPTIONS"}
    return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))


def options_routes(handlers: Sequence[BaseRouteHandler]) -> list[HTTPRouteHandler]:
    """OPTIONS for each path of these routes that does not answer it by itself; to be registered before them.

    What Litestar would add by itself names the methods of one route alone, where several share a path.
    """
    methods: defaultdict[str, set[str]] = defaultdict(set)
    for handler in [one for one in handlers if isinstance(one, HTTPRouteHandler)]:
        for path in handler.paths:
            methods[path] |= {HttpMethod(method).value for method in handler.http_methods}
    return [_options_route(path, allow(found)) for path, found in methods.items()]


def _options_route(path: str, allowed: str) -> HTTPRouteHandler:
    @route(path, http_method=HttpMethod.OPTIONS, status_code=204, sync_to_thread=False)
    def options() -> Response[None]:
        return Response(None, status_code=204, headers={"allow": allowed})

    return options

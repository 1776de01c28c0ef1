"""waybill-api without what stands behind it, as a process: `python -m benchmarks.ceilings.server HOW`.

`no_database`: the whole of it, but a flush of accepted tasks answers at once. `bare`: the same server settings with an
application that answers every request alike. Both run `waybill_api.main` itself, with these parts exchanged.
"""

import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from waybill_api import accept, app, main

_ANSWER = b'{"id":"01a208a8-ca5a-76de-8198-82567600252c","kind":"note.process","status":"pending"}'


def exchange(module: Any, name: str, by: object) -> None:
    """Put something else in the place of a name. Raises AttributeError when the service has no such name any more."""
    getattr(module, name)
    setattr(module, name, by)


def without_database() -> None:
    """The routes, the validation, the ids and the log stay; nothing is stored, nobody is asked."""

    async def flush(_self: object, batch: Sequence[object]) -> list[tuple[datetime, datetime]]:
        now = datetime.now(UTC)
        return [(now, now)] * len(batch)

    @asynccontextmanager
    async def not_registered(*_: object) -> AsyncGenerator[None]:
        yield

    exchange(accept.Acceptance, "_flush", flush)
    exchange(app, "registered", not_registered)
    exchange(app, "open_pool", _no_pool)


def bare() -> None:
    """One answer for all, by the same server."""

    async def application(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_ANSWER)).encode())]
        status = 202 if scope["method"] == "POST" else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": _ANSWER})

    def keep(given: object) -> object:
        return given

    def create(*_: object) -> object:
        return application

    exchange(main, "create_app", create)
    exchange(main, "with_head", keep)
    exchange(main, "with_request_ids", keep)


class _NoPool:
    def terminate(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def _no_pool(*_: object) -> AsyncGenerator[_NoPool]:
    yield _NoPool()


if __name__ == "__main__":
    {"no_database": without_database, "bare": bare}[sys.argv[1]]()
    main.main()

"""The routes. Each reads a request, asks one collaborator and answers."""

import re
from typing import Any, cast
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, asgi, get
from litestar.datastructures import State
from litestar.exceptions import MethodNotAllowedException
from litestar.types import HTTPScope, Receive, Scope, Send

from .accept import Acceptance
from .body import header_values, read_body
from .document import decode_document
from .errors import NoSuchTask
from .health import Health
from .methods import allow
from .query import make_cursor, read_query
from .store.tasks import LAST_ID, TaskStore
from .submission import read_submission
from .views import TaskPage

ApiRequest = Request[Any, Any, State]

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_TASKS_ALLOW = allow(["GET", "POST"]).encode()

_encoder = msgspec.json.Encoder()


class Services(msgspec.Struct, frozen=True):
    """What the routes work with; stands in the app's state while it runs."""

    acceptance: Acceptance
    tasks: TaskStore
    health: Health


def _services(request: ApiRequest) -> Services:
    return request.app.state["services"]


def _json(value: Any, status_code: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(_encoder.encode(value), status_code=status_code, media_type=MediaType.JSON, headers=headers)


@asgi("/tasks", copy_scope=False)
async def tasks(scope: Scope, receive: Receive, send: Send) -> None:
    """`POST /tasks` and `GET /tasks`.

    ASGI itself, because what Litestar does for a route with a signature costs as much again as all of an accept.
    """
    services: Services = scope["litestar_app"].state["services"]
    method: str = cast("HTTPScope", scope)["method"]
    match method:
        case "POST":
            await _submit(services.acceptance, scope, receive, send)
        case "GET":
            await _send(send, 200, _encoder.encode(await _list(services.tasks, scope["query_string"])))
        case "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", _TASKS_ALLOW)]})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        case _:
            raise MethodNotAllowedException(headers={"allow": "GET, POST"})


async def _submit(acceptance: Acceptance, scope: Scope, receive: Receive, send: Send) -> None:
    """Accept a task: it is stored before the answer, and worked afterwards."""
    document = decode_document(await read_body(scope, receive))
    task = await acceptance.accept(read_submission(document, _traceparent(scope)))
    await _send(send, 202, _encoder.encode(task), (b"location", b"/tasks/" + str(task.id).encode()))


async def _list(tasks: TaskStore, query_string: bytes) -> TaskPage:
    """Tasks, newest first."""
    query = read_query(query_string)
    items, more = await tasks.page(query.before or LAST_ID, query.limit, query.status, query.kind, query.held)
    return TaskPage(items=items, next=make_cursor(items[-1].id, query) if more else None)


async def _send(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    described = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": described})
    await send({"type": "http.response.body", "body": body, "more_body": False})


@get("/tasks/{task_id:str}")
async def get_task(request: ApiRequest) -> Response[bytes]:
    """One task."""
    task_id: str = request.path_params["task_id"]
    task = await _services(request).tasks.find(UUID(task_id)) if _UUID.fullmatch(task_id) else None
    if task is None:
        raise NoSuchTask("no task has this id")
    return _json(task)


@get("/health/live")
async def live() -> Response[bytes]:
    """Answers as long as the process does."""
    return _json({"status": "live"})


@get("/health/ready")
async def ready(request: ApiRequest) -> Response[bytes]:
    """Whether this process can serve, and what is degraded."""
    readiness = await _services(request).health.readiness()
    return _json(readiness, 200 if readiness.status == "ready" else 503)


def _traceparent(scope: Scope) -> str | None:
    """The W3C header, if there is exactly one and it is valid; anything else is ignored, as the standard says."""
    given = header_values(scope, b"traceparent")
    return given[0].decode() if len(given) == 1 and _TRACEPARENT.fullmatch(given[0]) else None


ROUTES = [tasks, get_task, live, ready]

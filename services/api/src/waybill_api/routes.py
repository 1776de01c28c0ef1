"""The routes. Each reads a request, asks one collaborator and answers."""

import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State

from .accept import Acceptance
from .body import header_values, read_body
from .document import decode_document
from .errors import NoSuchTask
from .health import Health
from .query import make_cursor, read_query
from .store.tasks import LAST_ID, TaskStore
from .submission import read_submission
from .views import TaskPage

ApiRequest = Request[Any, Any, State]

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

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


@post("/tasks")
async def submit_task(request: ApiRequest) -> Response[bytes]:
    """Accept a task: it is stored before the answer, and worked afterwards."""
    document = decode_document(await read_body(request))
    task = await _services(request).acceptance.accept(read_submission(document, _traceparent(request)))
    return _json(task, 202, {"location": f"/tasks/{task.id}"})


@get("/tasks/{task_id:str}")
async def get_task(request: ApiRequest) -> Response[bytes]:
    """One task."""
    task_id: str = request.path_params["task_id"]
    task = await _services(request).tasks.find(UUID(task_id)) if _UUID.fullmatch(task_id) else None
    if task is None:
        raise NoSuchTask("no task has this id")
    return _json(task)


@get("/tasks")
async def list_tasks(request: ApiRequest) -> Response[bytes]:
    """Tasks, newest first."""
    query = read_query(request.scope["query_string"])
    tasks = _services(request).tasks
    items, more = await tasks.page(query.before or LAST_ID, query.limit, query.status, query.kind, query.held)
    return _json(TaskPage(items=items, next=make_cursor(items[-1].id, query) if more else None))


@get("/health/live")
async def live() -> Response[bytes]:
    """Answers as long as the process does."""
    return _json({"status": "live"})


@get("/health/ready")
async def ready(request: ApiRequest) -> Response[bytes]:
    """Whether this process can serve, and what is degraded."""
    readiness = await _services(request).health.readiness()
    return _json(readiness, 200 if readiness.status == "ready" else 503)


def _traceparent(request: ApiRequest) -> str | None:
    """The W3C header, if there is exactly one and it is valid; anything else is ignored, as the standard says."""
    given = header_values(request, b"traceparent")
    return given[0] if len(given) == 1 and _TRACEPARENT.fullmatch(given[0]) else None


ROUTES = [submit_task, get_task, list_tasks, live, ready]

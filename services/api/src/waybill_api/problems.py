"""Every error as a problem document (RFC 9457)."""

from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import UNSET, Struct, UnsetType

from .errors import ApiError, FieldError, InvalidRequest
from .methods import allow

MEDIA_TYPE = "application/problem+json"
URN = "urn:waybill:problem:"

log = structlog.get_logger()


class Problem(Struct, frozen=True, kw_only=True):
    """The document. `errors` names fields and rules where the request broke some."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldError] | UnsetType = UNSET


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's exception handler for everything. What nobody foresaw is logged and answered 500, telling nothing."""
    headers: dict[str, str] = {}
    if isinstance(error, ApiError):
        headers = error.headers
    elif isinstance(error, HTTPException):
        headers = dict(error.headers or {})
        if "allow" in headers:
            headers["allow"] = allow(headers["allow"].split(", "))
    else:
        log.error("request.failed", method=request.method, exc_info=error)
    problem = describe_problem(error, instance_of(request.scope), str(request.scope["state"]["request_id"]))
    return Response(msgspec.json.encode(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def describe_problem(error: Exception, instance: str, request_id: str) -> Problem:
    """The document for an error that happened at `instance`, a path as it was sent."""
    if isinstance(error, ApiError):
        return Problem(
            type=URN + error.problem,
            title=error.title,
            status=error.status,
            detail=str(error),
            instance=instance,
            request_id=request_id,
            errors=list(error.errors) if isinstance(error, InvalidRequest) else UNSET,
        )
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    return Problem(
        type="about:blank",
        title=status.phrase,
        status=int(status),
        detail=status.description or status.phrase,
        instance=instance,
        request_id=request_id,
    )


def instance_of(scope: Any) -> str:
    """The path of a request as it was sent: percent-encoded, so that it can stand in any document or log."""
    return scope["raw_path"].decode("ascii", "replace")[:512]

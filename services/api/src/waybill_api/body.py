"""The bytes of a body: which media types are read, how much, and for how long."""

import asyncio
import re
from typing import Any

from litestar import Request

from .errors import BodyTooLarge, BodyTooSlow, UnreadableBody, UnsupportedMedia

MAX_BODY_BYTES = 300 * 1024
STALL_SECONDS = 10.0
TOTAL_SECONDS = 30.0
DISCARD_BYTES = 8 * 1024 * 1024
DISCARD_SECONDS = 2.0

AnyRequest = Request[Any, Any, Any]

_JSON = re.compile(r'application/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-?8"?[ \t]*)?;?[ \t]*', re.IGNORECASE)


async def read_body(request: AnyRequest) -> bytes:
    """The whole body, at most `MAX_BODY_BYTES`. Raises `UnsupportedMedia`, `BodyTooLarge` or `BodyTooSlow`."""
    check_media(header_values(request, b"content-type"), header_values(request, b"content-encoding"))
    return await _read_bytes(request)


def header_values(request: AnyRequest, name: bytes) -> list[str]:
    """The values of a header, by its name in lower case. Litestar's `headers` would build a mapping of all of them."""
    return [value.decode("latin-1") for each, value in request.scope["headers"] if each == name]


def check_media(content_types: list[str], content_encodings: list[str]) -> None:
    """Refuse all but one plain `application/json`, in UTF-8. Raises `UnsupportedMedia`."""
    if [encoding for encoding in content_encodings if encoding.strip().lower() != "identity"]:
        raise UnsupportedMedia("send the body as it is, without Content-Encoding", {"accept-encoding": "identity"})
    if len(content_types) != 1 or not _JSON.fullmatch(content_types[0]):
        raise UnsupportedMedia("Content-Type must be application/json, in UTF-8", {"accept-post": "application/json"})


async def _read_bytes(request: AnyRequest) -> bytes:
    length = "".join(header_values(request, b"content-length"))
    if length.isdecimal() and int(length[:20]) > MAX_BODY_BYTES:
        await _discard(request)
        raise BodyTooLarge(f"{length[:20]} bytes, the limit is {MAX_BODY_BYTES}")
    try:
        return await _read_within_limits(request)
    except TimeoutError:
        raise BodyTooSlow(f"stalled for {STALL_SECONDS:g} s, or not whole after {TOTAL_SECONDS:g} s") from None


async def _read_within_limits(request: AnyRequest) -> bytes:
    now = asyncio.get_running_loop().time
    last_call = now() + TOTAL_SECONDS
    body, more = b"", True
    async with asyncio.timeout(STALL_SECONDS) as deadline:
        while more:
            chunk, more = await _receive(request)
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                await _discard(request)
                raise BodyTooLarge(f"more than {MAX_BODY_BYTES} bytes")
            if more:
                deadline.reschedule(min(now() + STALL_SECONDS, last_call))
    return body


async def _receive(request: AnyRequest) -> tuple[bytes, bool]:
    event: Any = await request.receive()
    if event["type"] == "http.disconnect":
        raise UnreadableBody("the client went away")
    return event["body"], event["more_body"]


async def _discard(request: AnyRequest) -> None:
    """Read on for a while: a socket closed over unread bytes would reset, and the client might miss our answer."""
    if header_values(request, b"expect"):
        return  # it waits for our 100 Continue before it sends
    left, more = DISCARD_BYTES, True
    try:
        async with asyncio.timeout(DISCARD_SECONDS):
            while more and left > 0:
                chunk, more = await _receive(request)
                left -= len(chunk)
    except (TimeoutError, UnreadableBody):
        return

"""The bytes of a body: which media types are read, and how much. How long they may take is for `connection`."""

import asyncio
import re
from typing import Any

from litestar.types import Receive, Scope

from .errors import BodyTooLarge, UnreadableBody, UnsupportedMedia

MAX_BODY_BYTES = 300 * 1024
DISCARD_BYTES = 8 * 1024 * 1024
DISCARD_SECONDS = 2.0

_PLAIN = b"application/json"
_JSON = re.compile(r'application/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-?8"?[ \t]*)?;?[ \t]*', re.IGNORECASE)


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body, at most `MAX_BODY_BYTES`. Raises `UnsupportedMedia`, `BodyTooLarge` or `UnreadableBody`."""
    check_media(header_values(scope, b"content-type"), header_values(scope, b"content-encoding"))
    return await _read_bytes(scope, receive)


def header_values(scope: Scope, name: bytes) -> list[bytes]:
    """The values of a header, by its name in lower case. Litestar's `headers` would build a mapping of all of them."""
    return [value for each, value in scope["headers"] if each == name]


def check_media(content_types: list[bytes], content_encodings: list[bytes]) -> None:
    """Refuse all but one plain `application/json`, in UTF-8. Raises `UnsupportedMedia`."""
    if [encoding for encoding in content_encodings if encoding.strip().lower() != b"identity"]:
        raise UnsupportedMedia("send the body as it is, without Content-Encoding", {"accept-encoding": "identity"})
    if content_types != [_PLAIN] and (
        len(content_types) != 1 or not _JSON.fullmatch(content_types[0].decode("latin-1"))
    ):
        raise UnsupportedMedia("Content-Type must be application/json, in UTF-8", {"accept-post": "application/json"})


async def _read_bytes(scope: Scope, receive: Receive) -> bytes:
    length = b"".join(header_values(scope, b"content-length"))
    if length.isdigit() and int(length[:20]) > MAX_BODY_BYTES:
        await _discard(scope, receive)
        raise BodyTooLarge(f"{length[:20].decode()} bytes, the limit is {MAX_BODY_BYTES}")
    body, more = b"", True
    while more:
        chunk, more = await _receive(receive)
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            await _discard(scope, receive)
            raise BodyTooLarge(f"more than {MAX_BODY_BYTES} bytes")
    return body


async def _receive(receive: Receive) -> tuple[bytes, bool]:
    event: Any = await receive()
    if event["type"] == "http.disconnect":
        raise UnreadableBody("the client went away")
    return event["body"], event["more_body"]


async def _discard(scope: Scope, receive: Receive) -> None:
    """Read on for a while: a socket closed over unread bytes would reset, and the client might miss our answer."""
    if header_values(scope, b"expect"):
        return  # it waits for our 100 Continue before it sends
    left, more = DISCARD_BYTES, True
    try:
        async with asyncio.timeout(DISCARD_SECONDS):
            while more and left > 0:
                chunk, more = await _receive(receive)
                left -= len(chunk)
    except (TimeoutError, UnreadableBody):
        return

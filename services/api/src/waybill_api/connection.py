"""What happens on a connection around a request: bounds on its head and on the time that its bytes take to come, and a
problem document for bad bytes."""

import secrets
import sys
from asyncio import TimerHandle, Transport
from typing import ClassVar, cast

import msgspec
from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from .errors import ApiError, BodyTooSlow
from .joined_writes import JoinedWrites
from .problems import MEDIA_TYPE, describe_problem

MAX_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 10.0
STALL_SECONDS = 10.0
"""Of a body, without a byte."""
BODY_SECONDS = 30.0
LINGER_SECONDS = 1.0


class MalformedRequest(ApiError):
    """These bytes are not an HTTP request."""

    status, problem, title = 400, "malformed-request", "The request is not HTTP/1.1 as we read it"


class HeadTooSlow(ApiError):
    """The request line and headers stopped coming."""

    status, problem, title = 408, "head-too-slow", "The headers did not arrive in time"


class HeadTooLarge(ApiError):
    """The request line and headers are longer than we read."""

    status, problem, title = 431, "head-too-large", "The headers are too large"


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with a limit on the size of a request's head, and on the time that head and body take to come.

    Here and not in the application, because here a body that came with its head, as nearly all do, needs no timer.
    """

    _TOO_LARGE: ClassVar = HeadTooLarge(f"request line and headers together may have {MAX_HEAD_BYTES} bytes")

    _head_bytes = 0
    _in_head = True
    _in_body = False
    _body_ends_at = 0.0
    _timer: TimerHandle | None = None
    _refused = False
    _received = b""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A client connects; it has `HEAD_SECONDS` for its first request's head."""
        super().connection_made(cast("Transport", JoinedWrites(transport, self.loop)))
        self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up_head)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes arrive. Those of a head are counted, so that one without an end cannot fill the memory."""
        if self._refused:
            return
        began_in_head = self._in_head
        self._received = data
        super().data_received(data)
        if self._in_body:
            self._wait_for_body()
        if self._in_head and began_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(self._TOO_LARGE)

    def on_message_begin(self) -> None:
        """The first byte of a request's head."""
        super().on_message_begin()
        self._head_bytes = 0
        self._in_head = True
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up_head)

    def on_headers_complete(self) -> None:
        """The head is there; the request can be answered."""
        self._in_head = False
        self._in_body = True
        self._stop_timer()
        if sum(len(name) + len(value) + 4 for name, value in self.headers) + len(self.url) > MAX_HEAD_BYTES:
            self._refuse(self._TOO_LARGE)
        elif not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request's last byte."""
        self._in_body = False
        self._stop_timer()
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """A client offers another protocol (Java's offers HTTP/2). To decline is to answer as if it had not.

        The parser takes the body for the other protocol and stops before it, so it reads the request once more.
        """
        offset = cast("HttpParserUpgrade", sys.exc_info()[1]).args[0]
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(MalformedRequest("CONNECT is not served"))
            return
        kept = [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        head = b"\r\n".join([method + b" " + self.url + b" HTTP/1.1", *kept, b"", b""])
        self.parser = HttpRequestParser(self)
        self.data_received(head + self._received[offset:])

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to bytes that are not HTTP, as a problem document."""
        self._refuse(MalformedRequest("the bytes do not read as an HTTP/1.1 request"))

    def _wait_for_body(self) -> None:
        now = self.loop.time()
        if self._timer is None:
            self._body_ends_at = now + BODY_SECONDS
        else:
            self._timer.cancel()
        self._timer = self.loop.call_at(min(now + STALL_SECONDS, self._body_ends_at), self._give_up_body)

    def _give_up_body(self) -> None:
        self._timer = None
        if self.cycle.response_complete:  # it was answered before it had come
            self.transport.close()
            return
        self._refuse(BodyTooSlow(f"stalled for {STALL_SECONDS:g} s, or not whole after {BODY_SECONDS:g} s"))
        self.cycle.disconnected = True
        self.cycle.message_event.set()  # whoever reads it learns that nothing more comes

    def _give_up_head(self) -> None:
        self._timer = None
        if cast("list[object] | None", self.headers) is None:  # no byte of a request has come
            self.transport.close()
        else:
            self._refuse(HeadTooSlow(f"not complete after {HEAD_SECONDS:g} s"))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, error: ApiError) -> None:
        """Answer with a problem and close. An earlier request that is still being answered comes first."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                cycle.keep_alive = False
                return
            if cycle.response_started:
                self.transport.close()
                return
        if not self.transport.is_closing():
            self._refused = True
            self.transport.write(_whole_response(error))
            # Closed over unread bytes, the socket would reset and the client might miss the answer.
            self.transport.write_eof()
            self.loop.call_later(LINGER_SECONDS, self.transport.close)


def _whole_response(error: ApiError) -> bytes:
    request_id = secrets.token_hex(16)
    body = msgspec.json.encode(describe_problem(error, "", request_id))
    head = (
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
    )
    return STATUS_LINE[error.status] + head.encode() + body

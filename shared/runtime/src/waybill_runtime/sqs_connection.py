"""One connection of HTTP/1.1: a request, its answer, and whether another may follow."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httptools
from msgspec import Struct

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""Ten messages of SQS's largest, escaped."""
MAX_HEAD_BYTES = 64 * 1024


class Answer(Struct, frozen=True):
    """An answer of any status."""

    status: int
    headers: Mapping[str, str]
    """By name, in small letters."""
    body: bytes


class BrokenOff(Exception):
    """The connection ended before the answer did, or what came is no answer; one line."""

    def __init__(self, text: str, has_answered: bool) -> None:
        super().__init__(text)
        self.has_answered = has_answered
        """Whether a part of an answer had come: then the request was taken."""


class Connection(asyncio.Protocol):
    """Asks one thing at a time. Whatever does not end well closes it."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._parser: Any = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._head_bytes = 0
        self._has_head = self._has_answered = False
        self._idle_since = time.monotonic()
        self.can_be_kept = True

    @property
    def idle_seconds(self) -> float:
        """Since its last answer."""
        return time.monotonic() - self._idle_since

    async def ask(self, request: bytes, seconds: float) -> Answer:
        """Send a request and wait for the whole answer. Raises `BrokenOff` and TimeoutError."""
        loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._has_answered = False
        self._begin()
        waiter = self._waiter = loop.create_future()
        timer = loop.call_later(seconds, self._give_up)
        try:
            self._transport.write(request)
            return await waiter
        except BaseException:  # also of a caller that goes away: the answer of this request is not that of the next
            self.close()
            raise
        finally:
            timer.cancel()
            self._waiter = None

    def close(self) -> None:
        """Take no answer any more."""
        self.can_be_kept = False
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of asyncio."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Of asyncio."""
        if self._waiter is None:  # an answer to nothing
            self.close()
            return
        self._has_answered = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            said = error.__context__ if isinstance(error.__context__, BrokenOff) else None
            self._break_off(str(said) if said else "the answer is not HTTP")

    def eof_received(self) -> None:
        """Of asyncio, which then closes the connection."""
        self.can_be_kept = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Of asyncio."""
        self.can_be_kept = False
        if self._waiter is None:
            return
        if exc is None and self._has_head and not {"content-length", "transfer-encoding"} & self._headers.keys():
            self._answer()  # one without a length ends with its connection
        else:
            self._break_off("the connection was closed before the answer" if exc is None else str(exc))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Of the parser."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise BrokenOff(f"an answer with more than {MAX_HEAD_BYTES} bytes of headers", True)
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Of the parser."""
        self._has_head = self._parser.get_status_code() >= 200

    def on_body(self, body: bytes) -> None:
        """Of the parser."""
        self._body += body
        if len(self._body) > MAX_ANSWER_BYTES:
            raise BrokenOff(f"an answer of more than {MAX_ANSWER_BYTES} bytes", True)

    def on_message_complete(self) -> None:
        """Of the parser."""
        if self._has_head:
            self.can_be_kept = self.can_be_kept and self._parser.should_keep_alive()
            self._answer()
        else:  # 100 Continue: the answer is still to come
            self._begin()

    def _begin(self) -> None:
        self._headers, self._body, self._head_bytes, self._has_head = {}, bytearray(), 0, False

    def _answer(self) -> None:
        if self._waiter is None or self._waiter.done():  # more than was asked for
            self.close()
            return
        self._idle_since = time.monotonic()
        self._waiter.set_result(Answer(self._parser.get_status_code(), self._headers, bytes(self._body)))
        if not self.can_be_kept:
            self._transport.close()

    def _give_up(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(TimeoutError())

    def _break_off(self, text: str) -> None:
        self.close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(BrokenOff(text, self._has_answered))

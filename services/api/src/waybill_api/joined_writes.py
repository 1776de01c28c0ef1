"""What is written to a connection in one turn of the event loop leaves in one system call.

uvicorn writes the head of an answer and its body apart: two calls and two packets, a tenth of what a request costs.
"""

from asyncio import AbstractEventLoop, Transport
from typing import Any


class JoinedWrites:
    """A transport whose writes wait for the end of the turn; all else goes to the one below."""

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Write, together with all else of this turn."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)

    def write_eof(self) -> None:
        """Write what waits, then the end."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Write what waits, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
            self._waiting.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

"""Lines out of a pipe."""

import asyncio
from collections.abc import AsyncGenerator

_CHUNK_BYTES = 65_536
_LONGEST_LINE_BYTES = 65_536


async def lines_of(stream: asyncio.StreamReader) -> AsyncGenerator[str]:
    """Lines until the pipe ends; one that is longer than 64 KiB comes in pieces."""
    rest = b""
    while chunk := await stream.read(_CHUNK_BYTES):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST_LINE_BYTES:
            whole, rest = [*whole, rest], b""
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
    if rest:
        yield rest.decode(errors="replace")

"""A proxy before SQS that counts requests by action, and how many polls wait side by side."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

ACTION = re.compile(rb"(?i)x-amz-target: *AmazonSQS\.(\w+)")
POLL = "ReceiveMessage"


class CountingSqs:
    """Passes bytes on. A client has one request under way on a connection, and writes its head in one piece."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._tasks: set[asyncio.Task[None]] = set()
        self.endpoint = ""
        self.requests: Counter[str] = Counter()
        self.most_polls = 0
        self._polls = 0

    async def serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        sqs, requests = await asyncio.open_connection(self._target.hostname, self._target.port)
        polling: list[None] = []
        for work in (self._ask(client, requests, polling), self._answer(sqs, answers, polling)):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask(self, client: asyncio.StreamReader, sqs: asyncio.StreamWriter, polling: list[None]) -> None:
        with suppress(OSError):
            while data := await client.read(1 << 20):
                for action in ACTION.findall(data):
                    self.requests[action.decode()] += 1
                    if action.decode() == POLL:
                        polling.append(None)
                        self._polls += 1
                        self.most_polls = max(self.most_polls, self._polls)
                sqs.write(data)
            sqs.close()

    async def _answer(self, sqs: asyncio.StreamReader, client: asyncio.StreamWriter, polling: list[None]) -> None:
        with suppress(OSError):
            while data := await sqs.read(1 << 20):
                self._polls -= len(polling)
                polling.clear()
                client.write(data)
            client.close()

    async def ended(self) -> None:
        """Wait until every client has closed its connections."""
        await asyncio.gather(*self._tasks)


@asynccontextmanager
async def counting_sqs(target: str) -> AsyncGenerator[CountingSqs]:
    """The proxy, on a port of its own; `endpoint` is its address. Leaving it waits for its clients' end."""
    proxy = CountingSqs(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        await proxy.ended()

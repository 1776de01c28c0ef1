"""A receiver of webhooks whose answers a test decides, path by path."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web

RETRY_SOON = {"Retry-After": "1"}
"""The shortest wait that the handler keeps to."""


class Receiver:
    """Answers 200 at once unless told otherwise; counts what it was asked."""

    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()
        """Requests by path."""
        self.deliveries: Counter[str] = Counter()
        """Requests by the task's id."""
        self.texts: dict[str, str] = {}
        """Method and body of the last request, by path."""
        self.url = ""
        self._answers: defaultdict[str, list[int]] = defaultdict(list)
        self._seconds: dict[str, float] = {}
        self._gates: dict[str, asyncio.Event] = {}

    def answer(self, path: str, *statuses: int) -> str:
        """Answer these statuses in turn, and the last one for ever; the address to POST to."""
        self._answers[path] = list(statuses)
        return self.url + path

    def slow(self, path: str, seconds: float) -> str:
        """Answer after so long; the address."""
        self._seconds[path] = seconds
        return self.url + path

    def hold(self, path: str) -> str:
        """Answer only once released; the address."""
        self._gates[path] = asyncio.Event()
        return self.url + path

    def release(self, path: str) -> None:
        """Answer what was held, and what comes from now on."""
        self._gates[path].set()

    def release_all(self) -> None:
        """Hold nothing any more."""
        for gate in self._gates.values():
            gate.set()

    async def handle(self, request: web.Request) -> web.Response:
        """One webhook."""
        path = request.path
        self.hits[path] += 1
        self.deliveries[request.headers["webhook-id"]] += 1
        self.texts[path] = f"{request.method} {await request.text()}"
        if path in self._gates:
            await self._gates[path].wait()
        await asyncio.sleep(self._seconds.get(path, 0))
        script = self._answers[path]
        status = (script.pop(0) if len(script) > 1 else script[0]) if script else 200
        return web.Response(status=status, headers=RETRY_SOON if status >= 500 else {})


@asynccontextmanager
async def open_receiver() -> AsyncGenerator[Receiver]:
    """A receiver on a free port of loopback."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        receiver.url = f"http://{host}:{port}"
        yield receiver
    finally:
        receiver.release_all()
        await runner.cleanup()

"""One service, kept running until it is told to end."""

import asyncio
import contextlib
import signal
import time
from typing import Protocol

from waybill_dev.errors import StackError
from waybill_dev.log.book import LogBook
from waybill_dev.log.pump import lines_of
from waybill_dev.process import signal_group
from waybill_dev.state import ProcessRecord
from waybill_dev.supervision.backoff import Backoff
from waybill_dev.supervision.service import Service

_POLL_SECONDS = 0.02
_LAST_LINES_SECONDS = 0.5


class Stopped(Exception):
    """The stack was told to end while the service was starting."""


class Register(Protocol):
    """Whoever keeps the records of processes."""

    def note(self, name: str, record: ProcessRecord | None) -> None:
        """Note the process of a service; None when it has ended."""


class Runner:
    """Starts a service, starts it again when it dies, ends it."""

    def __init__(self, service: Service, log: LogBook, register: Register) -> None:
        self.service = service
        self._log = log
        self._register = register
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._record: ProcessRecord | None = None
        self._pump: asyncio.Task[None] | None = None
        self._restarts = 0

    async def start(self) -> None:
        """Start the service and wait until it is ready. Raises StackError with its last line if it is not, Stopped."""
        process = await self._launch()
        deadline = time.monotonic() + self.service.start_seconds
        while not await self.service.is_ready(process.pid):
            if process.returncode is not None:
                await self._ended()
                raise StackError(f"{self.service.name} {_how(process.returncode)} at its start: {self._last_line()}")
            if self._stopping.is_set():
                raise Stopped
            if time.monotonic() > deadline:
                raise StackError(f"{self.service.name} was not ready after {self.service.start_seconds:.0f} s")
            await asyncio.sleep(_POLL_SECONDS)
        await self.service.when_ready()
        if self._record is not None:
            self._record.ready = True
            self._register.note(self.service.name, self._record)

    async def keep(self) -> None:
        """Start the service again whenever it dies, each time a little later, until `stop`."""
        backoff = Backoff()
        while self._process is not None:
            began = time.monotonic()
            code = await self._process.wait()
            await self._ended()
            if self._stopping.is_set():
                return
            wait_seconds = backoff.after(time.monotonic() - began)
            self._log.say(f"{self.service.name} {_how(code)}; it starts again in {wait_seconds:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait_seconds)
                return
            await self._again()

    async def stop(self, *, hurry: asyncio.Event) -> None:
        """End the service: ask, wait its grace or until `hurry`, then kill its whole group."""
        self._stopping.set()
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(self.service.command.stop_signal)
            hurried = asyncio.create_task(hurry.wait())
            waits = {asyncio.create_task(process.wait()), hurried}
            await asyncio.wait(waits, timeout=self.service.stop_seconds, return_when=asyncio.FIRST_COMPLETED)
            hurried.cancel()
        if process.returncode is None:
            self._log.say(f"{self.service.name} did not end by itself and is killed")
        signal_group(process.pid, signal.SIGKILL)
        await process.wait()
        await self._ended()

    async def _launch(self) -> asyncio.subprocess.Process:
        self._log.begin(self.service.name)
        try:
            process = await self.service.command.spawn_piped()
        except OSError as error:
            raise StackError(f"{self.service.name} cannot be started: {error.filename}: {error.strerror}") from None
        if self._stopping.is_set():  # `stop` came meanwhile and saw no process
            signal_group(process.pid, signal.SIGKILL)
            await process.wait()
            raise Stopped
        assert process.stdout is not None
        self._process = process
        self._record = ProcessRecord.of(process.pid, self._restarts)
        self._register.note(self.service.name, self._record)
        self._pump = asyncio.create_task(self._copy_lines(process.stdout))
        return process

    async def _again(self) -> None:
        self._restarts += 1
        try:
            await self.start()
        except Stopped:
            return
        except StackError as error:
            self._log.say(str(error))
            if self._process is not None and self._process.returncode is None:
                self._process.kill()
            return
        self._log.say(f"{self.service.name} runs again")

    async def _copy_lines(self, stream: asyncio.StreamReader) -> None:
        async for line in lines_of(stream):
            self._log.write(self.service.name, line)

    async def _ended(self) -> None:
        self._register.note(self.service.name, None)
        pump, self._pump = self._pump, None
        if pump is not None:
            # A process of its own that it left behind may hold the pipe open.
            await asyncio.wait({pump}, timeout=_LAST_LINES_SECONDS)
            pump.cancel()

    def _last_line(self) -> str:
        tail = [line for line in self._log.tail(self.service.name) if line.strip()]
        return tail[-1].strip() if tail else "it said nothing"


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with {code}"
    return f"was ended by {signal.Signals(-code).name}"

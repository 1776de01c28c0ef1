"""The life of the stack: start everything in order, keep it running, end it."""

import asyncio
import signal
from collections.abc import Callable

from waybill_dev.log.book import LogBook
from waybill_dev.stack.bootstrap import forget_functions, prepare_database, set_service_passwords
from waybill_dev.stack.function_log import follow_function_log
from waybill_dev.stack.migrate import migrate_to_head
from waybill_dev.stack.plan import LAMBDA, Plan
from waybill_dev.stack.revisions import schema_is_newest
from waybill_dev.stack.services import api_service, ministack_service, postgres_service, worker_service
from waybill_dev.state import StateKeeper
from waybill_dev.supervision.runner import Runner, Stopped
from waybill_dev.supervision.service import Service


class Supervisor:
    """Runs a plan until it is told to end."""

    def __init__(self, plan: Plan, log: LogBook, keeper: StateKeeper) -> None:
        self._plan = plan
        self._log = log
        self._keeper = keeper
        self._runners: list[Runner] = []
        self._keeping: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self._database_is_up = asyncio.Event()

    async def run(self, when_ready: Callable[[], None]) -> None:
        """Run the stack; `when_ready` is called once all is up. Raises StackError when it does not come up."""
        self._listen_to_signals()
        stopping = asyncio.create_task(self._stop.wait())
        booting = asyncio.create_task(self._boot())
        try:
            await asyncio.wait({stopping, booting}, return_when=asyncio.FIRST_COMPLETED)
            if booting.done():
                booting.result()
                self._keeper.state.ready = True
                self._keeper.save()
                when_ready()
                await self._until_told(stopping)
        finally:
            await self._end()
            await asyncio.gather(booting, return_exceptions=True)
            stopping.cancel()

    async def _until_told(self, stopping: "asyncio.Task[bool]") -> None:
        done, _ = await asyncio.wait({stopping, *self._keeping}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # a keeper ends only by a fault of ours, which must be seen

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(told, self._told_to_end)

    def _told_to_end(self) -> None:
        if self._stop.is_set():
            self._log.say("told again: everything is killed now")
            self._hurry.set()
        else:
            self._log.say("ending")
        self._stop.set()

    async def _boot(self) -> None:
        self._log.say(f"starting; data and logs are kept in {self._plan.home.folder}")
        # Both must have ended, well or not, before anything is taken down again.
        ministack = ministack_service(self._plan, self._log, self._database_is_up)
        outcomes = await asyncio.gather(self._bring_up_database(), self._start(ministack), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        if self._plan.processor == LAMBDA:
            self._following = asyncio.create_task(follow_function_log(self._plan.ministack, self._log))
            await self._start(api_service(self._plan))
        else:
            worker = worker_service(self._plan, self._log)
            await asyncio.gather(self._start(api_service(self._plan)), self._start(worker))

    async def _bring_up_database(self) -> None:
        try:
            await self._migrate_database()
            await asyncio.to_thread(forget_functions, self._plan.postgres)
        finally:
            self._database_is_up.set()  # or for ever away: who waits for it must hear that too

    async def _migrate_database(self) -> None:
        plan = self._plan
        await asyncio.to_thread(plan.postgres.prepare)
        await self._start(postgres_service(plan))
        await asyncio.to_thread(prepare_database, plan.postgres, plan.passwords)
        if await asyncio.to_thread(schema_is_newest, plan.postgres):
            return  # running the migrations only to learn that would take a second of each start
        await migrate_to_head(plan, self._log)
        await asyncio.to_thread(set_service_passwords, plan.postgres, plan.passwords)

    async def _start(self, service: Service) -> None:
        if self._stop.is_set():
            raise Stopped
        runner = Runner(service, self._log, self._keeper)
        self._runners.append(runner)
        await runner.start()
        self._keeping.append(asyncio.create_task(runner.keep()))

    async def _end(self) -> None:
        self._stop.set()
        # Services before what they stand on, so that they can put back what they hold.
        parts = {"postgres", "ministack"}
        above = [runner for runner in self._runners if runner.service.name not in parts]
        below = [runner for runner in self._runners if runner.service.name in parts]
        for layer in (above, below):
            await asyncio.gather(*(runner.stop(hurry=self._hurry) for runner in layer))
        if self._keeping:
            await asyncio.wait(self._keeping)
        if self._following is not None:
            self._following.cancel()
        self._keeper.state.ready = False
        self._keeper.save()

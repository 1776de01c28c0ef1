"""`up`: start the stack and stay with it, or leave it in the background."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from waybill_dev.commands.detach import run_detached
from waybill_dev.home import Home
from waybill_dev.leftovers import end_leftovers
from waybill_dev.lock import Lock
from waybill_dev.log.book import LogBook
from waybill_dev.log.terminal import Terminal, colours_wanted
from waybill_dev.ministack.tool import installed_python
from waybill_dev.panel import ready_panel
from waybill_dev.postgres.cluster import data_folder
from waybill_dev.settings import StackSettings, unknown_variables
from waybill_dev.stack.plan import Plan, make_plan
from waybill_dev.stack.supervisor import Supervisor
from waybill_dev.state import StackState, StateKeeper, load_state, save_state


def up(settings: StackSettings, processor: str, *, detach: bool) -> int:
    """Start the stack, with a `worker` or a `lambda` as its processor. Raises StackError.

    Returns when it has ended, or when it is ready if detached.
    """
    began = time.monotonic()
    for line in unknown_variables(settings.checkout):
        _tell(line)
    home = Home(settings.home)
    home.make()
    with home.locked() as lock:
        state = load_state(home.state)
        _clean_up(state, home)
        installed_python(_tell)
        plan = make_plan(settings, home, state, processor)
        state = _ports(plan)
        save_state(home.state, state)
        start = Start(plan, state, began)
        return run_detached(start.in_background(lock), home, start.panel) if detach else start.in_foreground()


class Start:
    """One start of the stack, whichever way it is run."""

    def __init__(self, plan: Plan, state: StackState, began: float) -> None:
        self._plan = plan
        self._state = state
        self._began = began

    def panel(self, *, detached: bool = True) -> str:
        """What the user sees when all is ready."""
        return ready_panel(
            self._state,
            _shortest(self._plan.home.folder),
            time.monotonic() - self._began,
            detached=detached,
            coloured=colours_wanted(),
        )

    def in_foreground(self) -> int:
        """Run with the log on the terminal until Ctrl-C."""
        terminal = Terminal(coloured=colours_wanted())
        self._run(terminal, lambda: terminal.print(self.panel(detached=False)))
        return 0

    def in_background(self, lock: Lock) -> Callable[[Callable[[], None]], None]:
        """What the detached process runs: it holds the lock on and logs to the file alone."""

        def run(when_ready: Callable[[], None]) -> None:
            lock.sign()
            self._run(None, when_ready)

        return run

    def _run(self, terminal: Terminal | None, when_ready: Callable[[], None]) -> None:
        home = self._plan.home
        log = LogBook(home.log, home.old_log, terminal)
        supervisor = Supervisor(self._plan, log, StateKeeper(home.state, self._state))
        asyncio.run(supervisor.run(when_ready))
        log.say("ended")


def _clean_up(state: StackState, home: Home) -> None:
    ended = end_leftovers(state, data_folder(home.postgres))
    if ended:
        _tell(f"ended {ended} processes that an earlier run left behind when it was killed")


def _ports(plan: Plan) -> StackState:
    return StackState(plan.settings.api_port, plan.settings.aws_port, plan.postgres.port, plan.processor)


def _tell(text: str) -> None:
    print(f"waybill: {text}", flush=True)


def _shortest(folder: Path) -> str:
    return min(os.path.relpath(folder), str(folder), key=len)

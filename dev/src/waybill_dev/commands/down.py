"""`down` and `reset`: end the stack; remove what it kept."""

import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

from waybill_dev.errors import StackError
from waybill_dev.home import Home
from waybill_dev.leftovers import end_leftovers
from waybill_dev.postgres.cluster import data_folder
from waybill_dev.settings import StackSettings
from waybill_dev.state import load_state, save_state
from waybill_dev.waiting import wait_until

# Longer than the services' grace and the parts' together.
_END_SECONDS = 30.0


def down(settings: StackSettings) -> int:
    """End the stack and whatever a killed one left behind; nothing running is no error. Raises StackError."""
    home = Home(settings.home)
    holder = home.holder()
    if holder:
        with suppress(ProcessLookupError):
            os.kill(holder, signal.SIGTERM)
        if not wait_until(lambda: home.holder() != holder, timeout_seconds=_END_SECONDS):
            os.kill(holder, signal.SIGKILL)
            wait_until(lambda: home.holder() != holder, timeout_seconds=_END_SECONDS)
    left = _end_leftovers(home) if home.lock.exists() else 0
    print("the stack has ended, its data stays" if holder or left else "nothing was running")
    return 0


def reset(settings: StackSettings, *, yes: bool) -> int:
    """Remove all data of a stack that does not run; asks first unless `yes`. Raises StackError."""
    home = Home(settings.home)
    if not home.lock.exists():
        print(f"there is nothing to remove in {home.folder}")
        return 0
    if not yes and not _confirmed(home.folder):
        print("nothing was removed")
        return 1
    with home.locked():
        end_leftovers(load_state(home.state), data_folder(home.postgres))
        for path in (data_folder(home.postgres).parent, home.postgres, home.ministack):
            shutil.rmtree(path, ignore_errors=True)
        for path in (home.passwords, home.state, home.log, home.old_log, home.lock):
            path.unlink(missing_ok=True)
    with suppress(OSError):  # something of somebody else's may lie there
        home.folder.rmdir()
    print(f"removed the data of {home.folder}")
    return 0


def _end_leftovers(home: Home) -> int:
    with home.locked():
        state = load_state(home.state)
        left = end_leftovers(state, data_folder(home.postgres))
        state.ready = False
        save_state(home.state, state)
    return left


def _confirmed(folder: Path) -> bool:
    if not sys.stdin.isatty():
        raise StackError("reset removes every task in the database: say --yes")
    return input(f"Remove the database and all tasks in {folder}? [y/N] ").strip().lower() in ("y", "yes")

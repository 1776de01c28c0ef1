"""The home folder of a stack: what it keeps, and where."""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from waybill_dev.errors import StackError
from waybill_dev.lock import Held, Lock, held_lock, holder_of
from waybill_dev.waiting import wait_until

_LOOKERS_SECONDS = 0.3


@dataclass(frozen=True)
class Home:
    """Paths below WAYBILL_HOME. Whoever changes anything there holds the lock."""

    folder: Path

    @property
    def lock(self) -> Path:
        """Lock file, held as long as the stack runs."""
        return self.folder / "lock"

    @property
    def state(self) -> Path:
        """What runs, and on which ports."""
        return self.folder / "state.json"

    @property
    def passwords(self) -> Path:
        """Passwords of the database roles."""
        return self.folder / "passwords.json"

    @property
    def log(self) -> Path:
        """The one log of all services, without colours."""
        return self.folder / "stack.log"

    @property
    def old_log(self) -> Path:
        """What `log` held before it was turned over."""
        return self.folder / "stack.log.1"

    @property
    def postgres(self) -> Path:
        """Folder of PostgreSQL."""
        return self.folder / "postgres"

    @property
    def ministack(self) -> Path:
        """Folder of MiniStack."""
        return self.folder / "ministack"

    def make(self) -> None:
        """Make the folder. Raises StackError when it cannot be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe = self.folder / "writable"
            probe.write_text("yes")
            probe.unlink()
        except OSError as error:
            what = f"cannot write to {self.folder} ({error.strerror})"
            raise StackError(f"{what}: make room or take the folder over, or set WAYBILL_HOME to another one") from None

    def holder(self) -> int | None:
        """Process id of the stack that runs here; None when none does."""
        return holder_of(self.lock)

    @contextlib.contextmanager
    def locked(self) -> Generator[Lock]:
        """Hold the home. Raises StackError when a stack runs here."""
        # `status` takes the lock for an instant to see who holds it; that instant is waited out.
        wait_until(lambda: self.holder() is None, timeout_seconds=_LOOKERS_SECONDS)
        try:
            with held_lock(self.lock) as lock:
                yield lock
        except Held as held:
            raise StackError(
                f"the stack of {self.folder} is already running (process {held.holder}): "
                "'./justw status' shows it, './justw down' ends it"
            ) from None

"""Locks that end with the process that holds them, however it ends: no lock is ever stale."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class Held(Exception):
    """Another process holds the lock; `holder` is its process id, 0 when it did not say."""

    def __init__(self, holder: int) -> None:
        super().__init__(f"held by process {holder}")
        self.holder = holder


class Lock:
    """A held lock file; its text is the process id of the holder."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def sign(self) -> None:
        """Write our process id as the holder's: once when taken, again in a fork that goes on holding it."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)


@contextmanager
def held_lock(path: Path, *, wait: bool = False) -> Generator[Lock]:
    """Hold the lock file `path` meanwhile. Raises Held at once when another process does, unless told to wait."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock = Lock(descriptor)
        lock.sign()
        yield lock
    finally:
        os.close(descriptor)


def holder_of(path: Path) -> int | None:
    """Process id of whoever holds the lock file `path`, 0 when it did not say; None when nobody holds it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        # Shared, so that two lookers do not take one another for the holder.
        _take(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except Held as held:
        return held.holder
    finally:
        os.close(descriptor)
    return None


def _take(descriptor: int, how: int) -> None:
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        written = os.pread(descriptor, 20, 0)
        raise Held(int(written) if written.isdigit() else 0) from None

"""Locks that end with the process that holds them, however it ends: no lock is ever stale."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Held(Exception):
    """Another process holds the lock; `holder` is its process id, 0 when it did not say."""

    def __init__(self, holder: int) -> None:
        super().__init__(f"held by process {holder}")
        self.holder = holder


@contextmanager
def held_lock(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock file `path` meanwhile. Raises Held at once when another process does, unless told to wait."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(descriptor, wait=wait)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, *, wait: bool) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Held(_holder(descriptor)) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)


def _holder(descriptor: int) -> int:
    written = os.pread(descriptor, 20, 0)
    return int(written) if written.isdigit() else 0


def holder_of(path: Path) -> int | None:
    """Process id of whoever holds the lock file `path`; None when nobody does."""
    try:
        with held_lock_unwritten(path):
            return None
    except FileNotFoundError:
        return None
    except Held as held:
        return held.holder


@contextmanager
def held_lock_unwritten(path: Path) -> Iterator[None]:
    """Take the lock for a moment, to see whether it is free, and leave its file as it is."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Held(_holder(descriptor)) from None
    finally:
        os.close(descriptor)

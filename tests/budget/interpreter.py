"""Work of the Python interpreter, counted instead of timed: the same on a slow machine, or a busy one."""

import gc
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Work:
    """Calls and bytecode instructions so far. One of the two is counted at a time: each hook slows the interpreter."""

    def __init__(self) -> None:
        self.calls = 0
        """Of Python functions, and of C functions from Python. Cython's own calls are not seen."""
        self.instructions = 0
        self.by_function: Counter[str] = Counter()
        """Calls by file and name, or instructions."""

    def _profile(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" or event == "c_call":
            self.calls += 1
            self.by_function[_place(frame)] += 1

    def _trace(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            self.instructions += 1
            self.by_function[_place(frame)] += 1
        return self._trace

    @contextmanager
    def counting_calls(self) -> Generator[None]:
        """Count calls of this thread."""
        sys.setprofile(self._profile)
        try:
            yield
        finally:
            sys.setprofile(None)

    @contextmanager
    def counting_instructions(self) -> Generator[None]:
        """Count bytecode instructions of this thread, in functions that are entered from now on."""
        sys.settrace(self._trace)
        try:
            yield
        finally:
            sys.settrace(None)

    def most(self) -> str:
        """Where most of it was."""
        return ", ".join(f"{place} {count}" for place, count in self.by_function.most_common(6))


def _place(frame: FrameType) -> str:
    return f"{'/'.join(frame.f_code.co_filename.split('/')[-2:])}:{frame.f_code.co_name}"


def blocks_in_use() -> int:
    """Blocks of memory that Python objects hold, garbage apart."""
    gc.collect()
    return sys.getallocatedblocks()

"""Leaving the stack in the background, once it is known to run."""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from waybill_dev.errors import StackError
from waybill_dev.home import Home
from waybill_dev.log.terminal import is_routine, prefixed

_READY = "ready"
_TAIL_LINES = 12


def run_detached(run: Callable[[Callable[[], None]], None], home: Home, panel: Callable[[], str]) -> int:
    """Run the stack in a process of its own and return once it is ready.

    Raises StackError with the end of the log when it does not get ready; then nothing runs any more.
    """
    sys.stdout.flush()
    heard, told = os.pipe()
    # Nothing is running yet that a fork could tear: no thread, no event loop.
    child = os.fork()
    if child == 0:
        os.close(heard)
        os._exit(_in_background(run, told))
    os.close(told)
    try:
        with open(heard, encoding="utf-8") as pipe:
            word = pipe.read()
    except KeyboardInterrupt:
        _end(child)
        raise
    if word == _READY:
        print(panel())
        return 0
    _end(child)
    raise StackError("\n".join([word or "the stack ended at its start", *_tail(home.log)]))


def _in_background(run: Callable[[Callable[[], None]], None], told: int) -> int:
    """Exit code of the detached process."""

    def tell(word: str) -> None:
        with contextlib.suppress(OSError):  # whoever waited may be gone, or told already
            os.write(told, word.encode())
            os.close(told)

    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    try:
        run(lambda: tell(_READY))
    except StackError as error:
        tell(str(error))
        return error.exit_code
    except BaseException:
        tell(traceback.format_exc())
        return 1
    return 0


def _end(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, 15)
        os.waitpid(child, 0)


def _tail(log: Path) -> list[str]:
    try:
        lines = [line.partition("| ") for line in log.read_text(errors="replace").splitlines()]
    except OSError:
        return []
    telling = [(name.strip(), text) for name, _, text in lines if not is_routine(name.strip(), text)]
    return [f"  {prefixed(name, text, coloured=False)}" for name, text in telling[-_TAIL_LINES:]]

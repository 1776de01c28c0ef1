"""One run at a time, in a folder of its own; and where it tells what it does."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from waybill_dev.lock import Held, held_lock

from .errors import BenchError
from .places import RUN


@contextmanager
def run_folder() -> Generator[Path]:
    """A folder of this run alone, gone at its end. Raises BenchError while another one runs."""
    RUN.parent.mkdir(parents=True, exist_ok=True)
    try:
        with held_lock(RUN.parent / "bench.lock"):
            shutil.rmtree(RUN, ignore_errors=True)  # of a run that was killed
            RUN.mkdir()
            try:
                yield RUN
            finally:
                shutil.rmtree(RUN, ignore_errors=True)
    except Held as held:
        raise BenchError(f"another bench runs (process {held.holder}): two would measure each other") from None


def tell(line: str) -> None:
    """A line for whoever waits."""
    print(line, flush=True)

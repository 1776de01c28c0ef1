"""What runs, in a file: for `status`, and for cleaning up after a supervisor that was killed."""

import contextlib
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from waybill_dev.identity import birth_mark, lives


@dataclass
class ProcessRecord:
    """One process of the stack; `mark` tells it from a later process with the same id."""

    pid: int
    mark: str | None
    started_at: float
    restarts: int = 0
    ready: bool = False

    @classmethod
    def of(cls, pid: int, restarts: int = 0) -> "ProcessRecord":
        """Record of a process that was started just now."""
        return cls(pid, birth_mark(pid), time.time(), restarts)

    def lives(self) -> bool:
        """Whether it still runs."""
        return lives(self.pid, self.mark)


@dataclass
class StackState:
    """Ports and processes of a stack; ports are kept when it ends, so that it comes back on the same ones.

    ``processor`` is what works its tasks: `worker` or `lambda`.
    """

    api_port: int = 0
    aws_port: int = 0
    postgres_port: int = 0
    processor: str = "worker"
    ready: bool = False
    processes: dict[str, ProcessRecord] = field(default_factory=dict[str, ProcessRecord])


def load_state(path: Path) -> StackState:
    """State as last saved; an empty one when there is none or it is broken."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        processes = {name: ProcessRecord(**record) for name, record in raw.pop("processes").items()}
        return StackState(**raw, processes=processes)
    except (OSError, ValueError, KeyError, TypeError):
        return StackState()


def save_state(path: Path, state: StackState) -> None:
    """Save the state in one step, so that no reader sees half of it. Raises OSError."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(state), indent=2) + "\n")
    draft.rename(path)


class StateKeeper:
    """The supervisor's hold on the state file; a full disk does not stop the services."""

    def __init__(self, path: Path, state: StackState) -> None:
        self._path = path
        self.state = state

    def note(self, name: str, record: ProcessRecord | None) -> None:
        """Note the process of a service; None when it has ended."""
        if record is None:
            self.state.processes.pop(name, None)
        else:
            self.state.processes[name] = record
        self.save()

    def save(self) -> None:
        """Save what changed."""
        with contextlib.suppress(OSError):
            save_state(self._path, self.state)

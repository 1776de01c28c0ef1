"""Contracts that are versions of one name, such as `payload.webhook.deliver`: who writes them, who reads them."""

from dataclasses import dataclass

from tools.contracts.history import History, Release
from tools.contracts.versions import base

MESSAGE, PAYLOAD, RESULT, ERROR = "task.requested", "payload", "result", "error"


@dataclass(frozen=True)
class Family:
    """All versions of one name."""

    name: str
    contracts: tuple[str, ...]
    """By ascending version, retired ones included."""

    @property
    def sort(self) -> str:
        """`task.requested`, `payload`, `result` or `error`."""
        return MESSAGE if self.name == MESSAGE else self.name.partition(".")[0]

    @property
    def kind(self) -> str | None:
        """The kind whose payload or result this is; None for message and error."""
        return self.name.partition(".")[2] if self.sort in (PAYLOAD, RESULT) else None

    @property
    def writer(self) -> str:
        """Who writes it."""
        return {MESSAGE: "API", PAYLOAD: "API", RESULT: "processor", ERROR: "processor or API"}[self.sort]

    @property
    def reader(self) -> str:
        """Who reads it."""
        return {MESSAGE: "processor", PAYLOAD: "processor", RESULT: "API", ERROR: "API"}[self.sort]

    @property
    def place(self) -> str:
        """Where a document of it lies between the two."""
        return "in the queue" if self.sort == MESSAGE else f"in the task's row, column `{self.sort}`"


def families(history: History) -> list[Family]:
    """Every family that was ever released: message, then payload and result of each kind, then error."""
    names = {name for release in history.releases for name in release.manifest.contracts}
    grouped = {
        base(name): tuple(sorted((one for one in names if base(one) == base(name)), key=major)) for name in names
    }
    order = [MESSAGE, PAYLOAD, RESULT, ERROR]
    found = [Family(name, contracts) for name, contracts in grouped.items()]
    return sorted(found, key=lambda one: (one.sort == ERROR, one.kind or "", order.index(one.sort)))


def major(contract: str) -> int:
    """The version in a contract's name: 2 of `payload.webhook.deliver.v2`."""
    return int(contract.rpartition(".v")[2])


def is_newest(contract: str, release: Release) -> bool:
    """Whether a release knows no later version of that name."""
    versions = [major(name) for name in release.manifest.contracts if base(name) == base(contract)]
    return major(contract) == max(versions, default=0)


def since(contract: str, history: History) -> str:
    """The release that brought a contract."""
    return next(release.version for release in history.releases if contract in release.manifest.contracts)


def retired_in(contract: str, history: History) -> str | None:
    """The first release that no longer has it; None while it is there."""
    present = [contract in release.manifest.contracts for release in history.releases]
    if present[-1]:
        return None
    return history.releases[len(present) - present[::-1].index(True)].version


def last_known(contract: str, history: History) -> Release:
    """The newest release that has it."""
    return next(release for release in reversed(history.releases) if contract in release.manifest.contracts)

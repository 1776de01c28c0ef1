"""What an answer is made from. Plain data: a test writes it down, `reading` reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Pair = tuple[str, str, str]
"""Contract, digest of the writer's view, digest of the reader's view."""

NEVER_TESTED = "never tested"


@dataclass(frozen=True)
class Manifest:
    """What a build of a service writes and reads: contract name to digest."""

    service: str
    version: str
    writes: Mapping[str, str]
    reads: Mapping[str, str]
    needs_revision: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Manifest":
        """From its JSON document. Raises KeyError for a field that is missing."""
        return cls(**{name: document[name] for name in ("service", "version", "writes", "reads", "needs_revision")})

    def __str__(self) -> str:
        return f"{self.service}@{self.version}"


@dataclass(frozen=True)
class Instance:
    """One that registered. `is_live` unless it signed off, or expires and has been silent for ten minutes."""

    name: str
    manifest: Manifest
    is_live: bool = True


@dataclass(frozen=True)
class Waiting:
    """Unfinished tasks of one kind and payload version."""

    kind: str
    payload_version: int
    waiting: int
    held: int

    @property
    def suffix(self) -> str:
        """What its contracts' names end in."""
        return f"{self.kind}.v{self.payload_version}"


@dataclass(frozen=True)
class InFlight:
    """What was written and is to be read yet."""

    tasks: tuple[Waiting, ...] = ()
    messages: frozenset[str] = frozenset()
    """Contracts of messages that may be in the queue, or in its dead-letter queue."""
    dead_letters: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many dead letters of unfinished tasks, by contract of the message."""


@dataclass(frozen=True)
class Facts:
    """What one look into the database found."""

    revision: str | None
    instances: list[Instance]
    in_flight: InFlight


@dataclass(frozen=True)
class Schema:
    """The database's revision (None: never migrated), and which versions its contract revisions ask for."""

    revision: str | None
    needs: tuple[tuple[str, str, str], ...] = ()
    """(revision, service, oldest version that may run on it), of the revisions that were applied."""


@dataclass(frozen=True)
class Row:
    """One line of the answer."""

    subject: str
    """A contract, or `database`."""
    writer: str
    reader: str
    ok: bool
    reason: str


@dataclass(frozen=True)
class Answer:
    """Yes if every row is."""

    candidate: Manifest
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it may be deployed."""
        return all(row.ok for row in self.rows)

"""Every version of the contracts, released or not, in one form; and what the working tree deserves to be called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from waybill_contracts.catalogue import Schema, catalogue, digest
from waybill_contracts.compatibility import Level, View, level

from tools.contracts.history import Release, number
from tools.contracts.samples import golden_samples
from tools.contracts.tombstones import fields

WORKING_TREE = "working tree"
Samples = Mapping[str, Mapping[str, bytes]]


@dataclass(frozen=True)
class Version:
    """All contracts of one version: what its writers promise and write, and what its readers need."""

    label: str
    """As in `1.0.0`, or `working tree`."""
    writers: Mapping[str, Schema]
    readers: Mapping[str, Schema]
    make_samples: Callable[[], Samples]

    @cached_property
    def samples(self) -> Samples:
        """Golden samples, by contract and name. Raises NoSample where a struct of the working tree gives none."""
        return self.make_samples()

    @property
    def rank(self) -> tuple[int, ...]:
        """By which versions are ordered; what is not released is the newest."""
        return (1,) if self.label == WORKING_TREE else (0, *number(self.label))

    def views(self) -> Mapping[str, View]:
        """Both views of each contract, as the checker takes them."""
        return {name: View(self.writers[name], self.readers[name]) for name in self.writers}

    def digests(self, contract: str) -> tuple[str, str]:
        """The digests of a contract's writer and reader."""
        return digest(self.writers[contract]), digest(self.readers[contract])


@dataclass(frozen=True)
class Change:
    """What became of one contract since a release."""

    contract: str
    what: str

    def __str__(self) -> str:
        return f"{self.contract}: {self.what}"


def released(release: Release) -> Version:
    """A release as a version."""
    return Version(release.version, release.writers, release.readers, lambda: release.samples)


def working_tree() -> Version:
    """The contracts as they stand in this checkout."""
    today = catalogue()
    return Version(
        WORKING_TREE,
        {name: contract.writer() for name, contract in today.items()},
        {name: contract.reader() for name, contract in today.items()},
        lambda: {name: golden_samples(contract) for name, contract in today.items()},
    )


def changes(before: Version, after: Version) -> list[Change]:
    """What changed between two versions, contract by contract; wording and code do not count."""
    known = {base(name) for name in before.writers}
    found = [Change(name, "is gone") for name in before.writers if name not in after.writers]
    for name in after.writers:
        if name not in before.writers:
            found.append(Change(name, "is new, a next version" if base(name) in known else "is new"))
        elif before.digests(name) != after.digests(name):
            found.append(Change(name, _what_changed(before, after, name)))
    return sorted(found, key=lambda change: change.contract)


def level_between(before: Version, after: Version) -> Level:
    """What the change from one version to another deserves, if nothing in it breaks: R1."""
    return level(before.views(), after.views())


def deserved(before: Version, after: Version) -> str:
    """The version of `after`, if it is released next."""
    major, minor, patch = number(before.label)
    versions = {"major": f"{major + 1}.0.0", "minor": f"{major}.{minor + 1}.0", "patch": f"{major}.{minor}.{patch + 1}"}
    return versions[level_between(before, after)]


def base(contract: str) -> str:
    """The name without its version: `payload.note.process` of `payload.note.process.v1`."""
    return contract.rpartition(".v")[0]


def _what_changed(before: Version, after: Version, name: str) -> str:
    old = fields(before.writers[name]) | fields(before.readers[name])
    new = fields(after.writers[name]) | fields(after.readers[name])
    parts = [f"+ {path}" for path in sorted(new - old)] + [f"- {path}" for path in sorted(old - new)]
    return ", ".join(parts) or "the same fields with other rules"

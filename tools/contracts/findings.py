"""What stands against a change of the contracts, as its author reads it: rule, path, pairs that fail, ways out."""

from collections.abc import Iterable
from dataclasses import dataclass, field

NEW_MAJOR = "a new version of the name (…v2) with an upcaster"
WAYS_OUT = {
    "R2": ("give the field a default", NEW_MAJOR),
    "R3": (
        "keep the field",
        "make it optional in a release of the readers first: deploy, wait, then drop it",
        NEW_MAJOR,
    ),
    "R4": ("keep the default", "a new field with the new default", NEW_MAJOR),
    "R5": ("let all readers take the new values first: release, deploy, wait, then write them", NEW_MAJOR),
    "R6": ("put the limit into the API's request", "keep the reader as wide as it was"),
    "R7": ("keep the reader as wide as it was", NEW_MAJOR),
    "R8": ("a new field, or a new name, for the new meaning",),
    "R11": ("keep it", "when nothing can hold it any more: a tombstone, and a major release"),
}
"""What one may do instead, by the rule that a change breaks."""


@dataclass(frozen=True)
class Finding:
    """One break of a rule: where, what each side says, and between which versions."""

    rule: str
    contract: str
    path: str
    details: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...] = ()
    """(writer's version, reader's version)."""
    ways_out: tuple[str, ...] = field(default=())
    """Where the rule's own do not fit."""

    def __str__(self) -> str:
        lines = [f"BREAKING  {self.rule}  {self.contract}  {self.path}", *self.details]
        if self.pairs:
            lines.append("pairs that fail: " + ", ".join(f"{writer}→{reader}" for writer, reader in self.pairs))
        ways_out = self.ways_out or WAYS_OUT.get(self.rule, (NEW_MAJOR,))
        return "\n  ".join([*lines, "ways out: " + " | ".join(ways_out)])


def report(findings: Iterable[Finding]) -> str:
    """All findings, one after the other; nothing where there are none."""
    return "\n".join(str(finding) for finding in findings)


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each rule and path, with the sentences and the pairs of all."""
    places: dict[tuple[str, str, str], list[Finding]] = {}
    for one in findings:
        places.setdefault((one.contract, one.path, one.rule), []).append(one)
    return [
        Finding(
            rule,
            contract,
            path,
            tuple(dict.fromkeys(detail for one in same for detail in one.details)),
            tuple(dict.fromkeys(pair for one in same for pair in one.pairs)),
            same[0].ways_out,
        )
        for (contract, path, rule), same in sorted(places.items())
    ]


class Breaking(Exception):
    """A change breaks a rule."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__(report(findings))


def refuse(findings: Iterable[Finding]) -> None:
    """Raises Breaking if there are any."""
    if found := merged(findings):
        raise Breaking(found)

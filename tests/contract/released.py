"""All versions of the contracts for the checks: those that were released, and the working tree."""

from dataclasses import dataclass

import pytest

from tools.contracts.findings import Finding, report
from tools.contracts.history import RELEASED, History
from tools.contracts.samples import NoSample
from tools.contracts.versions import Samples, Version, released, working_tree
from tools.workspace import package_in

CONTRACTS = package_in("shared/contracts")


@dataclass(frozen=True)
class Versions:
    """What was released, oldest first, and what stands in the checkout."""

    history: History
    before: tuple[Version, ...]
    today: Version

    def todays_samples(self) -> Samples:
        """The golden samples that a release of today would keep; the test fails in one line if there are none."""
        complaint = None
        try:
            return self.today.samples
        except NoSample as error:
            complaint = str(error)
        pytest.fail(complaint, pytrace=False)


def all_versions() -> Versions:
    """Of the history that is committed, and of the checkout."""
    history = History.read(RELEASED)
    return Versions(history, tuple(map(released, history.releases)), working_tree())


def refuse(findings: list[Finding]) -> None:
    """Fail with rule, path, pairs and ways out of each."""
    if findings:
        pytest.fail("\n" + report(findings), pytrace=False)

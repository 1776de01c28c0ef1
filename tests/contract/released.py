"""All versions of the contracts for the checks: those that were released, and the working tree."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.contracts.findings import Finding, report
from tools.contracts.history import RELEASED, History
from tools.contracts.release import release
from tools.contracts.samples import NoSample
from tools.contracts.versions import Samples, Version, released, working_tree
from tools.workspace import ROOT, package_in
from tools.zip_folder import zip_folder

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


def all_versions(scratch: Path) -> Versions:
    """Of the committed history; before the first release, of one that is made of the working tree in `scratch`."""
    history = History.read(RELEASED)
    if not history.releases:
        history = scratch_history(scratch)
        release(history, CONTRACTS.pyproject["project"]["version"], zipped_sources)
        history = History.read(history.folder)
    return Versions(history, tuple(map(released, history.releases)), working_tree())


def scratch_history(folder: Path) -> History:
    """A history without releases, with the tombstones of the real one."""
    (folder / "released").mkdir(parents=True)
    shutil.copy(RELEASED / "tombstones.json", folder / "released")
    return History.load(folder / "released")


def zipped_sources(folder: Path) -> None:
    """Stand-in for the wheel, without a build: it imports as one."""
    wheel = folder / f"waybill_contracts-{CONTRACTS.pyproject['project']['version']}-py3-none-any.whl"
    zip_folder(ROOT / CONTRACTS.folder / "src", wheel, lambda path: "__pycache__" not in path.parts)


def refuse(findings: list[Finding]) -> None:
    """Fail with rule, path, pairs and ways out of each."""
    if findings:
        pytest.fail("\n" + report(findings), pytrace=False)

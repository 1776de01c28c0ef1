"""`just contracts-release`: keep the contracts as they are now, for ever, under the version in their pyproject.toml.

The recipe asks first whether they may be released (`--check`), then runs all contract tests, then makes the release.

Exit 0: released. 1: a change breaks a rule; nothing is written. 2: the version is not what the change deserves. 3: what
was released before has been edited.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tools.contracts.chain import shown
from tools.contracts.comparison import against, anything, by_names, by_samples
from tools.contracts.documents import write_documents
from tools.contracts.findings import Breaking, refuse, report
from tools.contracts.folder import seal, write_contracts
from tools.contracts.history import RELEASED, History, HistoryTampered, Release, number
from tools.contracts.readings import readings
from tools.contracts.samples import NoSample
from tools.contracts.upcasts import by_upcasts
from tools.contracts.versions import Version, changes, deserved, level_between, released, working_tree
from tools.environment import only_one
from tools.package_environment import ENVIRONMENTS, wheel
from tools.workspace import WorkspaceError, package_in

PACKAGE = "shared/contracts"
PYPROJECT = f"{PACKAGE}/pyproject.toml"
BUILT_AT = "1580601600"
"""SOURCE_DATE_EPOCH of every wheel, so that equal sources make equal bytes. It is what hatchling takes by itself."""
BREAKING, USAGE, TAMPERED = 1, 2, 3

WheelMaker = Callable[[Path], None]
"""Puts the wheel of the working tree into a folder. Raises WorkspaceError."""


class WrongVersion(Exception):
    """The version is not what the change deserves; the message says which is."""


def release(history: History, version: str, make_wheel: WheelMaker) -> Path:
    """Write the folder of a release beside the others, or nothing. Raises Breaking, WrongVersion, NoSample."""
    today = working_tree()
    refuse_unfit(history, version, today)
    folder = history.folder / version
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=history.folder.parent) as draft:
        content = Path(draft) / "content"
        candidate = replace(today, label=version)
        write_contracts(content, candidate)
        make_wheel(content)
        seal(content, candidate, history)
        content.rename(folder)
    return folder


def refuse_unfit(history: History, version: str, today: Version) -> None:
    """Raises Breaking, WrongVersion, NoSample."""
    refuse_breaks(history, today)
    refuse_version(history, version, today)


def refuse_breaks(history: History, today: Version) -> None:
    """Names, structure, every sample that was ever released, upcasts. Raises Breaking."""
    before = [released(one) for one in history.releases]
    found = [*by_names(history, today), *against(today, before, anything)]
    for one in history.releases:
        found += by_samples(released(one), one.readings, today.label, readings(one.samples), anything)
    found += by_upcasts([*before, today])
    refuse(found)


def refuse_version(history: History, version: str, today: Version) -> None:
    """A release has the version that its changes deserve (R1); the first one may choose. Raises WrongVersion."""
    try:
        number(version)
    except ValueError as error:
        raise WrongVersion(f"{PYPROJECT}: {error}") from error
    if not history.releases:
        return
    newest = released(history.newest)
    wanted = deserved(newest, today)
    if version != wanted:
        why = f"what changed since {newest.label} is {level_between(newest, today)}"
        if version == newest.label:
            why = f"{version} is released already, and what changed since is {level_between(newest, today)}"
        lines = [f"{why}: its version is {wanted}, not {version}; edit {PYPROJECT}", *map(str, changes(newest, today))]
        raise WrongVersion("\n".join(lines))


def make_wheel(folder: Path) -> None:
    """Put the wheel of the working tree into `folder`. Raises WorkspaceError."""
    os.environ["SOURCE_DATE_EPOCH"] = BUILT_AT
    with only_one(ENVIRONMENTS):
        shutil.copy(wheel(package_in(PACKAGE)), folder)


def main(arguments: list[str]) -> int:
    """Make a release of what stands in the checkout; say what changed. With `--check` only say whether it may be."""
    try:
        history = History.load(RELEASED)
        version = package_in(PACKAGE).pyproject["project"]["version"]
        if arguments == ["--check"]:
            refuse_unfit(history, version, working_tree())
            return 0
        folder = release(history, version, make_wheel)
    except HistoryTampered as error:
        return ended(TAMPERED, f"contracts-release: {error}")
    except Breaking as error:
        return ended(BREAKING, f"{report(error.findings)}\nnothing was released")
    except (WrongVersion, WorkspaceError, NoSample) as error:
        return ended(USAGE, f"contracts-release: {error}")
    today = History.load(RELEASED)
    print(summary(history, today.newest, folder))
    write_documents(today)
    return 0


def ended(exit_code: int, message: str) -> int:
    """Say why nothing was released."""
    print(message, file=sys.stderr)
    return exit_code


def summary(before: History, release: Release, folder: Path) -> str:
    """What was released, and what changed in it."""
    first = not before.releases
    lines = ["the first release"] if first else map(str, changes(released(before.newest), released(release)))
    count = sum(map(len, release.samples.values()))
    return "\n".join(
        [
            f"released {release.version} in {shown(folder)}: {len(release.writers)} contracts, {count} golden samples, "
            f"{len(release.manifest.verified)} verified pairs; commit it with docs/contracts",
            *lines,
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

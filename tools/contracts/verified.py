"""Which pairs of views a green `just test-contracts` has verified for the working tree: `.tools/verified.json`.

can-i-deploy reads it besides what the releases were verified for. Only a session that ran every test of the contracts,
skipped none and failed none writes it, so that what it says was tested was.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from waybill_contracts.catalogue import catalogue, digest

from tools.contracts.chain import Views
from tools.contracts.history import History
from tools.workspace import ROOT

VERIFIED = ROOT / ".tools" / "verified.json"
FOLDERS = (ROOT / "shared" / "contracts", ROOT / "tests" / "contract")
"""What `just test-contracts` runs."""

Pair = tuple[str, str, str]


def views_of_today() -> dict[str, Views]:
    """Digests of the working tree's writer and reader of each contract."""
    return {name: Views(digest(each.writer()), digest(each.reader())) for name, each in catalogue().items()}


def pairs_with_today(today: Mapping[str, Views], released: Iterable[Mapping[str, Views]]) -> list[Pair]:
    """Today's writer with every reader there ever was of its contract, its own included, and the reverse."""
    found: set[Pair] = set()
    for contracts in (today, *released):
        for name in today.keys() & contracts.keys():
            found.add((name, today[name].writer, contracts[name].reader))
            found.add((name, contracts[name].writer, today[name].reader))
    return sorted(found)


def write_verified(history: History, path: Path = VERIFIED) -> None:
    """Note that the working tree's views were tested with those of every release."""
    pairs = pairs_with_today(views_of_today(), [one.manifest.contracts for one in history.releases])
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(pairs)) + b"\n")
    draft.rename(path)

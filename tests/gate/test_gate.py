"""The gate itself, tried on edited copies of the checkout: what must be refused is, and no check is decoration."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.gate.edited import Edit, EditedCheckout, Verdict
from tests.gate.edits import ADDED, DROPPED, EDITED_SAMPLE, OWN, REFUSED

# All copies are checked in the fixtures, two at a time, before their tests ask for the verdicts.
pytestmark = pytest.mark.timeout(1200)

LANES = 2
GENERATING = ("c05", "c06", "c07", "c08", "c09", "c10")
"""Checks that find by many documents what others find by structure, which is what the edits below are refused for."""


@pytest.fixture(scope="module")
def verdicts_on(servers: dict[str, str], tmp_path_factory: Any) -> Callable[..., dict[str, Verdict]]:
    """What the checks say of copies with some edits each, by the copies' names."""

    def of(copies: dict[str, Iterable[Edit]], *without: str) -> dict[str, Verdict]:
        def verdict(name: str) -> Verdict:
            folder: Path = tmp_path_factory.mktemp("copy")
            checkout = EditedCheckout(folder / "checkout")
            checkout.apply(copies[name])
            return checkout.check(servers, *without)

        with ThreadPoolExecutor(LANES) as lanes:
            return dict(zip(copies, lanes.map(verdict, copies), strict=True))

    return of


@pytest.fixture(scope="module")
def verdicts(verdicts_on: Any) -> dict[str, Verdict]:
    """Of the edits that stand or fall by structure."""
    together = [edit for each in REFUSED.values() for edit in each.edits]
    copies = {"refused": together, "dropped": DROPPED.edits, "sample": [EDITED_SAMPLE], "added": [ADDED]}
    return verdicts_on(copies, *GENERATING)


@pytest.mark.parametrize("name", REFUSED)
def test_an_edit_that_breaks_the_other_side_is_refused_with_rule_and_path(verdicts: Any, name: str) -> None:
    verdict: Verdict = verdicts["refused"]
    assert verdict.exit_code == 1
    assert verdict.refusals >= REFUSED[name].refusals
    assert "contracts, unreleased: BREAKING" in verdict.output


def test_a_kind_is_not_dropped_without_a_tombstone(verdicts: Any) -> None:
    assert verdicts["dropped"].exit_code == 1
    assert verdicts["dropped"].refusals >= DROPPED.refusals


def test_a_golden_sample_of_a_release_is_not_edited(verdicts: Any) -> None:
    verdict: Verdict = verdicts["sample"]
    assert verdict.failed_checks >= {"c02"}
    assert EDITED_SAMPLE.file.rpartition("/released/")[2] in verdict.tampered


def test_an_optional_field_with_a_default_passes_and_asks_for_a_minor_release(verdicts: Any) -> None:
    verdict: Verdict = verdicts["added"]
    assert verdict.exit_code == 0, verdict.output
    assert "contracts, unreleased: minor → 2.1.0; ./justw contracts-release" in verdict.output
    assert "payload.note.process.v1: + $.language" in verdict.output


@pytest.fixture(scope="module")
def verdicts_of_own_edits(verdicts_on: Any) -> dict[str, Verdict]:
    """Of the edit that belongs to each check, by all checks."""
    return verdicts_on(OWN)


@pytest.mark.parametrize("check", OWN)
def test_each_check_refuses_an_edit_that_passes_without_it(verdicts_of_own_edits: Any, check: str) -> None:
    verdict: Verdict = verdicts_of_own_edits[check]
    assert verdict.failed_checks == {check}, verdict.output

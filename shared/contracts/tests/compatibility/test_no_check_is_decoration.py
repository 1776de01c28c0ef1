"""Each check of the checker, switched off, lets at least one canned edit through that it should refuse."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from waybill_contracts.compatibility import http_breaks, names, schemas
from waybill_contracts.compatibility.http import documents, requests, responses

from shared.contracts.tests.compatibility.api_documents import BEFORE, edited
from shared.contracts.tests.compatibility.breaking_fields import FIELD_EDITS
from shared.contracts.tests.compatibility.breaking_values import VALUE_EDITS
from shared.contracts.tests.compatibility.edit import Edit, gone, new_reader, old_reader, short
from shared.contracts.tests.compatibility.http_edits import BREAKING as HTTP_EDITS

STRUCTURAL = [
    (kind, check)
    for kind, checks in schemas.CHECKS.items()
    for check in checks
    if kind != "number"  # the same as of integers
]


def none(*_: Any) -> Iterator[Any]:
    return iter(())


def let_through() -> Iterator[str]:
    """The canned edits that break something, in a direction in which nothing is found any more."""
    return (edit.what for edit in [*FIELD_EDITS, *VALUE_EDITS] if _is_let_through(edit))


def _is_let_through(edit: Edit) -> bool:
    asked = (edit.new_reader, new_reader), (edit.old_reader, old_reader), (edit.gone, gone)
    return any(expected and not verdict(edit) for expected, verdict in asked)


def let_through_the_api() -> Iterator[str]:
    return (edit.what for edit in HTTP_EDITS if not short(http_breaks(BEFORE, edited(edit.edit))))


def test_with_all_checks_nothing_is_let_through():
    assert [*let_through(), *let_through_the_api()] == []


@pytest.mark.parametrize(("kind", "check"), STRUCTURAL, ids=lambda each: getattr(each, "__name__", each))
def test_without_a_check_an_edit_is_let_through(monkeypatch: pytest.MonkeyPatch, kind: str, check: Callable[..., Any]):
    for each in ("integer", "number") if kind == "integer" else (kind,):
        others = tuple(one for one in schemas.CHECKS[each] if one is not check)
        monkeypatch.setitem(schemas.CHECKS, each, others)
    assert next(let_through(), None)


def test_without_what_no_alternative_takes_an_edit_is_let_through(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schemas, "check_refused", none)
    assert {"a union grows", "an enum shrinks", "null is allowed", "an integer becomes a string"} <= {*let_through()}


def test_without_the_telling_of_tags_a_break_is_told_for_the_whole_union_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
):
    """Tags decide which branch is meant; taken for disjoint whatever they say, no branch fits any more."""
    monkeypatch.setattr(schemas, "are_disjoint", lambda *_: True)
    [harmed] = [edit for edit in FIELD_EDITS if edit.what == "a union grows"]
    assert new_reader(harmed) == ["R3 $.cargo"]


def test_without_the_names_that_are_gone_an_edit_is_let_through(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(names, "field_paths", none)
    assert "an optional field is removed without a tombstone" in let_through()


@pytest.mark.parametrize("check", documents.CHECKS, ids=lambda check: check.__name__)
def test_without_a_check_an_edit_of_the_api_is_let_through(monkeypatch: pytest.MonkeyPatch, check: Callable[..., Any]):
    monkeypatch.setattr(documents, "CHECKS", tuple(one for one in documents.CHECKS if one is not check))
    assert next(let_through_the_api(), None)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (documents, "scheme_breaks"),
        (requests, "_style_breaks"),
        (responses, "_header_breaks"),
        (responses, "_content_breaks"),
        (responses, "removed_fields"),
    ],
)
def test_without_a_part_of_a_check_an_edit_of_the_api_is_let_through(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str
):
    monkeypatch.setattr(module, name, none)
    assert next(let_through_the_api(), None)

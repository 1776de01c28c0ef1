"""What the checker says of edits of an OpenAPI document."""

import pytest
from waybill_contracts.compatibility import UnknownKeyword, http_breaks

from shared.contracts.tests.compatibility.api_documents import BEFORE, edited
from shared.contracts.tests.compatibility.edit import short
from shared.contracts.tests.compatibility.http_edits import BREAKING, HARMLESS, HttpEdit, delete, listing, parcel, post


@pytest.mark.parametrize("edit", BREAKING, ids=lambda edit: edit.what)
def test_a_breaking_edit_of_the_api_is_refused_with_rule_and_place(edit: HttpEdit):
    assert edit.found
    assert sorted(short(http_breaks(BEFORE, edited(edit.edit)))) == sorted(edit.found)


@pytest.mark.parametrize("edit", HARMLESS, ids=lambda edit: edit.what)
def test_a_harmless_edit_of_the_api_passes(edit: HttpEdit):
    assert edited(edit.edit) != BEFORE
    assert http_breaks(BEFORE, edited(edit.edit)) == []


def test_an_api_is_compatible_with_itself():
    assert http_breaks(BEFORE, BEFORE) == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: parcel(d).update(nullable=True),
        lambda d: post(d).update(callbacks={}),
        lambda d: listing(d)["parameters"].append({"name": "q", "in": "query", "content": {}}),
        lambda d: post(d)["requestBody"]["content"]["application/json"].update(encoding={}),
        lambda d: delete(d)["responses"].update({"200": {"$ref": "#/components/responses/Lost"}}),
    ],
    ids=["a keyword of OpenAPI 3.0", "callbacks", "a parameter by content", "an encoding", "a reference to nothing"],
)
def test_what_the_checker_cannot_judge_in_an_api_gets_no_verdict(edit):
    with pytest.raises(UnknownKeyword):
        http_breaks(BEFORE, edited(edit))

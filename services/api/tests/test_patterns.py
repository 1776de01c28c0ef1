"""Published patterns mean to any validator what those of the structs mean to the API."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waybill_api.openapi import make_document
from waybill_api.openapi.patterns import portable, publish_patterns
from waybill_contracts import KINDS


def patterns_in(schema):
    if isinstance(schema, dict):
        found = [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
        return found + [pattern for value in schema.values() for pattern in patterns_in(value)]
    return [pattern for each in schema for pattern in patterns_in(each)] if isinstance(schema, list) else []


OF_STRUCTS = sorted({pattern for payload in KINDS for pattern in patterns_in(msgspec.json.schema(payload))})
ODD = "\t\n\v\f\r\x1c\x1f \x85\xa0\u1680\u2003\u2028\u2029\u202f\u3000\ufeff/@?#:a.é😀"
CLASS = re.compile(r"\[(?:[^\]\\]|\\(?![sSdDwWbBpP]).)*\]")
"""Characters stand for themselves in it, but for those that are many."""
NOT_PLAIN = re.compile(r"\(\?(?!:)|\\[sSdDwWbBpPAZ]|[*+?]\+")


def as_ecma_reads(pattern, text):
    return re.search(pattern.removesuffix("$") + r"\Z", text) is not None


def test_no_published_pattern_needs_more_than_the_plain_parts_of_ecma_262():
    published = patterns_in(make_document())
    assert published
    assert not [pattern for pattern in published if NOT_PLAIN.search(CLASS.sub("[]", pattern))]
    assert not [pattern for pattern in published if not pattern.endswith("$")]


@pytest.mark.parametrize("pattern", OF_STRUCTS)
def test_a_text_fits_the_published_pattern_if_and_only_if_it_fits_the_structs(pattern):
    @given(st.from_regex(pattern) | st.text(ODD).map("http://".__add__) | st.text(), st.text(ODD))
    def agrees(text, more):
        for candidate in (text, text + more, text + "\n"):
            if "\0" not in candidate:
                assert as_ecma_reads(portable(pattern), candidate) == bool(re.search(pattern, candidate))

    agrees()


def test_whole_texts_that_a_look_ahead_refuses_are_all_that_is_published_too_much():
    assert portable(r"^(?!(?:host|te)$)[a-z]+(?!\n)$") == "^[a-z]+$"
    assert portable(r"^[a-z](?!x$)[a-z](?!\n)$") == "^[a-z](?!x$)[a-z]$", "elsewhere it stays, and the test above tells"


def test_only_patterns_are_rewritten():
    schema = {"properties": {"pattern": {"type": "string"}}, "enum": [r"\S"], "required": []}
    published = publish_patterns({**schema, "pattern": r"^\S(?!\n)$"})
    assert published.pop("pattern").startswith(r"^[^\u0000")
    assert published == schema

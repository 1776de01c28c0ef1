"""The checker against an oracle that is not ours: Confluent's published verdicts, restated."""

import pytest
from waybill_contracts.catalogue import Schema
from waybill_contracts.compatibility import UnknownKeyword, breaks

from shared.contracts.tests.compatibility.confluent_cases import CASES, REFUSED, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_the_verdict_is_that_of_confluent_unless_the_case_says_why_not(case: Case):
    is_compatible = not breaks(case.old, case.new, newer="reader")
    assert is_compatible == (case.confluent if not case.why_not else not case.confluent)


@pytest.mark.parametrize("schema", REFUSED.values(), ids=REFUSED.keys())
def test_what_msgspec_never_emits_gets_no_verdict(schema: Schema):
    with pytest.raises(UnknownKeyword):
        breaks(schema, schema)

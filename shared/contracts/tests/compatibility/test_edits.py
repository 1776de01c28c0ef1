"""What the checker says of about fifty breaking edits and twenty harmless ones, each in both directions."""

import msgspec
import pytest

from shared.contracts.tests.compatibility.breaking_fields import FIELD_EDITS
from shared.contracts.tests.compatibility.breaking_values import VALUE_EDITS
from shared.contracts.tests.compatibility.edit import Edit, verdicts, views
from shared.contracts.tests.compatibility.harmless_edits import HARMLESS_EDITS


@pytest.mark.parametrize("edit", [*FIELD_EDITS, *VALUE_EDITS], ids=lambda edit: edit.what)
def test_a_breaking_edit_is_refused_with_rule_and_path(edit: Edit):
    assert edit.new_reader or edit.old_reader or edit.gone
    assert verdicts(edit) == (edit.new_reader, edit.old_reader, edit.gone)


@pytest.mark.parametrize("edit", HARMLESS_EDITS, ids=lambda edit: edit.what)
def test_a_harmless_edit_passes_in_both_directions(edit: Edit):
    assert msgspec.json.encode(views(edit.before)) != msgspec.json.encode(views(edit.after)), "nothing was edited"
    assert verdicts(edit) == ([], [], [])

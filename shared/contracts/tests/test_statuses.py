"""The table of transitions is consistent in itself. That the database agrees is shown in tests/contract."""

import pytest
from waybill_contracts import FINAL_STATUSES, TRANSITIONS, TaskStatus, is_final

EDGES = {edge for edges in TRANSITIONS.values() for edge in edges}


def test_no_transition_leaves_a_final_status():
    assert not [edge for edge in EDGES if edge[0] in FINAL_STATUSES]


def test_every_status_can_be_reached_from_pending():
    reached = {TaskStatus.PENDING}
    while further := {after for before, after in EDGES if before in reached} - reached:
        reached |= further
    assert reached == set(TaskStatus)


def test_every_status_that_is_not_final_leads_to_each_final_one():
    for start in set(TaskStatus) - FINAL_STATUSES:
        reached = {start}
        while further := {after for before, after in EDGES if before in reached} - reached:
            reached |= further
        assert reached >= FINAL_STATUSES


@pytest.mark.parametrize("status", TaskStatus)
def test_final_is_what_no_transition_leaves(status):
    assert is_final(status) == (status not in {before for before, _ in EDGES})


def test_the_verbs_are_those_of_the_vocabulary():
    assert set(TRANSITIONS) == {"claim", "complete", "retry", "release", "fail", "cancel", "reap"}


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        TRANSITIONS["claim"] = frozenset()

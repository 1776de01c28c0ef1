"""The policy of can-i-deploy as a table: what runs, what is in flight, what was verified, and the rows that say no."""

import pytest
from waybill_dev.can_i_deploy.facts import InFlight, Instance, Manifest, Schema, Waiting
from waybill_dev.can_i_deploy.policy import judge
from waybill_dev.can_i_deploy.schema import is_before, refusals
from waybill_dev.can_i_deploy.table import document, lines

AT_4 = Schema("0004")
NOTHING = InFlight()


def api(version="1", *payloads, message="m", needs="0003"):
    """`note.v1=p1`: payload contract and its digest; results are read as `r:` and the digest."""
    writes = dict(each.split("=") for each in payloads or ("note.v1=p1",))
    return Manifest(
        "api",
        version,
        {"task.requested.v1": message, "error.v1": "e"}
        | {f"payload.{name}": digest for name, digest in writes.items()},
        {"error.v1": "e:r"} | {f"result.{name}": f"r:{digest}" for name, digest in writes.items()},
        needs,
    )


def processor(version="1", *payloads, message="m:r", needs="0003"):
    reads = dict(each.split("=") for each in payloads or ("note.v1=p1",))
    return Manifest(
        "processor",
        version,
        {"error.v1": "e"} | {f"result.{name}": digest for name, digest in reads.items()},
        {"task.requested.v1": message} | {f"payload.{name}": f"r:{digest}" for name, digest in reads.items()},
        needs,
    )


def all_pairs(*manifests):
    """Every pair among these, as a green test-contracts notes them."""
    return {
        (name, digest, reader.reads[name])
        for writer in manifests
        for reader in manifests
        for name, digest in writer.writes.items()
        if name in reader.reads
    }


def live(*manifests):
    return [Instance(f"{each} {number}", each) for number, each in enumerate(manifests)]


def gone(*manifests):
    return [Instance(f"{each} gone {number}", each, is_live=False) for number, each in enumerate(manifests)]


def refused(answer):
    return [(row.subject, row.writer, row.reader, row.reason) for row in answer.rows if not row.ok]


V1, V2 = "note.v1=p1", "note.v2=p2"
OLD, NEW = processor("1", V1), processor("2", V1, V2)
OLD_API, NEW_API = api("1", V1), api("2", V1, V2)
ALL = all_pairs(OLD, NEW, OLD_API, NEW_API, processor("3", V2))
NOTES_WAIT = InFlight(tasks=(Waiting("note", 1, 3, 0),))


def test_a_release_whose_pairs_are_all_verified_may_go_and_says_each_pair():
    answer = judge(NEW, live(OLD_API, OLD), NOTES_WAIT, ALL, AT_4)
    assert answer.ok
    assert {(row.subject, row.reason) for row in answer.rows} >= {
        ("task.requested.v1", "verified"), ("payload.note.v1", "verified"), ("result.note.v1", "verified"),
        ("error.v1", "verified"), ("payload.note.v1", "is read"), ("database", "needs 0003"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("candidate", "beside"),
    [(processor(), api()), (api(), processor())],
    ids=["processor", "api"],
)
def test_a_pair_that_was_never_tested_is_a_no(candidate, beside):
    answer = judge(candidate, live(beside), NOTHING, set(), AT_4)
    assert not answer.ok
    assert {reason for *_, reason in refused(answer)} == {"never tested"}
    one_short = all_pairs(candidate, beside) - {("payload.note.v1", "p1", "r:p1")}
    [row] = refused(judge(candidate, live(beside), NOTHING, one_short, AT_4))
    assert row == ("payload.note.v1", "api@1 p1", "processor@1 r:p1", "never tested")


def test_a_dropped_version_that_still_waits_is_a_no_with_how_many_and_yes_once_it_has_drained():
    dropped = processor("3", V2)
    beside = live(api("2", V2))
    verified = ALL | all_pairs(dropped, api("2", V2))
    in_flight = InFlight(tasks=(Waiting("note", 1, 3, 2),))
    assert refused(judge(dropped, beside, in_flight, verified, AT_4)) == [
        ("payload.note.v1", "in flight: 3 waiting, 2 held", "processor@3", "not read by processor@3")
    ]
    assert judge(dropped, beside, NOTHING, verified, AT_4).ok


def test_a_dropped_version_that_a_live_api_still_writes_is_a_no():
    answer = judge(processor("3", V2), live(OLD_API), NOTHING, ALL, AT_4)
    assert ("payload.note.v1", "api@1 p1", "processor@3", "not read by processor@3") in refused(answer)


def test_the_reader_goes_first_then_the_writer():
    assert judge(NEW, live(OLD_API, OLD), NOTHING, ALL, AT_4).ok
    assert refused(judge(NEW_API, live(OLD_API, OLD), NOTHING, ALL, AT_4)) == [
        ("payload.note.v2", "api@2 p2", "processor@1", "not read by processor@1")
    ]
    assert judge(NEW_API, live(OLD_API, NEW), NOTHING, ALL, AT_4).ok


def test_a_result_of_a_version_that_the_api_does_not_know_is_shown_as_it_is_stored():
    second = InFlight(tasks=(Waiting("note", 2, 1, 0),))
    for candidate, running in ((NEW, live(OLD_API)), (OLD_API, live(NEW, NEW_API))):
        answer = judge(candidate, running, second, ALL, AT_4)
        assert answer.ok
        assert [row.reason for row in answer.rows if row.subject == "result.note.v2"] == ["shown as stored"]


def test_a_rollback_of_the_processor_is_a_no_while_the_new_api_runs_and_yes_after_its_own_rollback():
    assert [row[0] for row in refused(judge(OLD, live(NEW, NEW_API), NOTHING, ALL, AT_4))] == ["payload.note.v2"]
    assert judge(OLD, [*live(NEW, OLD_API), *gone(NEW_API)], NOTES_WAIT, ALL, AT_4).ok


def test_instances_of_the_same_service_are_replaced_so_they_count_only_as_writers_of_what_is_in_flight():
    replaced = api("0", "letter.v1=l1", message="old")
    assert judge(api(), live(replaced, processor()), NOTHING, all_pairs(api(), processor()), AT_4).ok


@pytest.mark.parametrize("instances", [live, gone])
def test_what_an_instance_wrote_before_it_went_must_be_read_as_long_as_it_is_in_flight(instances):
    before = api("0", "note.v1=p0", message="m0")
    verified = all_pairs(api(), processor())
    beside = [*gone(before), *live(api())]
    assert judge(processor(), beside, NOTHING, verified, AT_4).ok
    sent = InFlight(messages=frozenset({"task.requested.v1"}))
    assert refused(judge(processor(), beside, sent, verified, AT_4)) == [
        ("task.requested.v1", "api@0 m0", "processor@1 m:r", "never tested")
    ]
    assert [row[:2] for row in refused(judge(processor(), beside, NOTES_WAIT, verified, AT_4))] == [
        ("payload.note.v1", "api@0 p0")
    ]


def test_an_instance_that_is_gone_reads_nothing_more():
    assert judge(NEW_API, gone(OLD), NOTHING, ALL, AT_4).ok


def test_a_candidate_is_never_asked_about_itself():
    assert judge(api(), live(api()), NOTES_WAIT, set(), AT_4).ok


def test_messages_and_dead_letters_of_a_type_that_is_not_read_are_a_no():
    in_flight = InFlight(messages=frozenset({"task.requested.v2"}), dead_letters={"task.requested.v3": 2})
    assert refused(judge(processor(), [], in_flight, set(), AT_4)) == [
        ("task.requested.v2", "in flight: within the queues' retention", "processor@1", "not read by processor@1"),
        (
            "task.requested.v3",
            "in flight: 2 dead letters of unfinished tasks",
            "processor@1",
            "not read by processor@1",
        ),
    ]


def test_where_nothing_runs_it_is_yes_and_that_is_said():
    answer = judge(processor(), [], NOTHING, set(), AT_4)
    assert answer.ok
    assert answer.notes == ("no instance is registered: nothing that runs was asked about",)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (Schema("0003"), "needs 0004: deploy the migrations first"),
        (Schema(None), "needs 0004: deploy the migrations first"),
        (Schema("0006", (("0006", "api", "1.10.0"),)), "revision 0006 took away what versions before 1.10.0 use"),
    ],
)
def test_a_database_that_does_not_fit_is_a_no(schema, why):
    candidate = api("1.9.0", needs="0004")
    assert [row[3] for row in refused(judge(candidate, [], NOTHING, set(), schema))] == [why]


def test_a_database_that_is_newer_by_expanding_is_a_yes():
    answer = judge(api("1.9.0", needs="0004"), [], NOTHING, set(), Schema("0009", (("0009", "api", "1.9.0"),)))
    assert answer.ok


def test_what_runs_already_on_a_database_too_old_for_it_is_said():
    answer = judge(api(), live(processor("2", needs="0005")), NOTHING, all_pairs(api(), processor("2")), AT_4)
    assert [row[2:] for row in refused(answer)] == [
        ("processor@2", "runs already and needs 0005: deploy the migrations first")
    ]


def test_a_contract_revision_is_refused_for_the_live_instances_that_are_older():
    instances = [*live(api("0.1.0"), api("0.2.0"), processor("0.1.0")), *gone(api("0.1.0"))]
    assert refusals(instances, [("0006", "api", "0.2.0")]) == [(instances[0], "0006", "0.2.0")]


def test_versions_are_compared_as_numbers():
    assert is_before("0.9.0", "0.10.0")
    assert not is_before("1.0.0", "1.0.0")


def test_the_table_ends_with_the_verdict_and_names_the_pair():
    answer = judge(processor("3", V2), live(OLD_API), NOTHING, ALL, AT_4)
    told = lines(answer, "working tree")
    assert told[0] == "processor@3 (working tree)"
    assert told[1] == "  live: api@1 (1)"
    assert any("NO" in line and "api@1 p1 → processor@3" in line for line in told)
    assert told[-1].startswith("no: processor@3 may not be deployed, 1 of ")
    assert document(answer, "released")["ok"] is False

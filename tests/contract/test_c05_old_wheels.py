"""C5: each released wheel, run as a real process, reads what today's code writes, and the other way round."""

from datetime import datetime
from functools import cache

import pytest
from hypothesis import strategies as st
from waybill_contracts import KINDS
from waybill_contracts.catalogue import catalogue

from tests.contract.drawn import COUNT, promised, storable
from tests.contract.side import Side
from tests.contract.strategies import drawn, zones
from tests.contract.wheels import old_side, releases
from tools.contracts.readings import differences, readings_of, refusal

MESSAGE = "task.requested.v1"
SHOWN = 5

dispatches = st.fixed_dictionaries(
    {
        "task_id": st.uuids().map(str),
        "kind": st.sampled_from(KINDS.names()),
        "payload_version": st.integers(1, 9),
        "dispatch": st.integers(1, 1000),
        "written_at": st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=zones).map(
            lambda instant: instant.isoformat()
        ),
        "traceparent": st.none() | st.from_regex(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", fullmatch=True),
    }
)
"""What stands in an outbox row and its task."""


@pytest.fixture(scope="module", params=releases(), ids=lambda release: release.version)
def released(request):
    """A release; each test meets them all."""
    return request.param


@pytest.fixture(scope="module")
def old(released, tmp_path_factory):
    """A process of the release."""
    with old_side(released.wheel, tmp_path_factory.mktemp("importable")) as process:
        yield process


@pytest.fixture(scope="module")
def today():
    return Side()


def test_the_process_runs_the_wheel_of_that_release_and_can_import_nothing_else(old, released):
    about = old.ask("about")
    assert about["file"].startswith(str(released.wheel))
    assert (about["version"], about["strangers"]) == (released.version, [])


def test_an_old_processor_reads_what_todays_relay_writes(old, today):
    written = today.write_messages(some_dispatches())
    compare("today's message", written, today.read_messages(written), old.ask("read_messages", bodies=written))


def test_todays_processor_reads_what_an_old_relay_writes(old, today):
    written = old.ask("write_messages", dispatches=some_dispatches())
    compare("an old relay's message", written, today.read_messages(written), old.ask("read_messages", bodies=written))


def test_an_old_side_reads_every_golden_document_as_the_release_that_kept_it(released):
    kept = {name: golden(name) for one in releases() for name in one.samples}
    samples = {name: {sample: document for sample, (document, _) in each.items()} for name, each in kept.items()}
    theirs = readings_of(released.wheel, samples)
    assert theirs.keys() == released.samples.keys()
    wrong = [
        f"{name} of {sample}: {refusal(read) or differences(kept[name][sample][1], read)}"
        for name, each in theirs.items()
        for sample, read in each.items()
        if refusal(read) or differences(kept[name][sample][1], read)
    ]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def test_both_take_the_kinds_that_both_know_and_hold_the_others(old, today):
    known = old.ask("about")["contracts"]
    bodies = [today.write_messages([dispatch_of(payload.kind, payload.version)])[0] for payload in KINDS]
    becomes = [read["becomes"] for read in old.ask("read_messages", bodies=bodies)]
    assert becomes == ["work" if f"payload.{p.kind}.v{p.version}" in known else "hold" for p in KINDS]


@pytest.mark.parametrize(
    ("kind", "version"), [("thing.invented_later", 1), ("note.process", 99), ("webhook.deliver", 32767)]
)
def test_a_kind_or_version_of_the_future_is_held_not_poison(old, today, kind, version):
    bodies = today.write_messages([dispatch_of(kind, version)])
    assert [read["becomes"] for read in old.ask("read_messages", bodies=bodies)] == ["hold"]


def test_a_message_type_that_only_one_side_knows_comes_again(old, today):
    known = set(old.ask("about")["contracts"])
    [body] = today.write_messages([dispatch_of("note.process", 1)])
    newer = [name for name in catalogue() if name.startswith("task.requested.") and name not in known]
    bodies = [body.replace(f"waybill.{MESSAGE}", f"waybill.{name}") for name in [*newer, "task.requested.v9999"]]
    read = old.ask("read_messages", bodies=bodies)
    expected = {"becomes": "poison", "reason": "future_version", "comes_again": True}
    assert read == [expected] * len(bodies)


def test_an_old_side_reads_what_todays_side_stores(old, today):
    for contract in both_know(old):
        values = [today.plain(value) for value in storable(catalogue()[contract].struct)]
        written = today.write(contract, values)
        compare(contract, written, today.read(contract, written), old.ask("read", contract=contract, documents=written))


def test_todays_side_reads_what_an_old_side_stores(old, today, released):
    for contract in both_know(old):
        written = old.ask("write", contract=contract, values=promised(released.writers[contract]))
        compare(contract, written, today.read(contract, written), old.ask("read", contract=contract, documents=written))


def test_every_release_has_golden_samples_of_every_contract():
    for release in releases():
        assert set(release.samples) == set(release.writers) == set(release.readers)


def golden(contract):
    """The golden samples of a contract, each with what its own release read in it, by release and name."""
    return {
        f"{one.version}/{name}": (document, one.readings[contract][name])
        for one in releases()
        for name, document in one.samples.get(contract, {}).items()
    }


@cache
def some_dispatches():
    """The same for every release."""
    return drawn(dispatches, COUNT)


def dispatch_of(kind, version):
    """One dispatch of a kind, the same each time."""
    return {
        "task_id": "01890a5d-ac96-774b-bcce-b302099a8057",
        "kind": kind,
        "payload_version": version,
        "dispatch": 1,
        "written_at": "2026-01-02T03:04:05+00:00",
        "traceparent": None,
    }


def both_know(old):
    """The stored contracts that both sides have."""
    return [name for name in old.ask("about")["contracts"] if name in catalogue() and name != MESSAGE]


def compare(what, written, ours, theirs):
    """Fail, with the first few, unless both sides took every document and agree on what both read in it."""
    assert len(written) == len(ours) == len(theirs)
    wrong = []
    for document, here, there in zip(written, ours, theirs, strict=True):
        if "value" not in here or "value" not in there:
            wrong.append(f"{document}\n    here: {here}\n    there: {there}")
        elif found := differences(here["value"], there["value"]):
            wrong.append(
                f"{document}\n    at {', '.join(found)}\n    here: {here['value']}\n    there: {there['value']}"
            )
    if wrong:
        report = "\n  ".join([f"{len(wrong)} of {len(written)} differ: {what}", *wrong[:SHOWN]])
        pytest.fail(report, pytrace=False)

"""The policy: pure. A pair that was never tested is a no, and so is what is in flight and would not be read."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from waybill_dev.can_i_deploy.facts import NEVER_TESTED, Answer, InFlight, Instance, Manifest, Pair, Row, Schema
from waybill_dev.can_i_deploy.schema import judge_schema

_READ_BY = {"task": "processor", "payload": "processor", "result": "api", "error": "api"}
"""Who reads a contract, by the first word of its name."""


def judge(
    candidate: Manifest,
    instances: Sequence[Instance],
    in_flight: InFlight,
    verified: Collection[Pair],
    schema: Schema,
) -> Answer:
    """Whether `candidate` may take the place of its service's live instances.

    Those of the other service stay, so each must read what it writes, and the reverse. Those of its own service go, and
    count as writers of what is in flight, as do instances that are gone already. It is never asked about itself.
    """
    live = [each.manifest for each in instances if each.is_live]
    others = _distinct(each for each in live if each.service != candidate.service)
    written = _contracts_in_flight(in_flight)
    rows: list[Row] = []
    for other in others:
        rows += _pairs(candidate, other, verified)
        rows += _pairs(other, candidate, verified)
    for past in _distinct(each.manifest for each in instances):
        if past != candidate and past not in others:
            rows += [row for row in _pairs(past, candidate, verified) if row.subject in written]
    if candidate.service == "processor":
        rows += _waiting(candidate, in_flight)
    rows += judge_schema(candidate, live, schema)
    return Answer(candidate, tuple(dict.fromkeys(rows)), _notes(candidate, live))


def _distinct(manifests: Iterable[Manifest]) -> list[Manifest]:
    found: list[Manifest] = []
    for manifest in manifests:
        if manifest not in found:
            found.append(manifest)
    return found


def _pairs(writer: Manifest, reader: Manifest, verified: Collection[Pair]) -> Iterator[Row]:
    """A row for each contract that `writer` writes for the service of `reader`."""
    for contract, digest in sorted(writer.writes.items()):
        if _READ_BY.get(contract.partition(".")[0]) != reader.service:
            continue
        read_as = reader.reads.get(contract)
        if read_as is not None:
            is_verified = (contract, digest, read_as) in verified
            names = _named(writer, digest), _named(reader, read_as)
            yield Row(contract, *names, is_verified, "verified" if is_verified else NEVER_TESTED)
        elif contract.startswith("result."):
            # The API gives results to clients as they are, and its document leaves them open for kinds to come.
            yield Row(contract, _named(writer, digest), str(reader), True, "shown as stored")
        else:
            yield Row(contract, _named(writer, digest), str(reader), False, f"not read by {reader}")


def _waiting(candidate: Manifest, in_flight: InFlight) -> Iterator[Row]:
    for tasks in in_flight.tasks:
        contract = f"payload.{tasks.suffix}"
        where = f"{tasks.waiting} waiting, {tasks.held} held"
        yield _in_flight(contract, where, candidate)
    for contract in sorted(in_flight.messages):
        yield _in_flight(contract, "within the queues' retention", candidate)
    for contract, count in sorted(in_flight.dead_letters.items()):
        yield _in_flight(contract, f"{count} dead letters of unfinished tasks", candidate)


def _in_flight(contract: str, where: str, reader: Manifest) -> Row:
    is_read = contract in reader.reads
    reason = "is read" if is_read else f"not read by {reader}"
    return Row(contract, f"in flight: {where}", _named(reader, reader.reads.get(contract)), is_read, reason)


def _contracts_in_flight(in_flight: InFlight) -> set[str]:
    written = {f"{what}.{tasks.suffix}" for tasks in in_flight.tasks for what in ("payload", "result")}
    errors = {"error.v1"} if in_flight.tasks else set[str]()
    return written | errors | in_flight.messages | set(in_flight.dead_letters)


def _named(manifest: Manifest, digest: str | None) -> str:
    return f"{manifest} {digest.removeprefix('sha256:')[:8]}" if digest else str(manifest)


def spoken(live: Iterable[Manifest]) -> str:
    """What runs, as in `api@0.1.0 (2), processor@0.1.0 (1)`."""
    counted = Counter(map(str, live))
    return ", ".join(f"{name} ({count})" for name, count in sorted(counted.items()))


def _notes(candidate: Manifest, live: Sequence[Manifest]) -> tuple[str, ...]:
    if not live:
        return ("no instance is registered: nothing that runs was asked about",)
    running = spoken(live)
    if all(each.service == candidate.service for each in live):
        return (f"live: {running}; none of them is of the other service",)
    return (f"live: {running}",)

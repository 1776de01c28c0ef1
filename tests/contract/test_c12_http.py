"""C12: clients of every released API against the API of today: OpenAPI documents, and golden requests and answers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import msgspec
import pytest
from msgspec import Raw
from waybill_api import errors
from waybill_api.openapi import make_document
from waybill_api.problems import describe_problem
from waybill_api.submission import read_submission
from waybill_api.views import Held, NewTask, Readiness, TaskPage, TaskView
from waybill_contracts import KINDS, TaskStatus
from waybill_contracts.compatibility import http_breaks

from tests.contract.released import Versions, refuse
from tools.contracts.findings import Finding, merged
from tools.contracts.history import History, number
from tools.contracts.retired import payload_contract, without_retired
from tools.contracts.versions import WORKING_TREE
from tools.workspace import ROOT

RELEASED = ROOT / "services/api/released"
SUBMIT = ("/tasks", "post", "requestBody", "content", "application/json", "examples")
TASK_ID = UUID("0199d1d2-0000-7000-8000-000000000000")
INSTANT = datetime(2026, 11, 23, 12, 0, 0, 1, UTC)

Document = dict[str, Any]


def released_documents(folder: Path) -> dict[str, Document]:
    """The OpenAPI document of each released API by its version, the oldest first."""
    files = sorted(folder.glob("[0-9]*/openapi.json"), key=lambda file: number(file.parent.name))
    return {file.parent.name: json.loads(file.read_text()) for file in files}


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    """Of all releases."""
    found = released_documents(RELEASED)
    assert found, "no version of the API was ever released: ./justw release api"
    return found


def findings(documents: dict[str, Document], today: Document, history: History) -> list[Finding]:
    """What breaks between each release's document and today's, with the pairs: for requests the client writes."""
    return [
        Finding(one.rule, "HTTP", one.path, (one.detail,), (pair(one.path, version),), ("keep it", "a new path"))
        for version, document in documents.items()
        for one in http_breaks(without_retired(document, history), today)
    ]


def pair(path: str, version: str) -> tuple[str, str]:
    return (WORKING_TREE, version) if " response " in path else (version, WORKING_TREE)


def test_no_client_of_a_release_sends_or_reads_what_the_api_of_today_does_otherwise(documents, versions) -> None:
    refuse(merged(findings(documents, make_document(), versions.history)))


def test_a_break_is_told_with_rule_operation_path_and_versions() -> None:
    stricter = make_document()
    stricter["components"]["schemas"]["note.process"]["properties"]["title"]["maxLength"] = 100
    del stricter["paths"]["/tasks"]["get"]
    released = {"0.1.0": make_document(), "0.2.0": make_document()}
    told = "\n".join(map(str, merged(findings(released, stricter, History(RELEASED)))))
    assert "BREAKING  R7  HTTP  POST /tasks request $.title" in told
    assert "BREAKING  R3  HTTP  GET /tasks\n" in told
    assert "pairs that fail: 0.1.0→working tree, 0.2.0→working tree" in told


def test_a_new_kind_breaks_no_client() -> None:
    before, today = make_document(), make_document()
    del before["components"]["schemas"]["SubmitTask"]["oneOf"][-1]
    del before["components"]["schemas"]["TaskView"]["properties"]["result"]["anyOf"][1]
    assert http_breaks(before, today) == []


def example_bodies(documents: dict[str, Document]) -> Iterator[tuple[str, Document]]:
    """Every example of a body in every release."""
    for version, document in documents.items():
        path, method, *steps = SUBMIT
        found: Any = document["paths"][path][method]
        for step in steps:
            found = found[step]
        for name, example in found.items():
            yield f"{version}: {name}", example["value"]


def sample_bodies(versions: Versions) -> Iterator[tuple[str, Document]]:
    """Every golden payload of every release of the contracts, as a client submits it."""
    for version in versions.before:
        for contract, samples in version.samples.items():
            family, _, rest = contract.partition(".")
            if family == "payload":
                kind, _, number_ = rest.rpartition(".v")
                for name, sample in samples.items():
                    body = {"kind": kind, "payload_version": int(number_), "payload": msgspec.json.decode(sample)}
                    yield f"{version.label}: {contract}/{name}", {"title": "a task", **body}


def refusal(body: Document) -> str:
    """Why today's API does not take a body as it was meant; empty if it does."""
    try:
        task = read_submission(body, None)
    except errors.InvalidRequest as error:
        return f"refused: {error}"
    return "" if as_submitted(task, body) else f"read as {task}"


def in_spite_of_a_tombstone(body: Document) -> str:
    """What today's API makes of a body whose kind and version are retired; empty if it refuses it for just that."""
    try:
        task = read_submission(body, None)
    except errors.InvalidRequest as error:
        return "" if {"known_kind", "known_version"} & {one.rule for one in error.errors} else f"refused: {error}"
    return f"retired, but read as {task}"


def as_submitted(task: NewTask, body: Document) -> bool:
    same = all(getattr(task, name) == body[name] for name in body if name != "payload")
    return same and is_within(body.get("payload", {}), json.loads(task.payload))


def is_within(submitted: Any, stored: Any) -> bool:
    """Whether all that was submitted is stored as it was; defaults may have come to it."""
    if isinstance(submitted, dict) and isinstance(stored, dict):
        return all(name in stored and is_within(value, stored[name]) for name, value in submitted.items())
    return submitted == stored


def test_every_body_that_a_release_showed_or_kept_is_still_taken_and_means_the_same(documents, versions) -> None:
    retired = versions.history.tombstones.contracts
    bodies = dict([*example_bodies(documents), *sample_bodies(versions)])
    assert bodies
    judged = {
        name: ("R8", in_spite_of_a_tombstone(body)) if payload_contract(body) in retired else ("R7", refusal(body))
        for name, body in bodies.items()
    }
    told = [f"BREAKING  {rule}  HTTP  POST /tasks  {name}  {why}" for name, (rule, why) in judged.items() if why]
    if told:
        pytest.fail("\n".join(told), pytrace=False)


def example_tasks(versions: Versions) -> Iterator[TaskView]:
    """A task of each kind and version in each status, with each golden payload and result, or error."""
    samples = versions.today.samples
    for payload in KINDS:
        suffix = f"{payload.kind}.v{payload.version}"
        for given in samples[f"payload.{suffix}"].values():
            yield task(payload.kind, payload.version, given, TaskStatus.PENDING)
            yield task(payload.kind, payload.version, given, TaskStatus.PROCESSING)
            yield task(payload.kind, payload.version, given, TaskStatus.CANCELLED)
        for result in samples[f"result.{suffix}"].values():
            yield task(payload.kind, payload.version, b"{}", TaskStatus.COMPLETED, result=result)
        for error in samples["error.v1"].values():
            yield task(payload.kind, payload.version, b"{}", TaskStatus.FAILED, error=error)


def task(kind: str, version: int, payload: bytes, status: TaskStatus, **ends: bytes) -> TaskView:
    is_new, is_final = status is TaskStatus.PENDING, status not in (TaskStatus.PENDING, TaskStatus.PROCESSING)
    return TaskView(
        id=TASK_ID,
        kind=kind,
        payload_version=version,
        title="Überall ✓",
        description=None if is_new else "",
        payload=Raw(payload),
        status=status,
        attempt=0 if is_new else 1,
        max_attempts=None if is_new else 8,
        available_at=INSTANT,
        held=Held(since=INSTANT, reason="no processor reads it yet") if is_new else None,
        created_at=INSTANT,
        started_at=None if is_new else INSTANT,
        finished_at=INSTANT if is_final else None,
        result=Raw(ends["result"]) if "result" in ends else None,
        error=Raw(ends["error"]) if "error" in ends else None,
    )


def example_problems() -> Iterator[Any]:
    """The document of each error that the API answers."""
    invalid = errors.FieldError(field="payload.url", pointer="/payload/url", rule="pattern", detail="no")
    yield describe_problem(errors.InvalidRequest(invalid), "/tasks", "id")
    yield describe_problem(errors.InvalidRequest(errors.FieldError(field="a", rule="b", detail="c")), "/tasks", "id")
    yield describe_problem(errors.NoSuchTask("no"), "/tasks/x", "id")
    yield describe_problem(errors.OutcomeUnknown("no", "/tasks/x"), "/tasks", "id")
    yield describe_problem(RuntimeError("no"), "/tasks", "id")


def answers(versions: Versions) -> Iterator[tuple[str, Any]]:
    """What the API of today answers, with the schema's name that stands for it in each document."""
    tasks = list(example_tasks(versions))
    yield from (("TaskView", each) for each in tasks)
    yield "TaskPage", TaskPage(items=tasks, next="next")
    yield "TaskPage", TaskPage(items=[], next=None)
    yield "Readiness", Readiness(status="ready", database="ok", degraded=[])
    yield "Readiness", Readiness(status="unready", database="away", degraded=["database", "queue"])
    yield from (("Problem", each) for each in example_problems())


def test_every_answer_of_today_fits_the_document_of_every_release(documents, versions) -> None:
    wrong: list[str] = []
    for version, document in documents.items():
        for name, answer in answers(versions):
            schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
            for error in validator.iter_errors(json.loads(msgspec.json.encode(answer))):
                wrong.append(f"BREAKING  R5  HTTP  {name} {error.json_path}  {WORKING_TREE}→{version}: {error.message}")
    if wrong:
        pytest.fail("\n".join(dict.fromkeys(wrong)), pytrace=False)

"""The running API against its own OpenAPI document, by schemathesis: as `just fuzz-api`, with fewer examples."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from schemathesis.checks import CHECKS
from waybill_api.openapi import make_document
from waybill_contracts import FINAL_STATUSES
from waybill_dev.waiting import wait_until

from tools.fuzzing.run import Report, fuzz
from tools.fuzzing.stack import Running, running_api

EXAMPLES = "12"
ALL_FINAL_SECONDS = 60.0

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Fuzzed:
    """A run that is over, on services that are still there."""

    exit_code: int
    report: Report
    running: Running


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    """One run for all tests of this module."""
    folder = tmp_path_factory.mktemp("fuzz")
    with running_api() as running:
        exit_code = fuzz(running.url, folder, ["--max-examples", EXAMPLES, "--no-color"])
        yield Fuzzed(exit_code, Report.read(folder), running)


def operations(document: dict[str, Any]) -> set[str]:
    return {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}


def all_tasks(url: str) -> list[dict[str, Any]]:
    tasks, query = [], "?limit=200"
    with httpx.Client(base_url=url) as client:
        while query:
            page = client.get(f"/tasks{query}").json()
            tasks += page["items"]
            query = page["next"] and f"?limit=200&cursor={page['next']}"
    return tasks


def final_tasks(url: str) -> list[dict[str, Any]]:
    """All tasks once each is final, or as they stand when that takes too long."""

    def are_final() -> bool:
        return all(task["status"] in FINAL_STATUSES for task in all_tasks(url))

    wait_until(are_final, timeout_seconds=ALL_FINAL_SECONDS)
    return all_tasks(url)


def test_no_check_of_any_phase_finds_anything(fuzzed):
    summary = fuzzed.report.summary
    assert (fuzzed.exit_code, summary["failures"], summary["errors"]) == (0, [], [])
    assert {name: phase["status"] for name, phase in summary["phases"].items()} == dict.fromkeys(
        ("examples", "coverage", "fuzzing", "stateful"), "success"
    )
    assert summary["complete"]


def test_every_operation_answers_valid_requests(fuzzed):
    exchanges = list(fuzzed.report.exchanges())
    assert fuzzed.report.summary["operations"]["tested"] == len(operations(make_document()))
    assert operations(make_document()) <= {each.operation for each in exchanges if each.status < 300}


def test_every_check_that_schemathesis_knows_was_made(fuzzed):
    assert fuzzed.report.checks() >= {check.__name__ for check in CHECKS.get_all()}


def test_both_documented_links_were_followed(fuzzed):
    followed = Counter(each.link for each in fuzzed.report.exchanges() if each.link and each.status == 200)
    assert followed["POST /tasks -> [202] task -> GET /tasks/{task_id}"] > 0
    assert followed["GET /tasks -> [200] next -> GET /tasks"] > 0


def test_every_task_that_was_accepted_ends_final_and_is_listed_once(fuzzed):
    answers = [each for each in fuzzed.report.exchanges() if (each.operation, each.status) == ("POST /tasks", 202)]
    accepted = {msgspec.json.decode(each.body)["id"] for each in answers}
    tasks = final_tasks(fuzzed.running.url)
    assert not [task for task in tasks if task["status"] not in FINAL_STATUSES]
    assert max(Counter(task["id"] for task in tasks).values()) == 1
    assert accepted
    assert accepted <= {task["id"] for task in tasks}
    assert {(task["kind"], task["status"]) for task in tasks} == {
        ("note.process", "completed"), ("webhook.deliver", "failed"),
    }  # fmt: skip


def test_neither_the_api_nor_the_worker_logged_an_error(fuzzed):
    assert fuzzed.running.logged_errors() == []

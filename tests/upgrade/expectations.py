"""What must hold at the end, whichever editions worked side by side."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from waybill_processor.bootstrap import UNHOLD_SECONDS

from tests.stack.processes import Service, Until
from tests.stack.stack import Stack
from tests.upgrade.editions import Edition

EXPECTED = {"task.held": "an older processor met a payload version that only a newer one reads"}
"""All that a log may hold beyond debug and info, with the reason."""


async def each_task_went_well(stack: Stack, accepted: Mapping[str, str], until: Until) -> None:
    """Every accepted task was completed by one attempt, without another, and nothing is left anywhere.

    The API that was started last shows one of each payload version with its result, whichever edition wrote that.
    """
    await until(lambda: _are_all_final(stack), within_seconds=UNHOLD_SECONDS * 1.2 + 15)
    assert await stack.records.statuses() == {"completed": len(accepted)}
    assert await stack.records.each_completed_once(list(accepted))
    attempts = await stack.records.rows("SELECT task_id::text, outcome FROM attempts")
    assert Counter((row["task_id"], row["outcome"]) for row in attempts) == Counter(
        (id, "succeeded") for id in accepted
    )
    await until(stack.records.is_outbox_empty)
    await until(stack.is_queue_empty)
    assert await stack.records.dead_letters() == []
    assert stack.messages(stack.sqs.queue_url("waybill-tasks-dead")) == []
    for contract, task_id in {contract: task_id for task_id, contract in accepted.items()}.items():
        shown = await stack.api.task(task_id)
        assert shown["status"] == "completed", contract
        assert shown["result"], contract


async def _are_all_final(stack: Stack) -> bool:
    return not await stack.records.value("SELECT EXISTS (SELECT FROM tasks WHERE finished_at IS NULL)")


def unexpected(
    services: Iterable[Service], held_by: Mapping[Service, Edition], accepted: Mapping[str, str]
) -> list[Any]:
    """The lines of all logs that are neither information nor expected.

    `held_by` has the editions of processors; `accepted` maps tasks to the contracts of their payloads.
    """
    return [
        (service.name, line)
        for service in services
        for line in service.complaints()
        if line["event"] not in EXPECTED or not _is_unread(line["tasks"], held_by.get(service), accepted)
    ]


def _is_unread(task_ids: list[str], processor: Edition | None, accepted: Mapping[str, str]) -> bool:
    return processor is not None and not {accepted[task_id] for task_id in task_ids} & processor.read_payloads

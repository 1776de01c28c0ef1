from typing import Any

import pytest
from waybill_contracts import KindTable, TaskPayload, TaskResult
from waybill_processor.context import TaskContext
from waybill_processor.policy import RetryPolicy
from waybill_processor.registry import HandlerTable, HandlerTableError, handle


class Done(TaskResult):
    pass


class One(TaskPayload, kind="test.one", version=1, result=Done):
    pass


class Two(TaskPayload, kind="test.two", version=1, result=Done):
    pass


async def one(payload: One, task: TaskContext) -> Done:
    return Done()


def two(payload: Two, task: TaskContext) -> Done:
    return Done()


class Sender:
    async def send(self, payload: One, task: TaskContext) -> Done:
        return Done()


def test_a_line_is_read_from_the_functions_annotations():
    line = handle(one, RetryPolicy(max_attempts=3))
    assert (line.payload, line.is_async, line.policy.max_attempts) == (One, True, 3)
    assert not handle(two).is_async
    assert handle(Sender().send).payload is One


def test_a_handler_must_say_what_it_takes_and_returns():
    async def untyped(payload, task):
        return Done()

    async def returns_nothing(payload: One, task: TaskContext) -> None:
        return

    async def takes_no_task(payload: One) -> Done:
        return Done()

    async def takes_more(payload: One, task: TaskContext, more: int) -> Done:
        return Done()

    for wrong in (untyped, returns_nothing, takes_no_task, takes_more):
        with pytest.raises(HandlerTableError, match=wrong.__name__):
            handle(wrong)


@pytest.mark.parametrize(
    ("kinds", "lines", "complaint"),
    [
        (KindTable(One, Two), [one], "test.two version 1 has no handler"),
        (KindTable(One), [one, two], "test.two version 1 is not in KINDS"),
        (KindTable(One), [one, Sender().send], "test.one version 1 has two handlers"),
    ],
)
def test_a_table_that_does_not_fit_the_kinds_is_refused(kinds: KindTable, lines: list[Any], complaint: str):
    with pytest.raises(HandlerTableError, match=complaint):
        HandlerTable(kinds, *map(handle, lines))

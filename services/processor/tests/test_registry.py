from typing import Any

import pytest
from waybill_contracts import KindTable, TaskPayload, TaskResult
from waybill_processor.context import TaskContext
from waybill_processor.policy import RetryPolicy
from waybill_processor.registry import HandlerTable, HandlerTableError, handle


class Done(TaskResult):
    pass


class One(TaskPayload, kind="test.one", version=1, result=Done):
    text: str = ""


class Two(TaskPayload, kind="test.two", version=1, result=Done):
    pass


async def one(payload: One, task: TaskContext) -> Done:
    return Done()


def two(payload: Two, task: TaskContext) -> Done:
    return Done()


class Newer(TaskPayload, kind="test.one", version=2, result=Done):
    @classmethod
    def from_older(cls, older: One) -> "Newer":
        return cls(text=f"once {older.text}")

    text: str


class Newest(TaskPayload, kind="test.one", version=3, result=Done):
    """Says nothing of version 2."""


class Other(TaskResult):
    pass


class NewerWithOther(TaskPayload, kind="test.one", version=2, result=Other):
    from_older = Newer.from_older


SEEN: list[Any] = []


def newer(payload: Newer, task: TaskContext) -> Done:
    SEEN.append(payload)
    return Done()


def newest(payload: Newest, task: TaskContext) -> Done:
    return Done()


def newer_with_other(payload: NewerWithOther, task: TaskContext) -> Other:
    return Other()


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
        (KindTable(One, Newer), [one], "test.one version 2 has no handler"),
        (
            KindTable(One, Newer, Newest),
            [newest],
            "test.one version 1 has no handler, and no `from_older` leads to version 3",
        ),
        (KindTable(One, Newest), [newest], "test.one version 1 has no handler, and no `from_older` leads to version 3"),
        (
            KindTable(One, NewerWithOther),
            [newer_with_other],
            "test.one version 1 promises Done, but would be worked by newer_with_other, which returns Other",
        ),
    ],
)
def test_a_table_that_does_not_fit_the_kinds_is_refused(kinds: KindTable, lines: list[Any], complaint: str):
    with pytest.raises(HandlerTableError, match=complaint):
        HandlerTable(kinds, *map(handle, lines))


def test_an_older_version_is_worked_by_the_handler_of_the_next_one_that_has_one():
    policy = RetryPolicy(max_attempts=3)
    table = HandlerTable(KindTable(One, Newer, Newest), handle(newer, policy), handle(newest))
    line = table.find("test.one", 1)
    assert (line.payload, line.policy, line.is_async) == (One, policy, False)
    assert line.function(One(text="more"), None) == Done()
    assert SEEN.pop() == Newer(text="once more")
    assert [(each.payload.version, each.function is newest) for each in table] == [(2, False), (3, True), (1, False)]


def test_an_older_version_may_keep_a_handler_of_its_own():
    table = HandlerTable(KindTable(One, Newer), handle(one), handle(newer))
    assert (table.find("test.one", 1).function, table.find("test.one", 2).function) == (one, newer)

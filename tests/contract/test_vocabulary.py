"""Words that the code writes and words that the schema takes are the same words."""

import re
from typing import get_args, get_type_hints

import pytest
from waybill_contracts import KINDS, Poison, PoisonReason, TaskStatus
from waybill_processor.delivery import Delivery
from waybill_processor.handlers import handler_table, webhook_sender
from waybill_processor.intake import dead_letter
from waybill_processor.registry import HandlerTable, HandlerTableError
from waybill_processor.store.dead_letters import DeadLetter, DeadLetters
from waybill_runtime.database import open_pool

INSERT = re.compile(r"INSERT INTO (\w+) \(([^)]*)\)\s+SELECT (.*?)\s+FROM", re.DOTALL)


@pytest.fixture
async def allowed(database):
    """Answers the words that a CHECK constraint lists."""
    connection = await database.connect("waybill_owner")

    async def words(constraint):
        text = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1"
        return set(re.findall(r"'(\w+)'", await connection.fetchval(text, constraint)))

    return words


def written(statements, table, column):
    """The words that statements insert into a column as literals."""
    found = set()
    for _, text in statements.values():
        for into, columns, values in INSERT.findall(text):
            names = [name.strip() for name in columns.split(",")]
            if into == table and column in names:
                value = values.split(",")[names.index(column)].strip()
                found |= set(re.findall(r"^'(\w+)'$", value))
    return found


def test_every_kind_has_a_handler_and_every_handler_a_kind():
    table = handler_table(webhook_sender("", allow_private=False))
    assert {handler.payload for handler in table} == set(KINDS)


def test_a_kind_without_a_handler_is_refused_by_its_name():
    handlers = list(handler_table(webhook_sender("", allow_private=False)))
    for missing in KINDS.names():
        others = [handler for handler in handlers if handler.payload.kind != missing]
        with pytest.raises(HandlerTableError, match=f"{missing} version [0-9]+ has no handler"):
            HandlerTable(KINDS, *others)


async def test_the_database_knows_the_statuses_of_the_contracts(allowed):
    assert await allowed("tasks_status_check") == set(TaskStatus)


async def test_every_reason_of_an_outbox_row_is_used_and_allowed(allowed, statements):
    assert written(statements, "outbox", "reason") == await allowed("outbox_reason_check")


async def test_every_outcome_of_an_attempt_is_used_and_allowed(allowed, statements):
    assert written(statements, "attempts", "outcome") == await allowed("attempts_outcome_check")


async def test_every_origin_of_a_dead_letter_is_allowed(allowed):
    assert set(get_args(get_type_hints(DeadLetter)["origin"])) == await allowed("dead_letters_origin_check")


@pytest.mark.parametrize("body", ["", "\x00", "\ud800", "é" * 1000])
async def test_a_dead_letter_of_any_reason_and_body_can_be_recorded(database, body):
    letters = [
        dead_letter(
            Delivery(message_id=reason, receipt_handle="r", body=body, receive_count=1, sent_at=None),
            Poison(reason, "detail"),
            None,
        )
        for reason in PoisonReason
    ]
    async with open_pool(database.url("waybill_processor"), 1, "test") as pool:
        await DeadLetters(pool).record(letters)
    owner = await database.connect("waybill_owner")
    rows = await owner.fetch("SELECT DISTINCT reason, body FROM dead_letters")
    assert {row["reason"] for row in rows} == set(PoisonReason)
    assert {row["body"].decode("utf-8", "surrogatepass") for row in rows} == {body}


def test_every_status_that_a_statement_names_is_one_of_the_contracts(statements):
    named = set()
    for _, text in statements.values():
        named |= set(re.findall(r"\bstatus (?:=|<>) '(\w+)'", text))
        named |= set(re.findall(r"'(\w+)'", " ".join(re.findall(r"status = CASE.*?END", text, re.DOTALL))))
    assert named == set(TaskStatus)

"""Limits, leases and waits fit together, as their defaults stand in the code."""

import json
from functools import cache

import msgspec
import pytest
from waybill_api.queue import SQS_BATCH as SENT_AT_ONCE
from waybill_api.relay.loop import STATEMENT_SECONDS as RELAY_STATEMENT_SECONDS
from waybill_api.relay.publish import PUBLISH_LIMIT
from waybill_api.relay.settings import RelaySettings
from waybill_contracts import KINDS, MAX_MESSAGE_BYTES
from waybill_dev.ministack import DEAD, TASKS, create_queues, delete_queues, queue_url
from waybill_processor.bootstrap import STATEMENT_SECONDS as PROCESSOR_STATEMENT_SECONDS
from waybill_processor.handlers import handler_table, webhook_sender
from waybill_processor.intake import UNKNOWN_TASK_TRIES
from waybill_processor.policy import RetryPolicy
from waybill_processor.queue import SQS_BATCH as RECEIVED_AT_ONCE
from waybill_processor.settings import WorkerSettings
from waybill_processor.worker.main import RELEASE_SECONDS
from waybill_processor.worker.receiving import POLL_GRACE_SECONDS
from waybill_runtime.database import CONNECT_SECONDS, STATEMENT_SECONDS
from waybill_runtime.instances import SIGN_OFF_SECONDS

LATE_BEAT = 1.2
"""Heartbeats wait up to 20 % longer than their setting."""
GRACE_OF_A_STOP_SECONDS = 30
"""What ECS and Kubernetes give a container between SIGTERM and SIGKILL."""
MOST_IN_LAMBDA_SECONDS = 50
SQS_BODY_BYTES = 1024 * 1024


def defaults(struct):
    return {field.name: field.default for field in msgspec.structs.fields(struct) if not field.required}


WORKER, RELAY = defaults(WorkerSettings), defaults(RelaySettings)


@cache
def policies():
    """The retry policy of each kind."""
    return {h.payload.kind: h.policy for h in handler_table(webhook_sender("", allow_private=False))}


@pytest.fixture
async def attributes(sqs, aws_environment):
    """Attributes of the local stack's queues: `attributes[name]`."""
    create_queues(aws_environment)
    found = {}
    for name in (TASKS, DEAD):
        url = queue_url(aws_environment, name)
        found[name] = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))["Attributes"]
    yield found
    delete_queues(aws_environment)


def test_a_lease_outlives_two_heartbeats_that_fail():
    assert 3 * LATE_BEAT * WORKER["heartbeat_seconds"] < WORKER["lease_seconds"]


def test_a_heartbeat_that_meets_a_dead_database_gives_up_before_the_next_one():
    assert (0.8 * WORKER["heartbeat_seconds"]) > CONNECT_SECONDS + PROCESSOR_STATEMENT_SECONDS


def test_a_lease_runs_out_before_its_message_comes_again():
    assert WORKER["lease_seconds"] < WORKER["visibility_seconds"]


def test_a_lost_lease_is_reaped_before_its_message_comes_again():
    assert WORKER["lease_seconds"] + RELAY["reap_seconds"] < WORKER["visibility_seconds"]


def test_a_message_in_flight_is_not_taken_for_lost():
    assert 2 * WORKER["visibility_seconds"] <= RELAY["reconcile_grace_seconds"]


async def test_the_queue_hides_messages_as_long_as_the_worker_asks_it_to(attributes):
    assert int(attributes[TASKS]["VisibilityTimeout"]) == WORKER["visibility_seconds"]


async def test_a_task_that_is_not_there_is_poison_before_sqs_gives_its_message_up(attributes):
    assert int(json.loads(attributes[TASKS]["RedrivePolicy"])["maxReceiveCount"]) == 10
    assert UNKNOWN_TASK_TRIES < 10


async def test_a_dead_letter_is_kept_longer_than_any_message(attributes):
    assert int(attributes[TASKS]["MessageRetentionPeriod"]) < int(attributes[DEAD]["MessageRetentionPeriod"])


def test_a_stop_ends_before_the_process_is_killed():
    poll_seconds = WORKER["receive_wait_seconds"] + POLL_GRACE_SECONDS
    ends_seconds = max(poll_seconds, WORKER["drain_seconds"] + RELEASE_SECONDS)
    assert ends_seconds + SIGN_OFF_SECONDS < GRACE_OF_A_STOP_SECONDS


@pytest.mark.parametrize("kind", KINDS.names())
def test_a_handler_ends_within_the_visibility_and_within_what_lambda_allows(kind):
    assert policies()[kind].time_limit_seconds <= MOST_IN_LAMBDA_SECONDS < WORKER["visibility_seconds"]


def test_the_default_policy_is_eight_attempts_of_30_seconds_with_waits_of_2_seconds_to_15_minutes():
    assert msgspec.to_builtins(RetryPolicy()) == {
        "max_attempts": 8,
        "first_delay_seconds": 2.0,
        "max_delay_seconds": 900.0,
        "time_limit_seconds": 30.0,
    }


async def test_the_services_give_a_statement_up_before_the_database_does(database):
    patience = {
        "waybill_api": STATEMENT_SECONDS,
        "waybill_relay": RELAY_STATEMENT_SECONDS,
        "waybill_processor": PROCESSOR_STATEMENT_SECONDS,
    }
    for role, given_up_after_seconds in patience.items():
        assert await seconds(database, role, "statement_timeout") > given_up_after_seconds


async def test_a_handlers_transaction_may_idle_as_long_as_its_handler_may_run(database):
    idle = await seconds(database, "waybill_processor", "idle_in_transaction_session_timeout")
    assert idle > max(policy.time_limit_seconds for policy in policies().values())


async def test_the_relays_transaction_outlives_its_requests_to_sqs(database):
    read_and_connect_seconds = 10 + 2  # of open_sqs
    assert await seconds(database, "waybill_relay", "idle_in_transaction_session_timeout") > read_and_connect_seconds


def test_batches_fit_the_limits_of_sqs():
    assert SENT_AT_ONCE == RECEIVED_AT_ONCE == 10
    assert PUBLISH_LIMIT % SENT_AT_ONCE == 0
    assert SENT_AT_ONCE * MAX_MESSAGE_BYTES <= SQS_BODY_BYTES
    assert WORKER["receive_wait_seconds"] <= 20


async def seconds(database, role, setting):
    connection = await database.connect(role)
    text = "SELECT setting::int FROM pg_settings WHERE name = $1 AND unit = 'ms'"
    return await connection.fetchval(text, setting) / 1000

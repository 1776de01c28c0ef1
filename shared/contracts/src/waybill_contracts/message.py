"""The message `task.requested`, version 1: CloudEvents 1.0, JSON format, in the body of an SQS message.

The message is thin. It says which task is due; the row in PostgreSQL says everything else. Fields are
for ever, so there are no more than these. Envelope: https://github.com/cloudevents/spec (v1.0.2).
"""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

TASK_REQUESTED = "waybill.task.requested"
TASK_REQUESTED_V1 = "waybill.task.requested.v1"
SOURCE = "/waybill/relay"

KIND_PATTERN = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*(?!\n)$"
"""A kind is `noun.verb`. (In Python `$` alone would let a newline at the end pass.)"""
KIND_MAX_LENGTH = 64

KindName = Annotated[
    str,
    Meta(
        pattern=KIND_PATTERN,
        max_length=KIND_MAX_LENGTH,
        description="What is to be done: `noun.verb`.",
        examples=["note.process", "webhook.deliver"],
    ),
]
PayloadVersion = Annotated[int, Meta(ge=1, le=32767, description="Version of the payload that waits in the row.")]
Dispatch = Annotated[
    int, Meta(ge=1, le=2**31 - 1, description="Counts the publications of this task: 1 for the first.")
]


class TaskRequestedData(Struct, frozen=True, kw_only=True):
    """`data` of `task.requested` v1."""

    task_id: Annotated[UUID, Meta(description="The task's id; its row says all else.")]
    kind: KindName
    payload_version: PayloadVersion
    dispatch: Dispatch


class TaskRequested(Struct, frozen=True, kw_only=True):
    """A task is due. Written by the relay alone, read by the processor.

    No field has a default, so that nothing foreign reads as ours.
    """

    specversion: Annotated[Literal["1.0"], Meta(description="Version of CloudEvents.")]
    id: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=256,
            description="The same for every delivery and every repeated send of one dispatch.",
            examples=["01a208a8-ca5a-76de-8198-82567600252c/1"],
        ),
    ]
    source: Annotated[str, Meta(min_length=1, max_length=256, description="Who wrote it.", examples=[SOURCE])]
    type: Annotated[Literal["waybill.task.requested.v1"], Meta(description="Which message, in which version.")]
    subject: Annotated[
        str,
        Meta(max_length=64, description="The task's id, once more.", examples=["01a208a8-ca5a-76de-8198-82567600252c"]),
    ]
    time: Annotated[datetime, Meta(tz=True, description="When the outbox row was written, in UTC.")]
    datacontenttype: Annotated[Literal["application/json"], Meta(description="What `data` is.")]
    traceparent: (
        Annotated[
            str,
            Meta(
                max_length=128,
                description="W3C trace context, where the submit had one.",
                examples=["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
            ),
        ]
        | UnsetType
    ) = UNSET
    data: TaskRequestedData


_encoder = msgspec.json.Encoder()


def task_requested(
    task_id: UUID, kind: str, payload_version: int, dispatch: int, written_at: datetime, traceparent: str | None
) -> TaskRequested:
    """Make the message of one dispatch. `written_at` is aware; it is sent in UTC."""
    return TaskRequested(
        specversion="1.0",
        id=f"{task_id}/{dispatch}",
        source=SOURCE,
        type=TASK_REQUESTED_V1,
        subject=str(task_id),
        time=written_at.astimezone(UTC),
        datacontenttype="application/json",
        traceparent=traceparent if traceparent is not None else UNSET,
        data=TaskRequestedData(task_id=task_id, kind=kind, payload_version=payload_version, dispatch=dispatch),
    )


def encode(message: TaskRequested) -> bytes:
    """The bytes of the message as they stand in the queue (UTF-8 JSON)."""
    return _encoder.encode(message)

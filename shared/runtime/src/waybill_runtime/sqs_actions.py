"""The five actions of SQS that Waybill uses, typed. Ten entries to a batch, a hard limit of SQS."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct

from .sqs import SqsError

Wanted = TypeVar("Wanted", bound=Struct)
Answered = TypeVar("Answered", bound=Struct)


class Asks(Protocol):
    """The part of `SqsClient` that an action needs."""

    async def ask(self, action: str, arguments: bytes) -> bytes:
        """Raises `SqsError`."""
        ...


class Action(Generic[Wanted, Answered]):
    """One action, with what it takes and answers."""

    def __init__(self, name: str, answer: type[Answered]) -> None:
        self._name = name
        self._encoder = msgspec.json.Encoder()
        # Counts and times of a message's attributes are numbers in strings.
        self._decoder = msgspec.json.Decoder(answer, strict=False)

    async def ask(self, client: Asks, wanted: Wanted) -> Answered:
        """Raises `SqsError`, for an answer that cannot be read too."""
        answer = await client.ask(self._name, self._encoder.encode(wanted))
        try:
            return self._decoder.decode(answer)
        except msgspec.MsgspecError as error:
            raise SqsError(f"the answer to {self._name} cannot be read: {error}") from error


class SendEntry(Struct, rename="pascal"):
    """A message to send; `id` is of this request alone."""

    id: str
    message_body: str


class Send(Struct, rename="pascal"):
    """Send up to ten messages."""

    queue_url: str
    entries: Sequence[SendEntry]


class Refused(Struct, rename="pascal"):
    """An entry that SQS did not take."""

    id: str
    code: str = ""


class Batched(Struct, rename="pascal"):
    """The answer to a batch."""

    failed: list[Refused] | None = None


class Receive(Struct, rename="pascal"):
    """Receive up to ten messages, with long polling."""

    queue_url: str
    max_number_of_messages: int
    wait_time_seconds: int
    visibility_timeout: int
    message_system_attribute_names: Sequence[str] = ("ApproximateReceiveCount", "SentTimestamp")


class MessageAttributes(Struct, rename="pascal"):
    """What SQS knows of a message."""

    approximate_receive_count: int = 1
    sent_timestamp: int | None = None
    """Milliseconds since 1970."""


class Message(Struct, rename="pascal"):
    """A message as received."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: MessageAttributes | None = None


class Received(Struct, rename="pascal"):
    """Messages, or none."""

    messages: list[Message] | None = None


class HandleEntry(Struct, rename="pascal"):
    """A received message to delete."""

    id: str
    receipt_handle: str


class Delete(Struct, rename="pascal"):
    """Delete up to ten messages."""

    queue_url: str
    entries: Sequence[HandleEntry]


class HideEntry(Struct, rename="pascal"):
    """A received message to hide for so many seconds from now."""

    id: str
    receipt_handle: str
    visibility_timeout: int


class Hide(Struct, rename="pascal"):
    """Hide up to ten messages."""

    queue_url: str
    entries: Sequence[HideEntry]


class Attributes(Struct, rename="pascal"):
    """Ask for a queue's attributes by name."""

    queue_url: str
    attribute_names: Sequence[str]


class Attributed(Struct, rename="pascal"):
    """A queue's attributes."""

    attributes: dict[str, str]


SEND: Action[Send, Batched] = Action("SendMessageBatch", Batched)
RECEIVE: Action[Receive, Received] = Action("ReceiveMessage", Received)
DELETE: Action[Delete, Batched] = Action("DeleteMessageBatch", Batched)
HIDE: Action[Hide, Batched] = Action("ChangeMessageVisibilityBatch", Batched)
ATTRIBUTES: Action[Attributes, Attributed] = Action("GetQueueAttributes", Attributed)

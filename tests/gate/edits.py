"""Canned edits of the checkout: those that must be refused with rule and path, and one that each check alone sees."""

from dataclasses import dataclass

from tests.gate.edited import Edit

_CONTRACTS = "shared/contracts/src/waybill_contracts"
_KINDS = f"{_CONTRACTS}/kinds"
_PROCESSOR = "services/processor/src/waybill_processor"
_API = "services/api/src/waybill_api"
_RELAY = f"{_API}/relay"
_SAMPLE = "shared/contracts/released/1.0.0/samples/error.v1/minimal.json"


@dataclass(frozen=True)
class Refused:
    """An edit that no release may carry, with the refusals (rule, contract, path) that it must meet."""

    edits: tuple[Edit, ...]
    refusals: frozenset[tuple[str, str, str]]


def _refused(*refusals: tuple[str, str, str], edits: tuple[Edit, ...]) -> Refused:
    return Refused(edits, frozenset(refusals))


def _before(file: str, place: str, added: str) -> Edit:
    return Edit(file, place, added + place)


REFUSED = {
    "renaming a field": _refused(
        ("R3", "result.webhook.deliver.v1", "$.duration_ms"),
        ("R3", "result.webhook.deliver.v2", "$.duration_ms"),
        edits=(
            Edit(f"{_KINDS}/webhook_deliver.py", "    duration_ms: Annotated", "    took_ms: Annotated"),
            Edit(f"{_PROCESSOR}/handlers/webhook_deliver.py", "duration_ms=round", "took_ms=round"),
        ),
    ),
    "removing a field": _refused(
        ("R3", "result.note.process.v1", "$.processed_at"),
        edits=(
            Edit(f"{_KINDS}/note_process.py", "    processed_at: Annotated[", "    processed_at: ClassVar[Annotated["),
            Edit(f"{_KINDS}/note_process.py", "    ] = None\n\n\nclass ProcessNote", "    ]]\n\n\nclass ProcessNote"),
            Edit(f"{_KINDS}/note_process.py", "import Annotated", "import Annotated, ClassVar"),
            Edit(f"{_PROCESSOR}/handlers/note_process.py", ", processed_at=processed_at", ""),
        ),
    ),
    "retyping a field": _refused(
        ("R3", "result.webhook.deliver.v1", "$.status_code"),
        edits=(
            Edit(
                f"{_KINDS}/webhook_deliver.py",
                "status_code: Annotated[int, Meta(ge=200, le=299, ",
                "status_code: Annotated[str, Meta(",
            ),
            Edit(f"{_KINDS}/webhook_deliver.py", "examples=[204]", 'examples=["204"]'),
            Edit(
                f"{_PROCESSOR}/handlers/webhook_deliver.py", "status_code=status_code,", "status_code=str(status_code),"
            ),
        ),
    ),
    "changing a default": _refused(
        ("R4", "payload.note.process.v1", "$.include_description"),
        edits=(Edit(f"{_KINDS}/note_process.py", "    ] = True\n", "    ] = False\n"),),
    ),
    "tightening a pattern": _refused(
        ("R7", "payload.webhook.deliver.v1", "$.url"),
        ("R7", "payload.webhook.deliver.v2", "$.url"),
        edits=(Edit(f"{_KINDS}/webhook_deliver.py", '"^https?://', '"^https://'),),
    ),
    "reusing a tombstone": _refused(
        ("R3", "task.requested.v1", "$.dataref"),
        edits=(
            Edit(
                f"{_CONTRACTS}/message.py",
                "    data: TaskRequestedData\n",
                "    data: TaskRequestedData\n    dataref: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET\n",
            ),
        ),
    ),
    "widening the enum of an answer": _refused(
        ("R5", "HTTP", "GET /tasks/{task_id} response 200 $.status"),
        edits=(
            Edit(
                f"{_CONTRACTS}/status.py",
                '    PENDING = "pending"\n',
                '    PENDING = "pending"\n    PAUSED = "paused"\n',
            ),
        ),
    ),
}
"""They can be made together: each meets its own refusals."""

DROPPED = _refused(
    ("R11", "payload.webhook.deliver.v1", "$"),
    ("R11", "payload.webhook.deliver.v2", "$"),
    edits=(
        Edit(f"{_KINDS}/__init__.py", "    DeliverWebhook,\n    DeliverWebhookV2,\n", ""),
        Edit(f"{_PROCESSOR}/handlers/__init__.py", "        handle(webhooks.deliver, policy=WEBHOOK_POLICY),\n", ""),
    ),
)

EDITED_SAMPLE = Edit(_SAMPLE, '"code"', '"kode"')

ADDED = Edit(
    f"{_KINDS}/note_process.py",
    "    utc_offset_minutes: ",
    '    language: Annotated[str, Meta(max_length=8, examples=["de"])] = "en"\n    utc_offset_minutes: ',
)
"""An optional field with a default."""

_DECODE = f"{_CONTRACTS}/decode.py"
_MESSAGE = f"{_CONTRACTS}/message.py"
_SUBJECT = "description=\"The task's id, once more"

_CLAMPED = """\
    last = datetime(9999, 12, 31, 23, 59, 59, 999000, UTC)  # what fits into milliseconds
    return msgspec.structs.replace(message, time=min(message.time, last))
"""
_SAMPLED_ONLY = """\
    if message.traceparent and message.traceparent.endswith("-00"):
        return Poison(PoisonReason.INVALID_DATA, "a trace that nobody records")
"""
_COMPACT_ONLY = """\
    if raw.startswith(b"{ "):
        return Poison(PoisonReason.NOT_JSON, "white space is not needed")
"""

OWN = {
    "c03": (Edit(_MESSAGE, f"Meta(max_length=64, {_SUBJECT}", f"Meta(max_length=40, {_SUBJECT}"),),
    "c04": (
        Edit(_DECODE, "import re\n", "import re\nfrom datetime import UTC, datetime\n"),
        Edit(_DECODE, "    return message\n", _CLAMPED),
    ),
    "c05": (_before(_DECODE, "    if message.subject != ", _SAMPLED_ONLY),),
    "c06": (_before(_DECODE, "    if len(raw) > MAX_MESSAGE_BYTES:", _COMPACT_ONLY),),
    "c07": (Edit(_DECODE, "if isinstance(body, bytes) and not _is_utf8(raw):", "if False:"),),
    "c08": (Edit(_DECODE, "Decoder(TaskRequested)", "Decoder(TaskRequested, strict=False)"),),
    "c09": (Edit(f"{_RELAY}/publish.py", "row.payload_version, row.dispatch, ", "row.payload_version, 1, "),),
    "c10": (Edit(_DECODE, "MAX_MESSAGE_BYTES = 64 * 1024", "MAX_MESSAGE_BYTES = 4 * 1024"),),
    "c11": (
        Edit(
            f"{_CONTRACTS}/stored.py",
            'Meta(description="For people; one',
            'Meta(max_length=5000, description="For people; one',
        ),
    ),
    "c12": (Edit(f"{_API}/views.py", "TITLE_MAX_LENGTH = 200", "TITLE_MAX_LENGTH = 150"),),
}
"""For each check an edit that it alone refuses: without that check it would pass."""

"""Every kind of task that Waybill knows. A new kind is a module beside this one and a line in `KINDS`."""

from ..registry import KindTable
from .note_process import ProcessNote
from .webhook_deliver import DeliverWebhook
from .webhook_deliver_v2 import DeliverWebhookV2

KINDS = KindTable(
    ProcessNote,
    DeliverWebhook,
    DeliverWebhookV2,
)

DEFAULT_KIND = ProcessNote.kind

__all__ = ["DEFAULT_KIND", "KINDS"]

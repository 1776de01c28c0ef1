"""Every kind of task that Waybill knows. A new kind is a module beside this one and a line in `KINDS`."""

from ..registry import KindTable
from .note_process import ProcessNote
from .webhook_deliver import DeliverWebhook

KINDS = KindTable(
    ProcessNote,
    DeliverWebhook,
)

DEFAULT_KIND = ProcessNote.kind

__all__ = ["DEFAULT_KIND", "KINDS"]

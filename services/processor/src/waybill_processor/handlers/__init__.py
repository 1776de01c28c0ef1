"""The handler of every kind. A new kind is a module beside this one and a line in `handler_table`."""

from waybill_contracts import KINDS

from ..registry import HandlerTable, handle
from .note_process import process_note
from .webhook_deliver import WEBHOOK_POLICY, WebhookSender, webhook_sender

__all__ = ["WebhookSender", "handler_table", "webhook_sender"]


def handler_table(webhooks: WebhookSender) -> HandlerTable:
    """One line for each (kind, version). Raises `HandlerTableError` when a kind lacks its handler."""
    return HandlerTable(
        KINDS,
        handle(process_note),
        handle(webhooks.deliver, policy=WEBHOOK_POLICY),
    )

"""The manifest of this build; `python -m waybill_processor.manifest` prints it."""

import sys
from importlib.metadata import version

import msgspec
from waybill_contracts import KindTable
from waybill_contracts.manifest import ServiceManifest, service_manifest

from .handlers import handler_table, webhook_sender
from .registry import HandlerTable

NEEDS_REVISION = "0005"
"""The oldest revision of the database that this service runs on: it writes `tasks.held_reason`."""


def processor_manifest(table: HandlerTable) -> ServiceManifest:
    """What a processor with these handlers reads and writes."""
    kinds = KindTable(*(handler.payload for handler in table))
    return service_manifest("processor", version("waybill-processor"), NEEDS_REVISION, kinds)


if __name__ == "__main__":
    shipped = processor_manifest(handler_table(webhook_sender("", allow_private=False)))
    sys.stdout.write(msgspec.json.encode(shipped, order="sorted").decode() + "\n")

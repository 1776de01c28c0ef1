"""The manifest of this build; `python -m waybill_api.manifest` prints it."""

import sys
from importlib.metadata import version

import msgspec
from waybill_contracts.manifest import ServiceManifest, service_manifest

NEEDS_REVISION = "0005"
"""The oldest revision of the database that this service runs on: it reads `tasks.held_reason`."""


def api_manifest() -> ServiceManifest:
    """What this build of the API, its relay included, writes and reads."""
    return service_manifest("api", version("waybill-api"), NEEDS_REVISION)


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(api_manifest(), order="sorted").decode() + "\n")

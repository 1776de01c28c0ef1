"""Passwords of the database roles: drawn once, kept in a file that only its owner reads."""

import json
import os
import secrets
from pathlib import Path

from waybill_dev.errors import StackError

OWNER = "waybill_owner"
SERVICE_ROLES = ("waybill_api", "waybill_relay", "waybill_processor")
ROLES = ("postgres", OWNER, *SERVICE_ROLES)


def load_passwords(path: Path, *, data_exists: bool) -> dict[str, str]:
    """Password of each role, drawn if the file is not there yet.

    Raises StackError when the file is gone or broken although data exists that only its passwords open.
    """
    try:
        found: dict[str, str] = json.loads(path.read_text())
        if set(ROLES) <= found.keys():
            return found
    except (FileNotFoundError, ValueError):
        pass
    if data_exists:
        raise StackError(
            f"{path} is missing or broken and the database opens to nothing else: './justw reset' begins anew"
        )
    drawn = {role: secrets.token_urlsafe(24) for role in ROLES}
    _write(path, json.dumps(drawn, indent=2) + "\n")
    return drawn


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.rename(path)

"""The commands of the services, beside the interpreter that runs us."""

import sys
from pathlib import Path

from waybill_dev.errors import StackError

API = "waybill-api"
WORKER = "waybill-worker"
MIGRATE = "waybill-migrate"


def script(name: str) -> str:
    """Path of a service's command. Raises StackError when it is not installed."""
    folder = Path(sys.executable).parent
    if not (folder / name).exists():
        raise StackError(f"{name} is not installed in {folder}: './justw setup' brings .venv up to date")
    return str(folder / name)


def require_scripts() -> None:
    """Raises StackError when the command of a service is missing."""
    for name in (API, WORKER, MIGRATE):
        script(name)

"""Reading a lock."""

import re
from pathlib import Path

PIN = re.compile(r"^([a-z0-9-]+)==(\S+?)(?: ;.*?)? \\$", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    """Package to version, whatever the platform."""
    return dict(PIN.findall(path.read_text()))

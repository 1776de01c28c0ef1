"""Where the bench keeps what it fetches and what its runs leave behind while they last."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FETCHED = ROOT / ".tools" / "bench"
"""Environments of the peers, the queue endpoint; made again when they are missing."""
RUN = FETCHED / "run"
LAST = FETCHED / "last"
RESULTS = ROOT / "benchmarks" / "results"
VENV_BIN = ROOT / ".venv" / "bin"
LOOPBACK = "127.0.0.1"


def plain_environment(**more: str) -> dict[str, str]:
    """What every process of a benchmark is given: no proxy, no account, no setting of whoever runs the bench."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    return {**kept, "TZ": "UTC", "NO_PROXY": "*", "no_proxy": "*", "PYTHONUNBUFFERED": "1", **more}

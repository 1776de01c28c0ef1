"""On what, and on which commit, a figure was measured; and how fast the machine was just then."""

import os
import platform
import re
import statistics
import subprocess
import time
from pathlib import Path

_STEPS = 1_000_000


def calibration_ms() -> float:
    """CPU milliseconds of a fixed piece of Python: two figures compare only where this one is alike."""
    return statistics.median(_fixed_work_ms() for _ in range(3))


def _fixed_work_ms() -> float:
    began = time.process_time()
    total = 0
    for step in range(_STEPS):
        total += step & 7
    return (time.process_time() - began) * 1000


def describe_machine() -> dict[str, object]:
    """Cores, processor, memory, kernel, Python."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "processor": model.group(1).strip() if model else platform.machine(),
        "memory_gib": round(pages / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


_WRITTEN_BY_ROUNDS = (":!benchmarks/results", ":!README.md")


def describe_commit(checkout: Path) -> str:
    """Hash of the commit, with `+changes` where tracked files differ from it, but for what earlier rounds wrote."""
    hashed = _git(checkout, "rev-parse", "--short=12", "HEAD")
    changed = _git(checkout, "status", "--porcelain", "--untracked-files=no", "--", ".", *_WRITTEN_BY_ROUNDS)
    return f"{hashed or 'unknown'}{'+changes' if changed else ''}"


def _git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-c", "safe.directory=*", *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False).stdout.strip()

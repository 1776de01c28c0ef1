"""CPU time and memory of process trees, out of /proc: what a system costs, whoever of its processes pays."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


class Stat(NamedTuple):
    """One process: its parent, its own CPU, and that of the children it has waited for, in seconds."""

    parent: int
    own_seconds: float
    waited_seconds: float


def parse_stat(text: str) -> Stat:
    """A line of /proc/PID/stat. The name of the program may hold blanks and brackets."""
    fields = text[text.rindex(")") + 2 :].split()
    user, system, waited_user, waited_system = (int(field) / _TICKS_PER_SECOND for field in fields[11:15])
    return Stat(int(fields[1]), user + system, waited_user + waited_system)


def tree_of(root: int, parents: Mapping[int, int]) -> list[int]:
    """`root` and all its descendants, by the parent of each process."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def cpu_of(roots: Iterable[int], table: Mapping[int, Stat]) -> float:
    """CPU seconds of the trees under `roots`: the living, and the dead whom a living one has waited for."""
    parents = {pid: stat.parent for pid, stat in table.items()}
    members = {pid for root in roots for pid in tree_of(root, parents)}
    return sum(table[pid].own_seconds + table[pid].waited_seconds for pid in members if pid in table)


def process_table() -> dict[int, Stat]:
    """Every process of the machine, as it is now."""
    found: dict[int, Stat] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = parse_stat((entry / "stat").read_text())
            except (OSError, ValueError):  # it has just ended
                continue
    return found


def cpu_seconds(*roots: int) -> float:
    """CPU seconds that the process trees under `roots` have used so far."""
    return cpu_of(roots, process_table())


def pss_mb(*roots: int) -> float:
    """Memory of the process trees in MiB; a page that several processes share counts for each by its part."""
    parents = {pid: stat.parent for pid, stat in process_table().items()}
    kilobytes = 0
    for pid in {pid for root in roots for pid in tree_of(root, parents)}:
        try:
            found = _PSS.search((_PROC / str(pid) / "smaps_rollup").read_text())
        except OSError:
            continue
        kilobytes += int(found.group(1)) if found else 0
    return kilobytes / 1024


def machine_busy_seconds() -> float:
    """CPU seconds that the whole machine has worked since it started, all cores together."""
    fields = [int(field) for field in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle, waiting = fields[3], fields[4]
    return (sum(fields) - idle - waiting) / _TICKS_PER_SECOND

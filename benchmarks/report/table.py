"""The results as a page: medians, ratios to the best of the others, shares of the ceilings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..rig.summary import median
from .summary import CEILINGS, OURS, Summary

Bench = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A figure in a table: its head, its name in the results, its digits; whether more or less of it is better."""

    head: str
    name: str
    digits: int = 2
    most: bool | None = None


ACCEPT = (
    Column("accepts/s", "per_second", 0, most=True),
    Column("p50 ms", "p50_ms", 1, most=False),
    Column("p99 ms", "p99_ms", 1, most=False),
    Column("API CPU ms", "api_cpu_ms", 3, most=False),
    Column("PostgreSQL CPU ms", "postgres_cpu_ms", 3, most=False),
    Column("queue CPU ms", "queue_cpu_ms", 3),
    Column("errors", "errors", 0),
)
DRAIN = (
    Column("tasks/s", "per_second", 0, most=True),
    Column("wall s with boot", "wall_seconds", 1, most=False),
    Column("worker CPU ms", "worker_cpu_ms", 3, most=False),
    Column("PostgreSQL CPU ms", "postgres_cpu_ms", 3, most=False),
    Column("queue CPU ms", "queue_cpu_ms", 3),
    Column("completed", "completed", 0),
    Column("never", "never", 0),
)
LATENCY = (
    Column("p50 ms", "p50_ms", 1, most=False),
    Column("p95 ms", "p95_ms", 1, most=False),
    Column("p99 ms", "p99_ms", 1, most=False),
    Column("POST p50 ms", "post_p50_ms", 1, most=False),
    Column("GET p50 ms", "get_p50_ms", 1, most=False),
    Column("never", "never", 0),
)
IDLE = (
    Column("API idle CPU %", "idle_api_percent"),
    Column("workers idle CPU %", "idle_worker_percent"),
    Column("PostgreSQL idle CPU %", "idle_postgres_percent"),
    Column("queue idle CPU %", "idle_queue_percent"),
    Column("API MiB", "api_mb", 0),
    Column("workers MiB", "worker_mb", 0),
    Column("workers' boot, CPU s", "boot_cpu_seconds", 1),
)
COUNTS = (
    Column("SQL statements", "statements", 3, most=False),
    Column("of them until sent", "statements_until_sent", 3),
    Column("SQS requests", "sqs_requests", 3, most=False),
    Column("WAL bytes", "wal_bytes", 0),
)


def page(bench: Bench, summary: Summary) -> str:
    """All of it, in Markdown."""
    names = [name for name in bench["found"] if name != CEILINGS]
    sizes = bench["sizes"]
    drained, rate = f"{sizes['drained_tasks']:,}", f"{sizes['steady_per_second']:g}"
    parts = [
        _head(bench),
        _table("Accept: 32 connections, closed loop, one API process, no worker", "accept", ACCEPT, names, summary),
        _table(f"Drain: {drained} tasks wait, two worker processes start", "drain", DRAIN, names, summary),
        _table(f"POST to completed at {rate} tasks/s", "latency", LATENCY, names, summary),
        _cpu(names, summary),
        _table("Idle, and memory after some work", "latency", IDLE, names, summary),
        _table("Asked for each task at full load", "counts", COUNTS, names, summary),
        _ceilings(summary),
        _failures(bench),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def shown(value: float | None, digits: int = 2) -> str:
    """A number, or a dash where there is none."""
    return "-" if value is None else f"{value:,.{digits}f}"


def rows_of(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown: the first column to the left, numbers to the right."""
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _head(bench: Bench) -> str:
    machine = bench["machine"]
    rounds = [one for phases in bench["found"].values() for many in phases.values() for one in many]
    number = max(one["round"] for one in rounds)
    measured = f"Medians of {number} interleaved rounds" if number > 1 else "One round"
    speeds = [one["calibration_ms"] for one in rounds]
    lines = [
        "# Side by side",
        "",
        f"{measured}, begun {bench['began']}, of commit",
        f"`{'`, `'.join(dict.fromkeys(one['commit'] for one in rounds))}`, by `{bench['command']}`.",
        "",
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB, Linux {machine['kernel']},",
        f"Python {machine['python']}; load generator and servers share them. A fixed loop of Python took",
        f"{shown(median(speeds), 1)} ms of CPU in the middle, {shown(min(speeds), 1)} to {shown(max(speeds), 1)} ms:",
        "by that much the machine's own speed moved.",
        "",
        "How it is measured, and the settings of each system: [benchmarks](../README.md). All rounds: `bench.json`.",
        '"Best other" is the best of original, celery and pgqueuer in that column; CPU is milliseconds for each task.',
    ]
    return "\n".join(lines)


def _table(title: str, phase: str, columns: Sequence[Column], names: Sequence[str], summary: Summary) -> str:
    measured = [name for name in names if any(summary.get(name, phase, one.name) is not None for one in columns)]
    if not measured:
        return ""
    rows = [[name, *(shown(summary.get(name, phase, one.name), one.digits) for one in columns)] for name in measured]
    if OURS in measured and len(measured) > 1 and any(one.most is not None for one in columns):
        rows.append(["**waybill / best other**", *(_ratio(phase, one, summary) for one in columns)])
    return f"## {title}\n\n" + rows_of(["system", *(one.head for one in columns)], rows)


def _ratio(phase: str, column: Column, summary: Summary) -> str:
    if column.most is None:
        return ""
    found = summary.against_best_peer(phase, column.name, most=column.most)
    return "" if found is None else f"**{found:.2f}**"


def _cpu(names: Sequence[str], summary: Summary) -> str:
    rows: list[list[str]] = []
    for name in names:
        if parts := summary.cpu_ms_per_task(name):
            rows.append([name, *(shown(value, 3) for value in parts.values()), shown(sum(parts.values()), 3)])
    if not rows:
        return ""
    heads = ["system", "API", "worker", "PostgreSQL", "queue", "all"]
    return "## CPU ms for a task, accepted and drained at full load\n\n" + rows_of(heads, rows)


def _ceilings(summary: Summary) -> str:
    # What it is, the ceiling's phase, rate and CPU, and the figure of ours that it bounds.
    lines = (
        ("waybill-api without a database", "http_no_database", "per_second", "cpu_ms", "accept"),
        ("the HTTP server with nothing behind it", "http_bare", "per_second", "cpu_ms", "accept"),
        ("PostgreSQL: ACCEPT", "postgres", "accept_per_second", "accept_cpu_ms", "accept"),
        ("PostgreSQL: CLAIM and COMPLETE", "postgres", "work_per_second", "work_cpu_ms", "drain"),
        ("queue endpoint: send in tens", "queue", "send_per_second", "send_cpu_ms", "accept"),
        ("queue endpoint: receive and delete in tens", "queue", "work_per_second", "work_cpu_ms", "drain"),
    )
    rows = [
        [
            what,
            shown(rate, 0),
            shown(summary.get(CEILINGS, ceiling, cpu), 3),
            phase,
            _percent(phase, ceiling, name, summary),
        ]
        for what, ceiling, name, cpu, phase in lines
        if (rate := summary.get(CEILINGS, ceiling, name)) is not None
    ]
    if not rows:
        return ""
    batch = [shown(summary.get(CEILINGS, "postgres", f"{name}_batch"), 0) for name in ("accept", "work")]
    told = f"PostgreSQL by pgbench, 4 clients, in the best of four batch sizes ({batch[0]} and {batch[1]})."
    heads = ["alone", "tasks/s", "CPU ms", "bounds", "of which waybill reaches"]
    return "## Ceilings\n\n" + rows_of(heads, rows) + f"\n\n{told}"


def _failures(bench: Bench) -> str:
    failed = [
        f"- round {one['round']}, {name}, {phase}: {one['error']}"
        for name, phases in bench["found"].items()
        for phase, rounds in phases.items()
        for one in rounds
        if "error" in one
    ]
    return "\n".join(["## Failed", "", *failed]) if failed else ""


def _percent(phase: str, ceiling: str, name: str, summary: Summary) -> str:
    found = summary.share_of(phase, "per_second", ceiling, name)
    return "-" if found is None else f"{found:.0%}"

"""The table in the README, between two marks, out of the results: nobody types a figure."""

from pathlib import Path

from .summary import OURS, PEERS, Summary
from .table import rows_of, shown

BEGIN, END = "<!-- figures of ./justw bench -->", "<!-- end of figures -->"
NAMES = {
    OURS: "**Waybill**",
    "pgqueuer": "FastAPI + PgQueuer",
    "celery": "FastAPI + Celery + Redis",
    "original": "FastAPI + boto3 + Lambda by hand",
}
LINES = (
    ("accepts a second, one API process", "accept", "per_second", 0),
    ("API, CPU ms a task", "accept", "api_cpu_ms", 2),
    ("tasks a second, two workers", "drain", "per_second", 0),
    ("worker, CPU ms a task", "drain", "worker_cpu_ms", 2),
    ("POST to completed at 20/s, p50 ms", "latency", "p50_ms", 1),
    ("p99 ms", "latency", "p99_ms", 1),
    ("SQL statements a task", "counts", "statements", 2),
    ("SQS requests a task", "counts", "sqs_requests", 2),
)


def readme_table(summary: Summary) -> str:
    """One column for each system."""
    systems = [system for system in NAMES if system in (OURS, *PEERS)]
    heads = ["", *(NAMES[system] for system in systems)]
    rows = [
        [what, *(shown(summary.get(system, phase, name), digits) for system in systems)]
        for what, phase, name, digits in LINES
    ]
    return rows_of(heads, rows)


def with_table(text: str, table: str) -> str:
    """A page with the table in its place. Raises ValueError for a page without the marks."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"there is no place for figures: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def write_readme(readme: Path, summary: Summary) -> None:
    """Put the table into the README."""
    readme.write_text(with_table(readme.read_text(), readme_table(summary)))

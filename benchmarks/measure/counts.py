"""How often PostgreSQL and SQS are asked for a task at full load. In a run of its own, since counting costs."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..systems.system import Bench, System
from .sizes import Sizes
from .trial import Trial, trial

_TIMEOUT_SECONDS = 180.0
_STATEMENTS = """
SELECT r.rolname, sum(s.calls)::int8
FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles r ON r.oid = s.userid
WHERE d.datname = $1 AND NOT r.rolsuper GROUP BY 1
"""


@dataclass(frozen=True)
class Asked:
    """How often so far."""

    statements: Mapping[str, int]
    requests: Mapping[str, int]
    wal_bytes: int


async def measure_counts(bench: Bench, system: System, sizes: Sizes) -> dict[str, object]:
    """Statements by role, SQS requests by action, and bytes of WAL, for each task from POST to completed."""
    number = sizes.counted_tasks
    async with trial(bench, system, "counts", counting=True) as running:
        began = await _asked(running)
        await running.accept_exactly(number)
        accepted = await _asked(running)
        running.workers.start()
        completed = await running.wait_completed(number, _TIMEOUT_SECONDS)
        ended = await _asked(running)
        statements = _since(ended.statements, began.statements, number)
        requests = _since(ended.requests, began.requests, number)
        return {
            "tasks": len(completed),
            "statements": sum(statements.values()),
            "statements_by_role": statements,
            "statements_until_sent": sum(_since(accepted.statements, began.statements, number).values()),
            "sqs_requests": sum(requests.values()) if requests else None,
            "sqs_requests_by_action": requests,
            "wal_bytes": (ended.wal_bytes - began.wal_bytes) / number,
        }


async def _asked(running: Trial) -> Asked:
    database = await running.site.bench.database.connect("postgres")  # where the extension is
    try:
        rows = await database.fetch(_STATEMENTS, running.site.database)
        wal = await database.fetchval("SELECT (pg_current_wal_insert_lsn() - '0/0')::int8")
    finally:
        await database.close()
    return Asked({row[0]: row[1] for row in rows}, running.site.queue.requests(), wal)


def _since(now: Mapping[str, int], before: Mapping[str, int], tasks: int) -> dict[str, float]:
    return {name: (count - before.get(name, 0)) / tasks for name, count in now.items()}

"""The Celery application and its one task."""

import os
from datetime import UTC, datetime

from celery import Celery
from celery.signals import worker_process_init
from psycopg_pool import ConnectionPool

START = """UPDATE tasks SET status = 'processing', started_at = clock_timestamp() WHERE id = %s
RETURNING title, description"""
COMPLETE = "UPDATE tasks SET status = 'completed', result = %s, completed_at = clock_timestamp() WHERE id = %s"

celery = Celery("bench", broker=os.environ["REDIS_URL"])
celery.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=64,
    broker_connection_retry_on_startup=True,
)
pools: list[ConnectionPool] = []


@worker_process_init.connect
def open_pool(**_: object) -> None:
    """Each child of the worker has connections of its own; a statement is a transaction."""
    settings = {"autocommit": True}
    pools.append(ConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=2, open=True, kwargs=settings))


@celery.task(name="process_task")
def process_task(task_id: str) -> None:
    """Work one task: two statements, a commit each."""
    with pools[0].connection() as connection:
        found = connection.execute(START, (task_id,)).fetchone()
        if found is not None:
            connection.execute(COMPLETE, (worked(*found), task_id))


def worked(title: str, description: str | None) -> str:
    """The task's work."""
    told = f" with description: {description}" if description else ""
    return f"Processed task '{title}' at {datetime.now(UTC).isoformat()}{told}"

"""Watching rows of the database change, without a trigger or anything else added to it.

A loop inside PostgreSQL reads the row every millisecond and raises a notice whenever it reads something new, so that
even a state that lasts a few milliseconds is seen, and nobody is slowed down.
"""

import json
import subprocess
import threading
from collections.abc import Callable
from typing import Any, Self

from waybill_dev.demo.running import RunningStack
from waybill_dev.errors import StackError
from waybill_dev.waiting import wait_until

_WATCH = """
SET statement_timeout = '{seconds}s';
SET client_connection_check_interval = '200ms';
DO $$
DECLARE
    seen text;
    found text;
    over boolean;
BEGIN
    RAISE NOTICE 'watching';
    WHILE over IS NOT TRUE LOOP
        {read};
        IF found IS DISTINCT FROM seen THEN
            RAISE NOTICE '%', json_build_object('seen_at', extract(epoch FROM clock_timestamp()), 'row', found::json);
            seen := found;
        END IF;
        PERFORM pg_sleep(0.001);
    END LOOP;
END $$
"""

# Ids begin with the millisecond they were made in, so `id >` keeps this on the index, however many tasks there are.
TASK = """
SELECT json_build_object(
        'id', t.id, 'kind', t.kind, 'status', t.status, 'attempt', t.attempt, 'max_attempts', t.max_attempts,
        'fence', t.fence, 'worker', t.worker, 'result', t.result, 'error', t.error,
        'lease_seconds', extract(epoch FROM t.lease_until - t.claimed_at), 'claimed_at', extract(epoch FROM claimed_at),
        'created_at', extract(epoch FROM t.created_at), 'finished_at', extract(epoch FROM t.finished_at),
        'outbox', (
            SELECT json_build_object('dispatch', o.dispatch, 'reason', o.reason,
                'written_at', extract(epoch FROM o.written_at), 'available_at', extract(epoch FROM o.available_at))
            FROM outbox o WHERE o.task_id = t.id),
        'attempts', (
            SELECT coalesce(json_agg(json_build_object('fence', a.fence, 'attempt', a.attempt, 'outcome', a.outcome,
                'worker', a.worker, 'error', a.error, 'started_at', extract(epoch FROM a.started_at),
                'finished_at', extract(epoch FROM a.finished_at)) ORDER BY a.fence), '[]')
            FROM attempts a WHERE a.task_id = t.id)),
    t.finished_at IS NOT NULL AND NOT EXISTS (SELECT FROM outbox o WHERE o.task_id = t.id)
INTO found, over
FROM tasks t WHERE t.tenant = 'default' AND t.id > '{after}' AND t.title = '{title}'
"""

DEAD_LETTER = """
SELECT json_build_object('reason', reason, 'detail', detail, 'body', convert_from(body, 'UTF8'), 'origin', origin,
        'receive_count', receive_count, 'recorded_at', extract(epoch FROM recorded_at)), true
INTO found, over
FROM dead_letters WHERE message_id = '{message_id}'
"""


class RowWatch:
    """Tells `tell` each state that a row is seen in, with the instant, until it is final; a context manager.

    `read` is one of the queries above, filled in. Nothing is seen after `seconds`.
    """

    def __init__(
        self, stack: RunningStack, read: str, tell: Callable[[dict[str, Any], float], None], seconds: int
    ) -> None:
        self._process: subprocess.Popen[str] = stack.psql(_WATCH.format(read=read, seconds=seconds))
        self._tell = tell
        self._watching = threading.Event()
        self._last_words = "it said nothing"
        self._thread = threading.Thread(target=self._listen, daemon=True)

    @property
    def failed(self) -> str | None:
        """Why it saw no final state; None while it looks, and when it did."""
        code = self._process.poll()
        return self._last_words if code not in (None, 0) else None

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self._watching.is_set() or self._process.poll() is not None, timeout_seconds=10)
        if not self._watching.is_set():
            self.__exit__()
            raise StackError(f"PostgreSQL cannot be read: {self._last_words}")
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                _, _, notice = line.strip().partition("NOTICE:  ")
                if notice == "watching":
                    self._watching.set()
                elif notice:
                    seen = json.loads(notice)
                    self._tell(seen["row"], seen["seen_at"])
                else:
                    self._last_words = line.strip() or self._last_words

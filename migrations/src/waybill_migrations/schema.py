"""The tables as SQLAlchemy Core: what autogenerate compares a database with. The services run plain SQL instead.

Every table of tasks and each list index carries `tenant` from the start. `tasks` and `attempts` are partitioned by the
task's id, which begins with its time: nothing refers to `tasks` by a foreign key, and it is unique on its id alone. The
partitions are none of the code's business: migration 0006 has the functions that make and drop them.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

metadata = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ck": "%(table_name)s_%(constraint_name)s",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ix": "%(table_name)s_%(column_0_name)s_idx",
    }
)

_now = sa.text("clock_timestamp()")


def _instant(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), **options)  # type: ignore[arg-type]


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", sa.Text, nullable=False, server_default="default")


def _count(name: str, default: str = "0") -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default=sa.text(default))


tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True, comment="UUIDv7, made by the API"),
    _tenant(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("payload_version", sa.SmallInteger, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("payload", pg.JSONB, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="pending"),
    _count("attempt"),
    sa.Column("max_attempts", sa.Integer, comment="from the handler's policy, written by each claim"),
    _count("fence"),
    _count("dispatch", "1"),
    _instant("available_at", nullable=False, server_default=_now),
    _instant("lease_until", comment="set while processing"),
    sa.Column("worker", sa.Text, comment="set while processing"),
    _instant("claimed_at", comment="start of the running or the last attempt"),
    _instant("cancel_requested_at"),
    _instant("held_at", comment="set while no processor reads its kind and version"),
    sa.Column("held_reason", sa.Text, comment="what it waits for, while held_at is set"),
    _instant("reconciled_at"),
    _count("reconcile_count"),
    sa.Column("traceparent", sa.Text),
    sa.Column("result", pg.JSONB),
    sa.Column("error", pg.JSONB, comment="of the last attempt that did not complete"),
    _instant("created_at", nullable=False, server_default=_now),
    _instant("started_at", comment="first claim"),
    _instant("finished_at"),
    sa.CheckConstraint("status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')", name="status_check"),
    sa.CheckConstraint(
        "(status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)", name="finished_check"
    ),
    sa.CheckConstraint(
        "(status = 'processing') = (lease_until IS NOT NULL) AND (status = 'processing') = (worker IS NOT NULL)",
        name="lease_check",
    ),
    sa.CheckConstraint("(status = 'completed') = (result IS NOT NULL)", name="result_check"),
    sa.CheckConstraint("status <> 'failed' OR error IS NOT NULL", name="error_check"),
    sa.CheckConstraint(
        "attempt >= 0 AND fence >= attempt AND (max_attempts IS NULL OR attempt <= max_attempts)",
        name="attempt_check",
    ),
    sa.CheckConstraint("dispatch >= 1", name="dispatch_check"),
    postgresql_partition_by="RANGE (id)",
)
# No index has `status`, or anything else that a claim, retry or release writes, in its columns or predicate: that would
# end HOT updates. `finished_at` and `result` change once, at the end.
sa.Index("tasks_tenant_id_idx", tasks.c.tenant, tasks.c.id)
sa.Index("tasks_tenant_kind_id_idx", tasks.c.tenant, tasks.c.kind, tasks.c.id)
sa.Index("tasks_live_idx", tasks.c.tenant, tasks.c.id, postgresql_where=sa.text("finished_at IS NULL"))
sa.Index(
    "tasks_failed_idx",
    tasks.c.tenant,
    tasks.c.id,
    postgresql_where=sa.text("finished_at IS NOT NULL AND result IS NULL"),
)
sa.Index("tasks_cancel_idx", tasks.c.tenant, tasks.c.id, postgresql_where=sa.text("cancel_requested_at IS NOT NULL"))

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("task_id", pg.UUID, primary_key=True),
    _tenant(),
    sa.Column("dispatch", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    _instant("available_at", nullable=False, server_default=_now),
    _instant("written_at", nullable=False, server_default=_now),
    sa.CheckConstraint("reason IN ('accept', 'retry', 'release', 'reap', 'reconcile', 'hold')", name="reason_check"),
)
sa.Index("outbox_available_at_idx", outbox.c.available_at)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("task_id", pg.UUID, primary_key=True),
    sa.Column("fence", sa.Integer, primary_key=True, autoincrement=False),
    _tenant(),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("error", pg.JSONB),
    _instant("started_at", nullable=False),
    _instant("finished_at", nullable=False, server_default=_now),
    sa.CheckConstraint(
        "outcome IN ('succeeded', 'retryable', 'permanent', 'cancelled', 'released', 'lost')", name="outcome_check"
    ),
    postgresql_partition_by="RANGE (task_id)",
)

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    _tenant(),
    sa.Column("message_id", sa.Text, nullable=False, unique=True, comment="of SQS; a redelivery adds no second row"),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False, comment="the bytes as received"),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("task_id", pg.UUID, comment="where the message named one"),
    sa.Column("receive_count", sa.Integer, nullable=False),
    _instant("sent_at"),
    _instant("recorded_at", nullable=False, server_default=_now),
    sa.CheckConstraint("origin IN ('queue', 'dead_letter_queue')", name="origin_check"),
)
sa.Index("dead_letters_tenant_id_idx", dead_letters.c.tenant, dead_letters.c.id)

published_versions = sa.Table(
    "published_versions",
    metadata,
    sa.Column("message_type", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("payload_version", sa.SmallInteger, primary_key=True, autoincrement=False),
    _tenant(),
    _instant("last_published_at", nullable=False, server_default=_now),
)

service_instances = sa.Table(
    "service_instances",
    metadata,
    sa.Column(
        "instance", sa.Text, primary_key=True, comment="what it is, and host and process, or the name of a function"
    ),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("manifest", pg.JSONB, nullable=False, comment="contracts that it writes and reads, by digest"),
    sa.Column(
        "expires",
        sa.Boolean,
        nullable=False,
        server_default=sa.true(),
        comment="whether it tells each minute that it lives; a function cannot",
    ),
    _instant("started_at", nullable=False, server_default=_now),
    _instant("last_seen_at", nullable=False, server_default=_now),
    _instant("stopped_at", comment="set when it ended in good order"),
)

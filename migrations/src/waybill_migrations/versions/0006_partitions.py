"""Tasks and attempts by time: partitions of ranges of the id, dropped whole when all in them is old and finished

Phase: expand.
Revision: 0006, after 0005

The table of before becomes the first partition, in place. That its rows fit is checked beforehand, in transactions of
their own beside the services; the exchange itself holds its locks for milliseconds and reads no row. Services of before
notice nothing: names, columns, grants and indexes are the parent's now. Nobody is granted anything on a partition.
What fits no partition goes to the default one, so that neither a clock that is off nor a partition that nobody made
keeps a task from being accepted.
"""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from alembic import op
from sqlalchemy.exc import DBAPIError

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEYS = {"tasks": "id", "attempts": "task_id"}
FUNCTIONS = Path(__file__).with_name("0006_functions.sql").read_text().split("\n--------\n")
SIGNATURES = {
    "task_id_floor(timestamptz)": "",
    "task_partitions()": "",
    "pad_tasks(text)": "",
    "make_partition_of(text, text, text)": "",
    "make_task_partition(timestamptz, timestamptz)": "",
    "drop_task_partition(text)": "",
    "make_task_partitions(integer, integer)": "waybill_relay",
    "drop_finished_task_partitions(integer)": "waybill_relay",
}
"""Who may call each besides the owner."""

# A Monday, 7 to 14 days ahead: nobody writes beyond it while this runs, nor for a week if it is broken off.
FIRST_END = "SELECT date_trunc('week', now(), 'UTC') + interval '14 days'"
SMALL_BYTES = 1024 * 1024
NEXT_DAYS = 91
"""Of the second partition: releases of before make none. A relay that is to keep tasks for less replaces it."""

TRIGGER = """
CREATE TRIGGER tasks_refuse_illegal_transition
    BEFORE UPDATE OF id, status, attempt, fence, result, error, finished_at ON tasks
    FOR EACH ROW EXECUTE FUNCTION refuse_illegal_transition()
"""

# Grants of others than the services, on a table or a column, move along.
MOVE_GRANTS = """
DO $$ DECLARE given record; BEGIN
    FOR given IN
        SELECT g.privilege_type AS what, '' AS columns, g.grantee FROM pg_class c, aclexplode(c.relacl) g
        WHERE c.oid = '{old}'::regclass AND g.grantee <> c.relowner
        UNION ALL
        SELECT g.privilege_type, format('(%I)', a.attname), g.grantee FROM pg_attribute a, aclexplode(a.attacl) g
        WHERE a.attrelid = '{old}'::regclass AND NOT a.attisdropped
    LOOP
        EXECUTE format('GRANT %s %s ON {new} TO %s', given.what, given.columns,
            CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END);
        EXECUTE format('REVOKE %s %s ON {old} FROM %s', given.what, given.columns,
            CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END);
    END LOOP;
END $$
"""

# Statements of the API look up single ids or walk an index in order, so the plan for any value is the best one; a plan
# for each value costs more than it runs, now that partitions are looked through for it.
ONE_PLAN = """
DO $$ BEGIN
    EXECUTE format('ALTER ROLE waybill_api IN DATABASE %I {change}', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'role waybill_api belongs to somebody else: ask for plan_cache_mode = force_generic_plan';
END $$
"""


def upgrade() -> None:
    """Exchange both tables for partitioned ones."""
    end: datetime = op.get_bind().exec_driver_sql(FIRST_END).scalar_one()
    bound = f"'{_floor(end)}'"
    name = f"until_{end:%Y%m%d}"
    with _promise_taken_back_on_failure():
        if not _has_rows_from(bound):
            _promise(bound)
        with op.get_bind().begin_nested():
            op.execute("LOCK TABLE tasks, attempts IN ACCESS EXCLUSIVE MODE")
            _make_functions()
            op.execute("DROP TRIGGER tasks_refuse_illegal_transition ON tasks")
            for table in KEYS:
                _exchange(table, f"{table}_{name}", bound)
            op.execute(TRIGGER)
            op.execute(f"ALTER TABLE tasks_{name} SET (vacuum_truncate = false)")
            if _row(f"SELECT pg_relation_size('tasks_{name}') < {SMALL_BYTES}")[0]:
                op.execute(f"SELECT pad_tasks('tasks_{name}')")
            op.execute(f"SELECT make_task_partition('{end}', timestamptz '{end}' + interval '{NEXT_DAYS} days')")
    op.execute(ONE_PLAN.format(change="SET plan_cache_mode = force_generic_plan"))


def _row(question: str) -> tuple[object, ...]:
    return tuple(op.get_bind().exec_driver_sql(question).one())


def _floor(instant: datetime) -> str:
    return f"{int(instant.timestamp() * 1000):012x}{'0' * 20}"


def _has_rows_from(bound: str) -> bool:
    """No clock makes such. They move under the lock, which then lasts as long as it takes to read the tables."""
    return any(_row(f"SELECT EXISTS (SELECT FROM {table} WHERE {key} >= {bound})")[0] for table, key in KEYS.items())


def _make_functions() -> None:
    for function in FUNCTIONS:
        op.execute(function)
    for function, role in SIGNATURES.items():
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        if role:
            op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")


def _promise(bound: str) -> None:
    """Have PostgreSQL know that all rows are below, so that the exchange reads none; the services go on meanwhile."""
    with op.get_context().autocommit_block():
        for table, key in KEYS.items():
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_below")
            op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_below CHECK ({key} < {bound}) NOT VALID")
        for table in KEYS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_below")


@contextmanager
def _promise_taken_back_on_failure() -> Generator[None]:
    """Else tasks would be refused from that day on."""
    try:
        yield
    except DBAPIError:
        with op.get_context().autocommit_block():
            for table in KEYS:
                op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_below")
        raise


def _exchange(table: str, first: str, bound: str) -> None:
    key = KEYS[table]
    indexes = _indexes(table)
    primary_key = _row(f"SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = '{table}_pkey'")[0]
    _rename(table, first)
    op.execute(
        f"CREATE TABLE {table} (LIKE {first} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)"
        f" PARTITION BY RANGE ({key})"
    )
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_below")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey {primary_key}")
    for definition in indexes.values():
        op.execute(definition)
    op.execute(MOVE_GRANTS.format(old=first, new=table))
    op.execute(f"SELECT make_partition_of('{table}', '{table}_default', 'DEFAULT')")
    op.execute(f"INSERT INTO {table}_default SELECT * FROM {first} WHERE {key} >= {bound}")
    op.execute(f"DELETE FROM {first} WHERE {key} >= {bound}")
    op.execute(f"ALTER TABLE {table} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ({bound})")
    op.execute(f"ALTER TABLE {first} DROP CONSTRAINT IF EXISTS {table}_below")


def _indexes(table: str) -> dict[str, str]:
    """Definitions by name, without that of the primary key."""
    found = op.get_bind().exec_driver_sql(
        f"SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = '{table}'"
        f" AND indexname <> '{table}_pkey' ORDER BY indexname"
    )
    return dict(tuple(row) for row in found)


def _rename(old: str, new: str) -> None:
    """A table and its indexes, which are named after it."""
    for index in [*_indexes(old), f"{old}_pkey"]:
        op.execute(f"ALTER INDEX {index} RENAME TO {new}{index.removeprefix(old)}")
    op.execute(f"ALTER TABLE {old} RENAME TO {new}")


def downgrade() -> None:
    """One table again each: rows of later partitions are copied into the first, under a lock all the while."""
    op.execute(ONE_PLAN.format(change="RESET plan_cache_mode"))
    for function in reversed(SIGNATURES):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("LOCK TABLE tasks, attempts IN ACCESS EXCLUSIVE MODE")
    op.execute("DROP TRIGGER tasks_refuse_illegal_transition ON tasks")
    for table in KEYS:
        _join(table)
    op.execute(TRIGGER)


def _join(table: str) -> None:
    [first] = _row(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        f" WHERE i.inhparent = '{table}'::regclass ORDER BY c.relname LIKE '%default', c.oid LIMIT 1"
    )
    op.execute(f"ALTER TABLE {table} DETACH PARTITION {first}")
    op.execute(f"INSERT INTO {first} SELECT * FROM {table}")
    op.execute(MOVE_GRANTS.format(old=table, new=first))
    op.execute(f"DROP TABLE {table}")
    if table == "tasks":
        op.execute(f"ALTER TABLE {first} RESET (vacuum_truncate)")
    _rename(str(first), table)

"""The command, run in this process, and what a database's catalogs say of it."""

import asyncio
import contextlib
import io
import sys
from types import SimpleNamespace

import pytest
from waybill_migrations.main import VARIABLE, main

COLUMNS = """
SELECT format('column %s.%s %s null=%s default=%s identity=%s comment=%s', c.relname, a.attname,
    format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity,
    col_description(c.oid, a.attnum))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0
    AND NOT a.attisdropped
"""
CONSTRAINTS = """
SELECT format('constraint %s.%s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND conparentid = 0
    AND NOT coalesce((SELECT relispartition FROM pg_class c WHERE c.oid = conrelid), false)
"""
INDEXES = """
SELECT format('index %s', pg_get_indexdef(i.indexrelid)) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
"""
PARTITIONS = """
SELECT format('partition %s of %s %s %s',
    c.relname, i.inhparent::regclass, pg_get_expr(c.relpartbound, c.oid), c.relacl)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind IN ('r', 'i')
"""
OPTIONS = """
SELECT format('options %s %s', relname, reloptions) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
TRIGGERS = (
    "SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0"
)
FUNCTIONS = """
SELECT format('function %s %s', pg_get_functiondef(oid), (SELECT array_agg(x::text ORDER BY x::text)
    FROM unnest(coalesce(proacl, acldefault('f', proowner))) x))
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
GRANTS = """
SELECT format('grant %s %s on %s.%s', g.grantee::regrole, g.privilege_type, c.relname, a.attname)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) g
WHERE NOT a.attisdropped AND c.relnamespace = 'public'::regnamespace
UNION SELECT format('grant %s %s on %s', g.grantee::regrole, g.privilege_type, c.relname)
FROM pg_class c, aclexplode(c.relacl) g WHERE c.relnamespace = 'public'::regnamespace AND g.grantee <> c.relowner
UNION SELECT format('grant %s %s on schema', CASE g.grantee WHEN 0 THEN 'public' ELSE g.grantee::regrole::text END,
    g.privilege_type)
FROM pg_namespace n, aclexplode(n.nspacl) g WHERE n.nspname = 'public'
"""


@pytest.fixture
def run_migrate(monkeypatch):
    """Runs `waybill-migrate` with these words on a database URL; answers `code`, `out` and `err`."""

    async def run(url, *words):
        monkeypatch.setenv(VARIABLE, url)
        monkeypatch.setattr(sys, "argv", ["waybill-migrate", *words])
        out, err, code = io.StringIO(), io.StringIO(), 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                await asyncio.to_thread(main)
            except SystemExit as ended:
                code = ended.code
        return SimpleNamespace(code=code, out=out.getvalue(), err=err.getvalue())

    return run


@pytest.fixture
def migrate(run_migrate, empty_database):
    """Brings the empty database to a revision, as its owner; fails if that fails."""

    async def run(*words):
        done = await run_migrate(empty_database.url("waybill_owner"), *words)
        assert (done.code, done.err) == (0, ""), done
        return done.out

    return run


@pytest.fixture
def catalog():
    """All that the catalogs say of a schema, as sorted lines; Alembic's own table left out.

    A partition has what its parent has, which PostgreSQL sees to, so of partitions only names, bounds and options show.
    """

    async def dump(database, *parts):
        connection = await database.connect("postgres")
        rows = [row[0] for part in parts or EVERYTHING for row in await connection.fetch(part)]
        return sorted(row for row in rows if "alembic_version" not in row)

    dump.tables = (COLUMNS, CONSTRAINTS, INDEXES)
    return dump


EVERYTHING = (COLUMNS, CONSTRAINTS, INDEXES, PARTITIONS, OPTIONS, TRIGGERS, FUNCTIONS, GRANTS)


@pytest.fixture
async def tasks(database):
    """Makes rows of `tasks` as the owner: `await tasks.add(status)`, each as its checks want it; `tasks.owner`."""
    owner = await database.connect("waybill_owner")

    async def add(status="pending", **columns):
        row = {**OF_STATUS[status], **columns}
        names = ", ".join(["id", "kind", "payload_version", "title", "payload", "status", *row])
        values = ", ".join(["gen_random_uuid()", "'note.process'", "1", "'t'", "'{}'", f"'{status}'", *row.values()])
        return await owner.fetchval(f"INSERT INTO tasks ({names}) VALUES ({values}) RETURNING id")

    return SimpleNamespace(owner=owner, add=add)


OF_STATUS = {
    "pending": {},
    "processing": {"lease_until": "now()", "worker": "'w'", "attempt": "1", "fence": "1", "claimed_at": "now()"},
    "completed": {"result": "'{}'", "finished_at": "now()"},
    "failed": {"error": "'{}'", "finished_at": "now()"},
    "cancelled": {"finished_at": "now()"},
}

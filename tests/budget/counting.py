"""What PostgreSQL counts by itself, statement by statement and table by table."""

from dataclasses import astuple, dataclass
from typing import Any

# Superusers' statements are those of the tests.
STATEMENTS = """
SELECT r.rolname AS role, s.query, s.calls, s.rows, s.wal_bytes::float8 AS wal_bytes,
       s.shared_blks_hit + s.shared_blks_read AS pages
FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid JOIN pg_database d ON d.oid = s.dbid
WHERE d.datname = $1 AND NOT r.rolsuper
"""
FORGET = "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = $1), 0)"
WAL = "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8"
# Partitions count as their table.
WRITTEN = """
SELECT coalesce(i.inhparent, t.relid)::regclass::text AS name, sum(n_tup_ins)::int AS inserted,
       sum(n_tup_upd)::int AS updated, sum(n_tup_hot_upd)::int AS hot, sum(n_tup_del)::int AS deleted
FROM pg_stat_user_tables t LEFT JOIN pg_inherits i ON i.inhrelid = t.relid GROUP BY 1
"""


@dataclass(frozen=True)
class Statement:
    """One statement as often as it was run, by one role."""

    role: str
    query: str
    calls: int
    rows: int
    wal_bytes: float
    pages: int


@dataclass(frozen=True)
class Written:
    """Rows of one table."""

    inserted: int
    updated: int
    hot: int
    """Of those updated: in their page, with no index touched."""
    deleted: int

    def __sub__(self, before: "Written") -> "Written":
        return Written(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))


class Counted:
    """Counts since `forget`. `server` is a connection to the database that has the extension."""

    def __init__(self, server: Any, database: str, inside: Any) -> None:
        self._server = server
        self._database = database
        self._inside = inside

    async def forget(self) -> None:
        """Count statements from zero."""
        await self._server.execute(FORGET, self._database)

    async def statements(self) -> list[Statement]:
        """All statements of the services."""
        return [Statement(**row) for row in await self._server.fetch(STATEMENTS, self._database)]

    async def wal_bytes(self) -> float:
        """Written by the server so far, by whomever."""
        return await self._server.fetchval(WAL)

    async def written(self) -> dict[str, Written]:
        """Rows written by table so far. A connection reports its own once it has been idle for a second, or closes."""
        return {row["name"]: Written(*list(row.values())[1:]) for row in await self._inside.fetch(WRITTEN)}


def calls(statements: list[Statement], fragment: str = "", role: str = "") -> int:
    """How often those ran that hold this text, of this role."""
    return sum(one.calls for one in statements if fragment in one.query and one.role.startswith(role))

"""Whether the database already has the newest revision of the schema, without loading Alembic."""

import importlib.util
import re
from pathlib import Path

from waybill_dev.passwords import SERVICE_ROLES
from waybill_dev.postgres import PostgresServer
from waybill_dev.stack.plan import DATABASE

_REVISION = re.compile(r"^revision(?:: *str)? *= *['\"](\w+)['\"]", re.MULTILINE)
_BEFORE = re.compile(r"^down_revision(?:: *[^=]+)? *= *['\"](\w+)['\"]", re.MULTILINE)
_ROLES = ", ".join(f"'{role}'" for role in SERVICE_ROLES)
# A start that was killed between migration and passwords must set them: then this finds fewer roles that have one.
_AT = f"""
SELECT to_regclass('alembic_version') IS NOT NULL AS migrated \\gset
\\if :migrated
SELECT string_agg(version_num, ',') FROM alembic_version
WHERE (SELECT count(*) FROM pg_authid WHERE rolname IN ({_ROLES}) AND rolpassword IS NOT NULL) = {len(SERVICE_ROLES)};
\\endif
"""


def schema_is_newest(server: PostgresServer) -> bool:
    """Whether nothing is left to migrate and all service roles have passwords; if in doubt, no. Raises StackError."""
    head = newest_revision()
    return head is not None and server.execute(_AT, database=DATABASE) == head


def newest_revision() -> str | None:
    """The one revision that no other follows; None if there is no such one."""
    package = importlib.util.find_spec("waybill_migrations")
    if package is None or package.origin is None:
        return None
    sources = [path.read_text() for path in (Path(package.origin).parent / "versions").glob("*.py")]
    known = {name for source in sources for name in _REVISION.findall(source)}
    heads = known - {name for source in sources for name in _BEFORE.findall(source)}
    return heads.pop() if len(heads) == 1 else None

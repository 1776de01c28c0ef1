"""Command `waybill-migrate`: bring a database to a revision, or write a new revision.

waybill-migrate [revision]     upgrade (or downgrade) to the revision; default `head`
waybill-migrate new "text"     write a revision from the difference between schema.py and the database
waybill-migrate check          exit 1 if schema.py and the database differ
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import NoReturn

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, make_url, pool
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

VARIABLE = "WAYBILL_MIGRATIONS_DATABASE_URL"


def config_for(url: str) -> Config:
    """Alembic's configuration for a `postgresql://` address of the owner role."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["url"] = url.replace("postgresql://", "postgresql+asyncpg://", 1)
    return config


def main() -> None:
    """Entry point. Exit 0 done, 1 failed, 2 wrong arguments, 78 bad settings; each failure is one line."""
    words = sys.argv[1:]
    if len(words) > 1 and (len(words) > 2 or words[0] != "new"):
        _exit("usage: waybill-migrate [revision | check | new TEXT]", 2)
    url = os.environ.get(VARIABLE, "")
    if not _is_address(url):
        _exit(f"{VARIABLE} must be the address of a database, postgresql://owner@host/name, for the schema's owner", 78)
    config = config_for(url)
    try:
        _refuse_unknown_revision(config)
        _dispatch(config, words)
    except CommandError as error:
        _exit(f"migration refused: {error}", 1)
    except (DBAPIError, OSError, TimeoutError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        _exit(f"migration failed, nothing was changed: {' '.join(str(cause).split())}", 1)


def _is_address(url: str) -> bool:
    try:
        return url.startswith("postgresql://") and bool(make_url(url).database)
    except (ArgumentError, ValueError):
        return False


def _refuse_unknown_revision(config: Config) -> None:
    """Another branch, or a newer release, has migrated the database. Raises CommandError."""
    current = asyncio.run(current_revision(config.attributes["url"]))
    scripts = ScriptDirectory.from_config(config)
    if current is not None and current not in {revision.revision for revision in scripts.walk_revisions()}:
        raise CommandError(
            f"the database is at revision {current}, which this code does not have: migrate with the code that has it "
            "(a local database may begin anew: ./justw reset)"
        )


def _dispatch(config: Config, words: list[str]) -> None:
    match words:
        case ["new", text]:
            number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
            command.revision(config, text, autogenerate=True, rev_id=f"{number:04d}")
        case ["check"]:
            command.check(config)
        case _:
            _move(config, words[0] if words else "head")


def _move(config: Config, target: str) -> None:
    scripts = ScriptDirectory.from_config(config)
    before = asyncio.run(current_revision(config.attributes["url"]))
    below = {revision.revision for revision in scripts.walk_revisions(head=before)} if before else set[str]()
    wanted = None if target == "base" else scripts.get_revision(target)
    if wanted is None or (wanted.revision in below and wanted.revision != before):
        command.downgrade(config, target)
    else:
        command.upgrade(config, target)
    after = asyncio.run(current_revision(config.attributes["url"]))
    sys.stdout.write(f"schema is at {after or 'base'}" + (f" (was {before or 'empty'})\n" if after != before else "\n"))


async def current_revision(url: str) -> str | None:
    """The revision of the database at a `postgresql+asyncpg://` address; None for one never migrated."""
    engine = create_async_engine(url, poolclass=pool.NullPool, connect_args={"timeout": 5})
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_read_revision)
    finally:
        await engine.dispose()


def _read_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _exit(line: str, code: int) -> NoReturn:
    sys.stderr.write(line + "\n")
    raise SystemExit(code)

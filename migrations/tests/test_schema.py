"""What the revisions make: the same as schema.py says, revision by revision, up and down."""

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine
from waybill_migrations.main import config_for
from waybill_migrations.schema import metadata

REVISIONS = [
    (script.revision, script.down_revision or "base")
    for script in reversed(list(ScriptDirectory.from_config(config_for("")).walk_revisions()))
]


async def test_an_upgrade_from_nothing_leaves_no_difference_to_the_tables_of_the_code(migrate):
    assert await migrate() == f"schema is at {REVISIONS[-1][0]} (was empty)\n"
    await migrate("check")


async def test_a_second_upgrade_changes_nothing(migrate, empty_database, catalog):
    await migrate()
    before = await catalog(empty_database)
    assert await migrate("head") == f"schema is at {REVISIONS[-1][0]}\n"
    assert await catalog(empty_database) == before


async def test_columns_checks_and_indexes_are_exactly_those_of_the_tables_of_the_code(
    migrate, database, empty_database, catalog
):
    """Autogenerate does not look at CHECK constraints, nor at the predicates of indexes."""
    url = empty_database.url("waybill_owner").replace("postgresql://", "postgresql+asyncpg://")

    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    assert await catalog(empty_database, *catalog.tables) == await catalog(database, *catalog.tables)


@pytest.mark.parametrize(("revision", "below"), REVISIONS)
async def test_a_revision_undone_and_done_again_leaves_the_same_schema(
    migrate, empty_database, catalog, revision, below
):
    if below != "base":
        await migrate(below)
    before = await catalog(empty_database)
    await migrate(revision)
    after = await catalog(empty_database)
    assert after != before
    await migrate(below)
    assert await catalog(empty_database) == before
    await migrate(revision)
    assert await catalog(empty_database) == after


async def test_all_the_way_down_leaves_nothing_and_up_again_everything(migrate, empty_database, catalog):
    empty = await catalog(empty_database)
    await migrate()
    full = await catalog(empty_database)
    assert await migrate("base") == f"schema is at base (was {REVISIONS[-1][0]})\n"
    assert await catalog(empty_database) == empty
    await migrate("head")
    assert await catalog(empty_database) == full


async def test_a_downgrade_stops_at_the_revision_that_is_named(migrate, empty_database):
    await migrate()
    assert await migrate("0001") == f"schema is at 0001 (was {REVISIONS[-1][0]})\n"
    connection = await empty_database.connect("postgres")
    assert await connection.fetchval("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == 0
    assert await connection.fetchval("SELECT count(*) FROM tasks") == 0

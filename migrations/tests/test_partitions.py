"""Tasks and attempts in partitions of ranges of the id: how a database gets there and back, and who may do what."""

import asyncpg
import pytest

LATER, EARLIER = "0006", "0005"
OF_TIME = """
    (lpad(to_hex((extract(epoch FROM {})*1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 19))::uuid
"""
IDS = {"of time": OF_TIME.format("now()"), "random": "gen_random_uuid()"}
STATUSES = ("pending", "processing", "completed", "failed", "cancelled")
ALL = (
    "SELECT t.*, (SELECT array_agg(a.fence) FROM attempts a WHERE a.task_id = t.id) AS fences FROM tasks t ORDER BY id"
)
ATTEMPT = """INSERT INTO attempts (task_id, fence, attempt, outcome, worker, started_at)
    VALUES ($1, 1, 1, 'succeeded', 'w', now())"""
CLAIM = "UPDATE tasks SET status = 'processing', fence = fence + 1, worker = 'w', lease_until = now() WHERE id = $1"
WHERE = "SELECT tableoid::regclass::text FROM tasks WHERE id = $1"
ROLES = ("waybill_api", "waybill_relay", "waybill_processor")
FUNCTIONS = {
    "make_task_partitions(7, 7)": {"waybill_relay"},
    "drop_finished_task_partitions(7)": {"waybill_relay"},
    "make_task_partition(now(), now())": set(),
    "make_partition_of('tasks', 'x', 'DEFAULT')": set(),
    "drop_task_partition('tasks_default')": set(),
    "pad_tasks('tasks_default')": set(),
    "task_partitions()": set(),
    "task_id_floor(now())": set(),
}


@pytest.mark.parametrize("kind_of_id", [["of time"], ["of time", "random"]], ids=["no misfits", "misfits"])
async def test_rows_of_every_status_survive_the_way_up_and_down_and_up(migrate, empty_database, fill, kind_of_id):
    await migrate(EARLIER)
    owner = await empty_database.connect("waybill_owner")
    await fill(owner, kind_of_id)
    before = await owner.fetch(ALL)
    assert len(before) == 5 * len(kind_of_id)
    for revision in (LATER, EARLIER, LATER):
        await migrate(revision)
        assert await owner.fetch(ALL) == before, revision


async def test_rows_of_later_partitions_come_along_on_the_way_down(migrate, empty_database, fill):
    await migrate(LATER)
    owner = await empty_database.connect("waybill_owner")
    await fill(owner, ["of time", "random"])
    far = await owner.fetchval(NEW.format(id=OF_TIME.format("now() + interval '20 days'"), more="", values=""))
    assert await owner.fetchval(WHERE, far) not in ("tasks_default", await first_partition(owner))
    before = await owner.fetch(ALL)
    await migrate(EARLIER)
    assert await owner.fetch(ALL) == before


async def test_the_exchange_reads_no_row_under_its_lock(migrate, empty_database, fill):
    """The table keeps its file: nothing was copied."""
    await migrate(EARLIER)
    owner = await empty_database.connect("waybill_owner")
    await fill(owner, ["of time"])
    file = await owner.fetchval("SELECT relfilenode FROM pg_class WHERE relname = 'tasks'")
    await migrate(LATER)
    first = await first_partition(owner)
    assert await owner.fetchval("SELECT relfilenode FROM pg_class WHERE relname = $1", first) == file
    left = "SELECT count(*) FROM pg_constraint WHERE conname LIKE '%\\_below'"
    assert await owner.fetchval(left) == 0


async def test_a_migration_that_gets_no_lock_leaves_nothing_behind(run_migrate, migrate, empty_database, fill, catalog):
    await migrate(EARLIER)
    before = await catalog(empty_database)
    owner = await empty_database.connect("waybill_owner")
    reader = await empty_database.connect("waybill_owner")
    await fill(owner, ["of time"])
    async with reader.transaction():
        await reader.execute("LOCK TABLE attempts IN ROW SHARE MODE")  # NOT VALID and ATTACH both wait for it
        done = await run_migrate(empty_database.url("waybill_owner"))
    assert (done.code, "lock timeout" in done.err) == (1, True)
    assert await catalog(empty_database) == before
    await migrate(LATER)


async def test_a_statement_prepared_before_goes_on_afterwards(migrate, empty_database, fill):
    await migrate(EARLIER)
    owner = await empty_database.connect("waybill_owner")
    await fill(owner, ["of time"])
    api = await empty_database.connect("waybill_api")
    find = await api.prepare("SELECT id, status FROM tasks ORDER BY id")
    before = await find.fetch()
    await migrate(LATER)
    assert await find.fetch() == before


@pytest.mark.parametrize("ahead", ["now()", "now() + interval '20 days'", "now() + interval '400 days'"])
async def test_checks_and_trigger_hold_in_each_partition(database, ahead):
    owner = await database.connect("waybill_owner")
    task = await owner.fetchval(NEW.format(id=OF_TIME.format(ahead), more="", values=""))
    processor = await database.connect("waybill_processor")
    await processor.execute(CLAIM, task)
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await processor.execute("UPDATE tasks SET fence = 0 WHERE id = $1", task)
    assert refused.value.constraint_name == "tasks_fence"
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await processor.execute("UPDATE tasks SET worker = NULL WHERE id = $1", task)
    assert refused.value.constraint_name == "tasks_lease_check"


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_reaches_no_partition_around_its_table(database, role):
    connection = await database.connect(role)
    partitions = [row[0] for row in await connection.fetch("SELECT inhrelid::regclass::text FROM pg_inherits i"
                  " JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind = 'r'")]  # fmt: skip
    assert len(partitions) == 6
    for partition in partitions:
        for statement in ("SELECT FROM {}", "DELETE FROM {}", "DROP TABLE {}", "ALTER TABLE tasks DETACH PARTITION {}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement.format(partition))


@pytest.mark.parametrize("role", ROLES)
async def test_the_relay_alone_may_make_and_drop_partitions_and_only_by_their_rules(database, role):
    connection = await database.connect(role)
    for call, granted in FUNCTIONS.items():
        if role in granted:
            await connection.fetch(f"SELECT * FROM {call}")
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT * FROM {call}")


async def test_a_new_partition_has_what_the_first_one_has(database):
    """Indexes by name, checks, trigger, storage: what the exchange brought along, what a function makes, is alike."""
    owner = await database.connect("waybill_owner")
    made = {}
    for partition in ("tasks_default", await first_partition(owner)):
        rows = await owner.fetch(OF_PARTITION, partition)
        made[partition] = sorted(row[0].replace(partition, "it") for row in rows)
    default, first = made.values()
    assert default == first


async def test_others_grants_move_to_the_parent(migrate, empty_database):
    await migrate(EARLIER)
    owner = await empty_database.connect("waybill_owner")
    await owner.execute("GRANT SELECT (id, title) ON tasks TO PUBLIC")
    await migrate(LATER)
    assert await owner.fetchval("SELECT has_column_privilege('pg_monitor', 'tasks', 'title', 'SELECT')")
    first = await first_partition(owner)
    assert not await owner.fetchval("SELECT has_column_privilege('pg_monitor', $1::text, 'title', 'SELECT')", first)


async def test_a_new_empty_partition_looks_large_enough_to_be_read_by_its_index(database):
    """A plan made for it is kept while it fills."""
    owner = await database.connect("waybill_owner")
    await owner.execute("ANALYZE tasks")
    await owner.execute("SET plan_cache_mode = force_generic_plan")
    await owner.execute("PREPARE find AS SELECT t.kind FROM tasks t JOIN unnest($1::uuid[]) AS a(id) ON a.id = t.id")
    plan = "\n".join(row[0] for row in await owner.fetch("EXPLAIN EXECUTE find (NULL)"))
    assert "Seq Scan" not in plan, plan


async def first_partition(owner):
    return await owner.fetchval("SELECT name FROM task_partitions() ORDER BY ends_at LIMIT 1")


@pytest.fixture
def fill():
    """A task of each status and its attempt, with ids of each kind."""

    async def add(owner, kinds):
        for kind in kinds:
            for status in STATUSES:
                more, values = OF_STATUS[status]
                statement = NEW.format(id=IDS[kind], more=f", status{more}", values=f", '{status}'{values}")
                await owner.execute(ATTEMPT, await owner.fetchval(statement))

    return add


NEW = """INSERT INTO tasks (id, kind, payload_version, title, payload{more})
    VALUES ({id}, 'note.process', 1, 't', '{{}}'{values}) RETURNING id"""
OF_STATUS = {
    "pending": ("", ""),
    "processing": (", lease_until, worker", ", now(), 'w'"),
    "completed": (", result, finished_at", ", '{}', now()"),
    "failed": (", error, finished_at", ", '{}', now()"),
    "cancelled": (", finished_at", ", now()"),
}
OF_PARTITION = """
SELECT indexdef FROM pg_indexes WHERE tablename = $1
UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = $1::text::regclass AND contype <> 'n'
UNION ALL SELECT tgname || tgtype || tgattr::text FROM pg_trigger WHERE tgrelid = $1::text::regclass
UNION ALL SELECT reloptions::text FROM pg_class WHERE relname = $1
"""

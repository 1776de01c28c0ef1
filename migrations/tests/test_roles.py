"""What each service's role may do in the database, and what it must be denied."""

import asyncpg
import pytest

TABLES = ("tasks", "outbox", "attempts", "dead_letters", "published_versions")
NEW_TASK = (
    "INSERT INTO tasks (id, kind, payload_version, title, payload) VALUES (gen_random_uuid(), 'a.b', 1, '', '{}')"
)
NEW_OUTBOX_ROW = "INSERT INTO outbox (task_id, dispatch, reason) VALUES (gen_random_uuid(), 1, 'accept')"
NEW_ATTEMPT = """INSERT INTO attempts (task_id, fence, attempt, outcome, worker, started_at)
    VALUES (gen_random_uuid(), 1, 1, 'lost', 'w', now())"""
NEW_DEAD_LETTER = """INSERT INTO dead_letters (message_id, reason, detail, body, origin, receive_count)
    VALUES ('m', 'not_json', '', '', 'queue', 1)"""
NEW_VERSION = "INSERT INTO published_versions (message_type, kind, payload_version) VALUES ('t', 'a.b', 1)"
NEW_INSTANCE_OF = "INSERT INTO service_instances (instance, service, version, manifest,"
OF_EACH_SERVICE = [
    f"{NEW_INSTANCE_OF} expires) VALUES ('i', 's', '1', '{{}}', true)",
    "UPDATE service_instances SET service = 's', version = '2', manifest = '{}', expires = true, last_seen_at = now()",
    "UPDATE service_instances SET started_at = now(), stopped_at = now() WHERE instance = 'i' AND expires",
    "SELECT * FROM service_instances",
    "DELETE FROM service_instances WHERE last_seen_at < now()",
]

NOBODY_MAY = [
    *(f"TRUNCATE {table}" for table in (*TABLES, "service_instances")),
    *(f"ALTER TABLE {table} ADD COLUMN x int" for table in (*TABLES, "service_instances")),
    *(f"DROP TABLE {table}" for table in (*TABLES, "service_instances")),
    *(f"UPDATE {table} SET tenant = 'other'" for table in TABLES),
    *(f"DELETE FROM {table}" for table in ("tasks", "attempts", "dead_letters", "published_versions")),
    *(f"UPDATE tasks SET {column} = {column}" for column in
      ("id", "kind", "payload_version", "title", "description", "payload", "created_at", "traceparent")),
    *(f"UPDATE attempts SET {column} = {column}" for column in ("outcome", "error", "attempt", "worker")),
    "UPDATE dead_letters SET reason = 'solved'",
    "UPDATE service_instances SET instance = 'other'",
    f"{NEW_INSTANCE_OF} last_seen_at) VALUES ('i', 's', '1', '{{}}', now())",
    f"{NEW_INSTANCE_OF} stopped_at) VALUES ('i', 's', '1', '{{}}', now())",
    "UPDATE outbox SET task_id = gen_random_uuid()",
    "CREATE TABLE mine ()", "CREATE SCHEMA mine", "CREATE VIEW mine AS SELECT 1", "CREATE INDEX ON tasks (title)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE ROLE mine",
    "DROP TRIGGER tasks_refuse_illegal_transition ON tasks",
    "ALTER TABLE tasks DISABLE TRIGGER ALL", "SET session_replication_role = replica",
    "CREATE OR REPLACE FUNCTION refuse_illegal_transition() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    "SELECT refuse_illegal_transition()",
    "SELECT * FROM alembic_version", "UPDATE alembic_version SET version_num = '0'",
    "COPY tasks TO PROGRAM 'cat'", "SELECT pg_read_file('PG_VERSION')", "SELECT passwd FROM pg_shadow",
]  # fmt: skip

DENIED = {
    "waybill_api": [
        *(f"INSERT INTO tasks (id, kind, payload_version, title, payload, {column}) VALUES "
          f"(gen_random_uuid(), 'a.b', 1, '', '{{}}', {value})" for column, value in
          {"status": "'cancelled'", "attempt": "1", "fence": "1", "result": "'{}'", "error": "'{}'",
           "created_at": "now()", "finished_at": "now()", "dispatch": "7", "cancel_requested_at": "now()"}.items()),
        *(f"UPDATE tasks SET {column} = {column}" for column in
          ("status", "available_at", "result", "error", "fence", "held_reason")),
        "UPDATE outbox SET available_at = now()", "DELETE FROM outbox", "SELECT reason FROM outbox",
        *(f"SELECT * FROM {table}" for table in ("attempts", "dead_letters", "published_versions")),
        NEW_ATTEMPT, NEW_DEAD_LETTER, NEW_VERSION,
    ],
    "waybill_relay": [
        NEW_TASK, NEW_DEAD_LETTER, "SELECT * FROM dead_letters", "SELECT * FROM attempts",
        *(f"UPDATE tasks SET {column} = {column}" for column in
          ("result", "attempt", "fence", "max_attempts", "claimed_at", "started_at", "cancel_requested_at", "held_at",
           "held_reason")),
        "UPDATE published_versions SET kind = 'a.c'",
    ],
    "waybill_processor": [
        NEW_TASK, NEW_VERSION, "SELECT * FROM published_versions", "SELECT * FROM attempts",
        *(f"UPDATE tasks SET {column} = {column}" for column in
          ("cancel_requested_at", "reconciled_at", "reconcile_count")),
        "DELETE FROM outbox", "UPDATE outbox SET written_at = now()", "SELECT body FROM dead_letters",
        "INSERT INTO outbox (task_id, dispatch, reason, written_at) VALUES (gen_random_uuid(), 1, 'retry', now())",
    ],
}  # fmt: skip

GRANTED = {
    "waybill_api": [NEW_TASK, NEW_OUTBOX_ROW, "SELECT * FROM tasks", "SELECT task_id, available_at FROM outbox"],
    "waybill_relay": [
        NEW_OUTBOX_ROW, NEW_ATTEMPT, NEW_VERSION, "SELECT * FROM tasks", "SELECT * FROM outbox", "DELETE FROM outbox",
        "UPDATE tasks SET status = status, available_at = now(), dispatch = 2, error = '{}', reconciled_at = now()",
        "UPDATE published_versions SET last_published_at = now()",
    ],
    "waybill_processor": [
        NEW_OUTBOX_ROW, NEW_ATTEMPT, NEW_DEAD_LETTER, "SELECT * FROM tasks", "SELECT id, message_id FROM dead_letters",
        "UPDATE tasks SET status = status, attempt = 1, max_attempts = 8, fence = 2, error = '{}', held_at = now(),"
        " held_reason = ''",
        "UPDATE outbox SET dispatch = 2, reason = 'retry', available_at = now()",
    ],
}  # fmt: skip
ROLES = list(GRANTED)


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_is_denied_all_that_its_service_must_not_do(database, tasks, role):
    await tasks.add()
    connection = await database.connect(role)
    outcomes = {sql: await outcome(connection, sql) for sql in NOBODY_MAY + DENIED[role]}
    assert {sql: why for sql, why in outcomes.items() if why != "denied"} == {}


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_do_what_its_service_does(database, tasks, role):
    await tasks.add()
    connection = await database.connect(role)
    outcomes = {sql: await outcome(connection, sql) for sql in GRANTED[role] + OF_EACH_SERVICE}
    assert {sql: why for sql, why in outcomes.items() if why != "done"} == {}


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_has_no_power_over_the_server(database, role):
    connection = await database.connect(role)
    powers = await connection.fetchrow(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = $1",
        role,
    )
    assert not any(powers)
    assert await connection.fetchval("SELECT count(*) FROM pg_auth_members WHERE member = $1::regrole", role) == 0


@pytest.mark.parametrize("role", ROLES)
async def test_a_session_of_a_role_bounds_its_statements_its_waits_for_locks_and_its_idle_transactions(database, role):
    connection = await database.connect(role)
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        assert await connection.fetchval(f"SHOW {name}") not in ("0", ""), name


async def test_a_second_database_of_the_server_is_migrated_though_the_roles_exist(migrate, empty_database):
    await migrate()
    api = await empty_database.connect("waybill_api")
    await api.execute(NEW_TASK)


async def test_an_owner_who_may_make_no_roles_can_migrate_where_somebody_else_made_them(
    run_migrate, database, empty_database
):
    administrator = await database.connect("postgres")
    owner = f"owner_of_{empty_database.name}"
    await administrator.execute(f"CREATE ROLE {owner} LOGIN; ALTER DATABASE {empty_database.name} OWNER TO {owner}")
    try:
        done = await run_migrate(empty_database.url(owner))
        assert (done.code, done.err) == (0, "")
        api = await empty_database.connect("waybill_api")
        await api.execute(NEW_TASK)
    finally:
        cleaner = await empty_database.connect("postgres")
        await cleaner.execute(f"REASSIGN OWNED BY {owner} TO waybill_owner; DROP OWNED BY {owner}; DROP ROLE {owner}")


async def outcome(connection, sql):
    """`done`, `denied`, or what else happened; nothing of it stays."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(sql)
    except asyncpg.InsufficientPrivilegeError:
        return "denied"
    except asyncpg.PostgresError as error:
        return repr(error)
    else:
        return "done"
    finally:
        await transaction.rollback()

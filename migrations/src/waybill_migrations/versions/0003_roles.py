"""One role for each service, granted the columns that its statements touch and no more

Phase: expand.
Revision: 0003, after 0002

Roles belong to the whole server, so they may exist already (a second database, or somebody else made them and keeps
their settings), and the downgrade leaves them. They can log in once somebody gives them a password or an IAM mapping;
this revision sets neither.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROLES = {
    # role: its session settings (milliseconds). The processor may sit in a handler's own transaction.
    "waybill_api": {"statement_timeout": 5000, "lock_timeout": 1000, "idle_in_transaction_session_timeout": 10000},
    "waybill_relay": {"statement_timeout": 30000, "lock_timeout": 1000, "idle_in_transaction_session_timeout": 60000},
    "waybill_processor": {
        "statement_timeout": 30000, "lock_timeout": 5000, "idle_in_transaction_session_timeout": 900000,
    },
}  # fmt: skip

CREATE_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} LOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""

SET_ROLE = """
DO $$ BEGIN
    {settings}
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'role {role} belongs to somebody else: ask for {names}';
END $$
"""

GRANTS = {
    "waybill_api": (
        "SELECT ON tasks",
        "INSERT (id, tenant, kind, payload_version, title, description, payload, available_at, traceparent) ON tasks",
        "INSERT (task_id, tenant, dispatch, reason, available_at) ON outbox",
        "SELECT (task_id, available_at) ON outbox",
    ),
    "waybill_relay": (
        "SELECT, DELETE ON outbox",
        "INSERT (task_id, tenant, dispatch, reason, available_at, written_at) ON outbox",
        "UPDATE (dispatch, reason, available_at) ON outbox",
        "SELECT ON tasks",
        "UPDATE (status, available_at, dispatch, lease_until, worker, error, finished_at, reconciled_at,"
        " reconcile_count) ON tasks",
        "INSERT ON attempts",
        "SELECT, INSERT ON published_versions",
        "UPDATE (last_published_at) ON published_versions",
    ),
    "waybill_processor": (
        "SELECT ON tasks",
        "UPDATE (status, attempt, max_attempts, fence, dispatch, available_at, lease_until, worker, claimed_at,"
        " held_at, result, error, started_at, finished_at) ON tasks",
        "INSERT (task_id, tenant, dispatch, reason, available_at) ON outbox",
        "SELECT (task_id, dispatch, reason, available_at) ON outbox",
        "UPDATE (dispatch, reason, available_at) ON outbox",
        "INSERT ON attempts",
        "SELECT (id, message_id), INSERT ON dead_letters",
    ),
}


def upgrade() -> None:
    """Make the roles and grant."""
    for role, settings in ROLES.items():
        op.execute(CREATE_ROLE.format(role=role))
        statements = [f"ALTER ROLE {role} SET {name} = {milliseconds};" for name, milliseconds in settings.items()]
        names = ", ".join(f"{name} = {milliseconds}" for name, milliseconds in settings.items())
        op.execute(SET_ROLE.format(role=role, settings=" ".join(statements), names=names))
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    for role, grants in GRANTS.items():
        for grant in grants:
            op.execute(f"GRANT {grant} TO {role}")
    op.execute("REVOKE EXECUTE ON FUNCTION refuse_illegal_transition() FROM PUBLIC")


def downgrade() -> None:
    """Take the grants back; the roles stay, for other databases of the server may use them."""
    for role in GRANTS:
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
        op.execute(f"REVOKE USAGE ON SCHEMA public FROM {role}")
    op.execute("GRANT EXECUTE ON FUNCTION refuse_illegal_transition() TO PUBLIC")

"""Which services run, in which version, and what they write and read

Phase: expand.
Revision: 0004, after 0003

A row says nothing of a tenant: every instance works for all of them. Rows of instances that ended are kept for as long
as a message that they wrote may come back.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SERVICE_INSTANCES = """
CREATE TABLE service_instances (
    instance text PRIMARY KEY,
    service text NOT NULL,
    version text NOT NULL,
    manifest jsonb NOT NULL,
    expires boolean NOT NULL DEFAULT true,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    stopped_at timestamptz
)
"""

COMMENTS = """
COMMENT ON COLUMN service_instances.instance IS 'what it is, and host and process, or the name of a function';
COMMENT ON COLUMN service_instances.manifest IS 'contracts that it writes and reads, by digest';
COMMENT ON COLUMN service_instances.expires IS 'whether it tells each minute that it lives; a function cannot';
COMMENT ON COLUMN service_instances.stopped_at IS 'set when it ended in good order';
"""

# Each service tells of itself, and clears away what ended long ago, whoever it was.
GRANTS = (
    "SELECT, DELETE",
    "INSERT (instance, service, version, manifest, expires)",
    "UPDATE (service, version, manifest, expires, started_at, last_seen_at, stopped_at)",
)
ROLES = "waybill_api, waybill_relay, waybill_processor"


def upgrade() -> None:
    """Make the table."""
    op.execute(SERVICE_INSTANCES)
    for comment in COMMENTS.strip().splitlines():
        op.execute(comment)
    for grant in GRANTS:
        op.execute(f"GRANT {grant} ON service_instances TO {ROLES}")


def downgrade() -> None:
    """Drop it: services go on without."""
    op.execute("DROP TABLE service_instances")

"""Tables, their checks and their partial indexes

Phase: expand.
Revision: 0001, after nothing
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TASKS = """
CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    tenant text NOT NULL DEFAULT 'default',
    kind text NOT NULL,
    payload_version smallint NOT NULL,
    title text NOT NULL,
    description text,
    payload jsonb NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer,
    fence integer NOT NULL DEFAULT 0,
    dispatch integer NOT NULL DEFAULT 1,
    available_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until timestamptz,
    worker text,
    claimed_at timestamptz,
    cancel_requested_at timestamptz,
    held_at timestamptz,
    reconciled_at timestamptz,
    reconcile_count integer NOT NULL DEFAULT 0,
    traceparent text,
    result jsonb,
    error jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT tasks_status_check
        CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    CONSTRAINT tasks_finished_check
        CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CONSTRAINT tasks_lease_check
        CHECK ((status = 'processing') = (lease_until IS NOT NULL) AND (status = 'processing') = (worker IS NOT NULL)),
    CONSTRAINT tasks_result_check CHECK ((status = 'completed') = (result IS NOT NULL)),
    CONSTRAINT tasks_error_check CHECK (status <> 'failed' OR error IS NOT NULL),
    CONSTRAINT tasks_attempt_check
        CHECK (attempt >= 0 AND fence >= attempt AND (max_attempts IS NULL OR attempt <= max_attempts)),
    CONSTRAINT tasks_dispatch_check CHECK (dispatch >= 1)
) WITH (fillfactor = 80)
"""

TASKS_INDEXES = (
    "CREATE INDEX tasks_tenant_id_idx ON tasks (tenant, id)",
    "CREATE INDEX tasks_tenant_kind_id_idx ON tasks (tenant, kind, id)",
    "CREATE INDEX tasks_live_idx ON tasks (tenant, id) WHERE finished_at IS NULL",
    "CREATE INDEX tasks_failed_idx ON tasks (tenant, id) WHERE finished_at IS NOT NULL AND result IS NULL",
    "CREATE INDEX tasks_cancel_idx ON tasks (tenant, id) WHERE cancel_requested_at IS NOT NULL",
)

# Rows live for milliseconds: vacuum early, or the index on available_at fills with dead entries.
OUTBOX = """
CREATE TABLE outbox (
    task_id uuid PRIMARY KEY,
    tenant text NOT NULL DEFAULT 'default',
    dispatch integer NOT NULL,
    reason text NOT NULL,
    available_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT outbox_reason_check CHECK (reason IN ('accept', 'retry', 'release', 'reap', 'reconcile', 'hold'))
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000)
"""

ATTEMPTS = """
CREATE TABLE attempts (
    task_id uuid NOT NULL,
    fence integer NOT NULL,
    tenant text NOT NULL DEFAULT 'default',
    attempt integer NOT NULL,
    outcome text NOT NULL,
    worker text NOT NULL,
    error jsonb,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (task_id, fence),
    CONSTRAINT attempts_outcome_check
        CHECK (outcome IN ('succeeded', 'retryable', 'permanent', 'cancelled', 'released', 'lost'))
)
"""

DEAD_LETTERS = """
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL DEFAULT 'default',
    message_id text NOT NULL CONSTRAINT dead_letters_message_id_key UNIQUE,
    reason text NOT NULL,
    detail text NOT NULL,
    body bytea NOT NULL,
    origin text NOT NULL,
    task_id uuid,
    receive_count integer NOT NULL,
    sent_at timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT dead_letters_origin_check CHECK (origin IN ('queue', 'dead_letter_queue'))
)
"""

PUBLISHED_VERSIONS = """
CREATE TABLE published_versions (
    message_type text NOT NULL,
    kind text NOT NULL,
    payload_version smallint NOT NULL,
    tenant text NOT NULL DEFAULT 'default',
    last_published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (message_type, kind, payload_version)
)
"""

COMMENTS = """
COMMENT ON COLUMN tasks.id IS 'UUIDv7, made by the API';
COMMENT ON COLUMN tasks.max_attempts IS 'from the handler''s policy, written by each claim';
COMMENT ON COLUMN tasks.lease_until IS 'set while processing';
COMMENT ON COLUMN tasks.worker IS 'set while processing';
COMMENT ON COLUMN tasks.claimed_at IS 'start of the running or the last attempt';
COMMENT ON COLUMN tasks.held_at IS 'set while no processor reads its kind and version';
COMMENT ON COLUMN tasks.error IS 'of the last attempt that did not complete';
COMMENT ON COLUMN tasks.started_at IS 'first claim';
COMMENT ON COLUMN dead_letters.message_id IS 'of SQS; a redelivery adds no second row';
COMMENT ON COLUMN dead_letters.body IS 'the bytes as received';
COMMENT ON COLUMN dead_letters.task_id IS 'where the message named one';
"""


def upgrade() -> None:
    """Make the five tables."""
    for statement in (TASKS, *TASKS_INDEXES, OUTBOX, ATTEMPTS, DEAD_LETTERS, PUBLISHED_VERSIONS):
        op.execute(statement)
    op.execute("CREATE INDEX outbox_available_at_idx ON outbox (available_at)")
    op.execute("CREATE INDEX dead_letters_tenant_id_idx ON dead_letters (tenant, id)")
    for comment in COMMENTS.strip().splitlines():
        op.execute(comment)


def downgrade() -> None:
    """Drop them, with all tasks."""
    op.execute("DROP TABLE published_versions, dead_letters, attempts, outbox, tasks")

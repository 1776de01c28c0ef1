"""Why a task is held

Phase: expand.
Revision: 0005, after 0004

Processors of before leave the column alone: a reason counts only while `held_at` is set.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE tasks ADD COLUMN held_reason text")
    op.execute("COMMENT ON COLUMN tasks.held_reason IS 'what it waits for, while held_at is set'")
    op.execute("GRANT UPDATE (held_reason) ON tasks TO waybill_processor")


def downgrade() -> None:
    """Drop it: the reasons are lost, the tasks stay held."""
    op.execute("ALTER TABLE tasks DROP COLUMN held_reason")

"""The trigger that refuses what no verb may do

Phase: expand.
Revision: 0002, after 0001

It looks at its guarded columns only, so that a later expand migration can backfill others in final rows.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE FUNCTION refuse_illegal_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('completed', 'failed', 'cancelled') THEN
        RAISE EXCEPTION 'task % is %: a final task never changes', OLD.id, OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_final';
    END IF;
    IF OLD.status = 'pending' AND NEW.status NOT IN ('pending', 'processing', 'cancelled') THEN
        RAISE EXCEPTION 'task % cannot go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_transition';
    END IF;
    IF NEW.fence < OLD.fence OR (NEW.status = 'processing' AND NEW.fence = OLD.fence) THEN
        RAISE EXCEPTION 'task %: the fence must grow with every claim and never fall (% to %)',
            OLD.id, OLD.fence, NEW.fence USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_fence';
    END IF;
    RETURN NEW;
END
$$
"""

TRIGGER = """
CREATE TRIGGER tasks_refuse_illegal_transition
    BEFORE UPDATE OF id, status, attempt, fence, result, error, finished_at ON tasks
    FOR EACH ROW EXECUTE FUNCTION refuse_illegal_transition()
"""


def upgrade() -> None:
    """Guard the transitions."""
    op.execute(FUNCTION)
    op.execute(TRIGGER)


def downgrade() -> None:
    """Trust the services' guards alone."""
    op.execute("DROP TRIGGER tasks_refuse_illegal_transition ON tasks")
    op.execute("DROP FUNCTION refuse_illegal_transition()")

"""Room on its page for the later versions of a task's row

Phase: expand.
Revision: 0007, after 0006

A task's row is written when it is accepted, claimed and completed, and grows by its result. With pages filled to 40 %
all these versions stay on the page of the first. Filled to 80 %, most versions went to another page: more WAL, and
pages of mixed age in which vacuum freed about one new row's place each. New tasks were then spread over all old pages,
one each, and every accept wrote a whole old page into the WAL. What is left free now is less than what an insert must
leave, so that finished pages are not written again. Only pages filled from now on are such.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BEFORE, NOW = 80, 40
PADDING_BEFORE, PADDING_NOW = 384, 128
"""Rows of a megabyte of padding: as many pages as before, with one row each instead of three."""

# The rest of each function, its owner and its grants stay as they are.
REPLACE = """
DO $$ DECLARE before text := pg_get_functiondef('{function}'::regprocedure); BEGIN
    IF before NOT LIKE '%{old}%' THEN
        RAISE EXCEPTION '{function} has no % to change: it is not the one of revision 0006', '{old}';
    END IF;
    EXECUTE replace(before, '{old}', '{new}');
END $$
"""

# Locks out neither reads nor writes, only vacuum and other changes of the table. Both options, to keep their order.
EACH_PARTITION = """
DO $$ DECLARE partition regclass; BEGIN
    FOR partition IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'tasks'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (fillfactor = {now}, vacuum_truncate = false)', partition);
    END LOOP;
END $$
"""


def upgrade() -> None:
    """Fill less of each new page."""
    _fill(BEFORE, NOW, PADDING_BEFORE, PADDING_NOW)


def downgrade() -> None:
    """Fill more again."""
    _fill(NOW, BEFORE, PADDING_NOW, PADDING_BEFORE)


def _fill(before: int, now: int, padding_before: int, padding_now: int) -> None:
    making, padding = "make_partition_of(text, text, text)", "pad_tasks(text)"
    op.execute(REPLACE.format(function=making, old=f"fillfactor = {before}", new=f"fillfactor = {now}"))
    op.execute(REPLACE.format(function=padding, old=padding_before, new=padding_now))
    op.execute(EACH_PARTITION.format(now=now))

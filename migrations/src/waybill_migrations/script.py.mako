"""${message}

Phase: expand (or contract: say which; to contract, name what must run before: needs = {"api": "0.2.0"}).
Revision: ${up_revision}, after ${down_revision | comma,n}
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to ${up_revision}."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Go back to ${down_revision | comma,n}."""
    ${downgrades if downgrades else "pass"}

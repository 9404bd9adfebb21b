"""The first row of a session tells when all of it is over, and an index finds those that are."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = """
UPDATE sessions AS first SET expires_at = family.expires_at
  FROM (SELECT family_id, max(expires_at) AS expires_at FROM sessions GROUP BY family_id) AS family
 WHERE first.id = family.family_id AND first.expires_at < family.expires_at;
CREATE INDEX ix_sessions_over_at ON sessions (LEAST(expires_at, revoked_at)) WHERE id = family_id;
"""

# What expires later than it did does no harm to the version before.
DOWN = "DROP INDEX ix_sessions_over_at"


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)

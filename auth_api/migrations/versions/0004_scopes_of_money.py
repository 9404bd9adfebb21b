"""Support makes refunds too, and finance and admin correct balances by hand."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A role whose scopes somebody has changed since keeps them, with the new one added.
UP = """
UPDATE roles SET scopes = array_append(scopes, 'refunds:write')
 WHERE name = 'support' AND NOT 'refunds:write' = ANY (scopes);
UPDATE roles SET scopes = array_append(scopes, 'balance:adjust')
 WHERE name IN ('finance', 'admin') AND NOT 'balance:adjust' = ANY (scopes);
"""
DOWN = """
UPDATE roles SET scopes = array_remove(scopes, 'balance:adjust');
UPDATE roles SET scopes = array_remove(scopes, 'refunds:write') WHERE name = 'support';
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)

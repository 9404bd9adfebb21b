"""Rotating sessions, roles of one's own, the history of an account, and limits of tries."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Columns with constant defaults or none: nothing is rewritten, and the version before goes on.
UP = """
ALTER TABLE sessions ADD COLUMN used_by bytea;

ALTER TABLE audit_events ADD COLUMN user_agent varchar(256);
DROP INDEX ix_audit_events_account_id;
CREATE INDEX ix_audit_events_account_id_id ON audit_events (account_id, id);

ALTER TABLE roles
    ADD COLUMN description varchar(200) NOT NULL DEFAULT '',
    ADD COLUMN built_in boolean NOT NULL DEFAULT false;
UPDATE roles SET built_in = true WHERE name IN ('customer', 'support', 'finance', 'admin');
CREATE INDEX ix_account_roles_role ON account_roles (role);

CREATE TABLE tries (
    kind varchar(16) NOT NULL,
    subject varchar(64) NOT NULL,
    minute bigint NOT NULL,
    hits integer NOT NULL,
    CONSTRAINT pk_tries PRIMARY KEY (kind, subject, minute)
);
CREATE INDEX ix_tries_minute ON tries (minute);

CREATE TABLE login_failures (
    name_hash bytea CONSTRAINT pk_login_failures PRIMARY KEY,
    failures integer NOT NULL,
    blocked_until timestamptz,
    last_at timestamptz NOT NULL
);
CREATE INDEX ix_login_failures_last_at ON login_failures (last_at);
"""

DOWN = """
DROP TABLE login_failures;
DROP TABLE tries;
DROP INDEX ix_account_roles_role;
ALTER TABLE roles DROP COLUMN built_in, DROP COLUMN description;
DROP INDEX ix_audit_events_account_id_id;
CREATE INDEX ix_audit_events_account_id ON audit_events (account_id);
ALTER TABLE audit_events DROP COLUMN user_agent;
ALTER TABLE sessions DROP COLUMN used_by;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)

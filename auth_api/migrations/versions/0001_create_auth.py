"""The first tables: accounts, roles, sessions, clients, audit trail, change feed."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE accounts (
    id uuid CONSTRAINT pk_accounts PRIMARY KEY,
    username varchar(64) NOT NULL,
    username_folded varchar(64) NOT NULL,
    email varchar(254) NOT NULL,
    email_folded varchar(512) NOT NULL,
    password_hash varchar(255) NOT NULL,
    is_active boolean NOT NULL,
    version bigint NOT NULL CONSTRAINT ck_accounts_version_positive CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_accounts_username_folded UNIQUE (username_folded),
    CONSTRAINT uq_accounts_email_folded UNIQUE (email_folded)
);

CREATE TABLE roles (
    name varchar(32) CONSTRAINT pk_roles PRIMARY KEY,
    scopes varchar(64)[] NOT NULL
);

CREATE TABLE account_roles (
    account_id uuid NOT NULL
        CONSTRAINT fk_account_roles_account_id_accounts REFERENCES accounts (id) ON DELETE CASCADE,
    role varchar(32) NOT NULL CONSTRAINT fk_account_roles_role_roles REFERENCES roles (name),
    granted_at timestamptz NOT NULL,
    CONSTRAINT pk_account_roles PRIMARY KEY (account_id, role)
);

CREATE TABLE sessions (
    id uuid CONSTRAINT pk_sessions PRIMARY KEY,
    family_id uuid NOT NULL,
    account_id uuid NOT NULL
        CONSTRAINT fk_sessions_account_id_accounts REFERENCES accounts (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL CONSTRAINT uq_sessions_token_hash UNIQUE,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX ix_sessions_family_id ON sessions (family_id);
CREATE INDEX ix_sessions_account_id ON sessions (account_id);

CREATE TABLE clients (
    client_id varchar(64) CONSTRAINT pk_clients PRIMARY KEY,
    secret_hash bytea NOT NULL,
    scopes varchar(64)[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE audit_events (
    id uuid CONSTRAINT pk_audit_events PRIMARY KEY,
    at timestamptz NOT NULL,
    event varchar(32) NOT NULL,
    account_id uuid,
    client_id varchar(64),
    address varchar(64),
    request_id varchar(64),
    detail jsonb NOT NULL
);
CREATE INDEX ix_audit_events_account_id ON audit_events (account_id);

CREATE TABLE changes (
    seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_changes PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind varchar(32) NOT NULL,
    object_id varchar(64) NOT NULL,
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    data jsonb NOT NULL
);
CREATE INDEX ix_changes_xid_seq ON changes (xid, seq);
"""

APPEND_ONLY = """
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
"""

ROLES = """
INSERT INTO roles (name, scopes) VALUES
    ('customer', '{payments:read,payments:write,balance:read}'),
    ('support', '{payments:read,payments:write,balance:read,payments:read_all}'),
    ('finance', '{payments:read,payments:write,balance:read,payments:read_all,refunds:write}'),
    ('admin', '{payments:read,payments:write,balance:read,payments:read_all,refunds:write,'
              'roles:write}');
"""


def upgrade() -> None:
    for script in (TABLES, APPEND_ONLY, ROLES):
        op.execute(script)


def downgrade() -> None:
    for table in ("changes", "audit_events", "clients", "sessions", "account_roles", "roles"):
        op.drop_table(table)
    op.drop_table("accounts")
    op.execute("DROP FUNCTION refuse_rewriting()")

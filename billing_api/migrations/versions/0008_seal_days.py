"""Seal each day of the books: what stood there when it was over, chained to the day before."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# `previous` is unique: two seals cannot follow the same one.
SEALS = """
CREATE TABLE seals (
    day date PRIMARY KEY,
    ends_at timestamptz NOT NULL,
    horizon xid8 NOT NULL,
    journals bigint NOT NULL CHECK (journals >= 0),
    late bigint NOT NULL CHECK (late BETWEEN 0 AND journals),
    postings bigint NOT NULL CHECK (postings >= 0),
    totals jsonb NOT NULL,
    previous bytea NOT NULL UNIQUE CHECK (length(previous) = 32),
    hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    sealed_at timestamptz NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE INDEX journals_at ON journals (at);
CREATE INDEX journals_made_by ON journals (made_by);
"""


def upgrade() -> None:
    op.execute(SEALS)

-- Who may ask: workspace tokens, browser sessions and claim links. Of a credential only its digest
-- is stored. Workspaces are named by id without a reference: theirs is a later migration.
CREATE TABLE tokens (
  id BYTEA PRIMARY KEY,
  workspace_id BYTEA NOT NULL,
  digest BYTEA NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  label TEXT,
  state TEXT NOT NULL CHECK (state IN ('live', 'revoked', 'departed')),
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  ended_at BIGINT,
  last_used_at BIGINT
);
CREATE INDEX tokens_by_workspace ON tokens (workspace_id, created_at);

CREATE TABLE sessions (
  id BYTEA PRIMARY KEY,
  digest BYTEA NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL
);

CREATE TABLE claims (
  digest BYTEA PRIMARY KEY,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);

-- Secrets, sealed under a key that is kept outside the database. Names may be shown, values never.
CREATE TABLE global_secrets (
  key TEXT PRIMARY KEY,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE workspace_secrets (
  workspace_id BYTEA NOT NULL,
  key TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, key)
);

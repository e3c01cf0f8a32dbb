-- What the platform shows to an agent that it calls, sealed like other secrets. One for a workspace.
CREATE TABLE inbound_secrets (
  workspace_id BYTEA PRIMARY KEY,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);

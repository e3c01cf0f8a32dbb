-- Workspaces that were purged and whose messages and reports are not all gone yet.
CREATE TABLE purges (
  workspace_id BYTEA PRIMARY KEY
);

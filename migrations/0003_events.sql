-- The log: one row per fact, numbered in commit order. Pruned from the old end only.
CREATE TABLE log (
  seq {{rowid}},
  at BIGINT NOT NULL,
  type TEXT NOT NULL,
  workspace_id BYTEA,
  payload TEXT NOT NULL
);
CREATE INDEX log_by_workspace ON log (workspace_id, seq);

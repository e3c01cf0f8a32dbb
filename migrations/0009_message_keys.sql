-- Idempotency keys leave the activity table: they come in no order, and an index over them cost every
-- message a page of its own. The platform holds the newest in memory and keeps them here in the order of
-- their messages; only where other processes write too does the store have to compare them.
CREATE TABLE message_keys (
  seq {{rowid}},
  message_key BYTEA NOT NULL
);
INSERT INTO message_keys (seq, message_key) SELECT seq, message_key FROM activity WHERE message_key IS NOT NULL;
{{shared}} CREATE UNIQUE INDEX message_keys_by_key ON message_keys (message_key);

-- What the mailbox looks at stands before the bodies, which may fill pages of their own. `mail` is none,
-- leased, queued, polled, settled or dead; a CHECK with a list would build the list anew for every row.
CREATE TABLE activity_next (
  seq {{rowid}},
  workspace_id BYTEA NOT NULL,
  mail TEXT NOT NULL,
  lease_epoch BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  not_before BIGINT,
  expires_at BIGINT,
  created_at BIGINT NOT NULL,
  activity_type TEXT NOT NULL,
  status TEXT NOT NULL,
  source_id BYTEA,
  target_id BYTEA,
  delegation_id BYTEA,
  reply_to BIGINT,
  hops BIGINT NOT NULL,
  duration_ms BIGINT,
  method TEXT,
  message_id TEXT,
  rpc_id TEXT,
  summary TEXT,
  error_detail TEXT,
  request_body TEXT,
  response_body TEXT,
  tool_trace TEXT
);
INSERT INTO activity_next (seq, workspace_id, mail, lease_epoch, attempts, not_before, expires_at, created_at,
                           activity_type, status, source_id, target_id, delegation_id, reply_to, hops, duration_ms,
                           method, message_id, rpc_id, summary, error_detail, request_body, response_body, tool_trace)
SELECT seq, workspace_id, mail, lease_epoch, attempts, not_before, expires_at, created_at,
       activity_type, status, source_id, target_id, delegation_id, reply_to, hops, duration_ms,
       method, message_id, rpc_id, summary, error_detail, request_body, response_body, tool_trace
  FROM activity;
DROP TABLE activity;
ALTER TABLE activity_next RENAME TO activity;
CREATE INDEX activity_by_workspace ON activity (workspace_id, seq);
CREATE INDEX activity_waiting ON activity (workspace_id, seq) WHERE mail = 'leased' OR mail = 'queued';

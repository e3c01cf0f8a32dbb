-- Everything that was said and done, per workspace. A row of a message is also its place in the mailbox:
-- `mail` says where it stands, `lease_epoch` guards its delivery.
-- The public id of a row is made from created_at and seq, so it needs no column and no index.
CREATE TABLE activity (
  seq {{rowid}},
  workspace_id BYTEA NOT NULL,
  activity_type TEXT NOT NULL,
  source_id BYTEA,
  target_id BYTEA,
  method TEXT,
  summary TEXT,
  request_body TEXT,
  response_body TEXT,
  tool_trace TEXT,
  duration_ms BIGINT,
  status TEXT NOT NULL,
  error_detail TEXT,
  created_at BIGINT NOT NULL,
  message_id TEXT,
  message_key BYTEA,
  mail TEXT NOT NULL CHECK (mail IN ('none', 'leased', 'queued', 'polled', 'settled', 'dead')),
  lease_epoch BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  not_before BIGINT,
  expires_at BIGINT,
  hops BIGINT NOT NULL,
  rpc_id TEXT,
  delegation_id BYTEA,
  reply_to BIGINT
);
CREATE INDEX activity_by_workspace ON activity (workspace_id, seq);
CREATE UNIQUE INDEX activity_by_message ON activity (message_key);
CREATE INDEX activity_waiting ON activity (workspace_id, seq) WHERE mail IN ('leased', 'queued');

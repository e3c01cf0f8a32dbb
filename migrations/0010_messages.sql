-- Messages leave the activity table. A message is written once; while it is open it has a delivery; its
-- end is an outcome. What the accepting transaction writes ascends, so that a commit touches few pages.
CREATE TABLE messages (
  seq {{rowid}},
  target_id BYTEA NOT NULL,
  source_id BYTEA,
  delegation_id BYTEA,
  parent_seq BIGINT,
  hops BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  size BIGINT NOT NULL,
  method TEXT NOT NULL,
  message_id TEXT NOT NULL,
  rpc_id TEXT NOT NULL,
  summary TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE TABLE deliveries (
  seq {{rowid}},
  target_id BYTEA NOT NULL,
  source_id BYTEA,
  state TEXT NOT NULL,
  owner BYTEA,
  lease_until BIGINT,
  epoch BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  not_before BIGINT,
  expires_at BIGINT NOT NULL,
  hops BIGINT NOT NULL,
  why TEXT
);
CREATE INDEX deliveries_by_age ON deliveries (expires_at);
CREATE TABLE outcomes (
  seq {{rowid}},
  "end" TEXT NOT NULL,
  ended_at BIGINT NOT NULL,
  size BIGINT NOT NULL,
  duration_ms BIGINT,
  error TEXT,
  trace TEXT,
  body TEXT
);
-- What the feed shows beside messages: reports, notices, delegations of the asker.
CREATE TABLE reports (
  seq {{rowid}},
  workspace_id BYTEA NOT NULL,
  activity_type TEXT NOT NULL,
  source_id BYTEA,
  target_id BYTEA,
  created_at BIGINT NOT NULL,
  size BIGINT NOT NULL,
  duration_ms BIGINT,
  status TEXT NOT NULL,
  method TEXT,
  summary TEXT,
  error_detail TEXT,
  request_body TEXT,
  response_body TEXT
);
-- Which messages and reports are a workspace's, filled behind the writer up to feed_position.
CREATE TABLE feed (
  workspace_id BYTEA NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, seq)
);
CREATE TABLE feed_position (
  name TEXT PRIMARY KEY,
  seq BIGINT NOT NULL
);

INSERT INTO messages (seq, target_id, source_id, delegation_id, parent_seq, hops, created_at, size, method, message_id,
                      rpc_id, summary, body)
SELECT seq, workspace_id, source_id, delegation_id, NULL, hops, created_at, LENGTH(COALESCE(request_body, '')),
       COALESCE(method, 'message/send'), COALESCE(message_id, ''), COALESCE(rpc_id, 'null'), COALESCE(summary, ''),
       COALESCE(request_body, '')
  FROM activity WHERE mail <> 'none';
-- A message without a time of its own ends two weeks after it was sent.
INSERT INTO deliveries (seq, target_id, source_id, state, owner, lease_until, epoch, attempts, not_before, expires_at,
                        hops, why)
SELECT seq, workspace_id, source_id, 'open', NULL, NULL, lease_epoch + 1, attempts, not_before,
       COALESCE(expires_at, created_at + 1209600000000), hops, error_detail
  FROM activity WHERE mail = 'leased' OR mail = 'queued' OR mail = 'polled';
INSERT INTO outcomes (seq, "end", ended_at, size, duration_ms, error, trace, body)
SELECT seq, CASE WHEN mail = 'dead' THEN 'dead' WHEN status = 'ok' THEN 'answered' ELSE 'failed' END,
       created_at + COALESCE(duration_ms, 0) * 1000, LENGTH(COALESCE(response_body, '')), duration_ms, error_detail,
       tool_trace, response_body
  FROM activity WHERE mail = 'settled' OR mail = 'dead';
INSERT INTO reports (seq, workspace_id, activity_type, source_id, target_id, created_at, size, duration_ms, status, method,
                     summary, error_detail, request_body, response_body)
SELECT seq, workspace_id, activity_type, source_id, target_id, created_at,
       LENGTH(COALESCE(request_body, '')) + LENGTH(COALESCE(response_body, '')), duration_ms, status, method, summary,
       error_detail, request_body, response_body
  FROM activity WHERE mail = 'none';
INSERT INTO feed (workspace_id, seq) SELECT workspace_id, seq FROM activity;
INSERT INTO feed_position (name, seq) SELECT 'activity', COALESCE(MAX(seq), 0) FROM activity;
DROP TABLE activity;

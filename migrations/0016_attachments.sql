-- Files that went up, whose bytes are kept beside the store under their digest. One goes when its time is over and
-- no row of the feed names it any more.
CREATE TABLE attachments (
  id BYTEA PRIMARY KEY,
  workspace_id BYTEA NOT NULL,
  digest BYTEA NOT NULL,
  size BIGINT NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  acked_at BIGINT
);
CREATE INDEX attachments_by_workspace ON attachments (workspace_id);
CREATE INDEX attachments_by_digest ON attachments (digest);
CREATE INDEX attachments_by_expiry ON attachments (expires_at);

-- Which messages and reports name a file, and which workspace may see it for that.
CREATE TABLE attachment_mentions (
  seq BIGINT NOT NULL,
  attachment_id BYTEA NOT NULL,
  workspace_id BYTEA NOT NULL,
  PRIMARY KEY (seq, attachment_id, workspace_id)
);
CREATE INDEX attachment_mentions_by_attachment ON attachment_mentions (attachment_id, workspace_id);

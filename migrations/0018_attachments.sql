-- A file that is named is looked at again when what names it goes, not each time somebody looks for those that are not;
-- and what a workspace keeps is known without counting it.
ALTER TABLE attachments ADD COLUMN look_at BIGINT NOT NULL DEFAULT 0;
UPDATE attachments SET look_at = expires_at;
CREATE INDEX attachments_by_look ON attachments (look_at);
DROP INDEX attachments_by_expiry;
CREATE TABLE attachment_totals (
  workspace_id BYTEA PRIMARY KEY,
  size BIGINT NOT NULL
);
INSERT INTO attachment_totals (workspace_id, size)
SELECT workspace_id, CAST(SUM(size) AS BIGINT) FROM attachments GROUP BY workspace_id;

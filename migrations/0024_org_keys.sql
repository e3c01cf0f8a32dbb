-- Organisation keys: what programs of operators ask with. Only the digest is stored; who revokes one deletes its
-- row, and the log still tells of it.
CREATE TABLE org_keys (
  id BYTEA PRIMARY KEY,
  digest BYTEA NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  name TEXT NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('read', 'operate', 'admin')),
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  last_used_at BIGINT
);

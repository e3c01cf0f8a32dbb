-- The organisation. A removed workspace stays as a tombstone until it is purged.
CREATE TABLE workspaces (
  id BYTEA PRIMARY KEY,
  parent BYTEA,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  tier BIGINT NOT NULL CHECK (tier BETWEEN 1 AND 4),
  status TEXT NOT NULL CHECK (status IN ('provisioning', 'awaiting_agent', 'online', 'degraded', 'offline',
    'paused', 'hibernating', 'hibernated', 'failed', 'removed')),
  runtime TEXT NOT NULL,
  url TEXT NOT NULL,
  agent_card TEXT NOT NULL,
  delivery TEXT CHECK (delivery IN ('push', 'poll')),
  workspace_dir TEXT,
  workspace_access TEXT NOT NULL CHECK (workspace_access IN ('none', 'read_only', 'read_write')),
  budget_limit BIGINT CHECK (budget_limit >= 0),
  max_concurrent_tasks BIGINT NOT NULL CHECK (max_concurrent_tasks >= 1),
  x DOUBLE PRECISION NOT NULL,
  y DOUBLE PRECISION NOT NULL,
  collapsed BIGINT NOT NULL,
  model TEXT NOT NULL,
  template_name TEXT NOT NULL,
  failure TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  removed_at BIGINT,
  claim_until BIGINT,
  registered_at BIGINT,
  last_outbound_at BIGINT
);
CREATE INDEX workspaces_by_parent ON workspaces (parent);
CREATE INDEX workspaces_by_age ON workspaces (created_at, id);
-- A name is unique among the live children of one parent, and among the live roots.
CREATE UNIQUE INDEX workspaces_child_name ON workspaces (parent, name)
  WHERE parent IS NOT NULL AND status <> 'removed';
CREATE UNIQUE INDEX workspaces_root_name ON workspaces (name)
  WHERE parent IS NULL AND status <> 'removed';

-- What agents say about themselves, written behind: the truth while the platform runs is in memory.
CREATE TABLE presence (
  workspace_id BYTEA PRIMARY KEY,
  last_heartbeat_at BIGINT NOT NULL,
  active_tasks BIGINT NOT NULL,
  uptime_seconds BIGINT NOT NULL,
  error_rate DOUBLE PRECISION NOT NULL,
  sample_error TEXT NOT NULL,
  current_task TEXT NOT NULL,
  monthly_spend BIGINT NOT NULL
);

-- Work handed from one workspace to another, from acceptance to its result.
CREATE TABLE delegations (
  delegation_id BYTEA PRIMARY KEY,
  source_id BYTEA NOT NULL,
  target_id BYTEA NOT NULL,
  task TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'dispatched', 'queued', 'completed', 'failed')),
  result TEXT,
  error TEXT,
  idempotency_key TEXT,
  activity_seq BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX delegations_by_key ON delegations (source_id, idempotency_key);
CREATE INDEX delegations_by_source ON delegations (source_id, created_at);
CREATE INDEX delegations_by_target ON delegations (target_id, created_at);

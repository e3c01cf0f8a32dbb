-- Tasks that agents made of messages, so that whoever knows one by its agent's id finds the message, and
-- how it stood when that was last heard. A message that no agent made a task of is a task by its own id.
CREATE TABLE tasks (
  message {{rowid}},
  agent_id BYTEA NOT NULL,
  source_id BYTEA,
  task_id TEXT NOT NULL,
  context_id TEXT NOT NULL,
  state TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE INDEX tasks_by_id ON tasks (task_id, agent_id, message);
-- The conversation that a message belongs to, as its sender named it.
ALTER TABLE messages ADD COLUMN context_id TEXT;
-- Messages that ended without anybody's word, until a person has sent them again or dropped them.
CREATE TABLE dead_letters (
  message {{rowid}},
  target_id BYTEA NOT NULL,
  source_id BYTEA,
  "end" TEXT NOT NULL,
  ended_at BIGINT NOT NULL,
  handled TEXT,
  handled_at BIGINT,
  handled_by TEXT,
  reason TEXT,
  again BIGINT
);
INSERT INTO dead_letters (message, target_id, source_id, "end", ended_at)
SELECT m.seq, m.target_id, m.source_id, o."end", o.ended_at
  FROM outcomes o JOIN messages m ON m.seq = o.seq WHERE o."end" = 'dead' OR o."end" = 'expired';
-- A delegation may end as canceled.
CREATE TABLE delegations_anew (
  delegation_id BYTEA PRIMARY KEY,
  source_id BYTEA NOT NULL,
  target_id BYTEA NOT NULL,
  task TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'dispatched', 'queued', 'completed', 'failed', 'canceled')),
  result TEXT,
  error TEXT,
  idempotency_key TEXT,
  activity_seq BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
INSERT INTO delegations_anew (delegation_id, source_id, target_id, task, status, result, error, idempotency_key,
                              activity_seq, created_at, updated_at)
SELECT delegation_id, source_id, target_id, task, status, result, error, idempotency_key, activity_seq, created_at,
       updated_at
  FROM delegations;
DROP TABLE delegations;
ALTER TABLE delegations_anew RENAME TO delegations;
CREATE UNIQUE INDEX delegations_by_key ON delegations (source_id, idempotency_key);
CREATE INDEX delegations_by_source ON delegations (source_id, created_at);
CREATE INDEX delegations_by_target ON delegations (target_id, created_at);

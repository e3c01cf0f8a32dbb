-- Agents that a platform's machine starts: what is wanted of each, and whose it is. A row stays until nothing of its
-- agent is left on that machine, so it outlives its workspace; what runs at this moment, the machine itself knows.
CREATE TABLE agents (
  workspace_id BYTEA PRIMARY KEY,
  machine TEXT NOT NULL,
  machine_name TEXT NOT NULL,
  driver TEXT NOT NULL,
  command TEXT NOT NULL,
  wanted TEXT NOT NULL CHECK (wanted IN ('running', 'stopped', 'gone')),
  -- Raised with every wish to start it anew; started_round is the wish that what runs was started by.
  round BIGINT NOT NULL,
  started_round BIGINT NOT NULL,
  token_id BYTEA,
  created_at BIGINT NOT NULL
);
CREATE INDEX agents_by_machine ON agents (machine);

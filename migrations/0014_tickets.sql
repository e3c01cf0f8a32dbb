-- How agents join: tickets, of whose secret only the digest is stored, and the keys of the agents that redeemed
-- them. A key outlives its ticket.
CREATE TABLE tickets (
  id BYTEA PRIMARY KEY,
  digest BYTEA NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  parent BYTEA,
  runtime TEXT NOT NULL,
  tier BIGINT NOT NULL,
  x DOUBLE PRECISION NOT NULL,
  y DOUBLE PRECISION NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  redeemed_at BIGINT,
  redeemed_key BYTEA,
  redeemed_from TEXT,
  attempt BIGINT,
  workspace_id BYTEA,
  token_id BYTEA
);
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

CREATE TABLE agent_keys (
  workspace_id BYTEA PRIMARY KEY,
  public_key BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);

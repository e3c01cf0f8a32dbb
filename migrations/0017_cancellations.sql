-- A message is found by what it is part of, so that what was asked because of one can be shown and called off.
ALTER TABLE messages ADD COLUMN answer BIGINT;
CREATE INDEX messages_by_parent ON messages (parent_seq, seq) WHERE parent_seq IS NOT NULL;
-- Messages of which nothing further is wanted: those that were canceled and whatever was asked because of them.
-- As long as there is something to do for one it says so: how far its own messages are seen to, and when its
-- agent is to be told.
CREATE TABLE cancellations (
  message {{rowid}},
  since BIGINT NOT NULL,
  walked BIGINT,
  tell_at BIGINT,
  attempts BIGINT NOT NULL
);
CREATE INDEX cancellations_to_walk ON cancellations (message) WHERE walked IS NOT NULL;
CREATE INDEX cancellations_to_tell ON cancellations (tell_at, message) WHERE tell_at IS NOT NULL;
-- The message that carries a delegation, and those that were handed over together.
ALTER TABLE delegations ADD COLUMN message_seq BIGINT;
ALTER TABLE delegations ADD COLUMN group_id BYTEA;
ALTER TABLE delegations ADD COLUMN group_at BIGINT;
ALTER TABLE delegations ADD COLUMN group_size BIGINT;
CREATE INDEX delegations_by_group ON delegations (group_id, group_at) WHERE group_id IS NOT NULL;
CREATE INDEX messages_by_delegation ON messages (delegation_id) WHERE delegation_id IS NOT NULL;
UPDATE delegations SET message_seq = (SELECT MAX(m.seq) FROM messages m WHERE m.delegation_id = delegations.delegation_id);
DROP INDEX messages_by_delegation;

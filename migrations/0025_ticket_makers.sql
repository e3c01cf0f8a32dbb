-- Which organisation key made a ticket: it is taken back when that key is revoked. NULL: a person did, or a platform
-- from before.
ALTER TABLE tickets ADD COLUMN made_by BYTEA;
CREATE INDEX tickets_by_maker ON tickets (made_by);

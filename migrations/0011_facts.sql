-- Facts that concern nobody outside stand on the log beside those that are told. Whoever tells of the log
-- reads the view.
ALTER TABLE log ADD COLUMN internal BIGINT NOT NULL DEFAULT 0;
CREATE VIEW told AS SELECT seq, at, type, workspace_id, payload FROM log WHERE internal = 0;

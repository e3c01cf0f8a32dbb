-- Where callers want to be told of a task, and what they have not been told yet. `number` is that of the newest
-- change, `told` that of the newest which its receiver took; what lies between is in push_notifications. A
-- configuration is of the newest message of its task.
CREATE TABLE push_notification_configs (
  key BYTEA PRIMARY KEY,
  message BIGINT NOT NULL,
  id TEXT NOT NULL,
  owner_id BYTEA,
  target_id BYTEA NOT NULL,
  generation TEXT NOT NULL CHECK (generation IN ('v03', 'v10')),
  task_id TEXT,
  url TEXT NOT NULL,
  state TEXT NOT NULL,
  number BIGINT NOT NULL,
  told BIGINT NOT NULL,
  due BIGINT,
  attempts BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE UNIQUE INDEX push_notification_configs_by_message ON push_notification_configs (message, id);
CREATE INDEX push_notification_configs_by_due ON push_notification_configs (due);
CREATE TABLE push_notifications (
  key BYTEA NOT NULL,
  number BIGINT NOT NULL,
  state TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (key, number)
);
-- Secrets of other slices, sealed for the place that names their owner.
CREATE TABLE sealed_values (
  place TEXT PRIMARY KEY,
  sealed BYTEA NOT NULL
);

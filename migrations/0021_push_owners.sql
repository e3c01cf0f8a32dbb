-- Configurations go with the workspace that set them, and are counted by it.
CREATE INDEX push_notification_configs_by_owner ON push_notification_configs (owner_id);

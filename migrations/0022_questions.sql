-- Tasks of people whose agents ask for something, which a person looks for in all workspaces at once.
CREATE INDEX tasks_asking ON tasks (state, message)
  WHERE source_id IS NULL AND (state = 'input-required' OR state = 'auth-required');

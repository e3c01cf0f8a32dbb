-- Tasks whose agents are at them: they are asked how these stand, also after a restart.
CREATE INDEX tasks_going_on ON tasks (message) WHERE state IN ('working', 'submitted');

-- How the canvas was last looked at: one row for the organisation.
CREATE TABLE canvas_viewport (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  x DOUBLE PRECISION NOT NULL,
  y DOUBLE PRECISION NOT NULL,
  zoom DOUBLE PRECISION NOT NULL,
  saved_at BIGINT NOT NULL
);

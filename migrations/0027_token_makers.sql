-- Who made a token, as the log names them. NULL: nobody noted it, as platforms before did not.
ALTER TABLE tokens ADD COLUMN made_by TEXT;

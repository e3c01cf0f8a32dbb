-- An answer that comes in pieces: each is kept before anybody is shown it, so that whoever was cut off goes
-- on behind the last one seen. A while after the message has ended its pieces go; the outcome stays.
CREATE TABLE streams (
  message {{rowid}}
);
CREATE TABLE pieces (
  message BIGINT NOT NULL,
  number BIGINT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (message, number)
);

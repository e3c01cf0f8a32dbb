-- Delegations by the message that carries them, as long as they have not ended: their agents may have answered that
-- they are at it, and are asked again.
CREATE INDEX delegations_going_on ON delegations (message_seq) WHERE status = 'dispatched';

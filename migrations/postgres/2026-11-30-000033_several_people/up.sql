-- How many clients come to an appointment of a type at most, and what becomes of it when one of several cancels.
ALTER TABLE appointment_type ADD COLUMN max_parties INTEGER NOT NULL DEFAULT 1 CHECK (max_parties >= 1);
ALTER TABLE appointment_type ADD COLUMN one_cancels TEXT NOT NULL DEFAULT 'keep';

-- An appointment keeps what its type said when it was booked. seats_taken counts the clients for whom it is on;
-- asks_since: one of several has canceled, and staff have not said yet whether it stays.
ALTER TABLE appointment ADD COLUMN seats INTEGER NOT NULL DEFAULT 1;
ALTER TABLE appointment ADD COLUMN seats_taken INTEGER NOT NULL DEFAULT 0
    CHECK (seats_taken >= 0 AND seats_taken <= seats);
ALTER TABLE appointment ADD COLUMN one_cancels TEXT NOT NULL DEFAULT 'keep';
ALTER TABLE appointment ADD COLUMN asks_since BIGINT;
CREATE INDEX appointment_asks ON appointment (practice_id, asks_since) WHERE asks_since IS NOT NULL;

-- own_changes: what a client's calendar must know of them alone. joined_at: added to what was booked already. left_*: the
-- time and the number of changes that the appointment had when it went on without them.
ALTER TABLE appointment_party ADD COLUMN own_changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE appointment_party ADD COLUMN joined_at BIGINT;
ALTER TABLE appointment_party ADD COLUMN left_starts_at BIGINT;
ALTER TABLE appointment_party ADD COLUMN left_ends_at BIGINT;
ALTER TABLE appointment_party ADD COLUMN left_sequence INTEGER;

UPDATE appointment SET
    seats = GREATEST(1, (SELECT count(*) FROM appointment_party p
        WHERE p.practice_id = appointment.practice_id AND p.appointment_id = appointment.appointment_id)),
    seats_taken = (SELECT count(*) FROM appointment_party p
        WHERE p.practice_id = appointment.practice_id AND p.appointment_id = appointment.appointment_id
          AND p.state IN ('expected', 'arrived', 'no_show'))
WHERE state = 'booked';

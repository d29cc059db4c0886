DROP TABLE calendar_hold;
DROP TABLE request_time;
DROP TABLE request_step;
DELETE FROM due_job WHERE kind = 'request-clock';
DROP INDEX appointment_request_due;
-- What waits for the client waits for the practice again.
UPDATE appointment_request SET state = 'waiting' WHERE state = 'offered';
ALTER TABLE appointment_request DROP COLUMN last_seq;
ALTER TABLE appointment_request DROP COLUMN times_seq;
ALTER TABLE appointment_request DROP COLUMN lapses_at;
ALTER TABLE appointment_request DROP COLUMN hold_until;
ALTER TABLE appointment_request DROP COLUMN answer_by;
ALTER TABLE appointment_request DROP COLUMN type_id;

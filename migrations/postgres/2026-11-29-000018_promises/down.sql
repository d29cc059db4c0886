DROP TABLE staff_away;
DROP INDEX message_thread_staff_due;
DROP INDEX message_thread_due;
DELETE FROM due_job WHERE kind = 'message-late';
ALTER TABLE message_thread DROP COLUMN due_at;
CREATE INDEX message_thread_waiting ON message_thread (practice_id, audience, waiting, asked_at);
CREATE INDEX message_thread_staff_waiting ON message_thread (practice_id, staff_id, waiting, asked_at);

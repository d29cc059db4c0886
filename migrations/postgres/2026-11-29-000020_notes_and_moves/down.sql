ALTER TABLE message_thread DROP COLUMN read_from_seq;
ALTER TABLE message DROP COLUMN ended_due_at;
ALTER TABLE message DROP COLUMN ended_asked_at;
ALTER TABLE message DROP COLUMN withdrawn_at;
ALTER TABLE message DROP COLUMN kind;
DROP TABLE thread_opening;
DROP TABLE message_withdrawn;
DROP TABLE thread_note;

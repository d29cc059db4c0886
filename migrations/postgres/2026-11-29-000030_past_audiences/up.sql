-- Of a line that says whom a thread is with from there on: whom it was with before, and from which message on they read
-- it. Who gets the thread back reads again what they read then.
ALTER TABLE message ADD COLUMN left_audience TEXT;
ALTER TABLE message ADD COLUMN left_staff_id BYTEA;
ALTER TABLE message ADD COLUMN left_from_seq INTEGER;

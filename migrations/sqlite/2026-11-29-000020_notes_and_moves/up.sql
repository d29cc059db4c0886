-- What staff write to each other on a thread. It stands in a table of its own, so that no query of messages can return a
-- note. seq is the thread's newest message when it was written: whoever reads the thread from a later one on does not
-- read it.
CREATE TABLE thread_note (
    practice_id BLOB NOT NULL,
    thread_id   BLOB NOT NULL,
    note_id     BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    staff_id    BLOB NOT NULL,
    author_name TEXT NOT NULL,
    body        TEXT NOT NULL,
    written_at  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, thread_id, note_id),
    FOREIGN KEY (practice_id, thread_id) REFERENCES message_thread,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member
) STRICT;

-- What a message said before its author took it back, for the practice's records alone.
CREATE TABLE message_withdrawn (
    practice_id BLOB NOT NULL,
    thread_id   BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    body        TEXT NOT NULL,
    files       TEXT NOT NULL,
    by_name     TEXT NOT NULL,
    PRIMARY KEY (practice_id, thread_id, seq),
    FOREIGN KEY (practice_id, thread_id, seq) REFERENCES message
) STRICT;

-- An administrator who reads a thread that is not theirs, until when. The reason stands in the audit trail.
CREATE TABLE thread_opening (
    practice_id BLOB NOT NULL,
    thread_id   BLOB NOT NULL,
    staff_id    BLOB NOT NULL,
    until_at    INTEGER NOT NULL,
    PRIMARY KEY (practice_id, thread_id, staff_id),
    FOREIGN KEY (practice_id, thread_id) REFERENCES message_thread,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member
) STRICT;

-- kind: a text, or the line that says that the thread was moved; body is then the name of whom it is with from there on,
-- and empty for the front desk. ended_asked_at and ended_due_at: the client's wait that this message ended.
ALTER TABLE message ADD COLUMN kind TEXT NOT NULL DEFAULT 'text';
ALTER TABLE message ADD COLUMN withdrawn_at INTEGER;
ALTER TABLE message ADD COLUMN ended_asked_at INTEGER;
ALTER TABLE message ADD COLUMN ended_due_at INTEGER;
-- Whoever answers the thread reads it from this message on.
ALTER TABLE message_thread ADD COLUMN read_from_seq INTEGER NOT NULL DEFAULT 1;

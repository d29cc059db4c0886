-- By when the client was told to expect an answer: set exactly while the thread waits for the practice. Whoever waits
-- already was told nothing; their thread falls due two days after the question.
ALTER TABLE message_thread ADD COLUMN due_at BIGINT;
UPDATE message_thread SET due_at = asked_at + 2 * 86400000000 WHERE waiting = 'practice';
INSERT INTO due_job (practice_id, job_id, kind, subject, due_at, state, attempt, tries, crashes, created_at)
SELECT practice_id, uuid_send(gen_random_uuid()), 'message-late', thread_id, due_at, 'waiting', 0, 0, 0, asked_at
FROM message_thread WHERE waiting = 'practice';
DROP INDEX message_thread_waiting;
DROP INDEX message_thread_staff_waiting;
CREATE INDEX message_thread_due ON message_thread (practice_id, audience, waiting, due_at);
CREATE INDEX message_thread_staff_due ON message_thread (practice_id, staff_id, waiting, due_at);

-- When a staff member does not read messages, and who reads and answers those to them meanwhile.
CREATE TABLE staff_away (
    practice_id    BYTEA   NOT NULL,
    away_id        BYTEA   NOT NULL,
    staff_id       BYTEA   NOT NULL,
    cover_staff_id BYTEA,
    from_at        BIGINT  NOT NULL,
    until_at       BIGINT  NOT NULL,
    set_by_name    TEXT    NOT NULL,
    set_at         BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, away_id),
    CHECK (from_at < until_at),
    CHECK (cover_staff_id IS NULL OR cover_staff_id <> staff_id),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member,
    FOREIGN KEY (practice_id, cover_staff_id) REFERENCES staff_member
);
CREATE INDEX staff_away_staff ON staff_away (practice_id, staff_id, until_at);
CREATE INDEX staff_away_cover ON staff_away (practice_id, cover_staff_id, until_at);

-- A conversation about one chart between a client's side and one audience of the practice. staff_id names the
-- clinician where the audience is one. asked_at is set exactly while the thread waits for the practice.
CREATE TABLE message_thread (
    practice_id BYTEA   NOT NULL,
    thread_id   BYTEA   NOT NULL,
    chart_id    BYTEA   NOT NULL,
    subject     TEXT    NOT NULL,
    audience    TEXT    NOT NULL,
    staff_id    BYTEA,
    state       TEXT    NOT NULL,
    waiting     TEXT    NOT NULL,
    asked_at    BIGINT,
    last_seq    INTEGER NOT NULL,
    last_at     BIGINT  NOT NULL,
    version     BIGINT  NOT NULL,
    created_at  BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, thread_id),
    CHECK ((audience = 'clinician') = (staff_id IS NOT NULL)),
    CHECK ((waiting = 'practice') = (asked_at IS NOT NULL)),
    CHECK (state = 'open' OR waiting = 'nobody'),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member
);
CREATE INDEX message_thread_chart ON message_thread (practice_id, chart_id, last_at);
-- The queue: what waits stands by the time since when it waits, the rest by its newest message.
CREATE INDEX message_thread_waiting ON message_thread (practice_id, audience, waiting, asked_at);
CREATE INDEX message_thread_newest ON message_thread (practice_id, audience, state, last_at);
CREATE INDEX message_thread_staff_waiting ON message_thread (practice_id, staff_id, waiting, asked_at);
CREATE INDEX message_thread_staff_newest ON message_thread (practice_id, staff_id, state, last_at);

-- Who takes part in a thread besides its audience. A party reads the messages from from_seq on, up to before
-- until_seq where that is set.
CREATE TABLE thread_party (
    practice_id   BYTEA   NOT NULL,
    thread_id     BYTEA   NOT NULL,
    party_id      BYTEA   NOT NULL,
    person_id     BYTEA,
    staff_id      BYTEA,
    from_seq      INTEGER NOT NULL,
    until_seq     INTEGER,
    added_by_name TEXT    NOT NULL,
    added_at      BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, thread_id, party_id),
    CHECK ((person_id IS NULL) <> (staff_id IS NULL)),
    FOREIGN KEY (practice_id, thread_id) REFERENCES message_thread,
    FOREIGN KEY (practice_id, person_id) REFERENCES person,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member
);
CREATE INDEX thread_party_person ON thread_party (practice_id, person_id, thread_id);

CREATE TABLE message (
    practice_id BYTEA   NOT NULL,
    thread_id   BYTEA   NOT NULL,
    seq         INTEGER NOT NULL,
    message_id  BYTEA   NOT NULL,
    side        TEXT    NOT NULL,
    author_kind TEXT    NOT NULL,
    author_id   BYTEA   NOT NULL,
    author_name TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    sent_at     BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, thread_id, seq),
    UNIQUE (practice_id, message_id),
    FOREIGN KEY (practice_id, thread_id) REFERENCES message_thread
);

-- How far each reader has read. What is unread is computed from it.
CREATE TABLE thread_read (
    practice_id BYTEA   NOT NULL,
    thread_id   BYTEA   NOT NULL,
    reader_kind TEXT    NOT NULL,
    reader_id   BYTEA   NOT NULL,
    seq         INTEGER NOT NULL,
    at          BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, thread_id, reader_kind, reader_id),
    FOREIGN KEY (practice_id, thread_id) REFERENCES message_thread
);

-- One row bundles the notices of one reader: the mail that says that something new is there.
CREATE TABLE notice (
    practice_id  BYTEA   NOT NULL,
    reader_kind  TEXT    NOT NULL,
    reader_id    BYTEA   NOT NULL,
    last_sent_at BIGINT,
    version      BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, reader_kind, reader_id)
);

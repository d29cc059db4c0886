-- A conversation about one chart between a client's side and one audience of the practice. staff_id names the
-- clinician where the audience is one. asked_at is set exactly while the thread waits for the practice.
CREATE TABLE message_thread (
    practice_id BLOB    NOT NULL,
    thread_id   BLOB    NOT NULL,
    chart_id    BLOB    NOT NULL,
    subject     TEXT    NOT NULL,
    audience    TEXT    NOT NULL,
    staff_id    BLOB,
    state       TEXT    NOT NULL,
    waiting     TEXT    NOT NULL,
    asked_at    INTEGER,
    last_seq    INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, thread_id),
    CHECK ((audience = 'clinician') = (staff_id IS NOT NULL)),
    CHECK ((waiting = 'practice') = (asked_at IS NOT NULL)),
    CHECK (state = 'open' OR waiting = 'nobody'),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member
) STRICT;
CREATE INDEX message_thread_chart ON message_thread (practice_id, chart_id, last_at);
-- The queue: what waits stands by the time since when it waits, the rest by its newest message.
CREATE INDEX message_thread_waiting ON message_thread (practice_id, audience, waiting, asked_at);
CREATE INDEX message_thread_newest ON message_thread (practice_id, audience, state, last_at);
CREATE INDEX message_thread_staff_waiting ON message_thread (practice_id, staff_id, waiting, asked_at);
CREATE INDEX message_thread_staff_newest ON message_thread (practice_id, staff_id, state, last_at);

-- Who takes part in a thread besides its audience. A party reads the messages from from_seq on, up to before
-- until_seq where that is set.
CREATE TABLE thread_party (
    practice_id   BLOB    NOT NULL,
    thread_id     BLOB    NOT NULL,
    party_id      BLOB    NOT NULL,
    person_id     BLOB,
    staff_id      BLOB,
    from_seq      INTEGER NOT NULL,
    until_seq     INTEGER,
    added_by_name TEXT    NOT NULL,
    added_at      INTEGER NOT NULL,
    PRIMARY KEY (practice_id, thread_id, party_id),
    CHECK ((person_id IS NULL) <> (staff_id IS NULL)),
    FOREIGN KEY (practice_id, thread_id) REFERENCES message_thread,
    FOREIGN KEY (practice_id, person_id) REFERENCES person,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member
) STRICT;
CREATE INDEX thread_party_person ON thread_party (practice_id, person_id, thread_id);

CREATE TABLE message (
    practice_id BLOB    NOT NULL,
    thread_id   BLOB    NOT NULL,
    seq         INTEGER NOT NULL,
    message_id  BLOB    NOT NULL,
    side        TEXT    NOT NULL,
    author_kind TEXT    NOT NULL,
    author_id   BLOB    NOT NULL,
    author_name TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    sent_at     INTEGER NOT NULL,
    PRIMARY KEY (practice_id, thread_id, seq),
    UNIQUE (practice_id, message_id),
    FOREIGN KEY (practice_id, thread_id) REFERENCES message_thread
) STRICT;

-- How far each reader has read. What is unread is computed from it.
CREATE TABLE thread_read (
    practice_id BLOB    NOT NULL,
    thread_id   BLOB    NOT NULL,
    reader_kind TEXT    NOT NULL,
    reader_id   BLOB    NOT NULL,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (practice_id, thread_id, reader_kind, reader_id),
    FOREIGN KEY (practice_id, thread_id) REFERENCES message_thread
) STRICT;

-- One row bundles the notices of one reader: the mail that says that something new is there.
CREATE TABLE notice (
    practice_id  BLOB    NOT NULL,
    reader_kind  TEXT    NOT NULL,
    reader_id    BLOB    NOT NULL,
    last_sent_at INTEGER,
    version      INTEGER NOT NULL,
    PRIMARY KEY (practice_id, reader_kind, reader_id)
) STRICT;

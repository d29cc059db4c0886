-- Where a visit by video takes place. owner_id is an appointment, the staff member whose standing link it is, or a place.
-- The address is sealed, bound to its row.
CREATE TABLE video_link (
    practice_id BLOB NOT NULL REFERENCES practice,
    owner_id    BLOB NOT NULL,
    kind        TEXT NOT NULL,
    sealed      BLOB NOT NULL,
    set_at      INTEGER NOT NULL,
    set_by_name TEXT NOT NULL,
    PRIMARY KEY (practice_id, owner_id)
) STRICT;

-- A private calendar address is an account's or a staff member's; shows says how one of staff names clients.
CREATE TABLE calendar_feed_new (
    practice_id  BLOB NOT NULL REFERENCES practice,
    feed_id      BLOB NOT NULL,
    account_id   BLOB,
    token_hash   TEXT NOT NULL,
    made_at      INTEGER NOT NULL,
    last_read_at INTEGER,
    revoked_at   INTEGER,
    staff_id     BLOB,
    shows        TEXT,
    PRIMARY KEY (practice_id, feed_id),
    UNIQUE (practice_id, token_hash),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member (practice_id, staff_id),
    CHECK ((account_id IS NULL) <> (staff_id IS NULL))
) STRICT;
INSERT INTO calendar_feed_new (practice_id, feed_id, account_id, token_hash, made_at, last_read_at, revoked_at)
SELECT practice_id, feed_id, account_id, token_hash, made_at, last_read_at, revoked_at FROM calendar_feed;
DROP TABLE calendar_feed;
ALTER TABLE calendar_feed_new RENAME TO calendar_feed;
CREATE INDEX calendar_feed_account ON calendar_feed (practice_id, account_id);
CREATE INDEX calendar_feed_staff ON calendar_feed (practice_id, staff_id);

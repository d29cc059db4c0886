-- Private addresses under which a client's calendar program reads their appointments. An account may be at home in
-- another practice, so it is no foreign key; of the address only the hash is kept.
CREATE TABLE calendar_feed (
    practice_id  BLOB NOT NULL REFERENCES practice,
    feed_id      BLOB NOT NULL,
    account_id   BLOB NOT NULL,
    token_hash   TEXT NOT NULL,
    made_at      INTEGER NOT NULL,
    last_read_at INTEGER,
    revoked_at   INTEGER,
    PRIMARY KEY (practice_id, feed_id),
    UNIQUE (practice_id, token_hash)
) STRICT;
CREATE INDEX calendar_feed_account ON calendar_feed (practice_id, account_id);

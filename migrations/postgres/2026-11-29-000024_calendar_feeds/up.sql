-- Private addresses under which a client's calendar program reads their appointments. An account may be at home in
-- another practice, so it is no foreign key; of the address only the hash is kept.
CREATE TABLE calendar_feed (
    practice_id  BYTEA NOT NULL REFERENCES practice,
    feed_id      BYTEA NOT NULL,
    account_id   BYTEA NOT NULL,
    token_hash   TEXT NOT NULL,
    made_at      BIGINT NOT NULL,
    last_read_at BIGINT,
    revoked_at   BIGINT,
    PRIMARY KEY (practice_id, feed_id),
    UNIQUE (practice_id, token_hash)
);
CREATE INDEX calendar_feed_account ON calendar_feed (practice_id, account_id);

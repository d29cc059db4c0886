-- Where a visit by video takes place. owner_id is an appointment, the staff member whose standing link it is, or a place.
-- The address is sealed, bound to its row.
CREATE TABLE video_link (
    practice_id BYTEA NOT NULL REFERENCES practice,
    owner_id    BYTEA NOT NULL,
    kind        TEXT NOT NULL,
    sealed      BYTEA NOT NULL,
    set_at      BIGINT NOT NULL,
    set_by_name TEXT NOT NULL,
    PRIMARY KEY (practice_id, owner_id)
);

-- A private calendar address is an account's or a staff member's; shows says how one of staff names clients.
ALTER TABLE calendar_feed ALTER COLUMN account_id DROP NOT NULL;
ALTER TABLE calendar_feed ADD COLUMN staff_id BYTEA;
ALTER TABLE calendar_feed ADD COLUMN shows TEXT;
ALTER TABLE calendar_feed ADD FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member (practice_id, staff_id);
ALTER TABLE calendar_feed ADD CHECK ((account_id IS NULL) <> (staff_id IS NULL));
CREATE INDEX calendar_feed_staff ON calendar_feed (practice_id, staff_id);

-- By whose law the client of a chart comes of age: 'practice', or a place that the practice has confirmed.
ALTER TABLE chart ADD COLUMN jurisdiction TEXT NOT NULL DEFAULT 'practice';
ALTER TABLE jurisdiction ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE jurisdiction ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE jurisdiction ADD COLUMN confirmed_by_name TEXT NOT NULL DEFAULT '';

-- About what somebody wants no mail, and in which hours none: words such as 'quiet=22-7 messages=none'. Empty: no wish.
ALTER TABLE person ADD COLUMN mail_wishes TEXT NOT NULL DEFAULT '';

-- Lines of a client's log that stay hidden because an official has said that telling would impede them (45 CFR
-- 164.528(a)(2)): those of one staff member or program, up to a day. Rows are never deleted.
CREATE TABLE log_suspension (
    practice_id   BLOB NOT NULL,
    suspension_id BLOB NOT NULL,
    chart_id      BLOB NOT NULL,
    actor_kind    TEXT NOT NULL,
    actor_id      TEXT NOT NULL,
    actor_name    TEXT NOT NULL,
    until_on      TEXT NOT NULL,
    statement     TEXT NOT NULL,
    reason        TEXT NOT NULL,
    by_name       TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    ended_by_name TEXT NOT NULL,
    PRIMARY KEY (practice_id, suspension_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id)
) STRICT;
CREATE INDEX log_suspension_of ON log_suspension (practice_id, chart_id);

-- Insurance of a client. A row never changes but for its end: what a client sends or staff take is a new one.
CREATE TABLE coverage (
    practice_id         BLOB NOT NULL,
    coverage_id         BLOB NOT NULL,
    chart_id            BLOB NOT NULL,
    position            TEXT NOT NULL,
    payer               TEXT NOT NULL,
    member_id           TEXT NOT NULL,
    group_number        TEXT NOT NULL,
    subscriber          TEXT NOT NULL,
    subscriber_name     TEXT NOT NULL,
    subscriber_born     TEXT NOT NULL,
    subscriber_relation TEXT NOT NULL,
    valid_from          TEXT NOT NULL,
    valid_until         TEXT NOT NULL,
    front_blob          BLOB,
    back_blob           BLOB,
    by_name             TEXT NOT NULL,
    created_at          INTEGER NOT NULL,
    ended_at            INTEGER,
    PRIMARY KEY (practice_id, coverage_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id),
    FOREIGN KEY (practice_id, front_blob) REFERENCES blob (practice_id, blob_id),
    FOREIGN KEY (practice_id, back_blob) REFERENCES blob (practice_id, blob_id)
) STRICT;
CREATE INDEX coverage_of ON coverage (practice_id, chart_id);
-- At most one of a position counts.
CREATE UNIQUE INDEX coverage_active ON coverage (practice_id, chart_id, position) WHERE ended_at IS NULL;

-- The pictures of cards that came with a change, also of one that was not taken.
CREATE TABLE insurance_card (
    practice_id BLOB NOT NULL,
    blob_id     BLOB NOT NULL,
    chart_id    BLOB NOT NULL,
    change_id   BLOB NOT NULL,
    side        TEXT NOT NULL,
    PRIMARY KEY (practice_id, blob_id),
    FOREIGN KEY (practice_id, blob_id) REFERENCES blob (practice_id, blob_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id),
    FOREIGN KEY (practice_id, change_id) REFERENCES info_change (practice_id, change_id)
) STRICT;

-- Notes on court orders and safety, for staff alone. None is ever changed: it ends, and another one is written.
-- kept_rights are the words of the rights that the note takes from the grant.
CREATE TABLE staff_note (
    practice_id   BYTEA NOT NULL,
    note_id       BYTEA NOT NULL,
    chart_id      BYTEA NOT NULL,
    access_id     BYTEA,
    kind          TEXT NOT NULL,
    effect        TEXT NOT NULL,
    kept_rights   TEXT NOT NULL,
    body          TEXT NOT NULL,
    from_on       TEXT,
    until_on      TEXT,
    reason        TEXT NOT NULL,
    by_name       TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    ended_at      BIGINT,
    ended_by_name TEXT NOT NULL,
    ended_reason  TEXT NOT NULL,
    PRIMARY KEY (practice_id, note_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id),
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access (practice_id, access_id)
);
CREATE INDEX staff_note_of ON staff_note (practice_id, chart_id);

-- How many notes of a chart nobody has ended: pages read them only where there are any.
ALTER TABLE chart ADD COLUMN note_count INTEGER NOT NULL DEFAULT 0;

-- The first day of what is withheld, where that is not the day of the row; and the note that says so.
ALTER TABLE withheld ADD COLUMN from_on TEXT;
ALTER TABLE withheld ADD COLUMN note_id BYTEA;

-- Since when a chart takes no new requests for appointments.
ALTER TABLE chart ADD COLUMN frozen_at BIGINT;

-- Where a person gets letters, and their pharmacy: a line each.
ALTER TABLE person ADD COLUMN postal_address TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN pharmacy TEXT NOT NULL DEFAULT '';

-- Whom to call in an emergency. Whoever has access keeps a list of their own (account_id), and the practice has one
-- (none). Nobody of them gets access by it. A list that changes is written anew, and the rows before it end.
CREATE TABLE emergency_contact (
    practice_id BYTEA NOT NULL,
    contact_id  BYTEA NOT NULL,
    chart_id    BYTEA NOT NULL,
    account_id  BYTEA,
    position    INTEGER NOT NULL,
    name        TEXT NOT NULL,
    relation    TEXT NOT NULL,
    phone       TEXT NOT NULL,
    by_name     TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    ended_at    BIGINT,
    PRIMARY KEY (practice_id, contact_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id)
);
CREATE INDEX emergency_contact_of ON emergency_contact (practice_id, chart_id) WHERE ended_at IS NULL;

-- How many of them a chart has: pages read them only where there are any.
ALTER TABLE chart ADD COLUMN emergency_count INTEGER NOT NULL DEFAULT 0;

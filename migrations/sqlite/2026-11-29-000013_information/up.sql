-- What a client changed in the portal, a row a submission and a row a field. A row says what stood on file when the
-- client changed it and what they want; rows are added and decided, never deleted.
CREATE TABLE info_change (
    practice_id         BLOB NOT NULL,
    change_id           BLOB NOT NULL,
    chart_id            BLOB NOT NULL,
    person_id           BLOB NOT NULL,
    access_id           BLOB NOT NULL,
    account_practice_id BLOB NOT NULL,
    account_id          BLOB NOT NULL,
    by_name             TEXT NOT NULL,
    relation            TEXT NOT NULL,
    submitted_at        INTEGER NOT NULL,
    PRIMARY KEY (practice_id, change_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id),
    FOREIGN KEY (practice_id, person_id) REFERENCES person (practice_id, person_id),
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access (practice_id, access_id)
) STRICT;
CREATE INDEX info_change_by ON info_change (practice_id, account_id, submitted_at);

-- waits_at is set while staff have to look at the field; person_id and chart_id repeat those of the submission.
CREATE TABLE info_change_field (
    practice_id     BLOB NOT NULL,
    change_id       BLOB NOT NULL,
    path            TEXT NOT NULL,
    chart_id        BLOB NOT NULL,
    person_id       BLOB NOT NULL,
    seen_value      TEXT NOT NULL,
    new_value       TEXT NOT NULL,
    state           TEXT NOT NULL,
    waits_at        INTEGER,
    reason          TEXT NOT NULL,
    decided_by_name TEXT NOT NULL,
    decided_at      INTEGER,
    PRIMARY KEY (practice_id, change_id, path),
    FOREIGN KEY (practice_id, change_id) REFERENCES info_change (practice_id, change_id)
) STRICT;
CREATE INDEX info_change_field_waits ON info_change_field (practice_id, waits_at, change_id) WHERE waits_at IS NOT NULL;
CREATE INDEX info_change_field_of ON info_change_field (practice_id, person_id, change_id);
-- At most one value of a field waits.
CREATE UNIQUE INDEX info_change_field_pending ON info_change_field (practice_id, person_id, path) WHERE state = 'pending';

-- Where a practice is stricter about a field than the table of fields.
CREATE TABLE field_policy (
    practice_id BLOB NOT NULL REFERENCES practice,
    path        TEXT NOT NULL,
    apply       TEXT NOT NULL,
    PRIMARY KEY (practice_id, path)
) STRICT;

-- Changes of the e-mail address of a client's sign-in, in the practice where the account was made. The links that settle
-- one are in one_time_link. Rows are never deleted: an old address can take a change back for two weeks.
CREATE TABLE email_change (
    practice_id   BLOB NOT NULL,
    change_id     BLOB NOT NULL,
    account_id    BLOB NOT NULL,
    old_email     TEXT NOT NULL,
    old_name      TEXT NOT NULL,
    new_email     TEXT NOT NULL,
    state         TEXT NOT NULL,
    asked_by_name TEXT NOT NULL,
    requested_at  INTEGER NOT NULL,
    confirmed_at  INTEGER,
    ended_at      INTEGER,
    PRIMARY KEY (practice_id, change_id),
    FOREIGN KEY (practice_id, account_id) REFERENCES portal_account (practice_id, account_id)
) STRICT;
CREATE INDEX email_change_of ON email_change (practice_id, account_id, requested_at);
-- At most one waits for the new mailbox.
CREATE UNIQUE INDEX email_change_requested ON email_change (practice_id, account_id) WHERE state = 'requested';

-- How somebody may be written to: in safe contact only at one address, from a sender and with a link that do not tell
-- who writes.
ALTER TABLE person ADD COLUMN contact_mode TEXT NOT NULL DEFAULT 'normal';
ALTER TABLE person ADD COLUMN safe_address TEXT;
ALTER TABLE practice ADD COLUMN private_path TEXT NOT NULL DEFAULT '';
UPDATE practice SET private_path = 'p-' || lower(hex(randomblob(8)));
CREATE UNIQUE INDEX practice_private_path ON practice (private_path);

-- The last day on which clients may read a closed chart; none: for good.
ALTER TABLE chart ADD COLUMN client_view_until TEXT;

-- The client's written consent under 42 CFR Part 2 that the holder of a grant sees records of treatment for substance
-- use. Rows are never deleted.
CREATE TABLE part2_consent (
    practice_id     BLOB NOT NULL,
    consent_id      BLOB NOT NULL,
    access_id       BLOB NOT NULL,
    purpose         TEXT NOT NULL,
    until_on        TEXT,
    by_name         TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    revoked_at      INTEGER,
    revoked_by_name TEXT NOT NULL,
    PRIMARY KEY (practice_id, consent_id),
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access (practice_id, access_id)
) STRICT;
CREATE INDEX part2_consent_of ON part2_consent (practice_id, access_id, revoked_at);

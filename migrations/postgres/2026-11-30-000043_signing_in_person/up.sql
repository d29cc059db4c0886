-- A client signs on the practice's device. The session of the staff member who hosts it is locked: until they type their
-- password it reaches the pages of the signing and nothing else.
ALTER TABLE session ADD COLUMN locked_at BIGINT;
-- Who hosted a signature that was made in person.
ALTER TABLE signer ADD COLUMN hosted_by_name TEXT;

-- A signer on the practice's device: whose session was locked for it and when, and what the signer has done since. The
-- locked session finds it by its hash and the moment of the lock.
CREATE TABLE in_person (
    practice_id         BYTEA NOT NULL,
    in_person_id        BYTEA NOT NULL,
    signer_id           BYTEA NOT NULL,
    staff_id            BYTEA NOT NULL,
    staff_name          TEXT NOT NULL,
    session_hash        TEXT NOT NULL,
    started_at          BIGINT NOT NULL,
    confirmed_at        BIGINT,
    consented_at        BIGINT,
    consent_version     INTEGER,
    consent_sha256      TEXT,
    last_page_at        BIGINT,
    read_at             BIGINT,
    ended_at            BIGINT,
    ending              TEXT,
    PRIMARY KEY (practice_id, in_person_id),
    FOREIGN KEY (practice_id, signer_id) REFERENCES signer,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member,
    CHECK ((ended_at IS NULL) = (ending IS NULL)),
    CHECK ((consented_at IS NULL) = (consent_version IS NULL) AND (consented_at IS NULL) = (consent_sha256 IS NULL))
);
CREATE UNIQUE INDEX in_person_session ON in_person (practice_id, session_hash, started_at);
CREATE INDEX in_person_signer ON in_person (practice_id, signer_id);

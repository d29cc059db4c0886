-- A version of a document that people were asked to sign, for the first time or once more (round). sha256 is that of the
-- version; each event of the request is chained to it, and chain_head is the hash of the newest.
CREATE TABLE signing (
    practice_id     BLOB NOT NULL,
    signing_id      BLOB NOT NULL,
    document_id     BLOB NOT NULL,
    round           INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    sha256          TEXT NOT NULL,
    state           TEXT NOT NULL,
    deadline        INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    created_by_name TEXT NOT NULL,
    ended_at        INTEGER,
    ended_by_name   TEXT NOT NULL,
    reason          TEXT NOT NULL,
    seen_at         INTEGER,
    events          INTEGER NOT NULL,
    chain_head      TEXT NOT NULL,
    version         INTEGER NOT NULL,
    PRIMARY KEY (practice_id, signing_id),
    FOREIGN KEY (practice_id, document_id, number) REFERENCES document_version
) STRICT;
-- At most one is open, and what was signed is not asked for again.
CREATE UNIQUE INDEX signing_one ON signing (practice_id, document_id) WHERE state IN ('open', 'completed');
CREATE UNIQUE INDEX signing_round ON signing (practice_id, document_id, round);
CREATE INDEX signing_state ON signing (practice_id, state, deadline);

-- Somebody who was asked: by the grant of a client or representative, or a staff member. Equal positions sign in any
-- order, higher ones after lower ones. The name is as it was when they were asked.
CREATE TABLE signer (
    practice_id  BLOB NOT NULL,
    signer_id    BLOB NOT NULL,
    signing_id   BLOB NOT NULL,
    position     INTEGER NOT NULL,
    role         TEXT NOT NULL,
    access_id    BLOB,
    staff_id     BLOB,
    printed_name TEXT NOT NULL,
    state        TEXT NOT NULL,
    opened_at    INTEGER,
    settled_at   INTEGER,
    mark_kind    TEXT,
    mark         TEXT,
    mails        INTEGER NOT NULL,
    mailed_at    INTEGER,
    PRIMARY KEY (practice_id, signer_id),
    FOREIGN KEY (practice_id, signing_id) REFERENCES signing,
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member,
    CHECK ((access_id IS NULL) <> (staff_id IS NULL))
) STRICT;
CREATE INDEX signer_signing ON signer (practice_id, signing_id, position);
CREATE INDEX signer_access ON signer (practice_id, access_id, state) WHERE access_id IS NOT NULL;
CREATE INDEX signer_staff ON signer (practice_id, staff_id, state) WHERE staff_id IS NOT NULL;

-- What happened to a request, each event bound to the one before by its hash. Rows are added and never changed.
CREATE TABLE signing_event (
    practice_id BLOB NOT NULL,
    signing_id  BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    signer_id   BLOB,
    evidence    TEXT NOT NULL,
    hash        TEXT NOT NULL,
    prev        TEXT NOT NULL,
    PRIMARY KEY (practice_id, signing_id, seq),
    FOREIGN KEY (practice_id, signing_id) REFERENCES signing
) STRICT;

-- Consent to electronic records and signatures (15 USC 7001(c)), given and taken back. Rows are added and never changed;
-- the newest of an account counts.
CREATE TABLE econsent (
    practice_id         BLOB NOT NULL REFERENCES practice,
    consent_id          BLOB NOT NULL,
    seq                 INTEGER NOT NULL,
    account_practice_id BLOB NOT NULL,
    account_id          BLOB NOT NULL,
    act                 TEXT NOT NULL,
    text_version        INTEGER NOT NULL,
    text_sha256         TEXT NOT NULL,
    at                  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, consent_id)
) STRICT;
CREATE UNIQUE INDEX econsent_account ON econsent (practice_id, account_practice_id, account_id, seq);

-- Keys that a practice's signed documents are sealed with, each with the certificate that the practice signs itself. The
-- newest seals; the others are kept for their certificates.
CREATE TABLE seal_key (
    practice_id BLOB NOT NULL REFERENCES practice,
    generation  INTEGER NOT NULL,
    sealed_key  BLOB NOT NULL,
    certificate BLOB NOT NULL,
    not_before  INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, generation)
) STRICT;

-- The final file of a request that everybody signed.
CREATE TABLE signed_file (
    practice_id BLOB NOT NULL,
    signing_id  BLOB NOT NULL,
    blob_id     BLOB NOT NULL,
    sealed_at   INTEGER NOT NULL,
    PRIMARY KEY (practice_id, signing_id),
    FOREIGN KEY (practice_id, signing_id) REFERENCES signing,
    FOREIGN KEY (practice_id, blob_id) REFERENCES blob
) STRICT;

-- A version of a document that people were asked to sign, for the first time or once more (round). sha256 is that of the
-- version; each event of the request is chained to it, and chain_head is the hash of the newest.
CREATE TABLE signing (
    practice_id     BYTEA NOT NULL,
    signing_id      BYTEA NOT NULL,
    document_id     BYTEA NOT NULL,
    round           INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    sha256          TEXT NOT NULL,
    state           TEXT NOT NULL,
    deadline        BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    created_by_name TEXT NOT NULL,
    ended_at        BIGINT,
    ended_by_name   TEXT NOT NULL,
    reason          TEXT NOT NULL,
    seen_at         BIGINT,
    events          INTEGER NOT NULL,
    chain_head      TEXT NOT NULL,
    version         BIGINT NOT NULL,
    PRIMARY KEY (practice_id, signing_id),
    FOREIGN KEY (practice_id, document_id, number) REFERENCES document_version
);
-- At most one is open, and what was signed is not asked for again.
CREATE UNIQUE INDEX signing_one ON signing (practice_id, document_id) WHERE state IN ('open', 'completed');
CREATE UNIQUE INDEX signing_round ON signing (practice_id, document_id, round);
CREATE INDEX signing_state ON signing (practice_id, state, deadline);

-- Somebody who was asked: by the grant of a client or representative, or a staff member. Equal positions sign in any
-- order, higher ones after lower ones. The name is as it was when they were asked.
CREATE TABLE signer (
    practice_id  BYTEA NOT NULL,
    signer_id    BYTEA NOT NULL,
    signing_id   BYTEA NOT NULL,
    position     INTEGER NOT NULL,
    role         TEXT NOT NULL,
    access_id    BYTEA,
    staff_id     BYTEA,
    printed_name TEXT NOT NULL,
    state        TEXT NOT NULL,
    opened_at    BIGINT,
    settled_at   BIGINT,
    mark_kind    TEXT,
    mark         TEXT,
    mails        INTEGER NOT NULL,
    mailed_at    BIGINT,
    PRIMARY KEY (practice_id, signer_id),
    FOREIGN KEY (practice_id, signing_id) REFERENCES signing,
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member,
    CHECK ((access_id IS NULL) <> (staff_id IS NULL))
);
CREATE INDEX signer_signing ON signer (practice_id, signing_id, position);
CREATE INDEX signer_access ON signer (practice_id, access_id, state) WHERE access_id IS NOT NULL;
CREATE INDEX signer_staff ON signer (practice_id, staff_id, state) WHERE staff_id IS NOT NULL;

-- What happened to a request, each event bound to the one before by its hash. Rows are added and never changed.
CREATE TABLE signing_event (
    practice_id BYTEA NOT NULL,
    signing_id  BYTEA NOT NULL,
    seq         INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    at          BIGINT NOT NULL,
    signer_id   BYTEA,
    evidence    TEXT NOT NULL,
    hash        TEXT NOT NULL,
    prev        TEXT NOT NULL,
    PRIMARY KEY (practice_id, signing_id, seq),
    FOREIGN KEY (practice_id, signing_id) REFERENCES signing
);

-- Consent to electronic records and signatures (15 USC 7001(c)), given and taken back. Rows are added and never changed;
-- the newest of an account counts.
CREATE TABLE econsent (
    practice_id         BYTEA NOT NULL REFERENCES practice,
    consent_id          BYTEA NOT NULL,
    seq                 INTEGER NOT NULL,
    account_practice_id BYTEA NOT NULL,
    account_id          BYTEA NOT NULL,
    act                 TEXT NOT NULL,
    text_version        INTEGER NOT NULL,
    text_sha256         TEXT NOT NULL,
    at                  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, consent_id)
);
CREATE UNIQUE INDEX econsent_account ON econsent (practice_id, account_practice_id, account_id, seq);

-- Keys that a practice's signed documents are sealed with, each with the certificate that the practice signs itself. The
-- newest seals; the others are kept for their certificates.
CREATE TABLE seal_key (
    practice_id BYTEA NOT NULL REFERENCES practice,
    generation  INTEGER NOT NULL,
    sealed_key  BYTEA NOT NULL,
    certificate BYTEA NOT NULL,
    not_before  BIGINT NOT NULL,
    not_after   BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, generation)
);

-- The final file of a request that everybody signed.
CREATE TABLE signed_file (
    practice_id BYTEA NOT NULL,
    signing_id  BYTEA NOT NULL,
    blob_id     BYTEA NOT NULL,
    sealed_at   BIGINT NOT NULL,
    PRIMARY KEY (practice_id, signing_id),
    FOREIGN KEY (practice_id, signing_id) REFERENCES signing,
    FOREIGN KEY (practice_id, blob_id) REFERENCES blob
);

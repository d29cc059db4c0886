-- The model from product.md: person, address, account, chart and grant are five things.
-- practice_id leads every key, so that one practice is one contiguous range (and one shard later).
-- Moments are microseconds since 1970-01-01 UTC in BIGINT; birth dates are civil dates as ISO text;
-- money is minor units. The same steps stand, by the same names, in the other dialect.

CREATE TABLE practice (
    practice_id     BYTEA   NOT NULL PRIMARY KEY,
    slug            TEXT   NOT NULL UNIQUE,
    name            TEXT   NOT NULL,
    time_zone       TEXT   NOT NULL,
    language        TEXT   NOT NULL,
    accent          TEXT   NOT NULL,
    phone           TEXT   NOT NULL,
    text_phone      TEXT   NOT NULL,
    email           TEXT   NOT NULL,
    website         TEXT   NOT NULL,
    postal_address  TEXT   NOT NULL,
    policy          TEXT   NOT NULL,
    suspended_at    BIGINT,
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL
);

CREATE TABLE staff_member (
    practice_id     BYTEA    NOT NULL REFERENCES practice,
    staff_id        BYTEA    NOT NULL,
    email           TEXT    NOT NULL,
    email_key       TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    role            TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    password_hash   TEXT,
    last_sign_in_at BIGINT,
    version         BIGINT  NOT NULL,
    created_at      BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, staff_id),
    UNIQUE (practice_id, email_key)
);

-- Links that set a password: a staff member's invitation, a forgotten password (either side).
CREATE TABLE one_time_link (
    practice_id BYTEA   NOT NULL REFERENCES practice,
    link_id     BYTEA   NOT NULL,
    purpose     TEXT   NOT NULL,
    subject_id  TEXT   NOT NULL,
    token_hash  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    used_at     BIGINT,
    revoked_at  BIGINT,
    PRIMARY KEY (practice_id, link_id),
    UNIQUE (practice_id, token_hash)
);
CREATE INDEX one_time_link_subject ON one_time_link (practice_id, subject_id);

-- Only the SHA-256 of the cookie's secret is kept (ASVS 7.2).
-- in_view is the grant whose chart a client is looking at; empty until they switch.
CREATE TABLE session (
    practice_id BYTEA   NOT NULL REFERENCES practice,
    token_hash  TEXT   NOT NULL,
    audience    TEXT   NOT NULL,
    subject_id  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    ended_at    BIGINT,
    source      TEXT   NOT NULL,
    agent       TEXT   NOT NULL,
    in_view     BYTEA,
    PRIMARY KEY (practice_id, token_hash)
);
CREATE INDEX session_ended ON session (ended_at, token_hash) WHERE ended_at IS NOT NULL;
CREATE INDEX session_subject ON session (practice_id, subject_id);

-- Browsers that have signed in to an account: their failures are counted apart from strangers'.
-- Only the SHA-256 of the cookie's text is kept; one browser may stand beside several accounts.
CREATE TABLE known_device (
    practice_id BYTEA   NOT NULL REFERENCES practice,
    token_hash  TEXT   NOT NULL,
    subject_id  TEXT   NOT NULL,
    audience    TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    PRIMARY KEY (practice_id, token_hash, subject_id)
);
CREATE INDEX known_device_subject ON known_device (practice_id, subject_id);

CREATE TABLE person (
    practice_id       BYTEA   NOT NULL REFERENCES practice,
    person_id         BYTEA   NOT NULL,
    first_name        TEXT   NOT NULL,
    middle_name       TEXT   NOT NULL,
    last_name         TEXT   NOT NULL,
    suffix            TEXT   NOT NULL,
    former_last_names TEXT   NOT NULL,
    preferred_name    TEXT   NOT NULL,
    pronouns          TEXT   NOT NULL,
    birth_date        TEXT,
    language          TEXT   NOT NULL,
    time_zone         TEXT   NOT NULL,
    version           BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    PRIMARY KEY (practice_id, person_id)
);

CREATE TABLE person_address (
    practice_id          BYTEA    NOT NULL,
    address_id           BYTEA    NOT NULL,
    person_id            BYTEA    NOT NULL,
    kind                 TEXT    NOT NULL,
    label                TEXT    NOT NULL,
    value                TEXT    NOT NULL,
    value_key            TEXT    NOT NULL,
    may_mail             BOOLEAN NOT NULL,
    position             INTEGER NOT NULL,
    undeliverable_at     BIGINT,
    undeliverable_reason TEXT,
    retried_at           BIGINT,
    refused_at           BIGINT,
    PRIMARY KEY (practice_id, address_id),
    FOREIGN KEY (practice_id, person_id) REFERENCES person
);
CREATE INDEX person_address_person ON person_address (practice_id, person_id, position);
CREATE INDEX person_address_value ON person_address (practice_id, value_key);

-- owner_person_id names the chart owner: the client, or a related contact after Change Ownership.
-- chart_number_key is the number without regard to capitals: C1 and c1 are one number, wherever they are typed.
-- search_text and sort_key are folded copies, rewritten with every change of the face sheet.
CREATE TABLE chart (
    practice_id     BYTEA   NOT NULL,
    chart_id        BYTEA   NOT NULL,
    chart_number    TEXT   NOT NULL,
    chart_number_key TEXT  COLLATE "C" NOT NULL,
    person_id       BYTEA   NOT NULL,
    owner_person_id BYTEA   NOT NULL,
    state           TEXT   NOT NULL,
    sort_key        TEXT   COLLATE "C" NOT NULL,
    search_text     TEXT   NOT NULL,
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (practice_id, chart_id),
    UNIQUE (practice_id, chart_number_key),
    FOREIGN KEY (practice_id, person_id) REFERENCES person,
    FOREIGN KEY (practice_id, owner_person_id) REFERENCES person
);
CREATE INDEX chart_sorted ON chart (practice_id, sort_key, chart_id);
-- Three letters at a time, within the practice. Both extensions come with PostgreSQL and need no
-- superuser where the role may create in its database; without them a search reads the practice's charts.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE EXTENSION IF NOT EXISTS btree_gin;
    CREATE INDEX chart_find ON chart USING gin (practice_id, search_text gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'search works without the index chart_find, slower (%)', SQLERRM;
END
$$;
CREATE INDEX chart_person ON chart (practice_id, person_id);
-- Covers the search for charts that nobody was invited to (the work list).
CREATE INDEX chart_open ON chart (practice_id, state, sort_key, chart_id, owner_person_id);

CREATE TABLE related_contact (
    practice_id BYTEA   NOT NULL,
    chart_id    BYTEA   NOT NULL,
    person_id   BYTEA   NOT NULL,
    relation    TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, chart_id, person_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, person_id) REFERENCES person
);
CREATE INDEX related_contact_person ON related_contact (practice_id, person_id);

CREATE TABLE portal_account (
    practice_id     BYTEA    NOT NULL REFERENCES practice,
    account_id      BYTEA    NOT NULL,
    sign_in_name    TEXT    NOT NULL,
    sign_in_key     TEXT    NOT NULL,
    email           TEXT    NOT NULL,
    language        TEXT    NOT NULL,
    password_hash   TEXT    NOT NULL,
    last_sign_in_at BIGINT,
    version         BIGINT  NOT NULL,
    created_at      BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, account_id),
    UNIQUE (practice_id, sign_in_key)
);
-- An account that was made in another practice may stand at this practice's door.
CREATE INDEX portal_account_name ON portal_account (sign_in_key);

-- The grant. account_practice_id is the account's home practice, so that one sign-in can hold
-- grants in several practices. state never says "expired": that is computed from expires_at.
CREATE TABLE portal_access (
    practice_id         BYTEA    NOT NULL,
    access_id           BYTEA    NOT NULL,
    chart_id            BYTEA    NOT NULL,
    person_id           BYTEA    NOT NULL,
    role                TEXT    NOT NULL,
    rights              TEXT    NOT NULL,
    ends_on             TEXT,
    state               TEXT    NOT NULL,
    generation          INTEGER NOT NULL,
    expires_at          BIGINT,
    mismatches          INTEGER NOT NULL,
    invited_address     TEXT,
    asked_at            BIGINT,
    account_practice_id BYTEA,
    account_id          BYTEA,
    since_at            BIGINT  NOT NULL,
    by_name             TEXT    NOT NULL,
    reason              TEXT    NOT NULL,
    ended_by            TEXT,
    registered_at       BIGINT,
    not_now_at          BIGINT,
    version             BIGINT  NOT NULL,
    created_at          BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, access_id),
    UNIQUE (practice_id, chart_id, person_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, person_id) REFERENCES person,
    FOREIGN KEY (account_practice_id, account_id) REFERENCES portal_account
);
CREATE INDEX portal_access_state ON portal_access (practice_id, state, expires_at);
CREATE INDEX portal_access_account ON portal_access (account_practice_id, account_id);
CREATE INDEX portal_access_asked ON portal_access (practice_id, asked_at) WHERE asked_at IS NOT NULL;

-- Append-only generations. Hashes of the link's token and of the letter's short code are kept; the
-- token itself only sealed, for the reminder that repeats the link, and wiped when the link ends.
CREATE TABLE invitation (
    practice_id   BYTEA    NOT NULL,
    invitation_id BYTEA    NOT NULL,
    access_id     BYTEA    NOT NULL,
    generation    INTEGER NOT NULL,
    channel       TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    token_hash    TEXT    NOT NULL,
    code_hash     TEXT,
    address       TEXT,
    sent_at       BIGINT  NOT NULL,
    expires_at    BIGINT  NOT NULL,
    sent_by_name  TEXT    NOT NULL,
    opened_at     BIGINT,
    ended_at      BIGINT,
    nonce_hash    TEXT,
    sealed_token  BYTEA,
    PRIMARY KEY (practice_id, invitation_id),
    UNIQUE (practice_id, access_id, generation),
    UNIQUE (practice_id, token_hash),
    UNIQUE (practice_id, code_hash),
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access
);

-- Reminders that went out: so many hours before the invitation's end.
CREATE TABLE reminder (
    practice_id   BYTEA   NOT NULL,
    invitation_id BYTEA   NOT NULL,
    hours         BIGINT NOT NULL,
    sent_at       BIGINT NOT NULL,
    PRIMARY KEY (practice_id, invitation_id, hours),
    FOREIGN KEY (practice_id, invitation_id) REFERENCES invitation
);

-- Unused invitations that still keep the address they went to.
CREATE INDEX invitation_unused ON invitation (practice_id, state, expires_at) WHERE address IS NOT NULL;

-- Mail waiting to go, and what became of it. payload is sealed and wiped once the state is final.
CREATE TABLE outbox (
    practice_id   BYTEA    NOT NULL REFERENCES practice,
    mail_id       BYTEA    NOT NULL,
    kind          TEXT    NOT NULL,
    dedupe_key    TEXT    NOT NULL,
    chart_id      BYTEA,
    access_id     BYTEA,
    subject_kind  TEXT,
    subject_id    BYTEA,
    recipient     TEXT    NOT NULL,
    payload       BYTEA,
    state         TEXT    NOT NULL,
    due_at        BIGINT  NOT NULL,
    lease_until   BIGINT,
    attempt       INTEGER NOT NULL,
    tries         INTEGER NOT NULL,
    message_id    TEXT    NOT NULL,
    last_code     TEXT,
    last_reason   TEXT,
    created_at    BIGINT  NOT NULL,
    first_try_at  BIGINT,
    finished_at   BIGINT,
    bounced_at    BIGINT,
    PRIMARY KEY (practice_id, mail_id),
    UNIQUE (practice_id, dedupe_key)
);
-- By practice first, so that a worker steps from practice to practice without reading what waits.
CREATE INDEX outbox_due ON outbox (state, practice_id, due_at);
CREATE INDEX outbox_access ON outbox (practice_id, access_id, created_at);
CREATE INDEX outbox_subject ON outbox (practice_id, subject_id, subject_kind);
-- A bounce may name its mail by nothing but the Message-ID.
CREATE INDEX outbox_message ON outbox (practice_id, message_id);

-- Append-only. mac proves an event with a key outside the database; audit_seal chains the events of a
-- practice, audit_head is its last link, and audit_unsealed holds what is not in the chain yet (PostgreSQL).
CREATE TABLE audit_event (
    practice_id BYTEA   NOT NULL REFERENCES practice,
    event_id    BYTEA   NOT NULL,
    at          BIGINT NOT NULL,
    actor_kind  TEXT   NOT NULL,
    actor_id    TEXT   NOT NULL,
    actor_name  TEXT   NOT NULL,
    chart_id    BYTEA,
    access_id   BYTEA,
    action      TEXT   NOT NULL,
    old_state   TEXT   NOT NULL,
    new_state   TEXT   NOT NULL,
    source      TEXT   NOT NULL,
    details     TEXT   NOT NULL,
    mac         TEXT   NOT NULL,
    PRIMARY KEY (practice_id, event_id)
);
CREATE INDEX audit_event_chart ON audit_event (practice_id, chart_id, event_id);
CREATE INDEX audit_event_access ON audit_event (practice_id, access_id, event_id);

CREATE TABLE audit_seal (
    practice_id BYTEA   NOT NULL REFERENCES practice,
    seq         BIGINT NOT NULL,
    event_id    BYTEA   NOT NULL,
    hash        TEXT   NOT NULL,
    PRIMARY KEY (practice_id, seq),
    UNIQUE (practice_id, event_id)
);

CREATE TABLE audit_unsealed (
    practice_id BYTEA   NOT NULL REFERENCES practice,
    event_id    BYTEA   NOT NULL,
    PRIMARY KEY (practice_id, event_id)
);

CREATE TABLE audit_head (
    practice_id BYTEA   NOT NULL PRIMARY KEY REFERENCES practice,
    seq         BIGINT NOT NULL,
    hash        TEXT   NOT NULL
);

CREATE TABLE document (
    practice_id  BYTEA   NOT NULL,
    document_id  BYTEA   NOT NULL,
    chart_id     BYTEA   NOT NULL,
    title        TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    sent_at      BIGINT NOT NULL,
    sent_by_name TEXT   NOT NULL,
    opened_at    BIGINT,
    withdrawn_at BIGINT,
    PRIMARY KEY (practice_id, document_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
);
CREATE INDEX document_chart ON document (practice_id, chart_id, sent_at);

CREATE TABLE appointment_request (
    practice_id    BYTEA   NOT NULL,
    request_id     BYTEA   NOT NULL,
    chart_id       BYTEA   NOT NULL,
    account_id     BYTEA   NOT NULL,
    kind           TEXT   NOT NULL,
    place          TEXT   NOT NULL,
    preferred      TEXT   NOT NULL,
    note           TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    nonce          TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    decided_at     BIGINT,
    decided_by     TEXT   NOT NULL,
    answer         TEXT   NOT NULL,
    version        BIGINT NOT NULL,
    PRIMARY KEY (practice_id, request_id),
    UNIQUE (practice_id, nonce),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
);
CREATE INDEX appointment_request_state ON appointment_request (practice_id, state, created_at);
CREATE INDEX appointment_request_chart ON appointment_request (practice_id, chart_id, created_at);

CREATE TABLE appointment (
    practice_id    BYTEA    NOT NULL,
    appointment_id BYTEA    NOT NULL,
    chart_id       BYTEA    NOT NULL,
    request_id     BYTEA,
    starts_at      BIGINT  NOT NULL,
    minutes        INTEGER NOT NULL,
    kind           TEXT    NOT NULL,
    place          TEXT    NOT NULL,
    staff_id       BYTEA    NOT NULL,
    state          TEXT    NOT NULL,
    created_at     BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, appointment_id),
    UNIQUE (practice_id, request_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member
);
CREATE INDEX appointment_chart ON appointment (practice_id, chart_id, starts_at);
CREATE INDEX appointment_staff ON appointment (practice_id, staff_id, starts_at);

-- Signed: a charge is positive, a payment negative, an adjustment either.
CREATE TABLE ledger_entry (
    practice_id  BYTEA   NOT NULL,
    entry_id     BYTEA   NOT NULL,
    chart_id     BYTEA   NOT NULL,
    kind         TEXT   NOT NULL,
    on_date      TEXT   NOT NULL,
    description  TEXT   NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency     TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (practice_id, entry_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
);
CREATE INDEX ledger_entry_chart ON ledger_entry (practice_id, chart_id, on_date);

CREATE TABLE frequent_question (
    practice_id BYTEA    NOT NULL REFERENCES practice,
    question_id BYTEA    NOT NULL,
    language    TEXT    NOT NULL,
    position    INTEGER NOT NULL,
    question    TEXT    NOT NULL,
    answer      TEXT    NOT NULL,
    PRIMARY KEY (practice_id, question_id)
);

CREATE TABLE api_key (
    practice_id     BYTEA   NOT NULL REFERENCES practice,
    key_id          BYTEA   NOT NULL,
    name            TEXT   NOT NULL,
    key_hash        TEXT   NOT NULL,
    scopes          TEXT   NOT NULL,
    created_by      BYTEA,
    created_by_name TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    last_used_at    BIGINT,
    revoked_at      BIGINT,
    PRIMARY KEY (practice_id, key_id),
    UNIQUE (practice_id, key_hash)
);

CREATE TABLE idempotent_request (
    practice_id     BYTEA    NOT NULL REFERENCES practice,
    key_id          BYTEA    NOT NULL,
    idempotency_key TEXT    NOT NULL,
    request_hash    TEXT    NOT NULL,
    status          INTEGER,
    body            TEXT,
    created_at      BIGINT  NOT NULL,
    PRIMARY KEY (practice_id, key_id, idempotency_key)
);

-- What a form with a one-time mark made: the same form sent twice makes one thing.
CREATE TABLE sent_form (
    practice_id BYTEA    NOT NULL REFERENCES practice,
    mark        TEXT    NOT NULL,
    made        TEXT    NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, mark)
);

-- What somebody typed into a form that is not done yet: sealed, and opened only for the browser or the person
-- that it is kept for.
CREATE TABLE form_draft (
    practice_id BYTEA    NOT NULL REFERENCES practice,
    draft_hash  TEXT    NOT NULL,
    owner_hash  TEXT    NOT NULL,
    sealed      BYTEA    NOT NULL,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, draft_hash)
);
CREATE INDEX form_draft_expiry ON form_draft (practice_id, expires_at);

-- Limits that must hold across restarts and processes (sign-in, unknown links, failed checks).
CREATE TABLE attempt_counter (
    practice_id  BYTEA    NOT NULL REFERENCES practice,
    bucket       TEXT    NOT NULL,
    window_start BIGINT  NOT NULL,
    tries        INTEGER NOT NULL,
    PRIMARY KEY (practice_id, bucket, window_start)
);

-- What a practice's own columns are when it imports charts: ours (column_name), or left out (NULL).
CREATE TABLE import_column (
    practice_id BYTEA NOT NULL REFERENCES practice,
    header      TEXT NOT NULL,
    column_name TEXT,
    PRIMARY KEY (practice_id, header)
);

-- A file of charts between its steps in the browser; it is deleted when it was imported, and after a day.
CREATE TABLE import_file (
    practice_id BYTEA NOT NULL REFERENCES practice,
    import_id   BYTEA   NOT NULL,
    staff_id    BYTEA   NOT NULL,
    name        TEXT   NOT NULL,
    body        BYTEA  NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, import_id)
);
CREATE INDEX import_file_age ON import_file (created_at);

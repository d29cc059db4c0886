-- Texts with blanks that the practice fills for one client. published_number is the version that is used; a version
-- after it is a draft, the only one that changes. retired_at: nobody uses it any more.
CREATE TABLE template (
    practice_id      BLOB NOT NULL REFERENCES practice,
    template_id      BLOB NOT NULL,
    name             TEXT NOT NULL,
    newest_number    INTEGER NOT NULL,
    published_number INTEGER,
    retired_at       INTEGER,
    changed_at       INTEGER NOT NULL,
    changed_by_name  TEXT NOT NULL,
    version          INTEGER NOT NULL,
    PRIMARY KEY (practice_id, template_id)
) STRICT;

CREATE TABLE template_version (
    practice_id       BLOB NOT NULL,
    template_id       BLOB NOT NULL,
    number            INTEGER NOT NULL,
    kind              TEXT NOT NULL,
    label             TEXT,
    published_at      INTEGER,
    published_by_name TEXT NOT NULL,
    PRIMARY KEY (practice_id, template_id, number),
    FOREIGN KEY (practice_id, template_id) REFERENCES template
) STRICT;

-- What a version says, in each of its languages.
CREATE TABLE template_text (
    practice_id BLOB NOT NULL,
    template_id BLOB NOT NULL,
    number      INTEGER NOT NULL,
    language    TEXT NOT NULL,
    title       TEXT NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (practice_id, template_id, number, language),
    FOREIGN KEY (practice_id, template_id, number) REFERENCES template_version
) STRICT;

-- From which template a document's version was made, in which language, and with which values (JSON): what is sent
-- never changes with its template.
ALTER TABLE document_version ADD COLUMN template_id BLOB;
ALTER TABLE document_version ADD COLUMN template_number INTEGER;
ALTER TABLE document_version ADD COLUMN language TEXT;
ALTER TABLE document_version ADD COLUMN merged TEXT;

-- The last day of an authorization.
ALTER TABLE document ADD COLUMN expires_on TEXT;

-- A client asks for a document or sends a file (blob_id, until it is declined, taken back or a document). document_id is
-- what was shared for it or made of it; answer is why it was declined, which they read.
CREATE TABLE document_wish (
    practice_id   BLOB NOT NULL,
    wish_id       BLOB NOT NULL,
    chart_id      BLOB NOT NULL,
    access_id     BLOB NOT NULL,
    account_id    BLOB NOT NULL,
    kind          TEXT NOT NULL,
    wanted        TEXT NOT NULL,
    blob_id       BLOB,
    file_name     TEXT NOT NULL,
    state         TEXT NOT NULL,
    document_id   BLOB,
    answer        TEXT NOT NULL,
    asked_at      INTEGER NOT NULL,
    ended_at      INTEGER,
    ended_by_name TEXT NOT NULL,
    notice        TEXT NOT NULL,
    version       INTEGER NOT NULL,
    PRIMARY KEY (practice_id, wish_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id),
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access (practice_id, access_id),
    FOREIGN KEY (practice_id, blob_id) REFERENCES blob
) STRICT;
CREATE INDEX document_wish_state ON document_wish (practice_id, state, asked_at);
CREATE INDEX document_wish_chart ON document_wish (practice_id, chart_id, state);
CREATE INDEX document_wish_blob ON document_wish (practice_id, blob_id) WHERE blob_id IS NOT NULL;
CREATE INDEX document_wish_access ON document_wish (practice_id, access_id, asked_at);

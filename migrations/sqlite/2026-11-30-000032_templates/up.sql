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

-- Keys of a practice, each for one purpose, sealed with the installation's key. Without its row nothing opens that
-- was encrypted with it.
CREATE TABLE practice_key (
    practice_id BLOB NOT NULL REFERENCES practice,
    purpose     TEXT NOT NULL,
    generation  INTEGER NOT NULL,
    sealed_key  BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, purpose, generation)
) STRICT;

-- A stored file. Its bytes lie encrypted in the object store under practice_id/blob_id; sha256 is of the plain bytes.
CREATE TABLE blob (
    practice_id    BLOB NOT NULL REFERENCES practice,
    blob_id        BLOB NOT NULL,
    sha256         TEXT NOT NULL,
    size           INTEGER NOT NULL,
    media_type     TEXT NOT NULL,
    key_generation INTEGER NOT NULL,
    state          TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (practice_id, blob_id)
) STRICT;
CREATE INDEX blob_state ON blob (state, created_at);

-- A file on its way in. Its row is there before the first byte is stored, so that what a crash leaves behind is found.
CREATE TABLE upload (
    practice_id BLOB NOT NULL,
    upload_id   BLOB NOT NULL,
    chart_id    BLOB NOT NULL,
    by_kind     TEXT NOT NULL,
    by_id       TEXT NOT NULL,
    file_name   TEXT NOT NULL,
    blob_id     BLOB NOT NULL,
    reserved    INTEGER NOT NULL,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, upload_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
) STRICT;
CREATE INDEX upload_day ON upload (practice_id, created_at);
CREATE INDEX upload_lease ON upload (state, lease_until);

ALTER TABLE document RENAME COLUMN sent_at TO created_at;
ALTER TABLE document RENAME COLUMN sent_by_name TO created_by_name;
ALTER TABLE document ADD COLUMN label TEXT;
ALTER TABLE document ADD COLUMN state TEXT NOT NULL DEFAULT 'shared';
ALTER TABLE document ADD COLUMN current_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE document ADD COLUMN withdrawn_by_name TEXT NOT NULL DEFAULT '';
ALTER TABLE document ADD COLUMN withdrawn_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE document ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
UPDATE document SET state = 'withdrawn' WHERE withdrawn_at IS NOT NULL;

-- What a document says: a text or a file. Rows are added and never changed.
CREATE TABLE document_version (
    practice_id BLOB NOT NULL,
    document_id BLOB NOT NULL,
    number      INTEGER NOT NULL,
    body        TEXT,
    blob_id     BLOB,
    file_name   TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    by_name     TEXT NOT NULL,
    PRIMARY KEY (practice_id, document_id, number),
    FOREIGN KEY (practice_id, document_id) REFERENCES document,
    FOREIGN KEY (practice_id, blob_id) REFERENCES blob,
    CHECK ((body IS NULL) <> (blob_id IS NULL))
) STRICT;
CREATE INDEX document_version_blob ON document_version (practice_id, blob_id) WHERE blob_id IS NOT NULL;

-- A grant that a document is shared with. opened_version is the newest version that its holder has opened.
CREATE TABLE document_share (
    practice_id    BLOB NOT NULL,
    document_id    BLOB NOT NULL,
    access_id      BLOB NOT NULL,
    since_at       INTEGER NOT NULL,
    by_name        TEXT NOT NULL,
    ended_at       INTEGER,
    opened_version INTEGER,
    notice         TEXT NOT NULL,
    notice_at      INTEGER,
    PRIMARY KEY (practice_id, document_id, access_id),
    FOREIGN KEY (practice_id, document_id) REFERENCES document,
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access
) STRICT;
CREATE INDEX document_share_access ON document_share (practice_id, access_id, since_at);

-- When the holder of a grant first opened and first downloaded a version.
CREATE TABLE document_reading (
    practice_id   BLOB NOT NULL,
    document_id   BLOB NOT NULL,
    access_id     BLOB NOT NULL,
    number        INTEGER NOT NULL,
    opened_at     INTEGER,
    downloaded_at INTEGER,
    PRIMARY KEY (practice_id, document_id, access_id, number),
    FOREIGN KEY (practice_id, document_id, access_id) REFERENCES document_share,
    FOREIGN KEY (practice_id, document_id, number) REFERENCES document_version
) STRICT;

-- Documents that are there: version 1 is their text, shared with the grant of the chart's owner, which is made where
-- nobody was invited yet, and with the representatives who could read it. The time of opening is the chart's, not one
-- reader's.
INSERT INTO document_version (practice_id, document_id, number, body, blob_id, file_name, created_at, by_name)
    SELECT practice_id, document_id, 1, body, NULL, '', created_at, created_by_name FROM document;
INSERT INTO portal_access (practice_id, access_id, chart_id, person_id, role, rights, state, generation, mismatches,
    since_at, by_name, reason, version, created_at, basis)
    SELECT chart.practice_id, randomblob(16), chart.chart_id, chart.owner_person_id, 'owner',
        'appointments billing documents messages forms superbills information', 'none', 0, 0,
        MIN(document.created_at), '', '', 1, MIN(document.created_at),
        CASE WHEN chart.owner_person_id = chart.person_id THEN 'self' ELSE 'other' END
    FROM document JOIN chart ON chart.practice_id = document.practice_id AND chart.chart_id = document.chart_id
    WHERE NOT EXISTS (
        SELECT 1 FROM portal_access
        WHERE portal_access.practice_id = chart.practice_id AND portal_access.chart_id = chart.chart_id
          AND portal_access.person_id = chart.owner_person_id)
    GROUP BY chart.practice_id, chart.chart_id, chart.owner_person_id, chart.person_id;
INSERT INTO document_share (practice_id, document_id, access_id, since_at, by_name, opened_version, notice)
    SELECT document.practice_id, document.document_id, portal_access.access_id, document.created_at,
        document.created_by_name, CASE WHEN document.opened_at IS NULL THEN NULL ELSE 1 END, 'none'
    FROM document
    JOIN chart ON chart.practice_id = document.practice_id AND chart.chart_id = document.chart_id
    JOIN portal_access ON portal_access.practice_id = chart.practice_id AND portal_access.chart_id = chart.chart_id
        AND (portal_access.person_id = chart.owner_person_id
            OR (portal_access.role = 'representative' AND portal_access.state = 'active'));
INSERT INTO document_reading (practice_id, document_id, access_id, number, opened_at)
    SELECT document_share.practice_id, document_share.document_id, document_share.access_id, 1, document.opened_at
    FROM document_share JOIN document ON document.practice_id = document_share.practice_id
        AND document.document_id = document_share.document_id
    WHERE document.opened_at IS NOT NULL;
ALTER TABLE document DROP COLUMN body;
ALTER TABLE document DROP COLUMN opened_at;

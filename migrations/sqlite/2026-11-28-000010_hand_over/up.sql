-- Until when the newest change of a chart's owner can be undone.
ALTER TABLE chart ADD COLUMN undo_until INTEGER;

-- Each change of a chart's owner, and what stood before and after in what it changed: an undo writes the former value
-- only where the later one still stands. Rows are added and never deleted.
CREATE TABLE chart_change (
    practice_id    BLOB NOT NULL,
    change_id      BLOB NOT NULL,
    chart_id       BLOB NOT NULL,
    from_person_id BLOB NOT NULL,
    to_person_id   BLOB NOT NULL,
    by_name        TEXT NOT NULL,
    changed_at     INTEGER NOT NULL,
    undo_until     INTEGER NOT NULL,
    undone_at      INTEGER,
    undone_by_name TEXT NOT NULL,
    PRIMARY KEY (practice_id, change_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id)
) STRICT;
CREATE INDEX chart_change_of ON chart_change (practice_id, chart_id, changed_at);

CREATE TABLE chart_change_grant (
    practice_id BLOB NOT NULL,
    change_id   BLOB NOT NULL,
    access_id   BLOB NOT NULL,
    role        TEXT NOT NULL,
    rights      TEXT NOT NULL,
    rights_then TEXT NOT NULL,
    standing    TEXT NOT NULL,
    PRIMARY KEY (practice_id, change_id, access_id),
    FOREIGN KEY (practice_id, change_id) REFERENCES chart_change (practice_id, change_id)
) STRICT;

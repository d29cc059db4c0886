-- Until when the newest change of a chart's owner can be undone.
ALTER TABLE chart ADD COLUMN undo_until BIGINT;

-- Each change of a chart's owner, and what stood before and after in what it changed: an undo writes the former value
-- only where the later one still stands. Rows are added and never deleted.
CREATE TABLE chart_change (
    practice_id    BYTEA NOT NULL,
    change_id      BYTEA NOT NULL,
    chart_id       BYTEA NOT NULL,
    from_person_id BYTEA NOT NULL,
    to_person_id   BYTEA NOT NULL,
    by_name        TEXT NOT NULL,
    changed_at     BIGINT NOT NULL,
    undo_until     BIGINT NOT NULL,
    undone_at      BIGINT,
    undone_by_name TEXT NOT NULL,
    PRIMARY KEY (practice_id, change_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id)
);
CREATE INDEX chart_change_of ON chart_change (practice_id, chart_id, changed_at);

CREATE TABLE chart_change_grant (
    practice_id BYTEA NOT NULL,
    change_id   BYTEA NOT NULL,
    access_id   BYTEA NOT NULL,
    role        TEXT NOT NULL,
    rights      TEXT NOT NULL,
    rights_then TEXT NOT NULL,
    standing    TEXT NOT NULL,
    PRIMARY KEY (practice_id, change_id, access_id),
    FOREIGN KEY (practice_id, change_id) REFERENCES chart_change (practice_id, change_id)
);

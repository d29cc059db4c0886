-- What is taken of a clinician in a month (UTC, year * 12 + month - 1): a bit for five minutes. Clinicians who had
-- appointments before this step have no rows until the next time one of theirs is booked, moved or canceled.
ALTER TABLE calendar_resource ADD COLUMN keeps_months INTEGER NOT NULL DEFAULT 0;
CREATE TABLE busy_month (
    practice_id BLOB NOT NULL,
    resource_id BLOB NOT NULL,
    month       INTEGER NOT NULL,
    cells       BLOB NOT NULL,
    PRIMARY KEY (practice_id, resource_id, month),
    FOREIGN KEY (practice_id, resource_id) REFERENCES calendar_resource
) STRICT;

-- What is taken of a clinician in a month (UTC, year * 12 + month - 1): a bit for five minutes. Clinicians who had
-- appointments before this step have no rows until the next time one of theirs is booked, moved or canceled.
ALTER TABLE calendar_resource ADD COLUMN keeps_months BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE busy_month (
    practice_id BYTEA NOT NULL,
    resource_id BYTEA NOT NULL,
    month       INTEGER NOT NULL,
    cells       BYTEA NOT NULL,
    PRIMARY KEY (practice_id, resource_id, month),
    FOREIGN KEY (practice_id, resource_id) REFERENCES calendar_resource
);

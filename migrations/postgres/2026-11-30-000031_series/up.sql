-- Appointments that come again. rrule says on which days, over civil dates (RFC 5545; see kernel/recurrence.rs), local_time
-- when, by the clock of the place. Every day of the rule up to made_until was looked at.
CREATE TABLE series (
    practice_id BYTEA NOT NULL REFERENCES practice,
    series_id   BYTEA NOT NULL,
    chart_id    BYTEA NOT NULL,
    staff_id    BYTEA NOT NULL,
    place_id    BYTEA NOT NULL,
    kind        TEXT NOT NULL,
    minutes     INTEGER NOT NULL,
    rrule       TEXT NOT NULL,
    local_time  TEXT NOT NULL,
    starts_on   TEXT NOT NULL,
    ends_on     TEXT,
    made_until  TEXT NOT NULL,
    -- The series that this one goes on with another time.
    split_from  BYTEA,
    state       TEXT NOT NULL,
    version     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, series_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member,
    FOREIGN KEY (practice_id, place_id) REFERENCES place,
    FOREIGN KEY (practice_id, split_from) REFERENCES series
);
CREATE INDEX series_chart ON series (practice_id, chart_id);
CREATE INDEX series_staff ON series (practice_id, staff_id);

-- What became of each day of a series. A day has one row at most, which stays: what was left out or canceled is not made
-- again.
CREATE TABLE series_date (
    practice_id    BYTEA NOT NULL,
    series_id      BYTEA NOT NULL,
    on_date        TEXT NOT NULL,
    effect         TEXT NOT NULL,
    appointment_id BYTEA,
    why            TEXT NOT NULL,
    PRIMARY KEY (practice_id, series_id, on_date),
    UNIQUE (practice_id, appointment_id),
    FOREIGN KEY (practice_id, series_id) REFERENCES series,
    FOREIGN KEY (practice_id, appointment_id) REFERENCES appointment
);

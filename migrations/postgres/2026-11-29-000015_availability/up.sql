-- Types of appointments: how long they take, and what must lie around them.
CREATE TABLE appointment_type (
    practice_id    BYTEA NOT NULL REFERENCES practice,
    type_id        BYTEA NOT NULL,
    kind           TEXT NOT NULL,
    name           TEXT NOT NULL,
    minutes        INTEGER NOT NULL,
    before_minutes INTEGER NOT NULL,
    after_minutes  INTEGER NOT NULL,
    grid_minutes   INTEGER NOT NULL,
    notice_hours   INTEGER NOT NULL,
    horizon_days   INTEGER NOT NULL,
    who_may_ask    TEXT NOT NULL,
    closed_at      BIGINT,
    version        BIGINT NOT NULL,
    PRIMARY KEY (practice_id, type_id),
    CHECK (minutes > 0 AND minutes % 5 = 0 AND before_minutes % 5 = 0 AND after_minutes % 5 = 0)
);

-- When a staff member is available each week, by the clock of the place. Times are minutes from midnight; weekday 1 is
-- Monday.
CREATE TABLE availability (
    practice_id     BYTEA NOT NULL,
    availability_id BYTEA NOT NULL,
    staff_id        BYTEA NOT NULL,
    place_id        BYTEA NOT NULL,
    weekday         INTEGER NOT NULL,
    from_minute     INTEGER NOT NULL,
    until_minute    INTEGER NOT NULL,
    every_weeks     INTEGER NOT NULL,
    starts_on       TEXT NOT NULL,
    ends_on         TEXT,
    PRIMARY KEY (practice_id, availability_id),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member,
    FOREIGN KEY (practice_id, place_id) REFERENCES place,
    CHECK (from_minute >= 0 AND from_minute < until_minute AND until_minute <= 1440)
);
CREATE INDEX availability_staff ON availability (practice_id, staff_id, ends_on);

-- One day on which the weekly hours do not hold, or further hours do.
CREATE TABLE availability_day (
    practice_id     BYTEA NOT NULL,
    availability_id BYTEA NOT NULL,
    staff_id        BYTEA NOT NULL,
    place_id        BYTEA,
    on_date         TEXT NOT NULL,
    effect          TEXT NOT NULL,
    from_minute     INTEGER NOT NULL,
    until_minute    INTEGER NOT NULL,
    PRIMARY KEY (practice_id, availability_id),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member,
    FOREIGN KEY (practice_id, place_id) REFERENCES place,
    CHECK (from_minute >= 0 AND from_minute < until_minute AND until_minute <= 1440)
);
CREATE INDEX availability_day_staff ON availability_day (practice_id, staff_id, on_date);

-- Time off of a staff member; without one, time in which a place or the whole practice is closed. By the clock of each
-- place.
CREATE TABLE time_off (
    practice_id BYTEA NOT NULL REFERENCES practice,
    time_off_id BYTEA NOT NULL,
    staff_id    BYTEA,
    place_id    BYTEA,
    from_local  TEXT NOT NULL,
    until_local TEXT NOT NULL,
    note        TEXT NOT NULL,
    PRIMARY KEY (practice_id, time_off_id),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member,
    FOREIGN KEY (practice_id, place_id) REFERENCES place,
    CHECK (from_local < until_local)
);
CREATE INDEX time_off_staff ON time_off (practice_id, staff_id, until_local);
-- What is booked gets its reminders, which are planned anew when these jobs first run.
INSERT INTO due_job (practice_id, job_id, kind, subject, due_at, state, attempt, tries, crashes, created_at)
SELECT practice_id, uuid_send(gen_random_uuid()), 'appointment-reminder', appointment_id, starts_at - 4 * 86400000000, 'waiting', 0, 0, 0, created_at
FROM appointment WHERE state = 'booked';

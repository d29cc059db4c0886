-- Where clients and clinicians meet. A place's zone decides what a wall clock there means.
CREATE TABLE place (
    practice_id BLOB NOT NULL REFERENCES practice,
    place_id    BLOB NOT NULL,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    time_zone   TEXT NOT NULL,
    address     TEXT NOT NULL,
    phone       TEXT NOT NULL,
    directions  TEXT NOT NULL,
    closed_at   INTEGER,
    version     INTEGER NOT NULL,
    PRIMARY KEY (practice_id, place_id)
) STRICT;

-- Every practice begins with a place where clients come and one by video.
INSERT INTO place (practice_id, place_id, kind, name, time_zone, address, phone, directions, version)
SELECT practice_id, randomblob(16), 'office', name, time_zone, postal_address, phone, '', 1 FROM practice;
INSERT INTO place (practice_id, place_id, kind, name, time_zone, address, phone, directions, version)
SELECT practice_id, randomblob(16), 'video', 'Video', time_zone, '', '', '', 1 FROM practice;

-- Who can be in one place at a time: resource_id is the id of the staff member or the chart. Whoever books locks
-- these rows in the order of their ids.
CREATE TABLE calendar_resource (
    practice_id BLOB NOT NULL REFERENCES practice,
    resource_id BLOB NOT NULL,
    kind        TEXT NOT NULL,
    version     INTEGER NOT NULL,
    PRIMARY KEY (practice_id, resource_id)
) STRICT;

-- The time that a resource is taken, from starts_at up to ends_at; owner_id is the appointment.
CREATE TABLE busy (
    practice_id BLOB NOT NULL,
    resource_id BLOB NOT NULL,
    starts_at   INTEGER NOT NULL,
    owner_id    BLOB NOT NULL,
    ends_at     INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    exclusive   INTEGER NOT NULL,
    PRIMARY KEY (practice_id, resource_id, starts_at, owner_id),
    FOREIGN KEY (practice_id, resource_id) REFERENCES calendar_resource,
    CHECK (ends_at > starts_at AND ends_at - starts_at <= 86400000000)
) STRICT;
CREATE INDEX busy_owner ON busy (practice_id, owner_id);
-- No two exclusive rows of a resource overlap, whatever writes them.
CREATE TRIGGER busy_insert BEFORE INSERT ON busy WHEN NEW.exclusive AND EXISTS (
    SELECT 1 FROM busy
    WHERE practice_id = NEW.practice_id AND resource_id = NEW.resource_id AND exclusive
      AND starts_at < NEW.ends_at AND starts_at > NEW.starts_at - 86400000000 AND ends_at > NEW.starts_at)
BEGIN SELECT RAISE(ABORT, 'busy_overlap'); END;
CREATE TRIGGER busy_update BEFORE UPDATE ON busy WHEN NEW.exclusive AND EXISTS (
    SELECT 1 FROM busy
    WHERE practice_id = NEW.practice_id AND resource_id = NEW.resource_id AND exclusive
      AND NOT (resource_id = OLD.resource_id AND starts_at = OLD.starts_at AND owner_id = OLD.owner_id)
      AND starts_at < NEW.ends_at AND starts_at > NEW.starts_at - 86400000000 AND ends_at > NEW.starts_at)
BEGIN SELECT RAISE(ABORT, 'busy_overlap'); END;

-- An appointment has one row for each client who is expected (appointment_party), and a place.
ALTER TABLE appointment RENAME TO appointment_before;
CREATE TABLE appointment (
    practice_id    BLOB NOT NULL,
    appointment_id BLOB NOT NULL,
    request_id     BLOB,
    staff_id       BLOB NOT NULL,
    place_id       BLOB NOT NULL,
    kind           TEXT NOT NULL,
    starts_at      INTEGER NOT NULL,
    ends_at        INTEGER NOT NULL,
    state          TEXT NOT NULL,
    ics_sequence   INTEGER NOT NULL,
    changed_at     INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    PRIMARY KEY (practice_id, appointment_id),
    UNIQUE (practice_id, request_id),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member,
    FOREIGN KEY (practice_id, place_id) REFERENCES place,
    CHECK (ends_at > starts_at)
) STRICT;
INSERT INTO appointment (practice_id, appointment_id, request_id, staff_id, place_id, kind, starts_at, ends_at, state,
                         ics_sequence, changed_at, created_at, version)
SELECT practice_id, appointment_id, request_id, staff_id,
    (SELECT place_id FROM place
     WHERE place.practice_id = appointment_before.practice_id
       AND place.kind = CASE appointment_before.place WHEN 'video' THEN 'video' ELSE 'office' END),
    kind, starts_at, starts_at + minutes * 60000000, state, 0, created_at, created_at, 1
FROM appointment_before;
CREATE TABLE appointment_party (
    practice_id    BLOB NOT NULL,
    appointment_id BLOB NOT NULL,
    party_id       BLOB NOT NULL,
    chart_id       BLOB NOT NULL,
    state          TEXT NOT NULL,
    decided_by     TEXT NOT NULL,
    decided_at     INTEGER,
    reason_code    TEXT NOT NULL,
    words          TEXT NOT NULL,
    PRIMARY KEY (practice_id, appointment_id, party_id),
    UNIQUE (practice_id, appointment_id, chart_id),
    FOREIGN KEY (practice_id, appointment_id) REFERENCES appointment,
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
) STRICT;
CREATE INDEX appointment_party_chart ON appointment_party (practice_id, chart_id, appointment_id);
INSERT INTO appointment_party
    (practice_id, appointment_id, party_id, chart_id, state, decided_by, decided_at, reason_code, words)
SELECT practice_id, appointment_id, randomblob(16), chart_id,
       CASE state WHEN 'canceled' THEN 'canceled' ELSE 'expected' END, '', NULL, '', ''
FROM appointment_before;
DROP TABLE appointment_before;
CREATE INDEX appointment_staff ON appointment (practice_id, staff_id, starts_at);
CREATE INDEX appointment_state ON appointment (practice_id, state, starts_at);
CREATE INDEX appointment_place ON appointment (practice_id, place_id);

-- What is booked takes its time of the clinician and of the client. Before this step staff could book one time
-- twice: of such appointments the first is exclusive, and the others only keep later bookings away.
INSERT INTO calendar_resource (practice_id, resource_id, kind, version)
SELECT DISTINCT practice_id, staff_id, 'staff', 1 FROM appointment WHERE state = 'booked';
INSERT INTO calendar_resource (practice_id, resource_id, kind, version)
SELECT DISTINCT p.practice_id, p.chart_id, 'chart', 1
FROM appointment_party p
JOIN appointment a ON a.practice_id = p.practice_id AND a.appointment_id = p.appointment_id
WHERE a.state = 'booked';
INSERT INTO busy (practice_id, resource_id, starts_at, owner_id, ends_at, kind, exclusive)
WITH taken AS (
    SELECT practice_id, staff_id AS resource_id, appointment_id, starts_at, ends_at
    FROM appointment WHERE state = 'booked'
    UNION ALL
    SELECT a.practice_id, p.chart_id, a.appointment_id, a.starts_at, a.ends_at
    FROM appointment a
    JOIN appointment_party p ON p.practice_id = a.practice_id AND p.appointment_id = a.appointment_id
    WHERE a.state = 'booked'
)
SELECT t.practice_id, t.resource_id, t.starts_at, t.appointment_id, t.ends_at, 'appointment', NOT EXISTS (
    SELECT 1 FROM taken o
    WHERE o.practice_id = t.practice_id AND o.resource_id = t.resource_id
      AND o.starts_at < t.ends_at AND o.ends_at > t.starts_at
      AND (o.starts_at < t.starts_at OR (o.starts_at = t.starts_at AND o.appointment_id < t.appointment_id)))
FROM taken t;

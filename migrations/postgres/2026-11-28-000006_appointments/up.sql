-- Where clients and clinicians meet. A place's zone decides what a wall clock there means.
CREATE TABLE place (
    practice_id BYTEA NOT NULL REFERENCES practice,
    place_id    BYTEA NOT NULL,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    time_zone   TEXT NOT NULL,
    address     TEXT NOT NULL,
    phone       TEXT NOT NULL,
    directions  TEXT NOT NULL,
    closed_at   BIGINT,
    version     BIGINT NOT NULL,
    PRIMARY KEY (practice_id, place_id)
);

-- Every practice begins with a place where clients come and one by video.
INSERT INTO place (practice_id, place_id, kind, name, time_zone, address, phone, directions, version)
SELECT practice_id, uuid_send(gen_random_uuid()), 'office', name, time_zone, postal_address, phone, '', 1 FROM practice;
INSERT INTO place (practice_id, place_id, kind, name, time_zone, address, phone, directions, version)
SELECT practice_id, uuid_send(gen_random_uuid()), 'video', 'Video', time_zone, '', '', '', 1 FROM practice;

-- Who can be in one place at a time: resource_id is the id of the staff member or the chart. Whoever books locks
-- these rows in the order of their ids.
CREATE TABLE calendar_resource (
    practice_id BYTEA NOT NULL REFERENCES practice,
    resource_id BYTEA NOT NULL,
    kind        TEXT NOT NULL,
    version     BIGINT NOT NULL,
    PRIMARY KEY (practice_id, resource_id)
);

-- The time that a resource is taken, from starts_at up to ends_at; owner_id is the appointment.
CREATE TABLE busy (
    practice_id BYTEA NOT NULL,
    resource_id BYTEA NOT NULL,
    starts_at   BIGINT NOT NULL,
    owner_id    BYTEA NOT NULL,
    ends_at     BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    exclusive   BOOLEAN NOT NULL,
    PRIMARY KEY (practice_id, resource_id, starts_at, owner_id),
    FOREIGN KEY (practice_id, resource_id) REFERENCES calendar_resource,
    CHECK (ends_at > starts_at AND ends_at - starts_at <= 86400000000)
);
CREATE INDEX busy_owner ON busy (practice_id, owner_id);
-- No two exclusive rows of a resource overlap, whatever writes them. btree_gist is a trusted extension: the right to
-- create in the database suffices. Where it cannot be had, the lock on calendar_resource decides alone.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS btree_gist;
    ALTER TABLE busy ADD CONSTRAINT busy_overlap EXCLUDE USING gist
        (practice_id WITH =, resource_id WITH =, int8range(starts_at, ends_at) WITH &&) WHERE (exclusive);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE WARNING 'btree_gist is not available: no constraint backs up the lock against double booking';
END
$$;

-- An appointment has one row for each client who is expected (appointment_party), and a place.
ALTER TABLE appointment
    ADD COLUMN place_id     BYTEA,
    ADD COLUMN ends_at      BIGINT,
    ADD COLUMN ics_sequence INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN changed_at   BIGINT,
    ADD COLUMN version      BIGINT NOT NULL DEFAULT 1;
UPDATE appointment SET
    place_id = (SELECT place_id FROM place
     WHERE place.practice_id = appointment.practice_id
       AND place.kind = CASE appointment.place WHEN 'video' THEN 'video' ELSE 'office' END),
    ends_at = starts_at + minutes * 60000000::bigint,
    changed_at = created_at;
CREATE TABLE appointment_party (
    practice_id    BYTEA NOT NULL,
    appointment_id BYTEA NOT NULL,
    party_id       BYTEA NOT NULL,
    chart_id       BYTEA NOT NULL,
    state          TEXT NOT NULL,
    decided_by     TEXT NOT NULL,
    decided_at     BIGINT,
    reason_code    TEXT NOT NULL,
    words          TEXT NOT NULL,
    PRIMARY KEY (practice_id, appointment_id, party_id),
    UNIQUE (practice_id, appointment_id, chart_id),
    FOREIGN KEY (practice_id, appointment_id) REFERENCES appointment,
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
);
CREATE INDEX appointment_party_chart ON appointment_party (practice_id, chart_id, appointment_id);
INSERT INTO appointment_party
    (practice_id, appointment_id, party_id, chart_id, state, decided_by, decided_at, reason_code, words)
SELECT practice_id, appointment_id, uuid_send(gen_random_uuid()), chart_id,
       CASE state WHEN 'canceled' THEN 'canceled' ELSE 'expected' END, '', NULL, '', ''
FROM appointment;
ALTER TABLE appointment
    ALTER COLUMN place_id SET NOT NULL,
    ALTER COLUMN ends_at SET NOT NULL,
    ALTER COLUMN changed_at SET NOT NULL,
    ALTER COLUMN ics_sequence DROP DEFAULT,
    ALTER COLUMN version DROP DEFAULT,
    ADD FOREIGN KEY (practice_id, place_id) REFERENCES place,
    ADD CHECK (ends_at > starts_at),
    DROP COLUMN chart_id,
    DROP COLUMN minutes,
    DROP COLUMN place;
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

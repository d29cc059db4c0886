-- A request is a conversation: asked times and offers are rows of their own, and the request says by when it is
-- answered, until when its times are kept and when it lapses. Whoever waits already was told no day; their request
-- falls due two days after it was made.
ALTER TABLE appointment_request ADD COLUMN type_id BYTEA;
ALTER TABLE appointment_request ADD COLUMN answer_by BIGINT;
ALTER TABLE appointment_request ADD COLUMN hold_until BIGINT;
ALTER TABLE appointment_request ADD COLUMN lapses_at BIGINT;
ALTER TABLE appointment_request ADD COLUMN times_seq INTEGER NOT NULL DEFAULT 1;
ALTER TABLE appointment_request ADD COLUMN last_seq INTEGER NOT NULL DEFAULT 1;
UPDATE appointment_request SET answer_by = created_at + 2 * 86400000000::bigint WHERE state = 'waiting';
INSERT INTO due_job (practice_id, job_id, kind, subject, due_at, state, attempt, tries, crashes, created_at)
SELECT practice_id, uuid_send(gen_random_uuid()), 'request-clock', request_id, answer_by, 'waiting', 0, 0, 0, created_at
FROM appointment_request WHERE state = 'waiting';
CREATE INDEX appointment_request_due ON appointment_request (practice_id, state, answer_by);

-- What was said after the question and before the end of a request: the practice's offers, the client's answers to them.
CREATE TABLE request_step (
    practice_id BYTEA   NOT NULL,
    request_id  BYTEA   NOT NULL,
    seq         INTEGER NOT NULL,
    act         TEXT    NOT NULL,
    at          BIGINT NOT NULL,
    account_id  BYTEA,
    by_name     TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    PRIMARY KEY (practice_id, request_id, seq),
    FOREIGN KEY (practice_id, request_id) REFERENCES appointment_request
);

-- The times of a step; those of the question have the number 1. struck_at: from when on it was somebody else's.
CREATE TABLE request_time (
    practice_id BYTEA   NOT NULL,
    request_id  BYTEA   NOT NULL,
    seq         INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    starts_at   BIGINT NOT NULL,
    ends_at     BIGINT NOT NULL,
    staff_id    BYTEA   NOT NULL,
    place_id    BYTEA   NOT NULL,
    struck_at   BIGINT,
    PRIMARY KEY (practice_id, request_id, seq, position),
    FOREIGN KEY (practice_id, request_id) REFERENCES appointment_request,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member,
    FOREIGN KEY (practice_id, place_id) REFERENCES place,
    CHECK (ends_at > starts_at)
);
CREATE INDEX request_time_start ON request_time (practice_id, starts_at);
CREATE INDEX request_time_staff ON request_time (practice_id, staff_id);
CREATE INDEX request_time_place ON request_time (practice_id, place_id);

-- Times that are kept for a client, until hold_until. They keep other clients away, not staff; owner_id is the request.
CREATE TABLE calendar_hold (
    practice_id BYTEA   NOT NULL,
    resource_id BYTEA   NOT NULL,
    starts_at   BIGINT NOT NULL,
    owner_id    BYTEA   NOT NULL,
    ends_at     BIGINT NOT NULL,
    chart_id    BYTEA   NOT NULL,
    hold_until  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, resource_id, starts_at, owner_id),
    FOREIGN KEY (practice_id, resource_id) REFERENCES calendar_resource,
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    CHECK (ends_at > starts_at AND ends_at - starts_at <= 86400000000)
);
CREATE INDEX calendar_hold_owner ON calendar_hold (practice_id, owner_id);
CREATE INDEX calendar_hold_chart ON calendar_hold (practice_id, chart_id);

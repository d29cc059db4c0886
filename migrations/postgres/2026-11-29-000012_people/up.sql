-- The next day on which a grant opens less by itself, once that is near, and what was told of it. It is for people to
-- read: what a grant opens is decided without it.
CREATE TABLE access_notice (
    practice_id BYTEA NOT NULL,
    access_id   BYTEA NOT NULL,
    on_day      TEXT NOT NULL,
    days        INTEGER NOT NULL,
    mailed_at   BIGINT,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, access_id),
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access (practice_id, access_id)
);
CREATE INDEX access_notice_day ON access_notice (practice_id, on_day);

-- Each grant that ends by itself is looked at once, and then when its day comes near.
INSERT INTO due_job (practice_id, job_id, kind, subject, due_at, state, attempt, tries, crashes, created_at)
SELECT practice_id, uuid_send(gen_random_uuid()), 'access-ahead', access_id, since_at, 'waiting', 0, 0, 0, since_at
FROM portal_access
WHERE state = 'active' AND (ends_on IS NOT NULL
    OR basis IN ('parent', 'in_loco_parentis', 'minor_guardian', 'co_parent_order'));

-- What somebody with access reports about who looked at a record, and what the practice answers.
CREATE TABLE concern (
    practice_id      BYTEA NOT NULL,
    concern_id       BYTEA NOT NULL,
    chart_id         BYTEA NOT NULL,
    access_id        BYTEA NOT NULL,
    text             TEXT NOT NULL,
    raised_at        BIGINT NOT NULL,
    answer           TEXT,
    answered_at      BIGINT,
    answered_by_name TEXT NOT NULL,
    PRIMARY KEY (practice_id, concern_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id),
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access (practice_id, access_id)
);
CREATE INDEX concern_open ON concern (practice_id, answered_at, raised_at);
CREATE INDEX concern_of ON concern (practice_id, access_id, raised_at);

-- Work that falls due. A job that is done has no row; subject is the id of what it is about. Jobs of the whole
-- installation stand under the practice id of zeros, so practice_id refers to no practice.
CREATE TABLE due_job (
    practice_id BLOB NOT NULL,
    job_id      BLOB NOT NULL,
    kind        TEXT NOT NULL,
    subject     BLOB NOT NULL,
    due_at      INTEGER NOT NULL,
    state       TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    tries       INTEGER NOT NULL,
    crashes     INTEGER NOT NULL,
    lease_until INTEGER,
    leased_by   TEXT,
    last_error  TEXT,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, job_id),
    UNIQUE (practice_id, kind, subject)
) STRICT;
-- The first finds what has become due; the second lets a worker step from practice to practice.
CREATE INDEX due_job_due ON due_job (state, due_at);
CREATE INDEX due_job_practice ON due_job (state, practice_id, due_at);

-- Links that are out have their reminders, which are planned anew when these jobs first run; addresses of links
-- that nobody used are forgotten 30 days after the link's end.
INSERT INTO due_job (practice_id, job_id, kind, subject, due_at, state, attempt, tries, crashes, created_at)
SELECT practice_id, randomblob(16), 'invitation-reminder', invitation_id, sent_at, 'waiting', 0, 0, 0, sent_at
FROM invitation WHERE state = 'live' AND channel = 'mail';
INSERT INTO due_job (practice_id, job_id, kind, subject, due_at, state, attempt, tries, crashes, created_at)
SELECT practice_id, randomblob(16), 'invitation-forget', invitation_id, expires_at + 2592000000000, 'waiting', 0, 0, 0, sent_at
FROM invitation WHERE state <> 'accepted' AND address IS NOT NULL;
DROP INDEX invitation_unused;

-- What is tidied away is found by its age.
CREATE INDEX one_time_link_age ON one_time_link (expires_at);
CREATE INDEX session_age ON session (created_at);
CREATE INDEX known_device_age ON known_device (seen_at);
CREATE INDEX person_address_retried ON person_address (retried_at) WHERE retried_at IS NOT NULL;
CREATE INDEX form_draft_age ON form_draft (expires_at);
CREATE INDEX idempotent_request_age ON idempotent_request (created_at);
CREATE INDEX sent_form_age ON sent_form (created_at);
CREATE INDEX attempt_counter_age ON attempt_counter (window_start);

-- What an insurer asks for beside numbers: the kind of a clinician's work, by a code; who supervised a visit; the
-- client's sex, as the insurer has it on file; and what a code of a diagnosis says, in the practice's own words.
ALTER TABLE billing_identity ADD COLUMN taxonomy TEXT NOT NULL DEFAULT '';
ALTER TABLE encounter ADD COLUMN supervisor_id BYTEA;
ALTER TABLE person ADD COLUMN sex TEXT NOT NULL DEFAULT '';
CREATE TABLE diagnosis_words (
    practice_id BYTEA NOT NULL REFERENCES practice,
    code        TEXT  NOT NULL,
    words       TEXT  NOT NULL,
    by_name     TEXT  NOT NULL,
    changed_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, code)
);

-- What a practice does, with the words in which clients read it.
CREATE TABLE service (
    practice_id BLOB NOT NULL REFERENCES practice,
    service_id  BLOB NOT NULL,
    code        TEXT NOT NULL,
    label       TEXT NOT NULL,
    label_es    TEXT NOT NULL,
    units       INTEGER NOT NULL CHECK (units BETWEEN 1 AND 999),
    modifiers   TEXT NOT NULL,
    state       TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    PRIMARY KEY (practice_id, service_id)
) STRICT;

-- The price of a service from a day on: of one clinician, or, with 16 zero bytes, of everybody who has none of their
-- own. A charge keeps the price that it was posted with.
CREATE TABLE service_price (
    practice_id BLOB NOT NULL,
    service_id  BLOB NOT NULL,
    staff_id    BLOB NOT NULL,
    from_on     TEXT NOT NULL,
    amount      INTEGER NOT NULL CHECK (amount > 0),
    currency    TEXT NOT NULL,
    by_name     TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, service_id, staff_id, from_on),
    FOREIGN KEY (practice_id, service_id) REFERENCES service
) STRICT;

-- A lower fee that was agreed with a client, in hundredths of a percent of each fee.
CREATE TABLE fee_agreement (
    practice_id  BLOB NOT NULL,
    chart_id     BLOB NOT NULL,
    from_on      TEXT NOT NULL,
    to_on        TEXT,
    basis_points INTEGER NOT NULL CHECK (basis_points BETWEEN 0 AND 10000),
    reason       TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (practice_id, chart_id, from_on),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
) STRICT;

-- Who pays what part of the fees of a chart, from a day of service on. The parts of one day add up to 10,000. Where
-- there is none, the client pays all.
CREATE TABLE responsibility (
    practice_id  BLOB NOT NULL,
    chart_id     BLOB NOT NULL,
    from_on      TEXT NOT NULL,
    position     INTEGER NOT NULL,
    party_id     BLOB NOT NULL,
    basis_points INTEGER NOT NULL CHECK (basis_points BETWEEN 1 AND 10000),
    reason       TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (practice_id, chart_id, from_on, position),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, party_id) REFERENCES party
) STRICT;

CREATE TABLE insurer (
    practice_id BLOB NOT NULL REFERENCES practice,
    insurer_id  BLOB NOT NULL,
    name        TEXT NOT NULL,
    name_key    TEXT NOT NULL,
    payer_code  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, insurer_id),
    UNIQUE (practice_id, name_key)
) STRICT;

-- With whom a client is insured, and under which number.
CREATE TABLE billing_insurance (
    practice_id   BLOB NOT NULL,
    insurance_id   BLOB NOT NULL,
    chart_id      BLOB NOT NULL,
    insurer_id    BLOB NOT NULL,
    member_number TEXT NOT NULL,
    group_number  TEXT NOT NULL,
    subscriber    TEXT NOT NULL,
    from_on       TEXT NOT NULL,
    to_on         TEXT,
    by_name       TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (practice_id, insurance_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, insurer_id) REFERENCES insurer
) STRICT;
CREATE INDEX billing_insurance_chart ON billing_insurance (practice_id, chart_id);

-- A visit that is charged: by whom, where, and why in codes. An appointment is charged once for each client.
CREATE TABLE encounter (
    practice_id      BLOB NOT NULL,
    encounter_id     BLOB NOT NULL,
    chart_id         BLOB NOT NULL,
    appointment_id   BLOB,
    on_date          TEXT NOT NULL,
    staff_id         BLOB,
    place_of_service TEXT NOT NULL,
    diagnoses        TEXT NOT NULL,
    label            TEXT NOT NULL,
    by_name          TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    PRIMARY KEY (practice_id, encounter_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, appointment_id) REFERENCES appointment,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member
) STRICT;
CREATE INDEX encounter_chart ON encounter (practice_id, chart_id, on_date);
CREATE UNIQUE INDEX encounter_appointment ON encounter (practice_id, appointment_id, chart_id);

-- What a charge copies of its service, so that a later price or label changes nothing that was posted.
ALTER TABLE charge ADD COLUMN encounter_id BLOB;
ALTER TABLE charge ADD COLUMN service_id BLOB;
ALTER TABLE charge ADD COLUMN code TEXT NOT NULL DEFAULT '';
ALTER TABLE charge ADD COLUMN modifiers TEXT NOT NULL DEFAULT '';
ALTER TABLE charge ADD COLUMN units INTEGER NOT NULL DEFAULT 1;
ALTER TABLE charge ADD COLUMN insurance_id BLOB;
-- self_pay, insured, or withheld: paid by the client in full and told to no insurer (45 CFR 164.522(a)(1)(vi)).
ALTER TABLE charge ADD COLUMN payer TEXT NOT NULL DEFAULT 'self_pay';
CREATE INDEX charge_insurance ON charge (practice_id, insurance_id);

-- What an insurer sent: the lines of one check add up to it. The same check is taken once.
CREATE TABLE remittance (
    practice_id   BLOB NOT NULL,
    remittance_id BLOB NOT NULL,
    insurer_id    BLOB NOT NULL,
    reference     TEXT NOT NULL,
    paid_on       TEXT NOT NULL,
    total         INTEGER NOT NULL,
    currency      TEXT NOT NULL,
    by_name       TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (practice_id, remittance_id),
    UNIQUE (practice_id, insurer_id, reference),
    FOREIGN KEY (practice_id, insurer_id) REFERENCES insurer
) STRICT;
CREATE TABLE remittance_line (
    practice_id   BLOB NOT NULL,
    remittance_id BLOB NOT NULL,
    n             INTEGER NOT NULL,
    charge_id     BLOB NOT NULL,
    paid          INTEGER NOT NULL,
    contractual   INTEGER NOT NULL,
    client        INTEGER NOT NULL,
    PRIMARY KEY (practice_id, remittance_id, n),
    UNIQUE (practice_id, remittance_id, charge_id),
    FOREIGN KEY (practice_id, remittance_id) REFERENCES remittance,
    FOREIGN KEY (practice_id, charge_id) REFERENCES charge
) STRICT;

-- A request to pay charges, frozen as it was made. charges: ids in their order, with a space between.
CREATE TABLE invoice (
    practice_id    BLOB NOT NULL,
    invoice_id     BLOB NOT NULL,
    number         TEXT NOT NULL,
    chart_id       BLOB NOT NULL,
    party_id       BLOB NOT NULL,
    state          TEXT NOT NULL,
    due_on         TEXT NOT NULL,
    charges        TEXT NOT NULL,
    data           TEXT NOT NULL,
    sha256         TEXT NOT NULL,
    reason         TEXT NOT NULL,
    issued_by_name TEXT NOT NULL,
    issued_at      INTEGER NOT NULL,
    PRIMARY KEY (practice_id, invoice_id),
    UNIQUE (practice_id, number),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, party_id) REFERENCES party
) STRICT;
CREATE INDEX invoice_chart ON invoice (practice_id, chart_id, invoice_id);

-- What a client sends to an insurer, frozen as it was made.
CREATE TABLE superbill (
    practice_id    BLOB NOT NULL,
    superbill_id   BLOB NOT NULL,
    number         TEXT NOT NULL,
    chart_id       BLOB NOT NULL,
    party_id       BLOB NOT NULL,
    data           TEXT NOT NULL,
    sha256         TEXT NOT NULL,
    issued_by_name TEXT NOT NULL,
    issued_at      INTEGER NOT NULL,
    PRIMARY KEY (practice_id, superbill_id),
    UNIQUE (practice_id, number),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, party_id) REFERENCES party
) STRICT;
CREATE INDEX superbill_chart ON superbill (practice_id, chart_id, superbill_id);

-- By which numbers insurers know the practice (16 zero bytes) and its clinicians.
CREATE TABLE billing_identity (
    practice_id BLOB NOT NULL REFERENCES practice,
    staff_id    BLOB NOT NULL,
    npi         TEXT NOT NULL,
    tax_id      TEXT NOT NULL,
    credentials TEXT NOT NULL,
    license     TEXT NOT NULL,
    changed_at  INTEGER NOT NULL,
    PRIMARY KEY (practice_id, staff_id)
) STRICT;

-- A payment that the client's bank asks back, as the provider tells of it. withdrawn and fee: what the provider took.
CREATE TABLE dispute (
    practice_id BLOB NOT NULL,
    dispute_id  BLOB NOT NULL,
    provider_id TEXT NOT NULL,
    payment_id  BLOB NOT NULL,
    chart_id    BLOB NOT NULL,
    amount      INTEGER NOT NULL,
    currency    TEXT NOT NULL,
    state       TEXT NOT NULL,
    withdrawn   INTEGER NOT NULL,
    fee         INTEGER NOT NULL,
    due_at      INTEGER,
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    PRIMARY KEY (practice_id, dispute_id),
    UNIQUE (practice_id, provider_id),
    FOREIGN KEY (practice_id, payment_id) REFERENCES payment,
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
) STRICT;
CREATE INDEX dispute_payment ON dispute (practice_id, payment_id);
CREATE INDEX dispute_chart ON dispute (practice_id, chart_id);

-- What the provider paid back of a payment beyond what was left of it here.
ALTER TABLE checkout ADD COLUMN returned_beyond INTEGER NOT NULL DEFAULT 0;

-- A person pays on one account, and on a second one of their own for visits that nobody else is to see.
PRAGMA defer_foreign_keys = ON;
CREATE INDEX posting_party_for_the_step ON posting (practice_id, party_id);
CREATE INDEX payment_part_party_for_the_step ON payment_part (practice_id, party_id);
CREATE INDEX statement_party_for_the_step ON statement (practice_id, party_id);
CREATE INDEX checkout_party_for_the_step ON checkout (practice_id, party_id);
CREATE TABLE party_before AS SELECT practice_id, party_id, person_id, created_at FROM party;
DROP TABLE party;
CREATE TABLE party (
    practice_id BLOB NOT NULL,
    party_id    BLOB NOT NULL,
    person_id   BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    purpose     TEXT NOT NULL DEFAULT 'usual',
    PRIMARY KEY (practice_id, party_id),
    UNIQUE (practice_id, person_id, purpose),
    FOREIGN KEY (practice_id, person_id) REFERENCES person
) STRICT;
INSERT INTO party (practice_id, party_id, person_id, created_at)
SELECT practice_id, party_id, person_id, created_at FROM party_before;
DROP TABLE party_before;
DROP INDEX posting_party_for_the_step;
DROP INDEX payment_part_party_for_the_step;
DROP INDEX statement_party_for_the_step;
DROP INDEX checkout_party_for_the_step;

-- What a practice does, with the words in which clients read it.
CREATE TABLE service (
    practice_id BYTEA NOT NULL REFERENCES practice,
    service_id  BYTEA NOT NULL,
    code        TEXT NOT NULL,
    label       TEXT NOT NULL,
    label_es    TEXT NOT NULL,
    units       INTEGER NOT NULL CHECK (units BETWEEN 1 AND 999),
    modifiers   TEXT NOT NULL,
    state       TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    PRIMARY KEY (practice_id, service_id)
);

-- The price of a service from a day on: of one clinician, or, with 16 zero bytes, of everybody who has none of their
-- own. A charge keeps the price that it was posted with.
CREATE TABLE service_price (
    practice_id BYTEA NOT NULL,
    service_id  BYTEA NOT NULL,
    staff_id    BYTEA NOT NULL,
    from_on     TEXT NOT NULL,
    amount      BIGINT NOT NULL CHECK (amount > 0),
    currency    TEXT NOT NULL,
    by_name     TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, service_id, staff_id, from_on),
    FOREIGN KEY (practice_id, service_id) REFERENCES service
);

-- A lower fee that was agreed with a client, in hundredths of a percent of each fee.
CREATE TABLE fee_agreement (
    practice_id  BYTEA NOT NULL,
    chart_id     BYTEA NOT NULL,
    from_on      TEXT NOT NULL,
    to_on        TEXT,
    basis_points INTEGER NOT NULL CHECK (basis_points BETWEEN 0 AND 10000),
    reason       TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (practice_id, chart_id, from_on),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
);

-- Who pays what part of the fees of a chart, from a day of service on. The parts of one day add up to 10,000. Where
-- there is none, the client pays all.
CREATE TABLE responsibility (
    practice_id  BYTEA NOT NULL,
    chart_id     BYTEA NOT NULL,
    from_on      TEXT NOT NULL,
    position     INTEGER NOT NULL,
    party_id     BYTEA NOT NULL,
    basis_points INTEGER NOT NULL CHECK (basis_points BETWEEN 1 AND 10000),
    reason       TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (practice_id, chart_id, from_on, position),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, party_id) REFERENCES party
);

CREATE TABLE insurer (
    practice_id BYTEA NOT NULL REFERENCES practice,
    insurer_id  BYTEA NOT NULL,
    name        TEXT NOT NULL,
    name_key    TEXT NOT NULL,
    payer_code  TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, insurer_id),
    UNIQUE (practice_id, name_key)
);

-- With whom a client is insured, and under which number.
CREATE TABLE billing_insurance (
    practice_id   BYTEA NOT NULL,
    insurance_id   BYTEA NOT NULL,
    chart_id      BYTEA NOT NULL,
    insurer_id    BYTEA NOT NULL,
    member_number TEXT NOT NULL,
    group_number  TEXT NOT NULL,
    subscriber    TEXT NOT NULL,
    from_on       TEXT NOT NULL,
    to_on         TEXT,
    by_name       TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (practice_id, insurance_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, insurer_id) REFERENCES insurer
);
CREATE INDEX billing_insurance_chart ON billing_insurance (practice_id, chart_id);

-- A visit that is charged: by whom, where, and why in codes. An appointment is charged once for each client.
CREATE TABLE encounter (
    practice_id      BYTEA NOT NULL,
    encounter_id     BYTEA NOT NULL,
    chart_id         BYTEA NOT NULL,
    appointment_id   BYTEA,
    on_date          TEXT NOT NULL,
    staff_id         BYTEA,
    place_of_service TEXT NOT NULL,
    diagnoses        TEXT NOT NULL,
    label            TEXT NOT NULL,
    by_name          TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    PRIMARY KEY (practice_id, encounter_id),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, appointment_id) REFERENCES appointment,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff_member
);
CREATE INDEX encounter_chart ON encounter (practice_id, chart_id, on_date);
CREATE UNIQUE INDEX encounter_appointment ON encounter (practice_id, appointment_id, chart_id);

-- What a charge copies of its service, so that a later price or label changes nothing that was posted.
ALTER TABLE charge ADD COLUMN encounter_id BYTEA;
ALTER TABLE charge ADD COLUMN service_id BYTEA;
ALTER TABLE charge ADD COLUMN code TEXT NOT NULL DEFAULT '';
ALTER TABLE charge ADD COLUMN modifiers TEXT NOT NULL DEFAULT '';
ALTER TABLE charge ADD COLUMN units INTEGER NOT NULL DEFAULT 1;
ALTER TABLE charge ADD COLUMN insurance_id BYTEA;
-- self_pay, insured, or withheld: paid by the client in full and told to no insurer (45 CFR 164.522(a)(1)(vi)).
ALTER TABLE charge ADD COLUMN payer TEXT NOT NULL DEFAULT 'self_pay';
CREATE INDEX charge_insurance ON charge (practice_id, insurance_id);

-- What an insurer sent: the lines of one check add up to it. The same check is taken once.
CREATE TABLE remittance (
    practice_id   BYTEA NOT NULL,
    remittance_id BYTEA NOT NULL,
    insurer_id    BYTEA NOT NULL,
    reference     TEXT NOT NULL,
    paid_on       TEXT NOT NULL,
    total         BIGINT NOT NULL,
    currency      TEXT NOT NULL,
    by_name       TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (practice_id, remittance_id),
    UNIQUE (practice_id, insurer_id, reference),
    FOREIGN KEY (practice_id, insurer_id) REFERENCES insurer
);
CREATE TABLE remittance_line (
    practice_id   BYTEA NOT NULL,
    remittance_id BYTEA NOT NULL,
    n             INTEGER NOT NULL,
    charge_id     BYTEA NOT NULL,
    paid          BIGINT NOT NULL,
    contractual   BIGINT NOT NULL,
    client        BIGINT NOT NULL,
    PRIMARY KEY (practice_id, remittance_id, n),
    UNIQUE (practice_id, remittance_id, charge_id),
    FOREIGN KEY (practice_id, remittance_id) REFERENCES remittance,
    FOREIGN KEY (practice_id, charge_id) REFERENCES charge
);

-- A request to pay charges, frozen as it was made. charges: ids in their order, with a space between.
CREATE TABLE invoice (
    practice_id    BYTEA NOT NULL,
    invoice_id     BYTEA NOT NULL,
    number         TEXT NOT NULL,
    chart_id       BYTEA NOT NULL,
    party_id       BYTEA NOT NULL,
    state          TEXT NOT NULL,
    due_on         TEXT NOT NULL,
    charges        TEXT NOT NULL,
    data           TEXT NOT NULL,
    sha256         TEXT NOT NULL,
    reason         TEXT NOT NULL,
    issued_by_name TEXT NOT NULL,
    issued_at      BIGINT NOT NULL,
    PRIMARY KEY (practice_id, invoice_id),
    UNIQUE (practice_id, number),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, party_id) REFERENCES party
);
CREATE INDEX invoice_chart ON invoice (practice_id, chart_id, invoice_id);

-- What a client sends to an insurer, frozen as it was made.
CREATE TABLE superbill (
    practice_id    BYTEA NOT NULL,
    superbill_id   BYTEA NOT NULL,
    number         TEXT NOT NULL,
    chart_id       BYTEA NOT NULL,
    party_id       BYTEA NOT NULL,
    data           TEXT NOT NULL,
    sha256         TEXT NOT NULL,
    issued_by_name TEXT NOT NULL,
    issued_at      BIGINT NOT NULL,
    PRIMARY KEY (practice_id, superbill_id),
    UNIQUE (practice_id, number),
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart,
    FOREIGN KEY (practice_id, party_id) REFERENCES party
);
CREATE INDEX superbill_chart ON superbill (practice_id, chart_id, superbill_id);

-- By which numbers insurers know the practice (16 zero bytes) and its clinicians.
CREATE TABLE billing_identity (
    practice_id BYTEA NOT NULL REFERENCES practice,
    staff_id    BYTEA NOT NULL,
    npi         TEXT NOT NULL,
    tax_id      TEXT NOT NULL,
    credentials TEXT NOT NULL,
    license     TEXT NOT NULL,
    changed_at  BIGINT NOT NULL,
    PRIMARY KEY (practice_id, staff_id)
);

-- A payment that the client's bank asks back, as the provider tells of it. withdrawn and fee: what the provider took.
CREATE TABLE dispute (
    practice_id BYTEA NOT NULL,
    dispute_id  BYTEA NOT NULL,
    provider_id TEXT NOT NULL,
    payment_id  BYTEA NOT NULL,
    chart_id    BYTEA NOT NULL,
    amount      BIGINT NOT NULL,
    currency    TEXT NOT NULL,
    state       TEXT NOT NULL,
    withdrawn   BIGINT NOT NULL,
    fee         BIGINT NOT NULL,
    due_at      BIGINT,
    created_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    PRIMARY KEY (practice_id, dispute_id),
    UNIQUE (practice_id, provider_id),
    FOREIGN KEY (practice_id, payment_id) REFERENCES payment,
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart
);
CREATE INDEX dispute_payment ON dispute (practice_id, payment_id);
CREATE INDEX dispute_chart ON dispute (practice_id, chart_id);

-- What the provider paid back of a payment beyond what was left of it here.
ALTER TABLE checkout ADD COLUMN returned_beyond BIGINT NOT NULL DEFAULT 0;

-- A person pays on one account, and on a second one of their own for visits that nobody else is to see.
ALTER TABLE party ADD COLUMN purpose TEXT NOT NULL DEFAULT 'usual';
ALTER TABLE party DROP CONSTRAINT party_practice_id_person_id_key;
ALTER TABLE party ADD UNIQUE (practice_id, person_id, purpose);

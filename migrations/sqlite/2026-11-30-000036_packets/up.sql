-- Several documents that the practice sends together. A packet template names templates of documents, in their order;
-- task says what its client does with each. A position is of one item, whatever kind of item it is.
CREATE TABLE packet_template (
    practice_id        BLOB NOT NULL REFERENCES practice,
    packet_template_id BLOB NOT NULL,
    name               TEXT NOT NULL,
    sign_days          INTEGER NOT NULL,
    retired_at         INTEGER,
    changed_at         INTEGER NOT NULL,
    changed_by_name    TEXT NOT NULL,
    version            INTEGER NOT NULL,
    PRIMARY KEY (practice_id, packet_template_id)
) STRICT;

CREATE TABLE packet_template_item (
    practice_id        BLOB NOT NULL,
    packet_template_id BLOB NOT NULL,
    position           INTEGER NOT NULL,
    template_id        BLOB NOT NULL,
    task               TEXT NOT NULL,
    PRIMARY KEY (practice_id, packet_template_id, position),
    FOREIGN KEY (practice_id, packet_template_id) REFERENCES packet_template,
    FOREIGN KEY (practice_id, template_id) REFERENCES template
) STRICT;

-- A packet that was sent to one grant. How it stands is computed from its items; only that it was taken back is kept.
CREATE TABLE packet (
    practice_id        BLOB NOT NULL,
    packet_id          BLOB NOT NULL,
    packet_template_id BLOB NOT NULL,
    name               TEXT NOT NULL,
    chart_id           BLOB NOT NULL,
    access_id          BLOB NOT NULL,
    sent_at            INTEGER NOT NULL,
    sent_by_name       TEXT NOT NULL,
    withdrawn_at       INTEGER,
    withdrawn_by_name  TEXT NOT NULL,
    PRIMARY KEY (practice_id, packet_id),
    FOREIGN KEY (practice_id, packet_template_id) REFERENCES packet_template,
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id),
    FOREIGN KEY (practice_id, access_id) REFERENCES portal_access (practice_id, access_id)
) STRICT;
CREATE INDEX packet_chart ON packet (practice_id, chart_id, sent_at);
CREATE INDEX packet_access ON packet (practice_id, access_id, packet_template_id);

CREATE TABLE packet_item (
    practice_id BLOB NOT NULL,
    packet_id   BLOB NOT NULL,
    position    INTEGER NOT NULL,
    document_id BLOB NOT NULL,
    task        TEXT NOT NULL,
    PRIMARY KEY (practice_id, packet_id, position),
    FOREIGN KEY (practice_id, packet_id) REFERENCES packet,
    FOREIGN KEY (practice_id, document_id) REFERENCES document (practice_id, document_id)
) STRICT;

-- A packet on its way to many charts: who sends it, and for each chart what came of it, none before its turn.
CREATE TABLE packet_sending (
    practice_id        BLOB NOT NULL,
    sending_id         BLOB NOT NULL,
    packet_template_id BLOB NOT NULL,
    name               TEXT NOT NULL,
    by_kind            TEXT NOT NULL,
    by_id              TEXT NOT NULL,
    by_name            TEXT NOT NULL,
    begun_at           INTEGER NOT NULL,
    done_at            INTEGER,
    PRIMARY KEY (practice_id, sending_id),
    FOREIGN KEY (practice_id, packet_template_id) REFERENCES packet_template
) STRICT;
CREATE INDEX packet_sending_begun ON packet_sending (practice_id, begun_at);

CREATE TABLE packet_sending_chart (
    practice_id BLOB NOT NULL,
    sending_id  BLOB NOT NULL,
    position    INTEGER NOT NULL,
    asked       TEXT NOT NULL,
    chart_id    BLOB,
    result      TEXT,
    detail      TEXT NOT NULL,
    packet_id   BLOB,
    PRIMARY KEY (practice_id, sending_id, position),
    FOREIGN KEY (practice_id, sending_id) REFERENCES packet_sending,
    FOREIGN KEY (practice_id, chart_id) REFERENCES chart (practice_id, chart_id),
    FOREIGN KEY (practice_id, packet_id) REFERENCES packet
) STRICT;

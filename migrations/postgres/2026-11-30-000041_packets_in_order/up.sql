-- A packet whose documents its client does one after the other. What was sent keeps what its template said then. A document
-- is made for one item: by it, its place is found.
ALTER TABLE packet_template ADD COLUMN in_order BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE packet ADD COLUMN in_order BOOLEAN NOT NULL DEFAULT FALSE;
CREATE UNIQUE INDEX packet_item_document ON packet_item (practice_id, document_id);

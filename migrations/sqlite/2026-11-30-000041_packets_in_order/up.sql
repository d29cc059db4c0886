-- A packet whose documents its client does one after the other. What was sent keeps what its template said then. A document
-- is made for one item: by it, its place is found.
ALTER TABLE packet_template ADD COLUMN in_order INTEGER NOT NULL DEFAULT 0;
ALTER TABLE packet ADD COLUMN in_order INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX packet_item_document ON packet_item (practice_id, document_id);

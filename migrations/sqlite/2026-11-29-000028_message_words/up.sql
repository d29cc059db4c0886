-- The index of three-letter groups over the messages' folded texts; PostgreSQL has one of its own (message_find). It keeps
-- groups and no text, and of a text that is emptied nothing is left in it. message_words_key leads from its numbers to the
-- messages: a message's own row number may change when the file is written anew.
CREATE TABLE message_words_key (
    practice_id BLOB    NOT NULL,
    thread_id   BLOB    NOT NULL,
    seq         INTEGER NOT NULL,
    find_id     INTEGER PRIMARY KEY,
    UNIQUE (practice_id, thread_id, seq)
) STRICT;
CREATE VIRTUAL TABLE message_words USING fts5(search_text, content='', tokenize='trigram', detail='none');
INSERT INTO message_words (message_words, rank) VALUES ('secure-delete', 1);

INSERT INTO message_words_key (practice_id, thread_id, seq) SELECT practice_id, thread_id, seq FROM message;
INSERT INTO message_words (rowid, search_text)
    SELECT k.find_id, m.search_text FROM message_words_key k
    JOIN message m ON m.practice_id = k.practice_id AND m.thread_id = k.thread_id AND m.seq = k.seq
    ORDER BY k.find_id;

CREATE TRIGGER message_words_added AFTER INSERT ON message
BEGIN
    INSERT INTO message_words_key (practice_id, thread_id, seq) VALUES (NEW.practice_id, NEW.thread_id, NEW.seq);
    INSERT INTO message_words (rowid, search_text)
        SELECT find_id, NEW.search_text FROM message_words_key
        WHERE practice_id = NEW.practice_id AND thread_id = NEW.thread_id AND seq = NEW.seq;
END;

CREATE TRIGGER message_words_changed AFTER UPDATE OF search_text ON message WHEN NEW.search_text <> OLD.search_text
BEGIN
    INSERT INTO message_words (message_words, rowid, search_text)
        SELECT 'delete', find_id, OLD.search_text FROM message_words_key
        WHERE practice_id = OLD.practice_id AND thread_id = OLD.thread_id AND seq = OLD.seq;
    INSERT INTO message_words (rowid, search_text)
        SELECT find_id, NEW.search_text FROM message_words_key
        WHERE practice_id = NEW.practice_id AND thread_id = NEW.thread_id AND seq = NEW.seq;
END;

CREATE TRIGGER message_words_removed AFTER DELETE ON message
BEGIN
    INSERT INTO message_words (message_words, rowid, search_text)
        SELECT 'delete', find_id, OLD.search_text FROM message_words_key
        WHERE practice_id = OLD.practice_id AND thread_id = OLD.thread_id AND seq = OLD.seq;
    DELETE FROM message_words_key
        WHERE practice_id = OLD.practice_id AND thread_id = OLD.thread_id AND seq = OLD.seq;
END;

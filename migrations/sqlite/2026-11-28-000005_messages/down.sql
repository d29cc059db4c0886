DROP TABLE notice;
DROP TABLE thread_read;
DROP TABLE message;
DROP TABLE thread_party;
DROP TABLE message_thread;

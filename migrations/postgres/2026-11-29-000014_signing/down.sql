DROP TABLE signed_file;
DROP TABLE seal_key;
DROP TABLE econsent;
DROP TABLE signing_event;
DROP TABLE signer;
DROP TABLE signing;

// SQLite store of the Fastify baseline: schema, seed and prepared statements.
import Database from 'better-sqlite3';
import { hash } from '@node-rs/argon2';

export const ARGON = { memoryCost: 19456, timeCost: 2, parallelism: 1 };   // OWASP minimum, argon2id
export function open(file) {
  const db = new Database(file);
  db.pragma('journal_mode = WAL'); db.pragma('synchronous = ' + (process.env.SQLITE_SYNC || 'FULL')); db.pragma('busy_timeout = 20000');
  db.exec(`
  CREATE TABLE IF NOT EXISTS client(id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, dob TEXT, email TEXT);
  CREATE TABLE IF NOT EXISTS account(id INTEGER PRIMARY KEY, email TEXT UNIQUE, client_id INTEGER UNIQUE, password TEXT);
  CREATE TABLE IF NOT EXISTS session(id TEXT PRIMARY KEY, account_id INTEGER, expires INTEGER);
  CREATE TABLE IF NOT EXISTS invitation(id INTEGER PRIMARY KEY, client_id INTEGER, token_hash TEXT UNIQUE,
    created INTEGER, expires INTEGER, used INTEGER, superseded INTEGER DEFAULT 0);
  CREATE INDEX IF NOT EXISTS invitation_client ON invitation(client_id);
  CREATE TABLE IF NOT EXISTS outbox(id INTEGER PRIMARY KEY, rcpt TEXT, subject TEXT, body TEXT, sent INTEGER);
  CREATE INDEX IF NOT EXISTS outbox_sent ON outbox(sent);
  CREATE TABLE IF NOT EXISTS document(id INTEGER PRIMARY KEY, client_id INTEGER, title TEXT, shared INTEGER);
  CREATE TABLE IF NOT EXISTS appointment(id INTEGER PRIMARY KEY, client_id INTEGER, starts INTEGER, clinician TEXT);
  CREATE TABLE IF NOT EXISTS charge(id INTEGER PRIMARY KEY, client_id INTEGER, cents INTEGER, label TEXT, posted INTEGER);
  CREATE INDEX IF NOT EXISTS document_client ON document(client_id);
  CREATE INDEX IF NOT EXISTS appointment_client ON appointment(client_id);
  CREATE INDEX IF NOT EXISTS charge_client ON charge(client_id);`);
  return db;
}

// 5,000 clients; each 8 documents, 6 appointments, 8 charges; the first 500 have accounts.
export async function seed(db) {
  const pw = await hash('correct horse battery', ARGON), now = Date.now(), day = 86400e3;
  const one = (sql) => db.prepare(sql);
  const c = one('INSERT INTO client VALUES(?,?,?,?,?)'), a = one('INSERT INTO account VALUES(?,?,?,?)');
  const d = one('INSERT INTO document(client_id,title,shared) VALUES(?,?,?)');
  const p = one('INSERT INTO appointment(client_id,starts,clinician) VALUES(?,?,?)');
  const g = one('INSERT INTO charge(client_id,cents,label,posted) VALUES(?,?,?,?)');
  db.transaction(() => {
    for (let i = 1; i <= 5000; i++) {
      const dob = new Date(Date.UTC(1960, 0, 1) + i * day).toISOString().slice(0, 10);
      c.run(i, `First${i}`, `Last${i}`, dob, `client${i}@example.test`);
      if (i <= 500) a.run(i, `client${i}@example.test`, i, pw);
      for (let k = 0; k < 8; k++) d.run(i, `Your next steps, part ${k}`, now - k * day);
      for (let k = 0; k < 6; k++) p.run(i, now + (7 * k - 7) * day, 'Casey Moreno');
      for (let k = 0; k < 8; k++) g.run(i, k % 2 ? -12500 : 15000, `Session ${k}`, now - 7 * k * day);
    }
  })();
}

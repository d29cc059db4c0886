// Baseline client portal, Fastify + better-sqlite3 (benchmark use only).
import Fastify from 'fastify';
import formbody from '@fastify/formbody';
import cookie from '@fastify/cookie';
import { hash, verify } from '@node-rs/argon2';
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, seed, ARGON } from './db.js';

const PORT = Number(process.env.PORT || 8102), FILE = process.env.SQLITE || 'portal.sqlite3';
const STAFF = 'Bearer bench-staff-token', DAY = 86400e3, INVITE_DAYS = 7;
const db = open(FILE);
if (process.argv[2] === 'seed') { await seed(db); process.exit(0); }

const q = {
  account: db.prepare('SELECT * FROM account WHERE email=?'),
  addAccount: db.prepare('INSERT INTO account(email,client_id,password) VALUES(?,?,?)'),
  addSession: db.prepare('INSERT INTO session VALUES(?,?,?)'),
  session: db.prepare('SELECT c.* FROM session s JOIN account a ON a.id=s.account_id JOIN client c ON c.id=a.client_id WHERE s.id=? AND s.expires>?'),
  client: db.prepare('SELECT * FROM client WHERE id=?'),
  clients: db.prepare('SELECT * FROM client WHERE id BETWEEN ? AND ?'),
  supersede: db.prepare('UPDATE invitation SET superseded=1 WHERE client_id=? AND used IS NULL AND superseded=0'),
  invite: db.prepare('INSERT INTO invitation(client_id,token_hash,created,expires) VALUES(?,?,?,?)'),
  mail: db.prepare('INSERT INTO outbox(rcpt,subject,body) VALUES(?,?,?)'),
  byToken: db.prepare('SELECT i.id AS inv, c.* FROM invitation i JOIN client c ON c.id=i.client_id WHERE i.token_hash=? AND i.used IS NULL AND i.superseded=0 AND i.expires>?'),
  use: db.prepare('UPDATE invitation SET used=? WHERE id=? AND used IS NULL'),
  docs: db.prepare('SELECT * FROM document WHERE client_id=? ORDER BY shared DESC LIMIT 5'),
  unread: db.prepare('SELECT COUNT(*) AS n FROM document WHERE client_id=?'),
  appts: db.prepare('SELECT * FROM appointment WHERE client_id=? AND starts>=? ORDER BY starts LIMIT 2'),
  balance: db.prepare('SELECT COALESCE(SUM(cents),0) AS s FROM charge WHERE client_id=?'),
};
const esc = (s) => String(s).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const digest = (t) => createHash('sha256').update(t).digest('hex');
const css = readFileSync(new URL('./portal.css', import.meta.url));
// The frame of every page: the parts between the marks are for those who are signed in.
const pieces = readFileSync(new URL('./frame.html', import.meta.url), 'utf8').split(/@SIGNED_IN@|@END@|@NAME@|@CSRF@|@MAIN@/);
const [top, menu1, menu2, menu3, mid, nav, main1, foot] = pieces;
const page = (body, user) => (user ? top + menu1 + esc(user.first_name) + menu2 + user.csrf + menu3 + mid + nav : top + mid) + main1 + body + foot;
const long = { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric', timeZone: 'UTC' };
const date = new Intl.DateTimeFormat('en-US', long), moment = new Intl.DateTimeFormat('en-US', { ...long, hour: 'numeric', minute: '2-digit' });
const KEY = process.env.CSRF_KEY ? Buffer.from(process.env.CSRF_KEY,'hex') : randomBytes(32);
                                   // double-submit CSRF token, signed
const mint = () => { const r = randomBytes(16).toString('hex'); return r + '.' + createHmac('sha256', KEY).update(r).digest('hex'); };
function checkCsrf(req) {
  const a = req.cookies.csrf || '', b = req.body?.csrf || '', [r, sig] = a.split('.');
  const want = createHmac('sha256', KEY).update(r || '').digest('hex');
  return a === b && sig?.length === want.length && timingSafeEqual(Buffer.from(sig), Buffer.from(want));
}
const app = Fastify({ logger: false });
app.register(formbody); app.register(cookie);
const html = (reply, body, user) => reply.type('text/html; charset=utf-8').header('x-frame-options', 'DENY').header('cache-control', 'no-store').send(page(body, user));
function form(reply, title, fields, error) {
  const t = mint();
  reply.setCookie('csrf', t, { path: '/', httpOnly: true, sameSite: 'lax' });
  return html(reply, `<h2>${title}</h2>${error ? `<p class="error" role="alert">${esc(error)}</p>` : ''}<form method="post"><input type="hidden" name="csrf" value="${t}">${fields}<button>${title}</button></form>`);
}
const LOGIN = '<label for="l">E-mail</label><input id="l" name="login" type="email" required><label for="p">Password</label><input id="p" name="password" type="password" required>';
const REG = '<label>Last name<input name="last_name" required></label><label>Date of birth<input name="dob" type="date" required></label><label>Password<input name="password" type="password" minlength="10" required></label>';
const decoy = await hash('decoy', ARGON);
function startSession(reply, account) {
  const id = randomBytes(32).toString('base64url');
  q.addSession.run(digest(id), account, Date.now() + DAY);
  return reply.setCookie('sid', id, { path: '/', httpOnly: true, sameSite: 'lax' }).redirect('/home', 302);
}
app.get('/healthz', (req, reply) => reply.send('ok'));
app.get('/static/portal.css', (req, reply) => reply.type('text/css').header('cache-control', 'max-age=3600').send(css));
app.get('/login', (req, reply) => form(reply, 'Log in', LOGIN));
app.post('/login', async (req, reply) => {
  if (!checkCsrf(req)) return reply.code(403).send('csrf');
  const a = q.account.get(String(req.body.login).toLowerCase());
  const ok = await verify(a ? a.password : decoy, String(req.body.password));
  if (!a || !ok) return form(reply, 'Log in', LOGIN, 'The e-mail or password is not correct.');
  return startSession(reply, a.id);
});
app.get('/home', (req, reply) => {
  const c = q.session.get(digest(req.cookies.sid || ''), Date.now());
  if (!c) return reply.redirect('/login', 302);
  c.csrf = mint();
  const docs = q.docs.all(c.id), more = q.unread.get(c.id).n - docs.length;
  return html(reply, `<h1>Good morning, ${esc(c.first_name)}</h1>
<section class="section" aria-labelledby="waiting"><h2 id="waiting">Waiting for you</h2>
<ul class="list">
${docs.map((d) => `<li><a href="/documents/${d.id}"><strong>${esc(d.title)}</strong><span class="muted">Sent ${date.format(d.shared)}</span></a></li>\n`).join('')}</ul>${more > 0 ? `\n<p><a href="/documents">${more} more documents to read</a></p>` : ''}
</section>
<section class="section" aria-labelledby="next"><h2 id="next">Next appointments</h2>
${q.appts.all(c.id, Date.now()).map((a) => `<div class="card"><p><strong>${moment.format(a.starts)}</strong><br>Regular visit, 50 minutes, at our office, with ${esc(a.clinician)}</p></div>\n`).join('')}<p><a class="button primary wide" href="/appointments/request">Ask for an appointment</a></p>
</section>
<section class="section" aria-labelledby="balance"><h2 id="balance">Balance</h2>
<ul class="list"><li><a href="/balance"><strong>$${(q.balance.get(c.id).s / 100).toFixed(2)}</strong><span class="muted">to pay</span></a></li></ul>
</section>`, c);
});
function inviteOne(c) {
  const token = randomBytes(32).toString('base64url'), now = Date.now();
  q.supersede.run(c.id);
  const r = q.invite.run(c.id, digest(token), now, now + INVITE_DAYS * DAY);
  q.mail.run(c.email, 'Your client portal invitation', `Hello ${c.first_name},\n\nyour practice invites you to its client portal. The link works for ${INVITE_DAYS} days:\nhttps://portal.practice.example/register/${token}\n`);
  return r.lastInsertRowid;
}
const inviteTx = db.transaction(inviteOne), bulkTx = db.transaction((list) => list.forEach(inviteOne));
const staff = (req, reply, done) => (req.headers.authorization === STAFF ? done() : reply.code(403).send({ error: 'forbidden' }));
app.post('/staff/invite', { preHandler: staff }, (req, reply) => reply.code(201).send({ invitation: inviteTx(q.client.get(req.body.client_id)) }));
app.post('/staff/invite-bulk', { preHandler: staff }, (req, reply) => { const l = q.clients.all(req.body.from, req.body.to); bulkTx(l); return reply.code(201).send({ queued: l.length }); });
app.get('/register/:token', (req, reply) => (q.byToken.get(digest(req.params.token), Date.now())
  ? form(reply, 'Register', REG) : html(reply, '<p class="error">This link has expired or was used. Ask your practice for a new one.</p>')));
app.post('/register/:token', async (req, reply) => {
  if (!checkCsrf(req)) return reply.code(403).send('csrf');
  const i = q.byToken.get(digest(req.params.token), Date.now());
  if (!i) return html(reply, '<p class="error">This link has expired or was used. Ask your practice for a new one.</p>');
  if (String(req.body.last_name).trim().toLowerCase() !== i.last_name.toLowerCase() || req.body.dob !== i.dob) return form(reply, 'Register', REG, 'Those details do not match our records.');
  if (String(req.body.password).length < 10) return form(reply, 'Register', REG, 'The password needs 10 characters.');
  const pw = await hash(String(req.body.password), ARGON);
  const account = db.transaction(() => q.use.run(Date.now(), i.inv).changes === 1 && q.addAccount.run(i.email, i.id, pw).lastInsertRowid)();
  return account ? startSession(reply, account) : html(reply, '<p class="error">This link was used.</p>');
});
await app.listen({ port: PORT, host: '127.0.0.1' });

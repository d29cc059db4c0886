//! The outbox's queries inside one practice: queueing, cancelling, showing.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Delivery, MailKind, MailReader, MailState, NewMail, ReaderWish, Subject, WantedAt};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId, MailId, PracticeId};
use crate::platform::db::InLists as _;
use crate::platform::db::Scoped;
use crate::platform::db::schema::outbox;
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::mail::names;
use crate::platform::state::App;
use crate::practice_row;

/// States in which a mail has not left yet.
pub(super) const OPEN: [Delivery; 3] = [Delivery::Queued, Delivery::Sending, Delivery::Deferred];

/// Dedupe keys that are looked up in one statement.
const CHUNK: usize = 500;

#[derive(Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
struct Row {
    practice_id: PracticeId,
    mail_id: MailId,
    kind: &'static str,
    dedupe_key: String,
    chart_id: Option<ChartId>,
    access_id: Option<AccessId>,
    subject_kind: Option<&'static str>,
    subject_id: Option<Vec<u8>>,
    recipient: String,
    payload: Option<Vec<u8>>,
    state: Delivery,
    due_at: Timestamp,
    attempt: i32,
    tries: i32,
    message_id: String,
    created_at: Timestamp,
}

/// The place that a mail's payload is sealed for.
pub(super) fn place(practice: &PracticeId, mail: &MailId) -> String {
    format!("{practice}/outbox/payload/{mail}")
}

/// Queues a mail in this transaction. A second one of the same key is not made; its id is returned. `None` where its
/// reader is in safe contact and has no safe address, or wants no such mail.
pub fn enqueue(app: &App, c: &mut Scoped<'_>, mail: NewMail) -> Result<Option<MailId>, Fault> {
    Ok(queue(app, c, vec![mail])?.pop())
}

/// Queues many in one go (a bulk invitation). A mail whose key is there already is passed over.
pub fn enqueue_many(app: &App, c: &mut Scoped<'_>, mails: Vec<NewMail>) -> Result<(), Fault> {
    queue(app, c, mails).map(drop)
}

/// Every mail of the program comes through here: it goes as its reader's safety asks, when they want it. The moments
/// are those before which a mail does not go.
fn as_each_reader_wants(
    app: &App,
    c: &mut Scoped<'_>,
    mails: Vec<NewMail>,
) -> Result<Vec<(NewMail, Option<Timestamp>)>, Fault> {
    let readers: Vec<(MailReader, MailKind)> = mails.iter().map(|mail| (mail.reader, mail.kind)).collect();
    let wishes = (app.mail_hooks.reader_wishes)(c, &readers)?;
    if wishes.len() != mails.len() {
        return Err(Fault::other("it is not known who of the readers is in safe contact"));
    }
    let as_wanted = |(mail, wish): (NewMail, ReaderWish)| {
        let not_before = match wish.at {
            WantedAt::Never => return None,
            WantedAt::Now => None,
            WantedAt::From(moment) => Some(moment),
        };
        let mail = match wish.safe {
            None => mail,
            Some(contact) => mail.in_safe_contact(&contact)?,
        };
        Some((mail, not_before))
    };
    Ok(mails.into_iter().zip(wishes).filter_map(as_wanted).collect())
}

practice_row!(Row, outbox);

/// What is kept is the letter's words, sealed, not the finished message: putting a message together
/// costs some ten times as much as sealing its words, and would be spent while this transaction
/// keeps every other writer waiting. The message is built when it is sent, and is the same each
/// time, because all that goes into it (words, date, Message-ID) stands in the row.
fn queue(app: &App, c: &mut Scoped<'_>, mails: Vec<NewMail>) -> Result<Vec<MailId>, Fault> {
    let mails = as_each_reader_wants(app, c, mails)?;
    let (practice, now) = (c.practice().clone(), c.now());
    let mut known = queued_before(c, mails.iter().map(|(mail, _)| mail.dedupe_key.as_str()).collect())?;
    let mut ids = Vec::with_capacity(mails.len());
    let mut rows = Vec::with_capacity(mails.len());
    for (mail, not_before) in mails {
        if let Some(id) = known.get(&mail.dedupe_key) {
            ids.push(id.clone());
            continue;
        }
        let id = MailId::fresh(c.rng(), now);
        let words = zeroize::Zeroizing::new(
            serde_json::to_vec(&mail.letter).map_err(|e| Fault::other(format!("writing a letter: {e}")))?,
        );
        let payload = app.keys.seal(&place(&practice, &id), &words, c.rng())?;
        known.insert(mail.dedupe_key.clone(), id.clone());
        ids.push(id.clone());
        rows.push(Row {
            practice_id: practice.clone(),
            mail_id: id,
            kind: mail.kind.word(),
            message_id: names::message_id(app, &practice, &mail.dedupe_key),
            dedupe_key: mail.dedupe_key,
            chart_id: mail.chart,
            access_id: mail.access,
            subject_kind: mail.subject.as_ref().map(|subject| subject.kind),
            subject_id: mail.subject.map(|subject| subject.id.as_bytes().to_vec()),
            recipient: mail.recipient.as_str().to_owned(),
            payload: Some(payload),
            // A queued mail is due from the moment it is written.
            state: if not_before.is_some() { Delivery::Deferred } else { Delivery::Queued },
            due_at: not_before.unwrap_or(now),
            attempt: 0,
            tries: 0,
            created_at: now,
        });
    }
    c.insert_rows(&rows).map_err(|fault| match fault {
        // Another process queued the same mail since we looked: PostgreSQL has given this
        // transaction up, so the unit of work runs again and then finds it.
        Fault::Database(error) if is_duplicate(&error) => Fault::lost_race("one mail queued twice at once"),
        other => other,
    })?;
    c.ring_after_commit(&app.outbox_bell);
    Ok(ids)
}

fn queued_before(c: &mut Scoped<'_>, keys: Vec<&str>) -> Result<HashMap<String, MailId>, Fault> {
    let mut known = HashMap::new();
    for chunk in keys.chunks(CHUNK) {
        let found: Vec<(String, MailId)> = c
            .rows(outbox::table)
            .filter(outbox::dedupe_key.in_list(chunk))
            .select((outbox::dedupe_key, outbox::mail_id))
            .load(c)?;
        known.extend(found);
    }
    Ok(known)
}

/// Cancels what has not left about something that ended. A worker that has it in hand sees this before
/// it sends the text.
pub fn cancel_about(c: &mut Scoped<'_>, subject: &Subject) -> Result<usize, Fault> {
    let now = c.now();
    c.rows(outbox::table)
        .filter(outbox::subject_id.eq(subject.id.as_bytes().to_vec()))
        .filter(outbox::subject_kind.eq(subject.kind))
        .filter(outbox::state.in_list(OPEN))
        .set((
            outbox::state.eq(Delivery::Cancelled),
            outbox::payload.eq(None::<Vec<u8>>),
            outbox::lease_until.eq(None::<Timestamp>),
            outbox::finished_at.eq(now),
        ))
        .execute(c)
}

/// The same of those of one chart.
pub fn cancel_about_on_chart(c: &mut Scoped<'_>, subject: &Subject, chart: ChartId) -> Result<usize, Fault> {
    let now = c.now();
    c.rows(outbox::table)
        .filter(outbox::subject_id.eq(subject.id.as_bytes().to_vec()))
        .filter(outbox::subject_kind.eq(subject.kind))
        .filter(outbox::chart_id.eq(chart))
        .filter(outbox::state.in_list(OPEN))
        .set((
            outbox::state.eq(Delivery::Cancelled),
            outbox::payload.eq(None::<Vec<u8>>),
            outbox::lease_until.eq(None::<Timestamp>),
            outbox::finished_at.eq(now),
        ))
        .execute(c)
}

/// Takes the address off the mails about something that have left or never will.
pub fn forget_recipients(c: &mut Scoped<'_>, subject: &Subject) -> Result<usize, Fault> {
    c.rows(outbox::table)
        .filter(outbox::subject_id.eq(subject.id.as_bytes().to_vec()))
        .filter(outbox::subject_kind.eq(subject.kind))
        .filter(diesel::dsl::not(outbox::state.in_list(OPEN)))
        .set(outbox::recipient.eq(""))
        .execute(c)
}

/// Every mail of a grant, newest first.
pub fn of_access(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<MailState>, Fault> {
    c.rows(outbox::table)
        .filter(outbox::access_id.eq(access.clone()))
        .order((outbox::created_at.desc(), outbox::mail_id.desc()))
        .select(MailState::as_select())
        .load(c)
}

/// Every mail about something, newest first.
pub fn about(c: &mut Scoped<'_>, subject: &Subject) -> Result<Vec<MailState>, Fault> {
    c.rows(outbox::table)
        .filter(outbox::subject_id.eq(subject.id.as_bytes().to_vec()))
        .filter(outbox::subject_kind.eq(subject.kind))
        .order((outbox::created_at.desc(), outbox::mail_id.desc()))
        .select(MailState::as_select())
        .load(c)
}

//! The mails about signing: that there is something to sign, with its reminders, that the signed copy is ready, and that not
//! everybody signed. None says what it is about. Each goes out as a job, and is asked about once more before it leaves.

use crate::features::access::load_access;
use crate::features::accounts::{self, mails::MailContext};
use crate::features::documents::kinds::DocumentMail;
use crate::features::documents::signing::lifecycle::{SignerState, SigningState};
use crate::features::documents::signing::seal_store;
use crate::features::documents::signing::store::{self, Asked};
use crate::features::documents::store as documents;
use crate::features::practice::{self, Practice};
use crate::features::staff::store::StaffMember;
use crate::features::staff::{self, StaffState};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, SignerId, StaffId};
use crate::kernel::quiet::after_quiet;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, Job, JobKind, JobOutcome, NewJob, Next};
use crate::platform::outbox::{self, MailReader, NewMail, Standing, Subject, SubjectKind};
use crate::platform::permissions::{Level, Permission, Right};
use crate::platform::state::App;

/// A mail that asks a signer to sign: wanted for as long as it is their turn.
pub const TURN: SubjectKind = SubjectKind { word: "signature_turn", standing: is_turn };
/// A mail that tells a signer what became of it: wanted for as long as they may read it.
pub const NEWS: SubjectKind = SubjectKind { word: "signature_news", standing: is_readable };

/// Days from each mail that asks to sign to the next: reminders come on days 3, 7, 14 and 21, and then no more.
const REMINDERS: [i64; 4] = [3, 4, 7, 7];

/// When the next mail asks to sign, after so many: outside of quiet hours, and before the time to sign is over.
fn next_reminder(practice: &Practice, of: &Asked, mails: i32, now: Timestamp) -> Next {
    let days = usize::try_from(mails - 1).ok().and_then(|at| REMINDERS.get(at));
    let policy = practice.policy();
    let at = days.map(|days| {
        after_quiet((policy.quiet_from, policy.quiet_until), &practice.zone(), now.plus_hours(24 * days))
    });
    at.filter(|at| *at < of.request.deadline).map_or(Next::Done, Next::At)
}

/// Plans the mails to these signers.
pub fn plan(c: &mut Scoped<'_>, signers: &[SignerId]) -> Result<(), Fault> {
    let subjects: Vec<uuid::Uuid> = signers.iter().map(|signer| signer.uuid()).collect();
    jobs::cancel(c, &[JobKind::SignatureNotice], &subjects)?;
    let now = c.now();
    let new =
        |subject: &uuid::Uuid| NewJob { kind: JobKind::SignatureNotice, subject: *subject, due_at: now };
    let planned: Vec<NewJob> = subjects.iter().map(new).collect();
    jobs::plan(c, &planned)
}

/// How far the holder of a grant may go with a document that was shared with them.
pub fn level(c: &mut Scoped<'_>, of: &Asked, access: &AccessId) -> Result<Level, Fault> {
    let Some(document) = documents::find(c, &of.request.document_id)? else { return Ok(Level::None) };
    documents::level_for(c, &document, access)
}

/// A staff member who may sign for the practice now.
fn signs_for_practice(c: &mut Scoped<'_>, id: &StaffId) -> Result<Option<StaffMember>, Fault> {
    let member = staff::store::find(c, id)?;
    Ok(member.filter(|m| m.state == StaffState::Active && m.role.may(Permission::SignDocuments)))
}

fn is_turn(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    let Some(of) = store::asked(c, &SignerId::from_uuid(id))? else { return Ok(Standing::Over) };
    let stands = of.request.is_turn_of(&of.signer, c.now());
    if let Some(member) = of.signer.staff_id.filter(|_| stands) {
        return Ok(if signs_for_practice(c, &member)?.is_some() { Standing::Wanted } else { Standing::Over });
    }
    let Some(access) = of.signer.access_id.filter(|_| stands) else { return Ok(Standing::Over) };
    Ok(if level(c, &of, &access)? == Level::Act { Standing::Wanted } else { Standing::Over })
}

fn is_readable(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    let Some(of) = store::asked(c, &SignerId::from_uuid(id))? else { return Ok(Standing::Over) };
    let Some(access) = of.signer.access_id else { return Ok(Standing::Over) };
    Ok(if level(c, &of, &access)? >= Level::View { Standing::Wanted } else { Standing::Over })
}

/// Queues the mails of these jobs.
pub fn send(app: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        outcomes.push(JobOutcome::unchanged(send_one(app, c, &SignerId::from_uuid(job.subject))?));
    }
    Ok(outcomes)
}

/// Queues one mail, and says when the next one to this signer falls due.
fn send_one(app: &App, c: &mut Scoped<'_>, id: &SignerId) -> Result<Next, Fault> {
    let Some(of) = store::asked(c, id)? else { return Ok(Next::Done) };
    let subject = match (of.signer.state, of.request.state) {
        (SignerState::Ready, SigningState::Open) => TURN,
        // A mail of their turn may still have been planned. This one comes with the signed copy.
        (SignerState::Signed, SigningState::Completed)
            if seal_store::find(c, &of.request.signing_id)?.is_none() =>
        {
            return Ok(Next::Done);
        }
        (SignerState::Signed, SigningState::Completed | SigningState::Refused | SigningState::Canceled) => {
            NEWS
        }
        _ => return Ok(Next::Done),
    };
    let Some(access) = of.signer.access_id else {
        // What becomes of the others' signatures, the practice sees on its own pages.
        return if subject.word == TURN.word { tell_staff(app, c, of) } else { Ok(Next::Done) };
    };
    if (subject.standing)(c, id.uuid())? != Standing::Wanted {
        return Ok(Next::Done);
    }
    // Who is not registered finds it when they are.
    let Some(account) = load_access(c, &access)?.and_then(|row| row.account_id) else {
        return Ok(Next::Done);
    };
    let Some(reader) = accounts::reader_of(c, &of.chart, &account, Right::Documents)? else {
        return Ok(Next::Done);
    };
    let practice = practice::load(c)?;
    let desk = MailContext { practice: &practice, words: reader.words, called: &reader.called };
    let (kind, letter) = match (of.signer.state, of.request.state) {
        (SignerState::Ready, _) => (DocumentMail::SigningTurn, accounts::mails::to_sign(app, desk)),
        (_, SigningState::Completed) => (DocumentMail::SigningCopy, accounts::mails::signed_copy(app, desk)),
        _ => (DocumentMail::SigningNews, accounts::mails::signing_news(app, desk)),
    };
    let mails = of.signer.mails + 1;
    let key = format!("{kind}.{id}.{mails}");
    let mut mail = accounts::mails::mail(kind, key, MailReader::Grant(access), reader.address, letter);
    mail.chart = Some(of.chart);
    mail.access = Some(access);
    mail.subject = Some(Subject { kind: subject.word, id: id.uuid() });
    outbox::enqueue(app, c, mail)?;
    let now = c.now();
    let next = if subject.word == TURN.word { next_reminder(&practice, &of, mails, now) } else { Next::Done };
    store::save_signer(c, &store::Signer { mails, mailed_at: Some(now), ..of.signer })?;
    Ok(next)
}

/// Tells somebody of the practice that it is their turn: not of which document, and not of whom.
fn tell_staff(app: &App, c: &mut Scoped<'_>, of: Asked) -> Result<Next, Fault> {
    let id = of.signer.signer_id;
    let Some(member) = of.signer.staff_id else { return Ok(Next::Done) };
    let Some(member) = signs_for_practice(c, &member)? else { return Ok(Next::Done) };
    if is_turn(c, id.uuid())? != Standing::Wanted {
        return Ok(Next::Done);
    }
    let practice = practice::load(c)?;
    let mut letter = staff::mails::letter(&practice, &member, "signing-mail-staff");
    let page = format!("/staff/charts/{}/documents/{}", of.chart, of.request.document_id);
    letter.button = Some((letter.words.get("signing-mail-staff-button"), app.absolute(&page)));
    let (kind, mails) = (DocumentMail::SigningTurnStaff, of.signer.mails + 1);
    let mail = NewMail {
        kind: kind.into(),
        dedupe_key: format!("{kind}.{id}.{mails}"),
        chart: None,
        access: None,
        subject: Some(Subject { kind: TURN.word, id: id.uuid() }),
        reader: MailReader::Staff,
        recipient: member.email,
        letter,
    };
    outbox::enqueue(app, c, mail)?;
    let now = c.now();
    let next = next_reminder(&practice, &of, mails, now);
    store::save_signer(c, &store::Signer { mails, mailed_at: Some(now), ..of.signer })?;
    Ok(next)
}

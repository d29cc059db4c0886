//! The mail "there is something new for you". It goes out as a job soon after a share, at most once an hour for a
//! grant, however many documents were shared meanwhile; and it is not sent where nothing new is left to see.

use crate::features::access::permission::decide;
use crate::features::access::{facts_of, load_access};
use crate::features::accounts::{self, mails::MailContext};
use crate::features::documents::kinds::DocumentMail;
use crate::features::documents::lifecycle::ShareStanding;
use crate::features::documents::request_store;
use crate::features::documents::store::{self, Document, Notice};
use crate::features::practice;
use crate::kernel::ids::AccessId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, Job, JobKind, JobOutcome, NewJob, Next};
use crate::platform::outbox::{self, MailReader, Standing, Subject, SubjectKind};
use crate::platform::permissions::{Level, Right};
use crate::platform::state::App;

/// Hours between two mails to one grant.
const HOURS_BETWEEN: i64 = 1;

/// What such a mail is about: a grant, for as long as its holder has not opened what they were told of.
pub const NOTICE: SubjectKind = SubjectKind { word: "document_notice", standing };

/// Plans the mails to the holders of these grants.
pub fn plan(c: &mut Scoped<'_>, grants: &[AccessId]) -> Result<(), Fault> {
    let subjects: Vec<uuid::Uuid> = grants.iter().map(|access| access.uuid()).collect();
    jobs::cancel(c, &[JobKind::DocumentNotice], &subjects)?;
    let mut planned = Vec::with_capacity(grants.len());
    for access in grants {
        let soonest = store::last_notice(c, access)?.map(|last| last.plus_hours(HOURS_BETWEEN));
        let due_at = soonest.map_or(c.now(), |soonest| soonest.max(c.now()));
        planned.push(NewJob { kind: JobKind::DocumentNotice, subject: access.uuid(), due_at });
    }
    jobs::plan(c, &planned)
}

/// Those of these documents that the holder of a grant may see now.
fn visible(c: &mut Scoped<'_>, access: &AccessId, documents: &[Document]) -> Result<bool, Fault> {
    let Some(facts) = facts_of(c, access)? else { return Ok(false) };
    let may_see = |document: &Document| {
        decide(&facts, Right::Documents, Some(&document.item(ShareStanding::Live))).level >= Level::View
    };
    Ok(documents.iter().any(may_see))
}

/// Does the grant open documents at all now?
fn may_see_documents(c: &mut Scoped<'_>, access: &AccessId) -> Result<bool, Fault> {
    let facts = facts_of(c, access)?;
    Ok(facts.is_some_and(|facts| decide(&facts, Right::Documents, None).level >= Level::View))
}

/// Notes what became of the mail to the holder of a grant.
fn note(c: &mut Scoped<'_>, access: &AccessId, notice: Notice) -> Result<(), Fault> {
    request_store::note_notices(c, access, notice)?;
    store::note_notices(c, access, notice)
}

/// Asked once more before the mail leaves.
fn standing(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    let access = AccessId::from_uuid(id);
    let unread = store::noticed_unread(c, &access)?;
    let is_wanted = visible(c, &access, &unread)?
        || (request_store::is_news(c, &access)? && may_see_documents(c, &access)?);
    Ok(if is_wanted { Standing::Wanted } else { Standing::Over })
}

/// Queues the mails of these jobs.
pub fn send(app: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        send_one(app, c, &AccessId::from_uuid(job.subject))?;
        outcomes.push(JobOutcome::unchanged(Next::Done));
    }
    Ok(outcomes)
}

fn send_one(app: &App, c: &mut Scoped<'_>, access: &AccessId) -> Result<(), Fault> {
    let due = store::notices_due(c, access)?;
    let is_answered = request_store::is_due(c, access)?;
    if due.is_empty() && !is_answered {
        return Ok(());
    }
    let has_news = visible(c, access, &due)? || (is_answered && may_see_documents(c, access)?);
    let row = load_access(c, access)?;
    let account = row.as_ref().and_then(|row| Some((row.chart_id, row.account_id?)));
    let reader = match account {
        Some((chart, account)) if has_news => {
            accounts::reader_of(c, &chart, &account, Right::Documents)?.map(|reader| (chart, reader))
        }
        // Who is not registered finds it when they are.
        _ => None,
    };
    let Some((chart, reader)) = reader else { return note(c, access, Notice::None) };
    let practice = practice::load(c)?;
    let desk = MailContext { practice: &practice, words: reader.words, called: &reader.called };
    let letter = accounts::mails::something_new(app, desk);
    let key = format!("documents.something_new.{access}.{}", c.now().micros());
    let mut mail = accounts::mails::mail(
        DocumentMail::SomethingNew,
        key,
        MailReader::Grant(*access),
        reader.address,
        letter,
    );
    mail.chart = Some(chart);
    mail.access = Some(*access);
    mail.subject = Some(Subject { kind: NOTICE.word, id: access.uuid() });
    outbox::enqueue(app, c, mail)?;
    note(c, access, Notice::Sent)
}

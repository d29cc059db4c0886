//! Tells of the day on which a grant opens less by itself, 90, 30 and 7 days before it: staff on the work list, the
//! holder once by mail. Nothing is decided here: on the day itself the permission function does, whether or not a job
//! has run.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::access::ahead::{self, Narrowing, STAGES};
use crate::features::access::ahead_store as notices;
use crate::features::access::chart_batch::ChartBatch;
use crate::features::access::limits_store::limits_of;
use crate::features::access::mails::{self, AccessMail, MailContext};
use crate::features::access::news::NARROWING_GRANT;
use crate::features::access::reminders::after_quiet;
use crate::features::access::store::{self, AccessRow};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::jobs::{Job, JobOutcome, Next};
use crate::platform::outbox::{self, MailReader, NewMail, Subject};
use crate::platform::state::App;

/// From this stage on the holder is mailed.
const MAILED_FROM: i32 = 30;

/// Looks at the grants that these jobs are about. A job goes on while there is such a day.
pub fn announce(app: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        let id = AccessId::from_uuid(job.subject);
        let found = limits_of(c, &id)?;
        let next = match &found {
            Some((row, limits)) => match ahead::narrows_next(limits, row) {
                Some(narrowing) => tell(app, c, row, &narrowing)?,
                None => over(c, &id)?,
            },
            None => over(c, &id)?,
        };
        let changed = found.map(|(row, _)| row.chart_id);
        outcomes.push(JobOutcome { next, changed });
    }
    Ok(outcomes)
}

fn over(c: &mut Scoped<'_>, id: &AccessId) -> Result<Next, Fault> {
    notices::forget(c, id)?;
    Ok(Next::Done)
}

/// The beginning of a day in a zone.
fn start_of(day: Date, zone: &TimeZone, otherwise: Timestamp) -> Timestamp {
    let start = day.at(0, 0, 0, 0).to_zoned_datetime(zone.clone());
    start.map_or(otherwise, |start| Timestamp::from(start.timestamp()))
}

fn tell(app: &App, c: &mut Scoped<'_>, row: &AccessRow, narrowing: &Narrowing) -> Result<Next, Fault> {
    let (now, on) = (c.now(), narrowing.on);
    let files = ChartBatch::load(c, std::slice::from_ref(&row.chart_id))?;
    let zone = files.practice.zone();
    let at = |day: Date| Next::At(start_of(day, &zone, now.plus_hours(24)));
    let Some(stage) = ahead::stage(narrowing.days_left) else {
        notices::forget(c, &row.access_id)?;
        return Ok(at(ahead::days_before(on, STAGES[0])));
    };
    // What was told of another day says nothing of this one.
    let told = notices::notice_of(c, &row.access_id)?.filter(|told| told.on_day == on.to_string());
    let mut mailed_at = told.as_ref().and_then(|told| told.mailed_at);
    let mut next = at(ahead::next_stage_on(on, stage));
    if stage <= MAILED_FROM && mailed_at.is_none() {
        match mail(app, c, &files, row, on)? {
            Mailing::Queued => mailed_at = Some(now),
            Mailing::Later(at) => next = Next::At(at),
            Mailing::Nowhere => {}
        }
    }
    notices::note(c, &row.access_id, (on, stage), mailed_at)?;
    Ok(next)
}

/// What came of the one mail.
enum Mailing {
    /// It is on its way.
    Queued,
    /// It is night where the reader is; again at this moment.
    Later(Timestamp),
    /// No sound address is on file.
    Nowhere,
}

fn mail(
    app: &App,
    c: &mut Scoped<'_>,
    files: &ChartBatch,
    row: &AccessRow,
    on: Date,
) -> Result<Mailing, Fault> {
    let Some(person) = files.person(&row.person_id) else { return Ok(Mailing::Nowhere) };
    let recipient = files
        .address(&row.person_id, row.invited_address.as_ref())
        .filter(|address| files.marks(&row.person_id, address).is_empty());
    let Some(recipient) = recipient.filter(|_| files.practice.suspended_at.is_none()) else {
        return Ok(Mailing::Nowhere);
    };
    let now = c.now();
    let awake = after_quiet(&files.policy, &mails::zone_of(person, &files.practice), now);
    if awake > now {
        return Ok(Mailing::Later(awake));
    }
    let context = MailContext { practice: &files.practice, policy: &files.policy, person };
    let mail = NewMail {
        kind: AccessMail::Ahead.into(),
        dedupe_key: format!("access.ahead/{}/{on}", row.access_id),
        chart: Some(row.chart_id),
        access: Some(row.access_id),
        subject: Some(Subject { kind: NARROWING_GRANT.word, id: row.access_id.uuid() }),
        reader: MailReader::Grant(row.access_id),
        recipient,
        letter: mails::ahead(app, context),
    };
    outbox::enqueue_many(app, c, vec![mail])?;
    Ok(Mailing::Queued)
}

/// Has the grants of a chart looked at again: a birth date or a day that decides over them has changed.
pub fn look_ahead_again(c: &mut Scoped<'_>, chart: &ChartId) -> Result<(), Fault> {
    let rows = store::access_of_charts(c, std::slice::from_ref(chart))?;
    notices::look_again(c, &rows)
}

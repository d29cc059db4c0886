//! What is done with a bounce: the mail it concerns is found by a name that only we can have made,
//! and then the mail, the address and the timeline say so.

use diesel::prelude::*;

use super::claims::{details, event, mailbox_refused};
use super::dsn::{self, Report, Verdict};
use super::{Delivery, MailHooks, Standing};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId, MailId};
use crate::platform::audit;
use crate::platform::db::schema::outbox;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::mail::names;
use crate::platform::mail::refusal::About;
use crate::platform::outbox::actions::MailAction;
use crate::platform::state::App;

/// What a bounce came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BounceOutcome {
    /// The mail now counts as undeliverable, and its address is marked where that is refused.
    Undeliverable(MailId),
    /// Written beside the mail, and nothing else changed (a delay, or its reason was gone already).
    Noted(MailId),
    /// Nothing of ours: forged, unknown, or no report at all. Why, for the operator.
    Ignored(&'static str),
}

impl BounceOutcome {
    /// One word for it: `undeliverable`, `noted` or `ignored`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Undeliverable(_) => "undeliverable",
            Self::Noted(_) => "noted",
            Self::Ignored(_) => "ignored",
        }
    }
}

/// Takes a message that came back to the return domain.
pub async fn bounce(app: &App, raw_message: &[u8]) -> Result<BounceOutcome, Fault> {
    let outcome = apply(app, raw_message).await?;
    if let BounceOutcome::Ignored(why) = &outcome {
        tracing::info!(why, "a message to the return domain was ignored");
    }
    metrics::counter!("anteroom_mail_bounces_total", "outcome" => outcome.word()).increment(1);
    Ok(outcome)
}

async fn apply(app: &App, raw_message: &[u8]) -> Result<BounceOutcome, Fault> {
    let Some(report) = dsn::read(raw_message) else {
        return Ok(BounceOutcome::Ignored("it is no delivery report"));
    };
    let by_path = report.addressed_to.iter().find_map(|a| names::mail_of_return_path(app, a));
    let (practice, named) = match by_path {
        Some((practice, mail)) => (practice, Named::Mail(mail)),
        None => {
            // A Message-ID cannot be guessed: it is signed, and only the mail itself tells it.
            let quoted = report
                .quoted_ids
                .iter()
                .find_map(|id| Some((names::practice_in_message_id(id)?, Named::MessageId(id.clone()))));
            match quoted {
                Some(quoted) => quoted,
                None => return Ok(BounceOutcome::Ignored("it names no mail of ours")),
            }
        }
    };
    if report.verdict == Verdict::Passed {
        return Ok(BounceOutcome::Ignored("it reports no failure"));
    }
    if report.verdict == Verdict::Failed && matches!(report.about, About::Sender | About::Message) {
        // No address: the report's own words hold one at times (AUD-06).
        tracing::error!(
            code = report.code,
            reason = report.reason,
            "a receiving server refuses our mail for what it is or where it comes from; look at the sender's \
             SPF, DKIM and reverse DNS, and at the mail server's queue"
        );
        metrics::counter!("anteroom_mail_refused_for_sender_total").increment(1);
    }
    let scope = PracticeScope::for_worker(practice.clone());
    let hooks = app.mail_hooks;
    let written = app.db.write(&scope, move |c| note(c, &hooks, &named, &report)).await?;
    let Some((outcome, chart)) = written else {
        return Ok(BounceOutcome::Ignored("it names no mail of ours"));
    };
    if let Some(chart) = chart {
        app.live.chart_changed(&practice, &chart);
    }
    Ok(outcome)
}

/// How a bounce names its mail.
#[derive(Clone, Debug)]
enum Named {
    Mail(MailId),
    MessageId(String),
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
struct Bounced {
    mail_id: MailId,
    kind: String,
    chart_id: Option<ChartId>,
    access_id: Option<AccessId>,
    subject_kind: Option<String>,
    subject_id: Option<Vec<u8>>,
    recipient: String,
    state: Delivery,
    attempt: i32,
    last_reason: Option<String>,
    bounced_at: Option<Timestamp>,
}

fn find(c: &mut Scoped<'_>, named: &Named) -> Result<Option<Bounced>, Fault> {
    let rows = c.rows(outbox::table).select(Bounced::as_select()).into_boxed();
    let rows = match named {
        Named::Mail(mail) => rows.filter(outbox::mail_id.eq(mail.clone())),
        Named::MessageId(id) => rows.filter(outbox::message_id.eq(id.clone())),
    };
    rows.optional(c)
}

type Written = Option<(BounceOutcome, Option<ChartId>)>;

fn note(c: &mut Scoped<'_>, hooks: &MailHooks, named: &Named, report: &Report) -> Result<Written, Fault> {
    let Some(mail) = find(c, named)? else { return Ok(None) };
    let now = c.now();
    let noted = BounceOutcome::Noted(mail.mail_id.clone());
    // A copy of a report that was taken already changes nothing and is not recorded twice.
    if mail.bounced_at.is_some()
        || (report.verdict == Verdict::Delayed && mail.last_reason.as_deref() == Some(report.reason))
    {
        return Ok(Some((noted, None)));
    }
    let row = c.rows(outbox::table).filter(outbox::mail_id.eq(mail.mail_id.clone()));
    let said = (
        outbox::last_code.eq((!report.code.is_empty()).then(|| report.code.clone())),
        outbox::last_reason.eq(report.reason.to_owned()),
    );
    let is_past = mail.state == Delivery::Cancelled
        || hooks.standing(c, mail.subject_kind.as_deref(), mail.subject_id.as_deref(), mail.access_id)?
            == Standing::Used;
    let (action, outcome) = match report.verdict {
        Verdict::Failed if !is_past => {
            row.set((
                said,
                outbox::state.eq(Delivery::Undeliverable),
                outbox::bounced_at.eq(now),
                outbox::finished_at.eq(now),
                outbox::lease_until.eq(None::<Timestamp>),
                outbox::payload.eq(None::<Vec<u8>>),
                // Fences off a worker that has another copy in hand.
                outbox::attempt.eq(mail.attempt + 1),
            ))
            .execute(c)?;
            if report.blames_address() {
                mailbox_refused(c, hooks, &mail.recipient, report.reason)?;
            }
            (MailAction::Bounced, BounceOutcome::Undeliverable(mail.mail_id.clone()))
        }
        Verdict::Failed => {
            row.set((said, outbox::bounced_at.eq(now))).execute(c)?;
            (MailAction::BouncedLate, noted)
        }
        _ => {
            row.set(said).execute(c)?;
            (MailAction::Delayed, noted)
        }
    };
    let details = details(&mail.mail_id, &mail.kind, &report.code, report.reason);
    audit::record(c, event(action, mail.chart_id.as_ref(), mail.access_id.as_ref(), details))?;
    Ok(Some((outcome, mail.chart_id)))
}

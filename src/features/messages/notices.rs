//! The mail that says that something new is there. It holds no word of a message, so a message counts as read
//! only once it was read. One row bundles everything for one account in one practice: the first unread message
//! opens a window of some minutes, then one mail goes out if something is still unread, and after it none for
//! an hour.

use crate::features::accounts::mails::{self, MailContext};
use crate::features::accounts::{Reader, level_now, reader_of};
use crate::features::messages::store::{self, ReaderKind, Thread};
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AccountId;
use crate::mail_kinds;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, Job, JobKind, JobOutcome, NewJob, Next};
use crate::platform::outbox::{self, MailReader, NewMail, Standing, Subject, SubjectKind};
use crate::platform::permissions::{Level, Right};
use crate::platform::state::App;

/// Seconds from the first unread message to its mail.
const WINDOW: i64 = 5 * 60;
/// Seconds after a mail in which no other goes out.
const PAUSE: i64 = 60 * 60;

/// What such a mail is about: the account, as long as something in this practice is new to it.
pub const MESSAGE_NOTICE: SubjectKind = SubjectKind { word: "message-notice", standing };

mail_kinds! {
    /// The mails of this feature.
    pub enum MessageMail {
        /// Something is there to read.
        Notice = "messages.notice",
        /// To staff: messages have waited longer than their writers were told.
        Late = "messages.late",
    }
}

/// When a mail may go out about something that was written at `now`.
fn due_at(now: Timestamp, last_sent_at: Option<Timestamp>) -> Timestamp {
    let soonest = now.plus_seconds(WINDOW);
    last_sent_at.map_or(soonest, |last| soonest.max(last.plus_seconds(PAUSE)))
}

/// Plans a mail to whoever reads this thread on the client's side, unless one is planned.
pub fn plan(c: &mut Scoped<'_>, thread: &Thread) -> Result<(), Fault> {
    for account in store::accounts_of(c, thread)? {
        let last_sent_at = store::hold_notice(c, ReaderKind::Account, account.uuid())?;
        if !jobs::is_planned(c, JobKind::MessageNotice, account.uuid())? {
            let due_at = due_at(c.now(), last_sent_at);
            jobs::plan(c, &[NewJob { kind: JobKind::MessageNotice, subject: account.uuid(), due_at }])?;
        }
    }
    Ok(())
}

/// Sends the mails that these jobs are about, to accounts that something is still new to.
pub fn send(app: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let practice = practice::load(c)?;
    // In the order in which a message holds the notices of its readers, so that no two wait for each other.
    let mut in_order: Vec<&Job> = jobs.iter().collect();
    in_order.sort_by_key(|job| job.subject);
    for job in in_order {
        let account = AccountId::from_uuid(job.subject);
        let last_sent_at = store::hold_notice(c, ReaderKind::Account, account.uuid())?;
        let since = last_sent_at.unwrap_or(Timestamp::from_micros(0));
        let reader = if practice.suspended_at.is_some() { None } else { news_for(c, &account, since)? };
        let Some(reader) = reader else { continue };
        // One that the mail server did not take yet says the same: two never leave together.
        outbox::cancel_about(c, &Subject { kind: MESSAGE_NOTICE.word, id: job.subject })?;
        let context = MailContext { practice: &practice, words: reader.words, called: &reader.called };
        outbox::enqueue(
            app,
            c,
            NewMail {
                kind: MessageMail::Notice.into(),
                dedupe_key: format!("messages.notice/{}", job.id),
                chart: None,
                access: None,
                subject: Some(Subject { kind: MESSAGE_NOTICE.word, id: job.subject }),
                reader: MailReader::Grant(reader.access_id),
                recipient: reader.address.clone(),
                letter: mails::something_new(app, context),
            },
        )?;
        store::notice_sent(c, ReaderKind::Account, account.uuid())?;
    }
    Ok(vec![JobOutcome::unchanged(Next::Done); jobs.len()])
}

/// How the account is reached, if it may read something that it has not read and that was written after a
/// moment.
fn news_for(c: &mut Scoped<'_>, account: &AccountId, since: Timestamp) -> Result<Option<Reader>, Fault> {
    for (chart, audience) in store::charts_with_news(c, account, since)? {
        let Some(reader) = reader_of(c, &chart, account, Right::Messages)? else { continue };
        let reads = match audience.also_needs() {
            Some(right) => level_now(c, &reader.access_id, right)? >= Level::View,
            None => true,
        };
        if reads {
            return Ok(Some(reader));
        }
    }
    Ok(None)
}

/// Asked once more before the mail leaves: what was read meanwhile is news no more.
fn standing(c: &mut Scoped<'_>, account: uuid::Uuid) -> Result<Standing, Fault> {
    let news = news_for(c, &AccountId::from_uuid(account), Timestamp::from_micros(0))?;
    Ok(if news.is_some() { Standing::Wanted } else { Standing::Over })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_message_opens_a_window_and_a_mail_is_followed_by_an_hour_without_any() {
        let at = |minutes: i64| Timestamp::from_micros(minutes * 60 * 1_000_000);
        assert_eq!(due_at(at(100), None), at(105));
        assert_eq!(due_at(at(100), Some(at(10))), at(105), "the hour is over");
        assert_eq!(due_at(at(100), Some(at(99))), at(159));
        assert_eq!(due_at(at(100), Some(at(45))), at(105), "the hour ends with the window");
        assert_eq!(due_at(at(100), Some(at(46))), at(106));
    }
}

//! What happens when a message has waited longer than its writer was told. That it is late is computed; a job only
//! tells: at the promised moment whoever reads the thread, and after as much business time again the administrators.
//! Who was told is not told again before they have been here, and at most once a day, however many threads are late.

use std::collections::BTreeMap;

use crate::features::calendar;
use crate::features::messages::notices::MessageMail;
use crate::features::messages::promise::{ReplyHours, days_promised};
use crate::features::messages::readers::{self, Addressee, StaffReader};
use crate::features::messages::store::{self, QueueBox, ReaderKind, Thread};
use crate::features::practice::{self, Practice};
use crate::features::staff::{self, StaffMember, StaffState};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{StaffId, ThreadId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, Job, JobKind, JobOutcome, NewJob, Next};
use crate::platform::outbox::{self, MailReader, NewMail, Standing, Subject, SubjectKind};
use crate::platform::permissions::{Permission, Role};
use crate::platform::state::App;
use crate::platform::web::nav::shown_count;

/// What such a mail is about: the staff member, as long as something that they see is late.
pub const MESSAGES_LATE: SubjectKind = SubjectKind { word: "messages-late", standing };

/// Plans what happens if nobody answers in time.
pub fn watch(c: &mut Scoped<'_>, thread: &Thread) -> Result<(), Fault> {
    let Some(wait) = thread.standing.wait() else { return Ok(()) };
    let job = NewJob { kind: JobKind::MessageLate, subject: thread.id.uuid(), due_at: wait.due_at };
    jobs::plan(c, &[job])
}

/// The wait is over.
pub fn unwatch(c: &mut Scoped<'_>, thread: &Thread) -> Result<(), Fault> {
    jobs::cancel(c, &[JobKind::MessageLate], &[thread.id.uuid()])
}

/// Who hears of a late thread: whoever reads it, and from the second moment on the administrators. Where nobody who
/// reads it may sign in any more, the administrators hear of it at once.
fn whom_to_tell(
    members: &[StaffMember],
    to: Addressee,
    cover: Option<StaffId>,
    is_second: bool,
) -> Vec<StaffId> {
    let active = members
        .iter()
        .filter(|member| member.state == StaffState::Active && member.role.may(Permission::AnswerMessages));
    let of_role = |role: Role| active.clone().filter(move |member| member.role == role).map(|m| m.staff_id);
    let mut told: Vec<StaffId> = match to {
        Addressee::FrontDesk => of_role(Role::FrontDesk).collect(),
        Addressee::Billing => of_role(Role::Biller).collect(),
        Addressee::Clinician(staff) => active
            .clone()
            .map(|member| member.staff_id)
            .filter(|id| *id == staff || Some(*id) == cover)
            .collect(),
    };
    if is_second || told.is_empty() {
        told.extend(of_role(Role::Administrator));
    }
    told.sort_unstable();
    told.dedup();
    told
}

/// Has this staff member been here since they were last told, and on another day?
fn is_told_again(practice: &Practice, told_at: Timestamp, member: &StaffMember, now: Timestamp) -> bool {
    let was_here = member.last_sign_in_at.is_some_and(|at| at > told_at);
    was_here && practice.today(told_at) != practice.today(now)
}

/// Tells of the threads that these jobs are about.
pub fn tell(app: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let (practice, now) = (practice::load(c)?, c.now());
    let hours = ReplyHours::of(&practice, &calendar::closures(c, practice.today(now))?);
    let members = staff::store::all(c)?;
    let mut outcomes = Vec::new();
    // In the order of their ids, so that no two processes wait for each other's notices.
    let mut to_tell: BTreeMap<StaffId, Thread> = BTreeMap::new();
    for job in jobs {
        let found = store::find(c, &ThreadId::from_uuid(job.subject))?;
        let waiting = found.and_then(|thread| thread.standing.wait().map(|wait| (thread, wait)));
        let Some((thread, wait)) = waiting else {
            outcomes.push(JobOutcome::unchanged(Next::Done));
            continue;
        };
        let second = hours.after(wait.due_at, days_promised(&practice.policy(), thread.to));
        let is_late = wait.is_late(now);
        let next = if !is_late {
            Next::At(wait.due_at)
        } else if now < second {
            Next::At(second)
        } else {
            Next::Done
        };
        if is_late && practice.suspended_at.is_none() {
            let cover = readers::away_now(c, thread.to)?.and_then(|away| away.cover);
            let cover = cover.map(|(id, _)| id);
            for id in whom_to_tell(&members, thread.to, cover, now >= second) {
                to_tell.entry(id).or_insert_with(|| thread.clone());
            }
        }
        // The chart's open pages show that it is late now.
        outcomes.push(JobOutcome { next, changed: Some(thread.chart) });
    }
    for (id, thread) in to_tell {
        let told_at = store::hold_notice(c, ReaderKind::Staff, id.uuid())?;
        let Some(member) = members.iter().find(|member| member.staff_id == id) else { continue };
        if told_at.is_some_and(|told_at| !is_told_again(&practice, told_at, member, now)) {
            continue;
        }
        mail(app, c, &practice, member, &thread)?;
        store::notice_sent(c, ReaderKind::Staff, id.uuid())?;
    }
    Ok(outcomes)
}

/// The list in which a staff member finds a thread.
fn box_of(reader: &StaffReader, to: Addressee) -> QueueBox {
    match to {
        Addressee::FrontDesk => QueueBox::FrontDesk,
        Addressee::Billing => QueueBox::Billing,
        Addressee::Clinician(staff) if staff == reader.staff => QueueBox::Mine,
        Addressee::Clinician(staff) if reader.covers.contains(&staff) => QueueBox::Covered,
        Addressee::Clinician(_) => QueueBox::Clinicians,
    }
}

/// How many are late, and where; no client's name and no word of a message.
fn mail(
    app: &App,
    c: &mut Scoped<'_>,
    practice: &Practice,
    member: &StaffMember,
    thread: &Thread,
) -> Result<(), Fault> {
    let reader = StaffReader::load(c, member.staff_id, member.role)?;
    let late = store::count_late(c, &reader)?;
    let mut letter = staff::mails::letter(practice, member, "messages-mail-late");
    let words = letter.words;
    letter.before.push(match late {
        1 => words.get("messages-mail-late-one"),
        _ => words.with1("messages-mail-late-several", "count", shown_count(late)),
    });
    let list = format!("/staff/messages?box={}&state=late", box_of(&reader, thread.to));
    letter.button = Some((words.get("messages-mail-late-button"), app.absolute(&list)));
    let mail = NewMail {
        kind: MessageMail::Late.into(),
        dedupe_key: format!("messages.late/{}/{}", member.staff_id, c.now()),
        chart: None,
        access: None,
        subject: Some(Subject { kind: MESSAGES_LATE.word, id: member.staff_id.uuid() }),
        reader: MailReader::Staff,
        recipient: member.email.clone(),
        letter,
    };
    outbox::enqueue(app, c, mail)?;
    Ok(())
}

/// Asked once more before the mail leaves: what was answered meanwhile is not late.
fn standing(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    let member = staff::store::find(c, &StaffId::from_uuid(id))?;
    let Some(member) = member.filter(|member| member.state == StaffState::Active) else {
        return Ok(Standing::Over);
    };
    let reader = StaffReader::load(c, member.staff_id, member.role)?;
    Ok(if store::count_late(c, &reader)? > 0 { Standing::Wanted } else { Standing::Over })
}

//! What happens to a request when nobody answers. That it is late, that it has lapsed and that a hold is over is computed;
//! a job only tells: at the promised moment the front desk, once a day however many are late, and at the end whoever asked.

use crate::features::appointments::mails::{self, AppointmentMail};
use crate::features::appointments::request_lifecycle::Phase;
use crate::features::appointments::request_store::{Request, count_late, find_request};
use crate::features::calendar;
use crate::features::practice::{self, Practice};
use crate::features::staff::{self, StaffMember, StaffState};
use crate::kernel::ids::{RequestId, StaffId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, Job, JobKind, JobOutcome, NewJob, Next};
use crate::platform::outbox::{self, MailReader, NewMail, Standing, Subject, SubjectKind};
use crate::platform::permissions::{Permission, Role};
use crate::platform::state::App;
use crate::platform::web::nav::shown_count;

/// What such a mail is about: the staff member, as long as some request is late.
pub const REQUESTS_LATE: SubjectKind = SubjectKind { word: "requests-late", standing };

/// Plans what happens to a request that is open.
pub(super) fn plan(c: &mut Scoped<'_>, id: RequestId) -> Result<(), Fault> {
    jobs::cancel(c, &[JobKind::RequestClock], &[id.uuid()])?;
    let Some(request) = find_request(c, &id)? else { return Ok(()) };
    match next(&request, c) {
        Next::At(due_at) => {
            jobs::plan(c, &[NewJob { kind: JobKind::RequestClock, subject: id.uuid(), due_at }])
        }
        Next::Done => Ok(()),
    }
}

/// When there is something to tell.
fn next(request: &Request, c: &Scoped<'_>) -> Next {
    let due = match request.standing().phase(c.now()) {
        Phase::Waiting => [request.answer_by, request.lapses_at].into_iter().flatten().min(),
        Phase::Late | Phase::Offered => request.lapses_at,
        Phase::Lapsed | Phase::Settled => None,
    };
    due.map_or(Next::Done, Next::At)
}

/// Tells of the requests that these jobs are about.
pub fn tell(app: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let practice = practice::load(c)?;
    let mut outcomes = Vec::new();
    let mut is_any_late = false;
    for job in jobs {
        let Some(request) = find_request(c, &RequestId::from_uuid(job.subject))? else {
            outcomes.push(JobOutcome::unchanged(Next::Done));
            continue;
        };
        match request.standing().phase(c.now()) {
            Phase::Lapsed => {
                calendar::drop_holds(c, request.request_id)?;
                if practice.suspended_at.is_none() {
                    mails::tell_asker(app, c, &request, &format!("lapsed.{}", request.last_seq))?;
                }
            }
            Phase::Late => is_any_late = true,
            Phase::Waiting | Phase::Offered | Phase::Settled => {}
        }
        outcomes.push(JobOutcome { next: next(&request, c), changed: Some(request.chart_id) });
    }
    if is_any_late && practice.suspended_at.is_none() {
        for member in whom_to_tell(&staff::store::all(c)?) {
            mail(app, c, &practice, member)?;
        }
    }
    Ok(outcomes)
}

/// The front desk; where nobody is there, the administrators.
fn whom_to_tell(members: &[StaffMember]) -> Vec<&StaffMember> {
    let of_role = |role: Role| {
        members.iter().filter(move |member| {
            member.state == StaffState::Active
                && member.role == role
                && member.role.may(Permission::AnswerRequests)
        })
    };
    let desk: Vec<&StaffMember> = of_role(Role::FrontDesk).collect();
    if desk.is_empty() { of_role(Role::Administrator).collect() } else { desk }
}

/// How many are late, and where they stand; no client's name.
fn mail(app: &App, c: &mut Scoped<'_>, practice: &Practice, member: &StaffMember) -> Result<(), Fault> {
    let late = count_late(c)?;
    let mut letter = staff::mails::letter(practice, member, "appointments-mail-late");
    let words = letter.words;
    letter.before.push(match late {
        1 => words.get("appointments-mail-late-one"),
        _ => words.with1("appointments-mail-late-several", "count", shown_count(late)),
    });
    letter.button = Some((words.get("appointments-mail-late-button"), app.absolute("/staff/requests")));
    let mail = NewMail {
        kind: AppointmentMail::RequestLate.into(),
        dedupe_key: format!("appointments.late/{}/{}", member.staff_id, practice.today(c.now())),
        chart: None,
        access: None,
        subject: Some(Subject { kind: REQUESTS_LATE.word, id: member.staff_id.uuid() }),
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
    let is_here = member.is_some_and(|member| member.state == StaffState::Active);
    Ok(if is_here && count_late(c)? > 0 { Standing::Wanted } else { Standing::Over })
}

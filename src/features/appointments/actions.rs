//! What can be done with a request: ask, take back, confirm, decline. One transaction each.

use crate::features::accounts::mails::MailContext;
use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::booking::{Booking, Doubt, NotBooked, Slot, book_in, changed};
use crate::features::appointments::kinds::{PlaceWish, RequestState};
use crate::features::appointments::mails::AppointmentMail;
use crate::features::appointments::request_store::{self as store, Request, decide, find_request};
use crate::features::appointments::times::{Wish, write_wishes};
use crate::features::calendar::VisitKind;
use crate::features::{accounts, practice};
use crate::kernel::ids::{AccessId, AccountId, AppointmentId, ChartId, RequestId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::outbox::{self, MailReader};
use crate::platform::permissions::{Level, Right};
use crate::platform::state::{App, AppState};

/// A request as a client makes it.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// On this chart.
    pub chart: ChartId,
    /// By this account.
    pub account: AccountId,
    /// What kind of visit.
    pub kind: VisitKind,
    /// Where they would like to meet.
    pub place: PlaceWish,
    /// When they would like to come.
    pub wishes: Vec<Wish>,
    /// What they wrote.
    pub note: String,
}

/// Writes a request in the caller's transaction.
pub fn ask(c: &mut Scoped<'_>, by: &By, new: &NewRequest) -> Result<RequestId, Fault> {
    let wishes = write_wishes(&new.wishes);
    let id = store::insert_request(c, &new.chart, &new.account, new.kind, new.place, &wishes, &new.note)?;
    let mut event = Event::new(by.clone(), AppointmentAction::Requested)
        .on_chart(&new.chart)
        .with(serde_json::json!({ "request": id }));
    event.new_state = RequestState::Waiting.word().into();
    audit::record(c, event)?;
    Ok(id)
}

/// Why a request was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnswered {
    /// No such request in this practice (or, for a client, on this chart).
    #[error("no such request")]
    NotFound,
    /// It no longer waits: how it stands now.
    #[error("this request no longer waits for an answer")]
    NoLongerWaiting(Box<Request>),
    /// The appointment cannot be booked.
    #[error(transparent)]
    NotBooked(NotBooked),
}

/// The outcome of an answer, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, NotAnswered>, Fault>;

/// The client takes a waiting request of the chart in view back; `only`: the account that must have asked, where the
/// chart is not the reader's own.
pub async fn take_back(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    (access, chart): (AccessId, ChartId),
    only: Option<AccountId>,
    request: RequestId,
) -> Outcome<()> {
    let outcome = app
        .db
        .write(scope, move |c| {
            // What ended the access since the request was let in counts.
            if accounts::level_now(c, &access, Right::Appointments)? < Level::Act {
                return Ok(Err(NotAnswered::NotFound));
            }
            let is_theirs =
                |r: &Request| r.chart_id == chart && only.is_none_or(|account| r.account_id == account);
            let Some(found) = find_request(c, &request)?.filter(is_theirs) else {
                return Ok(Err(NotAnswered::NotFound));
            };
            if !decide(c, &request, RequestState::Withdrawn, "", "")? {
                return no_longer_waiting(c, found);
            }
            note(c, &by, AppointmentAction::RequestWithdrawn, &found, RequestState::Withdrawn)?;
            Ok(Ok(found.chart_id))
        })
        .await?;
    Ok(outcome.map(|chart| app.live.chart_changed(scope.id(), &chart)))
}

/// What staff decided about a request's appointment.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// When, where and with whom.
    pub slot: Slot,
    /// A kind word, may be empty.
    pub answer: String,
    /// The doubts that staff have seen and set aside.
    pub despite: Vec<Doubt>,
}

/// Confirms: one appointment, one mail, however often and by however many it is confirmed.
pub async fn confirm(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    request: RequestId,
    with: Confirmation,
) -> Outcome<AppointmentId> {
    let this = app.clone();
    let outcome = app
        .db
        .write(scope, move |c| {
            let Some(found) = find_request(c, &request)? else { return Ok(Err(NotAnswered::NotFound)) };
            if found.state != RequestState::Waiting {
                return no_longer_waiting(c, found);
            }
            let booking = Booking {
                chart: found.chart_id,
                request: Some(request),
                kind: found.kind,
                slot: with.slot,
                despite: with.despite.clone(),
            };
            let appointment = match book_in(&this, c, &by, &booking)? {
                Ok(appointment) => appointment,
                Err(why) => {
                    // What takes the time may be this very request, confirmed by somebody who was faster.
                    let now = find_request(c, &request)?.unwrap_or(found);
                    return if now.state == RequestState::Waiting {
                        Ok(Err(NotAnswered::NotBooked(why)))
                    } else {
                        no_longer_waiting(c, now)
                    };
                }
            };
            if !decide(c, &request, RequestState::Confirmed, &by.actor.name(), &with.answer)? {
                return Err(Fault::lost_race("a request was answered while it was confirmed"));
            }
            tell_client(&this, c, &found)?;
            note(c, &by, AppointmentAction::Confirmed, &found, RequestState::Confirmed)?;
            Ok(Ok((appointment, found.chart_id)))
        })
        .await?;
    Ok(outcome.map(|(appointment, chart)| {
        changed(app, scope, &chart);
        appointment
    }))
}

/// Declines, with an answer that the client reads after signing in.
pub async fn decline(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    request: RequestId,
    answer: String,
) -> Outcome<()> {
    let this = app.clone();
    let outcome = app
        .db
        .write(scope, move |c| {
            let Some(found) = find_request(c, &request)? else { return Ok(Err(NotAnswered::NotFound)) };
            if !decide(c, &request, RequestState::Declined, &by.actor.name(), &answer)? {
                return no_longer_waiting(c, found);
            }
            tell_client(&this, c, &found)?;
            note(c, &by, AppointmentAction::Declined, &found, RequestState::Declined)?;
            Ok(Ok(found.chart_id))
        })
        .await?;
    Ok(outcome.map(|chart| {
        app.live.chart_changed(scope.id(), &chart);
        app.outbox_bell.notify_one();
    }))
}

/// How it stands now, read again: the row may have moved since it was loaded.
fn no_longer_waiting<T>(c: &mut Scoped<'_>, loaded: Request) -> Outcome<T> {
    let now = find_request(c, &loaded.request_id)?.unwrap_or(loaded);
    Ok(Err(NotAnswered::NoLongerWaiting(Box::new(now))))
}

fn note(
    c: &mut Scoped<'_>,
    by: &By,
    action: AppointmentAction,
    request: &Request,
    to: RequestState,
) -> Result<(), Fault> {
    let mut event = Event::new(by.clone(), action)
        .on_chart(&request.chart_id)
        .with(serde_json::json!({ "request": request.request_id }));
    event.old_state = RequestState::Waiting.word().into();
    event.new_state = to.word().into();
    audit::record(c, event)
}

/// The mail to whoever asked: that there is news, and nothing of what it is. Not sent where they no longer
/// see appointments, or where the face sheet says that this address must not be written to (IDP-09).
fn tell_client(app: &App, c: &mut Scoped<'_>, request: &Request) -> Result<(), Fault> {
    let Some(reader) = accounts::reader_of(c, &request.chart_id, &request.account_id, Right::Appointments)?
    else {
        return Ok(());
    };
    let practice = practice::load(c)?;
    let desk = MailContext { practice: &practice, words: reader.words, called: &reader.called };
    let letter = accounts::mails::appointment_news(app, desk);
    let key = format!("appointments.answered.{}", request.request_id);
    let mut mail = accounts::mails::mail(
        AppointmentMail::Answered,
        key,
        MailReader::Grant(reader.access_id),
        reader.address,
        letter,
    );
    mail.chart = Some(request.chart_id.clone());
    mail.access = Some(reader.access_id);
    outbox::enqueue(app, c, mail)?;
    Ok(())
}

//! What can be done with a request: ask, take back, confirm, decline. One transaction each.

use crate::features::accounts::mails::MailContext;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::store::{self, busy, decide};
use crate::features::appointments::{
    NewAppointment, Place, PlaceWish, Request, RequestState, VisitKind, Wish, book, find_request,
    write_wishes,
};
use crate::features::{accounts, practice};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, AppointmentId, ChartId, RequestId, StaffId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::outbox;
use crate::platform::permissions::{Level, Right};
use crate::platform::state::{App, AppState};
use crate::word_enum;

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
    /// Hidden random text of the form: sent twice, it makes one request.
    pub nonce: String,
}

/// The nonce is a name inside the chart: another chart's form cannot find this one's request.
fn nonce_of(new: &NewRequest) -> String {
    format!("{}.{}", new.chart, new.nonce)
}

/// Was this very form sent before?
pub fn was_asked(c: &mut Scoped<'_>, new: &NewRequest) -> Result<bool, Fault> {
    Ok(store::find_by_nonce(c, &nonce_of(new))?.is_some())
}

/// Writes a request in the caller's transaction. The same form sent again finds its first request.
pub fn ask(c: &mut Scoped<'_>, by: &By, new: &NewRequest) -> Result<RequestId, Fault> {
    let nonce = nonce_of(new);
    if let Some(before) = store::find_by_nonce(c, &nonce)? {
        return Ok(before.request_id);
    }
    let wishes = write_wishes(&new.wishes);
    let id = match store::insert_request(
        c,
        &new.chart,
        &new.account,
        new.kind,
        new.place,
        &wishes,
        &new.note,
        &nonce,
    ) {
        // The other click of a double click was faster: run the unit again, and find it.
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            return Err(Fault::Database(diesel::result::Error::DatabaseError(
                diesel::result::DatabaseErrorKind::SerializationFailure,
                Box::new("one form, sent twice at once".to_owned()),
            )));
        }
        other => other?,
    };
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
    /// The time is unusual or taken; staff may book it all the same.
    #[error("the time is unusual or taken")]
    Doubtful(Vec<Doubtful>),
}

/// The outcome of an answer, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, NotAnswered>, Fault>;

/// The client takes a waiting request back.
pub async fn take_back(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
    chart: ChartId,
    request: RequestId,
) -> Outcome<()> {
    let outcome = app
        .db
        .write(scope, move |c| {
            // What ended the access since the request was let in counts.
            if accounts::level_now(c, &access, Right::Appointments)? < Level::Act {
                return Ok(Err(NotAnswered::NotFound));
            }
            let Some(found) = find_request(c, &request)?.filter(|r| r.chart_id == chart) else {
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

word_enum! {
    /// Why a time is asked about before it is booked.
    pub enum Doubt {
        /// Before seven in the morning, or after nine in the evening.
        Night = "night",
        /// A Saturday or a Sunday.
        Weekend = "weekend",
        /// The staff member has another appointment then.
        Clinician = "clinician",
        /// The client has another appointment then.
        Client = "client",
    }
}

/// A doubt, with the beginning of the other appointment where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubtful {
    /// Which doubt.
    pub doubt: Doubt,
    /// When the other appointment begins.
    pub other: Option<Timestamp>,
}

/// The hours at which nobody is asked.
const DAY_HOURS: std::ops::RangeInclusive<i64> = 7 * 60..=21 * 60;

/// What is doubtful about a time by itself.
fn doubts_of_time(from: Timestamp, minutes: i32, zone: &TimeZone) -> Vec<Doubt> {
    let at = from.in_zone(zone);
    let begins = i64::from(at.hour()) * 60 + i64::from(at.minute());
    let ends = begins + i64::from(minutes);
    let mut doubts = Vec::new();
    if !DAY_HOURS.contains(&begins) || !DAY_HOURS.contains(&ends) {
        doubts.push(Doubt::Night);
    }
    if matches!(at.date().weekday(), Weekday::Saturday | Weekday::Sunday) {
        doubts.push(Doubt::Weekend);
    }
    doubts
}

/// What staff decided about a request's appointment.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// When it begins.
    pub starts_at: Timestamp,
    /// How long it takes.
    pub minutes: i32,
    /// Where.
    pub place: Place,
    /// With whom.
    pub staff: StaffId,
    /// A kind word, may be empty.
    pub answer: String,
    /// The doubts that staff have seen and set aside.
    pub despite: Vec<Doubt>,
    /// The practice's zone, which tells night and weekend.
    pub zone: TimeZone,
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
            lock(c, Lock::Practice)?;
            let Some(found) = find_request(c, &request)? else { return Ok(Err(NotAnswered::NotFound)) };
            if found.state != RequestState::Waiting {
                return no_longer_waiting(c, found);
            }
            let until = with.starts_at.plus_seconds(i64::from(with.minutes) * 60);
            let alone = doubts_of_time(with.starts_at, with.minutes, &with.zone);
            let mut doubts: Vec<Doubtful> =
                alone.into_iter().map(|doubt| Doubtful { doubt, other: None }).collect();
            for other in busy(c, found.chart_id, with.staff, with.starts_at, until)? {
                let taken = [
                    (Doubt::Clinician, other.appointment.staff_id == with.staff),
                    (Doubt::Client, other.appointment.chart_id == found.chart_id),
                ];
                let other = Some(other.appointment.starts_at);
                let taken = taken.into_iter().filter(|(_, is_taken)| *is_taken);
                doubts.extend(taken.map(|(doubt, _)| Doubtful { doubt, other }));
            }
            if doubts.iter().any(|doubtful| !with.despite.contains(&doubtful.doubt)) {
                return Ok(Err(NotAnswered::Doubtful(doubts)));
            }
            if !decide(c, &request, RequestState::Confirmed, &by.actor.name(), &with.answer)? {
                return no_longer_waiting(c, found);
            }
            let appointment = book(
                c,
                &by,
                &NewAppointment {
                    chart: found.chart_id.clone(),
                    request: Some(request.clone()),
                    starts_at: with.starts_at,
                    minutes: with.minutes,
                    kind: found.kind,
                    place: with.place,
                    staff: with.staff,
                },
            )?;
            tell_client(&this, c, &found)?;
            note(c, &by, AppointmentAction::Confirmed, &found, RequestState::Confirmed)?;
            Ok(Ok((appointment, found.chart_id)))
        })
        .await?;
    Ok(outcome.map(|(appointment, chart)| {
        app.live.chart_changed(scope.id(), &chart);
        app.outbox_bell.notify_one();
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
    let mut mail = accounts::mails::mail("appointments.answered", key, reader.address, letter);
    mail.chart = Some(request.chart_id.clone());
    mail.access = Some(reader.access_id);
    outbox::enqueue(app, c, mail)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_and_weekends_are_doubtful_in_the_practices_zone() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let doubts = |text: &str, minutes| {
            doubts_of_time(Timestamp::from(text.parse::<jiff::Timestamp>().unwrap()), minutes, &zone)
        };
        assert_eq!(doubts("2026-12-03T19:30:00Z", 50), []);
        assert_eq!(doubts("2026-12-03T11:59:00Z", 50), [Doubt::Night]);
        assert_eq!(doubts("2026-12-03T12:00:00Z", 50), []);
        assert_eq!(doubts("2026-12-04T01:30:00Z", 30), []);
        assert_eq!(doubts("2026-12-04T01:30:00Z", 45), [Doubt::Night]);
        assert_eq!(doubts("2026-12-05T15:00:00Z", 50), [Doubt::Weekend]);
        assert_eq!(doubts("2026-12-06T04:30:00Z", 50), [Doubt::Night, Doubt::Weekend]);
    }
}

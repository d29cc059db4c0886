//! Where a visit by video takes place. The address stands sealed in the database; a client is led there from a quarter of an
//! hour before the beginning until the end, and reads it on no page, in no mail and in no calendar.

use crate::features::accounts::level_now;
use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::booking::all_changed;
use crate::features::appointments::lifecycle::{AppointmentState, Joining};
use crate::features::appointments::store::{self, Appointment, Party};
pub use crate::features::appointments::video_store::{LinkKind, LinkOf};
use crate::features::appointments::video_store::{have_links, remove, save, sealed_of};
use crate::features::practice::{PlaceKind, Policy, find_place};
use crate::features::staff;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AppointmentId, ChartId, PracticeId};
use crate::kernel::web_address::WebAddress;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::permissions::{Level, Right};
use crate::platform::state::{App, AppState};

/// Why no link was set or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSet {
    /// No such appointment, staff member or place in this practice.
    #[error("not found")]
    NotFound,
    /// The appointment or the place is not by video.
    #[error("it is not by video")]
    NotByVideo,
    /// The appointment is canceled.
    #[error("the appointment is canceled")]
    Canceled,
}

/// Can this client join it?
fn joining(appointment: &Appointment, party: &Party, now: Timestamp) -> Joining {
    // Nothing of it depends on what the practice has chosen.
    store::standing(appointment, party, 0, &Policy::default()).joining(now)
}

/// The place that a link is sealed for.
fn sealed_for(practice: &PracticeId, of: LinkOf) -> String {
    format!("{practice}/video_link/sealed/{}", of.id())
}

/// The links that an appointment may have; the first one counts.
fn candidates(appointment: &Appointment) -> [LinkOf; 3] {
    [
        LinkOf::Appointment(appointment.appointment_id),
        LinkOf::Staff(appointment.staff_id),
        LinkOf::Place(appointment.place.place_id),
    ]
}

/// The link of one of them, opened.
pub(super) fn link_of(app: &App, c: &mut Scoped<'_>, of: LinkOf) -> Result<Option<WebAddress>, Fault> {
    let Some(sealed) = sealed_of(c, of)? else { return Ok(None) };
    let plain = app.keys.open(&sealed_for(c.practice(), of), &sealed)?;
    let text = std::str::from_utf8(&plain).ok().and_then(|text| text.parse().ok());
    text.map(Some).ok_or_else(|| Fault::Damaged("a video link is no address".into()))
}

/// The link that holds for an appointment, with what it is of; none where it is not by video.
pub(super) fn holds_for(
    app: &App,
    c: &mut Scoped<'_>,
    appointment: &Appointment,
) -> Result<Option<(LinkKind, WebAddress)>, Fault> {
    if appointment.place.kind != PlaceKind::Video {
        return Ok(None);
    }
    for of in candidates(appointment) {
        if let Some(link) = link_of(app, c, of)? {
            return Ok(Some((of.kind(), link)));
        }
    }
    Ok(None)
}

/// Which of a client's appointments have a link, of those that can be joined now or later. It asks nothing where none is by
/// video.
pub(super) fn with_link(
    c: &mut Scoped<'_>,
    booked: &[(Appointment, Party)],
) -> Result<Vec<(AppointmentId, Joining)>, Fault> {
    let now = c.now();
    let near: Vec<(&Appointment, Joining)> = booked
        .iter()
        .filter(|(appointment, _)| appointment.place.kind == PlaceKind::Video)
        .map(|(appointment, party)| (appointment, joining(appointment, party, now)))
        .filter(|(_, joining)| *joining != Joining::Shut)
        .collect();
    if near.is_empty() {
        return Ok(Vec::new());
    }
    let all: Vec<LinkOf> = near.iter().flat_map(|(appointment, _)| candidates(appointment)).collect();
    let known = have_links(c, &all)?;
    let has_link =
        |appointment: &Appointment| candidates(appointment).iter().any(|of| known.contains(&of.id()));
    Ok(near
        .into_iter()
        .filter(|(appointment, _)| has_link(appointment))
        .map(|(appointment, joining)| (appointment.appointment_id, joining))
        .collect())
}

/// Those of a client's appointments that can be joined now.
pub(super) fn open_now(
    c: &mut Scoped<'_>,
    booked: &[(Appointment, Party)],
) -> Result<Vec<AppointmentId>, Fault> {
    let now = c.now();
    let is_open =
        |(appointment, party): &&(Appointment, Party)| joining(appointment, party, now) == Joining::Open;
    let open: Vec<(Appointment, Party)> = booked.iter().filter(is_open).cloned().collect();
    Ok(with_link(c, &open)?.into_iter().map(|(id, _)| id).collect())
}

/// Sets a link in the caller's transaction, or takes it away; gives the charts whose pages it changes.
pub fn set_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    of: LinkOf,
    link: Option<&WebAddress>,
) -> Result<Result<Vec<ChartId>, NotSet>, Fault> {
    let charts = match of {
        LinkOf::Appointment(id) => {
            let Some(appointment) = store::find(c, id)? else { return Ok(Err(NotSet::NotFound)) };
            match appointment.state {
                _ if appointment.place.kind != PlaceKind::Video => return Ok(Err(NotSet::NotByVideo)),
                AppointmentState::Canceled => return Ok(Err(NotSet::Canceled)),
                AppointmentState::Booked => {}
            }
            store::parties_of(c, id)?.iter().map(|party| party.chart_id).collect()
        }
        LinkOf::Staff(id) => match staff::store::find(c, &id)? {
            None => return Ok(Err(NotSet::NotFound)),
            Some(_) => Vec::new(),
        },
        LinkOf::Place(id) => match find_place(c, id)? {
            None => return Ok(Err(NotSet::NotFound)),
            Some(place) if place.kind != PlaceKind::Video => return Ok(Err(NotSet::NotByVideo)),
            Some(_) => Vec::new(),
        },
    };
    let action = match link {
        Some(link) => {
            let sealed = app.keys.seal(&sealed_for(c.practice(), of), link.reveal().as_bytes(), c.rng())?;
            save(c, of, sealed, &by.actor.name())?;
            AppointmentAction::VideoLinkSet
        }
        None if remove(c, of)? => AppointmentAction::VideoLinkRemoved,
        None => return Ok(Ok(charts)),
    };
    // That there is one, and never where it leads.
    let details = serde_json::json!({ "of": of.kind(), "id": of.id().to_string() });
    let event = Event::new(by.clone(), action).with(details);
    match charts.as_slice() {
        [] => audit::record(c, event)?,
        charts => charts.iter().try_for_each(|chart| audit::record(c, event.clone().on_chart(chart)))?,
    }
    Ok(Ok(charts))
}

/// Sets a link, or takes it away.
pub async fn set(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    of: LinkOf,
    link: Option<WebAddress>,
) -> Result<Result<(), NotSet>, Fault> {
    let inside = app.clone();
    let outcome = app.db.write(scope, move |c| set_in(&inside, c, &by, of, link.as_ref())).await?;
    Ok(outcome.map(|charts| all_changed(app, scope, &charts)))
}

/// Why a client is not led anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotJoined {
    /// No such appointment of this chart, or not for them.
    #[error("not found")]
    NotFound,
    /// Too early, over, off, or nobody has set a link.
    #[error("it cannot be joined now")]
    NotNow,
}

/// Leads a client to the visit, and notes it.
pub async fn join(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    (access, chart): (AccessId, ChartId),
    id: AppointmentId,
) -> Result<Result<WebAddress, NotJoined>, Fault> {
    let inside = app.clone();
    let unit = move |c: &mut Scoped<'_>| {
        // What ended the access since the request was let in counts.
        if level_now(c, &access, Right::Appointments)? < Level::View {
            return Ok(Err(NotJoined::NotFound));
        }
        let Some((appointment, party)) = store::find_of_chart(c, chart, id)? else {
            return Ok(Err(NotJoined::NotFound));
        };
        if joining(&appointment, &party, c.now()) != Joining::Open {
            return Ok(Err(NotJoined::NotNow));
        }
        let Some((_, link)) = holds_for(&inside, c, &appointment)? else { return Ok(Err(NotJoined::NotNow)) };
        let event = Event::new(by.clone(), AppointmentAction::VideoJoined).on_chart(&chart);
        audit::record(c, event.with(serde_json::json!({ "appointment": id })))?;
        Ok(Ok(link))
    };
    app.db.write(scope, unit).await
}

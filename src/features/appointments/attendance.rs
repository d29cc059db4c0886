//! Noting whether a client came. Nobody gets a mail of it, no calendar changes, and a client's pages do not say it.

use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::booking::{NotBooked, Outcome, changed};
use crate::features::appointments::lifecycle::{Attendance, Decision, Event, PartyState, decide};
use crate::features::appointments::store::{self, standing};
use crate::features::practice;
use crate::kernel::ids::{AppointmentId, ChartId};
use crate::platform::audit::{self, By};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::state::AppState;

/// Of whom it is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noting {
    /// At this appointment …
    pub appointment: AppointmentId,
    /// … of the client of this chart; of its first client for none.
    pub chart: Option<ChartId>,
    /// What is noted.
    pub what: Attendance,
}

/// Notes it in the caller's transaction.
pub fn note_in(c: &mut Scoped<'_>, by: &By, noting: Noting) -> Outcome<ChartId> {
    let id = noting.appointment;
    let Some(before) = store::find(c, id)? else { return Ok(Err(NotBooked::NotFound)) };
    let parties = store::parties_of(c, id)?;
    let is_meant = |chart: ChartId| noting.chart.is_none_or(|only| only == chart);
    let Some(party) = parties.iter().find(|party| is_meant(party.chart_id)) else {
        return Ok(Err(NotBooked::NotFound));
    };
    let policy = practice::load(c)?.policy();
    let to = match decide(&standing(&before, party, 0, &policy), Event::Note(noting.what), c.now()) {
        Ok(Decision::Noted(to)) => to,
        Ok(Decision::Unchanged) => return Ok(Ok(party.chart_id)),
        Ok(_) => return Err(Fault::other("what was noted was decided as something else")),
        Err(why) => return Ok(Err(why.into())),
    };
    if !store::save_attendance(c, &before, party, to, &by.actor.name())? {
        return Err(Fault::lost_race("an appointment was changed while it was noted who came"));
    }
    let action = match to {
        PartyState::Arrived => AppointmentAction::Arrived,
        PartyState::NoShow => AppointmentAction::NoShow,
        _ => AppointmentAction::Undone,
    };
    let details = serde_json::json!({ "appointment": id, "starts_at": before.starts_at });
    let mut event = audit::Event::new(by.clone(), action).on_chart(&party.chart_id).with(details);
    event.old_state = party.state.word().into();
    event.new_state = to.word().into();
    audit::record(c, event)?;
    Ok(Ok(party.chart_id))
}

/// Notes it.
pub async fn note(app: &AppState, scope: &PracticeScope, by: By, noting: Noting) -> Outcome<ChartId> {
    let outcome = app.db.write(scope, move |c| note_in(c, &by, noting)).await?;
    Ok(outcome.inspect(|chart| changed(app, scope, chart)))
}

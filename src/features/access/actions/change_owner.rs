//! Change Ownership: somebody else of the chart becomes its owner.

use diesel::prelude::*;

use crate::features::access::actions::transitions::{Change, change};
use crate::features::access::actions::{Outcome, Refused, notify_changed};
use crate::features::access::lifecycle::{Event, Phase, State};
use crate::features::access::overview::GrantRole;
use crate::features::access::store;
use crate::features::people::load_file;
use crate::kernel::ids::{ChartId, PersonId};
use crate::platform::audit::{self, By};
use crate::platform::db;
use crate::platform::db::schema::chart;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::permissions::Right;
use crate::platform::state::AppState;

/// Makes somebody else of this chart the owner. What the former owner had ends. The new owner is not
/// invited by that: the box then offers it.
pub async fn change_owner(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    to: PersonId,
) -> Outcome<()> {
    let changed = chart.clone();
    let outcome = app.db.write(scope, move |c| change_owner_in(c, &by, &chart, &to)).await?;
    if outcome.is_ok() {
        notify_changed(app, scope, &changed);
    }
    Ok(outcome)
}

/// The same inside a transaction of the caller's, who calls [`tell`] after the commit.
pub fn change_owner_in(c: &mut Scoped<'_>, by: &By, chart: &ChartId, to: &PersonId) -> Outcome<()> {
    store::lock_charts(c, std::slice::from_ref(chart))?;
    let Some(file) = load_file(c, chart)? else { return Ok(Err(Refused::NotFound)) };
    if file.chart.state != "open" {
        return Ok(Err(Refused::ChartClosed));
    }
    if file.person(to).is_none() || file.chart.owner_person_id == *to {
        return Ok(Err(Refused::NotAContact));
    }
    let (practice, now) = (c.practice().clone(), c.now());
    let moved = db::update(
        chart::table
            .filter(chart::practice_id.eq(practice))
            .filter(chart::chart_id.eq(chart.clone()))
            .filter(chart::version.eq(file.chart.version)),
    )
    .set((
        chart::owner_person_id.eq(to.clone()),
        chart::version.eq(file.chart.version + 1),
        chart::updated_at.eq(now),
    ))
    .execute(c.conn)?;
    if moved == 0 {
        return Err(Fault::lost_race("a chart was changed by somebody else"));
    }
    let mut events = Vec::new();
    let (mut new_state, mut new_access) = (Phase::NotInvited, None);
    for mut row in store::access_of_charts(c, std::slice::from_ref(chart))? {
        if row.person_id == file.chart.owner_person_id {
            row.role = GrantRole::FormerOwner;
            let had = row.is_out() || row.state == State::Active;
            let action = "access.ownership_moved";
            if let Ok(Change { told, .. }) = change(c, by, &mut row, Event::OwnershipMoved, action, "")?
                && had
            {
                events.push(told);
            }
        } else if row.person_id == *to {
            row.role = GrantRole::Owner;
            row.rights = Right::write_list(Right::ALL);
            store::save_access(c, &mut row)?;
            (new_state, new_access) = (row.phase(now), Some(row.access_id.clone()));
        }
    }
    let details = serde_json::json!({ "person": to });
    events.push(audit::Event {
        access: new_access,
        new_state: new_state.word().into(),
        ..audit::Event::new(by.clone(), "access.owner_changed").on_chart(chart).with(details)
    });
    audit::record_many(c, events)?;
    Ok(Ok(()))
}

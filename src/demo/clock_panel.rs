//! Moving the demo's time forward. It never goes back: stored times would then lie in the future.

use diesel::prelude::*;

use crate::app::JOBS;
use crate::demo::seed;
use crate::demo::state::Demo;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ChartId;
use crate::platform::db::schema::{chart, person, portal_access};
use crate::platform::fault::Fault;
use crate::platform::jobs;
use crate::platform::state::AppState;
use crate::platform::stop;

/// A link that is open now.
#[derive(Clone, Debug)]
pub struct OpenLink {
    /// Whose chart.
    pub chart: ChartId,
    /// Whose name.
    pub name: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// The links that end next, at most `limit`.
pub async fn open_links(app: &AppState, limit: i64) -> Result<Vec<OpenLink>, Fault> {
    app.db
        .system_read(move |system| {
            let now = system.now;
            let rows: Vec<(ChartId, String, String, Option<Timestamp>)> = portal_access::table
                .inner_join(
                    chart::table.on(chart::practice_id
                        .eq(portal_access::practice_id)
                        .and(chart::chart_id.eq(portal_access::chart_id))),
                )
                .inner_join(
                    person::table.on(person::practice_id
                        .eq(portal_access::practice_id)
                        .and(person::person_id.eq(portal_access::person_id))),
                )
                .filter(portal_access::state.eq("invited"))
                .filter(portal_access::expires_at.gt(now))
                .order(portal_access::expires_at.asc())
                .limit(limit)
                .select((
                    portal_access::chart_id,
                    person::first_name,
                    person::last_name,
                    portal_access::expires_at,
                ))
                .load(system.conn)?;
            Ok(rows
                .into_iter()
                .filter_map(|(chart, first, last, expires_at)| {
                    Some(OpenLink { chart, name: format!("{first} {last}"), expires_at: expires_at? })
                })
                .collect())
        })
        .await
}

/// Moves the clock, and lets what is due by then happen at once.
pub async fn forward(demo: &Demo, app: &AppState, seconds: u32) -> Result<(), Fault> {
    demo.clock.advance_seconds(seconds);
    seed::write(demo.clock_file.clone(), &demo.clock.ahead_seconds().to_string())?;
    let (_stopper, stop) = stop::signal();
    jobs::run_due(app, &JOBS, &stop).await?;
    app.outbox_bell.notify_one();
    Ok(())
}

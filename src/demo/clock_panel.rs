//! Moving the demo's time forward. It never goes back: stored times would then lie in the future.

use crate::app::JOBS;
use crate::demo::seed;
use crate::demo::state::Demo;
use crate::features::access::next_open_links;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ChartId;
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
            let rows = next_open_links(system, limit)?;
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
    app.live.all_changed();
    Ok(())
}

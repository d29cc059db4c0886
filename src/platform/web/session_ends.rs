//! Ends of sessions, for answers that outlive their request: a live stream must end within a second of
//! its session, in whichever process that was signed out (SES-06).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::platform::db::System;
use crate::platform::db::schema::session;
use crate::platform::fault::Fault;
use crate::platform::live::{Listener, Subject};
use crate::platform::state::AppState;

/// How often the sessions that ended are looked up, while any stream is open.
const EVERY: Duration = Duration::from_millis(500);
/// Ends of the last minute are looked up each time, because the clocks of several machines differ, and a
/// transaction is seen later than the moment that it notes.
const LOOK_BACK_SECONDS: i64 = 60;

/// Waits for the end of one session.
pub struct EndOfSession(Listener);

impl EndOfSession {
    /// Begins to listen for the end of this session.
    pub fn of(app: &AppState, token_hash: String) -> Self {
        let ends = app.live.listen(Subject::Session(token_hash));
        if app.live.begin_watch() {
            tokio::spawn(watch(app.clone()));
        }
        Self(ends)
    }

    /// Returns when the session was ended, or locked, or when ends may have been missed: the caller then asks the database,
    /// or lets the browser connect again.
    pub async fn reached(&mut self) {
        self.0.rung().await;
    }
}

/// Has the open streams of a session look again, because it was locked.
pub fn look_again(app: &AppState, token_hash: &str) {
    app.live.session_changed(token_hash);
}

/// Looks up which sessions ended, as long as a stream is open. One query for all streams.
async fn watch(app: AppState) {
    let mut announced: HashMap<String, Timestamp> = HashMap::new();
    loop {
        tokio::time::sleep(EVERY).await;
        if !app.live.is_listened_to() {
            app.live.end_watch();
            // Somebody may have begun to listen between the two lines above.
            if !app.live.is_listened_to() || !app.live.begin_watch() {
                return;
            }
        }
        let since = app.now().plus_seconds(-LOOK_BACK_SECONDS);
        match app.db.system_read(move |system| ended_since(system, since)).await {
            Ok(ended) => {
                announced.retain(|_, at| *at >= since);
                for (hash, at) in ended {
                    if let Entry::Vacant(place) = announced.entry(hash) {
                        app.live.session_ended(place.key());
                        place.insert(at);
                    }
                }
            }
            // The streams still ask for themselves, less often.
            Err(fault) => tracing::warn!(error = fault.chain(), "ended sessions could not be looked up"),
        }
    }
}

fn ended_since(system: &mut System<'_>, since: Timestamp) -> Result<Vec<(String, Timestamp)>, Fault> {
    let rows: Vec<(String, Option<Timestamp>)> = session::table
        .filter(session::ended_at.ge(since))
        .select((session::token_hash, session::ended_at))
        .load(system.conn)?;
    Ok(rows.into_iter().filter_map(|(hash, at)| Some((hash, at?))).collect())
}

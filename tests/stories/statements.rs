//! Which statements a connection runs, and which of them it had to prepare.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, Once};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

use crate::support::World;

/// What was seen on the connections of one database.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How many statements ran.
    pub asked: usize,
    /// Those that were prepared: for the first time, or because they are never kept.
    pub prepared: Vec<String>,
}

static SEEN: Mutex<Option<HashMap<String, Seen>>> = Mutex::new(None);

fn lock() -> MutexGuard<'static, Option<HashMap<String, Seen>>> {
    SEEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Connections that are made from now on, by any story of this process, are watched.
pub fn watch_new_connections() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_default_instrumentation(|| Some(Box::<Watcher>::default())).expect("no other instrumentation");
    });
}

/// The part of a database's URL that all its connections share.
fn name(url: &str) -> String {
    let url = url.trim_start_matches("sqlite:");
    url.split_once('?').map_or(url, |(before, _)| before).to_owned()
}

/// Begins anew for a world's database.
pub fn forget(w: &World) {
    lock().get_or_insert_default().remove(&name(&w.database.text()));
}

/// What was seen since.
pub fn seen(w: &World) -> Seen {
    lock().get_or_insert_default().get(&name(&w.database.text())).cloned().unwrap_or_default()
}

#[derive(Default)]
struct Watcher {
    database: String,
    kept: HashSet<String>,
}

impl Watcher {
    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(lock().get_or_insert_default().entry(self.database.clone()).or_default());
    }
}

impl Instrumentation for Watcher {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => self.database = name(url),
            InstrumentationEvent::CacheQuery { sql, .. } => {
                self.kept.insert(sql.to_owned());
                self.note(|seen| seen.prepared.push(sql.to_owned()));
            }
            InstrumentationEvent::FinishQuery { query, .. } => {
                let text = query.to_string();
                // Without what was bound; a batch (BEGIN, COMMIT, settings) has no such part.
                let Some((sql, _)) = text.split_once(" -- binds: ") else { return };
                let is_kept = self.kept.contains(sql);
                self.note(|seen| {
                    seen.asked += 1;
                    if !is_kept {
                        seen.prepared.push(sql.to_owned());
                    }
                });
            }
            _ => {}
        }
    }
}

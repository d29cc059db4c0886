//! Readings that wait to be written: that somebody opened a chart. A page only notes it, in memory, and every second a
//! worker writes what is new, so that reading a page writes nothing. A crash loses at most [`WRITE_EVERY`]. What is read
//! of one document or conversation is another matter: that is written before it is shown.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;

use super::{Event, record_many};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, PracticeId};
use crate::platform::db::schema::audit_event;
use crate::platform::db::{Db, PracticeScope, Scoped};
use crate::platform::fault::Fault;

/// How often the readings are written.
pub const WRITE_EVERY: Duration = Duration::from_secs(1);

/// Seconds for which one reading stands for all of the same person and chart.
const SPAN: i64 = 3_600;

type Key = (PracticeId, String, ChartId);

#[derive(Default)]
struct Noted {
    /// When each was noted last, within the span.
    known: HashMap<Key, Timestamp>,
    waiting: Vec<(PracticeId, Event)>,
}

/// See the module.
#[derive(Default)]
pub struct Readings(Mutex<Noted>);

impl Readings {
    /// Notes that somebody looked at a chart, unless that was noted within the last hour.
    pub fn note(&self, practice: PracticeId, event: Event, now: Timestamp) {
        let Some(chart) = event.chart else { return };
        let (_, actor, _) = event.by.actor.columns();
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (practice, actor, chart);
        // A clock that was set back makes what was noted later than now: that stands for nothing.
        let is_known =
            noted.known.get(&key).is_some_and(|before| (0..SPAN).contains(&now.seconds_since(*before)));
        if !is_known {
            noted.known.insert(key, now);
            noted.waiting.push((practice, event));
        }
    }

    /// Writes what waits; returns how many there were.
    pub async fn write(&self, db: &Db, now: Timestamp) -> Result<usize, Fault> {
        let waiting = {
            let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            noted.known.retain(|_, before| (0..SPAN).contains(&now.seconds_since(*before)));
            std::mem::take(&mut noted.waiting)
        };
        let mut by_practice: HashMap<PracticeId, Vec<Event>> = HashMap::new();
        for (practice, event) in &waiting {
            by_practice.entry(*practice).or_default().push(event.clone());
        }
        for (practice, events) in by_practice {
            let scope = PracticeScope::for_worker(practice);
            if let Err(fault) = db.write(&scope, move |c| record_unless_known(c, &events)).await {
                // All of them again: those that were written are known by their rows.
                let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                noted.waiting.extend(waiting);
                return Err(fault);
            }
        }
        Ok(waiting.len())
    }
}

/// Another process, or this one before it was started anew, may have written the same.
fn record_unless_known(c: &mut Scoped<'_>, events: &[Event]) -> Result<(), Fault> {
    let since = c.now().plus_seconds(-SPAN);
    let mut fresh = Vec::with_capacity(events.len());
    for event in events {
        let (_, actor, _) = event.by.actor.columns();
        let last: Option<Timestamp> = c
            .rows(audit_event::table)
            .filter(audit_event::chart_id.eq(event.chart))
            .filter(audit_event::action.eq(event.action.word))
            .filter(audit_event::actor_id.eq(actor))
            .order(audit_event::event_id.desc())
            .select(audit_event::at)
            .limit(1)
            .optional(c)?;
        if last.is_none_or(|last| last <= since) {
            fresh.push(event.clone());
        }
    }
    record_many(c, fresh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::SeededChance;
    use crate::platform::audit::{Actor, By};
    use crate::platform::audit_action::{Action, Reason, Tone};

    const OPENED: Action = Action { word: "chart.opened", tone: Tone::Plain, reason: Reason::None };

    #[test]
    fn one_reading_an_hour_stands_for_all_of_one_person_and_chart() {
        let (readings, practice) = (Readings::default(), PracticeId::NIL);
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let chance = SeededChance::new(1);
        let (one, other) = (ChartId::fresh(&chance, at(0)), ChartId::fresh(&chance, at(0)));
        let ana = crate::kernel::ids::StaffId::fresh(&chance, at(0));
        let note = |chart: &ChartId, seconds| {
            let by = By { actor: Actor::Staff(ana, "Ana".into()), source: String::new() };
            readings.note(practice, Event::new(by, OPENED).on_chart(chart), at(seconds));
            readings.0.lock().unwrap().waiting.len()
        };
        assert_eq!([note(&one, 0), note(&one, 1), note(&one, SPAN - 1)], [1, 1, 1]);
        assert_eq!(note(&other, 2), 2);
        assert_eq!(note(&one, SPAN), 3);
        assert_eq!(note(&one, 10), 4, "the clock was set back");
    }
}

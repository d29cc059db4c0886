//! Notifies open pages that a chart changed, and that a session ended. A page that listens for one chart is not
//! woken for another. Pages of another process on the same PostgreSQL hear of it within half a second ([`Live::share`]).
//! Sessions that ended anywhere are also looked up twice a second while pages are open.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::kernel::ids::{ChartId, PracticeId};
use crate::platform::db::{Db, Heard, MOST_TOLD};
use crate::platform::fault::Fault;

/// Changed charts of one practice that other processes are told by name; of more they hear that the practice changed.
const MOST_CHARTS: usize = 100;
/// After changes may have been missed, every open page looks again: not all at once, but in so many parts.
const PARTS: usize = 20;

/// What a page listens for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// Changes of this chart.
    Chart(PracticeId, ChartId),
    /// Changes of any chart of the practice.
    Practice(PracticeId),
    /// The end of the session with this hash.
    Session(String),
}

/// What open pages listen to.
#[derive(Clone, Default)]
pub struct Live(Arc<Shared>);

#[derive(Default)]
struct Shared {
    bells: Mutex<HashMap<Subject, watch::Sender<()>>>,
    /// Changes that other processes have not been told yet; `None` where there are no others.
    untold: Mutex<Option<HashSet<Subject>>>,
    is_watching: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    /// Something that the chart room shows has changed.
    pub fn chart_changed(&self, practice: &PracticeId, chart: &ChartId) {
        self.ring_chart(*practice, *chart);
        self.tell(Subject::Chart(*practice, *chart));
    }

    /// Has every open page of a session look again, because what the session may see has changed.
    pub(super) fn session_changed(&self, token_hash: &str) {
        self.session_ended(token_hash);
        self.tell(Subject::Session(token_hash.to_owned()));
    }

    fn tell(&self, subject: Subject) {
        if let Some(untold) = locked(&self.0.untold).as_mut() {
            untold.insert(subject);
        }
    }

    /// Has every open page look again.
    pub fn all_changed(&self) {
        locked(&self.0.bells).values().for_each(ring);
    }

    /// Listens for what happens from now on.
    pub(super) fn listen(&self, subject: Subject) -> Listener {
        let mut bells = locked(&self.0.bells);
        let bell = bells.entry(subject.clone()).or_insert_with(|| watch::Sender::new(())).subscribe();
        Listener { shared: self.0.clone(), subject, bell }
    }

    /// Announces to the pages of this process that a session ended.
    pub(super) fn session_ended(&self, token_hash: &str) {
        self.ring(&Subject::Session(token_hash.to_owned()));
    }

    /// Does anybody listen for ends of sessions?
    pub(super) fn is_listened_to(&self) -> bool {
        locked(&self.0.bells).keys().any(|subject| matches!(subject, Subject::Session(_)))
    }

    /// Takes on the watch, unless somebody has it.
    pub(super) fn begin_watch(&self) -> bool {
        !self.0.is_watching.swap(true, Ordering::SeqCst)
    }

    /// Gives the watch up.
    pub(super) fn end_watch(&self) {
        self.0.is_watching.store(false, Ordering::SeqCst);
    }

    /// From now on tells the other processes on this PostgreSQL of changes, and hears of theirs. SQLite has one
    /// process that serves.
    pub fn share(&self, db: &Db) -> Result<(), Fault> {
        if db.is_postgres() {
            locked(&self.0.untold).get_or_insert_default();
        }
        let (telling, hearing) = (self.clone(), self.clone());
        let mut late: Vec<Subject> = Vec::new();
        db.exchange(
            move || texts_of(locked(&telling.0.untold).as_mut().map(std::mem::take).unwrap_or_default()),
            move |heard| match heard {
                Heard::Text(text) => text.split(',').for_each(|word| hearing.hear(word)),
                Heard::MayHaveMissed => late = locked(&hearing.0.bells).keys().cloned().collect(),
                Heard::Nothing => {
                    let part = late.len().min(locked(&hearing.0.bells).len() / PARTS + 1);
                    late.drain(..part).for_each(|subject| hearing.ring(&subject));
                }
            },
        )
    }

    fn hear(&self, word: &str) {
        match read(word) {
            Some(Subject::Chart(practice, chart)) => self.ring_chart(practice, chart),
            Some(Subject::Practice(practice)) => {
                let concerns = |subject: &Subject| match subject {
                    Subject::Chart(of, _) | Subject::Practice(of) => *of == practice,
                    Subject::Session(_) => false,
                };
                let bells = locked(&self.0.bells);
                bells.iter().filter(|(subject, _)| concerns(subject)).for_each(|(_, bell)| ring(bell));
            }
            Some(session @ Subject::Session(_)) => self.ring(&session),
            None => tracing::warn!(word, "another process told of a change in words that are not known"),
        }
    }

    fn ring_chart(&self, practice: PracticeId, chart: ChartId) {
        self.ring(&Subject::Chart(practice, chart));
        self.ring(&Subject::Practice(practice));
    }

    fn ring(&self, subject: &Subject) {
        // No listener is no error.
        if let Some(bell) = locked(&self.0.bells).get(subject) {
            ring(bell);
        }
    }
}

fn ring(bell: &watch::Sender<()>) {
    bell.send_replace(());
}

/// `chart PRACTICE ID`, `practice ID` or `session HASH`.
fn read(word: &str) -> Option<Subject> {
    let (kind, rest) = word.split_once(' ')?;
    Some(match kind {
        "chart" => {
            let (practice, chart) = rest.split_once(' ')?;
            Subject::Chart(practice.parse().ok()?, chart.parse().ok()?)
        }
        "practice" => Subject::Practice(rest.parse().ok()?),
        "session" => Subject::Session(rest.to_owned()),
        _ => return None,
    })
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chart(practice, chart) => write!(f, "chart {practice} {chart}"),
            Self::Practice(practice) => write!(f, "practice {practice}"),
            Self::Session(hash) => write!(f, "session {hash}"),
        }
    }
}

/// What other processes are told, in texts that fit.
fn texts_of(untold: HashSet<Subject>) -> Vec<String> {
    let mut charts: HashMap<PracticeId, usize> = HashMap::new();
    for subject in &untold {
        if let Subject::Chart(practice, _) = subject {
            *charts.entry(*practice).or_default() += 1;
        }
    }
    charts.retain(|_, count| *count > MOST_CHARTS);
    let single = untold
        .into_iter()
        .filter(|subject| !matches!(subject, Subject::Chart(practice, _) if charts.contains_key(practice)));
    let words = single.chain(charts.keys().map(|practice| Subject::Practice(*practice)));
    let mut texts: Vec<String> = Vec::new();
    for word in words.map(|subject| subject.to_string()) {
        match texts.last_mut() {
            Some(text) if text.len() + 1 + word.len() <= MOST_TOLD => {
                text.push(',');
                text.push_str(&word);
            }
            _ => texts.push(word),
        }
    }
    texts
}

/// Hears of one subject until it is dropped.
pub(super) struct Listener {
    shared: Arc<Shared>,
    subject: Subject,
    bell: watch::Receiver<()>,
}

impl Listener {
    /// Returns when the bell was rung since the last time; several rings count once.
    pub(super) async fn rung(&mut self) {
        if self.bell.changed().await.is_err() {
            // Its bell is kept as long as somebody listens.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut bells = locked(&self.shared.bells);
        // This listener still counts.
        if bells.get(&self.subject).is_some_and(|bell| bell.receiver_count() <= 1) {
            bells.remove(&self.subject);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn ids(n: u128) -> (PracticeId, ChartId) {
        (PracticeId::from_uuid(uuid::Uuid::from_u128(n)), ChartId::from_uuid(uuid::Uuid::from_u128(n)))
    }

    #[test]
    fn a_change_wakes_the_pages_that_it_concerns_and_no_others() {
        let live = Live::default();
        let ((practice, chart), (other_practice, other_chart)) = (ids(1), ids(2));
        let mut of_chart = live.listen(Subject::Chart(practice, chart));
        let mut of_practice = live.listen(Subject::Practice(practice));
        let mut of_other = live.listen(Subject::Practice(other_practice));
        let mut of_session = live.listen(Subject::Session("a".into()));
        live.chart_changed(&practice, &chart);
        live.chart_changed(&practice, &chart);
        assert!(of_chart.rung().now_or_never().is_some());
        assert!(of_chart.rung().now_or_never().is_none(), "two rings count once");
        assert!(of_practice.rung().now_or_never().is_some());
        assert!(of_other.rung().now_or_never().is_none());
        live.chart_changed(&practice, &other_chart);
        assert!(of_chart.rung().now_or_never().is_none());
        assert!(of_practice.rung().now_or_never().is_some());
        assert!(live.is_listened_to());
        live.session_ended("a");
        assert!(of_session.rung().now_or_never().is_some());
        drop((of_chart, of_practice, of_other, of_session));
        assert!(locked(&live.0.bells).is_empty(), "nothing is kept of pages that are closed");
    }

    #[test]
    fn what_one_process_tells_another_one_hears() {
        let (one, other) = (Live::default(), Live::default());
        let ((practice, chart), (crowded, _)) = (ids(1), ids(2));
        let mut of_chart = other.listen(Subject::Chart(practice, chart));
        let mut in_crowd = other.listen(Subject::Chart(crowded, ids(1_000).1));
        let mut of_session = other.listen(Subject::Session("a_hash-1".into()));
        *locked(&one.0.untold) = Some(HashSet::new());
        one.chart_changed(&practice, &chart);
        (0..500).for_each(|n| one.chart_changed(&crowded, &ids(1_000 + n).1));
        (0..150).for_each(|n| one.chart_changed(&ids(10 + n % 2).0, &ids(2_000 + n).1));
        one.session_changed("a_hash-1");
        let texts = texts_of(locked(&one.0.untold).take().unwrap());
        assert_eq!(texts.len(), 2, "151 charts, one whole practice and one session");
        assert!(texts.iter().all(|text| text.len() <= MOST_TOLD));
        texts.iter().flat_map(|text| text.split(',')).for_each(|word| other.hear(word));
        assert!(of_chart.rung().now_or_never().is_some());
        assert!(in_crowd.rung().now_or_never().is_some());
        assert!(of_session.rung().now_or_never().is_some());
        other.hear("nonsense");
    }
}

//! Notifies open pages that a chart changed, and that a session ended. Within one process a page hears of a
//! changed chart at once; it also asks again every few seconds, so that it sees a change made by another
//! process too. Ended sessions are looked up by each process twice a second while pages are open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::broadcast;

use crate::kernel::ids::{ChartId, PracticeId};

/// What open pages listen to.
#[derive(Clone)]
pub struct Live {
    charts: broadcast::Sender<(PracticeId, ChartId)>,
    ended_sessions: broadcast::Sender<String>,
    is_watching: Arc<AtomicBool>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            charts: broadcast::channel(1_024).0,
            ended_sessions: broadcast::channel(1_024).0,
            is_watching: Arc::default(),
        }
    }
}

impl Live {
    /// Something that the chart room shows has changed.
    pub fn chart_changed(&self, practice: &PracticeId, chart: &ChartId) {
        // No listener is no error.
        let _ = self.charts.send((practice.clone(), chart.clone()));
    }

    /// Every change from now on.
    pub fn listen(&self) -> broadcast::Receiver<(PracticeId, ChartId)> {
        self.charts.subscribe()
    }

    /// The hash of each session that is found to have ended, from now on.
    pub(super) fn listen_for_ends(&self) -> broadcast::Receiver<String> {
        self.ended_sessions.subscribe()
    }

    /// Announces that a session ended; `false` when no page listens.
    pub(super) fn session_ended(&self, token_hash: &str) -> bool {
        self.ended_sessions.send(token_hash.to_owned()).is_ok()
    }

    /// Does anybody listen for ends of sessions?
    pub(super) fn is_listened_to(&self) -> bool {
        self.ended_sessions.receiver_count() > 0
    }

    /// Takes on the watch, unless somebody has it.
    pub(super) fn begin_watch(&self) -> bool {
        !self.is_watching.swap(true, Ordering::SeqCst)
    }

    /// Gives the watch up.
    pub(super) fn end_watch(&self) {
        self.is_watching.store(false, Ordering::SeqCst);
    }
}

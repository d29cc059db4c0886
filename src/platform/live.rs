//! Tells open pages that a chart changed. In one process at once; a page also looks again by itself
//! every few seconds, so that a change made by another process reaches it too.

use tokio::sync::broadcast;

use crate::kernel::ids::{ChartId, PracticeId};

/// The house's bell board.
#[derive(Clone)]
pub struct Live(broadcast::Sender<(PracticeId, ChartId)>);

impl Default for Live {
    fn default() -> Self {
        Self(broadcast::channel(1_024).0)
    }
}

impl Live {
    /// Something that the chart room shows has changed.
    pub fn chart_changed(&self, practice: &PracticeId, chart: &ChartId) {
        // Nobody listening is no error.
        let _ = self.0.send((practice.clone(), chart.clone()));
    }

    /// Every change from now on.
    pub fn listen(&self) -> broadcast::Receiver<(PracticeId, ChartId)> {
        self.0.subscribe()
    }
}

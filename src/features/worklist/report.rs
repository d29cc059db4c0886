//! What came of sending to many, a result per chart. It travels in the address of the page that
//! follows the form, signed, so that Back and reload send nothing, and the report cannot be forged.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::features::access::actions::Refused;
use crate::features::access::{When, refusal_key};
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ChartId;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;

/// Lines in a report at most: one page of the list.
const MOST: usize = 60;

/// See the module.
#[derive(Debug, Default)]
pub struct Report(Vec<(ChartId, String, Option<Timestamp>)>);

/// A line of the report as the page shows it.
#[derive(Debug)]
pub struct ReportLine {
    /// The chart.
    pub chart: ChartId,
    /// The client's name.
    pub client: String,
    /// The chart number.
    pub number: String,
    /// Sent?
    pub sent: bool,
    /// What happened, and what to do.
    pub text: String,
}

const SENT: &str = "sent";

impl Report {
    /// Notes what came of one chart.
    pub fn add(&mut self, chart: ChartId, outcome: &Result<(), Refused>) {
        let (word, at) = match outcome {
            Ok(()) => (SENT, None),
            Err(Refused::TooManyToday(again)) => (refusal_key(&Refused::TooManyToday(*again)), Some(*again)),
            Err(refused) => (refusal_key(refused), None),
        };
        if self.0.len() < MOST {
            self.0.push((chart, word.to_owned(), at));
        }
    }

    /// For the address.
    pub fn to_text(&self, app: &AppState, staff: &StaffSession) -> String {
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|(chart, word, at)| match at {
                Some(at) => format!("{chart}_{word}_{}", at.micros()),
                None => format!("{chart}_{word}"),
            })
            .collect();
        let lines = lines.join(".");
        format!("{}.{lines}", app.keys.sign("worklist-report", &signed(staff, &lines)))
    }

    /// From the address; nothing unless it was made for this session.
    pub fn read(app: &AppState, staff: &StaffSession, text: &str) -> Option<Self> {
        let (tag, lines) = text.split_once('.')?;
        if !app.keys.verify("worklist-report", &signed(staff, lines), tag) {
            return None;
        }
        let lines = lines.split('.').filter_map(|line| {
            let mut parts = line.split('_');
            let chart = parts.next()?.parse().ok()?;
            let word = parts.next()?.to_owned();
            let at = parts.next().and_then(|at| at.parse().ok()).map(Timestamp::from_micros);
            Some((chart, word, at))
        });
        Some(Self(lines.collect()))
    }

    /// The charts it is about.
    pub fn charts(&self) -> Vec<ChartId> {
        self.0.iter().map(|(chart, ..)| chart.clone()).collect()
    }

    /// In words; what was not sent comes first, because it needs work.
    pub fn lines(
        self,
        words: Words,
        zone: &TimeZone,
        now: Timestamp,
        names: &HashMap<ChartId, (String, String)>,
    ) -> Vec<ReportLine> {
        let mut lines: Vec<ReportLine> = self
            .0
            .into_iter()
            .filter_map(|(chart, word, at)| {
                let (client, number) = names.get(&chart)?.clone();
                let sent = word == SENT;
                let text = if sent {
                    words.get("worklist-sent")
                } else {
                    let when = at.map(|at| When::new(words, zone, at, now).exact).unwrap_or_default();
                    words.with1(&word, "when", when)
                };
                Some(ReportLine { chart, client, number, sent, text })
            })
            .collect();
        lines.sort_by_key(|line| line.sent);
        lines
    }
}

fn signed(staff: &StaffSession, lines: &str) -> String {
    format!("{}\n{}\n{lines}", staff.scope.id(), staff.session.token_hash)
}

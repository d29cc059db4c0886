//! Contenders under the same load, in turn with the limit.

use super::drive::{self, Next, Order, Outcome};
use super::report::{Line, Report, Spread, Verdict};
use super::servers::Server;
use crate::support::http;

/// Turns of each comparison.
pub const ROUNDS: usize = 3;
/// How far the limit may move within a round, and how often a round is tried again.
const STEADY: f64 = 0.10;
const TRIES: usize = 3;

/// One server and what it is asked.
pub struct Contender<'a> {
    pub server: &'a Server,
    pub requests: Vec<String>,
}

impl Contender<'_> {
    /// A closed loop over these connections, for so long.
    pub fn order(&self, connections: usize, seconds: f64) -> Order {
        Order {
            to: self.server.address,
            connections,
            seconds,
            rate: None,
            requests: self.requests.clone(),
            next: Next::Random,
        }
    }
}

pub fn get(server: &Server, path: &str, cookie: &str) -> String {
    let cookie = if cookie.is_empty() { String::new() } else { format!("cookie: {cookie}\r\n") };
    format!("GET {path} HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\n{cookie}\r\n", server.address)
}

pub fn post(server: &Server, path: &str, cookie: &str, fields: &[(String, String)]) -> String {
    let (body, cookie) = (
        http::encode_form(fields),
        if cookie.is_empty() { String::new() } else { format!("cookie: {cookie}\r\n") },
    );
    format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\n{cookie}content-type: \
         application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    )
}

pub fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A line of a row: how many answers a second over these connections, and within how many milliseconds 99 of 100 come,
/// at most `most` where that is asked for.
pub fn show(
    report: &mut Report,
    (row, what): (&'static str, String),
    contender: &Contender<'_>,
    (connections, seconds): (usize, f64),
    most: Option<f64>,
) {
    // Warm caches, and every connection of every pool.
    drive::in_a_process(&contender.order(connections, seconds / 2.0));
    let outcomes: Vec<Outcome> =
        (0..ROUNDS).map(|_| drive::in_a_process(&contender.order(connections, seconds))).collect();
    let (rate, p99) =
        (Spread::of(outcomes.iter().map(Outcome::rate)), Spread::of(outcomes.iter().map(|o| o.p99)));
    report.add(Line {
        row,
        what: format!("{what}, {connections} connections"),
        figure: format!("{}/s, p99 {} ms", rate.text(0), p99.text(1)),
        ratio: "–".into(),
        must: most.map_or("–".into(), |most| format!("≤ {most} ms")),
        verdict: most.map_or(Verdict::Shown, |most| Verdict::at_most(p99.median, most)),
    });
}

/// What rounds in turn gave: of the limit and of each other.
pub struct Rounds {
    pub limit: Vec<f64>,
    others: Vec<Vec<Outcome>>,
    busy: bool,
}

impl Rounds {
    /// Requests a second of one of the others.
    pub fn rate(&self, other: usize) -> Spread {
        Spread::of(self.others[other].iter().map(Outcome::rate))
    }

    /// To the limit, round by round.
    pub fn ratio(&self, other: usize) -> Spread {
        Spread::of(self.others[other].iter().zip(&self.limit).map(|(outcome, limit)| outcome.rate() / limit))
    }

    /// Of one to another, round by round.
    pub fn between(&self, one: usize, another: usize) -> Spread {
        let pairs = self.others[one].iter().zip(&self.others[another]);
        Spread::of(pairs.map(|(one, another)| one.rate() / another.rate()))
    }

    /// "Machine busy" where the limit did not stand still.
    pub fn verdict(&self, otherwise: Verdict) -> Verdict {
        if self.busy { Verdict::MachineBusy } else { otherwise }
    }
}

/// Limit, others, limit; three times. A round in which the limit moved is run again.
pub fn in_turn(limit: &Contender<'_>, others: &[&Contender<'_>], connections: usize, seconds: f64) -> Rounds {
    let mut rounds =
        Rounds { limit: Vec::new(), others: others.iter().map(|_| Vec::new()).collect(), busy: false };
    // Warm caches, and every connection of every pool.
    for contender in others {
        drive::in_a_process(&contender.order(connections, 1.0));
    }
    for _ in 0..ROUNDS {
        for attempt in 1..=TRIES {
            let before = drive::in_a_process(&limit.order(connections, seconds)).rate();
            let outcomes: Vec<Outcome> =
                others.iter().map(|other| drive::in_a_process(&other.order(connections, seconds))).collect();
            let after = drive::in_a_process(&limit.order(connections, seconds)).rate();
            let is_steady = (before - after).abs() <= STEADY * before.max(after);
            if is_steady || attempt == TRIES {
                rounds.busy |= !is_steady;
                rounds.limit.push((before + after) / 2.0);
                for (all, outcome) in rounds.others.iter_mut().zip(outcomes) {
                    all.push(outcome);
                }
                break;
            }
        }
    }
    rounds
}

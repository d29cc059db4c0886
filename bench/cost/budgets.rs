//! `bench/budgets.toml`: what each page may cost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Deserialize;

use super::support::Engine;

/// What one page costs, on average or at most.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Units of work handed to a database thread.
    pub hops: u64,
    /// Statements, without those that begin and end a transaction.
    pub statements: u64,
    /// Statements that are prepared anew each time.
    pub uncached: u64,
    /// Allocations.
    pub allocations: u64,
    /// The body.
    pub bytes: u64,
    /// The body, compressed fast. Only shown.
    #[serde(skip)]
    pub gzip: u64,
    /// Processor time, which depends on the machine. Only shown.
    #[serde(skip)]
    pub cpu_micros: u64,
    /// Steps of SQLite's plans that read all rows of a practice. No page may have one.
    #[serde(skip)]
    pub whole_reads: BTreeSet<String>,
}

impl Cost {
    /// For whoever watches.
    pub fn line(&self, page: &str, engine: &str) -> String {
        format!(
            "{engine:<8} {page:<22} {:>2} hops {:>3} statements ({} uncached) {:>6} allocations {:>6} bytes {:>6} gzip \
             {:>6} µs",
            self.hops,
            self.statements,
            self.uncached,
            self.allocations,
            self.bytes,
            self.gzip,
            self.cpu_micros
        )
    }
}

/// Percent by which allocations and bytes may be above their budget: they differ a little from run to run.
const TOLERANCE: u64 = 10;

/// The whole file: page, engine, cost.
pub struct Budgets(BTreeMap<String, BTreeMap<String, Cost>>);

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bench/budgets.toml")
}

impl Budgets {
    /// Reads the file.
    pub fn load() -> Self {
        let text = std::fs::read_to_string(path()).expect("read bench/budgets.toml");
        Self(toml::from_str(&text).unwrap_or_else(|e| panic!("bench/budgets.toml: {e}")))
    }

    /// What costs more than it may, or has no budget, in words.
    pub fn exceeded(&self, measured: &BTreeMap<(String, Engine), Cost>) -> Vec<String> {
        let mut over = Vec::new();
        for ((page, engine), cost) in measured {
            let name = format!("{page} on {}", engine.word());
            over.extend(
                cost.whole_reads.iter().map(|step| format!("{name}: no index leads to the rows: {step}")),
            );
            let Some(budget) = self.0.get(page).and_then(|engines| engines.get(engine.word())) else {
                over.push(format!("{name}: has no budget"));
                continue;
            };
            let more = |most: u64| most + most * TOLERANCE / 100;
            for (what, is, may) in [
                ("hops", cost.hops, budget.hops),
                ("statements", cost.statements, budget.statements),
                ("uncached statements", cost.uncached, budget.uncached),
                ("allocations", cost.allocations, more(budget.allocations)),
                ("bytes", cost.bytes, more(budget.bytes)),
            ] {
                if is > may {
                    over.push(format!("{name}: {is} {what}, at most {may}"));
                }
            }
        }
        over
    }

    /// Takes over what is cheaper now, and what is new. A budget is raised by hand, with a reason.
    pub fn lower(&mut self, measured: &BTreeMap<(String, Engine), Cost>) {
        for ((page, engine), cost) in measured {
            let rounded =
                Cost { allocations: round(cost.allocations), bytes: round(cost.bytes), ..cost.clone() };
            let engines = self.0.entry(page.clone()).or_default();
            let budget = engines.entry(engine.word().to_owned()).or_insert_with(|| rounded.clone());
            *budget = Cost {
                hops: budget.hops.min(rounded.hops),
                statements: budget.statements.min(rounded.statements),
                uncached: budget.uncached.min(rounded.uncached),
                allocations: budget.allocations.min(rounded.allocations),
                bytes: budget.bytes.min(rounded.bytes),
                ..rounded
            };
        }
    }

    /// Writes the file.
    pub fn save(&self) {
        let mut text = String::from(
            "# What each page may cost; `cargo xtask ci` fails on one more hop, statement or uncached statement, and on\n\
             # a tenth more allocations or bytes. `cargo xtask bench cost --save` takes over what has become cheaper.\n\
             # Raise a figure by hand only, and say in the commit what the page gives for it.\n",
        );
        for (page, engines) in &self.0 {
            let _ = writeln!(text, "\n[{page}]");
            for (engine, cost) in engines {
                let _ = writeln!(
                    text,
                    "{engine} = {{ hops = {}, statements = {}, uncached = {}, allocations = {}, bytes = {} }}",
                    cost.hops, cost.statements, cost.uncached, cost.allocations, cost.bytes
                );
            }
        }
        std::fs::write(path(), text).expect("write bench/budgets.toml");
    }
}

/// Up to two figures that count.
fn round(value: u64) -> u64 {
    let unit = 10u64.pow(value.max(1).ilog10().saturating_sub(1));
    value.div_ceil(unit) * unit
}

/// The figures for `bench/RESULTS.md`.
pub fn table(measured: &BTreeMap<(String, Engine), Cost>) -> String {
    let mut text = String::from(
        "| page | engine | hops | statements | uncached | allocations | bytes | gzip | CPU µs |\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for ((page, engine), cost) in measured {
        let _ = writeln!(
            text,
            "| {page} | {} | {} | {} | {} | {} | {} | {} | {} |",
            engine.word(),
            cost.hops,
            cost.statements,
            cost.uncached,
            cost.allocations,
            cost.bytes,
            cost.gzip,
            cost.cpu_micros
        );
    }
    text
}

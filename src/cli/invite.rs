//! `anteroom invite send|resend|list`: what the chart room and the work list do, for many at once.

use std::io::IsTerminal;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::context::{Ending, note_waiting_mail, open, practice_of};
use super::{Exit, Failure, Flags};
use crate::features::access::actions::{self, Refused, Sent};
use crate::features::charts::{self, PageFrom, PortalFilter, Row, Search};
use crate::features::practice::Practice;
use crate::kernel::civil::DateOrder;
use crate::kernel::ids::ChartId;
use crate::platform::audit::By;
use crate::platform::db::PracticeScope;
use crate::platform::state::AppState;

/// Which charts.
#[derive(Debug, Args)]
pub struct Which {
    /// Chart numbers.
    #[arg(value_name = "CHART")]
    charts: Vec<String>,
    /// Every chart whose owner's portal access is in this state: not_invited, invited, expired,
    /// undeliverable, locked, declined, canceled, active or no_portal_access. May be given again.
    #[arg(long, value_name = "STATE")]
    state: Vec<String>,
    /// The practice; needed where there are several.
    #[arg(long, value_name = "SLUG")]
    practice: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send invitations, or new ones, whichever each chart needs.
    Send {
        #[command(flatten)]
        which: Which,
        /// Do not ask before more than one goes out.
        #[arg(long)]
        yes: bool,
    },
    /// Send new invitations to those who have one that is open, expired or locked. Their earlier
    /// links stop working.
    Resend {
        #[command(flatten)]
        which: Which,
        /// Do not ask before more than one goes out.
        #[arg(long)]
        yes: bool,
    },
    /// List charts with the state of their owner's portal access.
    List {
        #[command(flatten)]
        which: Which,
    },
}

/// States from which "resend" makes sense.
const RESENDABLE: &[PortalFilter] =
    &[PortalFilter::Invited, PortalFilter::Expired, PortalFilter::Undeliverable, PortalFilter::Locked];

/// Charts a page of the listing, and charts a step of the progress bar.
const PAGE: usize = 500;

pub async fn run(command: Command) -> Ending {
    match command {
        Command::Send { which, yes } => send(which, yes, false).await,
        Command::Resend { which, yes } => send(which, yes, true).await,
        Command::List { which } => list(which).await,
    }
}

fn states(which: &Which) -> Result<Vec<PortalFilter>, Failure> {
    which
        .state
        .iter()
        .map(|text| {
            text.replace('-', "_").parse().map_err(|_| {
                let all: Vec<_> = PortalFilter::ALL.iter().map(|s| s.word()).collect();
                Failure::new(Exit::Usage, format!("--state is one of {}, not {text:?}", all.join(", ")))
            })
        })
        .collect()
}

/// Every chart in a state (or all), page by page.
async fn in_state(
    app: &AppState,
    scope: &PracticeScope,
    state: Option<PortalFilter>,
) -> Result<Vec<Row>, Failure> {
    let mut all: Vec<Row> = Vec::new();
    loop {
        let from = all.last().map_or(PageFrom::Start, |row| PageFrom::After(row.chart_id.clone()));
        let mut search = Search::all();
        (search.portal, search.from, search.limit) = (state, from, PAGE);
        let page = app.db.read(scope, move |c| charts::find(c, &search)).await?;
        let is_last = !page.has_next || page.rows.is_empty();
        all.extend(page.rows);
        if is_last {
            return Ok(all);
        }
    }
}

/// The chart with exactly this number.
async fn by_number(
    app: &AppState,
    practice: &Practice,
    scope: &PracticeScope,
    number: &str,
) -> Result<Row, Failure> {
    let today = practice.today(app.now());
    let mut search = Search::read(number, DateOrder::MonthFirst, today);
    search.limit = PAGE;
    let page = app.db.read(scope, move |c| charts::find(c, &search)).await?;
    page.rows
        .into_iter()
        .find(|row| row.number == number)
        .ok_or_else(|| Failure::new(Exit::NotFound, format!("{} has no chart {number:?}", practice.slug)))
}

async fn rows(
    app: &AppState,
    practice: &Practice,
    scope: &PracticeScope,
    which: &Which,
) -> Result<Vec<Row>, Failure> {
    let states = states(which)?;
    let mut all = Vec::new();
    for number in &which.charts {
        all.push(by_number(app, practice, scope, number).await?);
    }
    for state in &states {
        all.extend(in_state(app, scope, Some(*state)).await?);
    }
    Ok(all)
}

fn ask(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(
            Exit::Usage,
            "more than one mail would go out, and nobody is there to be asked",
        )
        .advise("Add --yes."));
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn send(which: Which, yes: bool, only_resend: bool) -> Ending {
    if which.charts.is_empty() && which.state.is_empty() {
        return Err(
            Failure::new(Exit::Usage, "no charts were named").advise("Name chart numbers, or a --state.")
        );
    }
    let (_, app) = open(&which.flags).await?;
    let (practice, scope) = practice_of(&app, which.practice.as_deref()).await?;
    let mut rows = rows(&app, &practice, &scope, &which).await?;
    let named = rows.len();
    if only_resend {
        rows.retain(|row| RESENDABLE.contains(&row.portal));
    }
    let passed_over = named - rows.len();
    if rows.len() > 1 && !yes && !ask(&format!("Send {} invitations from {}?", rows.len(), practice.name))? {
        println!("Nothing was sent.");
        return Ok(Exit::Done);
    }
    let bar = bar(rows.len() as u64);
    let mut answers = Vec::with_capacity(rows.len());
    for some in rows.chunks(PAGE) {
        let ids: Vec<ChartId> = some.iter().map(|row| row.chart_id.clone()).collect();
        let made = actions::send_many(&app, &scope, By::operator(), ids).await?;
        bar.inc(some.len() as u64);
        answers.extend(some.iter().zip(made).map(|(row, (_, answer))| (row.number.clone(), answer)));
    }
    bar.finish_and_clear();
    report(&answers, passed_over, which.json);
    if !which.json {
        note_waiting_mail(&app).await;
    }
    let refused = answers.iter().any(|(_, answer)| answer.is_err());
    Ok(if refused || passed_over > 0 { Exit::Partly } else { Exit::Done })
}

fn report(answers: &[(String, Result<Sent, Refused>)], passed_over: usize, json: bool) {
    let queued = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    if json {
        let rows: Vec<_> = answers
            .iter()
            .map(|(number, answer)| match answer {
                Ok(sent) => serde_json::json!({
                    "chart": number, "queued": true, "expires_at": sent.expires_at, "generation": sent.generation,
                }),
                Err(why) => serde_json::json!({ "chart": number, "queued": false, "why": why.to_string() }),
            })
            .collect();
        println!(
            "{}",
            serde_json::json!({ "queued": queued, "refused": answers.len() - queued, "passed_over": passed_over, "charts": rows })
        );
        return;
    }
    for (number, answer) in answers {
        if let Err(why) = answer {
            eprintln!("{number}: not sent: {why}");
        }
    }
    println!("{queued} queued, {} not sent.", answers.len() - queued);
    if passed_over > 0 {
        println!("{passed_over} passed over: there is nothing to resend (use `anteroom invite send`).");
    }
}

async fn list(which: Which) -> Ending {
    let (_, app) = open(&which.flags).await?;
    let (practice, scope) = practice_of(&app, which.practice.as_deref()).await?;
    let all = if which.charts.is_empty() && which.state.is_empty() {
        in_state(&app, &scope, None).await?
    } else {
        rows(&app, &practice, &scope, &which).await?
    };
    if which.json {
        let rows: Vec<_> = all
            .iter()
            .map(|row| {
                serde_json::json!({
                    "chart": row.number, "id": row.chart_id, "state": row.portal, "expires_at": row.expires_at,
                })
            })
            .collect();
        println!("{}", serde_json::Value::from(rows));
        return Ok(Exit::Done);
    }
    // Numbers and states, no names: terminal output is often kept.
    let widest = all.iter().map(|row| row.number.chars().count()).max().unwrap_or(0);
    for row in &all {
        let until = row.expires_at.map_or_else(String::new, |at| format!("  link ends {at}"));
        println!("{:widest$}  {}{until}", row.number, row.portal);
    }
    Ok(Exit::Done)
}

/// A bar on standard error, shown to people only.
pub fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {eta}") {
        bar.set_style(style);
    }
    bar
}

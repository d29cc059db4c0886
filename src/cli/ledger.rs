//! `anteroom ledger`.

use clap::Subcommand;

use super::context::{Ending, open, practice_of};
use super::{Exit, Failure, Flags};
use crate::features::billing::{self, BillingAction};
use crate::features::ledger;
use crate::features::practice;
use crate::kernel::money::Currency;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::PracticeScope;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Walk the journal: each entry balanced, its chain unbroken, each balance, charge and payment what the
    /// postings say. Ends with 1 where something does not hold.
    Check {
        /// The practice; all of them without it.
        #[arg(long, value_name = "SLUG")]
        practice: Option<String>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Set the currency of what is posted from now on. What stands in the ledger stays as it is.
    Currency {
        /// Its code (ISO 4217), such as USD.
        code: String,
        /// The practice; needed where there are several.
        #[arg(long, value_name = "SLUG")]
        practice: Option<String>,
        #[command(flatten)]
        flags: Flags,
    },
}

pub async fn run(command: Command) -> Ending {
    match command {
        Command::Check { practice, json, flags } => check(practice, json, flags).await,
        Command::Currency { code, practice, flags } => currency(&code, practice, flags).await,
    }
}

async fn check(practice: Option<String>, json: bool, flags: Flags) -> Ending {
    let (_, app) = open(&flags).await?;
    let practices = match &practice {
        Some(slug) => vec![practice_of(&app, Some(slug)).await?.0],
        None => app.db.system_read(practice::all).await?,
    };
    let (mut exit, mut rows) = (Exit::Done, Vec::new());
    for practice in &practices {
        let scope = PracticeScope::for_operator(practice.practice_id);
        let found = app.db.read(&scope, billing::check).await?;
        if !found.problems.is_empty() {
            exit = Exit::Partly;
        }
        if json {
            rows.push(serde_json::json!({
                "practice": practice.slug, "whole": found.problems.is_empty(), "entries": found.entries,
                "problems": found.problems,
            }));
            continue;
        }
        match found.problems.len() {
            0 => println!("{}: whole, {} entries", practice.slug, found.entries),
            count => println!("{}: BROKEN in {count} places, {} entries", practice.slug, found.entries),
        }
        for problem in &found.problems {
            println!("  {}", serde_json::json!(problem));
        }
    }
    if json {
        println!("{}", serde_json::Value::from(rows));
    }
    Ok(exit)
}

async fn currency(code: &str, practice: Option<String>, flags: Flags) -> Ending {
    let currency: Currency = code
        .parse()
        .map_err(|error: crate::kernel::money::NotACurrency| Failure::new(Exit::Usage, error.to_string()))?;
    let (_, app) = open(&flags).await?;
    let (practice, scope) = practice_of(&app, practice.as_deref()).await?;
    app.db
        .write(&scope, move |c| {
            ledger::set_currency(c, currency)?;
            let details = serde_json::json!({ "currency": currency });
            audit::record(c, Event::new(By::operator(), BillingAction::CurrencySet).with(details))
        })
        .await?;
    println!("{}: what is posted from now on is in {currency}.", practice.slug);
    Ok(Exit::Done)
}

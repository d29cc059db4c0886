//! `anteroom audit check`.

use clap::Subcommand;

use super::{Ending, Exit, Flags, open, practice_of};
use crate::features::practice::register;
use crate::platform::audit::{ChainCheck, check_chain};
use crate::platform::db::OpenedBy;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Walk the trail's chain and say whether it is whole. Ends with 1 where it is not.
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
}

pub async fn run(command: Command) -> Ending {
    let Command::Check { practice, json, flags } = command;
    let (_, app) = open(&flags).await?;
    let practices = match &practice {
        Some(slug) => vec![practice_of(&app, Some(slug)).await?.0],
        None => app.db.system_read(register::all).await?,
    };
    let mut exit = Exit::Done;
    let mut rows = Vec::new();
    for practice in practices {
        let found = app.db.read(&practice.scope(OpenedBy::Operator), check_chain).await?;
        let (events, broken_at) = match found {
            ChainCheck::Whole(events) => (events, None),
            ChainCheck::BrokenAt(seq) => {
                exit = Exit::Partly;
                (seq - 1, Some(seq))
            }
        };
        if !json {
            match broken_at {
                None => println!("{}: whole, {events} events", practice.slug),
                Some(seq) => println!(
                    "{}: BROKEN at event {seq}; the {events} before it are whole. Somebody changed the database \
                     by other means than Anteroom, or it was damaged. Compare with a backup.",
                    practice.slug
                ),
            }
        }
        rows.push(serde_json::json!({ "practice": practice.slug, "whole": broken_at.is_none(), "events": events, "broken_at": broken_at }));
    }
    if json {
        println!("{}", serde_json::Value::from(rows));
    }
    Ok(exit)
}

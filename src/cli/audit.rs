//! `anteroom audit check`.

use clap::Subcommand;

use super::context::{Ending, open, practice_of};
use super::{Exit, Flags};
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::platform::audit::checkpoints::{self, Comparison, LineProblem};
use crate::platform::audit::{ChainCheck, check_chain, waiting};
use crate::platform::db::PracticeScope;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Walk the trail's chain, compare it with the checkpoints outside the database, and say whether it is
    /// whole. Ends with 1 where it is not.
    Check {
        /// Compare with this file of checkpoints, such as lines gathered from the log, in place of the one
        /// that audit_checkpoint_file names.
        #[arg(long, value_name = "FILE")]
        checkpoints: Option<std::path::PathBuf>,
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
    let Command::Check { checkpoints, practice, json, flags } = command;
    let (config, app) = open(&flags).await?;
    let file = checkpoints.unwrap_or(config.audit_checkpoint_file);
    let known = checkpoints::read(&file, &app.keys)?;
    let practices = match &practice {
        Some(slug) => vec![practice_of(&app, Some(slug)).await?.0],
        None => app.db.system_read(practice::all).await?,
    };
    let mut exit = if known.problems.is_empty() { Exit::Done } else { Exit::Partly };
    let mut rows = Vec::new();
    for practice in &practices {
        let scope = PracticeScope::for_operator(practice.practice_id);
        let head = known.heads.get(scope.id()).cloned();
        let (chain, compared, waiting) = app
            .db
            .read(&scope, move |c| {
                let compared = match &head {
                    Some((at, head)) => Some((*at, head.seq, checkpoints::compare(c, head)?)),
                    None => None,
                };
                Ok((check_chain(c)?, compared, waiting(c)?))
            })
            .await?;
        let (events, broken_at) = match chain {
            ChainCheck::Whole(events) => (events, None),
            ChainCheck::BrokenAt(seq) => (seq - 1, Some(seq)),
        };
        let fits = matches!(compared, None | Some((.., Comparison::Fits)));
        // `serve` seals about once a second; what waits for longer shows that it does not run, or cannot.
        let is_late = waiting.1.is_some_and(|since| app.now().seconds_since(since) > 10);
        if broken_at.is_some() || !fits || is_late {
            exit = Exit::Partly;
        }
        if !json {
            match broken_at {
                None => println!("{}: whole, {events} events", practice.slug),
                Some(seq) => println!(
                    "{}: BROKEN at event {seq}; the {events} before it are whole. Somebody changed the database \
                     by other means than Anteroom, or it was damaged. Compare with a backup.",
                    practice.slug
                ),
            }
            println!("  {}", about_checkpoint(compared));
            if let (count, Some(since)) = waiting {
                println!("  {count} events wait for their place in the chain, the oldest since {since}.");
            }
        }
        rows.push(serde_json::json!({
            "practice": practice.slug,
            "whole": broken_at.is_none() && fits,
            "events": events,
            "broken_at": broken_at,
            "unsealed": waiting.0,
            "checkpoint": compared.map(|(at, seq, comparison)| serde_json::json!({
                "at": at, "event": seq, "found": word(comparison),
            })),
        }));
    }
    if practice.is_none() {
        for (id, (at, head)) in &known.heads {
            if !practices.iter().any(|practice| PracticeScope::for_operator(practice.practice_id).id() == id)
            {
                exit = Exit::Partly;
                if !json {
                    println!("{id}: GONE; a checkpoint of {at} says that its trail had {} events", head.seq);
                }
                rows.push(serde_json::json!({ "practice": id, "whole": false, "events": 0, "broken_at": 1,
                    "checkpoint": { "at": at, "event": head.seq, "found": word(Comparison::Shorter) } }));
            }
        }
    }
    for (line, problem) in &known.problems {
        let what = match problem {
            LineProblem::NotSigned => "was not signed by this installation, or was changed",
            LineProblem::LineMissing => "follows a line that is missing",
        };
        eprintln!("{}, line {line}: {what}", file.display());
    }
    if json {
        println!("{}", serde_json::Value::from(rows));
    }
    Ok(exit)
}

fn word(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Fits => "fits",
        Comparison::Shorter => "shorter",
        Comparison::Rewritten => "rewritten",
    }
}

fn about_checkpoint(compared: Option<(Timestamp, i64, Comparison)>) -> String {
    match compared {
        None => "No checkpoint names it, so that a cut end would not be seen.".into(),
        Some((at, seq, Comparison::Fits)) => {
            format!("It holds event {seq}, which the checkpoint of {at} names.")
        }
        Some((at, seq, Comparison::Shorter)) => format!(
            "CUT: the checkpoint of {at} names event {seq}, which is not there any more. Somebody shortened the \
             trail, or an older backup was restored."
        ),
        Some((at, seq, Comparison::Rewritten)) => format!(
            "REWRITTEN: event {seq} is another one than the checkpoint of {at} names. Somebody wrote the trail anew, \
             or an older backup was restored and used."
        ),
    }
}

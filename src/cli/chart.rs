//! `anteroom chart import`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

use clap::Subcommand;

use super::invite::bar;
use super::{Ending, Exit, Failure, Flags, open, practice_of};
use crate::features::charts::import::{self, Mode, Report};
use crate::platform::audit::By;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read charts from a CSV file. Says what would happen; with --apply, does it: all or nothing.
    Import {
        /// The file, or - for standard input. Its columns are in docs/operators/import.md.
        file: PathBuf,
        /// Write, if not one row is bad.
        #[arg(long)]
        apply: bool,
        /// The practice; needed where there are several.
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
    let Command::Import { file, apply, practice, json, flags } = command;
    // The file first: a wrong name should not wait for the database.
    let (reader, lines): (Box<dyn Read + Send>, u64) = if file.as_os_str() == "-" {
        (Box::new(std::io::stdin()), 0)
    } else {
        let unreadable =
            |e: std::io::Error| Failure::new(Exit::Usage, format!("{} cannot be read: {e}", file.display()));
        let lines = count_lines(File::open(&file).map_err(unreadable)?).map_err(unreadable)?;
        (Box::new(BufReader::new(File::open(&file).map_err(unreadable)?)), lines)
    };
    let (_, app) = open(&flags).await?;
    let (practice, scope) = practice_of(&app, practice.as_deref()).await?;
    let mode = if apply { Mode::Apply } else { Mode::DryRun };
    let bar = bar(lines.saturating_sub(1));
    let shown = bar.clone();
    let report =
        import::import(&app, &scope, By::operator(), reader, mode, move |done| shown.set_position(done))
            .await?;
    bar.finish_and_clear();
    if json {
        println!("{}", serde_json::json!(report));
    } else {
        tell(&report, &practice.slug, apply);
    }
    Ok(if report.is_fine() { Exit::Done } else { Exit::Partly })
}

fn tell(report: &Report, practice: &str, apply: bool) {
    for bad in &report.bad {
        eprintln!("{bad}");
    }
    let Report { rows, created, updated, unchanged, .. } = report;
    if !report.is_fine() {
        println!(
            "{} places are wrong in {rows} rows; nothing was written. Mend the file and run it again.",
            report.bad.len()
        );
        return;
    }
    if apply {
        println!(
            "{practice}: {created} charts made, {updated} changed, {unchanged} as they were ({rows} rows)."
        );
    } else {
        println!(
            "{practice}: {created} charts would be made, {updated} changed, {unchanged} are as they were ({rows} rows)."
        );
        println!("Nothing was written. Run it again with --apply to write.");
    }
}

fn count_lines(mut file: File) -> std::io::Result<u64> {
    let (mut lines, mut buffer) = (0u64, vec![0u8; 64 * 1024]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(lines);
        }
        lines += buffer[..read].iter().filter(|b| **b == b'\n').count() as u64;
    }
}

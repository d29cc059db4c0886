//! `anteroom chart import`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

use clap::Subcommand;

use super::context::{Ending, open, practice_of};
use super::invite::bar;
use super::{Exit, Failure, Flags};
use crate::features::charts::import::{self, Mode, Report};
use crate::platform::audit::By;
use crate::platform::i18n::{Language, Words};

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
    let words = Words::of(Language::English);
    for bad in &report.bad {
        eprintln!("{}", bad.worded(words));
    }
    for odd in &report.odd {
        eprintln!("worth a look: {}", odd.worded(words));
    }
    let Report { rows, created, updated, unchanged, .. } = report;
    let rows = counted(*rows, "row", "rows");
    if !report.is_fine() {
        let places = counted(report.bad.len() as u64, "place is", "places are");
        // A fault of the encoding or of the first line is found before any row is read.
        let read = if report.rows == 0 { "the file".to_owned() } else { rows };
        println!("{places} wrong in {read}; nothing was written. Correct the file and run it again.");
        return;
    }
    let created = counted(*created, "chart", "charts");
    if apply {
        println!("{practice}: {created} made, {updated} changed, {unchanged} unchanged ({rows}).");
    } else {
        println!("{practice}: {created} would be made, {updated} changed, {unchanged} unchanged ({rows}).");
        println!("Nothing was written. Run it again with --apply to write.");
    }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
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

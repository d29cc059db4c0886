//! Charts from a CSV file: every bad row told with line, column and reason; all or nothing; idempotent
//! by chart number. The columns are documented in `docs/operators/import.md`.

mod apply;
mod read;

use std::io::Read;

use crate::platform::audit::By;
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::word_enum;

pub use read::{COLUMNS, MOST_BYTES};

word_enum! {
    /// Only look, or write.
    pub enum Mode {
        /// Says what would happen and changes nothing.
        DryRun = "dry_run",
        /// Writes, if not one row is bad.
        Apply = "apply",
    }
}

/// What is wrong with a file, at one place.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Bad {
    /// The line, as an editor counts; the header is line 1. 0 where it concerns the file as a whole.
    pub line: u64,
    /// The column's name, or empty.
    pub column: String,
    /// Why, as a sentence.
    pub reason: String,
}

impl std::fmt::Display for Bad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.line, self.column.as_str()) {
            (0, _) => f.write_str(&self.reason),
            (line, "") => write!(f, "line {line}: {}", self.reason),
            (line, column) => write!(f, "line {line}, column {column}: {}", self.reason),
        }
    }
}

/// How an import went.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Rows in the file, without the header and empty lines.
    pub rows: u64,
    /// Charts that were made (or would be).
    pub created: u64,
    /// Charts in which something changed (or would).
    pub updated: u64,
    /// Charts that stood like that already.
    pub unchanged: u64,
    /// Everything that is wrong, in the order of the file.
    pub bad: Vec<Bad>,
    /// Was anything written?
    pub applied: bool,
}

impl Report {
    /// Is the file fine?
    pub fn is_fine(&self) -> bool {
        self.bad.is_empty()
    }
}

/// Reads a file and, in [`Mode::Apply`], writes it if not one row is bad. `progress` is told how many
/// rows are done, from a thread of its own; it starts again should a transaction have to.
pub async fn import(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    mut reader: impl Read + Send + 'static,
    mode: Mode,
    progress: impl FnMut(u64) + Send + 'static,
) -> Result<Report, Fault> {
    let zone_scope = scope.clone();
    let zone = app.db.read(&zone_scope, |c| Ok(crate::features::practice::load(c)?.zone())).await?;
    let today = app.now().in_zone(&zone).date();
    let file = tokio::task::spawn_blocking(move || read::read(&mut reader, today))
        .await
        .map_err(|e| Fault::Ended(e.to_string()))?
        .map_err(|e| Fault::Other("the file could not be read".to_owned(), Some(Box::new(e))))?;
    apply::apply(app, scope, by, file, mode, progress).await
}

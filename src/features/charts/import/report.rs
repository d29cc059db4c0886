//! What is said of a file: what is wrong with it, what is odd, what it would do.

use std::fmt::Display;

use crate::features::people::Wrong;
use crate::platform::i18n::{Language, Words};
use crate::word_enum;

word_enum! {
    /// Only look, or write.
    pub enum Mode {
        /// Says what would happen and changes nothing.
        DryRun = "dry_run",
        /// Writes, if not one row is bad.
        Apply = "apply",
    }
}

/// Why a place of a file is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A sentence and what fills its blanks.
    Said(&'static str, Vec<(&'static str, String)>),
    /// What the face sheet says of this field.
    Field(String, Wrong),
}

impl Reason {
    pub(super) fn of(key: &'static str) -> Self {
        Self::Said(key, Vec::new())
    }

    pub(super) fn with(key: &'static str, values: &[(&'static str, impl Display)]) -> Self {
        Self::Said(key, values.iter().map(|(name, value)| (*name, value.to_string())).collect())
    }

    /// As a sentence.
    pub fn worded(&self, words: Words) -> String {
        match self {
            Self::Said(key, values) => words.with(key, values),
            Self::Field(field, wrong) => format!("{}.", wrong.worded(field, words).trim_end_matches('.')),
        }
    }
}

/// A place of a file that is wrong, or worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// The line, as an editor counts; the header is line 1. 0 where it concerns the file as a whole.
    pub line: u64,
    /// The column's name, or empty.
    pub column: String,
    /// Why.
    pub reason: Reason,
}

impl Bad {
    /// "line 3, column birth_date: There is no such day."
    pub fn worded(&self, words: Words) -> String {
        let reason = self.reason.worded(words);
        let line = ("line", self.line.to_string());
        match (self.line, self.column.as_str()) {
            (0, _) => reason,
            (_, "") => words.with("import-at-line", &[line, ("reason", reason)]),
            (_, column) => {
                words.with("import-at-cell", &[line, ("column", column.to_owned()), ("reason", reason)])
            }
        }
    }
}

/// For programs: the sentence in English.
impl serde::Serialize for Bad {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = s.serialize_struct("Bad", 3)?;
        fields.serialize_field("line", &self.line)?;
        fields.serialize_field("column", &self.column)?;
        fields.serialize_field("reason", &self.reason.worded(Words::of(Language::English)))?;
        fields.end()
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
    /// What is odd and stops nothing.
    pub odd: Vec<Bad>,
    /// The first rows, as they were read.
    #[serde(skip)]
    pub first: Vec<Shown>,
    /// Was anything written?
    pub applied: bool,
}

/// A row as it was read, for somebody who looks before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Chart number.
    pub number: String,
    /// Last name, first name.
    pub name: String,
    /// Birth date, `YYYY-MM-DD`.
    pub birth_date: String,
    /// First e-mail address.
    pub email: String,
    /// What becomes of it.
    pub outcome: Outcome,
}

word_enum! {
    /// What a row does.
    pub enum Outcome {
        /// Makes a chart.
        Created = "created",
        /// Changes one.
        Updated = "updated",
        /// Nothing: the chart is like that already.
        Unchanged = "unchanged",
    }
}

impl Report {
    /// Is the file fine?
    pub fn is_fine(&self) -> bool {
        self.bad.is_empty()
    }
}

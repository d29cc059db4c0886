//! How a command ends: with which code, and with which words.

use std::error::Error;
use std::process::ExitCode;

use crate::app::{DAMAGED_FILE, StartError};
use crate::platform::config::ConfigError;
use crate::platform::fault::Fault;

/// What the shell that called us learns. Documented in `docs/operators/commands.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Looked and found something wrong, or did a part: a bad row, a refused invitation, a broken chain.
    Partly = 1,
    /// The command line or the configuration cannot be used.
    Usage = 2,
    /// Something below is not there: database, mail server, disk, port, key file. Trying again may help.
    NotThere = 3,
    /// No such practice, chart or grant.
    NotFound = 4,
    /// A failure that should not be; the message tells where.
    Failed = 70,
    /// Nothing was done and the caller should try again later: `EX_TEMPFAIL` of sysexits(3), on which a
    /// mail server keeps the message in its queue.
    TryAgain = 75,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// A command that did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What happened.
    pub what: String,
    /// Why, the nearest cause first.
    pub because: Vec<String>,
    /// What to do about it; may be empty.
    pub advice: String,
}

impl Failure {
    /// In words, without a cause.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into(), because: Vec::new(), advice: String::new() }
    }

    /// With what to do about it.
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// For a command that a mail server runs: every other code makes it throw the message away.
    pub fn try_again(mut self) -> Self {
        self.exit = Exit::TryAgain;
        self
    }

    fn caused(exit: Exit, error: &dyn Error, advice: String) -> Self {
        let mut because = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some libraries repeat their cause in their own words.
            if because.last().is_none_or(|last: &String| !last.contains(&text)) {
                because.push(text);
            }
            cause = error.source();
        }
        Self { exit, what: error.to_string(), because, advice }
    }

    /// On standard error, for people or for machines.
    pub fn tell(&self, json: bool) {
        if json {
            let line = serde_json::json!({
                "error": self.what, "because": self.because, "advice": self.advice, "exit": self.exit as u8,
            });
            eprintln!("{line}");
            return;
        }
        eprintln!("anteroom: {}", self.what);
        for cause in &self.because {
            eprintln!("  because: {cause}");
        }
        if !self.advice.is_empty() {
            eprintln!("  what to do: {}", self.advice);
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Usage, error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let exit = match &error {
            StartError::Fault(fault) => of_fault(fault),
            _ => Exit::NotThere,
        };
        Self::caused(exit, &error, error.advice())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let advice = match &fault {
            Fault::DiskFull => {
                "Make room on the database's disk, then run the command again. Nothing was half done."
            }
            Fault::DamagedFile(_) => DAMAGED_FILE,
            Fault::Unavailable(_) | Fault::Busy(_) => {
                "Try again in a minute; `anteroom migrate` tells whether the database can be reached."
            }
            Fault::Unsealable => {
                "The secret key file is not the one that this database was used with; put the right one back."
            }
            _ => "",
        };
        Self::caused(of_fault(&fault), &fault, advice.to_owned())
    }
}

fn of_fault(fault: &Fault) -> Exit {
    match fault {
        Fault::Unavailable(_)
        | Fault::Busy(_)
        | Fault::DiskFull
        | Fault::DamagedFile(_)
        | Fault::Unsealable => Exit::NotThere,
        _ => Exit::Failed,
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::NotThere, error.to_string())
    }
}

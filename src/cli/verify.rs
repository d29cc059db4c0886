//! `anteroom verify FILE`: checks a signed document by the file alone. It asks no database and no network.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::features::documents::signing::verify::{Verdict, What, verify};

/// What it takes.
#[derive(Debug, Args)]
pub struct Verify {
    /// The signed document.
    pub file: PathBuf,
    /// SHA-256 of a certificate that you trust, in hexadecimal digits. May be given several times.
    #[arg(long, value_name = "SHA256")]
    pub trust: Vec<String>,
}

/// 0: complete, with a certificate that is trusted. 1: changed. 2: complete, with another certificate. 3: none of ours.
pub fn run(asked: &Verify) -> ExitCode {
    let file = match std::fs::read(&asked.file) {
        Ok(file) => file,
        Err(error) => {
            eprintln!("anteroom: {} cannot be read: {error}", asked.file.display());
            return ExitCode::from(3);
        }
    };
    let (said, code) = match verify(&file) {
        Verdict::Whole(fingerprint) => {
            let is_trusted = asked.trust.iter().any(|trusted| trusted.eq_ignore_ascii_case(&fingerprint));
            let whole = format!(
                "The file is complete, and the evidence in it fits the document.\nCertificate (SHA-256): {fingerprint}"
            );
            match is_trusted {
                true => (format!("{whole}\nYou trust this certificate."), 0),
                false => (
                    format!(
                        "{whole}\nYou did not name it with --trust. Compare it with the practice's certificate."
                    ),
                    2,
                ),
            }
        }
        Verdict::Changed(What::File) => {
            ("The file was changed after it was sealed, or a part of it is missing.".to_owned(), 1)
        }
        Verdict::Changed(What::Version) => {
            ("The document in the file is not the one that was signed.".to_owned(), 1)
        }
        Verdict::Changed(What::Record(number)) => (format!("Entry {number} of the evidence was changed."), 1),
        Verdict::NotOurs => ("Anteroom did not seal this file.".to_owned(), 3),
    };
    println!("{said}");
    ExitCode::from(code)
}

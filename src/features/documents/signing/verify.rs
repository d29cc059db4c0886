//! Says of a file, from the file alone, whether it is whole, by which seal, and whether the evidence inside fits what was
//! signed. Pure.

use std::io::Read;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::features::documents::signing::evidence::{self, Link};
use crate::features::documents::signing::final_file::{EVIDENCE, FILE, TEXT};
use crate::platform::confined::{LONGEST_LINE, Task};
use crate::platform::seal::pdf::{self, Checked};

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Whole, and the evidence fits. SHA-256 of the certificate that it was sealed with.
    Whole(String),
    /// Something is not what was sealed or signed.
    Changed(What),
    /// It has no seal of this kind.
    NotOurs,
}

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The file, since it was sealed.
    File,
    /// The record of this number in the evidence.
    Record(i32),
    /// The version inside is not the one that was signed.
    Version,
}

impl Verdict {
    /// As a confined process says it.
    fn to_line(&self) -> String {
        match self {
            Self::Whole(fingerprint) => format!("whole {fingerprint}"),
            Self::Changed(What::File) => "file".to_owned(),
            Self::Changed(What::Record(number)) => format!("record {number}"),
            Self::Changed(What::Version) => "version".to_owned(),
            Self::NotOurs => "none".to_owned(),
        }
    }

    /// What a confined process said; `None` where that is no verdict.
    pub fn read(line: &str) -> Option<Self> {
        Some(match line.split_once(' ') {
            Some(("whole", fingerprint)) => Self::Whole(fingerprint.to_owned()),
            Some(("record", number)) => Self::Changed(What::Record(number.parse().ok()?)),
            None if line == "file" => Self::Changed(What::File),
            None if line == "version" => Self::Changed(What::Version),
            None if line == "none" => Self::NotOurs,
            _ => return None,
        })
    }
}

/// Checks a file in a confined process.
pub const VERIFY: Task = Task { command: "verify-signed", work: |file, _| work(file), longest: LONGEST_LINE };

fn work(file: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut whole = Vec::new();
    file.read_to_end(&mut whole)?;
    Ok(verify(&whole).to_line().into_bytes())
}

/// Checks a file.
pub fn verify(file: &[u8]) -> Verdict {
    let seen = match pdf::check(file) {
        Checked::Whole(seen) => seen,
        Checked::Changed => return Verdict::Changed(What::File),
        Checked::NoSeal => return Verdict::NotOurs,
    };
    let told = pdf::attachment(file, EVIDENCE).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let version = pdf::attachment(file, TEXT).or_else(|| pdf::attachment(file, FILE));
    let (Some(told), Some(version)) = (told, version) else { return Verdict::NotOurs };
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sha256 = text(&told, "sha256");
    if hex::encode(Sha256::digest(version)) != sha256 {
        return Verdict::Changed(What::Version);
    }
    let rows: Vec<(i32, String, String, String)> = told
        .get("events")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|event| {
            let seq = event.get("seq").and_then(Value::as_i64).unwrap_or(0);
            let seq = i32::try_from(seq).unwrap_or(0);
            (seq, text(event, "evidence"), text(event, "hash"), text(event, "prev"))
        })
        .collect();
    let links = rows.iter().map(|(seq, evidence, hash, prev)| Link { seq: *seq, evidence, hash, prev });
    match evidence::check(&sha256, links, &text(&told, "head")) {
        Ok(()) => Verdict::Whole(seen.fingerprint),
        Err(broken) => Verdict::Changed(What::Record(broken.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_read_as_it_was_said_and_nothing_else_is_one() {
        for verdict in [
            Verdict::Whole("ab".repeat(32)),
            Verdict::Changed(What::File),
            Verdict::Changed(What::Record(7)),
            Verdict::Changed(What::Version),
            Verdict::NotOurs,
        ] {
            assert_eq!(Verdict::read(&verdict.to_line()), Some(verdict));
        }
        for line in ["", "whole", "record", "record x", "fine", "none of it"] {
            assert_eq!(Verdict::read(line), None, "{line}");
        }
    }
}

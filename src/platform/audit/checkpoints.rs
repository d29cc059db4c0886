//! Signed checkpoints of the audit trails, kept outside the database. The chain of a trail shows what
//! was changed inside it; but an attacker who can write to the database can also cut its end off and
//! correct the head, or empty it. A checkpoint says how far each trail reached at a time, so that this is found too.
//!
//! A file of one JSON object a line; each names the trails that grew since the line before, carries
//! that line's signature, and is signed. Lines may be missing at the top (where files are rotated).

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PracticeId;
use crate::platform::audit::hash_at;
use crate::platform::crypto::Keys;
use crate::platform::db::schema::audit_head;
use crate::platform::db::{Db, Scoped, System};
use crate::platform::fault::Fault;

const PURPOSE: &str = "audit-checkpoint";

/// How far one practice's trail reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The practice.
    pub practice: PracticeId,
    /// The place of its last event.
    pub seq: i64,
    /// That event's hash.
    pub hash: String,
}

/// What is signed.
#[derive(Debug, Serialize, Deserialize)]
struct Statement {
    at: Timestamp,
    heads: Vec<Head>,
    /// The signature of the line before; empty in a file's first line.
    previous: String,
}

impl Statement {
    fn message(&self) -> Result<String, Fault> {
        serde_json::to_string(self)
            .map_err(|e| Fault::Other("a checkpoint is no JSON".into(), Some(e.into())))
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    statement: Statement,
    signature: String,
}

/// What is wrong with a line of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineProblem {
    /// It is no checkpoint, or was not signed with this installation's key.
    NotSigned,
    /// The line before it is missing.
    LineMissing,
}

/// What a checkpoint file says.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The farthest head of each practice, and when it was written.
    pub heads: BTreeMap<PracticeId, (Timestamp, Head)>,
    /// Lines that cannot be trusted, by number.
    pub problems: Vec<(usize, LineProblem)>,
    last_signature: String,
    ends_open: bool,
}

/// Reads a checkpoint file; one that is not there says nothing.
pub fn read(file: &Path, keys: &Keys) -> Result<Known, Fault> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Known::default()),
        Err(error) => return Err(unusable(file, error)),
    };
    let mut known = Known { ends_open: !text.is_empty() && !text.ends_with('\n'), ..Known::default() };
    for (index, text) in text.lines().enumerate() {
        let number = index + 1;
        let line: Option<Line> = serde_json::from_str(text).ok();
        let signed = match line {
            Some(line) if keys.verify(PURPOSE, &line.statement.message()?, &line.signature) => line,
            _ => {
                known.problems.push((number, LineProblem::NotSigned));
                continue;
            }
        };
        if index > 0 && signed.statement.previous != known.last_signature {
            known.problems.push((number, LineProblem::LineMissing));
        }
        known.take_in(signed);
    }
    Ok(known)
}

impl Known {
    fn take_in(&mut self, line: Line) {
        let Line { statement, signature } = line;
        for head in statement.heads {
            let is_farther = self.heads.get(&head.practice).is_none_or(|(_, known)| known.seq < head.seq);
            if is_farther {
                self.heads.insert(head.practice.clone(), (statement.at, head));
            }
        }
        self.last_signature = signature;
    }
}

fn unusable(file: &Path, error: std::io::Error) -> Fault {
    Fault::Other(format!("the audit checkpoint file {} cannot be used", file.display()), Some(error.into()))
}

/// A trail compared with its last checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The trail still holds the event that the checkpoint names.
    Fits,
    /// It ends before it: its end was cut off, or it was emptied, or an older backup was restored.
    Shorter,
    /// Another event is in that place: the trail was written anew.
    Rewritten,
}

/// Compares a practice's trail with a checkpoint. The chain up to the event that the checkpoint names is
/// proved by [`super::check_chain`].
pub fn compare(c: &mut Scoped<'_>, head: &Head) -> Result<Comparison, Fault> {
    Ok(match hash_at(c, head.seq)? {
        Some(hash) if hash == head.hash => Comparison::Fits,
        Some(_) => Comparison::Rewritten,
        None => Comparison::Shorter,
    })
}

/// Writes checkpoints to a file and to the log.
#[derive(Clone)]
pub struct Checkpoints {
    file: PathBuf,
    known: Arc<Mutex<Known>>,
}

impl Checkpoints {
    /// Goes on where the file ends.
    pub fn open(file: PathBuf, keys: &Keys) -> Result<Self, Fault> {
        let known = read(&file, keys)?;
        for (line, problem) in &known.problems {
            tracing::error!(line, ?problem, file = %file.display(), "an audit checkpoint cannot be trusted");
        }
        Ok(Self { file, known: Arc::new(Mutex::new(known)) })
    }

    /// Writes one line about the trails that grew since the last; none where nothing happened. Returns
    /// how many grew.
    pub async fn write(&self, db: &Db, keys: &Keys, now: Timestamp) -> Result<usize, Fault> {
        let heads = db.system_read(all_heads).await?;
        let (this, keys) = (self.clone(), keys.clone());
        tokio::task::spawn_blocking(move || this.append(&keys, now, heads))
            .await
            .map_err(|e| Fault::Ended(e.to_string()))?
    }

    fn append(&self, keys: &Keys, now: Timestamp, mut heads: Vec<Head>) -> Result<usize, Fault> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        heads.retain(|head| match known.heads.get(&head.practice) {
            Some((at, before)) if head.seq < before.seq => {
                tracing::error!(
                    practice = %head.practice, events = head.seq, checkpoint = before.seq, written = %at,
                    "an audit trail is shorter than its checkpoint says; run `anteroom audit check`"
                );
                false
            }
            Some((_, before)) => head.seq > before.seq,
            None => head.seq > 0,
        });
        if heads.is_empty() {
            return Ok(0);
        }
        let grew = heads.len();
        let statement = Statement { at: now, heads, previous: known.last_signature.clone() };
        let signature = keys.sign(PURPOSE, &statement.message()?);
        let line = Line { statement, signature };
        let text = serde_json::to_string(&line)
            .map_err(|e| Fault::Other("a checkpoint is no JSON".into(), Some(e.into())))?;
        // A line that a crash cut off stays a line of its own.
        let before = if known.ends_open { "\n" } else { "" };
        append_private(&self.file, &format!("{before}{text}\n")).map_err(|e| unusable(&self.file, e))?;
        tracing::info!(checkpoint = text, "the audit trails reach this far");
        known.ends_open = false;
        known.take_in(line);
        Ok(grew)
    }
}

fn all_heads(system: &mut System<'_>) -> Result<Vec<Head>, Fault> {
    let rows: Vec<(PracticeId, i64, String)> = audit_head::table
        .order(audit_head::practice_id.asc())
        .select((audit_head::practice_id, audit_head::seq, audit_head::hash))
        .load(system.conn)?;
    Ok(rows.into_iter().map(|(practice, seq, hash)| Head { practice, seq, hash }).collect())
}

/// Appends to a file that only its owner can read, and waits until it is on the disk.
fn append_private(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_796_137_200_000_000);

    fn practice(n: u8) -> PracticeId {
        format!("00000000-0000-7000-8000-0000000000{n:02}").parse().unwrap()
    }

    fn head(n: u8, seq: i64) -> Head {
        Head { practice: practice(n), seq, hash: format!("{seq:064x}") }
    }

    fn written(file: &Path, keys: &Keys) {
        let checkpoints = Checkpoints::open(file.to_owned(), keys).unwrap();
        assert_eq!(checkpoints.append(keys, NOW, vec![head(1, 3), head(2, 0)]).unwrap(), 1);
        assert_eq!(checkpoints.append(keys, NOW, vec![head(1, 3), head(2, 0)]).unwrap(), 0);
        // Another process goes on where this one ended.
        let checkpoints = Checkpoints::open(file.to_owned(), keys).unwrap();
        assert_eq!(checkpoints.append(keys, NOW, vec![head(1, 9), head(2, 1)]).unwrap(), 2);
        assert_eq!(checkpoints.append(keys, NOW, vec![head(1, 4), head(2, 2)]).unwrap(), 1, "shorter: alarm");
    }

    #[test]
    fn the_farthest_head_of_each_trail_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let (file, keys) = (dir.path().join("checkpoints"), Keys::from_master(&[1; 32]));
        assert!(read(&file, &keys).unwrap().heads.is_empty());
        written(&file, &keys);
        let known = read(&file, &keys).unwrap();
        assert_eq!(known.problems, []);
        assert_eq!(known.heads[&practice(1)].1, head(1, 9));
        assert_eq!(known.heads[&practice(2)].1, head(2, 2));
        assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 3);
    }

    #[test]
    fn a_changed_a_missing_and_a_strangers_line_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let (file, keys) = (dir.path().join("checkpoints"), Keys::from_master(&[1; 32]));
        written(&file, &keys);
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let problems = |text: String| {
            std::fs::write(&file, text).unwrap();
            read(&file, &keys).unwrap().problems
        };
        assert_eq!(
            problems(text.replacen("\"seq\":9", "\"seq\":8", 1)),
            [(2, LineProblem::NotSigned), (3, LineProblem::LineMissing)]
        );
        assert_eq!(problems(format!("{}\n{}\n", lines[0], lines[2])), [(2, LineProblem::LineMissing)]);
        assert_eq!(problems(format!("{}\n{}\n", lines[1], lines[2])), [], "the top may be rotated away");
        std::fs::write(&file, &text).unwrap();
        let strangers = read(&file, &Keys::from_master(&[2; 32])).unwrap();
        assert_eq!(strangers.problems.len(), 3);
        assert!(strangers.heads.is_empty());
    }

    #[test]
    fn a_line_that_a_crash_cut_off_spoils_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let (file, keys) = (dir.path().join("checkpoints"), Keys::from_master(&[1; 32]));
        written(&file, &keys);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, &text[..text.len() - 20]).unwrap();
        let checkpoints = Checkpoints::open(file.clone(), &keys).unwrap();
        checkpoints.append(&keys, NOW, vec![head(1, 12)]).unwrap();
        let known = read(&file, &keys).unwrap();
        assert_eq!(known.problems, [(3, LineProblem::NotSigned)]);
        assert_eq!(known.heads[&practice(1)].1, head(1, 12));
    }
}

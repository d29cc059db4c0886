//! Parses what strangers send in a process of its own: this program, started once more with a hidden command. It reads
//! the file from a pipe and writes its answer to another. It can open no file and no socket, can write nothing else, and
//! has so much memory and time. Whatever ends it says that the file could not be read; the server goes on.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;

use crate::kernel::picture::PictureProblem;
use crate::platform::fault::Fault;
use crate::platform::objects::ObjectError;
use crate::platform::pdf::{PdfProblem, PdfScan};
use crate::platform::pdf_pages::{self, LONGEST_TEXT, MOST_PAGES};
use crate::platform::{pdf_writer, picture_pdf};

/// What such a process does with a file.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// The hidden command.
    pub command: &'static str,
    /// Reads the file and answers what is asked about it, such as a page's number. An error says that the file cannot be
    /// read to its end, or that there is no answer.
    pub work: fn(&mut dyn Read, &str) -> std::io::Result<Vec<u8>>,
    /// Bytes of the longest answer.
    pub longest: u64,
}

/// What such a process may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From its start to its answer.
    pub time: Duration,
    /// Bytes of address space. The program itself takes a part of it.
    pub memory: u64,
    /// Seconds of a processor.
    pub seconds: u64,
}

impl Limits {
    /// For a file as people send them.
    pub const USUAL: Self = Self { time: Duration::from_secs(30), memory: 1024 * 1024 * 1024, seconds: 20 };
}

/// Files that are parsed at once.
const AT_ONCE: usize = 4;
/// The longest line that is said about a file.
pub const LONGEST_LINE: u64 = 200;

/// Starts such processes.
#[derive(Clone, Debug)]
pub struct Confined {
    program: PathBuf,
    limits: Limits,
    places: Arc<Semaphore>,
}

impl Confined {
    /// By this very program.
    pub fn own() -> Result<Self, Fault> {
        let program = std::env::current_exe()
            .map_err(|error| Fault::Other("this program cannot find itself".into(), Some(error.into())))?;
        Ok(Self::by(program, Limits::USUAL))
    }

    /// By another program, and with other limits.
    pub fn by(program: PathBuf, limits: Limits) -> Self {
        Self { program, limits, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Gives a file to a process that says one line about it; see [`Confined::answer`].
    pub async fn ask<E: From<Fault>>(
        &self,
        task: Task,
        file: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<Option<String>, E> {
        let said = self.answer(task, "", file).await?;
        Ok(said.and_then(|said| String::from_utf8(said).ok()).map(|said| said.trim().to_owned()))
    }

    /// Gives a file to a process, with what is asked about it; `None` where the process ended without an answer. A fault
    /// is one of ours: the file cannot be had, or no process can be started.
    pub async fn answer<E: From<Fault>>(
        &self,
        task: Task,
        asked: &str,
        file: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<Option<Vec<u8>>, E> {
        let _place = self.places.acquire().await.map_err(|error| Fault::Ended(error.to_string()))?;
        let mut command = Command::new(&self.program);
        command.arg(task.command).arg(self.limits.memory.to_string()).arg(self.limits.seconds.to_string());
        command.arg(asked);
        command.env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| {
            Fault::Other("no process can be started for a file".into(), Some(error.into()))
        })?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (Some(mut input), Some(output)) = (input, output) else {
            return Err(Fault::other("a process without its pipes").into());
        };
        let said = async {
            let mut file = std::pin::pin!(file);
            while let Some(piece) = file.next().await {
                // It may have seen enough and ended.
                if input.write_all(&piece?).await.is_err() {
                    break;
                }
            }
            drop(input);
            let mut said = Vec::new();
            let read = output.take(task.longest).read_to_end(&mut said).await;
            let status = child.wait().await;
            let is_answer = read.is_ok() && status.is_ok_and(|status| status.success());
            Ok::<_, E>(is_answer.then_some(said))
        };
        // Dropped at the end of its time, the process is killed.
        let said = match tokio::time::timeout(self.limits.time, said).await {
            Ok(said) => said?,
            Err(_) => None,
        };
        if said.is_none() {
            tracing::warn!(command = task.command, "a process for a file ended without an answer");
        }
        Ok(said)
    }

    /// Looks a PDF through: how many pages it has, where they can be found. A process that ended without an answer is a
    /// file that cannot be read.
    pub async fn inspect_pdf(
        &self,
        file: impl Stream<Item = Result<Bytes, ObjectError>> + Send,
    ) -> Result<Result<Option<i32>, PdfProblem>, ObjectError> {
        let said = self.ask(INSPECT_PDF, file).await?.unwrap_or_default();
        Ok(match said.split_once(' ').unwrap_or((&said, "")) {
            (FINE, pages) => Ok(pages.parse().ok()),
            (word, _) => Err(word.parse().unwrap_or(PdfProblem::Broken)),
        })
    }

    /// Makes a PDF of one page of a picture. A process that ended without an answer is a picture that cannot be read.
    pub async fn picture_to_pdf(
        &self,
        file: impl Stream<Item = Result<Bytes, ObjectError>> + Send,
    ) -> Result<Result<Vec<u8>, PictureProblem>, ObjectError> {
        let said = self.answer(PICTURE_TO_PDF, "", file).await?.unwrap_or_default();
        if said.starts_with(b"%PDF-") {
            return Ok(Ok(said));
        }
        let word = String::from_utf8_lossy(&said);
        Ok(Err(word.parse().unwrap_or(PictureProblem::Broken)))
    }
}

/// Makes a PDF of a picture.
pub const PICTURE_TO_PDF: Task =
    Task { command: "picture-to-pdf", work: picture_pdf::convert, longest: 50 * 1024 * 1024 };

/// Looks a PDF through for what must not reach a client, and counts its pages.
pub const INSPECT_PDF: Task =
    Task { command: "inspect-pdf", work: |file, _| inspect(file), longest: LONGEST_LINE };

/// Draws a page of a PDF, whose number is asked.
pub const DRAW_PAGE: Task = Task { command: "draw-page", work: pdf_pages::draw, longest: 16 * 1024 * 1024 };

/// Reads the text of a page of a PDF, whose number is asked.
pub const READ_PAGE: Task = Task { command: "read-page", work: pdf_pages::read, longest: LONGEST_TEXT };

/// Writes a document behind the pages of a file: see [`Behind`](crate::platform::pdf_writer::Behind).
pub const WRITE_BEHIND: Task =
    Task { command: "write-behind", work: pdf_writer::write_behind, longest: 160 * 1024 * 1024 };

/// What is said of a PDF that has nothing in it that it must not have, before the number of its pages.
const FINE: &str = "fine";

fn inspect(file: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut scan = PdfScan::default();
    let (mut room, mut whole) = (vec![0; 64 * 1024], Vec::new());
    let verdict = loop {
        match file.read(&mut room) {
            Ok(0) => break scan.finish(),
            Ok(count) => {
                if let Err(problem) = scan.take(&room[..count]) {
                    break Err(problem);
                }
                whole.extend_from_slice(&room[..count]);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    };
    let said = match verdict.map(|()| pdf_pages::count(whole)) {
        Ok(Some(pages)) if pages > MOST_PAGES => PdfProblem::Long.word().to_owned(),
        Ok(Some(pages)) => format!("{FINE} {pages}"),
        Ok(None) => FINE.to_owned(),
        Err(problem) => problem.word().to_owned(),
    };
    Ok(said.into_bytes())
}

/// Gives up, for good, what a process that parses files has no need of.
#[cfg(target_os = "linux")]
fn confine(memory: u64, seconds: u64) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let most = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::As, most(memory))?;
    setrlimit(Resource::Cpu, most(seconds))?;
    // The three that are open; no file and no socket beside them.
    setrlimit(Resource::Nofile, most(3))?;
    setrlimit(Resource::Fsize, most(0))?;
    setrlimit(Resource::Core, most(0))?;
    setrlimit(Resource::Nproc, most(0))?;
    Ok(())
}

/// Elsewhere it is a process of its own with a time of its own, and no more.
#[cfg(not(target_os = "linux"))]
fn confine(_: u64, _: u64) -> std::io::Result<()> {
    Ok(())
}

/// Runs the hidden command where this process was started with one. It comes before anything else of the program.
pub fn run(tasks: &[Task]) -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let command = words.next()?;
    let task = tasks.iter().find(|task| command == task.command)?;
    let mut limit = || words.next()?.to_str()?.parse::<u64>().ok();
    let (memory, seconds) = (limit(), limit());
    let asked = words.next().and_then(|asked| asked.into_string().ok()).unwrap_or_default();
    let said = memory.zip(seconds).and_then(|(memory, seconds)| {
        confine(memory, seconds).ok()?;
        (task.work)(&mut std::io::stdin().lock(), &asked).ok()
    });
    let mut out = std::io::stdout();
    let is_said = said.is_some_and(|said| out.write_all(&said).and_then(|()| out.flush()).is_ok());
    Some(if is_said { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

//! A whole thread for its reader to print and to keep: as a page and as a tagged PDF. It holds what the reader sees of the
//! thread, and never a note.

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::features::accounts::ClientSession;
use crate::features::messages::actions::{
    ClientParty, LetIn, Look, PracticeReader, ThreadView, practice_range, readable, record, with_facts,
};
use crate::features::messages::audit::MessageAction;
use crate::features::messages::readers::StaffReader;
use crate::features::messages::store::{self, Reading};
use crate::features::messages::thread::MessageLine;
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, ThreadId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::pdf_writer::{self, Block, Content, Weight};
use crate::platform::state::AppState;

/// Messages of one thread that are printed: its newest.
const MOST: usize = 2_000;

/// The whole thread as a client reads it.
pub(super) async fn for_client(
    app: &AppState,
    client: &ClientSession,
    thread: ThreadId,
    look: Look,
) -> Result<Option<ThreadView>, Fault> {
    let (party, let_in) = (ClientParty::of(client), LetIn::of(client));
    let unit = move |c: &mut Scoped<'_>| {
        let Some((thread, range, membership)) = readable(c, &party, &let_in, &thread, look)? else {
            return Ok(None);
        };
        let messages = store::newest_of(c, &thread.id, Reading::Party(party.person), (range, None), MOST)?;
        if look == Look::Read {
            record(c, &party.by, MessageAction::Exported, &thread, thread.last_seq)?;
        }
        Ok(Some(ThreadView { from: range.from, membership, ..with_facts(c, thread, messages)? }))
    };
    match look {
        Look::Read => app.db.write(&client.scope, unit).await,
        Look::Ahead => app.db.read(&client.scope, unit).await,
    }
}

/// The whole thread as a staff member reads it.
pub(super) async fn for_staff(
    app: &AppState,
    staff: &StaffSession,
    (chart, thread): (ChartId, ThreadId),
    look: Look,
) -> Result<Option<ThreadView>, Fault> {
    let (who, role, by) = (staff.staff_id, staff.role, staff.by());
    let unit = move |c: &mut Scoped<'_>| {
        let Some(thread) = store::find(c, &thread)?.filter(|thread| thread.chart == chart) else {
            return Ok(None);
        };
        let reader = PracticeReader::Staff(StaffReader::load(c, who, role)?);
        let Some((range, part)) = practice_range(c, &reader, &thread)? else { return Ok(None) };
        let messages = store::newest_of(c, &thread.id, Reading::Practice, (range, None), MOST)?;
        if look == Look::Read {
            record(c, &by, MessageAction::Exported, &thread, thread.last_seq)?;
        }
        Ok(Some(ThreadView { part, ..with_facts(c, thread, messages)? }))
    };
    match look {
        Look::Read => app.db.write(&staff.scope, unit).await,
        Look::Ahead => app.db.read(&staff.scope, unit).await,
    }
}

/// What a PDF of a thread says, in words.
#[derive(Clone, Debug)]
pub(super) struct Paper {
    /// The practice's name.
    pub practice: String,
    /// The thread's subject.
    pub subject: String,
    /// Who reads it, when it was printed, and what is not in it.
    pub facts: Vec<String>,
    /// Its messages.
    pub lines: Vec<MessageLine>,
}

/// What stands above a printed thread: who reads it, when it was printed, and that earlier messages are not in it.
pub(super) fn facts(words: Words, readers: String, printed: String, view: &ThreadView) -> Vec<String> {
    let cut = view.has_earlier.then(|| words.get("messages-print-cut"));
    [readers, words.with1("messages-print-at", "at", printed)].into_iter().chain(cut).collect()
}

fn content(words: Words, paper: Paper) -> Content {
    let mut blocks = vec![
        Block::Paragraph(Weight::Bold, paper.practice),
        Block::Heading(1, paper.subject.clone()),
        Block::Lines(paper.facts),
    ];
    for line in paper.lines {
        if let Some(note) = line.note {
            blocks.push(Block::Paragraph(Weight::Bold, format!("{note} {}", line.sent.exact)));
            continue;
        }
        blocks.push(Block::Heading(2, format!("{} · {}", line.author, line.sent.exact)));
        for paragraph in line.paragraphs {
            blocks.extend(paragraph.lines().map(|text| Block::Paragraph(Weight::Regular, text.to_owned())));
        }
        if !line.files.is_empty() {
            let files = line.files.into_iter().map(|(_, label)| label);
            let attached = |file| words.with1("messages-print-file", "file", file);
            blocks.push(Block::Lines(files.map(attached).collect()));
        }
    }
    Content { title: paper.subject, language: words.language().word().to_owned(), blocks }
}

/// The answer that hands a thread out as a PDF. Layout takes a processor's time, so it has a thread of its own.
pub(super) async fn pdf(words: Words, thread: ThreadId, paper: Paper) -> Result<Response, Fault> {
    let write = move || {
        let foot =
            |page: usize, pages: usize| words.with2("messages-print-page", "page", page, "pages", pages);
        pdf_writer::write(&content(words, paper), foot)
            .map_err(|error| Fault::Other(format!("the PDF of thread {thread}"), Some(error.into())))
    };
    let written = tokio::task::spawn_blocking(write).await;
    let bytes = written.map_err(|error| Fault::Ended(error.to_string()))??;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"messages.pdf\"".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

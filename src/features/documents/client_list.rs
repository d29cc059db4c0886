//! A client's documents in a list: first what they have still to do, then everything else.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::accounts::ClientTicket;
use crate::features::documents::client_pages::MINE;
use crate::features::documents::lifecycle::ShareStanding;
use crate::features::documents::packets::order;
use crate::features::documents::signing::consent;
use crate::features::documents::signing::store::{self as signing, OwnPhase};
use crate::features::documents::store::{Document, SharedLine, shared_with};
use crate::kernel::ids::DocumentId;
use crate::platform::i18n::Words;
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageResult, html};

struct Line {
    href: String,
    title: String,
    note: String,
    /// Colour and word of its tag.
    tag: Option<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "features/documents/templates/client_list.html")]
struct List {
    frame: ClientFrame,
    /// What the reader has still to do, and everything else.
    to_do: Vec<Line>,
    others: Vec<Line>,
}

/// What the reader has still to do with a document, in the order in which a client does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Sign,
    Read,
    ReadUpdate,
}

/// The next step; `None` where there is none.
fn step(line: &SharedLine, phase: Option<OwnPhase>, today: Date) -> Option<Step> {
    if line.document.ended(today).is_some() {
        return None;
    }
    match (phase, line.opened_version) {
        (Some(OwnPhase::ToSign), _) => Some(Step::Sign),
        (Some(_), _) => None,
        (None, None) => Some(Step::Read),
        (None, Some(opened)) => (opened < line.document.current_version).then_some(Step::ReadUpdate),
    }
}

/// A document with the step that is next, and its note.
type ToDo = (Step, SharedLine, String);

/// In the order in which a client does it: signatures first, and the documents of a packet one after the other.
fn in_order(lines: Vec<ToDo>) -> Vec<ToDo> {
    // A packet stands where its first step does.
    let keys: Vec<(Step, usize, i32)> = lines
        .iter()
        .enumerate()
        .map(|(at, (step, line, _))| {
            let Some(place) = line.place else { return (*step, at, 0) };
            let of_packet = lines
                .iter()
                .enumerate()
                .filter(|(_, (_, other, _))| other.place.is_some_and(|of| of.packet == place.packet));
            let first = of_packet.clone().map(|(_, (step, ..))| *step).min().unwrap_or(*step);
            let newest = of_packet.map(|(at, _)| at).min().unwrap_or(at);
            (first, newest, place.position)
        })
        .collect();
    let mut keyed: Vec<_> = keys.into_iter().zip(lines).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, line)| line).collect()
}

/// What stands below each title: its kind, since when the reader has it, and its place among those that were sent
/// together. Documents of one title and day are told apart by the time, and by a number where that is the same.
fn notes(words: Words, zone: &TimeZone, lines: &[SharedLine]) -> Vec<String> {
    let dates: Vec<String> = lines.iter().map(|line| words.date(line.since_at, zone)).collect();
    let of_day = count(lines, &dates);
    let moments: Vec<String> = lines
        .iter()
        .zip(&dates)
        .map(|(line, date)| match of_day.get(&(line.document.title.as_str(), date.as_str())) {
            Some(1) | None => date.clone(),
            Some(_) => words.date_time(line.since_at, zone),
        })
        .collect();
    // The oldest is the first, so that a new one changes no number.
    let mut left = count(lines, &moments);
    let all = left.clone();
    let mut notes = Vec::with_capacity(lines.len());
    for (line, moment) in lines.iter().zip(&moments) {
        let kind = line.document.kind.label(words);
        let mut note = words.with2("documents-line", "kind", kind, "date", moment);
        if let Some((number, count)) = place_of(lines, line).filter(|(_, count)| *count > 1) {
            let (number, count) = (("number", number.to_string()), ("count", count.to_string()));
            note = words.with("documents-line-packet", &[("note", note), number, count]);
        }
        let key = (line.document.title.as_str(), moment.as_str());
        if let (Some(number), Some(2..)) = (left.get_mut(&key), all.get(&key)) {
            note = words.with2("documents-line-number", "note", note, "number", *number);
            *number -= 1;
        }
        notes.push(note);
    }
    notes
}

/// How many lines have the same title and the same words for when.
fn count<'a>(lines: &'a [SharedLine], when: &'a [String]) -> BTreeMap<(&'a str, &'a str), usize> {
    let mut counts = BTreeMap::new();
    for (line, when) in lines.iter().zip(when) {
        *counts.entry((line.document.title.as_str(), when.as_str())).or_insert(0) += 1;
    }
    counts
}

/// Its place among the documents of its packet that the reader has, and how many those are.
fn place_of(lines: &[SharedLine], line: &SharedLine) -> Option<(usize, usize)> {
    let place = line.place?;
    let places = lines.iter().filter_map(|of| of.place).filter(|of| of.packet == place.packet);
    let before = places.clone().filter(|of| of.position < place.position).count();
    Some((before + 1, places.count()))
}

/// My documents.
pub(super) async fn list(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, (documents, signings, on_paper)) = ticket
        .open(&app, |c, client| {
            let signings = signing::own_signings(c, &client.access_id)?;
            let is_asked = signings.iter().any(|line| line.phase(c.now()) == Some(OwnPhase::ToSign));
            let on_paper = if is_asked { consent::on_paper_since(c, &client.access_id)? } else { None };
            Ok((shared_with(c, &client.access_id)?, signings, on_paper))
        })
        .await?;
    let (words, now) = (client.words, app.now());
    let today = client.practice.today(now);
    let newest_of = |id: &DocumentId| signings.iter().find(|line| line.document_id == *id);
    let phase_of = |id: &DocumentId| newest_of(id)?.phase(now);
    // What became of an older version is not said of this one.
    let said_of = |document: &Document| {
        let newest = newest_of(&document.document_id)?;
        newest.phase(now).filter(|_| newest.number == document.current_version)
    };
    let waiting = order::waiting_in_list(&client.facts, &documents, phase_of);
    let is_seen =
        |line: &SharedLine| client.may_view_item(Right::Documents, &line.document.item(ShareStanding::Live));
    let documents: Vec<SharedLine> = documents.into_iter().filter(is_seen).collect();
    let notes = notes(words, &client.zone, &documents);
    let shown = |step: Option<Step>, line: SharedLine, note: String| {
        let id = line.document.document_id;
        let tag = match (step, said_of(&line.document)) {
            _ if line.document.ended(today).is_some() => {
                let is_revoked = line.document.revoked_at.is_some();
                Some(("stopped", if is_revoked { "documents-revoked" } else { "documents-expired" }))
            }
            _ if waiting.contains(&id) => Some(("", "packets-later")),
            (Some(Step::Sign), _) if on_paper.is_some() => Some(("", "signing-tag-paper")),
            (Some(Step::Sign), _) => Some(("waiting", "signing-to-sign")),
            (Some(Step::Read), _) => Some(("waiting", "documents-new")),
            (Some(Step::ReadUpdate), _) => Some(("waiting", "documents-updated")),
            (None, Some(OwnPhase::WaitsForOthers)) => Some(("", "signing-tag-waits")),
            (None, Some(OwnPhase::Signed)) => Some(("good", "signing-tag-signed")),
            (None, Some(OwnPhase::Declined)) => Some(("stopped", "signing-tag-declined")),
            (None, Some(OwnPhase::Expired)) => Some(("stopped", "signing-tag-expired")),
            (None, Some(OwnPhase::ToSign) | None) => None,
        };
        Line {
            href: format!("/portal/documents/{id}"),
            note,
            tag: tag.map(|(tone, word)| (tone, words.get(word))),
            title: line.document.title,
        }
    };
    let (mut to_do, mut others) = (Vec::new(), Vec::new());
    for (line, note) in documents.into_iter().zip(notes) {
        match step(&line, said_of(&line.document), today) {
            Some(step) => to_do.push((step, line, note)),
            None => others.push(shown(None, line, note)),
        }
    }
    let page = List {
        frame: client.frame(&app, MINE),
        to_do: in_order(to_do).into_iter().map(|(step, line, note)| shown(Some(step), line, note)).collect(),
        others,
    };
    html(page.render())
}

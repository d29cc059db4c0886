//! The signing record of a document for staff: what was written down of its newest request, who did it and with whom, and
//! whether it is still what was written.

use askama::Template;
use axum::extract::{Path, State};
use serde_json::Value;

use crate::features::documents::signing::evidence::{self, Link};
use crate::features::documents::signing::seal_store;
use crate::features::documents::signing::store::{self, EventRow, Signing};
use crate::features::documents::signing::trail::Happening;
use crate::features::documents::staff_forms::Place;
use crate::features::documents::staff_pages::page_of;
use crate::features::people::{CHARTS, RoomHead};
use crate::features::staff::StaffSession;
use crate::platform::i18n::Stamp;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html};

struct EventLine {
    seq: i32,
    what: String,
    /// Who did it, with whom, until when.
    details: Vec<String>,
    at: Stamp,
    who: String,
    hash: String,
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/staff_evidence.html")]
struct EvidencePage {
    frame: StaffFrame,
    head: RoomHead,
    here: String,
    title: String,
    sha256: String,
    /// The number of the first record that is not what it was.
    broken: Option<String>,
    /// Of the certificates that the practice has sealed with.
    fingerprints: Vec<String>,
    events: Vec<EventLine>,
}

/// A document's newest request, as its chain is followed.
pub fn links(events: &[EventRow]) -> impl Iterator<Item = Link<'_>> {
    events.iter().map(|event| Link {
        seq: event.seq,
        evidence: &event.evidence,
        hash: &event.hash,
        prev: &event.prev,
    })
}

/// What is written down of a request, and whether it is still what was written.
pub async fn evidence_page(
    State(app): State<AppState>,
    session: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let (place, document) = Place::of_document(&app, &session, &at).await?;
    if !document.kind.is_seen_by(session.role, document.label) {
        return Err(PageError::NotFound);
    }
    let id = document.document_id;
    let found = app
        .db
        .read(&session.scope, move |c| {
            let Some(signing) = store::newest(c, &id)? else { return Ok(None) };
            let events = store::events(c, &signing.request.signing_id)?;
            Ok(Some((signing, events, seal_store::fingerprints(c)?)))
        })
        .await?;
    let (signing, events, fingerprints) = found.ok_or(PageError::NotFound)?;
    let (words, now) = (session.words, app.now());
    let request = &signing.request;
    let checked = evidence::check(&request.sha256, links(&events), &request.chain_head);
    let line = |event: &EventRow| EventLine {
        seq: event.seq,
        what: words.get(&format!("signing-event-{}", event.kind)),
        details: details_of(&session, &signing, event),
        at: words.stamp(event.at, &session.zone, now),
        who: signing
            .signers
            .iter()
            .find(|signer| Some(signer.signer_id) == event.signer_id)
            .map_or_else(String::new, |signer| signer.printed_name.clone()),
        hash: event.hash.clone(),
    };
    let page = EvidencePage {
        head: place.head(&app, &session),
        here: page_of(&document),
        title: document.title.clone(),
        sha256: request.sha256.clone(),
        broken: checked.err().map(|broken| words.with1("signing-chain-broken", "number", broken.0)),
        events: events.iter().map(line).collect(),
        fingerprints,
        frame: session.frame(&app, CHARTS),
    };
    html(page.render())
}

/// A text of an event's evidence, by the names that lead to it; `None` where there is none.
fn text_at<'a>(evidence: &'a Value, names: &[&str]) -> Option<&'a str> {
    names.iter().try_fold(evidence, |at, name| at.get(name))?.as_str().filter(|text| !text.is_empty())
}

/// Who did what an event tells, with whom, and until when: as far as its evidence says it.
fn details_of(session: &StaffSession, signing: &Signing, event: &EventRow) -> Vec<String> {
    let words = session.words;
    let Ok(evidence) = serde_json::from_str::<Value>(&event.evidence) else { return Vec::new() };
    let happening = Happening::ALL.iter().find(|happening| happening.word() == event.kind);
    let Some(happening) = happening else { return Vec::new() };
    let by = || text_at(&evidence, &["by"]).map(|name| words.with1("signing-record-by", "name", name));
    let until = || {
        let at: jiff::Timestamp = text_at(&evidence, &["deadline"])?.parse().ok()?;
        let moment = words.date_time_zone(at.into(), &session.zone);
        Some(words.with1("signing-record-until", "moment", moment))
    };
    let named = |names: Vec<&str>| {
        (!names.is_empty()).then(|| words.with1("signing-record-asked", "names", names.join(", ")))
    };
    let signers = evidence.get("signers").and_then(Value::as_array);
    let asked = || named(signers?.iter().filter_map(|of| text_at(of, &["name"])).collect());
    let reminded = || {
        let name = |id: &Value| {
            let is_this =
                |signer: &&store::Signer| Some(signer.signer_id.to_string().as_str()) == id.as_str();
            signing.signers.iter().find(is_this).map(|signer| signer.printed_name.as_str())
        };
        named(signers?.iter().filter_map(name).collect())
    };
    let new = || {
        text_at(&evidence, &["new", "name"]).map(|name| words.with1("signing-record-replaced", "name", name))
    };
    let host = || {
        let name = text_at(&evidence, &["in_person", "host", "name"])?;
        Some(words.with1("signing-hosted", "name", name))
    };
    let details = match happening {
        Happening::Sent => [by(), asked(), until()],
        Happening::Extended => [by(), until(), None],
        Happening::Reminded => [by(), reminded(), None],
        Happening::Replaced => [new(), by(), None],
        Happening::Canceled => [by(), None, None],
        // The signer did it, unless it says otherwise.
        Happening::Opened | Happening::Signed | Happening::Refused => [host(), None, None],
        Happening::Completed => [None, None, None],
    };
    details.into_iter().flatten().collect()
}

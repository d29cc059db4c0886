//! What can be done with what a client asks for or sends: make it, share a document for it or make one of it, decline it,
//! take it back.

use serde_json::json;

use crate::features::access::permission::Label;
use crate::features::access::permission::decide as may;
use crate::features::access::{facts_of, load_access};
use crate::features::documents::actions::{
    self, NewContent, NewDocument, NewShare, ReaderGrant, Recipient, Refused, StoredFile, Telling,
};
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::held_store;
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::lifecycle::{Refusal, is_never_shared};
use crate::features::documents::notices;
use crate::features::documents::request_lifecycle::{Event as Happens, RequestKind, RequestState, decide};
use crate::features::documents::request_store::{self as store, DocumentRequest};
use crate::features::documents::store::{self as documents, Blob, Notice};
use crate::features::documents::upload_store;
use crate::kernel::ids::{ChartId, DocumentId, DocumentRequestId, UploadId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::permissions::{Level, Right};

/// Requests of a chart that may wait at one time.
pub const MOST_OPEN: i64 = 5;
/// Files of a chart that may wait at one time.
pub const MOST_FILES: i64 = 20;
/// The longest request, in characters.
pub const LONGEST_WISH: usize = 300;

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// There is no such request, for whoever asks.
    #[error("no such request")]
    NotFound,
    /// [`MOST_OPEN`] of the chart wait already, or [`MOST_FILES`].
    #[error("too many requests wait")]
    TooMany,
    /// The file is not there any more, or not theirs.
    #[error("no such file waits")]
    NoFile,
    /// A file is not answered with a document, and a request for a document is not accepted.
    #[error("a request of another kind")]
    OtherKind,
    /// It has ended already.
    #[error("the request is over: {0}")]
    Over(RequestState),
    /// The document cannot be shared.
    #[error("the document cannot be shared: {0}")]
    Share(Refused),
}

fn record(c: &mut Scoped<'_>, by: &By, action: DocumentAction, of: &DocumentRequest) -> Result<(), Fault> {
    let mut event = Event::new(by.clone(), action).on_chart(&of.chart_id);
    event.access = Some(of.access_id);
    event.new_state = of.state.word().into();
    audit::record(c, event.with(json!({ "request": of.request_id, "document": of.document_id })))
}

/// A client asks for a document. Whoever reads the text from a form has checked its length.
pub fn ask(
    c: &mut Scoped<'_>,
    by: &By,
    who: &ReaderGrant,
    wanted: &str,
) -> Result<Result<DocumentRequestId, NotDone>, Fault> {
    if let Err(why) = may_make(c, who, (RequestKind::Wanted, MOST_OPEN))? {
        return Ok(Err(why));
    }
    let new = new_request(c, who, RequestKind::Wanted, wanted);
    store::insert(c, new.clone())?;
    record(c, by, DocumentAction::Requested, &new)?;
    Ok(Ok(new.request_id))
}

/// A client sends a file that was taken in. Whoever reads the text from a form has checked its length.
pub fn offer(
    c: &mut Scoped<'_>,
    by: &By,
    who: &ReaderGrant,
    (file, about): (&UploadId, &str),
) -> Result<Result<DocumentRequestId, NotDone>, Fault> {
    if let Err(why) = may_make(c, who, (RequestKind::Offered, MOST_FILES))? {
        return Ok(Err(why));
    }
    let Ok(mut files) = actions::take_files(c, &who.chart, by, &[*file])? else {
        return Ok(Err(NotDone::NoFile));
    };
    let Some(StoredFile { blob, name }) = files.pop() else { return Ok(Err(NotDone::NoFile)) };
    let new = DocumentRequest {
        blob_id: Some(blob.blob_id),
        file_name: name,
        ..new_request(c, who, RequestKind::Offered, about)
    };
    store::insert(c, new.clone())?;
    record(c, by, DocumentAction::Offered, &new)?;
    Ok(Ok(new.request_id))
}

/// May the holder of a grant send one more file? Holds the chart.
pub fn may_offer(c: &mut Scoped<'_>, who: &ReaderGrant) -> Result<Result<(), NotDone>, Fault> {
    may_make(c, who, (RequestKind::Offered, MOST_FILES))
}

/// Holds the chart; may the holder of a grant make one more?
fn may_make(
    c: &mut Scoped<'_>,
    who: &ReaderGrant,
    (kind, most): (RequestKind, i64),
) -> Result<Result<(), NotDone>, Fault> {
    lock(c, Lock::Charts(&[who.chart]))?;
    // What ended the access since the request was let in counts.
    let Some(facts) = facts_of(c, &who.access)? else { return Ok(Err(NotDone::NotFound)) };
    if may(&facts, Right::Documents, None).level < Level::Act {
        return Ok(Err(NotDone::NotFound));
    }
    let held = match kind {
        RequestKind::Wanted => 0,
        RequestKind::Offered => held_store::offers_waiting(c, &who.chart)?,
    };
    if store::count_open(c, &who.chart, kind)? + held >= most {
        return Ok(Err(NotDone::TooMany));
    }
    Ok(Ok(()))
}

fn new_request(c: &Scoped<'_>, who: &ReaderGrant, kind: RequestKind, wanted: &str) -> DocumentRequest {
    DocumentRequest {
        practice_id: *c.practice(),
        request_id: DocumentRequestId::fresh(c.rng(), c.now()),
        chart_id: who.chart,
        access_id: who.access,
        account_id: who.account,
        kind,
        wanted: wanted.to_owned(),
        blob_id: None,
        file_name: String::new(),
        state: RequestState::Open,
        document_id: None,
        answer: String::new(),
        asked_at: c.now(),
        ended_at: None,
        ended_by_name: String::new(),
        notice: Notice::None,
        version: 1,
    }
}

/// The request, held until the end of the transaction together with everything on its chart.
fn held(c: &mut Scoped<'_>, id: &DocumentRequestId) -> Result<Option<DocumentRequest>, Fault> {
    let Some(found) = store::find(c, id)? else { return Ok(None) };
    lock(c, Lock::Charts(&[found.chart_id]))?;
    store::find(c, id)
}

/// The client takes it back; the bytes of a file are deleted. Gives what it was.
pub fn take_back(
    c: &mut Scoped<'_>,
    by: &By,
    who: &ReaderGrant,
    id: &DocumentRequestId,
) -> Result<Result<RequestKind, NotDone>, Fault> {
    let Some(request) = held(c, id)?.filter(|request| request.access_id == who.access) else {
        return Ok(Err(NotDone::NotFound));
    };
    let state = match decide(request.state, Happens::TakeBack) {
        Ok(state) => state,
        Err(over) => return Ok(Err(NotDone::Over(over))),
    };
    let after = DocumentRequest { state, ended_at: Some(c.now()), ..request };
    save_without_file(c, after.clone())?;
    record(c, by, DocumentAction::RequestTakenBack, &after)?;
    Ok(Ok(after.kind))
}

/// Saves one whose file nobody needs any more.
fn save_without_file(c: &mut Scoped<'_>, after: DocumentRequest) -> Result<(), Fault> {
    if let Some(blob) = &after.blob_id {
        upload_store::give_up_blob(c, blob)?;
    }
    store::save(c, &DocumentRequest { blob_id: None, ..after })
}

/// What staff say to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// This document of the chart is shared with whoever asked.
    Share(DocumentId),
    /// The file that they sent becomes a document, which is shared with them.
    Accept(Accepted),
    /// No, for a reason that they read.
    Decline(String),
}

/// A file that waits, with its bytes.
pub fn file_of(
    c: &mut Scoped<'_>,
    request: DocumentRequest,
) -> Result<Option<(DocumentRequest, Blob)>, Fault> {
    let Some(id) = request.blob_id else { return Ok(None) };
    Ok(documents::live_blob(c, &id)?.map(|blob| (request, blob)))
}

/// A file that waits, for staff who read it; that is written down (AUD-01).
pub fn read_file(
    c: &mut Scoped<'_>,
    by: &By,
    (chart, id): (Option<ChartId>, &DocumentRequestId),
) -> Result<Option<(DocumentRequest, Blob)>, Fault> {
    let is_asked_for = |request: &DocumentRequest| chart.is_none_or(|chart| chart == request.chart_id);
    let Some(request) = store::find(c, id)?.filter(is_asked_for) else { return Ok(None) };
    let Some((request, blob)) = file_of(c, request)? else { return Ok(None) };
    let details = json!({ "request": request.request_id, "sha256": blob.sha256 });
    let event = Event::new(by.clone(), DocumentAction::ReadByStaff).on_chart(&request.chart_id);
    audit::record(c, event.with(details))?;
    Ok(Some((request, blob)))
}

/// What a file becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The document's title.
    pub title: String,
    /// What it is.
    pub kind: DocumentKind,
    /// What protects it.
    pub label: Option<Label>,
}

/// The document that a file becomes, for those who may not manage documents too.
fn accept(
    c: &mut Scoped<'_>,
    by: &By,
    request: &DocumentRequest,
    to: &Accepted,
) -> Result<Result<DocumentId, NotDone>, Fault> {
    let Some(blob) = request.blob_id else { return Ok(Err(NotDone::NoFile)) };
    let Some(blob) = documents::live_blob(c, &blob)? else { return Ok(Err(NotDone::NoFile)) };
    let new = NewDocument {
        chart: request.chart_id,
        title: to.title.clone(),
        kind: to.kind,
        label: to.label,
        content: NewContent::Stored(StoredFile { blob, name: request.file_name.clone() }),
        written_at: None,
    };
    Ok(actions::create(c, by, &new)?.map_err(NotDone::Share))
}

/// Staff reply to a request of this chart; whoever asked gets the mail "something new".
pub fn reply(
    c: &mut Scoped<'_>,
    by: &By,
    (chart, id): (Option<ChartId>, &DocumentRequestId),
    reply: &Reply,
) -> Result<Result<(), NotDone>, Fault> {
    let is_asked_for = |request: &DocumentRequest| chart.is_none_or(|chart| chart == request.chart_id);
    let Some(request) = held(c, id)?.filter(is_asked_for) else { return Ok(Err(NotDone::NotFound)) };
    let (event, action) = match (reply, request.kind) {
        (Reply::Share(_), RequestKind::Wanted) => (Happens::Answer, DocumentAction::RequestAnswered),
        (Reply::Accept(_), RequestKind::Offered) => (Happens::Answer, DocumentAction::Accepted),
        (Reply::Decline(_), RequestKind::Wanted) => (Happens::Decline, DocumentAction::RequestDeclined),
        (Reply::Decline(_), RequestKind::Offered) => (Happens::Decline, DocumentAction::NotAccepted),
        (Reply::Share(_), RequestKind::Offered) | (Reply::Accept(_), RequestKind::Wanted) => {
            return Ok(Err(NotDone::OtherKind));
        }
    };
    let state = match decide(request.state, event) {
        Ok(state) => state,
        Err(over) => return Ok(Err(NotDone::Over(over))),
    };
    let (document_id, answer) = match reply {
        Reply::Decline(reason) => (None, reason.clone()),
        Reply::Accept(to) if is_never_shared(to.label) => {
            return Ok(Err(NotDone::Share(Refused::LifeCycle(Refusal::NeverShared))));
        }
        Reply::Accept(to) => match accept(c, by, &request, to)? {
            Ok(document) => (Some(document), String::new()),
            Err(why) => return Ok(Err(why)),
        },
        Reply::Share(document) => match documents::find(c, document)? {
            Some(found) if found.chart_id == request.chart_id => (Some(*document), String::new()),
            _ => return Ok(Err(NotDone::Share(Refused::NotFound))),
        },
    };
    if let Some(document) = &document_id {
        let with = vec![Recipient::Grant(request.access_id)];
        let share = NewShare { with, telling: Telling::Silent, since: None };
        // A file is taken also from somebody who has no grant any more: the practice has it, and they do not see it.
        if let (Err(why), Reply::Share(_)) = (actions::share(c, by, document, &share)?, reply) {
            return Ok(Err(NotDone::Share(why)));
        }
    }
    // Who is not registered any more finds it when they are again.
    let is_told = load_access(c, &request.access_id)?.is_some_and(|row| row.account_id.is_some());
    let after = DocumentRequest {
        state,
        document_id,
        answer,
        ended_at: Some(c.now()),
        ended_by_name: by.actor.name(),
        notice: if is_told { Notice::Due } else { Notice::None },
        ..request
    };
    if after.document_id.is_some() {
        // The bytes are the document's.
        store::save(c, &DocumentRequest { blob_id: None, ..after.clone() })?;
    } else {
        save_without_file(c, after.clone())?;
    }
    record(c, by, action, &after)?;
    if is_told {
        notices::plan(c, &[after.access_id])?;
    }
    Ok(Ok(()))
}

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
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::lifecycle::{Refusal, is_never_shared};
use crate::features::documents::notices;
use crate::features::documents::store::{self as documents, Blob, Notice};
use crate::features::documents::upload_store;
use crate::features::documents::wish_lifecycle::{Event as Happens, WishKind, WishState, decide};
use crate::features::documents::wish_store::{self as store, Wish};
use crate::kernel::ids::{ChartId, DocumentId, UploadId, WishId};
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
    Over(WishState),
    /// The document cannot be shared.
    #[error("the document cannot be shared: {0}")]
    Share(Refused),
}

fn record(c: &mut Scoped<'_>, by: &By, action: DocumentAction, of: &Wish) -> Result<(), Fault> {
    let mut event = Event::new(by.clone(), action).on_chart(&of.chart_id);
    event.access = Some(of.access_id);
    event.new_state = of.state.word().into();
    audit::record(c, event.with(json!({ "request": of.wish_id, "document": of.document_id })))
}

/// A client asks for a document. Whoever reads the text from a form has checked its length.
pub fn ask(
    c: &mut Scoped<'_>,
    by: &By,
    who: &ReaderGrant,
    wanted: &str,
) -> Result<Result<WishId, NotDone>, Fault> {
    if let Err(why) = may_make(c, who, (WishKind::Wanted, MOST_OPEN))? {
        return Ok(Err(why));
    }
    let new = new_wish(c, who, WishKind::Wanted, wanted);
    store::insert(c, new.clone())?;
    record(c, by, DocumentAction::WishMade, &new)?;
    Ok(Ok(new.wish_id))
}

/// A client sends a file that was taken in. Whoever reads the text from a form has checked its length.
pub fn offer(
    c: &mut Scoped<'_>,
    by: &By,
    who: &ReaderGrant,
    (file, about): (&UploadId, &str),
) -> Result<Result<WishId, NotDone>, Fault> {
    if let Err(why) = may_make(c, who, (WishKind::Offered, MOST_FILES))? {
        return Ok(Err(why));
    }
    let Ok(mut files) = actions::take_files(c, &who.chart, by, &[*file])? else {
        return Ok(Err(NotDone::NoFile));
    };
    let Some(StoredFile { blob, name }) = files.pop() else { return Ok(Err(NotDone::NoFile)) };
    let new =
        Wish { blob_id: Some(blob.blob_id), file_name: name, ..new_wish(c, who, WishKind::Offered, about) };
    store::insert(c, new.clone())?;
    record(c, by, DocumentAction::Offered, &new)?;
    Ok(Ok(new.wish_id))
}

/// Holds the chart; may the holder of a grant make one more?
fn may_make(
    c: &mut Scoped<'_>,
    who: &ReaderGrant,
    (kind, most): (WishKind, i64),
) -> Result<Result<(), NotDone>, Fault> {
    lock(c, Lock::Charts(&[who.chart]))?;
    // What ended the access since the request was let in counts.
    let Some(facts) = facts_of(c, &who.access)? else { return Ok(Err(NotDone::NotFound)) };
    if may(&facts, Right::Documents, None).level < Level::Act {
        return Ok(Err(NotDone::NotFound));
    }
    if store::count_open(c, &who.chart, kind)? >= most {
        return Ok(Err(NotDone::TooMany));
    }
    Ok(Ok(()))
}

fn new_wish(c: &Scoped<'_>, who: &ReaderGrant, kind: WishKind, wanted: &str) -> Wish {
    Wish {
        practice_id: *c.practice(),
        wish_id: WishId::fresh(c.rng(), c.now()),
        chart_id: who.chart,
        access_id: who.access,
        account_id: who.account,
        kind,
        wanted: wanted.to_owned(),
        blob_id: None,
        file_name: String::new(),
        state: WishState::Open,
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
fn held(c: &mut Scoped<'_>, id: &WishId) -> Result<Option<Wish>, Fault> {
    let Some(found) = store::find(c, id)? else { return Ok(None) };
    lock(c, Lock::Charts(&[found.chart_id]))?;
    store::find(c, id)
}

/// The client takes it back; the bytes of a file are deleted.
pub fn take_back(
    c: &mut Scoped<'_>,
    by: &By,
    who: &ReaderGrant,
    id: &WishId,
) -> Result<Result<(), NotDone>, Fault> {
    let Some(wish) = held(c, id)?.filter(|wish| wish.access_id == who.access) else {
        return Ok(Err(NotDone::NotFound));
    };
    let state = match decide(wish.state, Happens::TakeBack) {
        Ok(state) => state,
        Err(over) => return Ok(Err(NotDone::Over(over))),
    };
    let after = Wish { state, ended_at: Some(c.now()), ..wish };
    save_without_file(c, after.clone())?;
    record(c, by, DocumentAction::WishTakenBack, &after)?;
    Ok(Ok(()))
}

/// Saves one whose file nobody needs any more.
fn save_without_file(c: &mut Scoped<'_>, after: Wish) -> Result<(), Fault> {
    if let Some(blob) = &after.blob_id {
        upload_store::give_up_blob(c, blob)?;
    }
    store::save(c, &Wish { blob_id: None, ..after })
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
pub fn file_of(c: &mut Scoped<'_>, wish: Wish) -> Result<Option<(Wish, Blob)>, Fault> {
    let Some(id) = wish.blob_id else { return Ok(None) };
    Ok(documents::live_blob(c, &id)?.map(|blob| (wish, blob)))
}

/// A file that waits, for staff who read it; that is written down (AUD-01).
pub fn read_file(
    c: &mut Scoped<'_>,
    by: &By,
    (chart, id): (Option<ChartId>, &WishId),
) -> Result<Option<(Wish, Blob)>, Fault> {
    let is_asked_for = |wish: &Wish| chart.is_none_or(|chart| chart == wish.chart_id);
    let Some(wish) = store::find(c, id)?.filter(is_asked_for) else { return Ok(None) };
    let Some((wish, blob)) = file_of(c, wish)? else { return Ok(None) };
    let details = json!({ "request": wish.wish_id, "sha256": blob.sha256 });
    let event = Event::new(by.clone(), DocumentAction::ReadByStaff).on_chart(&wish.chart_id);
    audit::record(c, event.with(details))?;
    Ok(Some((wish, blob)))
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
    wish: &Wish,
    to: &Accepted,
) -> Result<Result<DocumentId, NotDone>, Fault> {
    let Some(blob) = wish.blob_id else { return Ok(Err(NotDone::NoFile)) };
    let Some(blob) = documents::live_blob(c, &blob)? else { return Ok(Err(NotDone::NoFile)) };
    let new = NewDocument {
        chart: wish.chart_id,
        title: to.title.clone(),
        kind: to.kind,
        label: to.label,
        content: NewContent::Stored(StoredFile { blob, name: wish.file_name.clone() }),
        written_at: None,
    };
    Ok(actions::create(c, by, &new)?.map_err(NotDone::Share))
}

/// Staff reply to a request of this chart; whoever asked gets the mail "something new".
pub fn reply(
    c: &mut Scoped<'_>,
    by: &By,
    (chart, id): (Option<ChartId>, &WishId),
    reply: &Reply,
) -> Result<Result<(), NotDone>, Fault> {
    let is_asked_for = |wish: &Wish| chart.is_none_or(|chart| chart == wish.chart_id);
    let Some(wish) = held(c, id)?.filter(is_asked_for) else { return Ok(Err(NotDone::NotFound)) };
    let (event, action) = match (reply, wish.kind) {
        (Reply::Share(_), WishKind::Wanted) => (Happens::Answer, DocumentAction::WishAnswered),
        (Reply::Accept(_), WishKind::Offered) => (Happens::Answer, DocumentAction::Accepted),
        (Reply::Decline(_), WishKind::Wanted) => (Happens::Decline, DocumentAction::WishDeclined),
        (Reply::Decline(_), WishKind::Offered) => (Happens::Decline, DocumentAction::NotAccepted),
        (Reply::Share(_), WishKind::Offered) | (Reply::Accept(_), WishKind::Wanted) => {
            return Ok(Err(NotDone::OtherKind));
        }
    };
    let state = match decide(wish.state, event) {
        Ok(state) => state,
        Err(over) => return Ok(Err(NotDone::Over(over))),
    };
    let (document_id, answer) = match reply {
        Reply::Decline(reason) => (None, reason.clone()),
        Reply::Accept(to) if is_never_shared(to.label) => {
            return Ok(Err(NotDone::Share(Refused::LifeCycle(Refusal::NeverShared))));
        }
        Reply::Accept(to) => match accept(c, by, &wish, to)? {
            Ok(document) => (Some(document), String::new()),
            Err(why) => return Ok(Err(why)),
        },
        Reply::Share(document) => match documents::find(c, document)? {
            Some(found) if found.chart_id == wish.chart_id => (Some(*document), String::new()),
            _ => return Ok(Err(NotDone::Share(Refused::NotFound))),
        },
    };
    if let Some(document) = &document_id {
        let with = vec![Recipient::Grant(wish.access_id)];
        let share = NewShare { with, telling: Telling::Silent, since: None };
        // A file is taken also from somebody who has no grant any more: the practice has it, and they do not see it.
        if let (Err(why), Reply::Share(_)) = (actions::share(c, by, document, &share)?, reply) {
            return Ok(Err(NotDone::Share(why)));
        }
    }
    // Who is not registered any more finds it when they are again.
    let is_told = load_access(c, &wish.access_id)?.is_some_and(|row| row.account_id.is_some());
    let after = Wish {
        state,
        document_id,
        answer,
        ended_at: Some(c.now()),
        ended_by_name: by.actor.name(),
        notice: if is_told { Notice::Due } else { Notice::None },
        ..wish
    };
    if after.document_id.is_some() {
        // The bytes are the document's.
        store::save(c, &Wish { blob_id: None, ..after.clone() })?;
    } else {
        save_without_file(c, after.clone())?;
    }
    record(c, by, action, &after)?;
    if is_told {
        notices::plan(c, &[after.access_id])?;
    }
    Ok(Ok(()))
}

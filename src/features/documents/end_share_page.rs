//! Ending the share of a document with one person. Where they are asked to sign it, a page asks first: it ends that too.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};

use crate::features::documents::actions::{self, Refused};
use crate::features::documents::lifecycle::{DocumentState, Refusal, Signed};
use crate::features::documents::signing::lifecycle::{SignerState, Standing};
use crate::features::documents::signing::store::{self as signing, Signing};
use crate::features::documents::staff_forms::{Place, refused};
use crate::features::documents::store::{self, Document, SharedWith};
use crate::features::people::{CHARTS, RoomHead};
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AccessId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// With whom.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct Whose {
    access: String,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Form {
    access: String,
    /// They have read what ends with it.
    confirmed: String,
}

/// Somebody with whom the share may be ended.
struct Person {
    access: String,
    name: String,
    /// What ends with it, or why it does not end.
    text: String,
    /// They are among those who signed it.
    keeps: bool,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_end_share.html")]
struct Page {
    frame: StaffFrame,
    head: RoomHead,
    action: String,
    back: String,
    title: String,
    /// Nobody was named: whom it is shared with is asked first.
    person: Option<Person>,
    /// The page about each of those whom it is shared with, and their names.
    holders: Vec<(String, String)>,
}

/// A document with those whom it is shared with, and the newest request to sign it.
struct Of {
    place: Place,
    document: Document,
    holders: Vec<SharedWith>,
    signing: Option<Signing>,
}

impl Of {
    async fn load(app: &AppState, staff: &StaffSession, at: &(String, String)) -> Result<Self, PageError> {
        let (place, document) = Place::of_document(app, staff, at).await?;
        let id = document.document_id;
        let read =
            move |c: &mut Scoped<'_>| Ok::<_, Fault>((store::shares_of(c, &id)?, signing::newest(c, &id)?));
        let (mut holders, signing) = app.db.read(&staff.scope, read).await?;
        let is_shared = document.state == DocumentState::Shared;
        holders.retain(|of| is_shared && of.share.ended_at.is_none());
        Ok(Self { place, document, holders, signing })
    }

    fn signed_by(&self, access: &AccessId) -> Signed {
        self.signing.as_ref().map_or(Signed::No, |found| found.signed_by(access))
    }

    fn question(&self, access: &AccessId) -> String {
        format!("{}/end-share?access={access}", self.place.back())
    }

    /// What ends with a share.
    fn text(&self, words: Words, of: &SharedWith, now: Timestamp) -> String {
        let access = &of.share.access_id;
        let has_signed = |found: &Signing| {
            let at = found.by_grant(access).and_then(|at| found.signers.get(at));
            at.is_some_and(|signer| signer.state == SignerState::Signed)
        };
        let key = match (self.signed_by(access), &self.signing) {
            (Signed::Completed, _) => "documents-end-share-kept",
            (Signed::Open, Some(found)) if has_signed(found) => "documents-end-share-has-signed",
            (Signed::Open, Some(found)) if found.request.standing(now) == Standing::Expired => {
                "documents-end-share-late"
            }
            (Signed::Open, _) => "documents-end-share-asked",
            (Signed::No, _) => "documents-end-share-text",
        };
        words.with1(key, "name", &of.name)
    }
}

/// Asks, and says what ends with it.
pub(super) async fn ask(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    Query(whose): Query<Whose>,
) -> PageResult {
    let of = Of::load(&app, &staff, &at).await?;
    let named = of.holders.iter().find(|holder| holder.share.access_id.to_string() == whose.access);
    if named.is_none() && !whose.access.is_empty() {
        // It is ended already: the document's page says so.
        return Ok(see_other(&of.place.back()));
    }
    let holders = of.holders.iter().map(|holder| (of.question(&holder.share.access_id), holder.name.clone()));
    let page = Page {
        head: of.place.head(&app, &staff),
        action: format!("{}/end-share", of.place.back()),
        back: of.place.back(),
        title: of.document.title.clone(),
        person: named.map(|holder| Person {
            access: holder.share.access_id.to_string(),
            name: holder.name.clone(),
            text: of.text(staff.words, holder, app.now()),
            keeps: of.signed_by(&holder.share.access_id) == Signed::Completed,
        }),
        holders: holders.collect(),
        frame: staff.frame(&app, CHARTS),
    };
    html(page.render())
}

/// Ends it. Sharing again undoes it.
pub(super) async fn end(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: Form = staff.form(&body)?;
    let of = Of::load(&app, &staff, &at).await?;
    let access: AccessId = form.access.parse().map_err(|_| PageError::NotFound)?;
    let is_live = of.holders.iter().any(|holder| holder.share.access_id == access);
    if is_live && of.signed_by(&access) == Signed::Open && form.confirmed.is_empty() {
        // They were asked to sign after the page with the button was opened.
        return Ok(see_other(&of.question(&access)));
    }
    let (by, id) = (staff.by(), of.document.document_id);
    let outcome = app.db.write(&staff.scope, move |c| actions::end_share(c, &by, &id, &access)).await?;
    match outcome {
        // A second click: it is ended, which is what was asked for.
        Ok(()) | Err(Refused::LifeCycle(Refusal::NotShared)) => {}
        Err(why) => return Err(refused(why)),
    }
    app.live.chart_changed(staff.scope.id(), &of.place.chart);
    Ok(see_other(&format!("{}?done=documents-share-ended", of.place.back())))
}

//! Keeping one document from one person, whatever else they may see. To them it is as if it had never been.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::civil::Date;

use crate::features::access::actions::{self, Act, Refused, Target};
use crate::features::access::permission::{ItemKind, Withheld};
use crate::features::documents::signing::lifecycle::SignerState;
use crate::features::documents::signing::store as signing;
use crate::features::documents::staff_forms::Place;
use crate::features::documents::store::{self, Document};
use crate::features::people::{CHARTS, RoomHead};
use crate::features::staff::StaffSession;
use crate::kernel::ids::AccessId;
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a reason.
const REASON: usize = 200;

/// From whom.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct Whom {
    grant: String,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    grant: String,
    until: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_withhold.html")]
struct Page {
    frame: StaffFrame,
    head: RoomHead,
    action: String,
    back: String,
    title: String,
    /// Ids of grants with the names of their holders.
    holders: Vec<(String, String)>,
    /// Those of them who have signed it.
    signed: Vec<String>,
    grant: String,
    errors: FieldErrors,
    until: String,
    reason: String,
}

/// A document and those whom it is shared with.
struct Of {
    place: Place,
    document: Document,
    holders: Vec<(AccessId, String)>,
    /// The names of those who have signed it.
    signed: Vec<String>,
}

impl Of {
    async fn load(app: &AppState, staff: &StaffSession, at: &(String, String)) -> Result<Self, PageError> {
        let (place, document) = Place::of_document(app, staff, at).await?;
        let id = document.document_id;
        let read =
            move |c: &mut Scoped<'_>| Ok::<_, Fault>((store::shares_of(c, &id)?, signing::newest(c, &id)?));
        let (shares, newest) = app.db.read(&staff.scope, read).await?;
        let live = shares.into_iter().filter(|of| of.share.ended_at.is_none());
        let holders: Vec<(AccessId, String)> = live.map(|of| (of.share.access_id, of.name)).collect();
        let has_signed = |access: &AccessId| {
            let signers = newest.iter().flat_map(|found| &found.signers);
            let mut theirs = signers.filter(|signer| signer.access_id == Some(*access));
            theirs.any(|signer| signer.state == SignerState::Signed)
        };
        let signed =
            holders.iter().filter(|(access, _)| has_signed(access)).map(|(_, name)| name.clone()).collect();
        Ok(Self { place, document, holders, signed })
    }

    fn page(&self, app: &AppState, staff: &StaffSession, form: Form, errors: FieldErrors) -> PageResult {
        let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let page = Page {
            head: self.place.head(app, staff),
            action: format!("{}/withhold", self.place.back()),
            back: self.place.back(),
            title: self.document.title.clone(),
            holders: self.holders.iter().map(|(id, name)| (id.to_string(), name.clone())).collect(),
            signed: self.signed.clone(),
            grant: form.grant,
            errors,
            until: form.until,
            reason: form.reason,
            frame: staff.frame(app, CHARTS),
        };
        Ok((status, html(page.render())?).into_response())
    }
}

/// Asks from whom, until when and why.
pub(super) async fn ask(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    Query(whom): Query<Whom>,
) -> PageResult {
    let of = Of::load(&app, &staff, &at).await?;
    of.page(&app, &staff, Form { grant: whom.grant, ..Form::default() }, FieldErrors::new())
}

/// Does it, from the person's next request on.
pub(super) async fn withhold(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: Form = staff.form(&body)?;
    let of = Of::load(&app, &staff, &at).await?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let whom = of.holders.iter().find(|(id, _)| id.to_string() == form.grant).map(|(id, _)| *id);
    let until = match form.until.trim() {
        "" => None,
        typed => {
            typed.parse::<Date>().map_err(|_| errors.add("until", words.get("access-rights-no-day"))).ok()
        }
    };
    let reason = text::line(&form.reason, REASON).unwrap_or_default();
    if reason.is_empty() {
        errors.add("reason", words.get("access-kept-reason-missing"));
    }
    let Some(access) = whom.filter(|_| errors.is_empty()) else {
        if whom.is_none() {
            errors.add("grant", words.get("documents-withhold-whom-missing"));
        }
        return of.page(&app, &staff, form, errors);
    };
    let what = Withheld::Item(ItemKind::Document, of.document.document_id.uuid());
    let act = Act::Withhold { what, until, reason };
    match actions::act(&app, &staff.scope, staff.by(), Target::Grant(access), act).await? {
        Ok(_) => Ok(see_other(&format!("{}?done=documents-withheld", of.place.back()))),
        Err(Refused::DayIsOver) => {
            errors.add("until", words.get("access-refused-day-is-over"));
            of.page(&app, &staff, form, errors)
        }
        Err(_) => Err(PageError::NotFound),
    }
}

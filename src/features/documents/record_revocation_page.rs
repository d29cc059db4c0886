//! Staff record that a client revoked an authorization outside the portal: who, on which day, how, and a note.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::civil::Date;

use crate::features::documents::actions::LONGEST_REASON;
use crate::features::documents::authorization::{Standing, Way};
use crate::features::documents::authorization_actions::{
    NotRecorded, Recorded, record_revocation, revokers, standing_for_staff,
};
use crate::features::documents::staff_forms::{Place, refused, text_error};
use crate::features::documents::store::Document;
use crate::features::people::{CHARTS, RoomHead};
use crate::features::staff::StaffSession;
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    who: String,
    day: String,
    way: String,
    note: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_record_revocation.html")]
struct Page {
    frame: StaffFrame,
    head: RoomHead,
    action: String,
    back: String,
    title: String,
    errors: FieldErrors,
    /// Those who may revoke it, by name.
    people: Vec<(String, String)>,
    who: String,
    day: String,
    ways: Vec<(&'static str, String)>,
    way: String,
    note: String,
}

/// An authorization with those who may revoke it.
struct Of {
    place: Place,
    document: Document,
    people: Vec<String>,
}

impl Of {
    /// `None` where there is nothing to revoke: the document's page says why.
    async fn load(
        app: &AppState,
        staff: &StaffSession,
        at: &(String, String),
    ) -> Result<Result<Self, String>, PageError> {
        let (place, document) = Place::of_document(app, staff, at).await?;
        let of = document.clone();
        let read = move |c: &mut Scoped<'_>| Ok::<_, Fault>((standing_for_staff(c, &of)?, revokers(c, &of)?));
        let (standing, people) = app.db.read(&staff.scope, read).await?;
        Ok(match standing {
            None => return Err(PageError::NotFound),
            Some(Standing::InForce) => Ok(Self { place, document, people }),
            Some(_) => Err(place.back()),
        })
    }

    fn page(&self, app: &AppState, staff: &StaffSession, form: Form, errors: FieldErrors) -> PageResult {
        let words = staff.words;
        let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let way = |way: &Way| {
            (way.word(), words.get(&format!("documents-revocation-way-{}", way.word().replace('_', "-"))))
        };
        let page = Page {
            head: self.place.head(app, staff),
            action: format!("{}/record-revocation", self.place.back()),
            back: self.place.back(),
            title: self.document.title.clone(),
            errors,
            people: self.people.iter().map(|name| (name.clone(), name.clone())).collect(),
            who: form.who,
            day: form.day,
            ways: std::iter::once(("", words.get("documents-revocation-way-choose")))
                .chain(Way::ALL.iter().map(way))
                .collect(),
            way: form.way,
            note: form.note,
            frame: staff.frame(app, CHARTS),
        };
        Ok((status, html(page.render())?).into_response())
    }
}

/// Asks who revoked it, when and how.
pub(super) async fn ask(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let of = match Of::load(&app, &staff, &at).await? {
        Ok(of) => of,
        Err(page) => return Ok(see_other(&page)),
    };
    let today = staff.practice.today(app.now()).to_string();
    let who = of.people.first().cloned().unwrap_or_default();
    of.page(&app, &staff, Form { who, day: today, ..Form::default() }, FieldErrors::new())
}

fn check(words: Words, form: &Form, errors: &mut FieldErrors) -> Option<Recorded> {
    let day: Option<Date> = form.day.trim().parse().ok();
    if day.is_none() {
        errors.add("day", words.get("documents-revocation-no-day"));
    }
    let way: Option<Way> = form.way.parse().ok();
    if way.is_none() {
        errors.add("way", words.get("documents-revocation-no-way"));
    }
    let note = text::lines(&form.note, LONGEST_REASON);
    let note = note.map_err(|error| errors.add("note", text_error(words, error))).ok();
    Some(Recorded { who: form.who.clone(), day: day?, way: way?, note: note?.trim().to_owned() })
}

/// Records it.
pub(super) async fn record(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: Form = staff.form(&body)?;
    let of = match Of::load(&app, &staff, &at).await? {
        Ok(of) => of,
        // A second click, or the client was faster: its page says so.
        Err(page) => return Ok(see_other(&page)),
    };
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let Some(recorded) = check(words, &form, &mut errors) else {
        return of.page(&app, &staff, form, errors);
    };
    let (by, chart, id) = (staff.by(), of.place.chart, of.document.document_id);
    let write = move |c: &mut Scoped<'_>| record_revocation(c, &by, (&chart, &id), &recorded);
    match app.db.write(&staff.scope, write).await?.map_err(refused)? {
        Ok(()) => {
            app.live.chart_changed(staff.scope.id(), &chart);
            return Ok(see_other(&format!("{}?done=documents-revocation-recorded", of.place.back())));
        }
        Err(NotRecorded::LifeCycle(_)) => return Ok(see_other(&of.place.back())),
        Err(NotRecorded::Nobody) => errors.add("who", words.get("documents-revocation-nobody")),
        Err(NotRecorded::Ahead) => errors.add("day", words.get("documents-revocation-ahead")),
        Err(NotRecorded::BeforeSigned) => errors.add("day", words.get("documents-revocation-before-signed")),
    }
    of.page(&app, &staff, form, errors)
}

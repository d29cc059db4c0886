//! The pages on which administrators keep the practice's places.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::appointments::links_pages::LinkForm;
use crate::features::appointments::places::{self, NotSaved, Opening};
use crate::features::appointments::video::{self, LinkOf, NotSet};
use crate::features::practice::{self, Place, PlaceFields, PlaceKind};
use crate::features::settings::{PRACTICE, ZONES};
use crate::features::staff::StaffSession;
use crate::kernel::ids::PlaceId;
use crate::kernel::text;
use crate::kernel::zone::Zone;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The longest name, in characters.
const LONGEST_NAME: usize = 80;
/// The longest address or directions, in characters.
const LONGEST_TEXT: usize = 600;
/// The longest phone, in characters.
const LONGEST_PHONE: usize = 40;

struct Line {
    href: String,
    name: String,
    kind: String,
    zone: String,
    is_closed: bool,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/places.html")]
struct ListPage {
    frame: StaffFrame,
    places: Vec<Line>,
}

/// Every place.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let places = app.db.read(&staff.scope, practice::places).await?;
    let words = staff.words;
    let places = places
        .into_iter()
        .map(|place| Line {
            href: format!("/staff/practice/places/{}", place.place_id),
            kind: words.get(&format!("practice-place-kind-{}", place.kind)),
            zone: words.zone(place.time_zone.name()),
            is_closed: place.closed_at.is_some(),
            name: place.name,
        })
        .collect();
    html(ListPage { frame: staff.frame(&app, PRACTICE), places }.render())
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PlaceForm {
    mark: String,
    version: String,
    kind: String,
    name: String,
    time_zone: String,
    address: String,
    phone: String,
    directions: String,
}

impl PlaceForm {
    fn of(place: &Place) -> Self {
        Self {
            mark: String::new(),
            version: place.version.to_string(),
            kind: place.kind.word().to_owned(),
            name: place.name.clone(),
            time_zone: place.time_zone.name().to_owned(),
            address: place.address.clone(),
            phone: place.phone.clone(),
            directions: place.directions.clone(),
        }
    }

    fn check(&self, words: Words) -> Result<PlaceFields, FieldErrors> {
        let mut errors = FieldErrors::new();
        let kind: Option<PlaceKind> = self.kind.parse().ok();
        if kind.is_none() {
            errors.add("kind", words.get("appointments-error-choose"));
        }
        let name = text::line(&self.name, LONGEST_NAME).ok().filter(|name| !name.is_empty());
        if name.is_none() {
            errors.add("name", words.get("practice-error-place-name"));
        }
        let zone = Zone::read(&self.time_zone).ok();
        if zone.is_none() {
            errors.add("time_zone", words.get("practice-error-time-zone"));
        }
        let mut long = |field: &str, typed: &str, most: usize| {
            text::lines(typed, most).unwrap_or_else(|_| {
                errors.add(field, words.with1("practice-error-place-long", "most", most));
                String::new()
            })
        };
        let address = long("address", &self.address, LONGEST_TEXT);
        let phone = long("phone", &self.phone, LONGEST_PHONE);
        let directions = long("directions", &self.directions, LONGEST_TEXT);
        match (kind, name, zone) {
            (Some(kind), Some(name), Some(time_zone)) if errors.is_empty() => {
                Ok(PlaceFields { kind, name, time_zone, address, phone, directions })
            }
            _ => Err(errors),
        }
    }
}

#[derive(Template)]
#[template(path = "features/appointments/templates/place.html")]
struct FormPage {
    frame: StaffFrame,
    errors: FieldErrors,
    form: PlaceForm,
    /// None for a new one.
    id: Option<PlaceId>,
    /// Of a place of kind video: what stands in the form of its link.
    link: Option<String>,
    is_closed: bool,
    kinds: Vec<(&'static str, String)>,
    zones: &'static [&'static str],
    stale: bool,
}

async fn show(
    app: &AppState,
    staff: &StaffSession,
    place: Option<&Place>,
    form: PlaceForm,
    errors: FieldErrors,
    status: StatusCode,
    typed: Option<String>,
) -> PageResult {
    let words = staff.words;
    let link = match place.filter(|place| place.kind == PlaceKind::Video) {
        None => None,
        Some(place) => {
            let (inside, of) = (app.clone(), LinkOf::Place(place.place_id));
            let link = app.db.read(&staff.scope, move |c| video::link_of(&inside, c, of)).await?;
            Some(typed.unwrap_or_else(|| link.map(|link| link.reveal().to_owned()).unwrap_or_default()))
        }
    };
    let page = FormPage {
        link,
        frame: staff.frame(app, PRACTICE),
        errors,
        form,
        id: place.map(|place| place.place_id),
        is_closed: place.is_some_and(|place| place.closed_at.is_some()),
        kinds: PlaceKind::ALL
            .iter()
            .map(|kind| (kind.word(), words.get(&format!("practice-place-kind-{kind}"))))
            .collect(),
        zones: ZONES,
        stale: status == StatusCode::CONFLICT,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form for a new one.
pub(super) async fn new_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let form = PlaceForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        kind: PlaceKind::Office.word().to_owned(),
        time_zone: staff.practice.time_zone.name().to_owned(),
        ..PlaceForm::default()
    };
    show(&app, &staff, None, form, FieldErrors::new(), StatusCode::OK, None).await
}

/// Adds it.
pub(super) async fn add(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: PlaceForm = staff.form(&body)?;
    let mark = FormToken::read("place", &staff.staff_id.to_string(), &form.mark, &body)?;
    let new = match form.check(staff.words) {
        Ok(new) => new,
        Err(errors) => {
            return show(&app, &staff, None, form, errors, StatusCode::UNPROCESSABLE_ENTITY, None).await;
        }
    };
    match places::add(&app, &staff.scope, staff.by(), new, mark).await? {
        Ok(_) => Ok(see_other("/staff/practice/places?done=saved")),
        Err(_) => {
            let mut errors = FieldErrors::new();
            errors.add("form", staff.words.get("practice-error-places"));
            show(&app, &staff, None, form, errors, StatusCode::UNPROCESSABLE_ENTITY, None).await
        }
    }
}

async fn find(app: &AppState, staff: &StaffSession, id: &str) -> Result<Place, PageError> {
    let id: PlaceId = id.parse().map_err(|_| PageError::NotFound)?;
    app.db.read(&staff.scope, move |c| practice::find_place(c, id)).await?.ok_or(PageError::NotFound)
}

/// The form of one.
pub(super) async fn edit_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let place = find(&app, &staff, &id).await?;
    show(&app, &staff, Some(&place), PlaceForm::of(&place), FieldErrors::new(), StatusCode::OK, None).await
}

/// Saves it.
pub(super) async fn save(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: PlaceForm = staff.form(&body)?;
    let place = find(&app, &staff, &id).await?;
    let version: i64 = form.version.parse().map_err(|_| PageError::BadRequest)?;
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let to = match form.check(staff.words) {
        Ok(to) => to,
        Err(errors) => return show(&app, &staff, Some(&place), form, errors, unprocessable, None).await,
    };
    let mut errors = FieldErrors::new();
    match places::change(&app, &staff.scope, staff.by(), place.place_id, to, version).await? {
        Ok(()) => Ok(see_other("/staff/practice/places?done=saved")),
        Err(NotSaved::ZoneInUse) => {
            errors.add("time_zone", staff.words.get("practice-error-place-zone"));
            show(&app, &staff, Some(&place), form, errors, unprocessable, None).await
        }
        Err(NotSaved::Stale) => {
            // What was typed stays, with the new version: whoever saves again has been told.
            let now = find(&app, &staff, &id).await?;
            let form = PlaceForm { version: now.version.to_string(), ..form };
            show(&app, &staff, Some(&now), form, errors, StatusCode::CONFLICT, None).await
        }
        Err(NotSaved::NotFound | NotSaved::TooMany) => Err(PageError::NotFound),
    }
}

/// Sets the link of a place of kind video, or takes it away.
pub(super) async fn set_video(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: LinkForm = staff.form(&body)?;
    let place = find(&app, &staff, &id).await?;
    let mut errors = FieldErrors::new();
    let Some(link) = form.read(staff.words, &mut errors) else {
        let (of, wrong) = (PlaceForm::of(&place), StatusCode::UNPROCESSABLE_ENTITY);
        return show(&app, &staff, Some(&place), of, errors, wrong, Some(form.link)).await;
    };
    match video::set(&app, &staff.scope, staff.by(), LinkOf::Place(place.place_id), link).await? {
        Ok(()) => Ok(see_other(&format!("/staff/practice/places/{}?done=saved", place.place_id))),
        Err(NotSet::NotFound) => Err(PageError::NotFound),
        Err(NotSet::NotByVideo | NotSet::Canceled) => Err(PageError::Stale),
    }
}

async fn set_opening(
    app: &AppState,
    staff: &StaffSession,
    id: &str,
    body: &Bytes,
    to: Opening,
) -> PageResult {
    let Nothing {} = staff.form(body)?;
    let id: PlaceId = id.parse().map_err(|_| PageError::NotFound)?;
    match places::set_opening(app, &staff.scope, staff.by(), id, to).await? {
        Ok(()) => Ok(see_other("/staff/practice/places?done=saved")),
        Err(_) => Err(PageError::NotFound),
    }
}

/// Closes it.
pub(super) async fn close(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    set_opening(&app, &staff, &id, &body, Opening::Close).await
}

/// Opens it again.
pub(super) async fn reopen(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    set_opening(&app, &staff, &id, &body, Opening::Reopen).await
}

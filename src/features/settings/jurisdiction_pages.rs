//! Pages where administrators say by whose law clients come of age: the practice's own place, and others that some charts
//! name.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::access::actions::{LawRefused, Widening, save_law};
use crate::features::practice::{
    Jurisdiction, LeapDay, MAJORITIES, MOST_IN_A_CODE, PlaceOfLaw, places_of_law, read_code,
};
use crate::features::settings::profile_pages::PRACTICE;
use crate::features::staff::StaffSession;
use crate::kernel::text;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a name or a source.
const MOST: usize = 200;

/// A place as the list shows it.
struct Line {
    code: String,
    name: String,
    law: String,
    source: String,
}

#[derive(Template)]
#[template(path = "features/settings/templates/jurisdictions.html")]
struct ListPage {
    frame: StaffFrame,
    places: Vec<Line>,
}

/// How a place is called.
pub(super) fn name_of(words: Words, place: &PlaceOfLaw) -> String {
    if place.is_own() { words.get("practice-place-own") } else { place.name.clone() }
}

/// All of them.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let words = staff.words;
    let places = app.db.read(&staff.scope, places_of_law).await?;
    let line = |place: PlaceOfLaw| Line {
        name: name_of(words, &place),
        law: words.with2(
            "practice-place-law",
            "age",
            place.law.majority_age,
            "leap",
            words.get(&format!("practice-leap-{}", place.law.leap_day)),
        ),
        source: if place.confirmed_by_name.is_empty() {
            words.get("practice-place-built-in")
        } else {
            words.with2("practice-age-rule-source", "source", &place.source, "by", &place.confirmed_by_name)
        },
        code: place.code,
    };
    let places = places.into_iter().map(line).collect();
    html(ListPage { frame: staff.frame(&app, PRACTICE), places }.render())
}

#[derive(Template)]
#[template(path = "features/settings/templates/jurisdiction.html")]
struct FormPage {
    frame: StaffFrame,
    errors: FieldErrors,
    title: String,
    action: String,
    is_new: bool,
    is_own: bool,
    form: Form,
    leap_days: Vec<(String, String)>,
    /// What the change does to others, where somebody would see more.
    opens_more: Option<String>,
}

/// What the form sends.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    code: String,
    name: String,
    majority_age: String,
    leap_day: String,
    source: String,
    confirmed: String,
    sure: String,
}

impl Form {
    fn of(place: &PlaceOfLaw) -> Self {
        Self {
            code: place.code.clone(),
            name: place.name.clone(),
            majority_age: place.law.majority_age.to_string(),
            leap_day: place.law.leap_day.to_string(),
            source: place.source.clone(),
            ..Self::default()
        }
    }

    /// What it says of a place that is known, or of a new one.
    fn read(
        &self,
        words: Words,
        known: Option<&PlaceOfLaw>,
        others: &[PlaceOfLaw],
        by: &str,
    ) -> Result<PlaceOfLaw, FieldErrors> {
        let mut errors = FieldErrors::new();
        let code = match known {
            Some(known) => known.code.clone(),
            None => match read_code(&self.code) {
                Some(code) if others.iter().any(|place| place.code == code) => {
                    errors.add("code", words.get("practice-place-there-is-one"));
                    String::new()
                }
                Some(code) => code,
                None => {
                    errors.add("code", words.with1("practice-place-code-wrong", "most", MOST_IN_A_CODE));
                    String::new()
                }
            },
        };
        let is_own = known.is_some_and(PlaceOfLaw::is_own);
        let name = text::line(&self.name, MOST).unwrap_or_default();
        if name.is_empty() && !is_own {
            errors.add("name", words.with1("practice-law-name-missing", "most", MOST));
        }
        let majority_age =
            self.majority_age.trim().parse::<i32>().ok().filter(|age| MAJORITIES.contains(age));
        if majority_age.is_none() {
            let text = words.with2(
                "practice-place-age-wrong",
                "least",
                MAJORITIES.start(),
                "most",
                MAJORITIES.end(),
            );
            errors.add("majority_age", text);
        }
        let leap_day = self.leap_day.parse::<LeapDay>().ok();
        if leap_day.is_none() {
            errors.add("leap_day", words.get("practice-place-leap-missing"));
        }
        let source = text::line(&self.source, MOST).unwrap_or_default();
        if source.is_empty() {
            errors.add("source", words.with1("practice-age-rule-source-missing", "most", MOST));
        }
        if self.confirmed.is_empty() {
            errors.add("confirmed", words.get("practice-place-confirm-missing"));
        }
        match (majority_age, leap_day) {
            (Some(majority_age), Some(leap_day)) if errors.is_empty() => Ok(PlaceOfLaw {
                code,
                name: if is_own { String::new() } else { name },
                law: Jurisdiction { majority_age, leap_day },
                source,
                confirmed_by_name: by.to_owned(),
            }),
            _ => Err(errors),
        }
    }
}

fn form_page(
    app: &AppState,
    staff: &StaffSession,
    known: Option<&PlaceOfLaw>,
    form: Form,
    (errors, opens_more): (FieldErrors, Option<String>),
) -> PageResult {
    let words = staff.words;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = FormPage {
        frame: staff.frame(app, PRACTICE),
        errors,
        title: match known {
            Some(place) => name_of(words, place),
            None => words.get("practice-law-new"),
        },
        action: format!("/staff/practice/jurisdictions/{}", known.map_or("new", |place| &place.code)),
        is_new: known.is_none(),
        is_own: known.is_some_and(PlaceOfLaw::is_own),
        form,
        leap_days: LeapDay::ALL
            .iter()
            .map(|day| (day.word().to_owned(), words.get(&format!("practice-leap-{day}"))))
            .collect(),
        opens_more,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form of a new place.
pub(super) async fn new_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let leap_day = LeapDay::Mar1.to_string();
    form_page(&app, &staff, None, Form { leap_day, ..Form::default() }, (FieldErrors::new(), None))
}

async fn save_form(
    app: &AppState,
    staff: &StaffSession,
    known: Option<&PlaceOfLaw>,
    others: &[PlaceOfLaw],
    form: Form,
) -> PageResult {
    let words = staff.words;
    let place = match form.read(words, known, others, &staff.name) {
        Ok(place) => place,
        Err(errors) => return form_page(app, staff, known, form, (errors, None)),
    };
    let widening = if form.sure.is_empty() { Widening::NotSeen } else { Widening::Wanted };
    let mut errors = FieldErrors::new();
    let opens_more = match save_law(app, &staff.scope, staff.by(), place, widening).await? {
        Ok(()) => return Ok(see_other("/staff/practice/jurisdictions?done=saved")),
        Err(LawRefused::TooMany) => {
            errors.add("form", words.get("practice-place-too-many"));
            None
        }
        Err(LawRefused::OpensMore(effect)) => {
            errors.add("sure", words.get("practice-place-sure-missing"));
            Some(words.with2("practice-place-effect", "more", effect.more, "less", effect.less))
        }
    };
    form_page(app, staff, known, form, (errors, opens_more))
}

/// Adds one.
pub(super) async fn add(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: Form = staff.form(&body)?;
    let places = app.db.read(&staff.scope, places_of_law).await?;
    save_form(&app, &staff, None, &places, form).await
}

async fn find(app: &AppState, staff: &StaffSession, code: &str) -> Result<PlaceOfLaw, PageError> {
    let places = app.db.read(&staff.scope, places_of_law).await?;
    places.into_iter().find(|place| place.code == code).ok_or(PageError::NotFound)
}

/// The form of one that is there.
pub(super) async fn edit(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(code): Path<String>,
) -> PageResult {
    let place = find(&app, &staff, &code).await?;
    form_page(&app, &staff, Some(&place), Form::of(&place), (FieldErrors::new(), None))
}

/// Saves it.
pub(super) async fn save(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(code): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: Form = staff.form(&body)?;
    let place = find(&app, &staff, &code).await?;
    save_form(&app, &staff, Some(&place), &[], form).await
}

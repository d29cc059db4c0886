//! The page on which administrators say when the practice or a place is closed.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::appointments::availability::{self, NotKept, Removal};
use crate::features::appointments::availability_form::{Reader, Typed};
use crate::features::appointments::availability_pages::{
    Line, Moving, RemovePage, Trouble, booked_title, ids_of, moving, off_line, place_name,
};
use crate::features::calendar::{self, Closure};
use crate::features::practice::{Place, places};
use crate::features::settings::PRACTICE;
use crate::features::staff::StaffSession;
use crate::kernel::ids::AvailabilityId;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::drafts;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

#[derive(Template)]
#[template(path = "features/appointments/templates/closures.html")]
struct Page {
    frame: StaffFrame,
    closures: Vec<Line>,
    errors: FieldErrors,
    form: Typed,
    mark: String,
    places: Vec<(String, String)>,
    booked: Vec<Moving>,
    booked_title: String,
    seen: String,
}

fn closure_line(words: Words, places: &[Place], closure: &Closure) -> Line {
    let place = closure.off.place.map(|id| place_name(places, id));
    off_line(words, closure, place.unwrap_or_else(|| words.get("appointments-everywhere")))
}

async fn show(app: &AppState, staff: &StaffSession, form: Typed, trouble: Trouble) -> PageResult {
    let today = staff.practice.today(app.now());
    let (closures, places) =
        app.db.read(&staff.scope, move |c| Ok((calendar::closures(c, today)?, places(c)?))).await?;
    let words = staff.words;
    let is_fine = trouble.errors.is_empty() && trouble.booked.is_empty();
    let status = if is_fine { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let everywhere = (String::new(), words.get("appointments-everywhere"));
    let page = Page {
        closures: closures.iter().map(|closure| closure_line(words, &places, closure)).collect(),
        mark: FormToken::fresh(app.rng.as_ref()),
        places: std::iter::once(everywhere)
            .chain(places.iter().map(|place| (place.place_id.to_string(), place.name.clone())))
            .collect(),
        seen: ids_of(&trouble.booked),
        booked_title: booked_title(words, &trouble.booked),
        booked: trouble.booked.iter().map(|entry| moving(words, entry)).collect(),
        errors: trouble.errors,
        form,
        frame: staff.frame(app, PRACTICE),
    };
    Ok((status, html(page.render())?).into_response())
}

/// The days on which the practice or a place is closed.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    show(&app, &staff, Typed::default(), Trouble::default()).await
}

/// Adds closed days.
pub(super) async fn add(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: Typed = staff.form(&body)?;
    let mark = FormToken::read("closure", &staff.staff_id.to_string(), &form.mark, &body)?;
    let today = staff.practice.today(app.now());
    let places = app.db.read(&staff.scope, places).await?;
    let mut reader = Reader { words: staff.words, errors: FieldErrors::new(), places: &places };
    let Some(new) = reader.time_off(None, &form, today) else {
        let trouble = Trouble { errors: reader.errors, ..Trouble::default() };
        return show(&app, &staff, form, trouble).await;
    };
    let mut trouble = Trouble::default();
    match availability::add_time_off(&app, &staff.scope, staff.by(), new, mark).await? {
        Ok(()) => return Ok(see_other("/staff/practice/closures?done=saved")),
        Err(NotKept::Booked(booked)) => trouble.booked = booked,
        Err(_) => trouble.errors.add("form", staff.words.get("appointments-error-too-many-rows")),
    }
    show(&app, &staff, Typed { seen: String::new(), ..form }, trouble).await
}

/// Takes closed days away, once whoever does it was asked. What is gone already is gone.
pub(super) async fn remove(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: Typed = staff.form(&body)?;
    let row: AvailabilityId = form.id.parse().map_err(|_| PageError::NotFound)?;
    let (words, today) = (staff.words, staff.practice.today(app.now()));
    if form.sure.is_empty() {
        let (closures, places) =
            app.db.read(&staff.scope, move |c| Ok((calendar::closures(c, today)?, places(c)?))).await?;
        if let Some(closure) = closures.iter().find(|closure| closure.id == row) {
            let page = RemovePage {
                frame: staff.frame(&app, PRACTICE),
                title: words.get("appointments-remove-closure-title"),
                text: words.get("appointments-remove-closure-text"),
                line: closure_line(words, &places, closure),
                action: "/staff/practice/closures/remove".to_owned(),
                kind: String::new(),
                back: "/staff/practice/closures".to_owned(),
            };
            return html(page.render()).map(drafts::unfinished);
        }
    }
    availability::remove(&app, &staff.scope, staff.by(), Removal::Closure(row)).await?;
    Ok(see_other("/staff/practice/closures?done=removed"))
}

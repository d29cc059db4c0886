//! The page on which staff say when they read no messages, and who stands in for them.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::calendar::clinicians;
use crate::features::messages::away::{self, NewAway, NotSet};
use crate::features::messages::away_store::{self, Away};
use crate::features::messages::queue_page::MESSAGES;
use crate::features::staff::{self, StaffSession};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AwayId, StaffId};
use crate::kernel::wall_clock::read_date;
use crate::platform::i18n::Words;
use crate::platform::permissions::Role;
use crate::platform::state::AppState;
use crate::platform::web::drafts;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

const HERE: &str = "/staff/messages/away";

struct Line {
    id: String,
    what: String,
    note: String,
    may_remove: bool,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    mark: String,
    staff: String,
    first: String,
    last: String,
    cover: String,
}

#[derive(Template)]
#[template(path = "features/messages/templates/away.html")]
struct Page {
    frame: StaffFrame,
    lines: Vec<Line>,
    errors: FieldErrors,
    form: Typed,
    /// Whose absences this staff member may set; none: they have no form.
    people: Vec<(String, String)>,
    covers: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "features/messages/templates/away_remove.html")]
struct RemovePage {
    frame: StaffFrame,
    id: String,
    what: String,
    note: String,
}

/// May they set and take back this person's absences? Each their own, administrators everybody's.
fn may_set(session: &StaffSession, of: StaffId) -> bool {
    session.role == Role::Administrator || session.staff_id == of
}

/// Everybody's name, also of those who are no longer here.
type Names = Vec<(StaffId, String)>;

fn name(names: &Names, id: StaffId) -> String {
    names.iter().find(|(of, _)| *of == id).map(|(_, name)| name.clone()).unwrap_or_default()
}

fn line(session: &StaffSession, names: &Names, away: &Away) -> Line {
    let words = session.words;
    let day = |moment: Timestamp| words.civil_date(moment.in_zone(&session.zone).date());
    let (first, last) = (day(away.from_at), day(away.until_at.plus_seconds(-1)));
    let days = words.with2("messages-away-days", "first", first, "last", last);
    Line {
        id: away.away_id.to_string(),
        what: format!("{}: {days}", name(names, away.staff_id)),
        note: match away.cover_staff_id {
            Some(cover) => words.with1("messages-away-covered-by", "name", name(names, cover)),
            None => words.get("messages-away-not-covered"),
        },
        may_remove: may_set(session, away.staff_id),
    }
}

async fn show(app: &AppState, staff: &StaffSession, form: Typed, errors: FieldErrors) -> PageResult {
    let (known, names, people) = app
        .db
        .read(&staff.scope, |c| {
            let names: Names = staff::store::all(c)?.into_iter().map(|m| (m.staff_id, m.name)).collect();
            Ok((away_store::not_over(c)?, names, clinicians(c)?))
        })
        .await?;
    let words = staff.words;
    let choice = |(id, name): &(StaffId, String)| (id.to_string(), name.clone());
    let nobody = (String::new(), words.get("messages-away-nobody"));
    let own: Vec<_> = people.iter().filter(|(id, _)| may_set(staff, *id)).map(choice).collect();
    let first = own.iter().find(|(id, _)| *id == staff.staff_id.to_string()).or(own.first());
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        lines: known.iter().map(|away| line(staff, &names, away)).collect(),
        form: Typed {
            mark: FormToken::fresh(app.rng.as_ref()),
            staff: if form.staff.is_empty() {
                first.map(|(id, _)| id.clone()).unwrap_or_default()
            } else {
                form.staff
            },
            ..form
        },
        // Whoever sets nobody's absence but their own stands in for themselves for nobody.
        covers: std::iter::once(nobody)
            .chain(people.iter().filter(|(id, _)| own.len() != 1 || own[0].0 != id.to_string()).map(choice))
            .collect(),
        people: own,
        errors,
        frame: staff.frame(app, MESSAGES),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Who is away, and the form.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    show(&app, &staff, Typed::default(), FieldErrors::new()).await
}

fn read(words: Words, form: &Typed, errors: &mut FieldErrors) -> Option<NewAway> {
    let staff: Option<StaffId> = form.staff.parse().ok();
    if staff.is_none() {
        errors.add("staff", words.get("messages-away-error-staff"));
    }
    let mut day = |field, typed: &str| {
        let date = read_date(typed);
        if date.is_none() {
            errors.add(field, words.get("messages-away-error-day"));
        }
        date
    };
    let (first, last) = (day("first", &form.first), day("last", &form.last));
    let cover: Option<Option<StaffId>> = match form.cover.as_str() {
        "" => Some(None),
        id => id.parse().ok().map(Some),
    };
    if cover.is_none() {
        errors.add("cover", words.get("messages-away-error-staff"));
    }
    Some(NewAway { staff: staff?, cover: cover?, first: first?, last: last? })
}

fn why(words: Words, why: NotSet, errors: &mut FieldErrors) {
    let (field, key) = match why {
        NotSet::EndsBefore => ("last", "messages-away-error-ends-before"),
        NotSet::Over => ("last", "messages-away-error-over"),
        NotSet::TooLong => ("last", "messages-away-error-too-long"),
        NotSet::NotAClinician => ("staff", "messages-away-error-staff"),
        NotSet::SamePerson => ("cover", "messages-away-error-same"),
        NotSet::AwayAlready => ("first", "messages-away-error-already"),
        NotSet::CoverIsAway => ("cover", "messages-away-error-cover-away"),
        NotSet::StandsIn => ("first", "messages-away-error-stands-in"),
        NotSet::TooMany => ("form", "messages-away-error-too-many"),
    };
    errors.add(field, words.get(key));
}

/// Sets an absence. The same form sent twice sets one.
pub(super) async fn add(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: Typed = staff.form(&body)?;
    let mut errors = FieldErrors::new();
    let Some(new) = read(staff.words, &form, &mut errors) else {
        return show(&app, &staff, form, errors).await;
    };
    if !may_set(&staff, new.staff) {
        return Err(PageError::NotFound);
    }
    let mark = FormToken::read("away", &staff.staff_id.to_string(), &form.mark, &body)?;
    let (by, by_name, practice) = (staff.by(), staff.name.clone(), staff.practice.clone());
    let set = app
        .db
        .write(&staff.scope, move |c| made_once(c, &mark, |c| away::set(c, &by, &by_name, &practice, &new)))
        .await?;
    match set {
        Ok(_) => Ok(see_other(&format!("{HERE}?done=saved"))),
        Err(refused) => {
            why(staff.words, refused, &mut errors);
            show(&app, &staff, form, errors).await
        }
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RemoveForm {
    id: String,
    sure: String,
}

/// Takes an absence back, once whoever does it was asked. What is gone already is gone.
pub(super) async fn remove(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: RemoveForm = staff.form(&body)?;
    let id: AwayId = form.id.parse().map_err(|_| PageError::NotFound)?;
    let (found, names) = app
        .db
        .read(&staff.scope, move |c| {
            let names: Names = staff::store::all(c)?.into_iter().map(|m| (m.staff_id, m.name)).collect();
            Ok((away_store::find(c, &id)?, names))
        })
        .await?;
    let Some(found) = found else { return Ok(see_other(&format!("{HERE}?done=removed"))) };
    if !may_set(&staff, found.staff_id) {
        return Err(PageError::NotFound);
    }
    if form.sure.is_empty() {
        let Line { id, what, note, .. } = line(&staff, &names, &found);
        let page = RemovePage { frame: staff.frame(&app, MESSAGES), id, what, note };
        return html(page.render()).map(drafts::unfinished);
    }
    let by = staff.by();
    app.db.write(&staff.scope, move |c| away::take_back(c, &by, &found)).await?;
    Ok(see_other(&format!("{HERE}?done=removed")))
}

//! The pages on which administrators keep the types of appointments.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::appointments::availability::{self, NotKept, Offer};
use crate::features::calendar::{self, AppointmentType, OneCancels, TypeFields, VisitKind, WhoMayAsk};
use crate::features::settings::PRACTICE;
use crate::features::staff::StaffSession;
use crate::kernel::ids::AppointmentTypeId;
use crate::kernel::text;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The longest name, in characters.
const LONGEST_NAME: usize = 60;
/// The longest visit and the longest buffer, in minutes.
const LONGEST_MINUTES: i32 = 12 * 60;
/// The longest notice, in hours: thirty days.
const LONGEST_NOTICE: i32 = 720;
/// The furthest horizon, in days.
const FURTHEST: i32 = 365;
/// The most clients of one appointment.
const MOST_TOGETHER: i32 = 50;
/// How beginnings may lie on the clock, in minutes.
const GRIDS: [i32; 6] = [5, 10, 15, 20, 30, 60];

struct Line {
    href: String,
    name: String,
    what: String,
    who: String,
    is_closed: bool,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/types.html")]
struct ListPage {
    frame: StaffFrame,
    types: Vec<Line>,
}

/// Every type.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let types = app.db.read(&staff.scope, calendar::types).await?;
    let words = staff.words;
    let types = types
        .into_iter()
        .map(|of| Line {
            href: format!("/staff/practice/types/{}", of.type_id),
            what: words.with1("appointments-minutes", "minutes", of.minutes),
            who: words.get(&format!("appointments-who-{}", of.who_may_ask)),
            is_closed: of.closed_at.is_some(),
            name: of.fields.name,
        })
        .collect();
    html(ListPage { frame: staff.frame(&app, PRACTICE), types }.render())
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct TypeForm {
    mark: String,
    version: String,
    name: String,
    kind: String,
    minutes: String,
    before: String,
    after: String,
    grid: String,
    notice: String,
    horizon: String,
    who: String,
    parties: String,
    one_cancels: String,
}

impl TypeForm {
    fn of(of: &AppointmentType) -> Self {
        Self {
            mark: String::new(),
            version: of.version.to_string(),
            name: of.name.clone(),
            kind: of.kind.word().to_owned(),
            minutes: of.minutes.to_string(),
            before: of.before_minutes.to_string(),
            after: of.after_minutes.to_string(),
            grid: of.grid_minutes.to_string(),
            notice: of.notice_hours.to_string(),
            horizon: of.horizon_days.to_string(),
            who: of.who_may_ask.word().to_owned(),
            parties: of.max_parties.to_string(),
            one_cancels: of.one_cancels.word().to_owned(),
        }
    }

    fn check(&self, words: Words) -> Result<TypeFields, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = text::line(&self.name, LONGEST_NAME).ok().filter(|name| !name.is_empty());
        if name.is_none() {
            errors.add("name", words.get("appointments-error-type-name"));
        }
        let kind: Option<VisitKind> = self.kind.parse().ok();
        if kind.is_none() {
            errors.add("kind", words.get("appointments-error-choose"));
        }
        let mut number = |field: &str, typed: &str, (least, most): (i32, i32), step: i32| {
            let read = typed.trim().parse::<i32>().ok();
            let number = read.filter(|number| (least..=most).contains(number) && number % step == 0);
            if number.is_none() {
                let key = if step == 1 { "appointments-error-number" } else { "appointments-error-minutes" };
                errors.add(field, words.with2(key, "least", least, "most", most));
            }
            number
        };
        let minutes = number("minutes", &self.minutes, (5, LONGEST_MINUTES), 5);
        let before = number("before", &self.before, (0, LONGEST_MINUTES), 5);
        let after = number("after", &self.after, (0, LONGEST_MINUTES), 5);
        let notice = number("notice", &self.notice, (0, LONGEST_NOTICE), 1);
        let horizon = number("horizon", &self.horizon, (1, FURTHEST), 1);
        let parties = number("parties", &self.parties, (1, MOST_TOGETHER), 1);
        let grid = self.grid.parse().ok().filter(|grid| GRIDS.contains(grid));
        if grid.is_none() {
            errors.add("grid", words.get("appointments-error-choose"));
        }
        let who: Option<WhoMayAsk> = self.who.parse().ok();
        if who.is_none() {
            errors.add("who", words.get("appointments-error-choose"));
        }
        let one_cancels: Option<OneCancels> = self.one_cancels.parse().ok();
        if one_cancels.is_none() {
            errors.add("one_cancels", words.get("appointments-error-choose"));
        }
        match (name, kind, minutes, before, after, grid, notice, horizon, who, parties.zip(one_cancels)) {
            (
                Some(name),
                Some(kind),
                Some(minutes),
                Some(before_minutes),
                Some(after_minutes),
                Some(grid_minutes),
                Some(notice_hours),
                Some(horizon_days),
                Some(who_may_ask),
                Some((max_parties, one_cancels)),
            ) => Ok(TypeFields {
                kind,
                name,
                minutes,
                before_minutes,
                after_minutes,
                grid_minutes,
                notice_hours,
                horizon_days,
                who_may_ask,
                max_parties,
                one_cancels,
            }),
            _ => Err(errors),
        }
    }
}

#[derive(Template)]
#[template(path = "features/appointments/templates/type.html")]
struct FormPage {
    frame: StaffFrame,
    errors: FieldErrors,
    form: TypeForm,
    /// None for a new one.
    id: Option<AppointmentTypeId>,
    is_closed: bool,
    kinds: Vec<(&'static str, String)>,
    grids: Vec<(i32, String)>,
    whose: Vec<(&'static str, String)>,
    ends: Vec<(&'static str, String)>,
    stale: bool,
}

fn show(
    app: &AppState,
    staff: &StaffSession,
    of: Option<&AppointmentType>,
    form: TypeForm,
    errors: FieldErrors,
    status: StatusCode,
) -> PageResult {
    let words = staff.words;
    let page = FormPage {
        frame: staff.frame(app, PRACTICE),
        errors,
        form,
        id: of.map(|of| of.type_id),
        is_closed: of.is_some_and(|of| of.closed_at.is_some()),
        kinds: VisitKind::ALL.iter().map(|kind| (kind.word(), kind.label(words))).collect(),
        grids: GRIDS.map(|grid| (grid, words.with1("appointments-grid-every", "minutes", grid))).to_vec(),
        whose: WhoMayAsk::ALL
            .iter()
            .map(|who| (who.word(), words.get(&format!("appointments-who-{who}"))))
            .collect(),
        ends: OneCancels::ALL
            .iter()
            .map(|one| (one.word(), words.get(&format!("practice-type-one-cancels-{one}"))))
            .collect(),
        stale: status == StatusCode::CONFLICT,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form for a new one.
pub(super) async fn new_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let form = TypeForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        kind: VisitKind::Session.word().to_owned(),
        minutes: "50".to_owned(),
        before: "0".to_owned(),
        after: "10".to_owned(),
        grid: "30".to_owned(),
        notice: "24".to_owned(),
        horizon: "60".to_owned(),
        who: WhoMayAsk::Clients.word().to_owned(),
        parties: "1".to_owned(),
        one_cancels: OneCancels::Keep.word().to_owned(),
        ..TypeForm::default()
    };
    show(&app, &staff, None, form, FieldErrors::new(), StatusCode::OK)
}

/// Adds it.
pub(super) async fn add(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: TypeForm = staff.form(&body)?;
    let mark = FormToken::read("type", &staff.staff_id.to_string(), &form.mark, &body)?;
    let new = match form.check(staff.words) {
        Ok(new) => new,
        Err(errors) => return show(&app, &staff, None, form, errors, StatusCode::UNPROCESSABLE_ENTITY),
    };
    match availability::add_type(&app, &staff.scope, staff.by(), new, mark).await? {
        Ok(()) => Ok(see_other("/staff/practice/types?done=saved")),
        Err(_) => {
            let mut errors = FieldErrors::new();
            errors.add("form", staff.words.get("appointments-error-types"));
            show(&app, &staff, None, form, errors, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

async fn find(app: &AppState, staff: &StaffSession, id: &str) -> Result<AppointmentType, PageError> {
    let id: AppointmentTypeId = id.parse().map_err(|_| PageError::NotFound)?;
    app.db.read(&staff.scope, move |c| calendar::find_type(c, id)).await?.ok_or(PageError::NotFound)
}

/// The form of one.
pub(super) async fn edit_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let of = find(&app, &staff, &id).await?;
    show(&app, &staff, Some(&of), TypeForm::of(&of), FieldErrors::new(), StatusCode::OK)
}

/// Saves it.
pub(super) async fn save(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: TypeForm = staff.form(&body)?;
    let of = find(&app, &staff, &id).await?;
    let version: i64 = form.version.parse().map_err(|_| PageError::BadRequest)?;
    let to = match form.check(staff.words) {
        Ok(to) => to,
        Err(errors) => {
            return show(&app, &staff, Some(&of), form, errors, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    match availability::change_type(&app, &staff.scope, staff.by(), of.type_id, to, version).await? {
        Ok(()) => Ok(see_other("/staff/practice/types?done=saved")),
        Err(NotKept::Stale) => {
            // What was typed stays, with the new version: whoever saves again has been told.
            let now = find(&app, &staff, &id).await?;
            let form = TypeForm { version: now.version.to_string(), ..form };
            show(&app, &staff, Some(&now), form, FieldErrors::new(), StatusCode::CONFLICT)
        }
        Err(_) => Err(PageError::NotFound),
    }
}

async fn set_offer(app: &AppState, staff: &StaffSession, id: &str, body: &Bytes, to: Offer) -> PageResult {
    let Nothing {} = staff.form(body)?;
    let id: AppointmentTypeId = id.parse().map_err(|_| PageError::NotFound)?;
    match availability::set_offer(app, &staff.scope, staff.by(), id, to).await? {
        Ok(()) => Ok(see_other("/staff/practice/types?done=saved")),
        Err(_) => Err(PageError::NotFound),
    }
}

/// Ends it.
pub(super) async fn close(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    set_offer(&app, &staff, &id, &body, Offer::End).await
}

/// Offers it again.
pub(super) async fn reopen(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    set_offer(&app, &staff, &id, &body, Offer::Again).await
}

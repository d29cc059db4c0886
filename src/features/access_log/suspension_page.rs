//! What keeps lines of a client's log hidden: an official has said that telling the client of these looks would impede
//! their work (45 CFR 164.528(a)(2)). For administrators; the trail itself keeps every line.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::civil::Date;

use crate::features::access_log::suspending::{
    self, LogActor, ORAL_DAYS, REASON, Suspend, WrongDay, check_day,
};
use crate::features::access_log::suspension_store::{self as store, Statement, Suspension};
use crate::features::people::{self, CHARTS};
use crate::features::staff::StaffSession;
use crate::kernel::civil::read_day;
use crate::kernel::ids::{ChartId, SuspensionId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// One suspension in words.
struct Line {
    id: SuspensionId,
    text: String,
    reason: String,
    state: String,
    tone: &'static str,
    is_live: bool,
}

#[derive(Template)]
#[template(path = "features/access_log/templates/suspensions.html")]
struct Page {
    frame: StaffFrame,
    errors: FieldErrors,
    chart: ChartId,
    client: String,
    number: String,
    lines: Vec<Line>,
    actors: Vec<(String, String)>,
    statements: Vec<(String, String)>,
    form: Form,
}

/// What the form sends.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    who: String,
    statement: String,
    until: String,
    reason: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct EndForm {
    suspension: String,
}

/// The chart's number and client, what is hidden, and whose lines there are.
type Found = (String, String, Vec<Suspension>, Vec<LogActor>);

fn load(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Option<Found>, Fault> {
    let Some(file) = people::load_file(c, chart)? else { return Ok(None) };
    let found = (store::all(c, chart)?, store::actors(c, chart)?);
    Ok(Some((file.chart.chart_number, file.client.full_name(), found.0, found.1)))
}

async fn page(
    app: &AppState,
    staff: &StaffSession,
    chart: ChartId,
    form: Form,
    errors: FieldErrors,
) -> PageResult {
    let (number, client, rows, actors) =
        app.db.read(&staff.scope, move |c| load(c, &chart)).await?.ok_or(PageError::NotFound)?;
    people::note_opened(app, staff, &chart);
    let (words, today) = (staff.words, staff.practice.today(app.now()));
    let line = |row: Suspension| {
        let last: Option<Date> = row.until_on.parse().ok();
        let (state, tone, is_live) = match (row.ended_at, last) {
            (Some(at), _) => {
                (words.with1("log-hidden-ended", "date", words.date(at, &staff.zone)), "", false)
            }
            (None, Some(last)) if last < today => (words.get("log-hidden-over"), "", false),
            (None, _) => (words.get("log-hidden-live"), "stopped", true),
        };
        let until = last.map(|day| words.civil_date(day)).unwrap_or_default();
        Line {
            id: row.suspension_id,
            text: words.with2("log-hidden-line", "name", &row.actor_name, "until", until),
            reason: words.with(
                "log-hidden-why",
                &[
                    ("reason", row.reason),
                    ("how", words.get(&format!("log-statement-{}", row.statement))),
                    ("name", row.by_name),
                    ("date", words.date(row.created_at, &staff.zone)),
                ],
            ),
            state,
            tone,
            is_live,
        }
    };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        frame: staff.frame(app, CHARTS),
        errors,
        chart,
        client,
        number,
        lines: rows.into_iter().map(line).collect(),
        actors: actors.into_iter().map(|(kind, id, name)| (format!("{kind}.{id}"), name)).collect(),
        statements: Statement::ALL
            .iter()
            .map(|how| (how.word().to_owned(), words.get(&format!("log-statement-{how}"))))
            .collect(),
        form,
    };
    Ok((status, html(page.render())?).into_response())
}

fn id_of(chart: &str) -> Result<ChartId, PageError> {
    chart.parse().map_err(|_| PageError::NotFound)
}

/// What is hidden, and a form.
pub(super) async fn show(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    staff: StaffSession,
) -> PageResult {
    page(&app, &staff, id_of(&chart)?, Form::default(), FieldErrors::new()).await
}

/// Hides somebody's lines.
pub(super) async fn suspend(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let form: Form = staff.form(&body)?;
    let (chart, words) = (id_of(&chart)?, staff.words);
    let found = app.db.read(&staff.scope, move |c| load(c, &chart)).await?.ok_or(PageError::NotFound)?;
    let mut errors = FieldErrors::new();
    let actor = found.3.into_iter().find(|(kind, id, _)| form.who == format!("{kind}.{id}"));
    if actor.is_none() {
        errors.add("who", words.get("log-hide-who-missing"));
    }
    let statement = form.statement.parse::<Statement>().ok();
    if statement.is_none() {
        errors.add("statement", words.get("log-hide-statement-missing"));
    }
    let today = staff.practice.today(app.now());
    let until = read_day(&form.until);
    match (until, statement.unwrap_or(Statement::Written)) {
        (None, _) => errors.add("until", words.get("log-hide-until-missing")),
        (Some(day), statement) => match check_day(statement, day, today) {
            Ok(()) => {}
            Err(WrongDay::Over) => errors.add("until", words.get("log-hide-until-over")),
            Err(WrongDay::TooLate) => {
                errors.add("until", words.with1("log-hide-until-oral", "most", ORAL_DAYS));
            }
        },
    }
    let reason = text::line(&form.reason, REASON).unwrap_or_default();
    if reason.is_empty() {
        errors.add("reason", words.with1("log-hide-reason-missing", "most", REASON));
    }
    let (Some(actor), Some(statement), Some(until), true) = (actor, statement, until, errors.is_empty())
    else {
        return page(&app, &staff, chart, form, errors).await;
    };
    let (by, asked) = (staff.by(), Suspend { actor, until, statement, reason });
    app.db.write(&staff.scope, move |c| suspending::suspend(c, &by, &chart, &asked)).await?;
    Ok(see_other(&format!("/staff/charts/{chart}/log?done=log-hidden")))
}

/// Shows them again before their day.
pub(super) async fn end(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let form: EndForm = staff.form(&body)?;
    let chart = id_of(&chart)?;
    let id: SuspensionId = form.suspension.parse().map_err(|_| PageError::NotFound)?;
    let by = staff.by();
    let is_known = app.db.write(&staff.scope, move |c| suspending::resume(c, &by, &chart, &id)).await?;
    if !is_known {
        return Err(PageError::NotFound);
    }
    Ok(see_other(&format!("/staff/charts/{chart}/log?done=log-shown")))
}

//! The page that undoes a change of a chart's owner.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::chart_access::path;
use super::viewer::Viewer;
use super::when::When;
use super::wording::refusal_in_words;
use crate::features::access::actions::{self, Act, Refused, Target};
use crate::features::access::{handover_store, store};
use crate::features::people::{CHARTS, ChartFile, load_file};
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::kernel::text;
use crate::platform::audit::{self, Recorded, Wanted, WantedActor};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a reason.
const REASON: usize = 200;
/// Lines of what the present owner did.
const MOST: i64 = 50;

#[derive(askama::Template)]
#[template(path = "features/access/templates/undo_owner.html")]
struct UndoPage {
    frame: StaffFrame,
    errors: FieldErrors,
    chart: ChartId,
    client: String,
    /// What is undone, or that nothing can be.
    text: String,
    is_open: bool,
    /// What the present owner has done since the change: it stays.
    stays: Vec<(String, When)>,
    reason: String,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct UndoInput {
    reason: String,
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    (file, done): &(ChartFile, Vec<Recorded>),
    input: UndoInput,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let viewer = Viewer {
        words,
        zone: &staff.zone,
        now: app.now(),
        may_manage: true,
        may_set_rights: staff.may(Permission::ManageRights),
    };
    let until = file.chart.undo_until.filter(|until| app.now() < *until);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = UndoPage {
        frame: staff.frame(app, CHARTS),
        errors,
        chart: file.chart.chart_id,
        client: file.client.full_name(),
        text: match until {
            Some(until) => words.with2(
                "access-undo-text",
                "name",
                file.owner().0.full_name(),
                "until",
                viewer.when(until).exact,
            ),
            None => words.get("access-refused-nothing-to-undo"),
        },
        is_open: until.is_some(),
        stays: done.iter().map(|event| (did_words(words, &event.action), viewer.when(event.at))).collect(),
        reason: input.reason,
    };
    Ok((status, html(askama::Template::render(&page))?).into_response())
}

/// What was done, in words; an action without words is shown as it is.
fn did_words(words: Words, action: &str) -> String {
    words
        .find(&format!("practice-did-{}", action.replace(['.', '_'], "-")))
        .unwrap_or_else(|| action.to_owned())
}

/// What whoever owns the chart now has done there since they own it, the newest first.
fn done_since(c: &mut Scoped<'_>, file: &ChartFile) -> Result<Vec<Recorded>, Fault> {
    let Some(change) = handover_store::newest(c, &file.chart.chart_id)? else { return Ok(Vec::new()) };
    let (grants, _) = store::access_of_chart(c, &file.chart.chart_id)?;
    let owner = grants.into_iter().find(|grant| grant.person_id == file.chart.owner_person_id);
    let Some(account) = owner.and_then(|grant| grant.account_id) else { return Ok(Vec::new()) };
    let wanted = Wanted {
        chart: Some(file.chart.chart_id),
        by: Some(WantedActor::Account(account)),
        from: Some(change.changed_at),
        ..Wanted::default()
    };
    Ok(audit::newest(c, &wanted, None, MOST)?.into_iter().map(|(event, _)| event).collect())
}

async fn load(
    app: &AppState,
    staff: &StaffSession,
    chart: &str,
) -> Result<(ChartFile, Vec<Recorded>), PageError> {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some(file) = load_file(c, &id)? else { return Ok(None) };
            let done = done_since(c, &file)?;
            Ok(Some((file, done)))
        })
        .await?;
    found.ok_or(PageError::NotFound)
}

/// Asks once, with the reason.
pub async fn ask(State(app): State<AppState>, staff: StaffSession, Path(chart): Path<String>) -> PageResult {
    let found = load(&app, &staff, &chart).await?;
    page(&app, &staff, &found, UndoInput::default(), FieldErrors::new())
}

/// Undoes it.
pub async fn perform(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let input: UndoInput = staff.form(&body)?;
    let found = load(&app, &staff, &chart).await?;
    let id = found.0.chart.chart_id;
    let reason = text::line(&input.reason, REASON).unwrap_or_default();
    let undo = Act::UndoChangeOwner { reason };
    let refused = match actions::act(&app, &staff.scope, staff.by(), Target::Owner(id), undo).await? {
        Ok(_) => return Ok(see_other(&format!("{}?done=access-ownership-undone", path(&id)))),
        Err(Refused::NotFound) => return Err(PageError::NotFound),
        Err(refused) => refused,
    };
    let mut errors = FieldErrors::new();
    let (field, text) = match refused {
        Refused::NeedsReason => ("reason", staff.words.with1("access-undo-reason-missing", "most", REASON)),
        refused => ("form", refusal_in_words(staff.words, &staff.zone, app.now(), &refused)),
    };
    errors.add(field, text);
    page(&app, &staff, &found, input, errors)
}

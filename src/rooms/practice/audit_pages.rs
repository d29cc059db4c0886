//! The practice's audit trail, for administrators: who did what to which chart, when, from where.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};

use crate::platform::audit::{self, ChainCheck, Recorded};
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::frame::{StaffFrame, StaffPage};
use crate::platform::web::{PageResult, html};
use crate::rooms::charts;
use crate::rooms::staff::StaffSession;

/// Events on one page.
const PAGE: i64 = 50;

#[derive(serde::Deserialize)]
pub(super) struct Which {
    /// A chart number; empty for all.
    #[serde(default)]
    chart: String,
    /// Older than this place in the chain.
    before: Option<i64>,
}

/// An event in words.
struct Line {
    seq: i64,
    at: String,
    iso: String,
    who: String,
    what: String,
    chart: Option<(String, String)>,
    change: Option<(String, String)>,
    source: String,
}

#[derive(Template)]
#[template(path = "rooms/practice/templates/audit.html")]
struct AuditPage {
    frame: StaffFrame,
    chart: String,
    unknown: bool,
    lines: Vec<Line>,
    older: Option<i64>,
    check: Option<ChainCheck>,
}

/// What happened, in words; an action that the catalogue does not know stands as it is.
fn action_words(words: Words, action: &str) -> String {
    words
        .find(&format!("practice-did-{}", action.replace(['.', '_'], "-")))
        .unwrap_or_else(|| action.to_owned())
}

fn who_words(words: Words, event: &Recorded) -> String {
    if !event.actor_name.is_empty() {
        return event.actor_name.clone();
    }
    words.get(match event.actor_kind.as_str() {
        "account" => "practice-actor-account",
        "link" => "practice-actor-link",
        _ => "practice-actor-unknown",
    })
}

fn line(staff: &StaffSession, numbers: &BTreeMap<String, String>, event: Recorded) -> Line {
    let words = staff.words;
    let state = |text: &str| text.replace('_', " ");
    Line {
        seq: event.seq,
        at: words.date_time(event.at, &staff.zone),
        iso: event.at.to_string(),
        who: who_words(words, &event),
        what: action_words(words, &event.action),
        chart: event.chart_id.as_ref().map(|id| {
            (
                id.to_string(),
                numbers.get(id.as_str()).cloned().unwrap_or_else(|| words.get("practice-a-chart")),
            )
        }),
        change: (event.old_state != event.new_state)
            .then(|| (state(&event.old_state), state(&event.new_state))),
        source: event.source,
    }
}

/// One page of the trail, the newest first.
pub(super) async fn trail(
    State(app): State<AppState>,
    staff: StaffSession,
    Query(which): Query<Which>,
) -> PageResult {
    show(&app, &staff, which, None).await
}

/// Walks the whole chain, then shows the trail.
pub(super) async fn check(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let found = app.db.read(&staff.scope, audit::check_chain).await?;
    show(&app, &staff, Which { chart: String::new(), before: None }, Some(found)).await
}

async fn show(app: &AppState, staff: &StaffSession, which: Which, check: Option<ChainCheck>) -> PageResult {
    let (number, before) = (which.chart.trim().to_owned(), which.before);
    let (unknown, events, numbers) = app
        .db
        .read(&staff.scope, move |c| {
            let chart = if number.is_empty() { None } else { charts::find_by_number(c, &number)? };
            if !number.is_empty() && chart.is_none() {
                return Ok((true, Vec::new(), BTreeMap::new()));
            }
            // One more than a page, to know whether there is another.
            let events = audit::newest(c, chart.as_ref(), before, PAGE + 1)?;
            let ids: Vec<_> = events.iter().filter_map(|event| event.chart_id.clone()).collect();
            let numbers = charts::numbers_of(c, &ids)?;
            let numbers = numbers.into_iter().map(|(id, number)| (id.to_string(), number)).collect();
            Ok((false, events, numbers))
        })
        .await?;
    let mut lines: Vec<Line> = events.into_iter().map(|event| line(staff, &numbers, event)).collect();
    let page = usize::try_from(PAGE).unwrap_or(50);
    let older = (lines.len() > page).then(|| lines.get(page - 1).map(|line| line.seq)).flatten();
    lines.truncate(page);
    let frame = staff.frame(app, StaffPage::Audit);
    html(AuditPage { frame, chart: which.chart, unknown, lines, older, check }.render())
}

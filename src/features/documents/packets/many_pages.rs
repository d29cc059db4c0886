//! Sends a packet to many charts: the form, the list of what was sent, and what came of each chart.

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::documents::merge::MergeName;
use crate::features::documents::packets::many::{self, MOST_CHARTS, NewSending, NotBegun};
use crate::features::documents::packets::many_store::{self as store, Sending, SendingChart, SendingResult};
use crate::features::documents::packets::templates;
use crate::features::people::{self, CHARTS};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, PacketSendingId, PacketTemplateId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Stamp, Words};
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The longest text of numbers.
const LONGEST_NUMBERS: usize = 20_000;

struct Line {
    href: String,
    name: String,
    begun: Stamp,
    by: String,
    tag: (&'static str, String),
}

#[derive(Template)]
#[template(path = "features/documents/templates/packet_sendings.html")]
struct ListPage {
    frame: StaffFrame,
    lines: Vec<Line>,
}

fn tag_of(words: Words, sending: &Sending) -> (&'static str, String) {
    match sending.done_at {
        Some(_) => ("good", words.get("packets-many-done")),
        None => ("waiting", words.get("packets-many-runs")),
    }
}

/// What was sent to many.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let sendings = app.db.read(&staff.scope, store::newest).await?;
    let now = app.now();
    let line = |of: Sending| Line {
        href: format!("/staff/packet-sendings/{}", of.sending_id),
        begun: staff.words.stamp(of.begun_at, &staff.zone, now),
        tag: tag_of(staff.words, &of),
        name: of.name,
        by: of.by_name,
    };
    let lines = sendings.into_iter().map(line).collect();
    html(ListPage { frame: staff.frame(&app, CHARTS), lines }.render())
}

#[derive(serde::Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
struct SendForm {
    mark: String,
    packet: String,
    numbers: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/packet_sending_new.html")]
struct NewPage {
    frame: StaffFrame,
    errors: FieldErrors,
    mark: String,
    packets: Vec<(String, String)>,
    packet: String,
    numbers: String,
    has_none: bool,
    may_edit: bool,
}

async fn show_form(app: &AppState, staff: &StaffSession, form: SendForm, errors: FieldErrors) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let used = app.db.read(&staff.scope, templates::without_questions).await?;
    let mut packets = vec![(String::new(), staff.words.get("packets-choose"))];
    packets.extend(used.into_iter().map(|of| (of.packet_template_id.to_string(), of.name)));
    let page = NewPage {
        frame: staff.frame(app, CHARTS),
        has_none: packets.len() == 1,
        may_edit: staff.may(Permission::EditTemplates),
        packets,
        mark: if form.mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { form.mark },
        packet: form.packet,
        numbers: form.numbers,
        errors,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form.
pub(super) async fn new_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    show_form(&app, &staff, SendForm::default(), FieldErrors::new()).await
}

/// The numbers that were typed, each once: one a line, or separated by commas or semicolons.
fn numbers(typed: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    typed
        .split(['\n', ',', ';', '\t'])
        .map(str::trim)
        .filter(|number| !number.is_empty() && seen.insert(text::code_key(number)))
        .map(str::to_owned)
        .collect()
}

/// The charts that these numbers name, in the same order.
fn charts(c: &mut Scoped<'_>, asked: &[String]) -> Result<Vec<(String, Option<ChartId>)>, Fault> {
    let keys: Vec<String> = asked.iter().map(|number| text::code_key(number)).collect();
    let mut known: HashMap<String, ChartId> = HashMap::new();
    for some in keys.chunks(100) {
        known.extend(people::charts_by_number(c, some)?);
    }
    Ok(asked.iter().zip(&keys).map(|(number, key)| (number.clone(), known.get(key).copied())).collect())
}

/// Begins it.
pub(super) async fn begin(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: SendForm = staff.form(&body)?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let template: Option<PacketTemplateId> = form.packet.parse().ok();
    if template.is_none() {
        errors.add("packet", words.get("packets-choose-missing"));
    }
    let asked = match text::lines(&form.numbers, LONGEST_NUMBERS) {
        Ok(typed) => numbers(&typed),
        Err(_) => Vec::new(),
    };
    if !(1..=MOST_CHARTS).contains(&asked.len()) {
        errors.add("numbers", words.with1("packets-numbers-wrong", "most", MOST_CHARTS));
    }
    let Some(template) = template.filter(|_| errors.is_empty()) else {
        return show_form(&app, &staff, form, errors).await;
    };
    let mark = FormToken::read("packet-sending", &staff.staff_id.to_string(), &form.mark, &body)?;
    let by = staff.by();
    let begun = app
        .db
        .write(&staff.scope, move |c| {
            let new = NewSending { template, charts: charts(c, &asked)? };
            made_once(c, &mark, |c| Ok(many::begin(c, &by, &new)?.map(|id| id.to_string())))
        })
        .await?;
    match begun {
        Ok(id) => return Ok(see_other(&format!("/staff/packet-sendings/{id}?done=packets-many-begun"))),
        Err(NotBegun::NotFound) => errors.add("packet", words.get("packets-gone")),
        Err(NotBegun::Asks) => errors.add("packet", words.get("packets-asks")),
        Err(NotBegun::Charts) => {
            errors.add("numbers", words.with1("packets-numbers-wrong", "most", MOST_CHARTS));
        }
    }
    show_form(&app, &staff, form, errors).await
}

struct ChartLine {
    asked: String,
    /// The chart's Documents tab, and whose chart it is.
    chart: Option<(String, String)>,
    tag: (&'static str, String),
    /// What is missing, and where it is typed.
    missing: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "features/documents/templates/packet_sending.html")]
struct ShowPage {
    frame: StaffFrame,
    here: String,
    name: String,
    begun: Stamp,
    by: String,
    tag: (&'static str, String),
    /// "47 of 50 sent"
    sent: String,
    runs: bool,
    lines: Vec<ChartLine>,
}

fn result_tag(words: Words, result: Option<SendingResult>) -> (&'static str, String) {
    let Some(result) = result else { return ("waiting", words.get("packets-result-waits")) };
    let tone = match result {
        SendingResult::Sent => "good",
        SendingResult::Before | SendingResult::Closed => "stopped",
        _ => "attention",
    };
    (tone, words.get(&format!("packets-result-{}", result.word().replace('_', "-"))))
}

fn chart_line(staff: &StaffSession, of: &SendingChart, names: &HashMap<ChartId, String>) -> ChartLine {
    let words = staff.words;
    let chart = of.chart_id.and_then(|chart| {
        let page = match of.result {
            Some(SendingResult::NoGrant) => "communications",
            _ => "documents",
        };
        Some((format!("/staff/charts/{chart}/{page}"), names.get(&chart)?.clone()))
    });
    let lacks: Vec<String> = of
        .detail
        .split_whitespace()
        .filter_map(|word| word.parse::<MergeName>().ok())
        .map(|name| name.label(words))
        .collect();
    let missing = of.chart_id.filter(|_| !lacks.is_empty()).map(|chart| {
        (format!("/staff/charts/{chart}/edit"), words.with1("packets-lacks", "names", lacks.join(", ")))
    });
    ChartLine { asked: of.asked.clone(), chart, tag: result_tag(words, of.result), missing }
}

/// What came of each chart.
pub(super) async fn show(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let id: PacketSendingId = id.parse().map_err(|_| PageError::NotFound)?;
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some(sending) = store::find(c, &id)? else { return Ok(None) };
            let charts = store::charts_of(c, &id)?;
            let ids: Vec<ChartId> = charts.iter().filter_map(|chart| chart.chart_id).collect();
            let mut names = HashMap::new();
            for some in ids.chunks(100) {
                for file in people::load_files(c, some)? {
                    names.insert(file.chart.chart_id, file.client.full_name());
                }
            }
            Ok::<_, Fault>(Some((sending, charts, names)))
        })
        .await?;
    let (sending, charts, names) = found.ok_or(PageError::NotFound)?;
    let words = staff.words;
    let sent = charts.iter().filter(|chart| chart.result == Some(SendingResult::Sent)).count();
    let page = ShowPage {
        frame: staff.frame(&app, CHARTS),
        here: format!("/staff/packet-sendings/{id}"),
        begun: words.stamp(sending.begun_at, &staff.zone, app.now()),
        tag: tag_of(words, &sending),
        sent: words.with2("packets-many-sent", "sent", sent, "all", charts.len()),
        runs: sending.done_at.is_none(),
        lines: charts.iter().map(|chart| chart_line(&staff, chart, &names)).collect(),
        name: sending.name,
        by: sending.by_name,
    };
    html(page.render())
}

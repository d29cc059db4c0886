//! Sends a packet to many charts: the form, the question whether these are the right ones, the list of what was sent, and
//! what came of each chart.

use std::collections::HashMap;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::documents::library_page::LIBRARY;
use crate::features::documents::merge::MergeName;
use crate::features::documents::packets::many::{self, MOST_CHARTS, NewSending, NotBegun, Unreached};
use crate::features::documents::packets::many_check::{
    Numbered, count_different, fingerprint, goes_to, look, no_numbers, numbers,
};
use crate::features::documents::packets::many_store::{self as store, Sending, SendingChart, SendingResult};
use crate::features::documents::packets::store::PacketTemplate;
use crate::features::documents::packets::templates;
use crate::features::documents::staff_forms::text_error;
use crate::features::people;
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
    html(ListPage { frame: staff.frame(&app, LIBRARY), lines }.render())
}

/// What the form sends; its second page sends it again, with what was shown.
#[derive(serde::Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
struct SendForm {
    mark: String,
    packet: String,
    numbers: String,
    /// What its button does: empty shows what the numbers name.
    act: String,
    /// The fingerprint of the list that was shown.
    seen: String,
}

/// The word of the button that sends, and of the one that leads back to the form.
const SEND: &str = "send";
const CHANGE: &str = "change";

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
        frame: staff.frame(app, LIBRARY),
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

/// What was typed, as far as it can be read without the charts.
fn read_form(
    words: Words,
    form: &SendForm,
    errors: &mut FieldErrors,
) -> Option<(PacketTemplateId, Vec<String>)> {
    let template = form.packet.parse().ok();
    if template.is_none() {
        errors.add("packet", words.get("packets-choose-missing"));
    }
    let asked = match text::lines(&form.numbers, LONGEST_NUMBERS) {
        Ok(typed) => numbers(&typed),
        Err(error) => {
            errors.add("numbers", text_error(words, error));
            return None;
        }
    };
    if !(1..=MOST_CHARTS).contains(&count_different(&asked)) {
        errors.add("numbers", words.with1("packets-numbers-wrong", "most", MOST_CHARTS));
        return None;
    }
    Some((template?, asked))
}

/// A number on the second page.
struct NumberLine {
    asked: String,
    name: String,
    born: String,
    /// Why nothing goes there.
    why: Option<String>,
}

#[derive(Template)]
#[template(path = "features/documents/templates/packet_sending_check.html")]
struct CheckPage {
    frame: StaffFrame,
    mark: String,
    packet: String,
    numbers: String,
    seen: String,
    /// What it is called.
    name: String,
    /// The list is another one than the one that was agreed to.
    changed: bool,
    goes: Vec<NumberLine>,
    stays: Vec<NumberLine>,
    /// "Send to 5 charts"
    send: String,
}

fn number_line(words: Words, of: &Numbered) -> NumberLine {
    NumberLine {
        asked: of.asked.clone(),
        name: of.name.clone(),
        born: of.born.map(|day| words.civil_date(day)).unwrap_or_default(),
        why: of.left_out.map(|why| words.get(&format!("packets-left-out-{}", why.word().replace('_', "-")))),
    }
}

/// Whether the list is shown for the first time, or stands in for one that is true no more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    First,
    Changed,
}

/// Names the clients, and what is left out, before anything goes out.
fn show_check(
    app: &AppState,
    staff: &StaffSession,
    form: SendForm,
    (packet, all): (&PacketTemplate, &[Numbered]),
    shows: Shows,
) -> PageResult {
    let words = staff.words;
    let lines = |is_left_out: fn(&&Numbered) -> bool| -> Vec<NumberLine> {
        all.iter().filter(is_left_out).map(|of| number_line(words, of)).collect()
    };
    let goes = lines(|of| of.left_out.is_none());
    let count = i64::try_from(goes.len()).unwrap_or(i64::MAX);
    let status = if shows == Shows::First { StatusCode::OK } else { StatusCode::CONFLICT };
    let page = CheckPage {
        frame: staff.frame(app, LIBRARY),
        mark: form.mark,
        packet: form.packet,
        numbers: form.numbers,
        seen: fingerprint(&packet.packet_template_id, all),
        name: packet.name.clone(),
        changed: shows == Shows::Changed,
        stays: lines(|of| of.left_out.is_some()),
        goes,
        send: words.count("packets-many-send", "count", count),
    };
    Ok((status, html(page.render())?).into_response())
}

fn not_begun_in_words(words: Words, why: NotBegun, errors: &mut FieldErrors) {
    match why {
        NotBegun::NotFound => errors.add("packet", words.get("packets-gone")),
        NotBegun::Asks => errors.add("packet", words.get("packets-asks")),
        NotBegun::Charts => {
            errors.add("numbers", words.with1("packets-numbers-wrong", "most", MOST_CHARTS));
        }
    }
}

/// Why a list that was agreed to was not sent.
enum NotSentNow {
    Begin(NotBegun),
    /// The numbers come to another list than the one that was shown.
    Changed,
}

/// Shows whom the numbers name and asks once; sends it when that was agreed to.
pub(super) async fn begin(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: SendForm = staff.form(&body)?;
    if form.act == CHANGE {
        return show_form(&app, &staff, form, FieldErrors::new()).await;
    }
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let Some((template, asked)) = read_form(words, &form, &mut errors) else {
        return show_form(&app, &staff, form, errors).await;
    };
    let is_agreed = form.act == SEND;
    if is_agreed {
        let mark = FormToken::read("packet-sending", &staff.staff_id.to_string(), &form.mark, &body)?;
        let (by, seen, asked) = (staff.by(), form.seen.clone(), asked.clone());
        let begin = move |c: &mut Scoped<'_>| {
            let all = look(c, &asked)?;
            if fingerprint(&template, &all) != seen {
                return Ok(Err(NotSentNow::Changed));
            }
            let new = NewSending { template, charts: goes_to(&all) };
            Ok(many::begin(c, &by, &new)?.map(|id| id.to_string()).map_err(NotSentNow::Begin))
        };
        match app.db.write(&staff.scope, move |c| made_once(c, &mark, |c| begin(c))).await? {
            Ok(id) => return Ok(see_other(&format!("/staff/packet-sendings/{id}?done=packets-many-begun"))),
            Err(NotSentNow::Changed) => {}
            Err(NotSentNow::Begin(why)) => {
                not_begun_in_words(words, why, &mut errors);
                return show_form(&app, &staff, form, errors).await;
            }
        }
    }
    let read = move |c: &mut Scoped<'_>| Ok::<_, Fault>((many::sendable(c, &template)?, look(c, &asked)?));
    let (packet, all) = app.db.read(&staff.scope, read).await?;
    let strange = no_numbers(&all);
    if !strange.is_empty() {
        let key = if strange.len() == 1 { "packets-number-strange" } else { "packets-numbers-strange" };
        errors.add("numbers", words.with1(key, "numbers", strange.join(", ")));
    }
    match packet {
        Ok(packet) if errors.is_empty() => {
            let shows = if is_agreed { Shows::Changed } else { Shows::First };
            show_check(&app, &staff, form, (&packet, &all), shows)
        }
        Ok(_) => show_form(&app, &staff, form, errors).await,
        Err(why) => {
            not_begun_in_words(words, why, &mut errors);
            show_form(&app, &staff, form, errors).await
        }
    }
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

fn result_tag(words: Words, of: &SendingChart, name: &str) -> (&'static str, String) {
    let Some(result) = of.result else { return ("waiting", words.get("packets-result-waits")) };
    let tone = match result {
        SendingResult::Sent => "good",
        SendingResult::Before | SendingResult::Closed => "stopped",
        _ => "attention",
    };
    if result != SendingResult::NoGrant {
        return (tone, words.get(&format!("packets-result-{}", result.word().replace('_', "-"))));
    }
    // Of what was sent before reasons were kept, nothing more is known.
    let key = match of.detail.parse() {
        Ok(Unreached::Declined) => "packets-result-declined",
        Ok(Unreached::Ended) => "packets-result-ended",
        Ok(Unreached::NotYet) | Err(_) => "packets-result-no-grant",
    };
    (tone, words.with1(key, "name", name))
}

fn chart_line(staff: &StaffSession, of: &SendingChart, names: &HashMap<ChartId, String>) -> ChartLine {
    let words = staff.words;
    let name = of.chart_id.and_then(|chart| names.get(&chart)).map_or(of.asked.as_str(), String::as_str);
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
    ChartLine { asked: of.asked.clone(), chart, tag: result_tag(words, of, name), missing }
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
        frame: staff.frame(&app, LIBRARY),
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

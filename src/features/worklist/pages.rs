//! The work list's page, and its one form: send to one or to many, unlock.

use std::collections::HashMap;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, RawQuery, State};
use jiff::tz::TimeZone;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::report::{Report, ReportLine};
use super::store::{self, Kind, Line, PAGE, Place};
use crate::features::access::actions::{Act, Target};
use crate::features::access::lifecycle::MISMATCHES_TO_LOCK;
use crate::features::access::{ActName, When, actions, lacks_in_words};
use crate::features::documents::signing::staff_section::{WorkLine, work_of};
use crate::features::messages::{self, readers::StaffReader};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId};
use crate::platform::i18n::Words;
use crate::platform::outbox;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::{Section, shown_count};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The work list.
pub(super) const WORKLIST: Section = Section("/staff/worklist");

/// What the address says.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    kind: String,
    after: String,
    report: String,
}

/// A filter with its count.
struct Filter {
    kind: Kind,
    label: String,
    count: String,
    current: bool,
}

/// A line as the table shows it.
struct Shown {
    value: String,
    chart: ChartId,
    access: Option<AccessId>,
    client: String,
    number: String,
    owner: Option<String>,
    what: String,
    when: Option<When>,
    note: Option<String>,
    address: Option<String>,
    /// The number as it was typed, and for a `tel:` link.
    phone: Option<(String, String)>,
    /// What is missing before anybody can be invited.
    missing: Option<String>,
    /// Does the face sheet lack what the identity check needs?
    lacks_data: bool,
    /// Would an invitation leave?
    can_be_sent: bool,
    /// May it be one of many that are sent together? Not where somebody has to look at the address first.
    can_be_ticked: bool,
    may_unlock: bool,
    /// Is another address the first step? Not where the refusal is about us, the message or the other system.
    wants_address: bool,
    /// A mail to the same address, where something else is the better thing to do.
    may_send_from_menu: bool,
    /// Is there a menu?
    has_more: bool,
}

#[derive(Template)]
#[template(path = "features/worklist/templates/worklist.html")]
struct WorklistPage {
    frame: StaffFrame,
    kind: Kind,
    filters: Vec<Filter>,
    lines: Vec<Shown>,
    next: Option<String>,
    first: bool,
    may_manage: bool,
    may_set_rights: bool,
    /// Can anything be sent to a line of this page?
    can_send_many: bool,
    /// The form, below a chart's address, that takes an address and sends there.
    add_address: &'static str,
    /// The button of a line, and of all that are ticked.
    send_one: String,
    send_many: String,
    report: Vec<ReportLine>,
    report_title: String,
    empty: String,
    /// Documents whose signatures want a hand.
    signatures: Vec<WorkLine>,
    /// How many messages have waited longer than was promised.
    late_messages: Option<String>,
}

/// The list.
pub async fn page(
    State(app): State<AppState>,
    ticket: StaffTicket,
    Query(asked): Query<Asked>,
) -> PageResult {
    let wanted: Option<Kind> = asked.kind.parse().ok();
    let after = Place::read(&asked.after);
    let is_first = after.is_none();
    let inside = app.clone();
    let (staff, (kind, counts, page, report, names, signatures, late)) = ticket
        .open(&app, move |c, staff| {
            let report = Report::read(&inside, staff, &asked.report);
            let charts = report.as_ref().map(Report::charts).unwrap_or_default();
            let today = staff.practice.today(c.now());
            let counts = store::counts(c, today)?;
            // Without a choice: the most urgent kind that has anything.
            let kind = wanted
                .or_else(|| counts.iter().find(|(_, n)| *n > 0).map(|(kind, _)| *kind))
                .unwrap_or(Kind::Undeliverable);
            let page = store::page(c, kind, today, after.as_ref().filter(|_| wanted.is_some()))?;
            let names = store::names(c, &charts)?;
            // On the first page of whatever kind.
            let signatures = if is_first { work_of(c, staff)? } else { Default::default() };
            let late = if is_first && staff.may(Permission::AnswerMessages) {
                messages::count_late(c, &StaffReader::alone(staff.staff_id, staff.role))?
            } else {
                0
            };
            Ok((kind, counts, page, report, names, signatures, late))
        })
        .await?;
    let words = staff.words;
    let now = app.now();
    let next = page.next.map(|place| {
        let place = utf8_percent_encode(&place.to_text(), NON_ALPHANUMERIC).to_string();
        format!("/staff/worklist?kind={kind}&after={place}")
    });
    let key = |part: &str| format!("worklist-{}-{part}", kind.word().replace('_', "-"));
    let report = report.map(|report| report.lines(words, &staff.zone, now, &names)).unwrap_or_default();
    let sent = report.iter().filter(|line| line.sent).count();
    let may_manage = staff.may(Permission::ManagePortal);
    let page = WorklistPage {
        can_send_many: may_manage && kind.sends() && page.lines.iter().any(Line::can_be_ticked),
        filters: counts
            .iter()
            .filter(|(of, count)| *count > 0 || *of == kind)
            .map(|(of, count)| filter(words, *of, *count, kind))
            .collect(),
        lines: page.lines.into_iter().map(|line| shown(words, &staff.zone, now, kind, line)).collect(),
        next,
        first: is_first,
        may_manage,
        may_set_rights: staff.may(Permission::ManageRights),
        add_address: match kind.act() {
            ActName::Invite => "access/invite?back=worklist",
            _ => "access/change-email?back=worklist",
        },
        send_one: if kind.sends() { words.get(&key("send")) } else { String::new() },
        send_many: if kind.sends() { words.get(&key("send-many")) } else { String::new() },
        report_title: report_title(words, sent, report.len()),
        report,
        empty: words.get(&key("empty")),
        signatures: signatures.lines(&staff, now),
        late_messages: (late > 0).then(|| words.with1("worklist-late-messages", "count", shown_count(late))),
        frame: staff.frame(&app, WORKLIST),
        kind,
    };
    html(page.render())
}

/// "3 invitations are on their way", "2 of 3 invitations are on their way", "Nothing was sent".
fn report_title(words: Words, sent: usize, all: usize) -> String {
    match sent {
        0 => words.get("worklist-report-none"),
        _ if sent == all => {
            words.count("worklist-report-all", "sent", i64::try_from(sent).unwrap_or(i64::MAX))
        }
        _ => words.with2("worklist-report-some", "sent", sent, "all", all),
    }
}

fn filter(words: Words, of: Kind, count: i64, current: Kind) -> Filter {
    let count = shown_count(count);
    let label = words.get(&format!("worklist-{}", of.word().replace('_', "-")));
    Filter { kind: of, label, count, current: of == current }
}

fn shown(words: Words, zone: &TimeZone, now: Timestamp, kind: Kind, line: Line) -> Shown {
    let when = line.at.map(|at| When::new(words, zone, at, now));
    let relative = when.as_ref().map_or(String::new(), |when| when.relative.clone());
    let what = match kind {
        // The list's own name says that the mail was undeliverable.
        Kind::Undeliverable => {
            let reason = line.mail_reason.as_deref().and_then(|reason| words.find(reason));
            reason.unwrap_or_else(|| words.get("access-mail-no-reason"))
        }
        Kind::Ahead | Kind::CameOfAge => {
            let day = line.on.map(|day| words.civil_date(day)).unwrap_or_default();
            words.with1(&format!("worklist-{}-what", kind.word().replace('_', "-")), "day", day)
        }
        _ => words.with1(&format!("worklist-{}-what", kind.word().replace('_', "-")), "when", relative),
    };
    let note = match kind {
        Kind::Locked if line.is_over => {
            Some([failed_checks(words, &line), words.get("worklist-locked-over")].join(". "))
        }
        Kind::Locked => Some(failed_checks(words, &line)),
        Kind::Declined if line.is_disowned => Some(words.get("worklist-answer-disowned")),
        Kind::Declined => Some(words.get("worklist-answer-not-me")),
        _ => None,
    };
    let missing = lacks_in_words(words, &line.lacks)
        .or_else(|| line.address.is_none().then(|| words.get("worklist-no-address")))
        .filter(|_| kind.sends());
    let may_unlock = kind == Kind::Locked && !line.is_over;
    // Where something else is the first step, a mail to the same address is in the menu.
    let wants_address = kind == Kind::Undeliverable
        && (!line.can_be_sent() || line.mail_reason.as_deref().is_none_or(outbox::blames_address));
    let may_send_from_menu = line.can_be_sent() && (may_unlock || wants_address);
    Shown {
        missing,
        can_be_sent: kind.sends() && line.can_be_sent(),
        can_be_ticked: kind.sends() && line.can_be_ticked(),
        may_unlock,
        wants_address,
        may_send_from_menu,
        has_more: may_send_from_menu || kind == Kind::Locked,
        value: format!("{}.{}", line.chart_id, line.generation),
        chart: line.chart_id,
        access: line.access_id,
        client: line.client,
        number: line.chart_number,
        lacks_data: kind.sends() && !line.lacks.is_empty(),
        owner: line.owner.map(|name| {
            let is_of_holder = matches!(kind, Kind::BasisMissing | Kind::Ahead | Kind::CameOfAge);
            let key = if is_of_holder { "worklist-holder" } else { "worklist-owner" };
            words.with1(key, "name", name)
        }),
        what,
        when,
        note,
        address: line.address,
        phone: line.phone,
    }
}

/// "Failed checks: 5 of 5. What differed: last name".
fn failed_checks(words: Words, line: &Line) -> String {
    let count = words.with2("access-checks-of", "count", line.mismatches, "most", MISMATCHES_TO_LOCK);
    let fields: Vec<String> = line
        .differed
        .iter()
        .map(|field| words.get(&format!("worklist-differed-{}", field.word().replace('_', "-"))))
        .collect();
    if fields.is_empty() {
        words.with1("worklist-checks", "count", count)
    } else {
        words.with2("worklist-checks-differed", "count", count, "fields", fields.join(", "))
    }
}

/// The form: some charts ticked, or the button of one.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Chosen {
    kind: String,
    /// Ticked: the chart and the generation that stood in the line.
    chart: Vec<String>,
    /// A line's own button: the same.
    only: Option<String>,
    /// A line's unlock button: the grant.
    unlock: Option<String>,
    /// The answer of the page that asks before many are sent.
    confirmed: Option<String>,
}

/// The query of the page that asks before many are sent.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Ticked {
    kind: String,
    chart: Vec<String>,
}

/// A chart that was ticked.
struct TickedLine {
    value: String,
    client: String,
    number: String,
}

#[derive(Template)]
#[template(path = "features/worklist/templates/send_many.html")]
struct SendMany {
    frame: StaffFrame,
    kind: Kind,
    title: String,
    text: String,
    button: String,
    lines: Vec<TickedLine>,
}

/// Asks once, with the number and the names, before something is sent to many.
pub async fn ask(State(app): State<AppState>, staff: StaffSession, RawQuery(query): RawQuery) -> PageResult {
    let ticked: Ticked = serde_html_form::from_str(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let kind = ticked.kind.parse::<Kind>().map_err(|_| PageError::NotFound)?;
    let wanted: Vec<(ChartId, i32)> = ticked.chart.iter().filter_map(|value| read_value(value)).collect();
    let charts: Vec<ChartId> = wanted.iter().map(|(chart, _)| chart.clone()).collect();
    let names = app.db.read(&staff.scope, move |c| store::names(c, &charts)).await?;
    let lines: Vec<TickedLine> = wanted
        .into_iter()
        .filter_map(|(chart, generation)| {
            let (client, number) = names.get(&chart)?.clone();
            Some(TickedLine { value: format!("{chart}.{generation}"), client, number })
        })
        .collect();
    if lines.is_empty() {
        return Ok(see_other(&format!("/staff/worklist?kind={kind}&done=worklist-nothing-chosen")));
    }
    let words = staff.words;
    let which = if kind == Kind::NeverInvited { "invite" } else { "resend" };
    let count = |part: &str| {
        words.count(
            &format!("worklist-{which}-{part}"),
            "count",
            i64::try_from(lines.len()).unwrap_or(i64::MAX),
        )
    };
    let page = SendMany {
        title: count("many-title"),
        button: count("many-button"),
        text: words.get(&format!("worklist-{which}-many-text")),
        frame: staff.frame(&app, WORKLIST),
        kind,
        lines,
    };
    html(page.render())
}

/// Sends to what was chosen, or unlocks.
pub async fn perform(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let chosen: Chosen = staff.form(&body)?;
    let kind = chosen.kind.parse::<Kind>().map_err(|_| PageError::BadRequest)?;
    let here = format!("/staff/worklist?kind={kind}");
    if let Some(access) = chosen.unlock {
        let access = access.parse().map_err(|_| PageError::NotFound)?;
        let word =
            match actions::act(&app, &staff.scope, staff.by(), Target::Grant(access), Act::Unlock).await? {
                Ok(_) => "access-unlock",
                Err(actions::Refused::NotFound) => return Err(PageError::NotFound),
                Err(_) => "worklist-done-before",
            };
        return Ok(see_other(&format!("{here}&done={word}")));
    }
    if chosen.only.is_none() && chosen.confirmed.is_none() && !chosen.chart.is_empty() {
        let values = chosen.chart.iter().take(PAGE).filter(|value| read_value(value).is_some());
        let charts: String = values.map(|value| format!("&chart={value}")).collect();
        return Ok(see_other(&format!("/staff/worklist/send?kind={kind}{charts}")));
    }
    let is_one = chosen.only.is_some();
    let values = chosen.only.map_or(chosen.chart, |only| vec![only]);
    let wanted: Vec<(ChartId, i32)> = values.iter().filter_map(|value| read_value(value)).collect();
    if wanted.is_empty() {
        return Ok(see_other(&format!("{here}&done=worklist-nothing-chosen")));
    }
    let (report, doubted) = send(&app, &staff, &wanted).await?;
    // The question about the address is on the form of the act, which sends once it is answered.
    if let (true, Some(chart)) = (is_one, doubted.first()) {
        return Ok(see_other(&format!("/staff/charts/{chart}/access/{}?back=worklist", kind.act())));
    }
    Ok(see_other(&format!("{here}&report={}", report.to_text(&app, &staff))))
}

fn read_value(value: &str) -> Option<(ChartId, i32)> {
    let (chart, generation) = value.split_once('.')?;
    Some((chart.parse().ok()?, generation.parse().ok()?))
}

/// Sends, except where somebody (or a second click) has sent since the list was shown.
/// Beside the report: the charts whose address somebody has to look at first.
async fn send(
    app: &AppState,
    staff: &StaffSession,
    wanted: &[(ChartId, i32)],
) -> Result<(Report, Vec<ChartId>), PageError> {
    let charts: Vec<ChartId> = wanted.iter().map(|(chart, _)| chart.clone()).collect();
    let now: HashMap<ChartId, i32> =
        app.db.read(&staff.scope, move |c| store::generations(c, &charts)).await?;
    let (fresh, before): (Vec<_>, Vec<_>) =
        wanted.iter().partition(|(chart, seen)| now.get(chart).copied().unwrap_or(0) <= *seen);
    let charts = fresh.into_iter().map(|(chart, _)| chart.clone()).collect();
    let (mut report, mut doubted) = (Report::default(), Vec::new());
    for (chart, outcome) in actions::send_many(app, &staff.scope, staff.by(), charts).await? {
        if let Err(actions::Refused::Doubtful(_)) = &outcome {
            doubted.push(chart);
        }
        report.add(chart, &outcome.map(|_| ()));
    }
    for (chart, _) in before {
        report.add(
            chart.clone(),
            &Err(actions::Refused::LifeCycle(crate::features::access::lifecycle::Refusal::AlreadyResent)),
        );
    }
    Ok((report, doubted))
}

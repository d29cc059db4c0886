//! The practice's audit trail, for administrators: who did what to which chart, when, from where.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::practice::PracticeAction;
use crate::features::staff::{StaffSession, store as staff_store};
use crate::features::{access, accounts, people};
use crate::kernel::civil::read_day;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, ChartId, EventId};
use crate::platform::audit::{self, ChainCheck, Event, Recorded, Wanted, WantedActor};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Stamp, Words};
use crate::platform::state::AppState;
use crate::platform::web::csv_file;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageResult, html};
use crate::word_enum;

/// The audit trail.
pub(super) const AUDIT: Section = Section("/staff/audit");

/// Events on one page.
const PAGE: i64 = 50;

word_enum! {
    /// What events are about, to choose from.
    pub enum Area {
        /// Invitations and portal access.
        Access = "access",
        /// Clients' sign-in.
        Accounts = "accounts",
        /// Charts.
        Charts = "charts",
        /// Documents.
        Documents = "documents",
        /// Appointments and requests.
        Appointments = "appointments",
        /// Messages.
        Messages = "messages",
        /// Charges and payments.
        Billing = "billing",
        /// Mails.
        Mail = "mail",
        /// Staff members and their sign-in.
        Staff = "staff",
        /// The practice's settings.
        Practice = "practice",
        /// Keys for the API.
        Keys = "keys",
    }
}

impl Area {
    /// The part of its actions before the dot.
    pub const fn prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Access => &["access", "log"],
            Self::Accounts => &["account"],
            Self::Charts => &["chart", "charts", "info"],
            Self::Documents => &["document", "template", "packet", "upload", "object", "signing", "econsent"],
            Self::Appointments => &["appointment", "video"],
            Self::Messages => &["thread", "message", "note", "away"],
            Self::Billing => &["charge", "adjust", "payment", "refund", "statement", "ledger", "provider"],
            Self::Mail => &["mail"],
            Self::Staff => &["staff"],
            Self::Practice => &["practice"],
            Self::Keys => &["api_key"],
        }
    }
}

/// Actors who are no staff members: how the trail names them, and the catalogue key of their word.
const OTHERS: &[(&str, &str)] = &[
    ("account", "practice-actor-account"),
    ("link", "practice-actor-link"),
    ("stranger", "practice-actor-stranger"),
    ("api_key", "practice-actor-api-key"),
    ("system", "practice-actor-system"),
    ("operator", "practice-actor-operator"),
];

/// How the trail is narrowed, as the address says it; empty for all.
#[derive(Clone, Debug, Default, serde::Deserialize, serde::Serialize)]
#[serde(default)]
pub(super) struct Which {
    /// A chart number.
    chart: String,
    /// A staff member's id, or a kind of actor.
    who: String,
    /// An [`Area`].
    what: String,
    /// A day of the practice's zone.
    day: String,
    /// Older than this event.
    #[serde(skip_serializing)]
    before: Option<EventId>,
}

impl Which {
    /// The query string of these choices, without the place.
    fn query(&self) -> String {
        let pairs = [("chart", &self.chart), ("who", &self.who), ("what", &self.what), ("day", &self.day)];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect();
        serde_html_form::to_string(&pairs).unwrap_or_default()
    }

    /// What they ask of the trail; `None` where the chart number is nobody's.
    fn wanted(&self, c: &mut Scoped<'_>, zone: &TimeZone) -> Result<Option<Wanted>, Fault> {
        let mut wanted = Wanted::default();
        let number = self.chart.trim();
        if !number.is_empty() {
            let Some(chart) = people::find_by_number(c, number)? else { return Ok(None) };
            wanted.chart = Some(chart);
        }
        let other =
            OTHERS.iter().find(|(kind, _)| *kind == self.who).map(|(kind, _)| WantedActor::Kind(kind));
        wanted.by = other.or_else(|| self.who.parse().ok().map(WantedActor::Staff));
        wanted.areas = self.what.parse::<Area>().map_or(&[], Area::prefixes);
        if let Some((from, until)) = day_of(&self.day, zone) {
            (wanted.from, wanted.until) = (Some(from), Some(until));
        }
        Ok(Some(wanted))
    }
}

/// The beginning and the end of a day.
fn day_of(text: &str, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let day = read_day(text)?;
    let midnight = |day: Date| day.at(0, 0, 0, 0).to_zoned_datetime(zone.clone()).ok();
    Some((midnight(day)?.timestamp().into(), midnight(day.tomorrow().ok()?)?.timestamp().into()))
}

/// An event in words.
struct Line {
    id: EventId,
    /// Its place in the chain, once it has one.
    seq: Option<i64>,
    at: Stamp,
    who: String,
    what: String,
    chart: Option<(String, String)>,
    change: Option<(String, String)>,
    source: String,
}

#[derive(Template)]
#[template(path = "features/settings/templates/audit.html")]
struct AuditPage {
    frame: StaffFrame,
    which: Which,
    /// The choices as a query string, for the pages and the export.
    query: String,
    /// Who and what there is to choose from: value and word.
    actors: Vec<(String, String)>,
    areas: Vec<(&'static str, String)>,
    unknown: bool,
    lines: Vec<Line>,
    older: Option<EventId>,
    check: Option<ChainCheck>,
}

/// What happened, in words; an action without words is shown as it is.
fn action_words(words: Words, action: &str) -> String {
    words
        .find(&format!("practice-did-{}", action.replace(['.', '_'], "-")))
        .unwrap_or_else(|| action.to_owned())
}

/// A state before or after an event, in words; one without words is shown as it is.
pub fn state_words(words: Words, action: &str, state: &str) -> String {
    let prefix = action.split('.').next().unwrap_or_default();
    let area = Area::ALL.iter().find(|area| area.prefixes().contains(&prefix));
    let state = state.replace('_', "-");
    let keys = match area {
        Some(Area::Access) => vec![format!("access-tag-{state}")],
        // Of staff members both the state and the role change.
        Some(Area::Staff) => vec![format!("staff-state-{state}"), format!("role-{state}")],
        // A page of the area may say more than the state, such as since when it stands.
        Some(area) => vec![format!("practice-state-{area}-{state}"), format!("{area}-state-{state}")],
        None => vec![],
    };
    keys.iter().find_map(|key| words.find(key)).unwrap_or_else(|| state.replace('-', " "))
}

/// What the rows of these events name by an id.
#[derive(Default)]
struct Names {
    /// Chart numbers.
    charts: BTreeMap<ChartId, String>,
    /// Who holds an account.
    accounts: accounts::Holders,
    /// Whom an invitation is for.
    invited: BTreeMap<AccessId, String>,
}

impl Names {
    fn of(c: &mut Scoped<'_>, events: &[(Recorded, Option<i64>)]) -> Result<Self, Fault> {
        let events = || events.iter().map(|(event, _)| event);
        let charts: Vec<_> = events().filter_map(|event| event.chart_id).collect();
        let accounts: Vec<AccountId> =
            events().filter(|event| event.actor_kind == "account").filter_map(actor_id).collect();
        let invited: Vec<_> =
            events().filter(|event| event.actor_kind == "link").filter_map(|event| event.access_id).collect();
        Ok(Self {
            charts: people::numbers_of(c, &charts)?.into_iter().collect(),
            accounts: if accounts.is_empty() {
                accounts::Holders::default()
            } else {
                accounts::holders_of(c, &accounts)?
            },
            invited: if invited.is_empty() { BTreeMap::new() } else { access::names_of(c, &invited)? },
        })
    }

    /// Who acted. The holder of a link is not known to be the person whom it was sent to.
    fn who(&self, words: Words, event: &Recorded) -> String {
        let account = || self.accounts.who(&actor_id(event)?, event.chart_id.as_ref());
        let invited = || self.invited.get(&event.access_id?);
        words.get(match event.actor_kind.as_str() {
            "account" => match account() {
                Some(name) => return words.with1("practice-actor-account-of", "name", name),
                None => "practice-actor-account",
            },
            "link" => match invited() {
                Some(name) => return words.with1("practice-actor-link-of", "name", name),
                None => "practice-actor-link",
            },
            "operator" => "practice-actor-operator",
            "stranger" => "practice-actor-stranger",
            _ if event.actor_name.is_empty() => "practice-actor-unknown",
            _ => return event.actor_name.clone(),
        })
    }
}

/// The account that acted.
fn actor_id(event: &Recorded) -> Option<AccountId> {
    event.actor_id.parse().ok()
}

fn line(staff: &StaffSession, names: &Names, (event, seq): (Recorded, Option<i64>), now: Timestamp) -> Line {
    let words = staff.words;
    let state = |text: &str| state_words(words, &event.action, text);
    Line {
        id: event.event_id,
        seq,
        at: words.stamp(event.at, &staff.zone, now),
        who: names.who(words, &event),
        what: action_words(words, &event.action),
        chart: event.chart_id.as_ref().map(|id| {
            (id.to_string(), names.charts.get(id).cloned().unwrap_or_else(|| words.get("practice-a-chart")))
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
    show(&app, &staff, Which::default(), Some(found)).await
}

async fn show(app: &AppState, staff: &StaffSession, which: Which, check: Option<ChainCheck>) -> PageResult {
    let (asked, zone) = (which.clone(), staff.zone.clone());
    let (unknown, events, names, team) = app
        .db
        .read(&staff.scope, move |c| {
            let team = staff_store::all(c)?;
            let Some(wanted) = asked.wanted(c, &zone)? else {
                return Ok((true, Vec::new(), Names::default(), team));
            };
            // One more than a page, to know whether there is another.
            let events = audit::newest(c, &wanted, asked.before, PAGE + 1)?;
            let names = Names::of(c, &events)?;
            Ok((false, events, names, team))
        })
        .await?;
    let (words, now) = (staff.words, app.now());
    let mut lines: Vec<Line> = events.into_iter().map(|event| line(staff, &names, event, now)).collect();
    let page = usize::try_from(PAGE).unwrap_or(50);
    let older = (lines.len() > page).then(|| lines.get(page - 1).map(|line| line.id)).flatten();
    lines.truncate(page);
    let others = OTHERS.iter().map(|(kind, key)| ((*kind).to_owned(), words.get(key)));
    let page = AuditPage {
        frame: staff.frame(app, AUDIT),
        query: which.query(),
        actors: team.into_iter().map(|one| (one.staff_id.to_string(), one.name)).chain(others).collect(),
        areas: Area::ALL
            .iter()
            .map(|area| (area.word(), words.get(&format!("practice-audit-area-{area}"))))
            .collect(),
        which,
        unknown,
        lines,
        older,
        check,
    };
    html(page.render())
}

/// Events in one file; who needs more narrows the trail to a day.
const MOST_EXPORTED: usize = 50_000;

/// The trail, narrowed as the page was, as a CSV file, the newest first.
pub(super) async fn export(
    State(app): State<AppState>,
    staff: StaffSession,
    Query(which): Query<Which>,
) -> PageResult {
    let (zone, words, by) = (staff.zone.clone(), staff.words, staff.by());
    let file = app
        .db
        .write(&staff.scope, move |c| {
            let mut file = csv::Writer::from_writer(Vec::new());
            let heads = ["seq", "when", "who", "what", "chart", "before", "after", "from"];
            let written = |e: csv::Error| Fault::other(format!("the CSV file could not be written: {e}"));
            file.write_record(heads.map(|head| words.get(&format!("practice-audit-{head}"))))
                .map_err(written)?;
            let wanted = which.wanted(c, &zone)?;
            let (mut before, mut count) = (None, 0);
            while let Some(wanted) = &wanted
                && count < MOST_EXPORTED
            {
                let events = audit::newest(c, wanted, before, 2_000)?;
                let names = Names::of(c, &events)?;
                let Some(last) = events.last() else { break };
                before = Some(last.0.event_id);
                count += events.len();
                for (event, seq) in &events {
                    let chart = event.chart_id.and_then(|id| names.charts.get(&id).cloned());
                    let row = [
                        seq.map(|seq| seq.to_string()).unwrap_or_default(),
                        event.at.to_string(),
                        names.who(words, event),
                        action_words(words, &event.action),
                        chart.unwrap_or_default(),
                        state_words(words, &event.action, &event.old_state),
                        state_words(words, &event.action, &event.new_state),
                        event.source.clone(),
                    ];
                    file.write_record(row.map(csv_file::text)).map_err(written)?;
                }
            }
            // Downloading the trail is an audited act itself.
            let exported = Event::new(by.clone(), PracticeAction::AuditExported);
            audit::record(c, exported.with(serde_json::json!({ "events": count })))?;
            file.into_inner().map_err(|e| Fault::other(format!("the CSV file could not be written: {e}")))
        })
        .await?;
    Ok(csv_file::download("audit.csv", file))
}

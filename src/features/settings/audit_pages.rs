//! The practice's audit trail, for administrators: who did what to which chart, when, from where.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};

use crate::features::people;
use crate::features::staff::StaffSession;
use crate::platform::audit::{self, ChainCheck, Recorded};
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageResult, html};

/// The audit trail.
pub(super) const AUDIT: Section = Section("/staff/audit");

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
#[template(path = "features/settings/templates/audit.html")]
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
    words.get(match event.actor_kind.as_str() {
        "account" => "practice-actor-account",
        "link" => "practice-actor-link",
        "operator" => "practice-actor-operator",
        "stranger" => "practice-actor-stranger",
        _ if event.actor_name.is_empty() => "practice-actor-unknown",
        _ => return event.actor_name.clone(),
    })
}

fn line(staff: &StaffSession, numbers: &BTreeMap<String, String>, event: Recorded) -> Line {
    let words = staff.words;
    let state = |text: &str| {
        let tag = words.find(&format!("access-tag-{}", text.replace('_', "-")));
        tag.unwrap_or_else(|| text.replace('_', " "))
    };
    Line {
        seq: event.seq,
        at: words.date_time(event.at, &staff.zone),
        iso: event.at.to_string(),
        who: who_words(words, &event),
        what: action_words(words, &event.action),
        chart: event.chart_id.as_ref().map(|id| {
            (
                id.to_string(),
                numbers.get(&id.to_string()).cloned().unwrap_or_else(|| words.get("practice-a-chart")),
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
            let chart = if number.is_empty() { None } else { people::find_by_number(c, &number)? };
            if !number.is_empty() && chart.is_none() {
                return Ok((true, Vec::new(), BTreeMap::new()));
            }
            // One more than a page, to know whether there is another.
            let events = audit::newest(c, chart.as_ref(), before, PAGE + 1)?;
            let ids: Vec<_> = events.iter().filter_map(|event| event.chart_id.clone()).collect();
            let numbers = people::numbers_of(c, &ids)?;
            let numbers = numbers.into_iter().map(|(id, number)| (id.to_string(), number)).collect();
            Ok((false, events, numbers))
        })
        .await?;
    let mut lines: Vec<Line> = events.into_iter().map(|event| line(staff, &numbers, event)).collect();
    let page = usize::try_from(PAGE).unwrap_or(50);
    let older = (lines.len() > page).then(|| lines.get(page - 1).map(|line| line.seq)).flatten();
    lines.truncate(page);
    let frame = staff.frame(app, AUDIT);
    html(AuditPage { frame, chart: which.chart, unknown, lines, older, check }.render())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::platform::i18n::Language;

    /// What looks like an action in the source and is the kind of a mail.
    const MAILS: [&str; 4] = ["access.invitation", "access.reminder", "staff.invitation", "staff.reset"];

    /// Every literal of the source that names an action (`"chart.created"`), without those of tests.
    fn actions() -> BTreeSet<String> {
        fn walk(folder: &Path, found: &mut BTreeSet<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                    found.extend(text.split('"').filter(|part| is_action(part)).map(str::to_owned));
                }
            }
        }
        let mut found = BTreeSet::new();
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        found
    }

    fn is_action(text: &str) -> bool {
        const SUBJECTS: [&str; 11] = [
            "access",
            "account",
            "api_key",
            "appointment",
            "chart",
            "charts",
            "document",
            "ledger",
            "mail",
            "practice",
            "staff",
        ];
        text.split_once('.').is_some_and(|(subject, deed)| {
            SUBJECTS.contains(&subject)
                && deed.len() > 3
                && deed.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
                && !MAILS.contains(&text)
        })
    }

    #[test]
    fn every_action_of_the_trail_has_its_words_in_every_language_and_no_words_are_left_over() {
        let actions = actions();
        assert!(actions.len() > 60, "the source could not be read: {actions:?}");
        for language in Language::ALL {
            let words = Words::of(*language);
            let bare: Vec<_> = actions.iter().filter(|a| action_words(words, a) == **a).collect();
            assert!(bare.is_empty(), "no words in {language}: {bare:?}");
        }
        let keys: BTreeSet<String> =
            actions.iter().map(|a| format!("practice-did-{}", a.replace(['.', '_'], "-"))).collect();
        let catalogue = include_str!("../../../locales/en/practice.ftl");
        let dead: Vec<_> = catalogue
            .lines()
            .filter_map(|line| line.split(" = ").next().filter(|key| key.starts_with("practice-did-")))
            .filter(|key| !keys.contains(*key))
            .collect();
        assert!(dead.is_empty(), "nothing does {dead:?}");
    }
}

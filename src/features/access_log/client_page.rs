//! Who looked at my record, and "report a concern".

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::access::AccessAction;
use crate::features::access::permission::Basis;
use crate::features::access_log::lines::{Acts, LogLine, Who, log_of_chart};
use crate::features::access_log::store::{self, Concern};
use crate::features::accounts::ClientSession;
use crate::kernel::ids::EventId;
use crate::kernel::text;
use crate::platform::audit::{self, Event};
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageResult, html, see_other};

/// Lines of a page.
const PAGE: i64 = 50;
/// Characters of a concern.
const LONGEST: usize = 1_000;
/// Concerns of one person that may wait for an answer.
const MOST_OPEN: usize = 10;

/// What the address says.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    before: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    text: String,
}

/// The lines of one day.
struct Day {
    title: String,
    lines: Vec<(String, String)>,
}

/// A concern in words.
struct Raised {
    text: String,
    when: String,
    answer: Option<String>,
}

#[derive(Template)]
#[template(path = "features/access_log/templates/who_looked.html")]
struct Page {
    frame: ClientFrame,
    errors: FieldErrors,
    /// Instead of the list, for staff who do not read it.
    hidden: Option<String>,
    title: String,
    intro: String,
    /// Where there is no line.
    empty: String,
    days: Vec<Day>,
    older: Option<EventId>,
    raised: Vec<Raised>,
    text: String,
}

/// How the log and the API call somebody.
pub fn who_words(words: Words, who: &Who) -> String {
    match who {
        Who::You => words.get("access-log-you"),
        Who::Holder(name) if name.is_empty() => words.get("access-log-somebody"),
        Who::Holder(name) => name.clone(),
        Who::Staff(name, Some(role)) => {
            let role = words.get(&format!("role-{}", role.word().replace('_', "-")));
            words.with2("access-log-staff", "name", name, "role", role)
        }
        Who::Staff(name, None) => name.clone(),
        Who::Program(name) => words.with1("access-log-program", "name", name),
    }
}

/// What was done, in words.
pub fn what_words(words: Words, action: &str) -> String {
    words.get(&format!("access-log-{}", action.replace(['.', '_'], "-")))
}

fn days(client: &ClientSession, lines: &[LogLine]) -> Vec<Day> {
    let words = client.words;
    let mut days: Vec<Day> = Vec::new();
    for line in lines {
        let title = words.date(line.at, &client.zone);
        let text = words.with2(
            "access-log-line",
            "who",
            who_words(words, &line.who),
            "what",
            what_words(words, &line.action),
        );
        let at = words.time(line.at, &client.zone);
        match days.last_mut().filter(|day| day.title == title) {
            Some(day) => day.lines.push((at, text)),
            None => days.push(Day { title, lines: vec![(at, text)] }),
        }
    }
    days
}

async fn page(
    app: &AppState,
    client: ClientSession,
    before: Option<EventId>,
    form: Form,
    errors: FieldErrors,
) -> PageResult {
    let (chart, access, account) = (client.chart_id, client.access_id, client.account_id);
    let is_own = client.facts.grant.basis == Basis::Client;
    // Only administrators read concerns and everybody's acts; a clinician who looks at the page does not.
    let is_hidden = client.onlooker().is_some_and(|onlooker| !onlooker.staff.role.may(Permission::SeeAudit));
    let (mut lines, raised) = app
        .db
        .read(&client.scope, move |c| {
            if is_hidden {
                return Ok((Vec::new(), Vec::new()));
            }
            let acts = if is_own { Acts::All(Some(&account)) } else { Acts::Own(&account) };
            Ok((log_of_chart(c, &chart, acts, before, PAGE + 1)?, store::raised_by(c, &access)?))
        })
        .await?;
    let has_more = i64::try_from(lines.len()).is_ok_and(|count| count > PAGE);
    lines.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let words = client.words;
    let moment = |at| words.date_time(at, &client.zone);
    let raised = raised
        .into_iter()
        .map(|Concern { text, raised_at, answer, answered_at, answered_by_name, .. }| Raised {
            text,
            when: moment(raised_at),
            answer: answer.zip(answered_at).map(|(answer, at)| {
                words.with(
                    "access-log-answered",
                    &[("name", answered_by_name), ("when", moment(at)), ("answer", answer)],
                )
            }),
        })
        .collect();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        errors,
        hidden: is_hidden.then(|| words.with1("preview-hidden", "name", &client.name)),
        title: words.get(if is_own { "access-log-title" } else { "access-log-title-own-acts" }),
        intro: words.get(if is_own { "access-log-intro" } else { "access-log-intro-own-acts" }),
        empty: words.get(if is_own { "access-log-empty" } else { "access-log-empty-own-acts" }),
        days: days(&client, &lines),
        older: lines.last().map(|line| line.id).filter(|_| has_more),
        raised,
        text: form.text,
        frame: client.frame(app, Section::NONE),
    };
    Ok((status, html(page.render())?).into_response())
}

/// The log.
pub(super) async fn show(
    State(app): State<AppState>,
    client: ClientSession,
    Query(asked): Query<Asked>,
) -> PageResult {
    page(&app, client, asked.before.parse().ok(), Form::default(), FieldErrors::new()).await
}

/// Reports a concern. The same words sent twice are one concern while it waits.
pub(super) async fn raise(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let form: Form = client.form(&body)?;
    let words = client.words;
    let mut errors = FieldErrors::new();
    let text = match text::lines(&form.text, LONGEST) {
        Ok(text) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => {
            errors.add("text", words.with1("access-log-concern-missing", "most", LONGEST));
            return page(&app, client, None, form, errors).await;
        }
    };
    let (by, chart, access) = (client.by(), client.chart_id, client.access_id);
    let is_taken = app
        .db
        .write(&client.scope, move |c| {
            let raised = store::raised_by(c, &access)?;
            let waiting = || raised.iter().filter(|concern| concern.answered_at.is_none());
            if waiting().any(|concern| concern.text == text) {
                return Ok(true);
            }
            if waiting().count() >= MOST_OPEN {
                return Ok(false);
            }
            let id = store::insert(c, &chart, &access, &text)?;
            let details = serde_json::json!({ "concern": id });
            audit::record(
                c,
                Event::new(by.clone(), AccessAction::ConcernRaised).on_chart(&chart).with(details),
            )?;
            Ok(true)
        })
        .await?;
    if is_taken {
        return Ok(see_other("/portal/who-looked?done=concern-raised"));
    }
    errors.add("text", words.get("access-log-concern-many"));
    page(&app, client, None, form, errors).await
}

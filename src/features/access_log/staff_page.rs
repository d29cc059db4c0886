//! What people with access have reported, for administrators, and its answer.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::access::{AccessAction, OPEN_GRANT, load_access};
use crate::features::access_log::store::{self, Concern, Name, Which};
use crate::features::accounts::{self, mails::MailContext};
use crate::features::people;
use crate::features::practice;
use crate::features::staff::StaffSession;
use crate::kernel::ids::ConcernId;
use crate::kernel::text;
use crate::mail_kinds;
use crate::platform::audit::{self, Event};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Stamp;
use crate::platform::outbox::{self, MailReader, Subject};
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Reported concerns.
pub(super) const CONCERNS: Section = Section("/staff/concerns");

/// Characters of an answer.
const LONGEST: usize = 1_000;

struct Line {
    id: ConcernId,
    who: String,
    chart: String,
    number: String,
    at: Stamp,
    text: String,
    answer: Option<String>,
    /// What was typed as its answer, and what is wrong with it.
    typed: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "features/access_log/templates/concerns.html")]
struct Page {
    frame: StaffFrame,
    errors: FieldErrors,
    open: Vec<Line>,
    answered: Vec<Line>,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    concern: String,
    answer: String,
}

async fn page(app: &AppState, staff: &StaffSession, form: Form, errors: FieldErrors) -> PageResult {
    let (open, answered) = app
        .db
        .read(&staff.scope, |c| Ok((store::all(c, Which::Open)?, store::all(c, Which::Answered)?)))
        .await?;
    let (words, now) = (staff.words, app.now());
    let line = |(concern, name, number): (Concern, Name, String)| Line {
        who: people::joined(&[&name.0, &name.1, &name.2]),
        chart: format!("/staff/charts/{}", concern.chart_id),
        number,
        at: words.stamp(concern.raised_at, &staff.zone, now),
        typed: if concern.concern_id.to_string() == form.concern {
            form.answer.clone()
        } else {
            String::new()
        },
        error: errors.of(&format!("answer-{}", concern.concern_id)).map(ToOwned::to_owned),
        id: concern.concern_id,
        text: concern.text,
        answer: concern.answer.map(|answer| {
            words.with2("access-log-answered-by", "name", concern.answered_by_name, "answer", answer)
        }),
    };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let open = open.into_iter().map(line).collect();
    let answered = answered.into_iter().map(line).collect();
    let page = Page { frame: staff.frame(app, CONCERNS), errors, open, answered };
    Ok((status, html(page.render())?).into_response())
}

/// All of them.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    page(&app, &staff, Form::default(), FieldErrors::new()).await
}

mail_kinds! {
    /// The mails of this feature.
    pub enum AccessLogMail {
        /// There is an answer to what somebody reported.
        Answered = "access_log.answered",
    }
}

/// Mails whoever reported it that there is an answer, while they have access.
fn tell(app: &AppState, c: &mut Scoped<'_>, concern: &Concern) -> Result<(), Fault> {
    let account = load_access(c, &concern.access_id)?.and_then(|row| row.account_id);
    let Some(account) = account else { return Ok(()) };
    let Some(reader) = accounts::holder_of(c, &concern.chart_id, &account)? else { return Ok(()) };
    let practice = practice::load(c)?;
    let desk = MailContext { practice: &practice, words: reader.words, called: &reader.called };
    let (kind, id) = (AccessLogMail::Answered, concern.concern_id);
    let letter = accounts::mails::answered(app, desk);
    let by_grant = MailReader::Grant(concern.access_id);
    let mut mail = accounts::mails::mail(kind, format!("{kind}.{id}"), by_grant, reader.address, letter);
    mail.chart = Some(concern.chart_id);
    mail.access = Some(concern.access_id);
    mail.subject = Some(Subject { kind: OPEN_GRANT.word, id: concern.access_id.uuid() });
    outbox::enqueue(app, c, mail)?;
    Ok(())
}

/// Answers one. Of two who answer at once the first counts.
pub(super) async fn answer(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: Form = staff.form(&body)?;
    let id: ConcernId = form.concern.parse().map_err(|_| PageError::NotFound)?;
    let text = match text::lines(&form.answer, LONGEST) {
        Ok(text) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => {
            let mut errors = FieldErrors::new();
            errors.add(
                &format!("answer-{id}"),
                staff.words.with1("access-log-answer-missing", "most", LONGEST),
            );
            return page(&app, &staff, form, errors).await;
        }
    };
    let (by, inside) = (staff.by(), app.clone());
    let is_answered = app
        .db
        .write(&staff.scope, move |c| {
            let Some(concern) = store::open(c, &id)? else { return Ok(false) };
            if !store::answer(c, &id, &text, &by.actor.name())? {
                return Ok(false);
            }
            tell(&inside, c, &concern)?;
            let details = serde_json::json!({ "concern": id });
            let event = Event::new(by.clone(), AccessAction::ConcernAnswered).on_chart(&concern.chart_id);
            audit::record(c, event.with(details))?;
            Ok(true)
        })
        .await?;
    let word = if is_answered { "concern-answered" } else { "concern-answered-before" };
    Ok(see_other(&format!("/staff/concerns?done={word}")))
}

//! Pages where administrators write the frequent questions.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::practice::questions::{self, Direction, Question};
use crate::features::settings::profile_pages::PRACTICE;
use crate::features::staff::StaffSession;
use crate::kernel::ids::QuestionId;
use crate::platform::i18n::Language;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

#[derive(Template)]
#[template(path = "features/settings/templates/questions.html")]
struct ListPage {
    frame: StaffFrame,
    language: Language,
    languages: &'static [Language],
    questions: Vec<Question>,
}

#[derive(serde::Deserialize)]
pub(super) struct Spoken {
    /// Which language's questions; the practice's own by default.
    #[serde(default)]
    of: String,
}

/// Those of one language.
pub(super) async fn list(
    State(app): State<AppState>,
    staff: StaffSession,
    Query(spoken): Query<Spoken>,
) -> PageResult {
    let language = spoken.of.parse().unwrap_or_else(|_| staff.practice.language());
    let questions = app.db.read(&staff.scope, move |c| questions::questions(c, language)).await?;
    let frame = staff.frame(&app, PRACTICE);
    html(ListPage { frame, language, languages: Language::ALL, questions }.render())
}

#[derive(Template)]
#[template(path = "features/settings/templates/question.html")]
struct FormPage {
    frame: StaffFrame,
    errors: FieldErrors,
    /// Of a new one's form.
    mark: String,
    id: Option<QuestionId>,
    language: Language,
    question: String,
    answer: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    /// Of a new one's form.
    #[serde(default)]
    mark: String,
    language: String,
    question: String,
    answer: String,
}

impl Form {
    fn check(&self, staff: &StaffSession) -> Result<(String, String), FieldErrors> {
        let mut errors = FieldErrors::new();
        let (question, answer) = (self.question.trim(), self.answer.replace("\r\n", "\n"));
        let answer = answer.trim();
        let fits = |text: &str, most: usize| !text.is_empty() && text.chars().count() <= most;
        if !fits(question, 200) || question.chars().any(char::is_control) {
            errors.add("question", staff.words.get("practice-error-question"));
        }
        if !fits(answer, 3_000) {
            errors.add("answer", staff.words.get("practice-error-answer"));
        }
        if errors.is_empty() { Ok((question.to_owned(), answer.to_owned())) } else { Err(errors) }
    }
}

/// What the form shows.
#[derive(Default)]
struct FormText {
    mark: String,
    question: String,
    answer: String,
}

fn show(
    app: &AppState,
    staff: &StaffSession,
    id: Option<QuestionId>,
    errors: FieldErrors,
    language: Language,
    form: FormText,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let frame = staff.frame(app, PRACTICE);
    let FormText { mark, question, answer } = form;
    let page = FormPage { frame, errors, mark, id, language, question, answer };
    Ok((status, html(page.render())?).into_response())
}

/// The form for a new one.
pub(super) async fn new_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Query(spoken): Query<Spoken>,
) -> PageResult {
    let language = spoken.of.parse().unwrap_or_else(|_| staff.practice.language());
    let form = FormText { mark: FormToken::fresh(app.rng.as_ref()), ..FormText::default() };
    show(&app, &staff, None, FieldErrors::new(), language, form)
}

/// Adds it.
pub(super) async fn add(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: Form = staff.form(&body)?;
    let language: Language = form.language.parse().map_err(|_| PageError::BadRequest)?;
    let mark = FormToken::read("question", &staff.staff_id.to_string(), &form.mark, &body)?;
    let mut errors = match form.check(&staff) {
        Ok((question, answer)) => {
            if questions::add(&app, &staff.scope, staff.by(), language, question, answer, mark).await? {
                return Ok(see_other(&format!("/staff/practice/questions?of={language}&done=saved")));
            }
            FieldErrors::new()
        }
        Err(errors) => errors,
    };
    if errors.is_empty() {
        errors.add("question", staff.words.get("practice-error-too-many-questions"));
    }
    let Form { mark, question, answer, .. } = form;
    show(&app, &staff, None, errors, language, FormText { mark, question, answer })
}

async fn find(app: &AppState, staff: &StaffSession, id: &str) -> Result<Question, PageError> {
    let id: QuestionId = id.parse().map_err(|_| PageError::NotFound)?;
    app.db.read(&staff.scope, move |c| questions::find(c, &id)).await?.ok_or(PageError::NotFound)
}

/// The form of one.
pub(super) async fn edit_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let found = find(&app, &staff, &id).await?;
    let form = FormText { question: found.question, answer: found.answer, ..FormText::default() };
    show(&app, &staff, Some(found.question_id), FieldErrors::new(), found.language, form)
}

/// Saves it.
pub(super) async fn save(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: Form = staff.form(&body)?;
    let found = find(&app, &staff, &id).await?;
    let (question, answer) = match form.check(&staff) {
        Ok(checked) => checked,
        Err(errors) => {
            let Form { question, answer, .. } = form;
            let typed = FormText { question, answer, ..FormText::default() };
            return show(&app, &staff, Some(found.question_id), errors, found.language, typed);
        }
    };
    if !questions::change(&app, &staff.scope, staff.by(), found.question_id, question, answer).await? {
        return Err(PageError::Stale);
    }
    Ok(see_other(&format!("/staff/practice/questions?of={}&done=saved", found.language)))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveForm {
    direction: String,
}

/// Moves it.
pub(super) async fn shift(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: MoveForm = staff.form(&body)?;
    let direction: Direction = form.direction.parse().map_err(|_| PageError::BadRequest)?;
    let id: QuestionId = id.parse().map_err(|_| PageError::NotFound)?;
    let language = questions::shift(&app, &staff.scope, staff.by(), id, direction).await?;
    let language = language.ok_or(PageError::NotFound)?;
    Ok(see_other(&format!("/staff/practice/questions?of={language}")))
}

#[derive(Template)]
#[template(path = "features/settings/templates/question_delete.html")]
struct DeletePage {
    frame: StaffFrame,
    question: Question,
}

/// Asks before deleting.
pub(super) async fn delete_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let question = find(&app, &staff, &id).await?;
    html(DeletePage { frame: staff.frame(&app, PRACTICE), question }.render())
}

/// Deletes it.
pub(super) async fn delete(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = staff.form(&body)?;
    let found = find(&app, &staff, &id).await?;
    questions::delete(&app, &staff.scope, staff.by(), found.question_id).await?;
    Ok(see_other(&format!("/staff/practice/questions?of={}&done=practice-question-deleted", found.language)))
}

//! From a template to a document of a chart: which template, and what it still needs.

use std::collections::BTreeMap;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::documents::body::{self, Block};
use crate::features::documents::merge::{Blank, MergeName, Source};
use crate::features::documents::staff_forms::{Place, next_after, refused, text_error};
use crate::features::documents::staff_pages::tab_of;
use crate::features::documents::template_actions::{
    self as actions, AnswerWrong, Chosen, Filling, NotMade, Prepared,
};
use crate::features::documents::template_store;
use crate::features::people::{CHARTS, RoomHead};
use crate::features::staff::{StaffMember, StaffSession};
use crate::kernel::ids::{ChartId, TemplateId};
use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::{Permission, Role};
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html};

/// Something to choose.
pub(super) struct Line {
    pub href: String,
    pub name: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_choose_template.html")]
struct ChoosePage {
    frame: StaffFrame,
    head: RoomHead,
    back: String,
    templates: Vec<Line>,
    may_edit: bool,
}

fn here(chart: &ChartId) -> String {
    format!("{}/from-template", tab_of(chart))
}

/// The templates that are used.
pub(super) async fn choose(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let place = Place::of_chart(&app, &staff, &chart).await?;
    let all = app.db.read(&staff.scope, template_store::all).await?;
    let is_used = |of: &template_store::Template| of.published_number.is_some() && of.retired_at.is_none();
    let templates = all
        .into_iter()
        .filter(is_used)
        .map(|of| Line { href: format!("{}/{}", here(&place.chart), of.template_id), name: of.name })
        .collect();
    let page = ChoosePage {
        head: place.head(&app, &staff),
        back: tab_of(&place.chart),
        templates,
        may_edit: staff.may(Permission::EditTemplates),
        frame: staff.frame(&app, CHARTS),
    };
    html(page.render())
}

/// What the sender is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Line,
    Lines,
    Day,
    Choice,
}

/// A field of it.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) kind: FieldKind,
    pub(super) options: Vec<(String, String)>,
    pub(super) hint: String,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct FillForm {
    mark: String,
    number: String,
    language: String,
    answer: Vec<String>,
}

/// In which language.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct InLanguage {
    #[serde(rename = "for")]
    language: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_fill.html")]
struct FillPage {
    frame: StaffFrame,
    head: RoomHead,
    action: String,
    back: String,
    name: String,
    kind: String,
    title: String,
    errors: FieldErrors,
    mark: String,
    number: i32,
    language: Language,
    /// It is in another language than the one of whom it is for.
    other_language: Option<String>,
    /// The other languages: address and name.
    languages: Vec<(String, String)>,
    /// What is missing, with the field where it is typed.
    missing: Vec<(String, String)>,
    fields: Vec<Field>,
    stale: bool,
    preview: Vec<Block>,
}

/// A language by its name in the reader's.
pub(super) fn language_name(words: Words, language: Language) -> String {
    words.get(&format!("templates-language-{language}"))
}

/// Where staff type a value that is missing; none where they may not.
pub(super) fn where_to_mend(staff: &StaffSession, chart: &ChartId, name: MergeName) -> String {
    match name.source() {
        Source::FaceSheet(field) => format!("/staff/charts/{chart}/edit#{field}"),
        Source::Profile(field) if staff.may(Permission::EditPractice) => format!("/staff/practice#{field}"),
        _ => String::new(),
    }
}

pub(super) fn field_of(
    words: Words,
    prepared: &Prepared,
    (at, blank): (usize, &Blank),
    value: String,
) -> Field {
    let kind = match blank.source() {
        Source::Lines => FieldKind::Lines,
        Source::Day => FieldKind::Day,
        Source::Clinician => FieldKind::Choice,
        _ => FieldKind::Line,
    };
    let choose = (String::new(), words.get("templates-choose-clinician"));
    let members = prepared.clinicians.iter().map(|of| (of.staff_id.to_string(), of.name.clone()));
    Field {
        name: format!("answer-{}", at + 1),
        label: blank.label(words),
        value,
        options: std::iter::once(choose).chain(members).collect(),
        hint: if kind == FieldKind::Day { words.get("templates-day-hint") } else { String::new() },
        kind,
    }
}

/// What stands in the fields of a new form: whoever makes it is the clinician, if they are one. Else nobody is: an
/// administrator or the front desk makes papers for others, and a name that nobody chose would stand in them.
pub(super) fn first_answers(staff: &StaffSession, prepared: &Prepared) -> Vec<String> {
    let is_own = |of: &&StaffMember| of.staff_id == staff.staff_id && of.role == Role::Clinician;
    let chosen = prepared.clinicians.iter().find(is_own);
    let answer = |blank: &Blank| match blank.source() {
        Source::Clinician => chosen.map(|of| of.staff_id.to_string()).unwrap_or_default(),
        _ => String::new(),
    };
    prepared.questions.iter().map(answer).collect()
}

/// What a page of the form shows beside what is prepared.
struct Form {
    mark: String,
    answers: Vec<String>,
    errors: FieldErrors,
    status: StatusCode,
}

fn show(app: &AppState, staff: &StaffSession, place: &Place, prepared: &Prepared, form: Form) -> PageResult {
    let words = staff.words;
    let action = format!("{}/{}", here(&place.chart), prepared.template.template_id);
    let language = prepared.text.language;
    let missing = prepared
        .missing
        .iter()
        .map(|name| (name.label(words), where_to_mend(staff, &place.chart, *name)))
        .collect();
    let others = prepared.languages.iter().filter(|of| **of != language);
    let page = FillPage {
        head: place.head(app, staff),
        back: here(&place.chart),
        name: prepared.template.name.clone(),
        kind: prepared.version.kind.label(words),
        title: prepared.text.title.clone(),
        mark: if form.mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { form.mark },
        number: prepared.version.number,
        language,
        other_language: (language != prepared.wanted).then(|| {
            let names = (language_name(words, language), language_name(words, prepared.wanted));
            words.with2("templates-other-language", "language", names.0, "wanted", names.1)
        }),
        languages: others
            .map(|of| {
                let words = words.with1("templates-use-language", "language", language_name(words, *of));
                (format!("{action}?for={of}"), words)
            })
            .collect(),
        missing,
        fields: prepared
            .questions
            .iter()
            .enumerate()
            .map(|(at, blank)| {
                let value = form.answers.get(at).cloned().unwrap_or_default();
                field_of(words, prepared, (at, blank), value)
            })
            .collect(),
        stale: form.status == StatusCode::CONFLICT,
        preview: body::blocks(&prepared.preview()),
        action,
        errors: form.errors,
        frame: staff.frame(app, CHARTS),
    };
    Ok((form.status, html(page.render())?).into_response())
}

async fn prepare(
    app: &AppState,
    staff: &StaffSession,
    chart: ChartId,
    chosen: Chosen,
) -> Result<Prepared, PageError> {
    let sender = staff.name.clone();
    let read = move |c: &mut crate::platform::db::Scoped<'_>| actions::prepare(c, &chart, &sender, &chosen);
    app.db.read(&staff.scope, read).await?.ok_or(PageError::NotFound)
}

/// What a template still needs for this chart.
pub(super) async fn page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, id)): Path<(String, String)>,
    Query(asked): Query<InLanguage>,
) -> PageResult {
    let place = Place::of_chart(&app, &staff, &chart).await?;
    let template: TemplateId = id.parse().map_err(|_| PageError::NotFound)?;
    let chosen = Chosen { template, language: asked.language.parse().ok() };
    let prepared = prepare(&app, &staff, place.chart, chosen).await?;
    let answers = first_answers(&staff, &prepared);
    let form = Form { mark: String::new(), answers, errors: FieldErrors::new(), status: StatusCode::OK };
    show(&app, &staff, &place, &prepared, form)
}

pub(super) fn answer_in_words(words: Words, wrong: AnswerWrong) -> String {
    match wrong {
        AnswerWrong::Missing => words.get("templates-answer-missing"),
        AnswerWrong::Text(error) => text_error(words, error),
        AnswerWrong::NoDay => words.get("templates-answer-no-day"),
        AnswerWrong::Past => words.get("templates-answer-past"),
    }
}

/// Makes the document; next, staff choose who sees it.
pub(super) async fn make(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, id)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: FillForm = staff.form(&body)?;
    let place = Place::of_chart(&app, &staff, &chart).await?;
    let template: TemplateId = id.parse().map_err(|_| PageError::NotFound)?;
    let language: Language = form.language.parse().map_err(|_| PageError::BadRequest)?;
    let number: i32 = form.number.parse().map_err(|_| PageError::BadRequest)?;
    let chosen = Chosen { template, language: Some(language) };
    let prepared = prepare(&app, &staff, place.chart, chosen).await?;
    let keys = prepared.questions.iter().map(Blank::key);
    let filling = Filling {
        chart: place.chart,
        template,
        number: Some(number),
        language: Some(language),
        answers: keys.zip(form.answer.iter().cloned()).collect::<BTreeMap<_, _>>(),
    };
    let who = format!("{}/{}", staff.staff_id, place.chart);
    let mark = FormToken::read("template-document", &who, &form.mark, &body)?;
    let by = staff.by();
    let made = app
        .db
        .write(&staff.scope, move |c| {
            made_once(c, &mark, |c| Ok(actions::make(c, &by, &filling)?.map(|id| id.to_string())))
        })
        .await?;
    let (answers, status, errors) = match made {
        Ok(id) => {
            app.live.chart_changed(staff.scope.id(), &place.chart);
            return Ok(next_after(&place.chart, &id, prepared.version.label));
        }
        // Another text is used by now, and it may ask other questions.
        Err(NotMade::Stale) => (first_answers(&staff, &prepared), StatusCode::CONFLICT, FieldErrors::new()),
        Err(NotMade::Missing(_)) => (form.answer, StatusCode::UNPROCESSABLE_ENTITY, FieldErrors::new()),
        Err(NotMade::Wrong(wrong)) => {
            let mut errors = FieldErrors::new();
            for (at, blank) in prepared.questions.iter().enumerate() {
                if let Some((_, why)) = wrong.iter().find(|(of, _)| of == blank) {
                    errors.add(&format!("answer-{}", at + 1), answer_in_words(staff.words, *why));
                }
            }
            (form.answer, StatusCode::UNPROCESSABLE_ENTITY, errors)
        }
        Err(NotMade::NotFound) => return Err(PageError::NotFound),
        Err(NotMade::Refused(why)) => return Err(refused(why)),
    };
    show(&app, &staff, &place, &prepared, Form { mark: form.mark, answers, errors, status })
}

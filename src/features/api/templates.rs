//! `/api/v1/templates`: a program of the practice reads the templates that are used, and makes a document of one.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::ApiCaller;
use super::charts::id;
use super::document_json::DocumentJson;
use super::documents::{done, field, refused};
use super::idempotency::{Answer, Done, Once, once};
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::documents::merge;
use crate::features::documents::template_actions::{self, AnswerWrong, Filling, NotMade};
use crate::features::documents::template_store::{self as store, Template, TemplateText, TemplateVersion};
use crate::features::people;
use crate::kernel::ids::ChartId;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// What a template says in one language.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TemplateTextJson {
    /// `en` or `es`.
    pub language: String,
    /// The title of a document made of it.
    pub title: String,
    /// Its text, with blanks such as `{{client_name}}`.
    pub text: String,
    /// What `answers` must have: `clinician_name` (the id of a staff member), `authorization_expiry` (`YYYY-MM-DD`), the
    /// other `authorization_…`, and `ask:…`.
    pub asks: Vec<String>,
}

/// A template in the version that is used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TemplateJson {
    /// The template.
    #[schema(format = "uuid")]
    pub id: String,
    /// What the practice calls it.
    pub name: String,
    /// The number of the version that is used.
    pub version: i32,
    /// As of a document.
    pub kind: String,
    /// As of a document.
    pub label: Option<String>,
    /// A text a language.
    pub texts: Vec<TemplateTextJson>,
}

/// The templates that are used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TemplateList {
    /// In the order of their names.
    pub templates: Vec<TemplateJson>,
}

/// A document to be made of a template.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FromTemplateJson {
    /// The template.
    #[schema(format = "uuid")]
    pub template: String,
    /// `en` or `es`; left out: the language of the chart's owner, else the practice's.
    pub language: Option<String>,
    /// An answer for each of the text's `asks`.
    pub answers: BTreeMap<String, String>,
}

fn text_of(text: &TemplateText) -> TemplateTextJson {
    let pieces = merge::parse(&text.body).unwrap_or_default();
    let is_asked = |blank: &&merge::Blank| {
        !matches!(
            blank.source(),
            merge::Source::FaceSheet(_) | merge::Source::Profile(_) | merge::Source::Given
        )
    };
    TemplateTextJson {
        language: text.language.to_string(),
        title: text.title.clone(),
        text: text.body.clone(),
        asks: merge::blanks(&pieces).into_iter().filter(is_asked).map(merge::Blank::key).collect(),
    }
}

fn template_of(template: &Template, version: &TemplateVersion, texts: &[TemplateText]) -> TemplateJson {
    TemplateJson {
        id: template.template_id.to_string(),
        name: template.name.clone(),
        version: version.number,
        kind: version.kind.to_string(),
        label: version.label.map(|label| label.to_string()),
        texts: texts.iter().map(text_of).collect(),
    }
}

fn used(c: &mut Scoped<'_>) -> Result<Vec<TemplateJson>, Fault> {
    let mut found = Vec::new();
    for template in store::all(c)? {
        let (None, Some(number)) = (template.retired_at, template.published_number) else { continue };
        let Some(version) = store::version_of(c, &template.template_id, number)? else { continue };
        let texts = store::texts_of(c, &template.template_id, number)?;
        found.push(template_of(&template, &version, &texts));
    }
    Ok(found)
}

/// List the templates that are used, each in its published version.
#[utoipa::path(get, path = "/api/v1/templates", tag = "Documents", operation_id = "listTemplates",
    responses((status = 200, description = "The templates", body = TemplateList), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller) -> ApiResult {
    let templates = app.db.read(&caller.scope, used).await?;
    Ok(Answer::ok(TemplateList { templates })?.into_response())
}

fn wrong(why: AnswerWrong) -> &'static str {
    match why {
        AnswerWrong::Missing => "is missing, or nobody of these",
        AnswerWrong::Text(_) => "is too long, or cannot be shown",
        AnswerWrong::NoDay => "is no day (YYYY-MM-DD)",
        AnswerWrong::Past => "is over",
    }
}

/// `~` and `/` as a JSON pointer writes them (RFC 6901).
fn pointer(key: &str) -> String {
    format!("/answers/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// What is wrong with answers, each at its own place.
pub(super) fn wrong_answers(answers: &[(merge::Blank, AnswerWrong)]) -> Problem {
    Problem::fields(answers.iter().map(|(blank, why)| (pointer(&blank.key()), wrong(*why).to_owned())))
}

fn not_made(why: NotMade) -> Problem {
    match why {
        NotMade::NotFound => field("template", "no template of this id is used"),
        NotMade::Stale => problem::NOT_FOUND.into(),
        NotMade::Missing(names) => Problem::fields(
            names.iter().map(|name| ("/template".to_owned(), format!("{name} is not on file"))),
        ),
        NotMade::Wrong(answers) => wrong_answers(&answers),
        NotMade::Refused(why) => refused(why),
    }
}

fn filling(chart: ChartId, asked: FromTemplateJson) -> Result<Filling, Problem> {
    let template = asked.template.parse().map_err(|_| field("template", "no template of this id is used"))?;
    let language = match asked.language.as_deref() {
        None => None,
        Some(word) => Some(word.parse().map_err(|_| field("language", "`en` or `es`"))?),
    };
    Ok(Filling { chart, template, number: None, language, answers: asked.answers })
}

/// Make a document of a template. Its values are frozen. Nobody sees it before it is shared.
///
/// What is not on file, and each answer that is missing, is an error of its own; nothing is made half filled.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/documents/from-template", tag = "Documents",
    operation_id = "createFromTemplate",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = FromTemplateJson,
    responses((status = 201, description = "The document, with its ETag and Location", body = DocumentJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn make(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let asked = json::read(&caller, &body).and_then(|asked| filling(chart, asked));
    let by = caller.by();
    once(&app, &caller, &body, move |_, c| {
        if !people::is_chart(c, &chart)? {
            return Ok(Err(problem::NOT_FOUND.into()));
        }
        let filling = granted!(asked.as_ref().map_err(Problem::clone));
        let id = granted!(template_actions::make(c, &by, filling)?.map_err(not_made));
        let Done { answer, chart } = done(c, &id)?;
        Ok(Ok(Done { answer: answer.created_at(format!("/api/v1/documents/{id}")), chart }))
    })
    .await
}

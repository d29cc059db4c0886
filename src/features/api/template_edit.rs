//! `/api/v1/templates`: a program of the practice writes templates, publishes and retires them, as its staff do.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::ApiCaller;
use super::charts::id;
use super::documents::field;
use super::idempotency::{Answer, Once, once_here};
use super::json;
use super::precondition::must_match;
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::access::permission::Label;
use crate::features::documents::merge::{self, LONGEST_QUESTION, MOST_BLANKS, Wrong};
use crate::features::documents::template_actions::{
    self as actions, AfterSave, Draft, DraftText, LONGEST_NAME, NotSaved, Seen, Use,
};
use crate::features::documents::template_store::{self as store, TemplateText};
use crate::features::documents::{DocumentKind, LARGEST_BODY, LONGEST_TITLE, is_never_shared};
use crate::kernel::ids::TemplateId;
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::Language;
use crate::platform::state::AppState;

/// What a template says in one language.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftTextJson {
    /// `en` or `es`.
    pub language: String,
    /// The title of a document made of it: 1 to 120 characters, without blanks.
    pub title: String,
    /// Its text, with blanks such as `{{client_name}}`; at most 200 KiB.
    pub text: String,
}

/// A template as it was written last, published or not.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TemplateDraftJson {
    /// The template.
    #[schema(format = "uuid")]
    pub id: String,
    /// What the practice calls it.
    pub name: String,
    /// The number of the version that stands here.
    pub version: i32,
    /// The number of the version that is used; null before the first is published.
    pub published_version: Option<i32>,
    /// Whether nobody uses it any more.
    pub retired: bool,
    /// As of a document.
    pub kind: String,
    /// As of a document.
    pub label: Option<String>,
    /// A text a language.
    pub texts: Vec<DraftTextJson>,
}

/// What happens to what is saved.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThenJson {
    /// It is a draft, and what is used stays.
    #[default]
    Keep,
    /// It is checked, and used from now on.
    Publish,
}

impl ThenJson {
    fn after(self) -> AfterSave {
        match self {
            Self::Keep => AfterSave::Wait,
            Self::Publish => AfterSave::Publish,
        }
    }
}

/// A template to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTemplateJson {
    /// What the practice calls it: 1 to 80 characters.
    pub name: String,
    /// As of a document.
    pub kind: String,
    /// As of a document; not that of a note that is never shared.
    pub label: Option<String>,
    /// One or more, each language once.
    pub texts: Vec<DraftTextJson>,
    /// `keep` (left out) or `publish`.
    #[serde(default)]
    pub then: ThenJson,
}

/// What changes of a template; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeTemplateJson {
    /// As of a new one.
    pub name: Option<String>,
    /// As of a new one.
    pub kind: Option<String>,
    /// As of a new one; empty for none.
    pub label: Option<String>,
    /// All of them.
    pub texts: Option<Vec<DraftTextJson>>,
    /// `keep` (left out) or `publish`.
    pub then: ThenJson,
}

fn shown(c: &mut Scoped<'_>, id: &TemplateId) -> Result<Option<Answer>, Fault> {
    let Some(template) = store::find(c, id)? else { return Ok(None) };
    let number = template.newest_number;
    let version = store::version_of(c, id, number)?
        .ok_or_else(|| Fault::Damaged(format!("template {id} has no newest version")))?;
    let text = |text: TemplateText| DraftTextJson {
        language: text.language.to_string(),
        title: text.title,
        text: text.body,
    };
    let json = TemplateDraftJson {
        id: id.to_string(),
        name: template.name.clone(),
        version: number,
        published_version: template.published_number,
        retired: template.retired_at.is_some(),
        kind: version.kind.to_string(),
        label: version.label.map(|label| label.to_string()),
        texts: store::texts_of(c, id, number)?.into_iter().map(text).collect(),
    };
    Ok(Some(Answer::ok(json)?.version(template.version)))
}

fn shown_after(c: &mut Scoped<'_>, id: &TemplateId) -> Result<Answer, Fault> {
    shown(c, id)?.ok_or_else(|| Fault::Damaged(format!("template {id} was saved and is not there")))
}

fn name_of(typed: &str) -> Result<String, Problem> {
    let name = text::line(typed, LONGEST_NAME).ok().filter(|name| !name.is_empty());
    name.ok_or_else(|| field("name", format!("1 to {LONGEST_NAME} characters")))
}

fn kind_of(word: &str) -> Result<DocumentKind, Problem> {
    word.parse().map_err(|_| field("kind", "no kind of a document"))
}

fn label_of(word: &str) -> Result<Option<Label>, Problem> {
    if word.is_empty() {
        return Ok(None);
    }
    let label: Label = word.parse().map_err(|_| field("label", "no label"))?;
    if is_never_shared(Some(label)) {
        return Err(field("label", "a document with this label is never shared, so no template has it"));
    }
    Ok(Some(label))
}

fn text_of((at, asked): (usize, &DraftTextJson)) -> Result<DraftText, Problem> {
    let wrong = |name: &str, why: String| field(&format!("texts/{at}/{name}"), why);
    let language: Language =
        asked.language.parse().map_err(|_| wrong("language", "`en` or `es`".to_owned()))?;
    let title = match text::line(&asked.title, LONGEST_TITLE) {
        Ok(title) if title.is_empty() => return Err(wrong("title", "is missing".to_owned())),
        Ok(title) if title.contains("{{") => return Err(wrong("title", "a title has no blanks".to_owned())),
        Ok(title) => title,
        Err(error) => return Err(wrong("title", error.to_string())),
    };
    let body = match text::lines(&asked.text, LARGEST_BODY) {
        Ok(body) if body.trim().is_empty() => return Err(wrong("text", "is missing".to_owned())),
        Ok(body) if body.len() > LARGEST_BODY => {
            return Err(wrong("text", format!("more than {LARGEST_BODY} bytes")));
        }
        Ok(body) => body,
        Err(error) => return Err(wrong("text", error.to_string())),
    };
    Ok(DraftText { language, title, body })
}

fn texts_of(asked: &[DraftTextJson]) -> Result<Vec<DraftText>, Problem> {
    let texts = asked.iter().enumerate().map(text_of).collect::<Result<Vec<_>, _>>()?;
    let is_twice =
        |(at, text): (usize, &DraftText)| texts[..at].iter().any(|of| of.language == text.language);
    if texts.is_empty() || texts.iter().enumerate().any(is_twice) {
        return Err(field("texts", "one or more, each language once"));
    }
    Ok(texts)
}

fn fault(why: &Wrong) -> String {
    match why {
        Wrong::Unknown(name) => format!("there is no blank {{{{{name}}}}}"),
        Wrong::Unclosed(text) => format!("a blank begins at {{{{{text} and does not end on the same line"),
        Wrong::Question => format!("a question to the sender needs 1 to {LONGEST_QUESTION} characters"),
        Wrong::TooMany => format!("at most {MOST_BLANKS} blanks"),
        Wrong::Lacks(name) => format!("the law asks an authorization for {}", name.written()),
    }
}

/// A draft that is to be used says nothing that cannot be filled.
fn publishable(draft: Draft, after: AfterSave) -> Result<Draft, Problem> {
    if after == AfterSave::Wait {
        return Ok(draft);
    }
    let wrong: Vec<(String, String)> = draft
        .texts
        .iter()
        .enumerate()
        .flat_map(|(at, text)| {
            let faults = merge::faults(draft.kind, &text.body);
            faults.into_iter().map(move |why| (format!("/texts/{at}/text"), fault(&why)))
        })
        .collect();
    if wrong.is_empty() { Ok(draft) } else { Err(Problem::fields(wrong)) }
}

fn not_saved(why: NotSaved) -> Problem {
    match why {
        NotSaved::NotFound => problem::NOT_FOUND.into(),
        NotSaved::Stale => problem::PRECONDITION_FAILED.into(),
        NotSaved::TooMany => field("name", "there are too many templates"),
        NotSaved::LifeCycle(_) => problem::RETIRED.into(),
    }
}

/// Read a template as it was written last, published or not.
#[utoipa::path(get, path = "/api/v1/templates/{template}", tag = "Documents", operation_id = "readTemplate",
    params(("template" = String, Path, description = "The template's id")),
    responses((status = 200, description = "The template, with its ETag", body = TemplateDraftJson), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn read(State(app): State<AppState>, caller: ApiCaller, Path(template): Path<String>) -> ApiResult {
    let template: TemplateId = id(&template)?;
    let found = app.db.read(&caller.scope, move |c| shown(c, &template)).await?;
    Ok(found.ok_or(problem::NOT_FOUND)?.into_response())
}

fn draft_of(asked: NewTemplateJson) -> Result<(Draft, AfterSave), Problem> {
    let after = asked.then.after();
    let draft = Draft {
        name: name_of(&asked.name)?,
        kind: kind_of(&asked.kind)?,
        label: label_of(asked.label.as_deref().unwrap_or_default())?,
        texts: texts_of(&asked.texts)?,
    };
    Ok((publishable(draft, after)?, after))
}

/// Make a template: a draft, or published at once.
#[utoipa::path(post, path = "/api/v1/templates", tag = "Documents", operation_id = "createTemplate",
    params(Once), request_body = NewTemplateJson,
    responses((status = 201, description = "The template, with its ETag and Location", body = TemplateDraftJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn create(State(app): State<AppState>, caller: ApiCaller, body: Bytes) -> ApiResult {
    let draft: Result<(Draft, AfterSave), Problem> = json::read(&caller, &body).and_then(draft_of);
    let by = caller.by();
    once_here(&app, &caller, &body, move |_, c| {
        let (draft, after) = granted!(draft.as_ref().map_err(Problem::clone));
        let id = granted!(actions::save(c, &by, None, draft, *after)?.map_err(not_saved));
        Ok(Ok(shown_after(c, &id)?.created_at(format!("/api/v1/templates/{id}"))))
    })
    .await
}

/// What a template is to say, over what it says now.
fn changed(
    c: &mut Scoped<'_>,
    id: &TemplateId,
    asked: &ChangeTemplateJson,
) -> Result<Result<Draft, Problem>, Fault> {
    let Some(template) = store::find(c, id)? else { return Ok(Err(problem::NOT_FOUND.into())) };
    let Some(version) = store::version_of(c, id, template.newest_number)? else {
        return Err(Fault::Damaged(format!("template {id} has no newest version")));
    };
    let texts = match &asked.texts {
        Some(texts) => granted!(texts_of(texts)),
        None => {
            let text = |of: TemplateText| DraftText { language: of.language, title: of.title, body: of.body };
            store::texts_of(c, id, template.newest_number)?.into_iter().map(text).collect()
        }
    };
    let draft = Draft {
        name: granted!(asked.name.as_deref().map_or(Ok(template.name), name_of)),
        kind: granted!(asked.kind.as_deref().map_or(Ok(version.kind), kind_of)),
        label: granted!(asked.label.as_deref().map_or(Ok(version.label), label_of)),
        texts,
    };
    Ok(publishable(draft, asked.then.after()))
}

/// Write a template's next version, and publish it where that is asked for. What was made of it stays as it is.
#[utoipa::path(patch, path = "/api/v1/templates/{template}", tag = "Documents", operation_id = "changeTemplate",
    params(("template" = String, Path, description = "The template's id"),
        ("If-Match" = String, Header, description = "The ETag that was read"), Once),
    request_body = ChangeTemplateJson,
    responses((status = 200, description = "The template, with its ETag", body = TemplateDraftJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn change(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(template): Path<String>,
    body: Bytes,
) -> ApiResult {
    let template: TemplateId = id(&template)?;
    let asked: Result<ChangeTemplateJson, Problem> = json::read(&caller, &body);
    let (by, headers) = (caller.by(), caller.headers.clone());
    once_here(&app, &caller, &body, move |_, c| {
        let Some(now) = store::find(c, &template)? else { return Ok(Err(problem::NOT_FOUND.into())) };
        granted!(must_match(&headers, now.version));
        let asked = granted!(asked.as_ref().map_err(Problem::clone));
        let draft = granted!(changed(c, &template, asked)?);
        let seen = Seen { template, version: now.version };
        granted!(actions::save(c, &by, Some(seen), &draft, asked.then.after())?.map_err(not_saved));
        Ok(Ok(shown_after(c, &template)?))
    })
    .await
}

async fn set_use(app: &AppState, caller: &ApiCaller, template: &str, body: &Bytes, to: Use) -> ApiResult {
    let template: TemplateId = id(template)?;
    let json::NothingJson {} = json::read_or_default(caller, body)?;
    let by = caller.by();
    once_here(app, caller, body, move |_, c| {
        match actions::set_use(c, &by, &template, to)? {
            // It stands as was asked for.
            Ok(()) | Err(NotSaved::LifeCycle(_)) => Ok(Ok(shown_after(c, &template)?)),
            Err(why) => Ok(Err(not_saved(why))),
        }
    })
    .await
}

/// Take a template out of use. What was made of it stays.
#[utoipa::path(post, path = "/api/v1/templates/{template}/retire", tag = "Documents", operation_id = "retireTemplate",
    params(("template" = String, Path, description = "The template's id"), Once),
    request_body = super::json::NothingJson,
    responses((status = 200, description = "The template, with its ETag", body = TemplateDraftJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn retire(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(template): Path<String>,
    body: Bytes,
) -> ApiResult {
    set_use(&app, &caller, &template, &body, Use::Retire).await
}

/// Put a template back in use.
#[utoipa::path(post, path = "/api/v1/templates/{template}/restore", tag = "Documents", operation_id = "restoreTemplate",
    params(("template" = String, Path, description = "The template's id"), Once),
    request_body = super::json::NothingJson,
    responses((status = 200, description = "The template, with its ETag", body = TemplateDraftJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn restore(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(template): Path<String>,
    body: Bytes,
) -> ApiResult {
    set_use(&app, &caller, &template, &body, Use::Restore).await
}

//! The pages on which staff keep templates: the list, and one to write, publish and retire.

use askama::Template as _;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::access::permission::Label;
use crate::features::documents::actions::{LARGEST_BODY, LONGEST_TITLE};
use crate::features::documents::fill_pages::language_name;
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::library_page::LIBRARY;
use crate::features::documents::lifecycle::is_never_shared;
use crate::features::documents::merge::{
    self, LONGEST_QUESTION, MOST_BLANKS, MergeName, OF_AN_AUTHORIZATION, Wrong,
};
use crate::features::documents::staff_forms::{Options, text_error};
use crate::features::documents::template_actions::{
    self as actions, AfterSave, Draft, DraftText, LONGEST_NAME, NotSaved, Seen, Use,
};
use crate::features::documents::template_store::{self as store, Template, TemplateText, TemplateVersion};
use crate::features::staff::StaffSession;
use crate::kernel::ids::TemplateId;
use crate::kernel::text;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Stamp, Words};
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Colour and word of a template's tag.
fn tag_of(words: Words, template: &Template) -> (&'static str, String) {
    let (tone, key) = match (template.retired_at, template.published_number) {
        (Some(_), _) => ("stopped", "templates-state-retired"),
        (None, None) => ("waiting", "templates-state-draft"),
        (None, Some(_)) if template.standing().has_draft() => ("waiting", "templates-state-changed"),
        (None, Some(_)) => ("good", "templates-state-published"),
    };
    (tone, words.get(key))
}

/// A line of the library.
pub(super) struct Line {
    pub href: String,
    pub name: String,
    /// Colour and word.
    pub tag: (&'static str, String),
    pub changed: Stamp,
    pub by: String,
}

#[derive(askama::Template)]
#[template(path = "features/documents/templates/template_list.html")]
struct ListPage {
    frame: StaffFrame,
    lines: Vec<Line>,
}

/// Every template.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let templates = app.db.read(&staff.scope, store::all).await?;
    let now = app.now();
    let line = |template: Template| Line {
        href: format!("/staff/templates/{}", template.template_id),
        tag: tag_of(staff.words, &template),
        changed: staff.words.stamp(template.changed_at, &staff.zone, now),
        name: template.name,
        by: template.changed_by_name,
    };
    let lines = templates.into_iter().map(line).collect();
    html(ListPage { frame: staff.frame(&app, LIBRARY), lines }.render())
}

#[derive(serde::Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
struct EditForm {
    mark: String,
    version: String,
    name: String,
    kind: String,
    label: String,
    title_en: String,
    body_en: String,
    title_es: String,
    body_es: String,
    act: String,
}

/// The word of the button that publishes.
const PUBLISH: &str = "publish";

impl EditForm {
    fn of(template: &Template, version: &TemplateVersion, texts: &[TemplateText]) -> Self {
        let mut form = Self {
            version: template.version.to_string(),
            name: template.name.clone(),
            kind: version.kind.word().to_owned(),
            label: version.label.map(|label| label.word().to_owned()).unwrap_or_default(),
            ..Self::default()
        };
        for text in texts {
            let (title, body) = form.fields_of(text.language);
            text.title.clone_into(title);
            text.body.clone_into(body);
        }
        form
    }

    fn fields_of(&mut self, language: Language) -> (&mut String, &mut String) {
        match language {
            Language::English => (&mut self.title_en, &mut self.body_en),
            Language::Spanish => (&mut self.title_es, &mut self.body_es),
        }
    }

    fn after(&self) -> AfterSave {
        if self.act == PUBLISH { AfterSave::Publish } else { AfterSave::Wait }
    }

    /// The title and the text that were typed in one language; `None` where nothing was.
    fn typed(&self, language: Language) -> Option<(&str, &str)> {
        let (title, body) = match language {
            Language::English => (&self.title_en, &self.body_en),
            Language::Spanish => (&self.title_es, &self.body_es),
        };
        let is_empty = title.trim().is_empty() && body.trim().is_empty();
        (!is_empty).then_some((title.as_str(), body.as_str()))
    }

    /// What was typed in one language; `None` where nothing was, or where something is wrong with it.
    fn text(
        &self,
        words: Words,
        (language, kind): (Language, Option<DocumentKind>),
        errors: &mut FieldErrors,
    ) -> Option<DraftText> {
        let (title, body) = self.typed(language)?;
        let mut wrong = |field: &str, why: String| errors.add(&format!("{field}_{language}"), why);
        let title = match text::line(title, LONGEST_TITLE) {
            Ok(title) if title.is_empty() => {
                wrong("title", words.get("documents-title-missing"));
                None
            }
            Ok(title) if title.contains("{{") => {
                wrong("title", words.get("templates-title-blank"));
                None
            }
            Ok(title) => Some(title),
            Err(error) => {
                wrong("title", text_error(words, error));
                None
            }
        };
        let body = match text::lines(body, LARGEST_BODY) {
            Ok(body) if body.is_empty() => {
                wrong("body", words.get("documents-body-missing"));
                None
            }
            Ok(body) if body.len() > LARGEST_BODY => {
                wrong("body", words.with1("documents-too-long", "most", LARGEST_BODY));
                None
            }
            Ok(body) => match self.faults(words, kind, &body) {
                faults if faults.is_empty() => Some(body),
                faults => {
                    wrong("body", faults.join("\n"));
                    None
                }
            },
            Err(error) => {
                wrong("body", text_error(words, error));
                None
            }
        };
        Some(DraftText { language, title: title?, body: body? })
    }

    /// What keeps a text from being published. What only an authorization must say is asked once the kind is known.
    fn faults(&self, words: Words, kind: Option<DocumentKind>, body: &str) -> Vec<String> {
        match self.after() {
            AfterSave::Publish => {
                let faults = merge::faults(kind.unwrap_or(DocumentKind::Other), body);
                faults.iter().map(|fault| fault_in_words(words, fault)).collect()
            }
            AfterSave::Wait => Vec::new(),
        }
    }

    fn check(&self, words: Words) -> Result<Draft, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = text::line(&self.name, LONGEST_NAME).ok().filter(|name| !name.is_empty());
        if name.is_none() {
            errors.add("name", words.with1("templates-name-wrong", "most", LONGEST_NAME));
        }
        let kind: Option<DocumentKind> = self.kind.parse().ok();
        if kind.is_none() {
            errors.add("kind", words.get("documents-kind-missing"));
        }
        let label: Option<Label> = self.label.parse().ok().filter(|label| !is_never_shared(Some(*label)));
        let text = |language: &Language| self.text(words, (*language, kind), &mut errors);
        let texts: Vec<DraftText> = Language::ALL.iter().filter_map(text).collect();
        if Language::ALL.iter().all(|language| self.typed(*language).is_none()) {
            errors.add("title_en", words.get("templates-text-missing"));
        }
        match (name, kind) {
            (Some(name), Some(kind)) if errors.is_empty() => Ok(Draft { name, kind, label, texts }),
            _ => Err(errors),
        }
    }
}

fn fault_in_words(words: Words, fault: &Wrong) -> String {
    match fault {
        Wrong::Unknown(name) => words.with1("templates-wrong-unknown", "name", format!("{{{{{name}}}}}")),
        Wrong::Unclosed(text) => words.with1("templates-wrong-unclosed", "text", format!("{{{{{text}")),
        Wrong::Question => words.with1("templates-wrong-question", "most", LONGEST_QUESTION),
        Wrong::TooMany => words.with1("templates-wrong-many", "most", MOST_BLANKS),
        Wrong::Lacks(name) => {
            words.with2("templates-wrong-lacks", "what", name.label(words), "blank", name.written())
        }
    }
}

struct Part {
    heading: String,
    title_field: String,
    body_field: String,
    title: String,
    body: String,
}

#[derive(askama::Template)]
#[template(path = "features/documents/templates/template_edit.html")]
struct EditPage {
    frame: StaffFrame,
    errors: FieldErrors,
    action: String,
    form: EditForm,
    /// None for a new one.
    tag: Option<(&'static str, String)>,
    is_new: bool,
    is_retired: bool,
    stale: bool,
    /// Which version is used, and since when.
    used: Option<String>,
    kinds: Options,
    labels: Options,
    parts: Vec<Part>,
    /// Each blank as it is written, and what it says.
    blanks: Vec<(String, String)>,
    ask: String,
    /// Those that an authorization must have.
    required: Vec<String>,
}

impl EditPage {
    /// What is wrong with a text speaks of the list of blanks: it is open then.
    fn shows_blanks(&self) -> bool {
        self.parts.iter().any(|part| self.errors.of(&part.body_field).is_some())
    }
}

/// A template as it stands.
struct Found {
    template: Template,
    version: TemplateVersion,
    texts: Vec<TemplateText>,
    used: Option<TemplateVersion>,
}

async fn find(app: &AppState, staff: &StaffSession, id: &str) -> Result<Found, PageError> {
    let id: TemplateId = id.parse().map_err(|_| PageError::NotFound)?;
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some(template) = store::find(c, &id)? else { return Ok(None) };
            let version = store::version_of(c, &id, template.newest_number)?
                .ok_or_else(|| Fault::Damaged(format!("template {id} has no newest version")))?;
            let used = match template.published_number {
                Some(number) => store::version_of(c, &id, number)?,
                None => None,
            };
            Ok(Some(Found {
                texts: store::texts_of(c, &id, template.newest_number)?,
                template,
                version,
                used,
            }))
        })
        .await?;
    found.ok_or(PageError::NotFound)
}

fn show(
    app: &AppState,
    staff: &StaffSession,
    found: Option<&Found>,
    form: EditForm,
    errors: FieldErrors,
    status: StatusCode,
) -> PageResult {
    let words = staff.words;
    let part = |language: &Language| {
        let (title, body) = match language {
            Language::English => (&form.title_en, &form.body_en),
            Language::Spanish => (&form.title_es, &form.body_es),
        };
        Part {
            heading: words.with1("templates-in-language", "language", language_name(words, *language)),
            title_field: format!("title_{language}"),
            body_field: format!("body_{language}"),
            title: title.clone(),
            body: body.clone(),
        }
    };
    let kind = |kind: &DocumentKind| (kind.word(), kind.label(words));
    let label = |label: &Label| (label.word(), words.get(&format!("documents-label-{label}")));
    let used = found.and_then(|found| {
        let version = found.used.as_ref()?;
        let date = words.date(version.published_at?, &staff.zone);
        let number = ("number", version.number.to_string());
        let name = ("name", version.published_by_name.clone());
        Some(words.with("templates-used", &[number, ("date", date), name]))
    });
    let page = EditPage {
        frame: staff.frame(app, LIBRARY),
        action: found.map_or_else(
            || "/staff/templates/new".to_owned(),
            |found| format!("/staff/templates/{}", found.template.template_id),
        ),
        tag: found.map(|found| tag_of(words, &found.template)),
        is_new: found.is_none(),
        is_retired: found.is_some_and(|found| found.template.retired_at.is_some()),
        stale: status == StatusCode::CONFLICT,
        used,
        kinds: std::iter::once(("", words.get("documents-choose-kind")))
            .chain(DocumentKind::ALL.iter().map(kind))
            .collect(),
        labels: std::iter::once(("", words.get("documents-label-none")))
            .chain(Label::ALL.iter().filter(|label| !is_never_shared(Some(**label))).map(label))
            .collect(),
        parts: Language::ALL.iter().map(part).collect(),
        blanks: MergeName::ALL.iter().map(|name| (name.written(), name.label(words))).collect(),
        ask: format!("{{{{ask:{}}}}}", words.get("templates-ask-example")),
        required: OF_AN_AUTHORIZATION.iter().map(|name| name.written()).collect(),
        errors,
        form,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form for a new one.
pub(super) async fn new_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let form = EditForm { mark: FormToken::fresh(app.rng.as_ref()), ..EditForm::default() };
    show(&app, &staff, None, form, FieldErrors::new(), StatusCode::OK)
}

fn next_after(id: &str, after: AfterSave) -> axum::response::Response {
    match after {
        AfterSave::Publish => see_other("/staff/templates?done=templates-published"),
        AfterSave::Wait => see_other(&format!("/staff/templates/{id}?done=templates-saved")),
    }
}

/// Makes it.
pub(super) async fn add(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: EditForm = staff.form(&body)?;
    let mark = FormToken::read("template", &staff.staff_id.to_string(), &form.mark, &body)?;
    let draft = match form.check(staff.words) {
        Ok(draft) => draft,
        Err(errors) => return show(&app, &staff, None, form, errors, StatusCode::UNPROCESSABLE_ENTITY),
    };
    let (by, after) = (staff.by(), form.after());
    let made = app
        .db
        .write(&staff.scope, move |c| {
            made_once(c, &mark, |c| Ok(actions::save(c, &by, None, &draft, after)?.map(|id| id.to_string())))
        })
        .await?;
    match made {
        Ok(id) => Ok(next_after(&id, after)),
        Err(_) => {
            let mut errors = FieldErrors::new();
            errors.add("form", staff.words.get("templates-too-many"));
            show(&app, &staff, None, form, errors, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

/// The form of one.
pub(super) async fn edit_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let found = find(&app, &staff, &id).await?;
    let form = EditForm::of(&found.template, &found.version, &found.texts);
    show(&app, &staff, Some(&found), form, FieldErrors::new(), StatusCode::OK)
}

/// Saves it.
pub(super) async fn save(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: EditForm = staff.form(&body)?;
    let found = find(&app, &staff, &id).await?;
    let version: i64 = form.version.parse().map_err(|_| PageError::BadRequest)?;
    let draft = match form.check(staff.words) {
        Ok(draft) => draft,
        Err(errors) => {
            return show(&app, &staff, Some(&found), form, errors, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    let seen = Seen { template: found.template.template_id, version };
    let (by, after) = (staff.by(), form.after());
    match app.db.write(&staff.scope, move |c| actions::save(c, &by, Some(seen), &draft, after)).await? {
        Ok(_) => Ok(next_after(&id, after)),
        Err(NotSaved::Stale) => {
            // What was typed stays, with the new version: whoever saves again has been told.
            let now = find(&app, &staff, &id).await?;
            let form = EditForm { version: now.template.version.to_string(), ..form };
            show(&app, &staff, Some(&now), form, FieldErrors::new(), StatusCode::CONFLICT)
        }
        Err(NotSaved::LifeCycle(_)) => Err(PageError::Stale),
        Err(NotSaved::NotFound | NotSaved::TooMany) => Err(PageError::NotFound),
    }
}

async fn set_use(app: &AppState, staff: &StaffSession, id: &str, body: &Bytes, to: Use) -> PageResult {
    let Nothing {} = staff.form(body)?;
    let template: TemplateId = id.parse().map_err(|_| PageError::NotFound)?;
    let by = staff.by();
    match app.db.write(&staff.scope, move |c| actions::set_use(c, &by, &template, to)).await? {
        // A second click: it stands as was asked for.
        Ok(()) | Err(NotSaved::LifeCycle(_)) => {}
        Err(NotSaved::Stale) => return Err(PageError::Stale),
        Err(NotSaved::NotFound | NotSaved::TooMany) => return Err(PageError::NotFound),
    }
    let done = match to {
        Use::Retire => "templates-retired",
        Use::Restore => "templates-restored",
    };
    Ok(see_other(&format!("/staff/templates/{id}?done={done}")))
}

/// Takes it out of use.
pub(super) async fn retire(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    set_use(&app, &staff, &id, &body, Use::Retire).await
}

/// Puts it back into use.
pub(super) async fn restore(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    set_use(&app, &staff, &id, &body, Use::Restore).await
}

//! Change Ownership: the list of what it does to whom, and the confirmation of that list.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::acts;
use super::chart_access::path;
use super::notes::{NotesOnFile, NotesShown, notes_on_file};
use super::wording::{open_in_words, refusal_in_words, tag_of};
use crate::features::access::actions::{self, Act, ActName, Authority, Refused, Target};
use crate::features::access::owner_preview::{AuthorityRule, Held, OwnerPreview, PersonChange};
use crate::features::access::store::GrantRole;
use crate::features::people::{CHARTS, Viewer, load_file};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, PersonId};
use crate::kernel::text;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right};
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a reason, and of who allowed it.
const REASON: usize = 200;

/// Whom the chooser names.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    to: String,
}

/// One right of one person.
struct RightLine {
    label: String,
    before: String,
    after: String,
}

/// What the change is for one person, in words.
struct Part {
    name: String,
    /// What they are to the chart, before and afterwards.
    role: String,
    /// Nothing is different, or what happens besides the rights.
    notes: Vec<String>,
    /// The rights that are different.
    rights: Vec<RightLine>,
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/change_owner.html")]
struct Page {
    frame: StaffFrame,
    errors: FieldErrors,
    chart: ChartId,
    client: String,
    title: String,
    to: PersonId,
    /// What staff noted about court orders and safety.
    on_file: NotesShown,
    /// The hash of what is shown.
    preview: String,
    parts: Vec<Part>,
    /// Are the reason and who allowed it asked for, or only possible?
    needs_authority: bool,
    /// What marks a field that may stay empty; empty where both are needed.
    optional: String,
    reason: String,
    authorised_by: String,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Input {
    to: String,
    preview: String,
    reason: String,
    authorised_by: String,
}

fn role_word(words: Words, role: GrantRole) -> String {
    words.get(&format!("access-preview-role-{}", role.word().replace('_', "-")))
}

fn part(words: Words, change: &PersonChange) -> Part {
    let level = |level: Level| words.get(&format!("access-level-{level}"));
    let held = |held: &Held| {
        let (role, state) = (role_word(words, held.role), tag_of(words, held.phase).text);
        words.with2("access-preview-held", "role", role, "state", state)
    };
    let rights = Right::ALL
        .iter()
        .map(|right| (right, change.levels(*right)))
        .filter(|(_, (before, after))| before != after)
        .map(|(right, (before, after))| RightLine {
            label: words.get(&format!("access-right-{right}")),
            before: level(before),
            after: level(after),
        })
        .collect();
    let mut notes: Vec<String> = change
        .consequences
        .iter()
        .map(|what| words.get(&format!("access-preview-{}", what.word().replace('_', "-"))))
        .collect();
    if change.is_nothing() {
        notes.push(words.get("access-preview-unchanged"));
    }
    if let Some(later) = &change.after.once_registered {
        notes.push(words.with1("access-preview-once-registered", "rights", open_in_words(words, later)));
    }
    let now = change.before.as_ref().map_or_else(|| words.get("access-preview-no-access"), held);
    let role = if change.before.as_ref() == Some(&change.after) {
        now
    } else {
        words.with2("access-preview-becomes", "before", now, "after", held(&change.after))
    };
    Part { name: change.name.clone(), role, notes, rights }
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    preview: &OwnerPreview,
    (client, on_file): (String, &NotesOnFile),
    input: Input,
    (status, errors): (StatusCode, FieldErrors),
) -> PageResult {
    let words = staff.words;
    let name = preview.people.iter().find(|change| change.person == preview.to);
    let name = name.map(|change| change.name.clone()).unwrap_or_default();
    let page = Page {
        frame: staff.frame(app, CHARTS),
        errors,
        chart: preview.chart,
        client,
        title: words.with1("access-preview-title", "name", name),
        to: preview.to,
        on_file: on_file.shown(app, staff),
        preview: preview.sha256(),
        parts: preview.people.iter().map(|change| part(words, change)).collect(),
        needs_authority: preview.authority == AuthorityRule::Needed,
        optional: match preview.authority {
            AuthorityRule::Needed => String::new(),
            AuthorityRule::NotNeeded => words.get("optional"),
        },
        reason: input.reason,
        authorised_by: input.authorised_by,
    };
    Ok((status, html(askama::Template::render(&page))?).into_response())
}

/// The list as it is true now, with the client's name.
async fn look(
    app: &AppState,
    staff: &StaffSession,
    chart: ChartId,
    to: PersonId,
) -> Result<((String, NotesOnFile), Result<OwnerPreview, Refused>), PageError> {
    let (inside, by, viewer) = (app.clone(), staff.by(), Viewer::of(app, staff));
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some(file) = load_file(c, &chart)? else { return Ok(None) };
            let preview = actions::preview_owner(&inside, c, &by, &chart, &to)?;
            let on_file = notes_on_file(c, viewer, &file)?;
            Ok(Some(((file.client.full_name(), on_file), preview)))
        })
        .await?;
    found.ok_or(PageError::NotFound)
}

/// Shows what the change would do to whom.
pub async fn ask(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let Ok(to) = asked.to.parse::<PersonId>() else {
        let error = staff.words.get("access-owner-missing");
        return acts::ask_again(&app, &staff, &id, ActName::ChangeOwner, (StatusCode::OK, "to", error)).await;
    };
    match look(&app, &staff, id, to).await? {
        ((client, on_file), Ok(preview)) => {
            let errors = (StatusCode::OK, FieldErrors::new());
            page(&app, &staff, &preview, (client, &on_file), Input::default(), errors)
        }
        (_, Err(Refused::NotFound)) => Err(PageError::NotFound),
        (_, Err(refused)) => {
            let error = refusal_in_words(staff.words, &staff.zone, app.now(), &refused);
            acts::ask_again(&app, &staff, &id, ActName::ChangeOwner, (StatusCode::OK, "form", error)).await
        }
    }
}

/// Does it, if the list that was confirmed is still true.
pub async fn perform(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let input: Input = staff.form(&body)?;
    // Whoever is nobody is no contact of the chart, if there is such a chart.
    let to: PersonId = input.to.parse().unwrap_or(PersonId::NIL);
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    let words = staff.words;
    let mut status = wrong;
    let mut errors = FieldErrors::new();
    let mut line = |field: &str, typed: &str| {
        text::line(typed, REASON).unwrap_or_else(|_| {
            errors.add(field, words.with1("access-reason-wrong", "most", REASON));
            String::new()
        })
    };
    let (reason, authorised_by) =
        (line("reason", &input.reason), line("authorised_by", &input.authorised_by));
    if errors.is_empty() {
        let (authority, seen) = (Authority::of(reason, authorised_by), Some(input.preview.clone()));
        let act = Act::ChangeOwner { to, authority, seen };
        match actions::act(&app, &staff.scope, staff.by(), Target::Owner(id), act).await? {
            Ok(_) => return Ok(see_other(&format!("{}?done=access-change-owner", path(&id)))),
            Err(Refused::NotFound) => return Err(PageError::NotFound),
            Err(Refused::NeedsAuthority) => {
                for (field, typed, key) in [
                    ("reason", &input.reason, "access-owner-reason-missing"),
                    ("authorised_by", &input.authorised_by, "access-owner-authorised-missing"),
                ] {
                    if typed.trim().is_empty() {
                        errors.add(field, words.get(key));
                    }
                }
            }
            Err(refused @ Refused::PreviewChanged(_)) => {
                status = StatusCode::CONFLICT;
                errors.add("form", refusal_in_words(words, &staff.zone, app.now(), &refused));
            }
            Err(refused) => {
                let error = refusal_in_words(words, &staff.zone, app.now(), &refused);
                return acts::ask_again(&app, &staff, &id, ActName::ChangeOwner, (wrong, "form", error))
                    .await;
            }
        }
    }
    match look(&app, &staff, id, to).await? {
        ((client, on_file), Ok(preview)) => {
            page(&app, &staff, &preview, (client, &on_file), input, (status, errors))
        }
        (_, Err(refused)) => {
            let error = refusal_in_words(words, &staff.zone, app.now(), &refused);
            acts::ask_again(&app, &staff, &id, ActName::ChangeOwner, (wrong, "form", error)).await
        }
    }
}

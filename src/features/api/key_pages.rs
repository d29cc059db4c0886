//! Where administrators make and revoke keys to the API.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::features::access::When;
use crate::features::staff::StaffSession;
use crate::features::staff::api_keys::{self as keys, ApiKey};
use crate::kernel::ids::KeyId;
use crate::kernel::text;
use crate::platform::i18n::Words;
use crate::platform::permissions::Scope;
use crate::platform::state::AppState;
use crate::platform::web::errors::{html, see_other};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult};

/// Keys for the API.
pub(super) const API_KEYS: Section = Section("/staff/api-keys");

/// Longest name.
const MOST_IN_A_NAME: usize = 60;

/// A key in the list.
struct Line {
    id: String,
    name: String,
    scopes: String,
    by: String,
    made: When,
    used: Option<When>,
    revoked: Option<When>,
}

struct Choice {
    word: &'static str,
    label: String,
    chosen: bool,
}

#[derive(askama::Template)]
#[template(path = "features/api/templates/keys.html")]
struct KeysPage {
    frame: StaffFrame,
    lines: Vec<Line>,
    /// The text of the key that was just made.
    fresh: Option<(String, String)>,
    /// What was typed.
    typed_name: String,
    choices: Vec<Choice>,
    errors: FieldErrors,
}

#[derive(askama::Template)]
#[template(path = "features/api/templates/key_revoke.html")]
struct RevokePage {
    frame: StaffFrame,
    id: String,
    name: String,
}

fn scope_label(words: Words, scope: Scope) -> String {
    words.get(&format!("api-scope-{}", scope.word().replace(':', "-")))
}

async fn keys_page(
    app: &AppState,
    staff: &StaffSession,
    fresh: Option<(String, String)>,
    form: &KeyForm,
    errors: FieldErrors,
) -> PageResult {
    let found = app.db.read(&staff.scope, keys::all).await?;
    let (words, now) = (staff.words, app.now());
    let when = |moment| When::new(words, &staff.zone, moment, now);
    let line = |key: ApiKey| Line {
        id: key.key_id.to_string(),
        scopes: key.scopes().into_iter().map(|s| scope_label(words, s)).collect::<Vec<_>>().join(", "),
        name: key.name,
        by: key.created_by_name,
        made: when(key.created_at),
        used: key.last_used_at.map(when),
        revoked: key.revoked_at.map(when),
    };
    let is_wrong = !errors.is_empty();
    let page = KeysPage {
        frame: staff.frame(app, API_KEYS),
        lines: found.into_iter().map(line).collect(),
        fresh,
        typed_name: form.name.clone(),
        choices: Scope::ALL
            .iter()
            .map(|scope| Choice {
                word: scope.word(),
                label: scope_label(words, *scope),
                chosen: form.scopes.iter().any(|s| s == scope.word()),
            })
            .collect(),
        errors,
    };
    let page = html(askama::Template::render(&page))?;
    Ok(if is_wrong { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}

/// The keys, and a form for a new one.
pub async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    keys_page(&app, &staff, None, &KeyForm::default(), FieldErrors::new()).await
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyForm {
    name: String,
    scopes: Vec<String>,
}

/// Makes a key. This answer alone shows its secret: a redirect would have to
/// carry it in an address or keep it. Sent twice, the form finds the name taken.
pub async fn make(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: KeyForm = staff.form(&body)?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let name = text::line(&form.name, MOST_IN_A_NAME).unwrap_or_default();
    if name.is_empty() {
        errors.add("name", words.get("api-key-wrong-name"));
    }
    let scopes: Vec<Scope> =
        Scope::ALL.iter().copied().filter(|s| form.scopes.iter().any(|word| word == s.word())).collect();
    if scopes.is_empty() {
        errors.add("scopes", words.get("api-key-wrong-scopes"));
    }
    if !errors.is_empty() {
        return keys_page(&app, &staff, None, &form, errors).await;
    }
    let (by, named) = (staff.by(), name.clone());
    let made = app.db.write(&staff.scope, move |c| keys::make(c, &by, &named, &scopes)).await?;
    let Some((_, secret)) = made else {
        errors.add("name", words.get("api-key-wrong-taken"));
        return keys_page(&app, &staff, None, &form, errors).await;
    };
    let fresh = Some((name, keys::text_of(staff.scope.id(), &secret)));
    keys_page(&app, &staff, fresh, &KeyForm::default(), FieldErrors::new()).await
}

/// "Really?"
pub async fn confirm(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(key): Path<String>,
) -> PageResult {
    let id: KeyId = key.parse().map_err(|_| PageError::NotFound)?;
    let found = app.db.read(&staff.scope, move |c| keys::load(c, &id)).await?;
    let key = found.filter(|key| key.revoked_at.is_none()).ok_or(PageError::NotFound)?;
    let frame = staff.frame(&app, API_KEYS);
    html(askama::Template::render(&RevokePage { frame, id: key.key_id.to_string(), name: key.name }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeForm {}

/// Revokes a key; a second time changes nothing.
pub async fn revoke(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(key): Path<String>,
    body: Bytes,
) -> PageResult {
    let RevokeForm {} = staff.form(&body)?;
    let id: KeyId = key.parse().map_err(|_| PageError::NotFound)?;
    let by = staff.by();
    let there = app
        .db
        .write(&staff.scope, move |c| Ok(keys::revoke(c, &by, &id)? || keys::load(c, &id)?.is_some()))
        .await?;
    if !there {
        return Err(PageError::NotFound);
    }
    Ok(see_other("/staff/api-keys?done=api-key-revoked"))
}

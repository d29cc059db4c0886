//! Posting the registration form.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};

use super::form::{self, Input};
use super::link_source::{LinkSource, frame_for, spoken};
use super::{letter_code, link, welcome};
use crate::features::access::actions::{self, LinkView, RegisterOrder, Registered};
use crate::features::practice::PublicPractice;
use crate::kernel::secrets::{Secret, ShortCode, Token};
use crate::platform::passwords::{self, Known};
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, RawForm};
use crate::platform::web::session::{self, Audience};
use crate::platform::web::{PageError, PageResult, devices, drafts};

/// Tries that are left when a page begins to say so.
const WARN_FROM: i32 = 2;

/// By link.
pub async fn by_link(
    State(app): State<AppState>,
    practice: PublicPractice,
    Path((_, token)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let input: Input = RawForm::read(&body)?.typed()?;
    let Some(token) = Token::read(&token) else {
        return link::nowhere(&app, &practice, (&uri, &headers)).await;
    };
    post(&app, &practice, (&uri, &headers), LinkSource::Link(token), input).await
}

/// By a letter's code.
pub async fn by_code(
    State(app): State<AppState>,
    practice: PublicPractice,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let input: Input = RawForm::read(&body)?.typed()?;
    match ShortCode::read(&input.code) {
        Some(code) => post(&app, &practice, (&uri, &headers), LinkSource::Letter(code), input).await,
        None => letter_code::no_code(&app, &practice, input.code).await,
    }
}

async fn post(
    app: &AppState,
    practice: &PublicPractice,
    request: (&Uri, &HeaderMap),
    way: LinkSource,
    mut input: Input,
) -> PageResult {
    take_kept_password(app, practice, &mut input).await?;
    let view = way.look(app, practice).await?;
    let (expires_at, for_contact, has_account, zone) = match &view {
        LinkView::Open { expires_at, for_contact, has_account, zone, .. } => {
            (*expires_at, *for_contact, *has_account, zone.as_ref())
        }
        // A second click of the form that was just accepted gets the same success page; the action
        // knows it by its nonce.
        LinkView::Used(_) => (app.now(), false, input.is_existing(), None),
        _ => return link::show_state(app, practice, request, Some(&way), &view),
    };
    let frame = frame_for(app, practice, request, &view);
    let words = frame.words;
    let until = link::ends(words, practice, expires_at, zone);
    let language = spoken(&frame);
    let today = app.now().in_zone(&practice.zone).date();
    let again = async |errors: FieldErrors, notices: Vec<String>, existing: bool| {
        let mut form = link::fresh_form(app, practice, &way, for_contact, has_account).kept(&input);
        form.kept = keep_password(app, practice, &input, &errors).await;
        form.errors = errors;
        form.notices = notices;
        form.existing |= existing;
        form
    };
    // Turning to the other form checks nothing and costs nothing.
    if let Some(existing) = input.switches()
        && !matches!(view, LinkView::Used(_))
    {
        let mut form = again(FieldErrors::new(), vec![], existing).await;
        form.existing = existing || has_account;
        form.is_again = false;
        return link::show_form(frame, form, until, StatusCode::OK).map(drafts::unfinished);
    }
    let public = known_to_all(practice);
    let read = match form::read(words, for_contact, has_account, &input, (today, &public)) {
        Ok(read) => read,
        Err(_) if matches!(view, LinkView::Used(_)) => {
            return link::show_state(app, practice, request, Some(&way), &view);
        }
        Err(errors) => {
            let form = again(errors, vec![], false).await;
            return link::show_form(frame, form, until, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    let order = RegisterOrder {
        key: way.key(),
        last_name: read.last_name,
        birth_date: read.birth_date,
        credential: read.credential,
        nonce: input.nonce.clone(),
        language,
        ip_bucket: practice.ip_bucket.clone(),
        device: devices::read_cookie(&app.settings, Audience::Client, request.1),
        session: session::read_cookie(&app.settings, Audience::Client, request.1),
    };
    let came = actions::register(app, &practice.scope, practice.by_link(), order).await?;
    let (errors, notices, existing, status) = match came {
        Registered::Welcome { sign_in_name, .. } => {
            return Ok(welcome::lead_there(app, &practice.practice.slug, &sign_in_name, language));
        }
        Registered::NotOpen(view) => {
            return link::show_state(app, practice, request, Some(&way), &view);
        }
        Registered::Mismatch { left } => {
            let mut notices = vec![words.get("link-mismatch")];
            if left <= WARN_FROM {
                notices.push(words.count("link-mismatch-left", "count", i64::from(left)));
            }
            notices.push(words.with1("link-mismatch-next", "practice", &practice.practice.name));
            (FieldErrors::new(), notices, false, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Registered::HasSignIn => {
            let notices = vec![words.with1("link-has-sign-in", "practice", &practice.practice.name)];
            (FieldErrors::new(), notices, true, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Registered::WrongSignIn => {
            let mut errors = FieldErrors::new();
            errors.add("sign_in_password", words.get("link-wrong-sign-in"));
            (errors, vec![], true, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Registered::WeakPassword(key) => {
            let mut errors = FieldErrors::new();
            errors.add("password", words.get(&key));
            (errors, vec![], false, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Registered::TooManyTries => {
            let notices = vec![words.with1("link-too-many", "practice", &practice.practice.name)];
            (FieldErrors::new(), notices, false, StatusCode::TOO_MANY_REQUESTS)
        }
    };
    link::show_form(frame, again(errors, notices, existing).await, until, status)
}

/// What everybody knows who sees the page, so that a password with it is refused before the check.
fn known_to_all(practice: &PublicPractice) -> Known {
    Known { practice: practice.practice.name.clone(), ..Known::default() }
}

/// Whose a kept password is: the form's, by the random text that it carries through every try.
fn owner(input: &Input) -> String {
    format!("registration {}", input.nonce)
}

/// An empty password field beside a kept password means the kept one.
async fn take_kept_password(
    app: &AppState,
    practice: &PublicPractice,
    input: &mut Input,
) -> Result<(), PageError> {
    if !input.password.reveal().is_empty() {
        return Ok(());
    }
    let Some(token) = Token::read(&input.kept) else { return Ok(()) };
    let (inside, owner) = (app.clone(), owner(input));
    let kept = app.db.read(&practice.scope, move |c| drafts::find(&inside, c, &owner, &token)).await?;
    if let Some(password) = kept.and_then(|kept| String::from_utf8(kept.to_vec()).ok()) {
        input.password = Secret::new(password);
    }
    Ok(())
}

/// Keeps a password that met the rules for the next try, so that a slip in the name does not cost typing it
/// again. Empty if there is none to keep; a fault only means that it has to be typed again.
async fn keep_password(
    app: &AppState,
    practice: &PublicPractice,
    input: &Input,
    errors: &FieldErrors,
) -> String {
    let public = known_to_all(practice);
    let meets_the_rules = !input.password.reveal().is_empty()
        && errors.of("password").is_none()
        && passwords::weakness(&input.password, &public).is_none();
    if !meets_the_rules {
        return String::new();
    }
    let (inside, owner, password) = (app.clone(), owner(input), input.password.clone());
    let kept = app
        .db
        .write(&practice.scope, move |c| drafts::keep(&inside, c, &owner, password.reveal().as_bytes()))
        .await;
    match kept {
        Ok(token) => token.reveal().to_owned(),
        Err(fault) => {
            tracing::warn!(error = fault.chain(), "a password could not be kept for the next try");
            String::new()
        }
    }
}

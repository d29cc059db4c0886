//! One's own sign-in: language, password, where one is signed in.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::features::accounts::ClientAccount;
use crate::features::accounts::actions::{self, End, PasswordChanged};
use crate::features::accounts::email_change::EmailChangeState;
use crate::features::accounts::email_change_actions::{has_bounced, newest_of};
use crate::features::accounts::email_change_store::EmailChange;
use crate::features::accounts::sign_in_pages::unprocessable;
use crate::kernel::clock::Timestamp;
use crate::kernel::secrets::Secret;
use crate::platform::i18n::Language;
use crate::platform::state::AppState;
use crate::platform::web::browser;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::guard::ClientIp;
use crate::platform::web::nav::Section;
use crate::platform::web::session::{self, Audience, OpenSession};
use crate::platform::web::sign_in::Visitor;
use crate::platform::web::{PageError, PageResult, devices, html, see_other};

/// One's own sign-in.
pub const ME: Section = Section("/portal/me");

struct DeviceLine {
    name: String,
    seen: String,
    short: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "features/accounts/templates/me.html")]
struct Me {
    frame: ClientFrame,
    errors: FieldErrors,
    name: String,
    email: String,
    /// What waits to be confirmed from the new mailbox.
    waiting: Option<String>,
    /// That mail to the new address, or to the one that counts since lately, does not arrive.
    bounced: Option<String>,
    language: &'static str,
    /// That mails come in another language than the one that is chosen for the pages.
    language_hint: String,
    languages: Vec<(&'static str, &'static str)>,
    rule: String,
    devices: Vec<DeviceLine>,
    /// Is a chart in view that can be given up?
    may_leave: bool,
}

fn device_line(
    account: &ClientAccount,
    device: &OpenSession,
    now: Timestamp,
) -> Result<DeviceLine, PageError> {
    let words = account.words;
    let current = device.token_hash == account.session.token_hash;
    let name = browser::describe(words, &device.agent);
    let zone = account.practice()?.zone();
    let minutes = now.seconds_since(device.seen_at).max(0) / 60;
    let seen = if current || minutes < 2 {
        words.with1("portal-me-since", "moment", words.date_time(device.created_at, &zone))
    } else {
        words.with1("portal-me-seen", "moment", words.date_time(device.seen_at, &zone))
    };
    Ok(DeviceLine { name, seen, short: device.name().to_owned(), current })
}

/// What waits to be confirmed, and whether mail to the new address came back.
fn email_change_words(
    app: &AppState,
    account: &ClientAccount,
    change: Option<&EmailChange>,
    has_bounced: bool,
) -> Result<(Option<String>, Option<String>), PageError> {
    let Some(change) = change else { return Ok((None, None)) };
    let words = account.words;
    let practice = account.practice()?;
    let zone = practice.zone();
    let address = change.new_email.as_str().to_owned();
    let until = change.times().confirm_until();
    match change.state {
        EmailChangeState::Requested if app.now() < until => {
            let key = match change.asked_by_name.as_str() {
                "" => "portal-me-email-waiting",
                _ => "portal-me-email-waiting-staff",
            };
            let waiting = words.with(
                key,
                &[
                    ("date", words.date_time(change.requested_at, &zone)),
                    ("address", address.clone()),
                    ("until", words.date_time(until, &zone)),
                    ("practice", practice.name.clone()),
                ],
            );
            let bounced = has_bounced.then(|| words.with1("portal-me-email-bounced", "address", address));
            Ok((Some(waiting), bounced))
        }
        EmailChangeState::Confirmed if change.times().undo_until().is_some_and(|end| app.now() < end) => {
            Ok((None, has_bounced.then(|| words.with1("portal-me-email-new-bounced", "address", address))))
        }
        _ => Ok((None, None)),
    }
}

async fn page(app: &AppState, account: &ClientAccount, errors: FieldErrors) -> PageResult {
    let id = account.account.account_id.clone();
    let (devices, change, has_bounced) = app
        .db
        .read(&account.home, move |c| {
            let change = newest_of(c, &id)?;
            let has_bounced = match &change {
                Some(change) => has_bounced(c, change)?,
                None => false,
            };
            Ok((session::open_ones(c, Audience::Client, &id.to_string())?, change, has_bounced))
        })
        .await?;
    let (waiting, bounced) = email_change_words(app, account, change.as_ref(), has_bounced)?;
    let is_fine = errors.is_empty();
    let page = Me {
        frame: account.frame(app, ME)?,
        errors,
        name: account.account.sign_in_name.clone(),
        email: account.account.email.as_str().to_owned(),
        waiting,
        bounced,
        // Who has switched the pages keeps what they see when they save.
        language: account.words.language().word(),
        language_hint: if account.account.language() == account.words.language() {
            String::new()
        } else {
            account.words.get(&format!("portal-me-mails-in-{}", account.account.language()))
        },
        languages: Language::ALL.iter().map(|l| (l.word(), l.own_name())).collect(),
        rule: account.words.with1("portal-new-password-hint", "count", crate::platform::passwords::SHORTEST),
        devices: devices
            .iter()
            .map(|device| device_line(account, device, app.now()))
            .collect::<Result<_, _>>()?,
        may_leave: account.in_view.is_some(),
    };
    if is_fine { html(page.render()) } else { unprocessable(page.render()) }
}

/// My sign-in.
pub(super) async fn me(State(app): State<AppState>, account: ClientAccount) -> PageResult {
    page(&app, &account, FieldErrors::new()).await
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct LanguageForm {
    language: String,
}

/// Chooses the language of pages and mails.
pub(super) async fn language(State(app): State<AppState>, account: ClientAccount, body: Bytes) -> PageResult {
    let form: LanguageForm = account.form(&body)?;
    let language: Language = form.language.parse().map_err(|_| PageError::BadRequest)?;
    actions::set_language(&app, &account.home, account.account.account_id.clone(), language).await?;
    // `lang` also renews what this browser keeps, should it keep another choice.
    Ok(see_other(&format!("/portal/me?done=saved&lang={language}")))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    present: Secret,
    new: Secret,
}

/// The network address of a request, for counting.
pub(super) struct IpBucket(pub(super) String);

impl<S: Sync> axum::extract::FromRequestParts<S> for IpBucket {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<ClientIp>().map(|ip| ip.bucket()).unwrap_or_default()))
    }
}

/// Changes the password: whoever does knows the present one.
pub(super) async fn password(
    State(app): State<AppState>,
    IpBucket(ip_bucket): IpBucket,
    account: ClientAccount,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let form: PasswordForm = account.form(&body)?;
    let words = account.words;
    let mut errors = FieldErrors::new();
    if form.present.reveal().is_empty() {
        errors.add("present", words.get("portal-error-password-missing"));
    }
    if form.new.reveal().is_empty() {
        errors.add("new", words.get("portal-error-new-password-missing"));
    }
    if errors.is_empty() {
        let who = (account.account.clone(), account.grants.clone());
        let hash = account.session.token_hash.clone();
        let both = (form.present, form.new);
        let from = (account.source.as_str(), ip_bucket.as_str());
        let visitor = Visitor::read(&app.settings, Audience::Client, from, &headers);
        match actions::change_password(&app, &account.home, account.by(), visitor, hash, who, both).await? {
            PasswordChanged::Done(opened) => {
                let mut response = see_other("/portal/me?done=password-changed");
                let home = account.home.id();
                opened.set_cookies(&app.settings, Audience::Client, home, response.headers_mut());
                return Ok(response);
            }
            PasswordChanged::Wrong => errors.add("present", words.get("portal-error-present-password")),
            PasswordChanged::Weak(reason) => errors.add("new", words.get(reason)),
            PasswordChanged::Paused(until) => {
                let time = words.time(until, &account.practice()?.zone());
                errors.add("present", words.with1("portal-error-paused", "time", time));
            }
        }
    }
    page(&app, &account, errors).await
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct EndForm {
    session: String,
}

/// Ends one session elsewhere, or all of them.
pub(super) async fn end(
    State(app): State<AppState>,
    account: ClientAccount,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let form: EndForm = account.form(&body)?;
    let end = if form.session == "others" { End::Others } else { End::One(form.session) };
    let id = account.account.account_id.clone();
    let device = devices::read_cookie(&app.settings, Audience::Client, &headers);
    let here = (account.session.token_hash.clone(), device);
    actions::end_sessions(&app, &account.home, account.by(), id, here, end).await?;
    Ok(see_other("/portal/me?done=sessions-ended"))
}

//! Changing the e-mail address of a sign-in: asking for it, and the pages behind the links of its mails.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;

use crate::features::accounts::ClientAccount;
use crate::features::accounts::email_change_actions::{self as actions, EmailLink, LinkUsed, Requested};
use crate::features::accounts::me_pages::{IpBucket, ME};
use crate::features::accounts::session_pages::message;
use crate::features::accounts::sign_in_pages::unprocessable;
use crate::features::practice::PublicPractice;
use crate::kernel::email::{EmailAddress, EmailError};
use crate::kernel::secrets::{Secret, Token};
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, Nothing, RawForm};
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::session::Audience;
use crate::platform::web::sign_in::Visitor;
use crate::platform::web::{PageResult, html, see_other};

#[derive(Template)]
#[template(path = "features/accounts/templates/email.html")]
struct EmailPage {
    frame: ClientFrame,
    errors: FieldErrors,
    present: String,
    address: String,
}

/// The form for another address.
pub(super) async fn ask(State(app): State<AppState>, account: ClientAccount) -> PageResult {
    let page = EmailPage {
        frame: account.frame(&app, ME)?,
        errors: FieldErrors::new(),
        present: account.account.email.as_str().to_owned(),
        address: String::new(),
    };
    html(page.render())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AskForm {
    address: String,
    password: Secret,
}

/// Asks for another address.
pub(super) async fn request(
    State(app): State<AppState>,
    IpBucket(ip_bucket): IpBucket,
    account: ClientAccount,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let form: AskForm = account.form(&body)?;
    let words = account.words;
    let mut errors = FieldErrors::new();
    let address = EmailAddress::parse(&form.address);
    match &address {
        Ok(_) => {}
        Err(EmailError::Empty) => errors.add("address", words.get("portal-email-missing")),
        Err(EmailError::TooLong | EmailError::Malformed) => {
            errors.add("address", words.get("portal-email-malformed"));
        }
    }
    if form.password.reveal().is_empty() {
        errors.add("password", words.get("portal-error-password-missing"));
    }
    if let (Ok(address), true) = (address, errors.is_empty()) {
        let from = (account.source.as_str(), ip_bucket.as_str());
        let visitor = Visitor::read(&app.settings, Audience::Client, from, &headers);
        let (by, who) = (account.by(), account.account.clone());
        let typed = (form.password, address);
        match actions::request_by_holder(&app, &account.home, by, visitor, who, typed).await? {
            Requested::Sent => return Ok(see_other("/portal/me?done=email-asked")),
            Requested::Same => errors.add("address", words.get("portal-email-same")),
            Requested::Wrong => errors.add("password", words.get("portal-error-present-password")),
            Requested::SafeContact => errors.add("form", words.get("portal-email-ask-practice")),
            Requested::TooMany => errors.add("form", words.get("portal-email-too-many")),
            Requested::Paused(until) => {
                let time = words.time(until, &account.practice()?.zone());
                errors.add("password", words.with1("portal-error-paused", "time", time));
            }
        }
    }
    let page = EmailPage {
        frame: account.frame(&app, ME)?,
        errors,
        present: account.account.email.as_str().to_owned(),
        address: form.address.chars().take(254).collect(),
    };
    unprocessable(page.render())
}

/// The holder does not want another address any more.
pub(super) async fn cancel(State(app): State<AppState>, account: ClientAccount, body: Bytes) -> PageResult {
    let Nothing {} = account.form(&body)?;
    actions::cancel(&app, &account.home, account.by(), account.account.account_id).await?;
    Ok(see_other("/portal/me?done=email-canceled"))
}

#[derive(Template)]
#[template(path = "features/accounts/templates/email_link.html")]
struct LinkPage {
    frame: ClientFrame,
    errors: FieldErrors,
    token: String,
    title: String,
    lead: String,
    button: String,
    /// Does a new mailbox confirm, which takes the password?
    asks_password: bool,
    /// The sign-in name, for the browser's password manager.
    name: String,
}

fn over(app: &AppState, public: &PublicPractice) -> PageResult {
    let words = public.words;
    let text = (words.get("portal-email-over-title"), words.get("portal-email-over-text"));
    let to = format!("/{}/sign-in", public.practice.slug);
    message(public.client_frame(app), StatusCode::GONE, text, (to.as_str(), words.get("portal-mail-sign-in")))
}

fn link_page(
    app: &AppState,
    public: &PublicPractice,
    token: &Token,
    link: EmailLink,
    errors: FieldErrors,
) -> PageResult {
    let (which, change) = match link {
        EmailLink::Over => return over(app, public),
        EmailLink::Confirm(change) => ("confirm", change),
        EmailLink::Stop(change) => ("stop", change),
        EmailLink::Undo(change) => ("undo", change),
    };
    let (is_fine, asks_password, words) = (errors.is_empty(), which == "confirm", public.words);
    // Each mailbox reads its own address and no other.
    let address = if asks_password { &change.new_email } else { &change.old_email };
    let page = LinkPage {
        frame: public.client_frame(app),
        errors,
        token: token.reveal().to_owned(),
        title: words.get(&format!("portal-email-{which}-page")),
        lead: words.with1(&format!("portal-email-{which}-lead"), "address", address.as_str()),
        button: words.get(&format!("portal-email-{which}-button")),
        asks_password,
        name: if asks_password { change.old_name } else { String::new() },
    };
    if is_fine { html(page.render()) } else { unprocessable(page.render()) }
}

/// The page behind a link. Reads only, however often it is opened.
pub(super) async fn link(
    State(app): State<AppState>,
    public: PublicPractice,
    Path((_, token)): Path<(String, String)>,
) -> PageResult {
    let Some(token) = Token::read(&token) else { return over(&app, &public) };
    let link = actions::look(&app, &public.scope, &token).await?;
    link_page(&app, &public, &token, link, FieldErrors::new())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkForm {
    #[serde(default)]
    password: Option<Secret>,
}

/// Uses a link.
pub(super) async fn use_link(
    State(app): State<AppState>,
    public: PublicPractice,
    Path((_, token)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let form: LinkForm = RawForm::read(&body)?.typed()?;
    let Some(token) = Token::read(&token) else { return over(&app, &public) };
    let words = public.words;
    let is_empty = form.password.as_ref().is_some_and(|password| password.reveal().is_empty());
    let mut errors = FieldErrors::new();
    if is_empty {
        errors.add("password", words.get("portal-error-password-missing"));
    } else {
        let from = (public.source.as_str(), public.ip_bucket.as_str());
        let visitor = Visitor::read(&app.settings, Audience::Client, from, &headers);
        let sign_in = format!("/{}/sign-in", public.practice.slug);
        let forgot = format!("/{}/forgot", public.practice.slug);
        let done = |which: &str, name: &str| {
            let text = words.with1(&format!("portal-email-{which}-text"), "name", name);
            (words.get(&format!("portal-email-{which}-title")), text)
        };
        let to_sign_in = (sign_in.as_str(), words.get("portal-mail-sign-in"));
        let to_forgot = (forgot.as_str(), words.get("portal-email-new-password"));
        match actions::use_link(&app, &public.scope, visitor, token.clone(), form.password).await? {
            LinkUsed::Confirmed(name) => {
                return message(
                    public.client_frame(&app),
                    StatusCode::OK,
                    done("confirmed", &name),
                    to_sign_in,
                );
            }
            LinkUsed::Stopped => {
                return message(public.client_frame(&app), StatusCode::OK, done("stopped", ""), to_forgot);
            }
            LinkUsed::Undone(name) => {
                return message(public.client_frame(&app), StatusCode::OK, done("undone", &name), to_forgot);
            }
            LinkUsed::Over => return Ok(over(&app, &public)?.into_response()),
            LinkUsed::Wrong => errors.add("password", words.get("portal-error-present-password")),
            LinkUsed::Paused(until) => {
                let time = words.time(until, &public.zone);
                errors.add("password", words.with1("portal-error-paused", "time", time));
            }
        }
    }
    let link = actions::look(&app, &public.scope, &token).await?;
    link_page(&app, &public, &token, link, errors)
}

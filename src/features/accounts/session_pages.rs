//! Pages of the session itself: turning to another chart, how long the session lasts, signing out, and the
//! page that says one thing.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::features::accounts::{ClientAccount, actions};
use crate::kernel::ids::AccessId;
use crate::platform::state::AppState;
use crate::platform::web::forms::Nothing;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::session::{self, Audience};
use crate::platform::web::{PageError, PageResult, html, see_other, sign_in as pauses};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchForm {
    access: String,
    #[serde(default)]
    back: String,
}

/// Turns to another chart.
pub(super) async fn switch(State(app): State<AppState>, account: ClientAccount, body: Bytes) -> PageResult {
    let form: SwitchForm = account.form(&body)?;
    let access: AccessId = form.access.parse().map_err(|_| PageError::NotFound)?;
    if !account.grants.iter().any(|grant| grant.access_id == access) {
        return Err(PageError::NotFound);
    }
    actions::look_at(&app, &account.home, account.session.token_hash.clone(), access).await?;
    Ok(see_other(pauses::safe_back("/portal", &form.back).unwrap_or("/portal")))
}

/// Signs out: the session's row ends, and the browser is asked to delete what it kept (SES-05).
pub(super) async fn sign_out(State(app): State<AppState>, account: ClientAccount, body: Bytes) -> PageResult {
    let Nothing {} = account.form(&body)?;
    actions::sign_out(&app, &account.home, account.by(), account.session.token_hash.clone()).await?;
    let mut response = see_other(&format!("/{}/sign-in?done=signed-out", account.practice()?.slug));
    session::clear_site(&app.settings, Audience::Client, response.headers_mut());
    Ok(response)
}

/// For our script: how long the session lasts, and whose it is, so that a form that was typed before
/// a sign-in elsewhere can still be sent (A11-05).
pub(super) async fn standing(
    State(app): State<AppState>,
    account: ClientAccount,
) -> Result<Response, PageError> {
    // The chart in view is part of who somebody is here: a form typed for one child must not be
    // sent while looking at another.
    let view = account.in_view.and_then(|at| account.grants.get(at));
    let who = format!(
        "{}.{}",
        account.account.account_id,
        view.map_or_else(String::new, |grant| grant.access_id.to_string())
    );
    let standing = session::Standing {
        seconds: account.session.seconds_left(Audience::Client, app.now()),
        csrf: &account.token_in_view(),
        who: &who,
    };
    Ok(axum::Json(standing).into_response())
}

#[derive(Template)]
#[template(path = "features/accounts/templates/message.html")]
struct Message {
    frame: ClientFrame,
    title: String,
    text: String,
    href: String,
    link: String,
}

/// A page that says one thing and leads on.
pub fn message(
    frame: ClientFrame,
    status: StatusCode,
    (title, text): (String, String),
    (href, link): (&str, String),
) -> PageResult {
    let page = Message { frame, title, text, href: href.to_owned(), link };
    Ok((status, html(page.render())?).into_response())
}

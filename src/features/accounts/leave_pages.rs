//! "I no longer need this access": the holder of a grant gives it up. The practice can give it back.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;

use crate::features::access::actions::{self, Act, Target};
use crate::features::access::is_sole_owner;
use crate::features::accounts::me_pages::ME;
use crate::features::accounts::{ClientSession, ClientTicket, unprocessable};
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::session::{self, Audience};
use crate::platform::web::{PageError, PageResult, html, see_other};

#[derive(Template)]
#[template(path = "features/accounts/templates/leave.html")]
struct LeavePage {
    frame: ClientFrame,
    errors: FieldErrors,
    /// What ends.
    text: String,
    is_sure: bool,
    /// Is it asked a second time, because nobody else sees the chart in the portal?
    asks_again: bool,
}

fn page(app: &AppState, client: &ClientSession, form: &LeaveForm, errors: FieldErrors) -> LeavePage {
    let words = client.words;
    LeavePage {
        text: match &client.for_client {
            Some(name) => words.with1("portal-leave-text-other", "name", name),
            None => words.get("portal-leave-text-own"),
        },
        is_sure: form.sure.is_some(),
        asks_again: errors.of("nobody").is_some(),
        errors,
        frame: client.frame(app, ME),
    }
}

/// Asks.
pub(super) async fn ask(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, ()) = ticket.open(&app, |_, _| Ok(())).await?;
    html(page(&app, &client, &LeaveForm::default(), FieldErrors::new()).render())
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LeaveForm {
    sure: Option<String>,
    nobody: Option<String>,
}

/// Ends the access. Whoever is the only one to see the chart is asked twice.
pub(super) async fn leave(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let form: LeaveForm = client.form(&body)?;
    let (words, chart, access) = (client.words, client.chart_id, client.access_id);
    let mut errors = FieldErrors::new();
    if form.sure.is_none() {
        errors.add("sure", words.get("portal-leave-sure-missing"));
        return unprocessable(page(&app, &client, &form, errors).render());
    }
    if form.nobody.is_none() && app.db.read(&client.scope, move |c| is_sole_owner(c, &chart, &access)).await?
    {
        errors.add("nobody", words.get("portal-leave-nobody-missing"));
        return unprocessable(page(&app, &client, &form, errors).render());
    }
    let done = actions::act(&app, &client.scope, client.by(), Target::Grant(access), Act::Leave).await?;
    if done.is_err() {
        return Err(PageError::NotFound);
    }
    let mut response = see_other(&format!("/{}/sign-in?done=portal-left", client.practice.slug));
    session::clear_site(&app.settings, Audience::Client, response.headers_mut());
    Ok(response)
}

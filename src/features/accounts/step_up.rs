//! A client's password, asked once more before they sign.

use axum::http::HeaderMap;

use crate::features::accounts::session::ClientSession;
use crate::features::accounts::store;
use crate::kernel::secrets::Secret;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::session::Audience;
use crate::platform::web::sign_in::Visitor;
use crate::platform::web::step_up::{self, Holder, StepUp};

/// Is this the client's password?
pub async fn confirm_password(
    app: &AppState,
    client: &ClientSession,
    (ip_bucket, headers): (&str, &HeaderMap),
    password: &Secret,
) -> Result<StepUp, Fault> {
    let from = (client.source.as_str(), ip_bucket);
    let visitor = Visitor::read(&app.settings, Audience::Client, from, headers);
    let id = client.account_id;
    let find = move |c: &mut Scoped<'_>| {
        Ok(store::find(c, &id)?.map(|account| Holder {
            name_key: account.sign_in_key,
            subject: account.account_id.to_string(),
            hash: account.password_hash,
        }))
    };
    step_up::confirm(app, Audience::Client, &client.home, visitor, password, find).await
}

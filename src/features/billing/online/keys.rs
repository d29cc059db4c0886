//! The keys of a practice's account at the provider: sealed in the database, opened where they are used.

use super::store;
use crate::kernel::ids::PracticeId;
use crate::kernel::secrets::Secret;
use crate::platform::fault::Fault;
use crate::platform::pay::Account;
use crate::platform::state::App;

/// Where a sealed key stands.
pub(super) fn place(practice: &PracticeId, column: &str) -> String {
    format!("{practice}/provider_account/{column}")
}

fn opened(app: &App, practice: &PracticeId, column: &str, sealed: &[u8]) -> Result<Secret, Fault> {
    let bytes = app.keys.open(&place(practice, column), sealed)?;
    let text =
        String::from_utf8(bytes.to_vec()).map_err(|_| Fault::Damaged(format!("{column} is no text")))?;
    Ok(Secret::new(text))
}

/// The account's key, opened.
pub(super) fn account_of(
    app: &App,
    practice: &PracticeId,
    row: &store::ProviderAccount,
) -> Result<Account, Fault> {
    Ok(Account { key: opened(app, practice, "key", &row.sealed_key)?, mode: row.mode })
}

/// What signs the account's webhooks.
pub(super) fn secrets_of(
    app: &App,
    practice: &PracticeId,
    row: &store::ProviderAccount,
) -> Result<Vec<Secret>, Fault> {
    let mut secrets = vec![opened(app, practice, "secret", &row.sealed_secret)?];
    if let Some(next) = &row.sealed_next {
        secrets.push(opened(app, practice, "next", next)?);
    }
    Ok(secrets)
}

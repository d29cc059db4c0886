//! Keys to the API: a name, scopes, and the hash of a secret that is shown once.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use diesel::prelude::*;

use crate::features::staff::audit::ApiKeyAction;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{KeyId, PracticeId, StaffId};
use crate::kernel::secrets::Token;
use crate::platform::audit::{self, Actor, By, Event};
use crate::platform::db::Scoped;
use crate::platform::db::schema::api_key;
use crate::platform::fault::Fault;
use crate::platform::permissions::Scope;

/// A key, as staff and the extractor see it. The secret is nowhere.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = api_key)]
pub struct ApiKey {
    /// The key.
    pub key_id: KeyId,
    /// What the administrator called it.
    pub name: String,
    /// Its scopes, separated by spaces.
    pub scopes: String,
    /// Who made it.
    pub created_by_name: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// What it may do.
    pub fn scopes(&self) -> Vec<Scope> {
        self.scopes.split(' ').filter_map(|word| word.parse().ok()).collect()
    }

    /// May it do this?
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes().contains(&scope)
    }
}

/// Every text of a key begins so, so that it is recognised where it was left by accident.
const MARK: &str = "anteroom";

/// The text that an integrator puts into the Authorization header. It names its practice, because
/// every look-up begins with one.
pub fn text_of(practice: &PracticeId, secret: &Token) -> String {
    let id = URL_SAFE_NO_PAD.encode(practice.as_bytes());
    format!("{MARK}.{id}.{}", secret.reveal())
}

/// Reads a key's text.
pub fn read(text: &str) -> Option<(PracticeId, Token)> {
    let mut parts = text.trim().splitn(3, '.');
    let (mark, practice, secret) = (parts.next()?, parts.next()?, parts.next()?);
    if mark != MARK {
        return None;
    }
    let id = uuid::Uuid::from_slice(&URL_SAFE_NO_PAD.decode(practice).ok()?).ok()?;
    Some((id.to_string().parse().ok()?, Token::read(secret)?))
}

/// The key with this secret, unless revoked.
pub fn find(c: &mut Scoped<'_>, secret: &Token) -> Result<Option<ApiKey>, Fault> {
    c.rows(api_key::table)
        .filter(api_key::key_hash.eq(secret.hash()))
        .filter(api_key::revoked_at.is_null())
        .select(ApiKey::as_select())
        .optional(c)
}

/// Every key, the newest first; revoked ones too, so that "who could read this then" has an answer.
pub fn all(c: &mut Scoped<'_>) -> Result<Vec<ApiKey>, Fault> {
    c.rows(api_key::table)
        .order((api_key::created_at.desc(), api_key::key_id.desc()))
        .select(ApiKey::as_select())
        .load(c)
}

/// The keys that a staff member made and that still open the API, by name.
pub fn live_of(c: &mut Scoped<'_>, staff: &StaffId) -> Result<Vec<ApiKey>, Fault> {
    c.rows(api_key::table)
        .filter(api_key::created_by.eq(staff.clone()))
        .filter(api_key::revoked_at.is_null())
        .order((api_key::name.asc(), api_key::key_id.asc()))
        .select(ApiKey::as_select())
        .load(c)
}

/// One key.
pub fn load(c: &mut Scoped<'_>, id: &KeyId) -> Result<Option<ApiKey>, Fault> {
    c.rows(api_key::table).filter(api_key::key_id.eq(id.clone())).select(ApiKey::as_select()).optional(c)
}

/// Makes a key. `None` when a live key of this name is there already: a form sent twice makes one
/// key, because the second secret would be shown to nobody who asked for it.
pub fn make(
    c: &mut Scoped<'_>,
    by: &By,
    name: &str,
    scopes: &[Scope],
) -> Result<Option<(KeyId, Token)>, Fault> {
    let same: i64 = c
        .rows(api_key::table)
        .filter(api_key::name.eq(name))
        .filter(api_key::revoked_at.is_null())
        .count(c)?;
    if same > 0 {
        return Ok(None);
    }
    let (id, secret) = (KeyId::fresh(c.rng(), c.now()), Token::fresh(c.rng()));
    let words: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
    c.insert(
        api_key::table,
        (
            api_key::key_id.eq(id.clone()),
            api_key::name.eq(name),
            api_key::key_hash.eq(secret.hash()),
            api_key::scopes.eq(words.join(" ")),
            api_key::created_by.eq(match &by.actor {
                Actor::Staff(staff, _) => Some(staff.clone()),
                _ => None,
            }),
            api_key::created_by_name.eq(by.actor.name()),
            api_key::created_at.eq(c.now()),
        ),
    )?;
    let details = serde_json::json!({ "key": id, "scopes": words });
    audit::record(c, Event::new(by.clone(), ApiKeyAction::Created).with(details))?;
    Ok(Some((id, secret)))
}

/// Revokes a key, from the next request on; `false` if there is no such live key.
pub fn revoke(c: &mut Scoped<'_>, by: &By, id: &KeyId) -> Result<bool, Fault> {
    let now = c.now();
    let changed = c
        .rows(api_key::table)
        .filter(api_key::key_id.eq(id.clone()))
        .filter(api_key::revoked_at.is_null())
        .set(api_key::revoked_at.eq(now))
        .execute(c)?;
    if changed == 1 {
        let details = serde_json::json!({ "key": id });
        audit::record(c, Event::new(by.clone(), ApiKeyAction::Revoked).with(details))?;
    }
    Ok(changed == 1)
}

/// Notes that a key was used.
pub fn touch(c: &mut Scoped<'_>, id: &KeyId) -> Result<(), Fault> {
    let now = c.now();
    c.rows(api_key::table)
        .filter(api_key::key_id.eq(id.clone()))
        .set(api_key::last_used_at.eq(now))
        .execute(c)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::SystemRng;

    #[test]
    fn a_keys_text_names_its_practice_and_is_read_back() {
        let practice = PracticeId::fresh(&SystemRng, Timestamp::from_micros(1_796_137_200_000_000));
        let secret = Token::fresh(&SystemRng);
        let text = text_of(&practice, &secret);
        let (read_practice, read_secret) = read(&text).unwrap();
        assert_eq!((read_practice, read_secret.hash()), (practice, secret.hash()));
        for odd in [
            "",
            "anteroom",
            "anteroom..",
            "other.a.b",
            &text[..text.len() - 4],
            &text.replace("anteroom", "x"),
        ] {
            assert!(read(odd).is_none(), "{odd}");
        }
    }
}

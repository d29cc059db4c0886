//! Who calls: the holder of a key. A handler that takes an [`ApiCaller`] is only reached by a key
//! whose scopes include what the route needs.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::problem::{self, Problem};
use crate::features::practice::{self, Practice};
use crate::features::staff::api_keys::{self as keys, ApiKey};
use crate::kernel::ids::KeyId;
use crate::platform::audit::{Actor, By};
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::Needs;
use crate::platform::state::AppState;
use crate::platform::web::routes::Declared;

/// Requests a minute without a valid key, from one network address. A key cannot be guessed; the limit
/// protects the log and the database from tries. Requests with a valid key do not count.
const STRANGERS_PER_MINUTE: u32 = 60;

/// A last use is written down at most this often, so that reading does not write each time.
const TOUCH_SECONDS: i64 = 60;

/// A request that is sent again with the same value gets the first one's answer.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Headers that may come once at most: with two, a proxy may have read the one and we the other.
const ONE_OF_EACH: &[&str] = &["authorization", "content-type", IDEMPOTENCY_KEY, "if-match"];

/// Who calls, and for which practice.
#[derive(Clone, Debug)]
pub struct ApiCaller {
    /// The practice, opened by the key.
    pub scope: PracticeScope,
    /// Its row.
    pub practice: Practice,
    /// The key.
    pub key: KeyId,
    /// Its name.
    pub name: String,
    /// The network address of the request.
    pub source: String,
    /// Words for details.
    pub words: Words,
    /// Method and path, for the Idempotency-Key.
    pub asked: String,
    /// The request's headers.
    pub headers: HeaderMap,
}

impl ApiCaller {
    /// Who acts, for actions and audit.
    pub fn by(&self) -> By {
        By { actor: Actor::ApiKey(self.key.clone(), self.name.clone()), source: self.source.clone() }
    }

    /// A header's text, where it is there and is text.
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }
}

/// Takes a token from a bucket; if it is empty, that is the answer.
fn turned_away(app: &AppState, bucket: &str, per_minute: u32) -> Option<Problem> {
    let wait = app.buckets.take(bucket, per_minute, app.now()).err()?;
    metrics::counter!("anteroom_api_turned_away_total").increment(1);
    Some(Problem::from(problem::TOO_MANY_REQUESTS).after(wait))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

impl FromRequestParts<AppState> for ApiCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        if let Some(name) =
            ONE_OF_EACH.iter().find(|name| parts.headers.get_all(**name).iter().nth(1).is_some())
        {
            return Err(
                Problem::from(problem::MALFORMED).saying(format!("There is more than one {name} header."))
            );
        }
        let (source, address) = practice::source_of(parts);
        let unknown = || {
            turned_away(app, &format!("api-stranger/{address}"), STRANGERS_PER_MINUTE)
                .unwrap_or_else(|| problem::UNAUTHORIZED.into())
        };
        let (practice_id, secret) = bearer(&parts.headers).and_then(keys::read).ok_or_else(unknown)?;
        // The practice in the key's text is only where to look; the key's row proves it (AUZ-02).
        let scope = PracticeScope::named_by_key(practice_id);
        let found: Option<(ApiKey, Practice)> = app
            .db
            .read(&scope, move |c| {
                let Some(key) = keys::find(c, &secret)? else { return Ok(None) };
                let practice = practice::load(c)?;
                Ok(practice.suspended_at.is_none().then_some((key, practice)))
            })
            .await?;
        let (key, practice) = found.ok_or_else(unknown)?;
        let bucket = format!("api-key/{}", key.key_id);
        if let Some(problem) = turned_away(app, &bucket, app.settings.api_per_minute) {
            return Err(problem);
        }
        match parts.extensions.get::<Declared>() {
            Some(Declared { needs: Needs::ApiKey(scope), .. }) if key.may(*scope) => {}
            Some(Declared { needs: Needs::ApiKey(scope), .. }) => {
                return Err(Problem::from(problem::FORBIDDEN).with("needs", scope.word()));
            }
            other => {
                tracing::error!(needs = ?other, "an API route that does not say which scope it needs");
                return Err(problem::FORBIDDEN.into());
            }
        }
        let now = app.now();
        if key.last_used_at.is_none_or(|last| last.is_over_for(TOUCH_SECONDS, now)) {
            let id = key.key_id.clone();
            let noted = app.db.write(&scope, move |c| keys::touch(c, &id)).await;
            noted.or_else(Fault::ignore_if_unavailable)?;
        }
        let accepted = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
        let method: &Method = &parts.method;
        Ok(Self {
            scope,
            practice,
            key: key.key_id,
            name: key.name,
            source,
            words: Words::of(Language::accepted(accepted, Language::English)),
            asked: format!("{method} {}", parts.uri.path()),
            headers: parts.headers.clone(),
        })
    }
}

//! Idempotency-Key: a request that is sent again gets the first one's answer, and does nothing twice.

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::caller::ApiCaller;
use super::problem::{self, ApiResult, Problem};
use crate::kernel::clock::Moment;
use crate::kernel::ids::KeyId;
use crate::kernel::secrets::sha256_hex;
use crate::platform::db::Scoped;
use crate::platform::db::schema::idempotent_request as kept;
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::state::AppState;

/// The request's header.
pub const HEADER: &str = "idempotency-key";
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key.
const LONGEST: usize = 128;
/// Seconds after which a request without an answer counts as interrupted.
const INTERRUPTED: i64 = 60;

/// A successful answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Where the new thing stands.
    pub location: Option<String>,
    /// Its version.
    pub etag: Option<String>,
    /// JSON.
    pub body: Value,
}

impl Answer {
    /// 200 with this body.
    pub fn ok(body: impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_value(body)
            .map_err(|e| Problem::from(Fault::other(format!("writing an answer: {e}"))))?;
        Ok(Self { status: 200, body, ..Self::default() })
    }

    /// With a version.
    pub fn version(mut self, version: i64) -> Self {
        self.etag = Some(etag(version));
        self
    }

    /// 201, at this address.
    pub fn created_at(mut self, location: String) -> Self {
        self.status = 201;
        self.location = Some(location);
        self
    }
}

/// A version as an entity tag.
pub fn etag(version: i64) -> String {
    format!("\"v{version}\"")
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let kind = if self.status >= 400 { "application/problem+json" } else { "application/json" };
        let mut response =
            (status, [(header::CONTENT_TYPE, HeaderValue::from_static(kind))], self.body.to_string())
                .into_response();
        for (name, value) in [(header::LOCATION, self.location), (header::ETAG, self.etag)] {
            if let Some(value) = value.and_then(|v| HeaderValue::from_str(&v).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

enum Begun {
    First,
    Again(Answer),
    Refused(problem::Kind),
}

/// Does the work once for an Idempotency-Key. Without one it is simply done. The work runs to its
/// end even if the caller hangs up, so that its answer is there for the second try.
pub async fn once<F>(app: &AppState, caller: &ApiCaller, body: &Bytes, work: F) -> ApiResult
where
    F: Future<Output = Result<Answer, Problem>> + Send + 'static,
{
    let Some(key) = caller.headers.get(HEADER) else {
        return work.await.map(IntoResponse::into_response);
    };
    let key = key.to_str().unwrap_or_default().to_owned();
    if key.is_empty() || key.len() > LONGEST {
        return Err(Problem::from(problem::MALFORMED).saying("An Idempotency-Key has 1 to 128 characters."));
    }
    let hash = sha256_hex(&[caller.asked.as_bytes(), b"\n", body].concat());
    let begun = {
        let (id, key) = (caller.key.clone(), key.clone());
        app.db.write(&caller.scope, move |c| begin(c, &id, &key, &hash)).await?
    };
    match begun {
        Begun::Refused(kind) => return Err(kind.into()),
        Begun::Again(answer) => {
            let mut response = answer.into_response();
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            return Ok(response);
        }
        Begun::First => {}
    }
    let (app, caller) = (app.clone(), caller.clone());
    let done = tokio::spawn(async move {
        let outcome = work.await;
        // What a fault left undone may be tried again with the same key.
        let answer = match &outcome {
            Ok(answer) => Some(answer.clone()),
            Err(problem) if problem.kind().status < 500 => {
                Some(Answer { status: problem.kind().status, body: problem.body(), ..Answer::default() })
            }
            Err(_) => None,
        };
        let id = caller.key.clone();
        app.db.write(&caller.scope, move |c| finish(c, &id, &key, answer.as_ref())).await?;
        outcome
    });
    match done.await {
        Ok(outcome) => outcome.map(IntoResponse::into_response),
        Err(error) => Err(Fault::Ended(error.to_string()).into()),
    }
}

fn begin(c: &mut Scoped<'_>, id: &KeyId, key: &str, hash: &str) -> Result<Begun, Fault> {
    let found: Option<(String, Option<i32>, Option<String>, Moment)> = kept::table
        .filter(kept::practice_id.eq(c.practice().clone()))
        .filter(kept::key_id.eq(id.clone()))
        .filter(kept::idempotency_key.eq(key))
        .select((kept::request_hash, kept::status, kept::body, kept::created_at))
        .first(c.conn)
        .optional()?;
    let Some((first_hash, status, body, at)) = found else {
        let inserted = diesel::insert_into(kept::table)
            .values((
                kept::practice_id.eq(c.practice().clone()),
                kept::key_id.eq(id.clone()),
                kept::idempotency_key.eq(key),
                kept::request_hash.eq(hash),
                kept::created_at.eq(c.now()),
            ))
            .execute(c.conn);
        return match inserted {
            Ok(_) => Ok(Begun::First),
            // Two at once: this one looks again and finds the other's row.
            Err(error) if is_duplicate(&error) => Err(Fault::Database(diesel::result::Error::DatabaseError(
                diesel::result::DatabaseErrorKind::SerializationFailure,
                Box::new("one Idempotency-Key twice at once".to_owned()),
            ))),
            Err(error) => Err(error.into()),
        };
    };
    if first_hash != hash {
        return Ok(Begun::Refused(problem::KEY_REUSED));
    }
    match (status, body) {
        (Some(_), Some(body)) => serde_json::from_str(&body)
            .map(Begun::Again)
            .map_err(|_| Fault::Damaged("a kept answer cannot be read".into())),
        _ if c.now().seconds_since(at) < INTERRUPTED => Ok(Begun::Refused(problem::IN_FLIGHT)),
        _ => Ok(Begun::Refused(problem::OUTCOME_UNKNOWN)),
    }
}

fn finish(c: &mut Scoped<'_>, id: &KeyId, key: &str, answer: Option<&Answer>) -> Result<(), Fault> {
    let practice = c.practice().clone();
    let row = kept::table
        .filter(kept::practice_id.eq(practice))
        .filter(kept::key_id.eq(id.clone()))
        .filter(kept::idempotency_key.eq(key.to_owned()));
    match answer {
        Some(answer) => {
            let body = serde_json::to_string(answer).map_err(|e| Fault::other(e.to_string()))?;
            diesel::update(row)
                .set((kept::status.eq(Some(i32::from(answer.status))), kept::body.eq(Some(body))))
                .execute(c.conn)?;
        }
        None => {
            diesel::delete(row).execute(c.conn)?;
        }
    }
    Ok(())
}

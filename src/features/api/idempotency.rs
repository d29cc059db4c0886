//! Idempotency-Key: a request that is sent again gets the first one's answer, and does nothing twice.

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::caller::{ApiCaller, IDEMPOTENCY_KEY};
use super::problem::{self, ApiResult, Problem};
use crate::features::access::actions::notify_changed;
use crate::kernel::ids::ChartId;
use crate::kernel::secrets::sha256_hex;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::once::{self, Handled, RequestKey};
use crate::platform::state::{App, AppState};

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key.
const LONGEST: usize = 128;
/// For how long a repeated request gets its answer.
const KEPT_HOURS: i64 = 48;

/// A successful answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The address of what was made.
    pub location: Option<String>,
    /// Its version.
    pub etag: Option<String>,
    /// JSON.
    pub body: Value,
}

impl Answer {
    /// 200 with this body.
    pub fn ok(body: impl Serialize) -> Result<Self, Fault> {
        let body = serde_json::to_value(body).map_err(|e| Fault::other(format!("writing an answer: {e}")))?;
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

/// What was done, and to which chart.
pub struct Done {
    /// The state after it.
    pub answer: Answer,
    /// The chart whose open pages are notified.
    pub chart: ChartId,
}

/// What an act came to inside its transaction. A refusal is an answer too, and is kept like one; a
/// fault undoes everything.
pub type Acted = Result<Result<Done, Problem>, Fault>;

/// The same of an act that is about no chart.
pub type ActedHere = Result<Result<Answer, Problem>, Fault>;

/// An answer, with the chart whose open pages are notified.
type Answered = Result<Result<(Answer, Option<ChartId>), Problem>, Fault>;

/// The header's parameter, for the document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only its description is used")]
pub struct Once {
    /// Any text of 1 to 128 characters; a repeated request with it gets the first one's answer
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
}

/// Acts, and for an Idempotency-Key once. The act and the answer that is kept are one transaction, so there is no
/// moment in which the one is there without the other; a second request with the same key at the same time waits for
/// the first one's commit, and then finds its answer. It all runs to its end even if the caller hangs up.
pub async fn once<F>(app: &AppState, caller: &ApiCaller, body: &Bytes, mut act: F) -> ApiResult
where
    F: FnMut(&App, &mut Scoped<'_>) -> Acted + Send + 'static,
{
    let of_chart = |done: Done| (done.answer, Some(done.chart));
    run(app, caller, body, move |app, c| Ok(act(app, c)?.map(of_chart))).await
}

/// The same for what is about no chart.
pub async fn once_here<F>(app: &AppState, caller: &ApiCaller, body: &Bytes, mut act: F) -> ApiResult
where
    F: FnMut(&App, &mut Scoped<'_>) -> ActedHere + Send + 'static,
{
    run(app, caller, body, move |app, c| Ok(act(app, c)?.map(|answer| (answer, None)))).await
}

async fn run<F>(app: &AppState, caller: &ApiCaller, body: &Bytes, mut act: F) -> ApiResult
where
    F: FnMut(&App, &mut Scoped<'_>) -> Answered + Send + 'static,
{
    let key = key_of(caller, body)?;
    let (app, scope) = (app.clone(), caller.scope.clone());
    let running = tokio::spawn(async move {
        let inside = app.clone();
        let outcome = app
            .db
            .write(&scope, move |c| match &key {
                None => Ok(Outcome::Now(act(&inside, c)?)),
                Some(key) => act_once(c, key, |c| act(&inside, c)),
            })
            .await;
        if let Ok(Outcome::Now(Ok((_, Some(chart))))) = &outcome {
            notify_changed(&app, &scope, chart);
        }
        outcome
    });
    match running.await.map_err(|error| Fault::Ended(error.to_string()))?? {
        Outcome::Now(Ok((answer, _))) => Ok(answer.into_response()),
        Outcome::Now(Err(problem)) => Err(problem),
        Outcome::Before(answer) => {
            let mut response = answer.into_response();
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            Ok(response)
        }
    }
}

enum Outcome {
    /// By this request.
    Now(Result<(Answer, Option<ChartId>), Problem>),
    /// By an earlier one with the same key.
    Before(Answer),
}

/// The request's name, where it has an Idempotency-Key: another request under the same key is refused.
fn key_of(caller: &ApiCaller, body: &Bytes) -> Result<Option<RequestKey>, Problem> {
    let Some(text) = caller.headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = text.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > LONGEST {
        return Err(Problem::from(problem::MALFORMED).saying("An Idempotency-Key has 1 to 128 characters."));
    }
    let name = format!("{}/{text}", hex::encode(caller.key.as_bytes()));
    let asked = sha256_hex(&[caller.asked.as_bytes(), b"\n", body].concat());
    Ok(Some(RequestKey { name, asked, hours: KEPT_HOURS }))
}

/// Acts once, and keeps the answer. A refusal is an answer too.
fn act_once(
    c: &mut Scoped<'_>,
    key: &RequestKey,
    act: impl FnOnce(&mut Scoped<'_>) -> Answered,
) -> Result<Outcome, Fault> {
    let handled = once::once(c, key, |c| {
        let acted = act(c)?;
        let answer = match &acted {
            Ok((answer, _)) => answer.clone(),
            Err(problem) => {
                Answer { status: problem.kind().status, body: problem.body(), ..Answer::default() }
            }
        };
        let kept = serde_json::to_string(&answer).map_err(|e| Fault::other(e.to_string()))?;
        Ok((acted, Some(kept)))
    })?;
    Ok(match handled {
        Handled::Now(acted) => Outcome::Now(acted),
        Handled::Before(before) if before.asked != key.asked => Outcome::Now(Err(problem::KEY_REUSED.into())),
        Handled::Before(before) => {
            let answer = serde_json::from_str(&before.answer);
            Outcome::Before(answer.map_err(|_| Fault::Damaged("a kept answer cannot be read".into()))?)
        }
    })
}

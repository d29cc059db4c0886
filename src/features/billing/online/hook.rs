//! `POST /hooks/stripe/{practice}`: the provider tells that something changed. The row is what drives the work, not
//! the sender's next try, so the answer comes at once.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;

use super::events::{self, Taken};
use super::keys::secrets_of;
use super::store;
use crate::kernel::ids::PracticeId;
use crate::platform::db::PracticeScope;
use crate::platform::pay::{SIGNATURE, Signed, verify};
use crate::platform::state::AppState;
use crate::platform::web::{PageError, PageResult};

/// The largest body that is read.
const LARGEST: usize = 256 * 1024;

fn answer(status: StatusCode, text: &'static str) -> PageResult {
    Ok((status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// Takes an event.
pub async fn take(
    State(app): State<AppState>,
    Path(practice): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let practice: PracticeId = practice.parse().map_err(|_| PageError::NotFound)?;
    let scope = PracticeScope::at_public_address(practice);
    let account = app.db.read_by_key(&scope, store::account).await?.ok_or(PageError::NotFound)?;
    if body.len() > LARGEST {
        return answer(StatusCode::PAYLOAD_TOO_LARGE, "too large\n");
    }
    let mut signatures = headers.get_all(SIGNATURE).iter();
    let signature = match (signatures.next(), signatures.next()) {
        (Some(one), None) => one.to_str().unwrap_or_default(),
        _ => "",
    };
    match verify(&secrets_of(&app, &practice, &account)?, signature, &body, app.now()) {
        Signed::Now => {}
        Signed::AnotherTime(late) => {
            tracing::error!(
                %practice, seconds = late,
                "a webhook of the payment provider is signed at another time: one of the two clocks is wrong"
            );
            metrics::counter!("anteroom_payment_hooks_refused_total", "why" => "clock").increment(1);
            app.db.write(&scope, store::note_clock_off).await?;
            return answer(StatusCode::BAD_REQUEST, "signed at another time\n");
        }
        Signed::No => {
            metrics::counter!("anteroom_payment_hooks_refused_total", "why" => "signature").increment(1);
            return answer(StatusCode::BAD_REQUEST, "not signed\n");
        }
    }
    let Some(event) = app.pay.read_event(&body) else { return answer(StatusCode::BAD_REQUEST, "no event\n") };
    let (mode, inside) = (account.mode, app.clone());
    let taken = app
        .db
        .write(&scope, move |c| {
            let taken = events::take(c, mode, &event)?;
            if taken == Taken::New {
                store::note_event_came(c)?;
                c.ring_after_commit(&inside.pay_bell);
            }
            Ok(taken)
        })
        .await?;
    answer(
        StatusCode::OK,
        match taken {
            Taken::New => "taken\n",
            Taken::Before => "taken before\n",
            Taken::Ignored => "ignored\n",
        },
    )
}

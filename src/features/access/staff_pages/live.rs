//! Tells an open Communications tab to look again: at once for a change in this process, within
//! seconds for one in another, and when time itself changes the state.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::broadcast;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::features::access::list_store::{Picture, picture};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, PracticeId};
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::PageError;
use crate::platform::web::session::{self, Audience};
use crate::platform::web::session_ends::EndOfSession;

/// How often the page's state is compared with what it showed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// A stream ends by itself after this long; the browser opens the next, and its session is checked.
const LONGEST: Duration = Duration::from_secs(600);

struct Watch {
    app: AppState,
    scope: PracticeScope,
    session_hash: String,
    end: EndOfSession,
    chart: ChartId,
    bell: broadcast::Receiver<(PracticeId, ChartId)>,
    ticks: Interval,
    ends: Instant,
    shown: Option<Picture>,
}

/// The stream.
pub async fn stream(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> Result<Response, PageError> {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let bell = app.live.listen();
    let end = EndOfSession::of(&app, staff.session.token_hash.clone());
    let shown = picture_of(&app, &staff.scope, &chart).await?;
    if shown.is_none() {
        return Err(PageError::NotFound);
    }
    let mut ticks = interval_at(Instant::now() + LOOK_AGAIN, LOOK_AGAIN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watch = Watch {
        app,
        scope: staff.scope,
        session_hash: staff.session.token_hash,
        end,
        chart,
        bell,
        ticks,
        ends: Instant::now() + LONGEST,
        shown,
    };
    let mut response = Sse::new(stream::unfold(watch, next)).into_response();
    // A stream's own header would let a cache between us keep it (WEB-05).
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn next(mut watch: Watch) -> Option<(Result<Event, Infallible>, Watch)> {
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(watch.ends) => return None,
            rung = watch.bell.recv() => match rung {
                Ok((practice, chart)) if practice == *watch.scope.id() && chart == watch.chart => {}
                Ok(_) => continue,
                // Too many rang at once to hear each: look.
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            },
            // Asked once more below: it may have been one of too many.
            () = watch.end.reached() => {}
            _ = watch.ticks.tick() => {}
        }
        match look(&mut watch).await {
            Ok(Seen::Same) => {
                // A comment keeps proxies from closing a quiet stream, and finds a page that is gone.
                return Some((Ok(Event::default().comment("still here")), watch));
            }
            Ok(Seen::Changed) => {
                return Some((Ok(Event::default().event("changed").data("box")), watch));
            }
            Ok(Seen::SignedOut) => return None,
            Err(fault) => {
                tracing::warn!(error = fault.chain(), "a live page could not look again");
                return None;
            }
        }
    }
}

enum Seen {
    Same,
    Changed,
    SignedOut,
}

async fn look(watch: &mut Watch) -> Result<Seen, Fault> {
    let (hash, chart) = (watch.session_hash.clone(), watch.chart.clone());
    let seen = watch
        .app
        .db
        .read(&watch.scope, move |c| {
            // SES-06: a session that ran out, or ended elsewhere, ends its streams too.
            if !session::is_alive(c, Audience::Staff, &hash)? {
                return Ok(None);
            }
            Ok(Some(picture(c, &chart)?))
        })
        .await?;
    let Some(seen) = seen else { return Ok(Seen::SignedOut) };
    if seen == watch.shown {
        return Ok(Seen::Same);
    }
    watch.shown = seen;
    Ok(Seen::Changed)
}

async fn picture_of(
    app: &AppState,
    scope: &PracticeScope,
    chart: &ChartId,
) -> Result<Option<Picture>, Fault> {
    let chart = chart.clone();
    app.db.read(scope, move |c| picture(c, &chart)).await
}

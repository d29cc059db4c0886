//! Tells an open page to look again: at once for a change in this process, within seconds for one in another, and when
//! time itself changes what it shows.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use futures_util::stream;
use tokio::sync::broadcast;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::kernel::ids::{ChartId, PracticeId};
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::session_ends::EndOfSession;

/// How often what the page shows is compared with what it showed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// A stream ends by itself after this long; the browser opens the next, and its session is checked.
const LONGEST: Duration = Duration::from_secs(600);

/// What a look finds; `None` once the page's reader may not see it any more, or is signed out (SES-06).
pub type Looking<P> = BoxFuture<'static, Result<Option<P>, Fault>>;
/// Looks at what a page shows.
pub type Look<P> = Box<dyn Fn() -> Looking<P> + Send + Sync>;

/// What a page showed of something that is to come. The first look of its stream takes that for granted, so that what
/// came between the page and the stream is news.
#[derive(Clone, Debug)]
pub struct FirstShown<P>(Arc<Mutex<Option<P>>>);

impl<P> FirstShown<P> {
    /// Of a page that showed this.
    pub fn of(shown: P) -> Self {
        Self(Arc::new(Mutex::new(Some(shown))))
    }

    /// What the page showed, the first time, and what is `found` each time after.
    pub fn or(&self, found: P) -> P {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(found)
    }
}

/// Which changes concern a page, and whose it is.
#[derive(Clone, Debug)]
pub struct Of {
    /// The practice …
    pub practice: PracticeId,
    /// … and the chart that the page is about; `None` where it shows many.
    pub chart: Option<ChartId>,
    /// The session that looks.
    pub session_hash: String,
}

struct Watch<P> {
    of: Of,
    end: EndOfSession,
    bell: broadcast::Receiver<(PracticeId, ChartId)>,
    ticks: Interval,
    ends: Instant,
    look: Look<P>,
    shown: P,
}

/// The stream of a page; `None` where there is nothing to look at.
pub async fn stream<P>(app: &AppState, of: Of, look: Look<P>) -> Result<Option<Response>, Fault>
where
    P: PartialEq + Send + 'static,
{
    // Listened first: a change that comes while the page is looked at is heard.
    let bell = app.live.listen();
    let end = EndOfSession::of(app, of.session_hash.clone());
    let Some(shown) = look().await? else { return Ok(None) };
    let mut ticks = interval_at(Instant::now() + LOOK_AGAIN, LOOK_AGAIN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watch = Watch { of, end, bell, ticks, ends: Instant::now() + LONGEST, look, shown };
    let mut response = Sse::new(stream::unfold(watch, next)).into_response();
    // A stream's own header would let a cache between us keep it (WEB-05).
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(Some(response))
}

async fn next<P: PartialEq>(mut watch: Watch<P>) -> Option<(Result<Event, Infallible>, Watch<P>)> {
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(watch.ends) => return None,
            rung = watch.bell.recv() => match rung {
                Ok((practice, chart))
                    if practice == watch.of.practice && watch.of.chart.is_none_or(|of| of == chart) => {}
                Ok(_) => continue,
                // Too many rang at once to hear each: look.
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            },
            // Asked once more below: it may have been one of too many.
            () = watch.end.reached() => {}
            _ = watch.ticks.tick() => {}
        }
        match (watch.look)().await {
            Ok(Some(seen)) if seen == watch.shown => {
                // A comment keeps proxies from closing a quiet stream, and finds a page that is gone.
                return Some((Ok(Event::default().comment("still here")), watch));
            }
            Ok(Some(seen)) => {
                watch.shown = seen;
                return Some((Ok(Event::default().event("changed").data("page")), watch));
            }
            Ok(None) => return None,
            Err(fault) => {
                tracing::warn!(error = fault.chain(), "a live page could not look again");
                return None;
            }
        }
    }
}

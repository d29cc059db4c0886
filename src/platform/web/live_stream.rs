//! Tells an open page to look again: at once for a change in this process, within a second for one in another, and when
//! time itself changes what it shows, within [`LOOK_AGAIN`].

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use futures_util::stream;
use tokio::time::{Instant, sleep_until};

use crate::kernel::ids::{ChartId, PracticeId};
use crate::platform::fault::Fault;
use crate::platform::live::{Listener, Subject};
use crate::platform::state::AppState;
use crate::platform::web::session_ends::EndOfSession;

/// How often what the page shows is compared with what it showed, though nobody told of a change.
const LOOK_AGAIN: Duration = Duration::from_secs(75);
/// The first time it is sooner, by up to a fifth: pages that were opened at once do not look at once.
const SOONER: Duration = Duration::from_secs(15);
/// How often a quiet stream says that it is there: it keeps proxies from closing it, and finds a page that is gone.
const BEAT: Duration = Duration::from_secs(25);
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
    bell: Listener,
    end: EndOfSession,
    beats: Instant,
    looks: Instant,
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
    let bell = app.live.listen(match of.chart {
        Some(chart) => Subject::Chart(of.practice, chart),
        None => Subject::Practice(of.practice),
    });
    let end = EndOfSession::of(app, of.session_hash);
    let Some(shown) = look().await? else { return Ok(None) };
    let mut byte = [0u8; 1];
    app.rng.fill(&mut byte);
    let now = Instant::now();
    let looks = now + LOOK_AGAIN - SOONER * u32::from(byte[0]) / 255;
    let watch = Watch { bell, end, beats: now + BEAT, looks, ends: now + LONGEST, look, shown };
    let mut response = Sse::new(stream::unfold(watch, next)).into_response();
    // A stream's own header would let a cache between us keep it (WEB-05).
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(Some(response))
}

async fn next<P: PartialEq>(mut watch: Watch<P>) -> Option<(Result<Event, Infallible>, Watch<P>)> {
    let is_told = tokio::select! {
        () = watch.bell.rung() => true,
        // Asked once more below: it may be signed in still.
        () = watch.end.reached() => true,
        () = sleep_until(watch.beats.min(watch.looks).min(watch.ends)) => false,
    };
    let now = Instant::now();
    if now >= watch.ends {
        return None;
    }
    watch.beats = now + BEAT;
    if !is_told && now < watch.looks {
        return Some((Ok(still_here()), watch));
    }
    watch.looks = now + LOOK_AGAIN;
    match (watch.look)().await {
        Ok(Some(seen)) if seen == watch.shown => Some((Ok(still_here()), watch)),
        Ok(Some(seen)) => {
            watch.shown = seen;
            Some((Ok(Event::default().event("changed").data("page")), watch))
        }
        Ok(None) => None,
        Err(fault) => {
            tracing::warn!(error = fault.chain(), "a live page could not look again");
            None
        }
    }
}

fn still_here() -> Event {
    Event::default().comment("still here")
}

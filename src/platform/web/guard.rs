//! What every request passes, whatever page it is for: its number, its origin, its limits, the
//! headers of its answer, its line in the log.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::kernel::rng::Rng;
use crate::platform::state::{App, Settings};
use crate::platform::telemetry;
use crate::platform::web::errors::PageError;
use crate::platform::web::nul;

/// The number of a request, in every log line and on the page of a fault.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The network address a request came from: the peer, or what a trusted proxy says (RAT-06).
#[derive(Clone, Copy, Debug)]
pub struct ClientIp(pub IpAddr);

impl ClientIp {
    /// For counting: IPv6 by its /64, because one person holds a whole one.
    pub fn bucket(self) -> String {
        match self.0 {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => {
                let s = ip.segments();
                format!("{:x}:{:x}:{:x}:{:x}::/64", s[0], s[1], s[2], s[3])
            }
        }
    }
}

fn client_ip(request: &Request, settings: &Settings) -> ClientIp {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([127, 0, 0, 1]), |ConnectInfo(address)| address.ip());
    let mut ip = peer;
    if settings.trusted_proxies.contains(&peer) {
        // The nearest hop that is not one of our proxies; everything left of it is hearsay.
        let hops: Vec<IpAddr> = request
            .headers()
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .filter_map(|hop| hop.trim().parse().ok())
            .collect();
        if let Some(hop) = hops.iter().rev().find(|hop| !settings.trusted_proxies.contains(hop)) {
            ip = *hop;
        }
    }
    ClientIp(ip)
}

/// The outermost of all: numbers the request, checks its origin, sets the answer's headers, logs.
pub async fn guard<F>(app: &App, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let began = Instant::now();
    let mut bytes = [0u8; 8];
    app.rng.fill(&mut bytes);
    let id = RequestId(u64::from_be_bytes(bytes));
    let ip = client_ip(&request, &app.settings);
    let slot = RouteSlot::default();
    request.extensions_mut().insert(id);
    request.extensions_mut().insert(ip);
    request.extensions_mut().insert(slot.clone());
    nul::out_of_query(&mut request);
    let method = request.method().clone();
    let span = tracing::info_span!("request", %id);
    let mut response = if is_same_origin(&request, &app.settings) {
        next(request).instrument(span.clone()).await
    } else {
        PageError::WrongOrigin.into_response()
    };
    set_headers(response.headers_mut(), &app.settings);
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        let seconds = retry_after(app.rng.as_ref());
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(seconds);
    }
    if response.extensions().get::<NoReferrer>().is_some() {
        response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    if let Some(OwnPolicy(policy)) = response.extensions().get::<OwnPolicy>().copied() {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        // Older than `frame-ancestors`, and knows no other site that may frame a page.
        if !policy.contains("frame-ancestors 'none'") {
            response.headers_mut().remove(header::X_FRAME_OPTIONS);
        }
    }
    let (route, status, took) = (slot.pattern(), response.status().as_u16(), began.elapsed());
    telemetry::count_answer(route, status, took);
    // The route's pattern, never the path: a path may hold a token (INV-02, AUD-06).
    let millis = took.as_secs_f64() * 1_000.0;
    span.in_scope(|| tracing::info!(%method, route, status, ms = format_args!("{millis:.1}"), "answered"));
    response
}

/// Where the route that answers notes its pattern, for the log.
#[derive(Clone, Debug, Default)]
struct RouteSlot(Arc<OnceLock<&'static str>>);

impl RouteSlot {
    fn pattern(&self) -> &'static str {
        self.0.get().copied().unwrap_or("-")
    }
}

/// Called by the route that answers.
pub fn note_route(request: &Request, pattern: &'static str) {
    if let Some(RouteSlot(slot)) = request.extensions().get() {
        let _ = slot.set(pattern);
    }
}

/// WEB-01: an unsafe method must come from our own pages: `Sec-Fetch-Site` says so, or `Origin` is
/// ours. The API and the bounce hook carry a bearer secret that no other site can send.
fn is_same_origin(request: &Request, settings: &Settings) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    let path = request.uri().path();
    if path.starts_with("/api/") || path.starts_with("/hooks/") {
        return true;
    }
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    match (header("sec-fetch-site"), header("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == settings.public_url,
        (None, None) => false,
    }
}

/// Three to eight seconds at random, so that those who were sent away do not come back all at once.
fn retry_after(rng: &dyn Rng) -> HeaderValue {
    let mut byte = [0u8; 1];
    rng.fill(&mut byte);
    HeaderValue::from(3 + u64::from(byte[0] % 6))
}

/// The policy of every page, with where its forms may lead.
macro_rules! policy {
    ($forms:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             form-action ",
            $forms,
            "; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
             trusted-types anteroom"
        )
    };
}

const CSP: &str = policy!("'self'");

/// Of a page with a form whose answer leads to another site. Browsers hold every redirect after a form to the policy of the
/// page, and whoever is led to a meeting is often led on to another host.
pub const FORM_LEADS_AWAY: OwnPolicy = OwnPolicy(policy!("'self' https:"));

/// Beside an answer that leads to another site, which is not to learn from where.
#[derive(Clone, Copy, Debug)]
pub struct NoReferrer;

/// Beside an answer that needs another policy than every page: the demo's view of a mail. Only code
/// can put it there, never a header that came in.
#[derive(Clone, Copy, Debug)]
pub struct OwnPolicy(pub &'static str);

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

fn set_headers(headers: &mut HeaderMap, settings: &Settings) {
    let fixed: [(HeaderName, &'static str); 8] = [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Addresses that hold a token go to no other site. "no-referrer" would do more than that: with it,
        // browsers post `Origin: null` (Fetch, 3.2), which looks like another site's form.
        (header::REFERRER_POLICY, "same-origin"),
        (OPENER_POLICY, "same-origin"),
        (RESOURCE_POLICY, "same-origin"),
        (
            PERMISSIONS_POLICY,
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
        ),
        (header::X_FRAME_OPTIONS, "DENY"),
        (ROBOTS_TAG, "noindex"),
    ];
    headers.reserve(fixed.len() + 4);
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if settings.is_https() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=63072000; includeSubDomains"),
        );
    }
    // A stream of events says "no-cache" by itself, which would let a copy be kept.
    let streams = |kind: &HeaderValue| kind.as_bytes().starts_with(b"text/event-stream");
    if headers.get(header::CONTENT_TYPE).is_some_and(streams) {
        headers.remove(header::CACHE_CONTROL);
    }
    // Only assets, whose names carry their hash, say otherwise themselves.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

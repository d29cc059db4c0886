//! The demo's own pages: mailbox, clock, who can sign in, and all components at one glance.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::demo::clock_panel::{self, OpenLink};
use crate::demo::frame::DemoFrame;
use crate::demo::mailbox::{self, MailRow};
use crate::demo::state::{Demo, SignIn};
use crate::platform::permissions::Needs;
use crate::platform::state::AppState;
use crate::platform::web::forms::RawForm;
use crate::platform::web::styleguide::styleguide_routes;
use crate::platform::web::{PageError, PageResult, Routes, html, see_other};

/// The demo's routes.
pub fn routes() -> Routes {
    Routes::new()
        .get("/", Needs::Nothing, async || see_other("/demo"))
        .get("/demo", Needs::Nothing, home)
        .post("/demo/clock", Needs::Nothing, move_clock)
        .get("/demo/demo.css", Needs::Nothing, stylesheet)
        .and(styleguide_routes())
}

struct LinkRow {
    link: OpenLink,
    ends: String,
}

#[derive(Template)]
#[template(path = "demo/templates/home.html")]
struct Home {
    frame: DemoFrame,
    people: Vec<SignIn>,
    links: Vec<LinkRow>,
    mails: Vec<MailRow>,
    more: usize,
}

/// Mails on the first page; the others by "all mails".
const NEWEST: usize = 25;

#[derive(serde::Deserialize)]
struct HomeQuery {
    #[serde(default)]
    all: Option<String>,
}

async fn home(
    State(app): State<AppState>,
    Extension(demo): Extension<Arc<Demo>>,
    Query(query): Query<HomeQuery>,
) -> PageResult {
    let frame = DemoFrame::new(&demo, &app);
    let words = frame.words;
    let links = clock_panel::open_links(&app, 12)
        .await?
        .into_iter()
        .map(|link| LinkRow { ends: words.date_time_zone(link.expires_at, demo.zone.rules()), link })
        .collect();
    let mut mails = mailbox::rows(&demo, words);
    let shown = if query.all.is_some() { mails.len() } else { NEWEST.min(mails.len()) };
    let more = mails.len() - shown;
    mails.truncate(shown);
    html(Home { frame, people: demo.people.clone(), links, mails, more }.render())
}

/// The few rules that only the demo's pages need.
async fn stylesheet() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("demo.css")).into_response()
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockForm {
    /// `hour`, `day`, `week`, or the moment in microseconds at which a link ends.
    to: String,
    /// With a link's end: `before` or `after`.
    #[serde(default)]
    side: String,
}

async fn move_clock(
    State(app): State<AppState>,
    Extension(demo): Extension<Arc<Demo>>,
    body: Bytes,
) -> PageResult {
    let form: ClockForm = RawForm::read(&body)?.typed()?;
    let seconds = match form.to.as_str() {
        "hour" => 3_600,
        "day" => 86_400,
        "week" => 7 * 86_400,
        moment => {
            let end = moment.parse::<i64>().map_err(|_| PageError::BadRequest)?;
            let wanted = if form.side == "before" { end - 60_000_000 } else { end + 1_000_000 };
            (wanted - app.now().micros()).div_euclid(1_000_000).clamp(0, 30 * 86_400)
        }
    };
    clock_panel::forward(&demo, &app, u32::try_from(seconds).unwrap_or(0)).await?;
    Ok(see_other("/demo#clock"))
}

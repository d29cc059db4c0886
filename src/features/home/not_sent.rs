//! The page that says that something cannot be sent now: the chart was frozen or closed, or what the reader may do became less,
//! while they were typing. What they wrote stands there, so that nothing of it is lost.

use askama::Template;
use axum::extract::{Query, RawQuery, State};
use axum::http::HeaderMap;

use crate::features::access::permission::ChartStanding;
use crate::features::accounts::ClientSession;
use crate::features::home::pages::HOME;
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageResult, html, sign_in, unsent};

/// What the address says besides the forms that are kept.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct From {
    /// The page of the form.
    from: String,
}

#[derive(Template)]
#[template(path = "features/home/templates/not_sent.html")]
struct NotSent {
    frame: ClientFrame,
    why: String,
    /// What they wrote.
    typed: Vec<String>,
    /// The page of the form, with what was typed.
    again: Option<String>,
}

/// See the module.
pub(super) async fn show(
    State(app): State<AppState>,
    client: ClientSession,
    Query(asked): Query<From>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> PageResult {
    let (words, query) = (client.words, query.unwrap_or_default());
    let from = sign_in::safe_back("/portal", &asked.from).filter(|page| !page.contains(['?', '#']));
    let why = match client.facts.chart {
        ChartStanding::Closed(Some(last)) | ChartStanding::Transferred(Some(last)) => {
            words.with1("portal-home-closed-until", "date", words.civil_date(last))
        }
        ChartStanding::Closed(None) | ChartStanding::Transferred(None) => words.get("portal-home-closed"),
        ChartStanding::Frozen if from.is_some_and(|page| page.starts_with("/portal/appointments")) => {
            words.get("portal-home-frozen")
        }
        ChartStanding::Frozen | ChartStanding::Open | ChartStanding::Merged => {
            words.get("portal-not-sent-why")
        }
    };
    // A staff member who looks has typed nothing.
    let typed = match client.onlooker() {
        Some(_) => Vec::new(),
        None => unsent::kept_words(&app, &headers, &query, &client.access_id.to_string()).await?,
    };
    let page = NotSent {
        why,
        typed,
        again: from.map(|page| unsent::page_with_kept(page, &query)),
        frame: client.frame(&app, HOME),
    };
    html(page.render())
}

//! Whose chart do you want to look at? With what waits in each.

use askama::Template;
use axum::extract::{Query, State};

use crate::features::accounts::{ClientTicket, ME};
use crate::features::home::elsewhere::{in_words, waiting_in};
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageResult, html, sign_in};

struct ChartChoice {
    access: String,
    name: String,
    practice: String,
    current: bool,
    /// What waits there.
    waiting: Option<String>,
}

#[derive(Template)]
#[template(path = "features/home/templates/switch.html")]
struct Switch {
    frame: ClientFrame,
    charts: Vec<ChartChoice>,
    lost: bool,
    /// Whose chart a form belongs to that was sent while another was open.
    of: Option<String>,
    /// Where to afterwards.
    back: String,
}

/// What the address says.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct SwitchQuery {
    of: String,
    back: String,
}

/// The page.
pub(super) async fn show(
    State(app): State<AppState>,
    ticket: ClientTicket,
    Query(query): Query<SwitchQuery>,
) -> PageResult {
    let (account, counted) = ticket.open_account(&app, waiting_in).await?;
    let of = account.grants.iter().find(|grant| grant.access_id.to_string() == query.of);
    let of = of.map(|grant| grant.client.called().to_owned());
    let back =
        sign_in::safe_back("/portal", &query.back).filter(|_| of.is_some()).unwrap_or_default().to_owned();
    let waiting = |access| {
        let chart = counted.iter().find(|chart| chart.access_id == access)?;
        in_words(account.words, chart.waiting)
    };
    let charts = account
        .grants
        .iter()
        .enumerate()
        .map(|(at, grant)| ChartChoice {
            access: grant.access_id.to_string(),
            name: if grant.is_own() {
                account.words.with1("portal-switch-mine", "name", grant.client.called())
            } else {
                grant.client.called().to_owned()
            },
            practice: grant.practice.name.clone(),
            current: account.in_view == Some(at),
            waiting: waiting(grant.access_id),
        })
        .collect();
    let frame = account.frame(&app, ME)?;
    html(Switch { frame, charts, lost: account.in_view.is_none(), of, back }.render())
}

//! What happens to many at once: an import, and B8, ten thousand invitations queued and sent.

use std::time::{Duration, Instant};

use anteroom::features::access::actions;
use anteroom::features::charts::import::{Mode, import};
use anteroom::kernel::ids::ChartId;
use anteroom::platform::db::schema::chart;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use super::load::raw;
use super::people::people;
use super::support::world::World;

const CHARTS: usize = 50_000;
const INVITED: usize = 10_000;
/// Connections to the mail server, as `smtp_pool` has them unless told otherwise.
const CONNECTIONS: usize = 4;

/// Name and figure of each.
pub async fn measure(w: &mut World) -> Vec<(&'static str, String)> {
    let mut figures = Vec::new();
    let (scope, by) = (w.riverbend.scope.clone(), w.riverbend.by(Role::FrontDesk));
    let began = Instant::now();
    let report =
        import(&w.app, &scope, by.clone(), std::io::Cursor::new(people(CHARTS)), Mode::Apply, |_| {})
            .await
            .expect("no fault");
    assert!(report.is_fine() && report.created == CHARTS as u64, "{report:?}");
    figures.push(("import of 50,000 charts", seconds(began)));

    let charts: Vec<ChartId> = w
        .look(|c| {
            chart::table
                .filter(chart::chart_number.like("B%"))
                .order(chart::chart_number)
                .limit(INVITED as i64)
                .select(chart::chart_id)
                .load(c)
        })
        .await;
    let began = Instant::now();
    let sent = actions::send_many(&w.app, &scope, by, charts).await.expect("no fault");
    assert!(sent.iter().all(|(_, outcome)| outcome.is_ok()), "a refusal");
    figures.push(("B8: 10,000 invitations queued (must: 2.5 s)", seconds(began)));
    let began = Instant::now();
    w.start_sending();
    let mails = w.mailbox.wait_for(INVITED, Duration::from_secs(300)).await;
    let took = began.elapsed().as_secs_f64();
    figures.push(("B8: and handed to a local SMTP receiver", seconds(began)));
    let mut names: Vec<&str> = mails.iter().filter_map(|m| m.header("message-id")).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!((mails.len(), names.len()), (INVITED, INVITED), "a loss or a copy");
    figures.push(("B8: lost, or twice", "0".into()));
    w.stop_sending().await;
    // The limit: a client that only writes and waits, with as many connections and as many bytes.
    let bytes = mails.first().map_or(0, |mail| mail.text.len() * 3);
    let limit = raw::mails_per_second(w.mailbox.address(), CONNECTIONS, INVITED, bytes).await;
    let ours = INVITED as f64 / took;
    figures.push((
        "B8: mails a second, of what a bare client reaches (must: 0.80)",
        format!("{ours:.0} of {limit:.0}, {:.2}", ours / limit),
    ));
    figures
}

fn seconds(began: Instant) -> String {
    format!("{:.2} s", began.elapsed().as_secs_f64())
}

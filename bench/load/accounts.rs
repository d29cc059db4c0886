//! B19: accounts. My account, home, the report of open amounts and the day sheet of a practice with 50,000 charts and a
//! million entries in its journal, and how many postings a second one practice takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anteroom::features::billing::actions::{post_charge, record_payment};
use anteroom::features::billing::{NewCharge, NewPayment, PaymentMethod};
use anteroom::kernel::clock::{Clock, MovableClock};
use anteroom::kernel::ids::ChartId;
use anteroom::kernel::money::{Currency, Money};
use anteroom::platform::db::Scoped;
use anteroom::platform::db::schema::{chart, journal_entry};
use anteroom::platform::fault::Fault;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use jiff::civil::Date;

use super::Size;
use super::report::{Line, Report, Spread, Verdict};
use super::seed;
use super::servers::Server;
use super::turns::{Contender, ROUNDS, get, show};
use crate::support::world::{Engine, World, count_rows, take_down};

/// Clients who are signed in.
const CLIENTS: usize = 200;
/// Charts that are filled in one transaction.
const CHARTS_AT_ONCE: usize = 50;
/// After so many of these transactions the rows of the tables are counted.
const CHUNKS_BETWEEN_COUNTS: usize = 40;
/// Days over which the accounts are written, so that a day sheet holds what a practice posts in a day.
const DAYS: u32 = 365;
/// What one of these transactions adds: eight charges, seven payments and what they were used for.
const ENTRIES_AT_ONCE: i64 = CHARTS_AT_ONCE as i64 * (CHARGES as i64 * 3 - 2);
/// Charges of a chart: every one but the last is paid, so each two make five entries.
const CHARGES: i8 = 8;
/// People who post at once.
const POSTING: usize = 16;
/// A report is there within so many milliseconds.
const REPORT: f64 = 2_000.0;
/// Postings a second that one practice takes.
const POSTINGS: f64 = 300.0;

/// Gives the section of the results.
pub fn measure(pictures: &std::path::Path, quick: bool) -> String {
    let (charts, entries, seconds) = if quick { (1_000, 4_000, 0.3) } else { (50_000, 1_000_000, 3.0) };
    let mut report = Report::of(Size { seconds, ..Size::WHOLE });
    for engine in [Engine::Sqlite, Engine::Postgres].into_iter().filter(|engine| engine.is_wanted()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let began = Instant::now();
        let seeded = runtime.block_on(seed::seed(engine, charts, CLIENTS));
        let made = runtime.block_on(fill(&seeded.world, entries));
        eprintln!("{}: {made} entries in {:.0} s", engine.word(), began.elapsed().as_secs_f64());
        let folder = tempfile::tempdir().expect("a data folder");
        let server = Server::anteroom("Anteroom", &seeded.world, folder.path());
        let biller = runtime.block_on(seeded.world.staff(Role::Biller));
        let biller = [seed::cookie_of(&biller)];
        let of = |cookies: &[String], path: &str| Contender {
            server: &server,
            requests: (0..256).map(|n| get(&server, path, &cookies[n % cookies.len()])).collect(),
        };
        let day = format!("/staff/billing/day?date={}", today(&seeded.world));
        let rows = [
            ("home", of(&seeded.clients, "/portal"), 16, None),
            ("My account", of(&seeded.clients, "/portal/account"), 16, None),
            ("why something is owed", of(&seeded.clients, "/portal/account/why"), 16, None),
            ("open amounts by age", of(&biller, "/staff/billing/aging"), 1, Some(REPORT)),
            ("day sheet", of(&biller, &day), 1, Some(REPORT)),
        ];
        for (what, contender, connections, most) in &rows {
            let what = format!("{what}, {made} entries, {}", engine.word());
            show(&mut report, ("B19", what), contender, (*connections, seconds), *most);
        }
        drop(rows);
        drop(server);
        let posted: Vec<f64> =
            (0..ROUNDS).map(|_| runtime.block_on(postings(&seeded.world, seconds))).collect();
        let rate = Spread::of(posted);
        report.add(Line {
            row: "B19",
            what: format!("charges posted in one practice, {}, {POSTING} people", engine.word()),
            figure: format!("{}/s", rate.text(0)),
            ratio: "–".into(),
            must: format!("≥ {POSTINGS}"),
            verdict: Verdict::at_least(rate.median, POSTINGS),
        });
        let database = seeded.world.database.clone();
        runtime.block_on(async { drop(seeded) });
        runtime.shutdown_timeout(Duration::from_secs(2));
        take_down(database);
    }
    report.write(pictures)
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn today(w: &World) -> Date {
    w.now().in_zone(&w.riverbend.practice.zone()).date()
}

async fn in_journal(w: &World) -> i64 {
    w.look(|c| journal_entry::table.count().get_result(c)).await
}

async fn charts_of(w: &World) -> Vec<ChartId> {
    w.look(|c| {
        chart::table
            .filter(chart::chart_number.like("B%"))
            .order(chart::chart_number)
            .select(chart::chart_id)
            .load(c)
    })
    .await
}

/// Fills chart after chart, again from the first one, until the journal has so many entries.
async fn fill(w: &World, entries: i64) -> i64 {
    let charts = charts_of(w).await;
    let by = w.riverbend.by(Role::Biller);
    let clock = Arc::new(MovableClock::behind(DAYS * 86_400));
    let step = i64::from(DAYS) * 86_400 * ENTRIES_AT_ONCE / entries;
    let (past, zone) = (w.database.at(clock.clone()), w.riverbend.practice.zone());
    let mut made = in_journal(w).await;
    'filled: loop {
        for (n, some) in charts.chunks(CHARTS_AT_ONCE).enumerate() {
            if n % CHUNKS_BETWEEN_COUNTS == 0 {
                count_rows(&past).await;
            }
            let today = clock.now().in_zone(&zone).date();
            let (some, by) = (some.to_vec(), by.clone());
            let written = past.write(&w.riverbend.scope, move |c| {
                some.iter().try_for_each(|chart| account(c, &by, *chart, today))
            });
            written.await.expect("no fault");
            made += ENTRIES_AT_ONCE;
            if clock.ahead_seconds() + step < 0 {
                clock.advance_seconds(u32::try_from(step).expect("less than a year"));
            }
            if made >= entries {
                made = in_journal(w).await;
                if made >= entries {
                    break 'filled;
                }
            }
        }
    }
    made
}

/// Charges of the last weeks, every one but the newest paid in full.
fn account(
    c: &mut Scoped<'_>,
    by: &anteroom::platform::audit::By,
    chart: ChartId,
    today: Date,
) -> Result<(), Fault> {
    for n in 0..CHARGES {
        let on = today.saturating_sub(jiff::Span::new().days(7 * i64::from(CHARGES - n) - 6));
        let charge = NewCharge { chart, on, description: "Session, 50 minutes".into(), amount: usd(15_000) };
        let charge = post_charge(c, by, &charge)?.expect("posted").charge_id;
        if n + 1 < CHARGES {
            let new = NewPayment {
                chart,
                received_on: on,
                method: PaymentMethod::Check,
                reference: String::new(),
                amount: usd(15_000),
                pays: Some(charge),
                payer: None,
            };
            record_payment(c, by, &new)?.expect("recorded");
        }
    }
    Ok(())
}

/// Charges that many people post at once, each on charts of their own, in a second.
async fn postings(w: &World, seconds: f64) -> f64 {
    let charts = charts_of(w).await;
    let today = today(w);
    let (posted, began) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut people = Vec::new();
    for own in charts.chunks(charts.len().div_ceil(POSTING)) {
        let (app, scope, by) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::Biller));
        let (own, posted) = (own.to_vec(), posted.clone());
        people.push(tokio::spawn(async move {
            for chart in own.iter().cycle() {
                if began.elapsed().as_secs_f64() > seconds {
                    break;
                }
                let (by, chart) = (by.clone(), *chart);
                let post = move |c: &mut Scoped<'_>| {
                    let description = "Session, 50 minutes".to_owned();
                    let new = NewCharge { chart, on: today, description, amount: usd(15_000) };
                    Ok(post_charge(c, &by, &new)?.map(drop))
                };
                app.db.write(&scope, post).await.expect("no fault").expect("posted");
                posted.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for one in people {
        one.await.expect("every charge is posted");
    }
    posted.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

//! R24, RAT-04: what a stranger could learn from how long an answer takes. Two requests that must look
//! alike are sent in turn, in an order that changes, and their times compared: by their medians, and
//! by the two-sample Kolmogorov–Smirnov test (a small p says that the two differ).

use std::time::Instant;

use anteroom::platform::db::schema::{attempt_counter, portal_access};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use super::support::world::{Engine, World};
use super::support::{Browser, PASSWORD};

/// Samples of each of the two; fewer only to see that it runs.
fn samples() -> usize {
    std::env::var("ANTEROOM_BENCH_SAMPLES").ok().and_then(|n| n.parse().ok()).unwrap_or(500)
}

/// A request that somebody sends to learn something.
struct Probe {
    browser: Browser,
    path: String,
    fields: Vec<(&'static str, String)>,
    status: u16,
}

impl Probe {
    fn get(browser: &Browser, path: String, status: u16) -> Self {
        Self { browser: browser.clone(), path, fields: Vec::new(), status }
    }

    fn post(browser: &Browser, path: &str, fields: &[(&'static str, &str)], status: u16) -> Self {
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { browser: browser.clone(), path: path.to_owned(), fields, status }
    }

    /// Milliseconds until its whole answer is there.
    async fn time(&self) -> f64 {
        let mut browser = self.browser.clone();
        let fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let began = Instant::now();
        let page = match fields.as_slice() {
            [] => browser.get(&self.path).await,
            fields => browser.post(&self.path, fields).await,
        };
        let took = began.elapsed().as_secs_f64() * 1_000.0;
        assert_eq!(page.status(), self.status, "{}: {}", self.path, page.words());
        took
    }
}

/// Takes away what tries leave behind, so that each is answered as the first: no pause, no tired
/// address, no locked link.
async fn forget_tries(w: &World) {
    w.tamper(|c| diesel::delete(attempt_counter::table).execute(c)).await;
    w.tamper(|c| {
        diesel::update(portal_access::table.filter(portal_access::mismatches.gt(0)))
            .set(portal_access::mismatches.eq(0))
            .execute(c)
    })
    .await;
}

async fn compare(w: &World, one: Probe, other: Probe) -> String {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let count = samples();
    for turn in 0..count + count / 10 {
        for first in [turn % 2 == 0, turn % 2 != 0] {
            forget_tries(w).await;
            let took = if first { one.time().await } else { other.time().await };
            // The first tenth warms up.
            if turn >= count / 10 {
                if first { a.push(took) } else { b.push(took) }
            }
        }
    }
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let (left, right) = (a[a.len() / 2], b[b.len() / 2]);
    format!(
        "{left:.2} ms and {right:.2} ms, gap {:.2} ms; KS p {:.3} ({count} each)",
        (left - right).abs(),
        p_of(&a, &b)
    )
}

/// The probability of so large a difference between two sorted samples of one distribution.
fn p_of(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut widest) = (0, 0, 0.0f64);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        while i < a.len() && a[i] <= at {
            i += 1;
        }
        while j < b.len() && b[j] <= at {
            j += 1;
        }
        widest = widest.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    let root = ((a.len() * b.len()) as f64 / (a.len() + b.len()) as f64).sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * widest;
    if lambda < 0.2 {
        return 1.0;
    }
    let sum: f64 = (1..=100i32)
        .map(|k| (if k % 2 == 1 { 2.0 } else { -2.0 }) * (-2.0 * f64::from(k * k) * lambda * lambda).exp())
        .sum();
    sum.clamp(0.0, 1.0)
}

/// Every pair that must not be told apart, each on a world of its own: with a price of hashing that is
/// small, so that it hides nothing.
pub async fn measure(engine: Engine) -> (World, Vec<(&'static str, String)>) {
    let mut w = World::open(engine).await;
    let mut figures = Vec::new();
    let nobody = w.browser();
    let missing = "019ac000-0000-7000-8000-000000000000";

    let health = || Probe::get(&nobody, "/healthz".into(), 200);
    figures.push((
        "time of one page, asked twice (the instrument itself)",
        compare(&w, health(), health()).await,
    ));

    let ana = w.chart("Ana", "Duarte").await;
    let bo = w.chart("Bo", "Lindgren").await;
    w.register(&ana).await;
    w.invite(&bo).await;
    let link = {
        let mail = w.mail_to(&bo.email).await;
        w.link_in(&mail)
    };
    let there = w.twinoaks.scope.clone();
    let theirs = w.chart_at(&there, "Cy", "Okafor", "1990-04-12", "cy@example.com").await;
    w.mail_has_settled().await;
    w.stop_sending().await;

    let door = |name: &str| {
        Probe::post(&nobody, "/riverbend/sign-in", &[("name", name), ("password", "not the password")], 422)
    };
    let pair = (door(&ana.email), door("nobody.at.all@example.com"));
    figures.push(("time of a known and an unknown sign-in name, clients", compare(&w, pair.0, pair.1).await));

    let known = w.riverbend.member(Role::FrontDesk).email.clone();
    let door = |email: &str| {
        Probe::post(
            &nobody,
            "/riverbend/staff/sign-in",
            &[("email", email), ("password", "not the password")],
            422,
        )
    };
    let pair = (door(&known), door("nobody@riverbend.example.org"));
    figures.push(("time of a known and an unknown sign-in name, staff", compare(&w, pair.0, pair.1).await));

    let forgotten = |address: &str| Probe::post(&nobody, "/riverbend/forgot", &[("address", address)], 303);
    let pair = (forgotten(&ana.email), forgotten("nobody.at.all@example.com"));
    figures.push((
        "time of a known and an unknown address, forgotten password",
        compare(&w, pair.0, pair.1).await,
    ));

    let check = |name: &str, day: &str| {
        let fields = [
            ("last_name", name),
            ("month", "4"),
            ("day", day),
            ("year", "1990"),
            ("password", PASSWORD),
            ("how", "new"),
            ("nonce", "n"),
            ("sign_in_name", ""),
            ("sign_in_password", ""),
        ];
        Probe::post(&nobody, &link, &fields, 422)
    };
    let pair = (check("Duarte", "12"), check("Lindgren", "13"));
    figures.push(("time of a wrong last name and a wrong birth date", compare(&w, pair.0, pair.1).await));

    let token = link.rsplit('/').next().unwrap_or_default();
    let unknown = Probe::get(&nobody, format!("/twinoaks/i/{}", "A".repeat(43)), 404);
    let foreign = Probe::get(&nobody, format!("/twinoaks/i/{token}"), 404);
    figures.push(("time of another practice's and an unknown link", compare(&w, foreign, unknown).await));

    let staff = w.staff(Role::FrontDesk).await;
    let foreign = Probe::get(&staff, format!("/staff/charts/{}", theirs.chart_id), 404);
    let absent = Probe::get(&staff, format!("/staff/charts/{missing}"), 404);
    figures.push(("time of another practice's and a missing chart", compare(&w, foreign, absent).await));
    (w, figures)
}

//! What the load is measured on: one practice of 50,000 charts, 2,000 of them with an account, an open session
//! and the records that home shows.

use std::sync::Arc;

use anteroom::features::access::GrantRole;
use anteroom::features::access::lifecycle::State;
use anteroom::features::appointments::{NewAppointment, VisitKind, booking};
use anteroom::features::billing::actions::{post_charge, record_payment};
use anteroom::features::billing::{NewCharge, NewPayment, PaymentMethod};
use anteroom::features::calendar::Seats;
use anteroom::features::charts::import::{Mode, import};
use anteroom::features::documents::{
    self, DocumentKind, NewContent, NewDocument, NewShare, Recipient, Telling,
};
use anteroom::features::practice;
use anteroom::kernel::ids::{AccessId, AccountId, ChartId, PersonId};
use anteroom::kernel::money::{Currency, Money};
use anteroom::kernel::secrets::{Secret, Token};
use anteroom::platform::db::PracticeScope;
use anteroom::platform::db::schema::{chart, portal_access, portal_account};
use anteroom::platform::fault::Fault;
use anteroom::platform::hashing::{HashCost, Standing, Turn};
use anteroom::platform::permissions::{Role, Terms};
use anteroom::platform::web::session::{self, Audience};
use diesel::prelude::*;

use crate::people::people;
use crate::support::PASSWORD;
use crate::support::world::{Engine, Plan, World};

/// The practice, and who uses it.
pub struct Seeded {
    pub world: World,
    /// Cookies of clients who are signed in.
    pub clients: Vec<String>,
    /// Their sign-in names; all have the same password.
    pub names: Vec<String>,
    /// Cookies of staff who are signed in.
    pub staff: Vec<String>,
    /// Charts without an account, for invitations.
    pub others: Vec<ChartId>,
}

/// A fresh database of this engine, filled: so many charts, the first of them with an account.
pub async fn seed(engine: Engine, charts: usize, clients: usize) -> Seeded {
    let mut plan = Plan::new(engine);
    // The servers under load have the clock on the wall.
    plan.clock = Arc::default();
    plan.hash_cost = HashCost::Full;
    plan.sends = false;
    let world = World::planned(plan).await;
    import_charts(&world, &world.riverbend.scope, charts).await;
    let rows: Vec<(ChartId, PersonId)> = world
        .look(move |c| {
            chart::table
                .filter(chart::chart_number.like("B%"))
                .order(chart::chart_number)
                .limit(4 * clients as i64)
                .select((chart::chart_id, chart::person_id))
                .load(c)
        })
        .await;
    let hash = world
        .app
        .hashing
        .hash(
            Turn::of(world.riverbend.scope.id(), Standing::Known),
            &Secret::new(PASSWORD.to_owned()),
            world.app.rng.as_ref(),
        )
        .await
        .expect("hash the password")
        .expect("room in the queue");
    let mut cookies = Vec::new();
    for (part, some) in rows[..clients].chunks(100).enumerate() {
        cookies.extend(enrol(&world, part * 100, some.to_vec(), hash.clone()).await);
    }
    let mut staff = Vec::new();
    for _ in 0..64 {
        staff.push(cookie_of(&world.staff(Role::FrontDesk).await));
    }
    Seeded {
        clients: cookies,
        names: (0..clients).map(|n| format!("client{n}@example.com")).collect(),
        staff,
        others: rows[clients..].iter().map(|(chart, _)| *chart).collect(),
        world,
    }
}

pub fn cookie_of(browser: &crate::support::Browser) -> String {
    browser.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

/// Charts of people who do not exist.
pub async fn import_charts(w: &World, scope: &PracticeScope, count: usize) {
    let by = w.riverbend.by(Role::FrontDesk);
    let report = import(&w.app, scope, by, std::io::Cursor::new(people(count)), Mode::Apply, |_| {})
        .await
        .expect("no fault");
    assert_eq!(report.created, count as u64, "{report:?}");
}

/// Accounts, grants, records and open sessions for these charts, in one transaction. Gives the cookies.
async fn enrol(w: &World, first: usize, rows: Vec<(ChartId, PersonId)>, hash: String) -> Vec<String> {
    let by = w.riverbend.by(Role::Clinician);
    let casey = w.riverbend.member(Role::Clinician).staff_id;
    let tokens: Vec<Token> = w
        .app
        .db
        .write(&w.riverbend.scope, move |c| {
            let office = practice::places(c)?.first().map(|place| place.place_id);
            let office = office.ok_or_else(|| Fault::other("the practice has no place"))?;
            let (mut tokens, now) = (Vec::new(), c.now());
            for (n, (chart, person)) in rows.iter().enumerate() {
                let (account, access) =
                    (AccountId::fresh(c.rng(), c.now()), AccessId::fresh(c.rng(), c.now()));
                let name = format!("client{}@example.com", first + n);
                c.insert(
                    portal_account::table,
                    (
                        portal_account::account_id.eq(account),
                        portal_account::sign_in_name.eq(&name),
                        portal_account::sign_in_key.eq(&name),
                        portal_account::email.eq(&name),
                        portal_account::language.eq("en"),
                        portal_account::password_hash.eq(&hash),
                        portal_account::version.eq(1i64),
                        portal_account::created_at.eq(now),
                    ),
                )?;
                c.insert(
                    portal_access::table,
                    (
                        portal_access::access_id.eq(access),
                        portal_access::chart_id.eq(*chart),
                        portal_access::person_id.eq(*person),
                        portal_access::role.eq(GrantRole::Owner),
                        portal_access::rights.eq(Terms::all().write()),
                        portal_access::state.eq(State::Active),
                        portal_access::generation.eq(1),
                        portal_access::mismatches.eq(0),
                        portal_access::account_practice_id.eq(Some(*c.practice())),
                        portal_access::account_id.eq(Some(account)),
                        portal_access::since_at.eq(now),
                        portal_access::by_name.eq(""),
                        portal_access::reason.eq(""),
                        portal_access::version.eq(1i64),
                        portal_access::created_at.eq(now),
                    ),
                )?;
                for k in 0..8i64 {
                    let written_at = Some(c.now().plus_hours(-24 * k));
                    let document = NewDocument {
                        chart: *chart,
                        title: format!("Your next steps, part {k}"),
                        kind: DocumentKind::Letter,
                        label: None,
                        content: NewContent::Text(
                            "Thank you for coming in. Here is what we agreed on.\n\n".repeat(40),
                        ),
                        written_at,
                    };
                    let id = documents::create(c, &by, &document)?.expect("a document");
                    let share = NewShare {
                        with: vec![Recipient::Owner],
                        telling: Telling::Silent,
                        since: written_at,
                    };
                    documents::share(c, &by, &id, &share)?.expect("shared");
                    let on = jiff::civil::date(2026, 11, 1 + k as i8);
                    if k % 2 == 0 {
                        let description = "Session, 50 minutes".into();
                        let amount = Money::new(15_000, Currency::USD);
                        let new = NewCharge { chart: *chart, on, description, amount };
                        post_charge(c, &by, &new)?.expect("a charge is posted");
                    } else {
                        let new = NewPayment {
                            chart: *chart,
                            received_on: on,
                            method: PaymentMethod::Check,
                            reference: String::new(),
                            amount: Money::new(12_500, Currency::USD),
                            pays: None,
                            payer: None,
                        };
                        record_payment(c, &by, &new)?.expect("a payment is recorded");
                    }
                }
                for k in 0..6i64 {
                    // One after the other, because they all have the same clinician.
                    let number = i64::try_from(first + n).unwrap_or(0);
                    let appointment = NewAppointment {
                        chart: *chart,
                        with: Vec::new(),
                        seats: Seats::ONE,
                        request: None,
                        starts_at: c
                            .now()
                            .plus_hours(24 * (7 * k - 7) + 1 + number % 160 + 24 * 42 * (number / 160)),
                        minutes: 50,
                        kind: VisitKind::Session,
                        place: office,
                        staff: casey,
                    };
                    booking::record(c, &by, &appointment)?
                        .map_err(|_| Fault::other("two appointments of the bench at one time"))?;
                }
                tokens.push(session::open(
                    c,
                    Audience::Client,
                    &account.to_string(),
                    "127.0.0.1",
                    "a bench",
                )?);
            }
            Ok(tokens)
        })
        .await
        .expect("enrol clients");
    let cookie = |token: &Token| {
        let mut headers = axum::http::HeaderMap::new();
        session::set_cookie(&w.app.settings, Audience::Client, w.riverbend.scope.id(), token, &mut headers);
        let mut browser = w.browser();
        for cookie in headers.get_all("set-cookie") {
            browser.take_cookie(cookie.to_str().expect("a cookie in ASCII"));
        }
        cookie_of(&browser)
    };
    tokens.iter().map(cookie).collect()
}

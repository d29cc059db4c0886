//! Registered clients for the stories of the portal, as a registration leaves them.

use anteroom::features::access::GrantRole;
use anteroom::features::access::lifecycle::State;
use anteroom::features::access::permission::Basis;
use anteroom::features::appointments::{NewAppointment, VisitKind, booking};
use anteroom::features::billing::actions::{self as billing, NewRelief};
use anteroom::features::billing::{NewCharge, NewPayment, PaymentMethod};
use anteroom::features::calendar::Seats;
use anteroom::features::ledger::{Relief, posting_currency};
use anteroom::features::practice::{self, PlaceKind};
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::ids::{
    AccessId, AccountId, AppointmentId, ChargeId, ChartId, DocumentId, PaymentId, PersonId, PlaceId,
};
use anteroom::kernel::money::Money;
use anteroom::kernel::secrets::Secret;
use anteroom::platform::audit::By;
use anteroom::platform::db::schema::{audit_event, portal_access, portal_account};
use anteroom::platform::db::{PracticeScope, Scoped};
use anteroom::platform::hashing::{Standing, Turn};
use anteroom::platform::permissions::{Level, Right, Role, Terms};
use diesel::prelude::*;

use crate::support::world::Client;
use crate::support::{Browser, PASSWORD, World, papers};

/// An account and its grant to one chart.
#[derive(Clone, Debug)]
pub struct Enrolled {
    pub account: AccountId,
    pub access: AccessId,
    pub name: String,
}

/// An account at Riverbend with [`PASSWORD`], named by its address.
pub async fn account(w: &World, email: &str) -> AccountId {
    let hash = w
        .app
        .hashing
        .hash(
            Turn::of(w.riverbend.scope.id(), Standing::Known),
            &Secret::new(PASSWORD.to_owned()),
            w.app.rng.as_ref(),
        )
        .await
        .expect("hash the password")
        .expect("room in the queue");
    let email = email.to_owned();
    w.app
        .db
        .write(&w.riverbend.scope, move |c| {
            let id = AccountId::fresh(c.rng(), c.now());
            c.insert(
                portal_account::table,
                (
                    portal_account::account_id.eq(id),
                    portal_account::sign_in_name.eq(&email),
                    portal_account::sign_in_key.eq(email.to_lowercase()),
                    portal_account::email.eq(&email),
                    portal_account::language.eq("en"),
                    portal_account::password_hash.eq(&hash),
                    portal_account::version.eq(1i64),
                    portal_account::created_at.eq(c.now()),
                ),
            )?;
            Ok(id)
        })
        .await
        .expect("make an account")
}

/// Gives an account of Riverbend an active grant to a chart of any practice.
pub async fn grant(
    w: &World,
    scope: &PracticeScope,
    account: &AccountId,
    person: &PersonId,
    chart: &ChartId,
    rights: Option<&[Right]>,
) -> AccessId {
    let home = *w.riverbend.scope.id();
    let (account, person, chart) = (*account, *person, *chart);
    let (role, basis, rights) = match rights {
        None => (GrantRole::Owner, Basis::Client, Terms::all()),
        Some(rights) => {
            let terms = Terms::of(rights.iter().map(|right| (*right, Level::Act)));
            (GrantRole::Representative, Basis::Other, terms)
        }
    };
    w.app
        .db
        .write(scope, move |c| {
            let id = AccessId::fresh(c.rng(), c.now());
            c.insert(
                portal_access::table,
                (
                    portal_access::access_id.eq(id),
                    portal_access::chart_id.eq(chart),
                    portal_access::person_id.eq(person),
                    portal_access::role.eq(role),
                    portal_access::rights.eq(rights.write()),
                    portal_access::basis.eq(basis),
                    portal_access::state.eq(State::Active),
                    portal_access::generation.eq(1),
                    portal_access::mismatches.eq(0),
                    portal_access::account_practice_id.eq(Some(home)),
                    portal_access::account_id.eq(Some(account)),
                    portal_access::since_at.eq(c.now()),
                    portal_access::by_name.eq(""),
                    portal_access::reason.eq(""),
                    portal_access::version.eq(1i64),
                    portal_access::created_at.eq(c.now()),
                ),
            )?;
            Ok(id)
        })
        .await
        .expect("make a grant")
}

/// A client of Riverbend who has registered.
pub async fn enrolled(w: &World, client: &Client) -> Enrolled {
    let account = account(w, &client.email).await;
    let scope = w.riverbend.scope.clone();
    let access = grant(w, &scope, &account, &client.person_id, &client.chart_id, None).await;
    Enrolled { account, access, name: client.email.clone() }
}

/// Takes a grant away, as staff do.
pub async fn revoke(w: &World, access: &AccessId) {
    set_state(w, access, State::Revoked).await;
}

/// Puts a grant into a state behind the application's back.
pub async fn set_state(w: &World, access: &AccessId, state: State) {
    let access = *access;
    let changed = w
        .tamper(move |c| {
            diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
                .set(portal_access::state.eq(state))
                .execute(c)
        })
        .await;
    assert_eq!(changed, 1);
}

/// Signs in through the page, and lands on home.
pub async fn sign_in(w: &World, name: &str) -> Browser {
    let mut browser = w.browser();
    let page = browser.get("/riverbend/sign-in").await;
    let answer = browser.submit(&page, "/sign-in", &[("name", name), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), Some("/portal"), "{}", answer.words());
    browser
}

/// Runs a unit in Riverbend, as its clinician.
pub async fn act<T: Send + 'static>(
    w: &World,
    mut unit: impl FnMut(&mut Scoped<'_>, &By) -> Result<T, anteroom::platform::fault::Fault> + Send + 'static,
) -> T {
    let by = w.riverbend.by(Role::Clinician);
    w.app.db.write(&w.riverbend.scope, move |c| unit(c, &by)).await.expect("no fault")
}

/// A text that every grant of the chart sees.
pub async fn document(w: &World, chart: &ChartId, title: &str, body: &str) -> DocumentId {
    papers::shared_text(w, chart, title, body).await
}

/// Riverbend's first place of this kind.
pub async fn place(w: &World, kind: PlaceKind) -> PlaceId {
    let places = w.app.db.read(&w.riverbend.scope, practice::places).await.expect("no fault");
    places.iter().find(|place| place.kind == kind).expect("a place of each kind").place_id
}

/// An appointment with the clinician at this place and time, booked without a mail.
pub async fn booked_at(w: &World, chart: &ChartId, starts_at: Timestamp, kind: PlaceKind) -> AppointmentId {
    let new = NewAppointment {
        chart: *chart,
        with: Vec::new(),
        seats: Seats::ONE,
        request: None,
        starts_at,
        minutes: 50,
        kind: VisitKind::Session,
        place: place(w, kind).await,
        staff: crate::appointments::casey(w),
    };
    act(w, move |c, by| booking::record(c, by, &new)).await.expect("the time is free")
}

/// Books an appointment in so many hours.
pub async fn appointment(w: &World, chart: &ChartId, hours: i64) -> AppointmentId {
    booked_at(w, chart, w.now().plus_hours(hours), PlaceKind::Office).await
}

/// Posts a charge of a visit, in the currency in which the practice posts.
pub async fn charge(w: &World, chart: &ChartId, on: jiff::civil::Date, minor: i64) -> ChargeId {
    let chart = *chart;
    act(w, move |c, by| {
        let amount = Money::new(minor, posting_currency(c)?);
        let new = NewCharge { chart, on, description: "Visit".to_owned(), amount };
        Ok(billing::post_charge(c, by, &new)?.expect("a charge is posted").charge_id)
    })
    .await
}

/// Records a payment by check.
pub async fn payment(w: &World, chart: &ChartId, on: jiff::civil::Date, minor: i64) -> PaymentId {
    let chart = *chart;
    act(w, move |c, by| {
        let new = NewPayment {
            chart,
            received_on: on,
            method: PaymentMethod::Check,
            reference: String::new(),
            amount: Money::new(minor, posting_currency(c)?),
            pays: None,
            payer: None,
        };
        Ok(billing::record_payment(c, by, &new)?.expect("a payment is recorded").payment_id)
    })
    .await
}

/// Lowers the fee of a charge.
pub async fn discount(w: &World, chart: &ChartId, charge: ChargeId, minor: i64) {
    let chart = *chart;
    act(w, move |c, by| {
        let amount = Money::new(minor, posting_currency(c)?);
        let reason = "a lower fee was agreed".to_owned();
        let new = NewRelief { chart, charge, relief: Relief::Discount, amount, reason };
        Ok(billing::relieve(c, by, &new)?.expect("the fee is lowered").entry_id)
    })
    .await;
}

/// How many events of this kind the practice's trail holds.
pub async fn events(w: &World, action: &'static str) -> i64 {
    w.look(move |c| audit_event::table.filter(audit_event::action.eq(action)).count().get_result(c)).await
}

//! The pages that are measured, and the practice that they show.

use std::collections::VecDeque;

use anteroom::app;
use anteroom::features::access::Doubt;
use anteroom::features::access::actions::{self, Act, Key, NewCredential, RegisterOrder, Registered, Target};
use anteroom::features::access::permission::Basis;
use anteroom::features::appointments::{NewAppointment, VisitKind, booking};
use anteroom::features::billing::actions::{post_charge, record_payment};
use anteroom::features::billing::{NewCharge, NewPayment, PaymentMethod};
use anteroom::features::calendar::Seats;
use anteroom::features::charts::import::{Mode, import};
use anteroom::features::documents::{
    self, DocumentKind, NewContent, NewDocument, NewShare, Recipient, Telling,
};
use anteroom::features::practice;
use anteroom::kernel::civil::BirthDate;
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::ids::ChartId;
use anteroom::kernel::money::{Currency, Money};
use anteroom::kernel::secrets::Secret;
use anteroom::platform::db::schema::{chart, portal_access};
use anteroom::platform::i18n::Language;
use anteroom::platform::permissions::{Needs, Role};
use anteroom::platform::web::Routes;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, StatusCode, header};
use diesel::prelude::*;
use tower::Service;

use super::people::{letters, people};
use super::support::world::{Client, World};
use super::support::{Browser, PASSWORD, http};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Enough for what does not vary: for CI.
    Short,
    /// Enough for the processor's time as well.
    Full,
}

/// How often a page is asked for.
pub struct Runs {
    pub warm_up: u64,
    pub measured: u64,
    pub counted: u64,
}

impl Amount {
    /// Of one kind of page.
    pub fn runs(self, kind: Kind) -> Runs {
        let (warm_up, measured) = match (self, kind) {
            (Self::Short, Kind::Look) => (20, 100),
            (Self::Full, Kind::Look) => (200, 2_000),
            (Self::Short, Kind::Act) => (5, 20),
            (Self::Full, Kind::Act) => (20, 200),
        };
        Runs { warm_up, measured, counted: 5 }
    }

    /// Of what is done once each: how many must be prepared.
    fn acts(self) -> usize {
        let runs = self.runs(Kind::Act);
        (runs.warm_up + runs.measured + runs.counted) as usize
    }

    fn charts(self) -> usize {
        match self {
            Self::Short => 300,
            Self::Full => 50_000,
        }
    }
}

/// Does asking change something?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Look,
    Act,
}

/// One page, and how it is asked for.
pub struct Page {
    pub name: &'static str,
    pub kind: Kind,
    status: StatusCode,
    /// One for a page that is only looked at; one for each time for what is done.
    requests: VecDeque<Request<Bytes>>,
}

impl Page {
    fn get(name: &'static str, browser: &Browser, path: &str) -> Self {
        let requests = VecDeque::from([request(browser, "GET", path, Bytes::new())]);
        Self { name, kind: Kind::Look, status: StatusCode::OK, requests }
    }

    fn posts(name: &'static str, requests: VecDeque<Request<Bytes>>) -> Self {
        Self { name, kind: Kind::Act, status: StatusCode::SEE_OTHER, requests }
    }

    /// One of its requests, made as [`Page::ask`] makes it.
    pub fn sample_request(&self) -> Request<Body> {
        let (parts, body) = self.requests.front().expect("a request").clone().into_parts();
        Request::from_parts(parts, Body::from(body))
    }

    /// Asks, and answers the body; panics when the page is not the one that is to be measured.
    pub async fn ask(&mut self, world: &World, router: &mut Router) -> Bytes {
        let request = self.sample_request();
        if self.kind == Kind::Act {
            // Who does the same thing many times within one second is stopped.
            world.clock.advance_seconds(1);
            if self.requests.len() > 1 {
                self.requests.pop_front();
            }
        }
        let response = router.call(request).await.expect("a router never fails");
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("the body");
        assert_eq!(status, self.status, "{}: {}", self.name, String::from_utf8_lossy(&body));
        body
    }
}

fn request(browser: &Browser, method: &str, path: &str, body: Bytes) -> Request<Bytes> {
    let cookies: Vec<String> =
        browser.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, browser.to.to_string())
        .header("sec-fetch-site", "same-origin");
    if !cookies.is_empty() {
        request = request.header(header::COOKIE, cookies.join("; "));
    }
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    request.body(body).expect("a request")
}

fn post(browser: &Browser, path: &str, fields: &[(String, String)]) -> Request<Bytes> {
    request(browser, "POST", path, Bytes::from(http::encode_form(fields)))
}

/// What is measured: the router, and each page that it is asked for.
pub struct Setting {
    pub router: Router,
    pub pages: Vec<Page>,
}

/// Fills the practice and prepares every request.
pub async fn set_up(w: &mut World, amount: Amount) -> Setting {
    let acts = amount.acts();
    let charts = import_charts(w, amount.charts()).await;
    let (invited, resent) = (&charts[..60], &charts[60..60 + acts]);
    let by = w.riverbend.by(Role::FrontDesk);
    for some in [invited, resent] {
        let outcomes = actions::send_many(&w.app, &w.riverbend.scope, by.clone(), some.to_vec())
            .await
            .expect("no fault");
        assert!(outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "an invitation was refused");
    }
    let ana = w.chart("Ana", "Duarte").await;
    let client = w.registered(&ana).await;
    fill(w, &ana, 2).await;
    let of_ten = holder_of_ten(w).await;
    let bo = w.chart("Bo", "Lindgren").await;
    w.invite(&bo).await;
    let mail = w.mail_to(&bo.email).await;
    let link = w.link_in(&mail);
    let registering = registrations(w, acts).await;
    let staff = w.staff(Role::FrontDesk).await;
    w.mail_has_settled().await;
    w.stop_sending().await;
    let resending = resends(&staff, resent).await;

    let nobody = w.browser();
    let start = nobody.clone().get("/riverbend/sign-in").await.html();
    let sheet = start.split('"').find(|text| text.ends_with(".css")).expect("a stylesheet").to_owned();
    let sign_in =
        [("name", ana.email.as_str()), ("password", PASSWORD)].map(|(n, v)| (n.to_owned(), v.to_owned()));
    let chart_room = format!("/staff/charts/{}", ana.chart_id);
    let pages = vec![
        Page::get("layers-alone", &nobody, "/hello"),
        Page::get("asset", &nobody, &sheet),
        Page::get("link", &nobody, &link),
        Page::get("sign-in-page", &nobody, "/riverbend/sign-in"),
        Page::get("portal-home", &client, "/portal"),
        Page::get("portal-home-ten", &of_ten, "/portal"),
        Page::get("portal-documents", &client, "/portal/documents"),
        Page::get("portal-appointments", &client, "/portal/appointments"),
        Page::get("portal-account", &client, "/portal/account"),
        Page::get("face-sheet", &staff, &chart_room),
        Page::get("communications", &staff, &format!("{chart_room}/communications")),
        Page::get("chart-list", &staff, "/staff/charts"),
        Page::get("search", &staff, "/staff/charts?q=Lastbc"),
        Page::get("work-list", &staff, "/staff/worklist"),
        Page::posts("sign-in", (0..acts).map(|_| post(&nobody, "/riverbend/sign-in", &sign_in)).collect()),
        Page::posts("resend", resending),
        Page::posts("register", registering),
    ];
    // Beside the pages one that does nothing, under the same layers: what these cost alone.
    let hello = || async { ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], HELLO) };
    let routes = app::routes().and(Routes::new().get("/hello", Needs::Nothing, hello));
    Setting { router: app::with_layers(w.app.clone(), routes), pages }
}

/// Somebody with one sign-in and access to ten charts: their own, and as a parent those of nine children.
async fn holder_of_ten(w: &mut World) -> Browser {
    let own = w.chart("Max", "Tenfold").await;
    let browser = w.registered(&own).await;
    fill(w, &own, 4).await;
    let mut children = Vec::new();
    for number in 0..9 {
        let first = format!("Kid{}", letters(number));
        let child = w.chart_with(&first, "Tenfold", "2015-05-05", &own.email).await;
        let invite = Act::Invite { address: None, confirmed: Doubt::ALL.to_vec() };
        let by = w.riverbend.by(Role::FrontDesk);
        let invited =
            actions::act(&w.app, &w.riverbend.scope, by.clone(), Target::Owner(child.chart_id), invite);
        let link = invited.await.expect("no fault").expect("no refusal").link.expect("a link");
        let order = RegisterOrder {
            key: Key::Token(link.token),
            last_name: child.last_name.clone(),
            birth_date: BirthDate::from_iso(&child.born, jiff::civil::date(2100, 1, 1)).expect("a date"),
            credential: NewCredential::Existing {
                name: own.email.clone(),
                password: Secret::new(PASSWORD.to_owned()),
            },
            nonce: first,
            language: Language::English,
            ip_bucket: "127.0.0.1".into(),
            device: None,
            session: None,
        };
        let came = actions::register(&w.app, &w.riverbend.scope, by, order).await.expect("no fault");
        assert!(matches!(came, Registered::Welcome { .. }), "{came:?}");
        children.push(child.chart_id);
    }
    let as_parent = w.tamper(move |c| {
        diesel::update(portal_access::table.filter(portal_access::chart_id.eq_any(children.clone())))
            // The oldest is looked at first: a child's in each run, not whichever was made in the same moment.
            .set((
                portal_access::basis.eq(Basis::Parent),
                portal_access::created_at.eq(Timestamp::from_micros(0)),
            ))
            .execute(c)
    });
    assert_eq!(as_parent.await, 9);
    browser
}

/// As long as the portal's home.
const HELLO: Bytes = Bytes::from_static(&[b'.'; 12 * 1024]);

async fn import_charts(w: &World, count: usize) -> Vec<ChartId> {
    let by = w.riverbend.by(Role::FrontDesk);
    let report =
        import(&w.app, &w.riverbend.scope, by, std::io::Cursor::new(people(count)), Mode::Apply, |_| {})
            .await
            .expect("no fault");
    assert_eq!(report.created, count as u64, "{report:?}");
    w.look(|c| {
        chart::table
            .filter(chart::chart_number.like("B%"))
            .order(chart::chart_number)
            .limit(300)
            .select(chart::chart_id)
            .load(c)
    })
    .await
}

/// Twenty documents, appointments and entries.
async fn fill(w: &World, client: &Client, hour: i64) {
    let (by, id) = (w.riverbend.by(Role::Clinician), client.chart_id);
    let casey = w.riverbend.member(Role::Clinician).staff_id;
    w.app
        .db
        .write(&w.riverbend.scope, move |c| {
            let office = practice::places(c)?.first().expect("a place").place_id;
            for n in 0..20i32 {
                let new = NewDocument {
                    chart: id,
                    title: format!("Your next steps, part {n}"),
                    kind: DocumentKind::Letter,
                    label: None,
                    content: NewContent::Text(
                        "Thank you for coming in. Here is what we agreed on.\n\n".repeat(40),
                    ),
                    written_at: None,
                };
                let document = documents::create(c, &by, &new)?.expect("a document");
                let share = NewShare { with: vec![Recipient::Owner], telling: Telling::Silent, since: None };
                documents::share(c, &by, &document, &share)?.expect("shared");
                booking::record(
                    c,
                    &by,
                    &NewAppointment {
                        chart: id,
                        with: Vec::new(),
                        seats: Seats::ONE,
                        request: None,
                        starts_at: c.now().plus_hours(24 * i64::from(n - 10) + hour),
                        minutes: 50,
                        kind: VisitKind::Session,
                        place: office,
                        staff: casey,
                    },
                )?
                .expect("the time is free");
                let on = jiff::civil::date(2026, 11, 1 + n as i8);
                if n % 2 == 0 {
                    let description = "Session, 50 minutes".into();
                    let amount = Money::new(15_000, Currency::USD);
                    let new = NewCharge { chart: id, on, description, amount };
                    post_charge(c, &by, &new)?.expect("a charge is posted");
                } else {
                    let new = NewPayment {
                        chart: id,
                        received_on: on,
                        method: PaymentMethod::Check,
                        reference: String::new(),
                        amount: Money::new(14_000, Currency::USD),
                        pays: None,
                        payer: None,
                    };
                    record_payment(c, &by, &new)?.expect("a payment is recorded");
                }
            }
            Ok(())
        })
        .await
        .expect("fill the chart");
}

/// One registration each, ready to be sent.
async fn registrations(w: &mut World, count: usize) -> VecDeque<Request<Bytes>> {
    let mut requests = VecDeque::new();
    for n in 0..count {
        let client = w.chart(&format!("Guest{}", letters(n)), "Moreau").await;
        w.invite(&client).await;
        let mail = w.mail_to(&client.email).await;
        let link = w.link_in(&mail);
        let mut browser = w.browser();
        let page = browser.get(&link).await;
        let mut fields = page.form(&link).fields;
        let typed = [
            ("last_name", "Moreau"),
            ("month", "4"),
            ("day", "12"),
            ("year", "1990"),
            ("password", PASSWORD),
            ("how", "new"),
        ];
        fields.retain(|(name, _)| typed.iter().all(|(key, _)| key != name));
        fields.extend(typed.map(|(name, value)| (name.to_owned(), value.to_owned())));
        requests.push_back(post(&browser, &link, &fields));
    }
    requests
}

/// One resend each, ready to be sent.
async fn resends(staff: &Browser, charts: &[ChartId]) -> VecDeque<Request<Bytes>> {
    let mut requests = VecDeque::new();
    for chart in charts {
        let path = format!("/staff/charts/{chart}/access/resend");
        let page = staff.clone().get(&path).await;
        assert_eq!(page.status(), 200, "{}", page.words());
        requests.push_back(post(staff, &path, &page.form("access/resend").fields));
    }
    requests
}

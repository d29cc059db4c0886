//! Two people at the same instant, where the act of one must prevent that of the other. The story sets the
//! order: both wait for the same row, and get it in the order in which they came.

use std::cell::Cell;
use std::time::Duration;

use anteroom::features::access::actions::{
    self, Act, Key, LinkView, NewCredential, RegisterOrder, Registered, Target,
};
use anteroom::kernel::civil::BirthDate;
use anteroom::kernel::ids::{AccountId, ChartId, StaffId};
use anteroom::kernel::secrets::{Secret, Token};
use anteroom::platform::audit::{Actor, By};
use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{chart, known_device, portal_account, session, staff_member};
use anteroom::platform::i18n::Language;
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;

use crate::access::contact;
use crate::portal_people::enrolled;
use crate::rights::send;
use crate::stories;
use crate::support::world::Client;
use crate::support::{Browser, Engine, PASSWORD, Page, World};

const NEW: &str = "seven lanterns on a hill";
const CLIENTS: &str = "/riverbend/sign-in";
const STAFF: &str = "/riverbend/staff/sign-in";

/// Whose row both wait for.
#[derive(Clone)]
pub enum Whose {
    Account(AccountId),
    Staff(StaffId),
    Chart(ChartId),
}

impl Whose {
    fn hold(&self, conn: &mut Conn) -> QueryResult<()> {
        // SQLite's transaction holds everything already.
        let Conn::Postgres(conn) = conn else { return Ok(()) };
        match self {
            Self::Account(id) => portal_account::table
                .filter(portal_account::account_id.eq(id))
                .for_update()
                .select(portal_account::account_id)
                .load::<AccountId>(conn)
                .map(drop),
            Self::Staff(id) => staff_member::table
                .filter(staff_member::staff_id.eq(id))
                .for_update()
                .select(staff_member::staff_id)
                .load::<StaffId>(conn)
                .map(drop),
            Self::Chart(id) => chart::table
                .filter(chart::chart_id.eq(id))
                .for_update()
                .select(chart::chart_id)
                .load::<ChartId>(conn)
                .map(drop),
        }
    }
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

/// Waits until so many wait for a lock, or until what would is over.
async fn until_waiting(w: &World, how_many: i64, is_over: &Cell<bool>) {
    if w.engine == Engine::Sqlite {
        // Its writers wait before the database, in the order of their coming.
        return tokio::time::sleep(Duration::from_millis(250)).await;
    }
    for _ in 0..500 {
        let waiting = w.look(|c| {
            diesel::sql_query(
                "SELECT count(*) AS n FROM pg_stat_activity \
                 WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .get_result::<Waiting>(c)
        });
        if waiting.await.n >= how_many || is_over.get() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits for the row that is held");
}

/// Holds the row, begins the one, then the other, and lets both go.
pub async fn in_turn<A, B>(
    w: &World,
    whose: Whose,
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B) {
    let (held, is_held) = tokio::sync::oneshot::channel();
    let (let_go, go) = std::sync::mpsc::channel::<()>();
    let (db, mut held) = (w.app.db.clone(), Some(held));
    let holding = tokio::spawn(async move {
        db.system_write(move |system| {
            whose.hold(system.conn)?;
            if let Some(held) = held.take() {
                let _ = held.send(());
            }
            let _ = go.recv_timeout(Duration::from_secs(20));
            Ok(())
        })
        .await
    });
    is_held.await.expect("the row is held");
    let (first_over, second_over) = (Cell::new(false), Cell::new(false));
    let one = async {
        let answer = first.await;
        first_over.set(true);
        answer
    };
    let other = async {
        until_waiting(w, 1, &first_over).await;
        let answer = second.await;
        second_over.set(true);
        answer
    };
    let release = async {
        until_waiting(w, 1, &first_over).await;
        until_waiting(w, 2, &second_over).await;
        let_go.send(()).expect("still held");
    };
    let (a, b, ()) = tokio::join!(one, other, release);
    holding.await.expect("no panic").expect("no fault");
    (a, b)
}

async fn client_knocks(browser: &mut Browser, name: &str, password: &str) -> Page {
    browser.post(CLIENTS, &[("name", name), ("password", password)]).await
}

async fn staff_knocks(browser: &mut Browser, email: &str, password: &str) -> Page {
    browser.post(STAFF, &[("email", email), ("password", password), ("back", "")]).await
}

async fn open_sessions(w: &World, subject: &str) -> i64 {
    let subject = subject.to_owned();
    w.look(move |c| {
        session::table
            .filter(session::subject_id.eq(subject))
            .filter(session::ended_at.is_null())
            .count()
            .get_result(c)
    })
    .await
}

async fn known_browsers(w: &World, subject: &str) -> i64 {
    let subject = subject.to_owned();
    w.look(move |c| known_device::table.filter(known_device::subject_id.eq(subject)).count().get_result(c))
        .await
}

/// The page behind the link of a forgotten password, and the browser that it is open in.
async fn forgotten(w: &mut World, at: &str, field: &str, address: &str) -> (Browser, Page) {
    w.browser().post(at, &[(field, address)]).await;
    let mail = w.mail_to(address).await;
    let link = w.link_in(&mail);
    let mut browser = w.browser();
    let form = browser.get(&link).await;
    form.must_be(200);
    (browser, form)
}

fn link_holder() -> By {
    By { actor: Actor::LinkHolder, source: "127.0.0.1".into() }
}

fn token(link: &str) -> Token {
    link.rsplit('/').next().and_then(Token::read).expect("a link ends with its token")
}

async fn link_of(w: &mut World, client: &Client) -> String {
    w.invite(client).await;
    let mail = w.mail_to(&client.email).await;
    w.link_in(&mail)
}

/// "I already have a sign-in", on the link of this client's chart.
async fn joins(w: &World, link: &str, client: &Client, name: &str) -> Registered {
    let order = RegisterOrder {
        key: Key::Token(token(link)),
        last_name: client.last_name.clone(),
        birth_date: BirthDate::from_iso(&client.born, jiff::civil::date(2100, 1, 1)).expect("a date"),
        credential: NewCredential::Existing { name: name.into(), password: Secret::new(PASSWORD.to_owned()) },
        nonce: "a form".into(),
        language: Language::English,
        ip_bucket: "127.0.0.1".into(),
        device: None,
        session: None,
    };
    actions::register(&w.app, &w.riverbend.scope, link_holder(), order).await.expect("no fault")
}

async fn disowns(w: &World, link: &str) -> LinkView {
    let key = Key::Token(token(link));
    actions::disown(&w.app, &w.riverbend.scope, link_holder(), key).await.expect("no fault")
}

stories! {
    async fn pwd_06_a_sign_in_with_the_old_password_does_not_outlive_the_reset(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let (mut owner, form) = forgotten(w, "/riverbend/forgot", "address", &ana.email).await;
        let mut thief = w.browser();
        let (set, _) = in_turn(
            w,
            Whose::Account(who.account),
            owner.submit(&form, "/password/", &[("password", NEW)]),
            client_knocks(&mut thief, &who.name, PASSWORD),
        )
        .await;
        assert!(set.is_redirect(), "{}", set.words());
        assert!(thief.get("/portal").await.is_redirect(), "the old password's session opens the portal");
        assert_eq!(open_sessions(w, &who.account.to_string()).await, 0);
        assert_eq!(client_knocks(&mut w.browser(), &who.name, NEW).await.location(), Some("/portal"));
    }

    async fn pwd_06_a_staff_sign_in_with_the_old_password_does_not_outlive_the_reset(w: &mut World) {
        let desk = w.riverbend.member(Role::FrontDesk).clone();
        let (mut owner, form) = forgotten(w, "/riverbend/staff/forgot", "email", &desk.email).await;
        let mut thief = w.browser();
        let (set, _) = in_turn(
            w,
            Whose::Staff(desk.staff_id),
            owner.submit(&form, "/password/", &[("password", NEW)]),
            staff_knocks(&mut thief, &desk.email, PASSWORD),
        )
        .await;
        assert!(set.is_redirect(), "{}", set.words());
        assert!(thief.get("/staff/me").await.is_redirect(), "the old password's session opens the staff side");
        assert_eq!(open_sessions(w, &desk.staff_id.to_string()).await, 0);
        assert_eq!(staff_knocks(&mut w.browser(), &desk.email, NEW).await.location(), Some("/staff"));
    }

    async fn ses_06_who_is_disabled_while_signing_in_has_no_session_when_enabled_again(w: &mut World) {
        let desk = w.riverbend.member(Role::FrontDesk).clone();
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&format!("/staff/team/{}/disable", desk.staff_id)).await;
        let mut browser = w.browser();
        let (disabled, _) = in_turn(
            w,
            Whose::Staff(desk.staff_id),
            admin.submit(&page, "/disable", &[]),
            staff_knocks(&mut browser, &desk.email, PASSWORD),
        )
        .await;
        assert!(disabled.is_redirect(), "{}", disabled.words());
        assert_eq!(open_sessions(w, &desk.staff_id.to_string()).await, 0);
    }

    async fn ses_06_a_sign_in_at_the_instant_of_a_revoke_leaves_no_session(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let (by, access) = (w.riverbend.by(Role::FrontDesk), who.access);
        let mut browser = w.browser();
        let (_, revoked) = in_turn(
            w,
            Whose::Account(who.account),
            client_knocks(&mut browser, &who.name, PASSWORD),
            actions::act(&w.app, &w.riverbend.scope, by, Target::Grant(access), Act::Revoke { reason: "asked by phone".into() }),
        )
        .await;
        revoked.expect("no fault").expect("revoked");
        assert_eq!(open_sessions(w, &who.account.to_string()).await, 0);
    }

    async fn idp_04_a_sign_in_that_is_disowned_leaves_neither_session_nor_known_browser(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let account = w.register_by(&link, &ana).await;
        let mut stranger = w.browser();
        let (_, view) = in_turn(
            w,
            Whose::Account(account),
            client_knocks(&mut stranger, &ana.email, PASSWORD),
            disowns(w, &link),
        )
        .await;
        assert_eq!(view, LinkView::Disowned);
        assert_eq!(open_sessions(w, &account.to_string()).await, 0);
        assert_eq!(known_browsers(w, &account.to_string()).await, 0);
        assert!(!client_knocks(&mut stranger, &ana.email, PASSWORD).await.is_redirect());
    }

    async fn pwd_06_a_second_chart_is_not_joined_with_the_password_from_before_the_reset(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let ben = w.chart("Ben", "Duarte").await;
        let link = link_of(w, &ben).await;
        let (mut owner, form) = forgotten(w, "/riverbend/forgot", "address", &ana.email).await;
        let (set, joined) = in_turn(
            w,
            Whose::Account(who.account),
            owner.submit(&form, "/password/", &[("password", NEW)]),
            joins(w, &link, &ben, &who.name),
        )
        .await;
        assert!(set.is_redirect(), "{}", set.words());
        assert_eq!(joined, Registered::WrongSignIn);
    }

    async fn idp_04_a_second_chart_is_not_joined_with_a_sign_in_that_was_just_disowned(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let first = link_of(w, &ana).await;
        let account = w.register_by(&first, &ana).await;
        let ben = w.chart("Ben", "Duarte").await;
        let second = link_of(w, &ben).await;
        let (view, joined) =
            in_turn(w, Whose::Account(account), disowns(w, &first), joins(w, &second, &ben, &ana.email)).await;
        assert_eq!(view, LinkView::Disowned);
        assert_eq!(joined, Registered::WrongSignIn);
        // The link is as good as before.
        w.register_by(&second, &ben).await;
    }

    async fn two_programs_that_change_the_terms_of_one_grant_lose_neither_change(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let sam = contact(w, &leo, "Sam", "sam@example.com").await.to_string();
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let program = |etag: &str| {
            w.browser().with("authorization", &format!("Bearer {key}")).with("if-match", etag)
        };
        let new = serde_json::json!({ "person_id": sam, "basis": "parent", "rights": ["documents"] });
        let grants = format!("/api/v1/charts/{}/grants", leo.chart_id);
        let made = send(&mut program("*"), "POST", &grants, &new).await.must_be(200).answer.json();
        let grant = format!("/api/v1/grants/{}", made["id"].as_str().unwrap());
        let read = program("*").get(&grant).await;
        let etag = read.answer.header("etag").unwrap_or("none").to_owned();
        let rights = serde_json::json!({ "rights": ["documents", "billing"] });
        let last_day = serde_json::json!({ "ends_on": "2027-03-03", "reason": "Until March." });
        let (mut one, mut other) = (program(&etag), program(&etag));
        let (first, second) = in_turn(
            w,
            Whose::Chart(leo.chart_id),
            send(&mut one, "PATCH", &grant, &rights),
            send(&mut other, "PATCH", &grant, &last_day),
        )
        .await;
        first.must_be(200);
        let now = program("*").get(&grant).await;
        let shown = now.answer.json();
        assert_eq!(shown["rights"], serde_json::json!(["billing", "documents"]), "the first change is gone");
        second.must_be(412);
        assert_eq!(shown["ends_on"], serde_json::Value::Null);
        let etag = now.answer.header("etag").expect("an ETag").to_owned();
        send(&mut program(&etag), "PATCH", &grant, &last_day).await.must_be(200);
        let shown = program("*").get(&grant).await.answer.json();
        assert_eq!(shown["rights"], serde_json::json!(["billing", "documents"]));
        assert_eq!(shown["ends_on"], "2027-03-03");
    }
}

//! Who sees a chart, how far and how long. The numbers are those of the acceptance cases of rights.

use anteroom::features::access::actions::GrantTerms;
use anteroom::features::access::load_access;
use anteroom::features::access::permission::Basis;
use anteroom::features::accounts::level_now;
use anteroom::kernel::clock::{Clock, SystemClock};
use anteroom::kernel::ids::{AccessId, ChartId, PersonId};
use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{
    appointment_request, chart, jurisdiction, portal_access, related_contact,
};
use anteroom::platform::permissions::{Level, Right, Role, Scope};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use jiff::ToSpan;
use jiff::civil::date;

use crate::access::contact;
use crate::portal_people::{account, appointment, charge, document, enrolled, grant, sign_in};
use crate::stories;
use crate::support::world::Client;
use crate::support::{Browser, Engine, PASSWORD, World, papers};

/// What a story changes of a grant behind the application's back; `None` leaves it as it is.
#[derive(Clone, Copy, Default)]
pub struct Terms {
    pub basis: Option<Basis>,
    pub rights: Option<&'static str>,
    pub starts_on: Option<&'static str>,
    pub ends_on: Option<&'static str>,
}

pub async fn set(w: &World, access: AccessId, terms: Terms) {
    w.tamper(move |c| {
        let row = || portal_access::table.filter(portal_access::access_id.eq(access));
        if let Some(basis) = terms.basis {
            diesel::update(row()).set(portal_access::basis.eq(basis)).execute(c)?;
        }
        if let Some(rights) = terms.rights {
            diesel::update(row()).set(portal_access::rights.eq(rights)).execute(c)?;
        }
        if let Some(day) = terms.starts_on {
            diesel::update(row()).set(portal_access::starts_on.eq(day)).execute(c)?;
        }
        if let Some(day) = terms.ends_on {
            diesel::update(row()).set(portal_access::ends_on.eq(day)).execute(c)?;
        }
        Ok(1)
    })
    .await;
}

/// A mother with a grant to her child's chart, who owns it.
pub async fn mother_of(w: &mut World, child: &Client) -> (String, AccessId) {
    let mother = w.chart_with("Joan", "Park", "1980-02-02", "joan.park@example.com").await;
    let id = account(w, &mother.email).await;
    let access =
        grant(w, &w.riverbend.scope, &id, &mother.person_id, &child.chart_id, Some(Right::ALL)).await;
    let (owner, of) = (mother.person_id, child.chart_id);
    w.tamper(move |c| {
        diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
            .set(portal_access::role.eq("owner"))
            .execute(c)?;
        diesel::update(chart::table.filter(chart::chart_id.eq(of)))
            .set(chart::owner_person_id.eq(owner))
            .execute(c)
    })
    .await;
    set(w, access, Terms { basis: Some(Basis::Parent), ..Terms::default() }).await;
    (mother.email, access)
}

/// Every page of a chart, as a client sees it: nothing is found.
pub async fn sees_nothing(browser: &mut Browser) {
    for page in ["/portal", "/portal/documents", "/portal/appointments", "/portal/account"] {
        let answer = browser.get(page).await;
        let to = answer.location().unwrap_or_default();
        assert!(to.starts_with("/riverbend/sign-in"), "{page} answers {to}");
    }
}

pub async fn level(w: &World, access: AccessId, right: Right) -> Level {
    w.app.db.read(&w.riverbend.scope, move |c| level_now(c, &access, right)).await.expect("no fault")
}

stories! {
    // The practice is in New York and its clock stands at 10 AM of December 1, 2026.
    async fn case_17_a_parent_who_owns_the_chart_loses_it_at_majority_also_in_an_open_session(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2008-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        document(w, &leo.chart_id, "For Leo", "Text.").await;
        // 11:50 PM: still 17, while UTC has the next day.
        w.clock.advance_seconds(13 * 3_600 + 50 * 60);
        let mut browser = sign_in(w, &name).await;
        browser.get("/portal").await.must_be(200).must_say("For Leo");
        w.clock.advance_seconds(10 * 60 - 1);
        browser.get("/portal/documents").await.must_be(200).must_say("For Leo");
        assert_eq!(level(w, access, Right::Documents).await, Level::Act);
        // Midnight. Nothing ran in between and nothing was written.
        w.clock.advance_seconds(1);
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
        sees_nothing(&mut browser).await;
        let mut again = w.browser();
        let page = again.get("/riverbend/sign-in").await;
        let answer = again.submit(&page, "/sign-in", &[("name", &name), ("password", PASSWORD)]).await;
        answer.must_be(422).must_say("not open right now");
    }

    async fn case_18_where_majority_is_19_the_parent_sees_the_chart_for_a_year_more(w: &mut World) {
        w.tamper(|c| diesel::update(jurisdiction::table).set(jurisdiction::majority_age.eq(19)).execute(c)).await;
        let leo = w.chart_with("Leo", "Park", "2007-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        sign_in(w, &name).await.get("/portal/documents").await.must_be(200);
        w.clock.advance_seconds(14 * 3_600);
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
    }

    async fn case_24_without_a_birth_date_a_parent_sees_nothing(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, _) = mother_of(w, &leo).await;
        let mut browser = sign_in(w, &name).await;
        browser.get("/portal").await.must_be(200);
        let person = leo.person_id;
        w.tamper(move |c| {
            use anteroom::platform::db::schema::person;
            diesel::update(person::table.filter(person::person_id.eq(person)))
                .set(person::birth_date.eq(None::<String>))
                .execute(c)
        })
        .await;
        sees_nothing(&mut browser).await;
    }

    async fn case_04_the_last_day_counts_to_its_end_in_the_practices_zone_wherever_the_reader_is(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let person = ana.person_id;
        w.tamper(move |c| {
            use anteroom::platform::db::schema::person;
            diesel::update(person::table.filter(person::person_id.eq(person)))
                .set(person::time_zone.eq("Asia/Tokyo"))
                .execute(c)
        })
        .await;
        set(w, who.access, Terms { ends_on: Some("2026-12-01"), ..Terms::default() }).await;
        w.clock.advance_seconds(13 * 3_600 + 50 * 60);
        let mut browser = sign_in(w, &who.name).await;
        w.clock.advance_seconds(10 * 60 - 1);
        browser.get("/portal/documents").await.must_be(200);
        w.clock.advance_seconds(1);
        sees_nothing(&mut browser).await;
    }

    async fn case_05_before_the_first_day_the_portal_says_from_when_and_opens_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        document(w, &ana.chart_id, "For Ana", "Text.").await;
        set(w, who.access, Terms { starts_on: Some("2026-12-02"), ..Terms::default() }).await;
        w.clock.advance_seconds(13 * 3_600 + 50 * 60);
        let mut browser = sign_in(w, &who.name).await;
        let home = browser.get("/portal").await;
        home.must_be(200).must_say("from December 2, 2026").must_not_say("For Ana").must_not_say("Ask for an");
        for page in ["/portal/documents", "/portal/appointments", "/portal/appointments/request", "/portal/account"] {
            browser.get(page).await.must_be(404);
        }
        w.clock.advance_seconds(10 * 60);
        browser.get("/portal").await.must_be(200).must_say("For Ana").must_not_say("from December 2");
        browser.get("/portal/documents").await.must_be(200);
    }

    async fn case_02_a_representative_without_terms_gets_nothing(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        set(w, access, Terms { rights: Some(""), ..Terms::default() }).await;
        let mut browser = w.browser();
        let page = browser.get("/riverbend/sign-in").await;
        browser.submit(&page, "/sign-in", &[("name", &name), ("password", PASSWORD)]).await.must_be(422);
        for right in Right::ALL {
            assert_eq!(level(w, access, *right).await, Level::None, "{right}");
        }
    }

    async fn case_03_a_right_to_view_reads_and_changes_nothing(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        appointment(w, &leo.chart_id, 26).await;
        charge(w, &leo.chart_id, date(2026, 11, 30), 15_000).await;
        let mut browser = sign_in(w, &name).await;
        let form = browser.get("/portal/appointments/request").await;
        form.must_be(200);
        set(w, access, Terms { rights: Some("billing:view appointments:view"), ..Terms::default() }).await;
        browser.get("/portal/account").await.must_be(200).must_say("$150.00");
        browser.get("/portal/appointments").await.must_be(200).must_not_say("Ask for an appointment");
        browser.get("/portal").await.must_be(200).must_not_say("Ask for an appointment");
        browser.get("/portal/appointments/request").await.must_be(404);
        // The form that was open before is refused too.
        let fields = [("kind", "session"), ("place", "either"), ("day1", "2026-12-04"), ("part1", "any")];
        browser.submit(&form, "/portal/appointments/request", &fields).await.must_be(404);
        let filed: i64 = w.look(|c| appointment_request::table.count().get_result(c)).await;
        assert_eq!(filed, 0);
    }

    async fn row_19_a_paused_grant_is_gone_on_the_next_request(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        browser.get("/portal").await.must_be(200);
        let (access, now) = (who.access, w.now());
        w.tamper(move |c| {
            diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
                .set(portal_access::paused_at.eq(now))
                .execute(c)
        })
        .await;
        sees_nothing(&mut browser).await;
    }

    async fn a_last_day_that_cannot_be_read_lets_nobody_in_and_is_not_taken_for_none(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (_, access) = mother_of(w, &leo).await;
        set(w, access, Terms { ends_on: Some("soon"), ..Terms::default() }).await;
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
        let row = w.app.db.read(&w.riverbend.scope, move |c| load_access(c, &access)).await;
        let terms = GrantTerms::of(&row.expect("no fault").expect("the grant"));
        assert!(terms.ends_on.is_some_and(|day| day < date(2026, 12, 1)), "{terms:?}");
    }

    async fn a_closed_chart_can_be_read_and_nothing_asked_of_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        document(w, &ana.chart_id, "For Ana", "Text.").await;
        let id: ChartId = ana.chart_id;
        w.tamper(move |c| {
            diesel::update(chart::table.filter(chart::chart_id.eq(id))).set(chart::state.eq("closed")).execute(c)
        })
        .await;
        let mut browser = sign_in(w, &who.name).await;
        browser.get("/portal/documents").await.must_be(200).must_say("For Ana");
        browser.get("/portal/account").await.must_be(200);
        browser.get("/portal/appointments").await.must_be(200).must_not_say("Ask for an appointment");
        browser.get("/portal/appointments/request").await.must_be(404);
    }

    async fn what_home_counts_is_what_the_permission_function_leaves_of_the_documents(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut sent = Vec::new();
        for title in ["One", "Two", "Three", "Four"] {
            sent.push(document(w, &ana.chart_id, title, "Text.").await);
            w.clock.advance_seconds(1);
        }
        papers::withdraw(w, &sent[1]).await;
        let mut browser = sign_in(w, &who.name).await;
        browser.get(&format!("/portal/documents/{}", sent[2])).await.must_be(200);
        let home = browser.get("/portal").await;
        home.must_say("One").must_say("Four").must_not_say("Two").must_not_say("Three");
        let list = browser.get("/portal/documents").await;
        list.must_say("One").must_say("Three").must_say("Four").must_not_say("Two");
    }

    async fn grants_that_were_there_before_get_their_basis(w: &mut World) {
        let today = SystemClock.now().in_zone(&jiff::tz::TimeZone::UTC).date();
        let born = |years: i64, days: i64| today.saturating_sub(years.years()).saturating_add(days.days());
        let child = w.chart_with("Leo", "Park", &born(18, 1).to_string(), "leo@example.com").await;
        let adult = w.chart_with("Mia", "Park", &born(18, 0).to_string(), "").await;
        let own = enrolled(w, &child).await.access;
        let mother = w.chart_with("Joan", "Park", "1980-02-02", "joan.park@example.com").await;
        let id = account(w, &mother.email).await;
        let scope = w.riverbend.scope.clone();
        let of_child = grant(w, &scope, &id, &mother.person_id, &child.chart_id, Some(Right::ALL)).await;
        let of_adult = grant(w, &scope, &id, &mother.person_id, &adult.chart_id, Some(Right::ALL)).await;
        // The step back and forward again, and around it the later ones that build on it.
        let steps = match w.engine {
            Engine::Sqlite => [
                include_str!("../../migrations/sqlite/2026-11-28-000009_age_rules/down.sql"),
                include_str!("../../migrations/sqlite/2026-11-28-000004_legal_basis/down.sql"),
                include_str!("../../migrations/sqlite/2026-11-28-000002_rights/down.sql"),
                include_str!("../../migrations/sqlite/2026-11-28-000002_rights/up.sql"),
                include_str!("../../migrations/sqlite/2026-11-28-000004_legal_basis/up.sql"),
                include_str!("../../migrations/sqlite/2026-11-28-000009_age_rules/up.sql"),
            ],
            Engine::Postgres => [
                include_str!("../../migrations/postgres/2026-11-28-000009_age_rules/down.sql"),
                include_str!("../../migrations/postgres/2026-11-28-000004_legal_basis/down.sql"),
                include_str!("../../migrations/postgres/2026-11-28-000002_rights/down.sql"),
                include_str!("../../migrations/postgres/2026-11-28-000002_rights/up.sql"),
                include_str!("../../migrations/postgres/2026-11-28-000004_legal_basis/up.sql"),
                include_str!("../../migrations/postgres/2026-11-28-000009_age_rules/up.sql"),
            ],
        };
        let read = |c: &mut Conn| {
            portal_access::table
                .select((portal_access::access_id, portal_access::basis))
                .load::<(AccessId, Basis)>(c)
                .map(|rows| rows.into_iter().collect::<std::collections::BTreeMap<_, _>>())
        };
        w.tamper(move |c| {
            for sql in steps {
                match c {
                    Conn::Sqlite(c) => c.batch_execute(sql)?,
                    Conn::Postgres(c) => c.batch_execute(sql)?,
                }
            }
            Ok(steps.len())
        })
        .await;
        let basis = w.look(read).await;
        assert_eq!(basis[&own], Basis::Client);
        assert_eq!(basis[&of_child], Basis::Parent);
        assert_eq!(basis[&of_adult], Basis::Other);
        let places: Vec<(String, i32)> =
            w.look(|c| jurisdiction::table.select((jurisdiction::code, jurisdiction::majority_age)).load(c)).await;
        assert!(!places.is_empty());
        assert!(places.iter().all(|(code, age)| code == "practice" && *age == 18), "{places:?}");
    }

    async fn staff_add_a_representative_change_the_terms_pause_resume_and_end(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        contact(w, &leo, "Sam", "sam@example.com").await;
        let mut desk = w.staff(Role::Clinician).await;
        let tab = format!("/staff/charts/{}/communications", leo.chart_id);
        let new = format!("/staff/charts/{}/representatives/new", leo.chart_id);
        desk.get(&tab).await.must_be(200).must_say("Add a representative");
        let form = desk.get(&new).await;
        form.must_be(200).must_say("Sam Contact");
        // Nothing is chosen by itself.
        desk.submit(&form, "/new", &[]).await.must_be(422).must_say("Choose who").must_say("by what right this");
        let person = w
            .look(|c| {
                related_contact::table.select(related_contact::person_id).first::<PersonId>(c)
            })
            .await
            .to_string();
        let wrong = [("person", person.as_str()), ("basis", "parent"), ("starts_on", "2026-12-05"), ("ends_on", "2026-12-04")];
        desk.submit(&form, "/new", &wrong).await.must_be(422).must_say("before the first");
        let fields = [("person", person.as_str()), ("basis", "parent"), ("billing", "view"), ("invite", "yes")];
        desk.submit_and_follow(&form, "/new", &fields).await.must_say("Sam Contact").must_say("Invited");
        desk.submit(&form, "/new", &fields).await.must_be(422).must_say("representative already");

        let (access, state, rights, basis) = w
            .look(|c| {
                portal_access::table
                    .filter(portal_access::role.eq("representative"))
                    .select((portal_access::access_id, portal_access::state, portal_access::rights, portal_access::basis))
                    .first::<(AccessId, String, String, Basis)>(c)
            })
            .await;
        assert_eq!((state.as_str(), rights.as_str(), basis), ("invited", "billing:view", Basis::Parent));
        assert_eq!(level(w, access, Right::Billing).await, Level::None, "nobody has registered");
        let account = account(w, "sam@example.com").await;
        let home = *w.riverbend.scope.id();
        w.tamper(move |c| {
            diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
                .set((
                    portal_access::state.eq("active"),
                    portal_access::expires_at.eq(None::<i64>),
                    portal_access::account_practice_id.eq(home),
                    portal_access::account_id.eq(account),
                ))
                .execute(c)
        })
        .await;
        let mut browser = sign_in(w, "sam@example.com").await;
        browser.get("/portal/account").await.must_be(200);
        browser.get("/portal/documents").await.must_be(404);

        let page = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let form = desk.get(&page).await;
        form.must_be(200).must_say("What Sam Contact may see").must_say("Active");
        let here = page.clone();
        desk.submit_and_follow(&form, &here, &[("documents", "act")]).await.must_say("Saved");
        browser.get("/portal/documents").await.must_be(200);
        // To take something away needs a reason.
        let form = desk.get(&page).await;
        desk.submit(&form, &here, &[("documents", "none")]).await.must_be(422).must_say("Say why something is taken");
        desk.submit_and_follow(&form, &here, &[("documents", "none"), ("reason", "The court said so.")]).await;
        browser.get("/portal/documents").await.must_be(404);
        desk.get(&tab).await.must_say("What they may see was changed: The court said so.");

        let form = desk.get(&page).await;
        desk.submit_and_follow(&form, "/pause", &[("reason", "Until it is clear.")]).await.must_say("Until it is clear.");
        sees_nothing(&mut browser).await;
        desk.get(&tab).await.must_say("Paused");
        let form = desk.get(&page).await;
        desk.submit_and_follow(&form, "/resume", &[]).await.must_not_say("Until it is clear.");
        assert_eq!(level(w, access, Right::Billing).await, Level::View);
        let form = desk.get(&format!("{page}/revoke")).await;
        desk.submit_and_follow(&form, "/revoke", &[]).await.must_say("No Portal Access");
        assert_eq!(level(w, access, Right::Billing).await, Level::None);
    }

    async fn a_form_of_terms_that_is_out_of_date_shows_what_a_colleague_saved_and_saves_nothing(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (_, access) = mother_of(w, &leo).await;
        set(w, access, Terms { rights: Some("documents:view"), ..Terms::default() }).await;
        let mut desk = w.staff(Role::Clinician).await;
        let page = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let (early, late) = (desk.get(&page).await, desk.get(&page).await);
        let narrowed = [("documents", "none"), ("reason", "Asked by the court.")];
        desk.submit_and_follow(&early, &page, &narrowed).await.must_say("Saved");
        let refused = desk.submit(&late, &page, &[("billing", "view")]).await;
        refused.must_be(422).must_say("changed after you opened").must_say("On file now: Nothing");
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
        assert_eq!(level(w, access, Right::Billing).await, Level::None);
        // Whoever has seen it may save over it.
        desk.submit_and_follow(&refused, &page, &[]).await.must_say("Saved");
        assert_eq!(level(w, access, Right::Documents).await, Level::View);
        assert_eq!(level(w, access, Right::Billing).await, Level::View);
    }

    async fn only_those_who_may_set_rights_reach_their_pages(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let page = format!("/staff/charts/{}/grants/{}", ana.chart_id, own.access);
        let mut desk = w.staff(Role::Clinician).await;
        desk.get(&page).await.must_be(200).must_say("This is the client's own access");
        // A grant is found on its own chart alone.
        let bob = w.chart("Bob", "Reyes").await;
        desk.get(&format!("/staff/charts/{}/grants/{}", bob.chart_id, own.access)).await.must_be(404);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&page).await.must_be(403);
        desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await.must_not_say("Add a representative");
    }

    async fn case_02_and_03_the_api_adds_with_no_terms_and_changes_them(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let sam = contact(w, &leo, "Sam", "sam@example.com").await.to_string();
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let grants = format!("/api/v1/charts/{}/grants", leo.chart_id);
        let new = serde_json::json!({ "person_id": sam, "basis": "self" });
        send(&mut api, "POST", &grants, &new).await.must_be(422);
        let new = serde_json::json!({ "person_id": sam, "basis": "parent" });
        let made = send(&mut api, "POST", &grants, &new).await;
        made.must_be(200);
        let made = made.answer.json();
        assert_eq!((&made["rights"], &made["basis"], &made["role"]), (&serde_json::json!([]), &"parent".into(), &"representative".into()));
        send(&mut api, "POST", &grants, &new).await.must_be(409);
        let grant = format!("/api/v1/grants/{}", made["id"].as_str().unwrap());
        let terms = serde_json::json!({ "rights": ["billing:view", "documents"], "ends_on": "2027-03-03", "reason": "Until March." });
        let changed = patch(w, &key, &grant, &terms).await;
        changed.must_be(200);
        let changed = changed.answer.json();
        assert_eq!(changed["rights"], serde_json::json!(["billing:view", "documents"]));
        assert_eq!(changed["ends_on"], "2027-03-03");
        for (terms, status) in [
            (serde_json::json!({ "rights": ["everything"] }), 422),
            (serde_json::json!({ "starts_on": "2027-03-04" }), 422),
            (serde_json::json!({ "rights": [] }), 422),
            (serde_json::json!({ "rights": [], "reason": "Asked by the court." }), 200),
            (serde_json::json!({ "ends_on": null }), 200),
        ] {
            patch(w, &key, &grant, &terms).await.must_be(status);
        }
        send(&mut api, "PATCH", &grant, &serde_json::json!({ "ends_on": null })).await.must_be(428);
        let none = serde_json::json!({});
        send(&mut api, "POST", &format!("{grant}/pause"), &none).await.must_be(409);
        send(&mut api, "POST", &format!("{grant}/resume"), &none).await.must_be(409);
        let invited = send(&mut api, "POST", &format!("{grant}/invite"), &none).await;
        invited.must_be(200);
        assert_eq!(invited.answer.json()["state"], "invited");
        let paused = send(&mut api, "POST", &format!("{grant}/pause"), &none).await;
        assert_eq!(paused.answer.json()["state"], "canceled");
    }
}

/// A request with a JSON body.
pub async fn send(
    api: &mut Browser,
    method: &str,
    path: &str,
    body: &serde_json::Value,
) -> crate::support::Page {
    api.send(method, path, Some(("application/json", body.to_string().as_bytes()))).await
}

/// Changes the terms of a grant over the version that was just read.
async fn patch(w: &World, key: &str, grant: &str, terms: &serde_json::Value) -> crate::support::Page {
    let api = || w.browser().with("authorization", &format!("Bearer {key}"));
    let read = api().get(grant).await;
    let etag = read.answer.header("etag").expect("an ETag").to_owned();
    send(&mut api().with("if-match", &etag), "PATCH", grant, terms).await
}

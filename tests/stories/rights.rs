//! Who sees a chart, how far and how long. The numbers are those of the acceptance cases of rights.

use anteroom::features::access::permission::Basis;
use anteroom::features::accounts::level_now;
use anteroom::features::billing::EntryKind;
use anteroom::features::documents;
use anteroom::kernel::clock::{Clock, SystemClock};
use anteroom::kernel::ids::{AccessId, ChartId};
use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{appointment_request, chart, jurisdiction, portal_access};
use anteroom::platform::permissions::{Level, Right};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use jiff::ToSpan;
use jiff::civil::date;

use crate::portal_people::{account, act, appointment, document, enrolled, entry, grant, sign_in};
use crate::stories;
use crate::support::world::Client;
use crate::support::{Browser, Engine, PASSWORD, World};

/// What a story changes of a grant behind the application's back; `None` leaves it as it is.
#[derive(Clone, Copy, Default)]
struct Terms {
    basis: Option<Basis>,
    rights: Option<&'static str>,
    starts_on: Option<&'static str>,
    ends_on: Option<&'static str>,
}

async fn set(w: &World, access: AccessId, terms: Terms) {
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
async fn mother_of(w: &mut World, child: &Client) -> (String, AccessId) {
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
async fn sees_nothing(browser: &mut Browser) {
    for page in ["/portal", "/portal/documents", "/portal/appointments", "/portal/balance"] {
        let answer = browser.get(page).await;
        let to = answer.location().unwrap_or_default();
        assert!(to.starts_with("/riverbend/sign-in"), "{page} answers {to}");
    }
}

async fn level(w: &World, access: AccessId, right: Right) -> Level {
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
        for page in ["/portal/documents", "/portal/appointments", "/portal/appointments/request", "/portal/balance"] {
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
        entry(w, &leo.chart_id, EntryKind::Charge, date(2026, 11, 30), 15_000).await;
        let mut browser = sign_in(w, &name).await;
        let form = browser.get("/portal/appointments/request").await;
        form.must_be(200);
        set(w, access, Terms { rights: Some("billing:view appointments:view"), ..Terms::default() }).await;
        browser.get("/portal/balance").await.must_be(200).must_say("$150.00");
        browser.get("/portal/appointments").await.must_be(200).must_not_say("Ask for an appointment");
        browser.get("/portal").await.must_be(200).must_not_say("Ask for an appointment");
        browser.get("/portal/appointments/request").await.must_be(404);
        // The form that was open before is refused too.
        let fields = [("kind", "session"), ("place", "either"), ("day1", "2026-12-04"), ("part1", "any")];
        browser.submit(&form, "/portal/appointments/request", &fields).await.must_be(404);
        let filed: i64 = w.look(|c| appointment_request::table.count().get_result(c)).await;
        assert_eq!(filed, 0);
    }

    async fn case_19_a_paused_grant_is_gone_on_the_next_request(w: &mut World) {
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
        browser.get("/portal/balance").await.must_be(200);
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
        let taken_back = sent[1];
        act(w, move |c, by| documents::withdraw(c, by, &taken_back)).await;
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
        let step = match w.engine {
            Engine::Sqlite => [
                include_str!("../../migrations/sqlite/2026-11-28-000002_rights/down.sql"),
                include_str!("../../migrations/sqlite/2026-11-28-000002_rights/up.sql"),
            ],
            Engine::Postgres => [
                include_str!("../../migrations/postgres/2026-11-28-000002_rights/down.sql"),
                include_str!("../../migrations/postgres/2026-11-28-000002_rights/up.sql"),
            ],
        };
        let read = |c: &mut Conn| {
            portal_access::table
                .select((portal_access::access_id, portal_access::basis))
                .load::<(AccessId, Basis)>(c)
                .map(|rows| rows.into_iter().collect::<std::collections::BTreeMap<_, _>>())
        };
        w.tamper(move |c| {
            for sql in step {
                match c {
                    Conn::Sqlite(c) => c.batch_execute(sql)?,
                    Conn::Postgres(c) => c.batch_execute(sql)?,
                }
            }
            Ok(step.len())
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
}

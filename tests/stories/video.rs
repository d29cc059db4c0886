//! Visits by video, and the calendars of staff. The names carry the numbers of the acceptance cases.

use anteroom::features::appointments::lifecycle::JOIN_SECONDS;
use anteroom::features::appointments::{NewAppointment, VisitKind, booking};
use anteroom::features::calendar::Seats;
use anteroom::features::practice::PlaceKind;
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::ids::{AppointmentId, ChartId};
use anteroom::platform::db::schema::{audit_event, portal_access, staff_member, video_link};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;
use serde_json::json;

use crate::api::key;
use crate::appointments::{casey, moment};
use crate::portal_people::{account, act, booked_at, enrolled, events, grant, place, sign_in};
use crate::stories;
use crate::support::{Browser, Page, World};

/// Thursday, 1:00 PM in New York.
const AT: &str = "2026-12-03T18:00:00Z";
/// The standing link, the one of a single appointment, and the one of the place.
const STANDING: &str = "https://video.example/casey?room=standing";
const OWN: &str = "https://video.example/one/only#pass";
const OF_PLACE: &str = "https://video.example/place";

/// Goes to a moment.
fn go_to(w: &World, at: Timestamp) {
    w.clock.advance_seconds(u32::try_from(at.seconds_since(w.now())).expect("ahead"));
}

fn links(w: &World) -> String {
    format!("/staff/availability/{}/links", casey(w))
}

/// Sets the clinician's standing link on their page.
async fn set_standing(w: &World, browser: &mut Browser, link: &str) -> Page {
    let page = browser.get(&links(w)).await;
    browser.submit(&page, "/video", &[("link", link)]).await
}

/// A visit by video of a client who is signed in.
async fn a_visit(w: &mut World) -> (ChartId, AppointmentId, String) {
    let ana = w.chart("Ana", "Duarte").await;
    let who = enrolled(w, &ana).await;
    let visit = booked_at(w, &ana.chart_id, moment(AT), PlaceKind::Video).await;
    (ana.chart_id, visit, who.name)
}

/// Every row of the database, as text.
async fn everything(w: &World) -> String {
    w.dump().await.into_values().flatten().collect::<Vec<_>>().join("\n")
}

/// The address under which a calendar program reads, as the page that made it shows it once.
fn address_in(page: &Page) -> String {
    let rest = page.html().split("/riverbend/cal/").nth(1).map(str::to_owned).expect("an address");
    format!("/riverbend/cal/{}", rest.split('"').next().expect("its end"))
}

stories! {
    async fn case_65_the_way_to_a_visit_by_video_is_there_from_a_quarter_of_an_hour_before_until_its_end(w: &mut World) {
        let (chart, visit, name) = a_visit(w).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        set_standing(w, &mut desk, STANDING).await.must_be(303);
        let (path, text) = (format!("/portal/appointments/{visit}"), key(w, &w.riverbend, Scope::ALL).await);
        let mut ana = sign_in(w, &name).await;
        let page = ana.get("/portal/appointments/calendar").await;
        let feed = address_in(&ana.submit(&page, "/portal/appointments/calendar", &[]).await);
        // A quarter of an hour and a minute before: it is not there, wherever one looks.
        go_to(w, moment(AT).plus_seconds(-16 * 60));
        let mut ana = sign_in(w, &name).await;
        for looked in ["/portal", "/portal/appointments", &path, &format!("{path}/calendar.ics"), &feed] {
            let page = ana.get(looked).await;
            page.must_be(200);
            assert!(!page.html().contains("/join") && !page.html().contains("video.example"), "{looked}: {}", page.html());
        }
        let page = ana.get(&path).await;
        page.must_say("You can join here from 12:45 PM on.");
        assert!(page.answer.header("content-security-policy").expect("a policy").contains("form-action 'self';"));
        let fields = ana.get("/portal/appointments/request").await.form("/portal/appointments/request").fields;
        let csrf = fields.into_iter().find(|(name, _)| name == "csrf").expect("a token").1;
        let early = ana.post(&format!("{path}/join"), &[("csrf", &csrf)]).await;
        ana.follow(&early).await.must_say("You cannot join this appointment now.");
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        for asked in [format!("/api/v1/appointments/{visit}"), format!("/api/v1/appointments?chart={chart}"), "/api/v1/places".to_owned()] {
            let answer = program.get(&asked).await;
            assert!(!answer.must_be(200).html().contains("video.example"), "{asked}: {}", answer.html());
        }
        w.mail_has_settled().await;
        assert!(!everything(w).await.contains("video.example"), "no row says where it leads, and no mail");
        assert_eq!(events(w, "video.joined").await, 0);

        // A quarter of an hour before, to the second: the button, and still no address in the page.
        go_to(w, moment(AT).plus_seconds(-JOIN_SECONDS));
        let page = ana.get(&path).await;
        let list = ana.get("/portal/appointments").await;
        for page in [&page, &list] {
            assert!(page.must_be(200).has_form("/join") && !page.html().contains("video.example"), "{}", page.html());
            let policy = page.answer.header("content-security-policy").expect("a policy").to_owned();
            assert!(policy.contains("form-action 'self' https:;"), "{policy}");
        }
        let led = ana.submit(&page, "/join", &[]).await;
        assert_eq!((led.must_be(303).location(), led.answer.header("referrer-policy")), (Some(STANDING), Some("no-referrer")));
        assert_eq!(ana.submit(&list, "/join", &[]).await.location(), Some(STANDING));
        assert_eq!(events(w, "video.joined").await, 2);
        assert!(!ana.get(&format!("{path}/calendar.ics")).await.html().contains("video.example"));
        assert!(!ana.get(&feed).await.html().contains("video.example"));
        assert!(!everything(w).await.contains("video.example"), "what is noted does not say where it led");

        // Until the end, also once it is noted that they came; then not any more.
        go_to(w, moment(AT).plus_seconds(50 * 60 - 1));
        let mut ana = sign_in(w, &name).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/appointments/{visit}")).await;
        desk.submit(&page, "/attendance", &[("note", "arrived")]).await.must_be(303);
        let page = ana.get(&path).await;
        assert_eq!(ana.submit(&page, "/join", &[]).await.location(), Some(STANDING));
        w.clock.advance_seconds(1);
        assert!(!ana.get(&path).await.html().contains("/join"));
        let over = ana.submit(&page, "/join", &[]).await;
        assert_eq!(over.location(), Some(format!("{path}?done=video-not-now").as_str()));
        assert_eq!(events(w, "video.joined").await, 3);
    }

    async fn case_65_it_is_gone_for_who_has_canceled_and_was_never_there_for_others(w: &mut World) {
        let (_, visit, name) = a_visit(w).await;
        let bo = w.chart("Bo", "Lindgren").await;
        let bo_is = enrolled(w, &bo).await;
        // A child whose mother acts for him and whose aunt only looks.
        let child = w.chart_with("Leo", "Park", "2018-05-05", "").await;
        let at = moment("2026-12-03T19:00:00Z");
        let childs = booked_at(w, &child.chart_id, at, PlaceKind::Video).await;
        let scope = w.riverbend.scope.clone();
        for (first, rights) in [("Joan", "appointments"), ("Nora", "appointments:view")] {
            let email = format!("{}.park@example.com", first.to_lowercase());
            let person = w.chart_with(first, "Park", "1980-02-02", &email).await;
            let account = account(w, &email).await;
            let access = grant(w, &scope, &account, &person.person_id, &child.chart_id, Some(&[])).await;
            w.tamper(move |c| {
                diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
                    .set(portal_access::rights.eq(rights))
                    .execute(c)
            })
            .await;
        }
        let mut desk = w.staff(Role::FrontDesk).await;
        set_standing(w, &mut desk, STANDING).await.must_be(303);
        go_to(w, moment(AT).plus_seconds(-600));
        let (mut ana, mut bo) = (sign_in(w, &name).await, sign_in(w, &bo_is.name).await);
        let path = format!("/portal/appointments/{visit}");
        let page = ana.get(&path).await;
        let token = |page: &Page, form: &str| page.form(form).fields.into_iter().find(|(name, _)| name == "csrf").expect("a token").1;
        assert!(page.has_form("/join"));
        let csrf = token(&bo.get("/portal/appointments/request").await, "/portal/appointments/request");
        bo.get(&path).await.must_be(404);
        bo.post(&format!("{path}/join"), &[("csrf", &csrf)]).await.must_be(404);
        // The page was open while the practice canceled: the button that it still shows leads nowhere.
        let mut desk = w.staff(Role::FrontDesk).await;
        let cancel = desk.get(&format!("/staff/appointments/{visit}/cancel")).await;
        desk.submit(&cancel, "/cancel", &[("reason", "clinician_away")]).await.must_be(303);
        assert!(!ana.get(&path).await.html().contains("/join"));
        assert!(!ana.get("/portal/appointments").await.html().contains("/join"));
        let gone = ana.submit(&page, "/join", &[]).await;
        assert_eq!(gone.location(), Some(format!("{path}?done=video-not-now").as_str()));
        assert_eq!(events(w, "video.joined").await, 0);
        go_to(w, at);
        let path = format!("/portal/appointments/{childs}");
        let mut joan = sign_in(w, "joan.park@example.com").await;
        let page = joan.get(&path).await;
        assert_eq!(joan.submit(&page, "/join", &[]).await.location(), Some(STANDING));
        let mut nora = sign_in(w, "nora.park@example.com").await;
        let page = nora.get(&path).await;
        assert!(!page.must_be(200).html().contains("/join"), "who only looks has no part in it");
        let csrf = token(&nora.get("/portal/appointments/calendar").await, "/portal/appointments/calendar");
        nora.post(&format!("{path}/join"), &[("csrf", &csrf)]).await.must_be(404);
        // The aunt does not come to the chart of a visit at the office either, and nobody joins that.
        assert_eq!(events(w, "video.joined").await, 1);
    }

    async fn of_three_links_the_appointments_own_counts_then_the_clinicians_then_the_places(w: &mut World) {
        let (chart, visit, name) = a_visit(w).await;
        let office = booked_at(w, &chart, moment("2026-12-04T18:00:00Z"), PlaceKind::Office).await;
        let mut admin = w.staff(Role::Administrator).await;
        let (own, video) = (format!("/staff/appointments/{visit}"), place(w, PlaceKind::Video).await);
        admin.get(&own).await.must_say("No link is set. Clients have no button to join.");
        admin.get(&format!("/staff/appointments/{office}")).await.must_not_say("Video link");
        let at_place = format!("/staff/practice/places/{video}");
        let page = admin.get(&at_place).await;
        admin.submit(&page, "/video", &[("link", OF_PLACE)]).await.must_be(303);
        admin.get(&own).await.must_say("The link of the place").must_say("video.example");
        // What is no address over HTTPS stands in the form again, with what is wrong.
        for wrong in ["video.example/room", "http://video.example/room", "javascript:alert(1)"] {
            let page = admin.get(&own).await;
            let refused = admin.submit(&page, "/video", &[("link", wrong)]).await;
            refused.must_be(422).must_say("Type an address that begins with https://");
            assert!(refused.html().contains(&format!("value=\"{wrong}\"")), "{}", refused.html());
            set_standing(w, &mut admin, wrong).await.must_be(422);
            let page = admin.get(&at_place).await;
            admin.submit(&page, "/video", &[("link", wrong)]).await.must_be(422);
        }
        // Clinicians keep their own, as they keep their hours.
        let mut clinician = w.staff(Role::Clinician).await;
        set_standing(w, &mut clinician, STANDING).await.must_be(303);
        admin.get(&own).await.must_say("The standing link of Casey Moreno");
        let page = admin.get(&own).await;
        admin.submit_and_follow(&page, "/video", &[("link", OWN)]).await.must_say("The link of this appointment alone");
        go_to(w, moment(AT));
        let mut ana = sign_in(w, &name).await;
        for (link, wanted) in [(None, OWN), (Some(own.as_str()), STANDING), (Some(&links(w)), OF_PLACE)] {
            if let Some(page) = link {
                let mut admin = w.staff(Role::Administrator).await;
                let page = admin.get(page).await;
                admin.submit(&page, "/video", &[("link", " ")]).await.must_be(303);
            }
            let page = ana.get(&format!("/portal/appointments/{visit}")).await;
            assert_eq!(ana.submit(&page, "/join", &[]).await.location(), Some(wanted));
        }
        assert_eq!((events(w, "video.link_set").await, events(w, "video.link_removed").await), (3, 2));
        // Bound to its row: moved to another one, a link does not open.
        let sealed: Vec<u8> = w.look(|c| video_link::table.select(video_link::sealed).first(c)).await;
        assert!(!sealed.windows(5).any(|bytes| bytes == b"video"), "it is sealed");
        let hers = casey(w);
        w.tamper(move |c| diesel::update(video_link::table).set(video_link::owner_id.eq(hers)).execute(c)).await;
        let mut admin = w.staff(Role::Administrator).await;
        admin.get(&own).await.must_be(500);
    }

    async fn the_link_of_a_group_is_noted_in_the_chart_of_each_client(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        let new = NewAppointment {
            chart: ana.chart_id,
            with: vec![bo.chart_id],
            seats: Seats { most: 2, ..Seats::ONE },
            request: None,
            starts_at: moment(AT),
            minutes: 50,
            kind: VisitKind::Session,
            place: place(w, PlaceKind::Video).await,
            staff: casey(w),
        };
        let visit = act(w, move |c, by| booking::record(c, by, &new)).await.expect("the time is free");
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/appointments/{visit}")).await;
        desk.submit(&page, "/video", &[("link", OWN)]).await.must_be(303);
        let mut noted: Vec<Option<ChartId>> = w
            .look(|c| {
                audit_event::table
                    .filter(audit_event::action.eq("video.link_set"))
                    .select(audit_event::chart_id)
                    .load(c)
            })
            .await;
        noted.sort_unstable();
        let mut both = vec![Some(ana.chart_id), Some(bo.chart_id)];
        both.sort_unstable();
        assert_eq!(noted, both);
    }

    async fn programs_set_the_link_of_an_appointment_and_never_read_one(w: &mut World) {
        let (chart, visit, name) = a_visit(w).await;
        let office = booked_at(w, &chart, moment("2026-12-04T18:00:00Z"), PlaceKind::Office).await;
        let text = key(w, &w.riverbend, &[Scope::AppointmentsRead, Scope::AppointmentsWrite]).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let mut send = async |id: AppointmentId, url: serde_json::Value| {
            let body = json!({ "url": url }).to_string();
            let path = format!("/api/v1/appointments/{id}/video-link");
            caller.send("POST", &path, Some(("application/json", body.as_bytes()))).await
        };
        send(visit, json!("http://video.example")).await.must_be(422);
        let refused = send(office, json!(OWN)).await;
        assert!(refused.must_be(409).html().contains("not-by-video"), "{}", refused.html());
        let answer = send(visit, json!(OWN)).await;
        assert!(!answer.must_be(200).html().contains("video.example"), "{}", answer.html());
        go_to(w, moment(AT));
        let mut ana = sign_in(w, &name).await;
        let page = ana.get(&format!("/portal/appointments/{visit}")).await;
        assert_eq!(ana.submit(&page, "/join", &[]).await.location(), Some(OWN));
        send(visit, json!(null)).await.must_be(200);
        assert!(!ana.get(&format!("/portal/appointments/{visit}")).await.html().contains("/join"));
    }

    async fn case_61_63_the_calendar_of_staff_names_clients_by_number_or_initials_and_stops_with_its_owner(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let visit = booked_at(w, &ana.chart_id, moment(AT), PlaceKind::Office).await;
        booked_at(w, &ana.chart_id, moment("2027-03-15T17:00:00Z"), PlaceKind::Video).await;
        let number = ana.number.clone();
        let (page, mut clinician) = (links(w), w.staff(Role::Clinician).await);
        let shown = clinician.get(&page).await;
        shown.must_say("There is no address.");
        let made = clinician.submit(&shown, "/calendar", &[("act", "make"), ("shows", "number")]).await;
        made.must_be(200).must_say("We show it this once.");
        let first = address_in(&made);
        clinician.get(&page).await.must_not_say(&first).must_say("It was not read yet.");
        let mut program = w.browser();
        let read = program.get(&first).await;
        read.must_be(200);
        assert_eq!(read.answer.header("content-type"), Some("text/calendar; charset=utf-8"));
        let text = read.html();
        for line in [format!("SUMMARY:{number}"), format!("UID:{visit}@"), "REFRESH-INTERVAL;VALUE=DURATION:PT1H".to_owned(), "METHOD:PUBLISH".to_owned()] {
            assert!(text.contains(&line), "{line} in {text}");
        }
        for hidden in ["Duarte", "Ana", "Casey", "Session", "visit", "/portal/"] {
            assert!(!text.contains(hidden), "the calendar says {hidden:?}: {text}");
        }
        // Without a change they are the same bytes, and a program that knows them gets none.
        w.clock.advance_seconds(600);
        assert_eq!(program.get(&first).await.html(), text);
        let tag = read.answer.header("etag").expect("a tag").to_owned();
        let known = w.browser().with("if-none-match", &tag).get(&first).await;
        assert_eq!((known.status(), known.html().len()), (304, 0));
        clinician.get(&page).await.must_say("It was last read on");
        // When they are taken, and not a word of what by.
        let taken = first.replace(".ics", ".ifb");
        let free = program.get(&taken).await;
        assert!(free.must_be(200).html().contains("FREEBUSY;FBTYPE=BUSY:20261203T180000Z/20261203T185000Z"), "{}", free.html());
        for hidden in [number.as_str(), "SUMMARY", "LOCATION", "X-WR-CALNAME", &visit.to_string(), "Casey"] {
            assert!(!free.html().contains(hidden), "it says {hidden:?}: {}", free.html());
        }
        let tag = free.answer.header("etag").expect("a tag").to_owned();
        w.clock.advance_seconds(600);
        assert_eq!(w.browser().with("if-none-match", &tag).get(&taken).await.status(), 304);
        // By initials, under the same address; never in full.
        let shown = clinician.get(&page).await;
        clinician.submit(&shown, "/calendar", &[("act", "save"), ("shows", "initials")]).await.must_be(303);
        let text = program.get(&first).await.html();
        assert!(text.contains("SUMMARY:AD\r\n") && !text.contains(&number) && !text.contains("Duarte"), "{text}");
        clinician.submit(&shown, "/calendar", &[("act", "save"), ("shows", "name")]).await.must_be(400);
        // Off until its day is over.
        let (mut admin, mut desk) = (w.staff(Role::Administrator).await, w.staff(Role::FrontDesk).await);
        let cancel = desk.get(&format!("/staff/appointments/{visit}/cancel")).await;
        desk.submit(&cancel, "/cancel", &[("reason", "clinician_away")]).await.must_be(303);
        let text = program.get(&first).await.html();
        assert!(text.contains("SUMMARY:Canceled: AD") && text.contains("STATUS:CANCELLED"), "{text}");
        assert!(!program.get(&taken).await.html().contains("20261203T180000Z"));
        // Nobody else makes one here; an administrator ends anybody's.
        let csrf = |page: Page| page.form("/video").fields.into_iter().find(|(name, _)| name == "csrf").expect("a token").1;
        let (of_desk, of_admin) = (csrf(desk.get(&page).await), csrf(admin.get(&page).await));
        let calendar = page.replace("/links", "/calendar");
        for act in ["make", "save"] {
            for (browser, csrf) in [(&mut desk, &of_desk), (&mut admin, &of_admin)] {
                browser.post(&calendar, &[("csrf", csrf), ("act", act), ("shows", "number")]).await.must_be(403);
            }
        }
        desk.post(&calendar, &[("csrf", &of_desk), ("act", "revoke")]).await.must_be(403);
        // A new address ends the one before.
        let shown = clinician.get(&page).await;
        let second = address_in(&clinician.submit(&shown, "/calendar", &[("act", "make")]).await);
        let unknown = format!("/riverbend/cal/{}.ics", "A".repeat(43));
        let gone = program.get(&unknown).await;
        for ended in [first.clone(), first.replace(".ics", ".ifb"), second.replace(".ics", ""), second.replace(".ics", ".txt")] {
            let page = program.get(&ended).await;
            assert_eq!((page.must_be(404).html(), page.answer.header("etag")), (gone.html(), None), "{ended}");
        }
        program.get(&second.replace("/riverbend/", "/twinoaks/")).await.must_be(404);
        program.get(&second).await.must_be(200);
        // Who is disabled has no calendar, and it does not come back with them where it was ended.
        let id = casey(w);
        let set = async |state: &'static str| {
            w.tamper(move |c| {
                diesel::update(staff_member::table.filter(staff_member::staff_id.eq(id)))
                    .set(staff_member::state.eq(state))
                    .execute(c)
            })
            .await;
        };
        set("disabled").await;
        program.get(&second).await.must_be(404);
        program.get(&second.replace(".ics", ".ifb")).await.must_be(404);
        set("active").await;
        program.get(&second).await.must_be(200);
        let shown = admin.get(&page).await;
        admin.submit_and_follow(&shown, "/calendar", &[("act", "revoke")]).await.must_say("The address is ended.");
        program.get(&second).await.must_be(404);
        assert_eq!((events(w, "appointment.feed_made").await, events(w, "appointment.feed_revoked").await), (2, 1));
    }
}

//! Asking for an appointment, and answering.

use anteroom::features::practice::PlaceKind;
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::ids::RequestId;
use anteroom::kernel::ids::StaffId;
use anteroom::platform::audit::Actor;
use anteroom::platform::db::schema::{appointment, appointment_request, outbox, place, practice};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::portal_people::{self as people, enrolled, events, sign_in};
use crate::stories;
use crate::support::{Browser, Page, World};

/// The clinician's id, as the form names her.
pub fn casey(w: &World) -> StaffId {
    match w.riverbend.by(Role::Clinician).actor {
        Actor::Staff(id, _) => id,
        other => panic!("the clinician is no staff member: {other:?}"),
    }
}

/// A moment from RFC 3339.
pub fn moment(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().expect("a moment").into()
}

async fn requests(w: &World) -> i64 {
    w.look(|c| appointment_request::table.count().get_result(c)).await
}

async fn booked(w: &World) -> i64 {
    w.look(|c| appointment::table.count().get_result(c)).await
}

async fn mails(w: &World) -> i64 {
    w.look(|c| outbox::table.filter(outbox::kind.eq("appointments.answered")).count().get_result(c)).await
}

async fn request_ids(w: &World) -> Vec<String> {
    let ids: Vec<RequestId> =
        w.look(|c| appointment_request::table.select(appointment_request::request_id).load(c)).await;
    ids.iter().map(ToString::to_string).collect()
}

/// Sends a request for a day and part, and gives its page for staff.
async fn asked(w: &World, browser: &mut Browser, day: &str, part: &str) -> String {
    let before = request_ids(w).await;
    let form = browser.get("/portal/appointments/request").await;
    let fields = [("day1", day), ("part1", part), ("note", "After work, please.")];
    let sent = browser.submit(&form, "/portal/appointments/request", &fields).await;
    assert_eq!(sent.location(), Some("/portal/appointments?done=request-sent"), "{}", sent.words());
    let id = request_ids(w).await.into_iter().find(|id| !before.contains(id)).expect("a new request");
    format!("/staff/requests/{id}")
}

stories! {
    async fn a_client_asks_staff_confirm_and_both_see_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let path = asked(w, &mut browser, "2026-12-03", "afternoon").await;
        let mine = browser.get("/portal/appointments").await;
        mine.must_say("Waiting for our answer").must_say("Thursday, December 3, 2026, in the afternoon");
        let mut desk = w.staff(Role::FrontDesk).await;
        let list = desk.get("/staff/requests").await;
        list.must_say("Ana Duarte").must_say("After work, please.").must_say("1 waiting for an answer");
        let page = desk.get(&path).await;
        page.must_be(200).must_say("New York time");
        let with = casey(w).to_string();
        let fields = [("time", "2:30 PM"), ("with", with.as_str()), ("answer", "See you then.")];
        let done = desk.submit_and_follow(&page, "/confirm", &fields).await;
        done.must_say("Confirmed. The client gets an e-mail").must_say("No one is waiting").must_not_say("waiting for an answer");
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.text.contains("There is news about your appointment request"), "{}", mail.text);
        for hidden in ["2:30", "December 3", "Casey", "Duarte", "See you then", "visit"] {
            assert!(!mail.text.contains(hidden) && !mail.html.contains(hidden), "the mail says {hidden:?}");
        }
        assert_eq!(w.link_in(&mail), "/riverbend/sign-in");
        let mine = browser.get("/portal/appointments").await;
        mine.must_say("Confirmed: Thursday, December 3, 2026, 2:30 PM").must_say("See you then.");
        browser.get("/portal").await.must_say("Thursday, December 3, 2026, 2:30 PM");
        let tab = desk.get(&format!("/staff/charts/{}/appointments", ana.chart_id)).await;
        tab.must_say("Thursday, December 3, 2026, 2:30 PM").must_say("Confirmed");
    }

    async fn an_answer_proposes_the_first_time_that_is_free_or_says_that_there_is_none(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        // Casey is known as her clinician by an appointment of the past.
        people::booked_at(w, &ana.chart_id, w.now().plus_hours(-48), PlaceKind::Office).await;
        let wishes = [("day1", "2026-12-02"), ("part1", "morning"), ("day2", "2026-12-04"), ("part2", "evening")];
        let form = browser.get("/portal/appointments/request").await;
        browser.submit(&form, "/portal/appointments/request", &wishes).await.must_be(303);
        let path = format!("/staff/requests/{}", request_ids(w).await.remove(0));
        let filled = |page: &Page| {
            let form = page.form("/confirm");
            let value = |name: &str| form.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default();
            (value("date"), value("time"))
        };
        let mut desk = w.staff(Role::FrontDesk).await;
        assert_eq!(filled(&desk.get(&path).await), ("2026-12-02".into(), "10:00".into()));
        let ben = w.chart("Ben", "Okafor").await;
        let ten = w.now().plus_hours(24);
        people::booked_at(w, &ben.chart_id, ten, PlaceKind::Office).await;
        let (date, time) = filled(&desk.get(&path).await);
        assert!(date == "2026-12-02" && time != "10:00" && !time.is_empty() || date == "2026-12-04", "{date} {time}");
        // Both days are full, back to back.
        for hour in (-2..12).map(|hour| ten.plus_hours(hour)).chain((0..16).map(|hour| ten.plus_hours(46 + hour))) {
            let chart = w.chart(&format!("Cleo{}", hour.micros()), "Park").await;
            if hour != ten {
                people::booked_at(w, &chart.chart_id, hour, PlaceKind::Office).await;
            }
        }
        let page = desk.get(&path).await;
        page.must_say("has something else at every time that was asked for");
        assert_eq!(filled(&page), ("2026-12-02".into(), String::new()));
    }

    async fn an_answer_proposes_the_first_day_that_is_not_over(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let form = browser.get("/portal/appointments/request").await;
        let wishes = [("day1", "2026-12-02"), ("part1", "morning"), ("day2", "2026-12-04"), ("part2", "evening")];
        browser.submit(&form, "/portal/appointments/request", &wishes).await;
        let path = format!("/staff/requests/{}", request_ids(w).await.remove(0));
        let filled = |page: &Page| {
            let form = page.form("/confirm");
            let value = |name: &str| form.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default();
            (value("date"), value("time"))
        };
        let mut desk = w.staff(Role::FrontDesk).await;
        let queue = desk.get("/staff/requests").await;
        queue.must_say("Answer the request of Ana Duarte");
        assert!(queue.html().contains(&format!("class=\"button small\" href=\"{path}\"")));
        assert_eq!(filled(&desk.get(&path).await), ("2026-12-02".into(), "10:00".into()));
        assert_eq!(filled(&desk.get(&format!("{path}?wish=2")).await), ("2026-12-04".into(), "17:00".into()));
        // Thursday: the first wish is over.
        w.clock.advance_seconds(2 * 86_400);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        page.must_say("Wednesday, December 2, 2026, in the morning (in the past)");
        assert_eq!(filled(&page), ("2026-12-04".into(), "17:00".into()));
        let kept = desk.submit(&page, "/decline", &[("answer", "")]).await;
        kept.must_be(422);
        assert_eq!(filled(&kept).0, "2026-12-04");
        // Saturday: all of them are.
        w.clock.advance_seconds(2 * 86_400);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        page.must_say("Every day that they asked for is in the past.");
        assert_eq!(filled(&page), (String::new(), String::new()));
    }

    async fn the_same_form_sent_twice_makes_one_request(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let form = browser.get("/portal/appointments/request").await;
        let mut clicks = Vec::new();
        for _ in 0..6 {
            let (mut tab, form) = (browser.clone(), form.clone());
            clicks.push(tokio::spawn(async move {
                tab.submit(&form, "/portal/appointments/request", &[("day1", "2026-12-03")]).await.status()
            }));
        }
        for click in clicks {
            assert_eq!(click.await.expect("the click ended"), 303);
        }
        assert_eq!(requests(w).await, 1);
        assert_eq!(events(w, "appointment.requested").await, 1);
    }

    async fn a_request_is_checked_and_what_was_typed_is_kept(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let form = browser.get("/portal/appointments/request").await;
        let fields = [("day1", "2026-11-30"), ("day2", "2026-02-30"), ("note", "Mornings are best.")];
        let refused = browser.submit(&form, "/portal/appointments/request", &fields).await;
        refused.must_be(422).must_say("This day is in the past").must_say("Choose a day from the calendar");
        assert!(refused.html().contains("Mornings are best.") && refused.html().contains("2026-11-30"));
        let none = browser.submit(&form, "/portal/appointments/request", &[]).await;
        none.must_be(422).must_say("Choose at least one day");
        let long = "x".repeat(1_001);
        let fields = [("day1", "2026-12-03"), ("note", long.as_str())];
        browser.submit(&form, "/portal/appointments/request", &fields).await.must_be(422);
        let turned = [("day1", "2026-12-03"), ("note", "a\u{202e}b")];
        browser.submit(&form, "/portal/appointments/request", &turned).await.must_be(422);
        assert_eq!(requests(w).await, 0);
    }

    async fn five_requests_may_wait_and_one_taken_back_makes_room(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        for day in 3..8 {
            asked(w, &mut browser, &format!("2026-12-0{day}"), "any").await;
        }
        let form = browser.get("/portal/appointments/request").await;
        let more = browser.submit(&form, "/portal/appointments/request", &[("day1", "2026-12-09")]).await;
        more.must_be(422).must_say("five requests waiting");
        let mine = browser.get("/portal/appointments").await;
        browser.submit_and_follow(&mine, "/take-back", &[]).await.must_say("Withdrawn");
        // A second click on the same button is no error.
        assert!(browser.submit(&mine, "/take-back", &[]).await.is_redirect());
        asked(w, &mut browser, "2026-12-09", "any").await;
        assert_eq!(events(w, "appointment.request_withdrawn").await, 1);
    }

    async fn what_one_parent_writes_with_a_request_the_other_does_not_read(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, _) = crate::rights::mother_of(w, &leo).await;
        let father = crate::access::contact(w, &leo, "Daniel", "daniel@example.com").await;
        let id = people::account(w, "daniel@example.com").await;
        let scope = w.riverbend.scope.clone();
        let rights = Some([anteroom::platform::permissions::Right::Appointments].as_slice());
        people::grant(w, &scope, &id, &father, &leo.chart_id, rights).await;
        let mut mother = sign_in(w, &name).await;
        let form = mother.get("/portal/appointments/request").await;
        let typed = [("day1", "2026-12-03"), ("note", "Please do not tell his father.")];
        mother.submit(&form, "/portal/appointments/request", &typed).await.must_be(303);
        let hers = mother.get("/portal/appointments").await;
        hers.must_say("Please do not tell his father.").must_say("Withdraw this request");
        let mut phone = sign_in(w, "daniel@example.com").await;
        let his = phone.get("/portal/appointments").await;
        his.must_say("December 3").must_not_say("do not tell").must_not_say("Withdraw this request");
        let request = request_ids(w).await.remove(0);
        let back = format!("/portal/appointments/requests/{request}/take-back");
        let token = his.form("/sign-out");
        let csrf = token.fields.iter().find(|(name, _)| name == "csrf").map(|(_, value)| value.clone()).expect("a token");
        phone.post(&back, &[("csrf", &csrf)]).await.must_be(404);
        mother.submit_and_follow(&hers, "/take-back", &[]).await.must_say("Withdrawn");
    }

    async fn a_form_typed_for_one_child_is_not_filed_for_another(w: &mut World) {
        let leo = w.chart("Leo", "Park").await;
        let mia = w.chart("Mia", "Park").await;
        let mother = w.chart_with("Joan", "Park", "1980-02-02", "joan.park@example.com").await;
        let id = people::account(w, &mother.email).await;
        let scope = w.riverbend.scope.clone();
        let all = anteroom::platform::permissions::Right::ALL;
        people::grant(w, &scope, &id, &mother.person_id, &leo.chart_id, Some(all)).await;
        w.clock.advance_seconds(1);
        let second = people::grant(w, &scope, &id, &mother.person_id, &mia.chart_id, Some(all)).await;
        let mut browser = sign_in(w, &mother.email).await;
        let form = browser.get("/portal/appointments/request").await;
        form.must_say("For Leo");
        let switch = browser.get("/portal/switch").await;
        browser.submit(&switch, "/portal/switch", &[("access", &second.to_string())]).await;
        let sent = browser.submit(&form, "/portal/appointments/request", &[("day1", "2026-12-03")]).await;
        sent.must_be(409);
        // A window is led to where the chart is chosen, and from there back to what was typed, for that child alone.
        let mut window = browser.clone().with("sec-fetch-mode", "navigate");
        let typed = [("day1", "2026-12-03"), ("note", "Leo sleeps badly.")];
        let sent = window.submit(&form, "/portal/appointments/request", &typed).await;
        let asked = window.follow(&sent).await;
        asked.must_say("the form is about Leo").must_say("Mia");
        let back = asked.form("/portal/switch").fields.into_iter().find(|(name, _)| name == "back").expect("a way back").1;
        let page = window.get(&back).await;
        page.must_say("For Mia");
        assert!(!page.html().contains("Leo sleeps badly."), "another child's form shows it");
        let first = asked.html().split("name=\"access\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a grant").to_owned();
        let page = window.submit_and_follow(&asked, "/portal/switch", &[("access", &first)]).await;
        page.must_say("For Leo");
        assert!(page.html().contains("Leo sleeps badly."), "what was typed is there");
        assert_eq!(requests(w).await, 0);
    }

    async fn confirming_twice_makes_one_appointment_and_one_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let path = asked(w, &mut browser, "2026-12-03", "any").await;
        let mut tabs = Vec::new();
        for role in [Role::FrontDesk, Role::Clinician, Role::Administrator, Role::FrontDesk] {
            let mut tab = w.staff(role).await;
            let page = tab.get(&path).await;
            tabs.push((tab, page));
        }
        let mut clicks = Vec::new();
        for (mut tab, page) in tabs {
            let with = casey(w).to_string();
            clicks.push(tokio::spawn(async move {
                tab.submit(&page, "/confirm", &[("time", "14:30"), ("with", with.as_str())]).await.status()
            }));
        }
        for click in clicks {
            assert_eq!(click.await.expect("the click ended"), 303);
        }
        assert_eq!((booked(w).await, mails(w).await), (1, 1));
        assert_eq!(events(w, "appointment.confirmed").await, 1);
        // Declining after that changes nothing either.
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&path).await.must_say("Confirmed");
        assert_eq!(booked(w).await, 1);
    }

    async fn two_who_answer_one_request_with_different_hours_make_one_appointment(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let path = asked(w, &mut browser, "2026-12-03", "any").await;
        let with = casey(w).to_string();
        let mut tabs = Vec::new();
        for (role, time) in [(Role::FrontDesk, "10:00"), (Role::Clinician, "14:00"), (Role::Administrator, "16:00")] {
            let mut tab = w.staff(role).await;
            let page = tab.get(&path).await;
            tabs.push((tab, page, time));
        }
        let mut clicks = Vec::new();
        for (mut tab, page, time) in tabs {
            let with = with.clone();
            clicks.push(tokio::spawn(async move {
                tab.submit(&page, "/confirm", &[("time", time), ("with", with.as_str())]).await.status()
            }));
        }
        for click in clicks {
            assert_eq!(click.await.expect("the click ended"), 303);
        }
        assert_eq!((booked(w).await, mails(w).await), (1, 1));
        assert_eq!(events(w, "appointment.confirmed").await, 1);
    }

    async fn two_who_want_the_last_hour_do_not_both_get_it(w: &mut World) {
        let mut paths = Vec::new();
        for (first, last) in [("Ana", "Duarte"), ("Bob", "Reyes")] {
            let client = w.chart(first, last).await;
            let who = enrolled(w, &client).await;
            let mut browser = sign_in(w, &who.name).await;
            paths.push(asked(w, &mut browser, "2026-12-03", "any").await);
        }
        let mut tabs = Vec::new();
        for path in paths {
            let mut tab = w.staff(Role::FrontDesk).await;
            let page = tab.get(&path).await;
            tabs.push((tab, page));
        }
        let mut clicks = Vec::new();
        for (mut tab, page) in tabs {
            let with = casey(w).to_string();
            clicks.push(tokio::spawn(async move {
                tab.submit(&page, "/confirm", &[("time", "14:30"), ("with", with.as_str())]).await
            }));
        }
        let mut refused = Vec::new();
        for click in clicks {
            let page = click.await.expect("the click ended");
            if page.status() != 303 {
                refused.push(page);
            }
        }
        assert_eq!((refused.len(), booked(w).await), (1, 1));
        refused[0].must_be(422).must_say("already has an appointment then");
        assert_eq!(mails(w).await, 1, "only whoever got the hour is told of an answer");
    }

    async fn clocks_that_skip_or_repeat_an_hour_are_told_kindly(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let path = asked(w, &mut browser, "2027-03-14", "any").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        let with = casey(w).to_string();
        let with = ("with", with.as_str());
        let skipped = desk.submit(&page, "/confirm", &[("time", "02:30"), with]).await;
        skipped.must_be(422).must_say("this time does not exist").must_say("3:30 AM");
        let autumn = [("date", "2027-11-07"), ("time", "01:30"), with];
        let twice = desk.submit(&page, "/confirm", &autumn).await;
        twice.must_be(422).must_say("comes twice").must_say("1:30 AM EDT").must_say("1:30 AM EST");
        let second = [("date", "2027-11-07"), ("time", "01:30"), with, ("which", "second"), ("despite", "night weekend")];
        assert_eq!(desk.submit(&twice, "/confirm", &second).await.status(), 303);
        let at: i64 = w.look(|c| appointment::table.select(appointment::starts_at).first(c)).await;
        let wanted: jiff::Timestamp = "2027-11-07T06:30:00Z".parse().expect("a moment");
        assert_eq!(at, wanted.as_microsecond());
        let over = [("date", "2026-11-30"), ("time", "10:00"), with];
        let path = asked(w, &mut browser, "2026-12-05", "any").await;
        let page = desk.get(&path).await;
        desk.submit(&page, "/confirm", &over).await.must_be(422).must_say("This time is in the past");
    }

    async fn a_decline_carries_a_kind_answer_that_only_the_portal_shows(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let path = asked(w, &mut browser, "2026-12-03", "evening").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        desk.submit(&page, "/decline", &[("answer", "  ")]).await.must_be(422).must_say("Write a short answer");
        let done = desk.submit_and_follow(&page, "/decline", &[("answer", "We are closed then; please call.")]).await;
        done.must_say("Declined");
        let mail = w.mail_to(&ana.email).await;
        assert!(!mail.text.contains("closed") && !mail.text.to_lowercase().contains("declin"), "{}", mail.text);
        browser.get("/portal/appointments").await.must_say("Not possible").must_say("please call");
        assert_eq!(booked(w).await, 0);
    }

    async fn a_request_taken_back_meanwhile_is_not_confirmed(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let path = asked(w, &mut browser, "2026-12-03", "any").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        let mine = browser.get("/portal/appointments").await;
        browser.submit(&mine, "/take-back", &[]).await;
        let with = casey(w).to_string();
        let answer = desk.submit_and_follow(&page, "/confirm", &[("time", "14:30"), ("with", with.as_str())]).await;
        answer.must_say("Withdrawn by the client");
        assert_eq!((booked(w).await, mails(w).await), (0, 0));
    }

    async fn auz_01_only_roles_with_the_permission_answer_requests(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let bob = w.chart("Bob", "Reyes").await;
        let (a, b) = (enrolled(w, &ana).await, enrolled(w, &bob).await);
        let mut browser = sign_in(w, &a.name).await;
        let path = asked(w, &mut browser, "2026-12-03", "any").await;
        let id = path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut biller = w.staff(Role::Biller).await;
        biller.get("/staff/requests").await.must_be(403);
        biller.get(&path).await.must_be(403);
        let twin = w.twinoaks.clone();
        w.staff_of(&twin, Role::FrontDesk).await.get(&path).await.must_be(404);
        // Another client cannot take it back.
        let mut other = sign_in(w, &b.name).await;
        let home = other.get("/portal").await;
        let csrf = home.form("/portal/sign-out").fields[0].1.clone();
        let taken = other.post(&format!("/portal/appointments/requests/{id}/take-back"), &[("csrf", &csrf)]).await;
        taken.must_be(404);
        browser.get("/portal/appointments").await.must_say("Waiting for our answer");
    }

    async fn idp_09_an_address_that_must_not_be_written_to_gets_no_mail(w: &mut World) {
        use anteroom::platform::db::schema::person_address;
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let person = ana.person_id;
        w.tamper(move |c| {
            diesel::update(person_address::table.filter(person_address::person_id.eq(person)))
                .set(person_address::may_mail.eq(false))
                .execute(c)
        })
        .await;
        let mut browser = sign_in(w, &who.name).await;
        let path = asked(w, &mut browser, "2026-12-03", "any").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        let with = casey(w).to_string();
        desk.submit(&page, "/confirm", &[("time", "14:30"), ("with", with.as_str())]).await;
        assert_eq!((booked(w).await, mails(w).await), (1, 0));
    }

    async fn another_zones_reader_sees_their_own_time_with_its_name(w: &mut World) {
        use anteroom::platform::db::schema::person;
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = ana.person_id;
        w.tamper(move |c| {
            diesel::update(person::table.filter(person::person_id.eq(id)))
                .set(person::time_zone.eq("America/Los_Angeles"))
                .execute(c)
        })
        .await;
        people::booked_at(w, &ana.chart_id, moment("2026-12-03T19:30:00Z"), PlaceKind::Video).await;
        people::booked_at(w, &ana.chart_id, moment("2026-12-04T19:30:00Z"), PlaceKind::Office).await;
        let mut browser = sign_in(w, &who.name).await;
        // By video her own clock comes first; where she has to go, the clock of that place.
        let mine = browser.get("/portal/appointments").await;
        mine.must_say("Thursday, December 3, 2026, 11:30 AM PST (2:30 PM EST at the practice)");
        mine.must_say("Friday, December 4, 2026, 2:30 PM EST (11:30 AM PST for you)");
    }

    /// `cli::a_machine_with_older_rules_shows_the_same_times` tells it once more on such a machine.
    async fn a_time_counts_by_the_rules_of_the_program(w: &mut World) {
        let asuncion = ("America/Asuncion", "2027-07-06T13:00:00Z", "Tuesday, July 6, 2027, 10:00 AM");
        let eastern = ("US/Eastern", "2027-07-07T14:00:00Z", "Wednesday, July 7, 2027, 10:00 AM");
        for (first, (zone, starts_at, shown)) in [("Ana", asuncion), ("Ben", eastern)] {
            w.tamper(move |c| {
                diesel::update(practice::table).set(practice::time_zone.eq(zone)).execute(c)?;
                diesel::update(place::table).set(place::time_zone.eq(zone)).execute(c)
            })
            .await;
            let client = w.chart(first, "Duarte").await;
            let who = enrolled(w, &client).await;
            people::booked_at(w, &client.chart_id, moment(starts_at), PlaceKind::Office).await;
            let tab = format!("/staff/charts/{}/appointments", client.chart_id);
            w.staff(Role::FrontDesk).await.get(&tab).await.must_say(shown);
            sign_in(w, &who.name).await.get("/portal/appointments").await.must_say(shown);
        }
    }

    async fn the_clients_clinician_is_proposed_and_an_unusual_time_is_asked_about_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let bob = w.chart("Bob", "Reyes").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let path = asked(w, &mut browser, "2026-12-03", "any").await;
        // Nobody has seen her yet: nobody is proposed, least of all whoever answers.
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&path).await;
        assert!(page.html().contains("<option value=\"\" selected>Choose…</option>"), "nobody is proposed");
        admin.submit(&page, "/confirm", &[("time", "14:30")]).await.must_be(422).must_say("Choose who sees the client.");
        let with = casey(w);
        people::booked_at(w, &ana.chart_id, moment("2026-12-03T15:00:00Z"), PlaceKind::Office).await;
        people::booked_at(w, &bob.chart_id, moment("2026-12-03T18:00:00Z"), PlaceKind::Office).await;
        let page = admin.get(&path).await;
        assert!(page.html().contains(&format!("<option value=\"{with}\" selected>Casey Moreno</option>")));
        // Both days stand beside the form.
        page.must_say("10:00 AM to 10:50 AM: Regular visit with Casey Moreno");
        page.must_say("10:00 AM to 10:50 AM: Ana Duarte").must_say("1:00 PM to 1:50 PM: Bob Reyes");
        let with = with.to_string();
        let friday = [("date", "2026-12-04"), ("with", with.as_str()), ("look", "day")];
        let other = admin.submit(&page, "/confirm", &friday).await;
        other.must_say("Friday, December 4, 2026").must_say("No appointments").must_not_say("Bob Reyes");
        // Taken twice over: the clinician's hour is Bob's; then the client's own.
        let clash = admin.submit(&page, "/confirm", &[("time", "13:30")]).await;
        clash.must_be(422).must_say("Casey Moreno already has an appointment then, at 1:00 PM.").must_not_say("Book it anyway");
        let clash = admin.submit(&page, "/confirm", &[("time", "10:30")]).await;
        clash.must_be(422).must_say("The client already has an appointment then, at 10:00 AM.");
        // At night and on a weekend; a tick answers only what stood beside it.
        let night = [("date", "2026-12-05"), ("time", "05:30")];
        let doubtful = admin.submit(&page, "/confirm", &night).await;
        doubtful.must_be(422).must_say("This is at night").must_say("This is on a weekend.");
        let weekend_only = [("date", "2026-12-05"), ("time", "05:30"), ("despite", "weekend")];
        admin.submit(&page, "/confirm", &weekend_only).await.must_be(422);
        let both = [("date", "2026-12-05"), ("time", "05:30"), ("despite", "night weekend")];
        assert_eq!(admin.submit(&doubtful, "/confirm", &both).await.status(), 303);
        assert_eq!(booked(w).await, 3);
    }
}

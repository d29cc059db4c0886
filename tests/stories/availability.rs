//! When clinicians are available, and the openings that follow. The names carry the numbers of the acceptance cases.

use anteroom::features::practice::PlaceKind;
use anteroom::kernel::ids::StaffId;
use anteroom::platform::db::schema::{
    appointment, appointment_type, availability, busy_month, calendar_resource, chart, time_off,
};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::api::key;
use crate::appointments::{casey, moment};
use crate::portal_people::{booked_at, enrolled, events, place, sign_in};
use crate::stories;
use crate::support::months::months_are_true;
use crate::support::{Browser, Page, World};

/// Adds weekly hours on a day of the week (1 is Monday) by the page.
pub async fn add_hours(
    desk: &mut Browser,
    of: StaffId,
    day: &str,
    from: &str,
    until: &str,
    place: &str,
) -> Page {
    let path = format!("/staff/availability/{of}");
    let page = desk.get(&path).await;
    let typed = [("weekday", day), ("from", from), ("until", until), ("place", place)];
    desk.submit(&page, &format!("{path}/hours"), &typed).await
}

/// Adds a type by the page; gives its id.
pub async fn add_type(w: &World, name: &str, fields: &[(&str, &str)]) -> String {
    let mut admin = w.staff(Role::Administrator).await;
    let form = admin.get("/staff/practice/types/new").await;
    let mut all = vec![("name", name)];
    all.extend(fields);
    admin.submit(&form, "/staff/practice/types/new", &all).await.must_be(303);
    let wanted = name.to_owned();
    let id: anteroom::kernel::ids::AppointmentTypeId = w
        .look(move |c| {
            appointment_type::table
                .filter(appointment_type::name.eq(&wanted))
                .select(appointment_type::type_id)
                .first(c)
        })
        .await;
    id.to_string()
}

/// The open times that a form which books offers as buttons.
fn open_times(page: &Page) -> Vec<String> {
    let html = page.html();
    let buttons = html.split("name=\"take\" value=\"").skip(1);
    let label = |button: &str| Some(button.split_once('>')?.1.split('<').next()?.replace('\u{a0}', " "));
    buttons.filter_map(label).collect()
}

async fn starts(caller: &mut Browser, query: &str) -> Vec<String> {
    let page = caller.get(&format!("/api/v1/openings?{query}")).await;
    page.must_be(200);
    let list = page.answer.json();
    let each = |opening: &Value| opening["starts_at"].as_str().expect("a moment").to_owned();
    list["openings"].as_array().expect("a list").iter().map(each).collect()
}

stories! {
    async fn hours_types_and_what_is_booked_make_the_openings_that_page_and_api_show(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let office = place(w, PlaceKind::Office).await.to_string();
        let mut desk = w.staff(Role::FrontDesk).await;
        let of = casey(w);
        let page = desk.get(&format!("/staff/availability/{of}")).await;
        page.must_say("No hours yet.").must_say("An administrator adds a type of appointment");
        // Thursdays from one to four.
        add_hours(&mut desk, of, "4", "13:00", "16:00", &office).await.must_be(303);
        let of_type = add_type(w, "Regular visit", &[("grid", "30"), ("notice", "0")]).await;
        let page = desk.get(&format!("/staff/availability/{of}")).await;
        page.must_say("Thursday, 1:00 PM to 4:00 PM, Riverbend Counseling");
        // Five beginnings on each of four Thursdays.
        page.must_say("20 openings for “Regular visit” in the next four weeks");
        page.must_say("Thursday, December 3, 2026, 1:00 PM EST");
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let thursday = format!("type={of_type}&from=2026-12-03T00:00:00Z&until=2026-12-04T00:00:00Z");
        assert_eq!(
            starts(&mut caller, &thursday).await,
            ["2026-12-03T18:00:00Z", "2026-12-03T18:30:00Z", "2026-12-03T19:00:00Z", "2026-12-03T19:30:00Z", "2026-12-03T20:00:00Z"]
        );
        // Booked from 2:00 to 2:50, and ten minutes stay free after a visit: 1:30 and 2:30 are gone.
        booked_at(w, &ana.chart_id, moment("2026-12-03T19:00:00Z"), PlaceKind::Office).await;
        assert_eq!(starts(&mut caller, &thursday).await, ["2026-12-03T18:00:00Z", "2026-12-03T20:00:00Z"]);
        // Whoever books sees beside the form when a visit of its length fits.
        let bo = w.chart("Bo", "Lindgren").await;
        let book = desk.get(&format!("/staff/charts/{}/appointments/book?date=2026-12-03&with={of}", bo.chart_id)).await;
        assert_eq!(open_times(&book), ["1:00 PM", "3:00 PM"]);
        let types = caller.get("/api/v1/appointment-types").await.answer.json();
        assert_eq!((&types["appointment_types"][0]["name"], &types["appointment_types"][0]["minutes"]), (&json!("Regular visit"), &json!(50)));
        // Page by page it is the same list.
        let mut seen = Vec::new();
        let mut next = format!("/api/v1/openings?{thursday}&limit=1");
        loop {
            let page = caller.get(&next).await.answer.json();
            seen.push(page["openings"][0]["local_start"].as_str().expect("a clock").to_owned());
            match page["next"].as_str() {
                Some(cursor) => next = format!("/api/v1/openings?{thursday}&limit=1&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen, ["2026-12-03T13:00:00", "2026-12-03T15:00:00"]);
        // Another clinician has no hours; a type of another practice is not found.
        let other = w.riverbend.member(Role::Administrator).staff_id;
        assert!(starts(&mut caller, &format!("{thursday}&clinician={other}")).await.is_empty());
        let text = key(w, &w.twinoaks.clone(), Scope::ALL).await;
        let mut twin = w.browser().with("authorization", &format!("Bearer {text}"));
        twin.get(&format!("/api/v1/openings?{thursday}")).await.must_be(404);
        assert_eq!(events(w, "appointment.hours_added").await, 1);
        // Removed, nothing is open.
        let page = desk.get(&format!("/staff/availability/{of}")).await;
        let asked = desk.submit(&page, "/remove", &[]).await;
        asked.must_be(200).must_say("Remove these weekly hours?").must_say("Thursday, 1:00 PM to 4:00 PM");
        assert!(!starts(&mut caller, &thursday).await.is_empty(), "nothing is removed before somebody says yes");
        let sure = [("sure", "yes")];
        desk.submit_and_follow(&asked, "/remove", &sure).await.must_say("Removed.").must_say("No hours yet.");
        // A double click: it is gone.
        desk.submit_and_follow(&asked, "/remove", &sure).await.must_say("Removed.");
        assert_eq!(events(w, "appointment.hours_removed").await, 1);
        assert!(starts(&mut caller, &thursday).await.is_empty());
    }

    async fn what_was_booked_before_months_were_kept_is_seen_and_kept_with_the_next_booking(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        let office = place(w, PlaceKind::Office).await.to_string();
        let mut desk = w.staff(Role::FrontDesk).await;
        add_hours(&mut desk, casey(w), "4", "13:00", "16:00", &office).await.must_be(303);
        let of_type = add_type(w, "Regular visit", &[("grid", "30"), ("notice", "0")]).await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let open = format!("type={of_type}&from=2026-12-03T00:00:00Z&until=2026-12-11T00:00:00Z");
        let all = starts(&mut caller, &open).await;
        booked_at(w, &ana.chart_id, moment("2026-12-03T19:00:00Z"), PlaceKind::Office).await;
        let rest = starts(&mut caller, &open).await;
        assert!(rest.len() < all.len());
        // As an earlier version has left it.
        w.tamper(|c| diesel::delete(busy_month::table).execute(c)).await;
        w.tamper(|c| diesel::update(calendar_resource::table).set(calendar_resource::keeps_months.eq(false)).execute(c)).await;
        assert_eq!(starts(&mut caller, &open).await, rest);
        booked_at(w, &bo.chart_id, moment("2026-12-10T19:00:00Z"), PlaceKind::Office).await;
        let kept: i64 = w.look(|c| calendar_resource::table.filter(calendar_resource::keeps_months.eq(true)).count().get_result(c)).await;
        assert!(kept >= 1, "the clinician's months are kept");
        months_are_true(w).await;
        assert!(starts(&mut caller, &open).await.len() < rest.len());
    }

    async fn what_is_wrong_with_hours_stands_beside_its_field_and_a_double_click_adds_them_once(w: &mut World) {
        let office = place(w, PlaceKind::Office).await.to_string();
        let mut desk = w.staff(Role::FrontDesk).await;
        let of = casey(w);
        add_hours(&mut desk, of, "", "13:00", "16:00", &office).await.must_be(422).must_say("Choose at least one day.");
        let page = add_hours(&mut desk, of, "1", "16:00", "13:00", &office).await;
        page.must_be(422).must_say("The end has to be later than the beginning.");
        assert!(page.html().contains("value=\"16:00\""));
        add_hours(&mut desk, of, "1", "16:02", "18:00", &office).await.must_be(422).must_say("steps of five minutes");
        let path = format!("/staff/availability/{of}");
        let form = desk.get(&path).await;
        // Until midnight.
        let typed = [("weekday", "1"), ("from", "20:00"), ("until", "00:00"), ("place", office.as_str())];
        let mut clicks = Vec::new();
        for _ in 0..4 {
            let (mut tab, form, action, office) = (desk.clone(), form.clone(), format!("{path}/hours"), office.clone());
            clicks.push(tokio::spawn(async move {
                let typed = [("weekday", "1"), ("from", "20:00"), ("until", "00:00"), ("place", office.as_str())];
                tab.submit(&form, &action, &typed).await.status()
            }));
        }
        for click in clicks {
            assert_eq!(click.await.expect("the click ended"), 303);
        }
        desk.submit(&form, &format!("{path}/hours"), &typed).await.must_be(303);
        let rows: Vec<(i32, i32)> =
            w.look(|c| availability::table.select((availability::from_minute, availability::until_minute)).load(c)).await;
        assert_eq!(rows, [(1_200, 1_440)]);
        desk.get(&path).await.must_say("Monday, 8:00 PM to 12:00 AM");
    }

    async fn a_clinician_keeps_their_own_hours_and_looks_at_the_others(w: &mut World) {
        let office = place(w, PlaceKind::Office).await.to_string();
        let mut clinician = w.staff(Role::Clinician).await;
        let (own, other) = (casey(w), w.riverbend.member(Role::Administrator).staff_id);
        assert_eq!(clinician.get("/staff/availability").await.location(), Some(format!("/staff/availability/{own}").as_str()));
        add_hours(&mut clinician, own, "2", "09:00", "12:00", &office).await.must_be(303);
        let page = clinician.get(&format!("/staff/availability/{other}")).await;
        page.must_say("You can see these hours but not change them.");
        assert!(!page.has_form("/hours") && !page.has_form("/time-off"));
        let page = clinician.get(&format!("/staff/availability/{own}")).await;
        let mut form = page.form("/hours").fields;
        form.extend([("weekday".to_owned(), "1".to_owned())]);
        clinician.post_fields(&format!("/staff/availability/{other}/hours"), &form).await.must_be(403);
        let mut biller = w.staff(Role::Biller).await;
        biller.get(&format!("/staff/availability/{own}")).await.must_be(403);
    }

    async fn case_32_time_off_over_appointments_shows_them_first_and_cancels_none(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        for hour in ["15", "16", "17"] {
            booked_at(w, &ana.chart_id, moment(&format!("2026-12-03T{hour}:00:00Z")), PlaceKind::Office).await;
        }
        booked_at(w, &ana.chart_id, moment("2026-12-04T15:00:00Z"), PlaceKind::Office).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let of = casey(w);
        let path = format!("/staff/availability/{of}");
        let page = desk.get(&path).await;
        let typed = [("off_from", "2026-12-03"), ("off_until", "2026-12-03"), ("note", "Training")];
        let asked = desk.submit(&page, "/time-off", &typed).await;
        asked.must_be(422).must_say("3 appointments lie in this time").must_say("Thursday, December 3, 2026, 11:00 AM EST");
        asked.must_not_say("December 4, 2026, 10:00 AM");
        let none: i64 = w.look(|c| time_off::table.count().get_result(c)).await;
        assert_eq!(none, 0);
        // A fourth one comes in while the list is read: the tick answers only what stood beside it.
        booked_at(w, &ana.chart_id, moment("2026-12-03T19:00:00Z"), PlaceKind::Office).await;
        let seen = asked.html().split("name=\"seen\" type=\"checkbox\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a tick").to_owned();
        let mut ticked = typed.to_vec();
        ticked.push(("seen", seen.as_str()));
        let asked = desk.submit(&asked, "/time-off", &ticked).await;
        asked.must_be(422).must_say("4 appointments lie in this time");
        let seen = asked.html().split("name=\"seen\" type=\"checkbox\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a tick").to_owned();
        let mut ticked = typed.to_vec();
        ticked.push(("seen", seen.as_str()));
        let page = desk.submit_and_follow(&asked, "/time-off", &ticked).await;
        page.must_say("Needs moving").must_say("December 3, 2026").must_say("Training");
        let booked: i64 = w.look(|c| appointment::table.filter(appointment::state.eq("booked")).count().get_result(c)).await;
        assert_eq!(booked, 5, "nothing is canceled by it");
        assert_eq!(events(w, "appointment.time_off_added").await, 1);
    }

    async fn the_page_of_a_day_shows_time_off_and_closed_days_and_whose_chart_it_is(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let namesake = w.chart_with("Ana", "Duarte", "1971-02-03", "ana.two@example.com").await;
        booked_at(w, &ana.chart_id, moment("2026-12-03T15:00:00Z"), PlaceKind::Office).await;
        booked_at(w, &namesake.chart_id, moment("2026-12-03T17:00:00Z"), PlaceKind::Office).await;
        let mut admin = w.staff(Role::Administrator).await;
        let availability = format!("/staff/availability/{}", casey(w));
        for typed in [
            [("off_from", "2026-12-10"), ("off_from_time", ""), ("off_until", "2026-12-11"), ("off_until_time", ""), ("note", "Training")],
            [("off_from", "2026-12-14"), ("off_from_time", "09:00"), ("off_until", "2026-12-14"), ("off_until_time", "12:30"), ("note", "")],
        ] {
            let page = admin.get(&availability).await;
            admin.submit(&page, "/time-off", &typed).await.must_be(303);
        }
        let page = admin.get("/staff/practice/closures").await;
        let snow = [("off_from", "2026-12-15"), ("off_until", "2026-12-15"), ("note", "Snow")];
        admin.submit(&page, "/staff/practice/closures", &snow).await.must_be(303);
        let day = |on: &str| format!("/staff/calendar?date={on}");
        admin.get(&day("2026-12-09")).await.must_not_say("Time off");
        let page = admin.get(&day("2026-12-11")).await;
        page.must_say("Casey Moreno").must_say("Time off, all day: Training").must_not_say("Nothing is booked");
        admin.get(&day("2026-12-12")).await.must_not_say("Time off");
        admin.get(&day("2026-12-14")).await.must_say("Time off, 9:00 AM to 12:30 PM");
        admin.get(&day("2026-12-15")).await.must_say("The practice is closed, all day: Snow");
        // Two clients of one name are told apart.
        let page = admin.get(&day("2026-12-03")).await;
        let numbers: Vec<String> = w.look(|c| chart::table.select(chart::chart_number).load(c)).await;
        assert!(numbers.len() == 2 && numbers.iter().all(|number| page.says(number)), "{numbers:?}: {}", page.words());
    }

    async fn case_11_closed_days_and_time_off_close_what_the_weekly_hours_open(w: &mut World) {
        let office = place(w, PlaceKind::Office).await.to_string();
        let mut admin = w.staff(Role::Administrator).await;
        let of = casey(w);
        for day in ["4", "5"] {
            add_hours(&mut admin, of, day, "09:00", "11:00", &office).await.must_be(303);
        }
        let of_type = add_type(w, "Hour", &[("minutes", "60"), ("after", "0"), ("grid", "60"), ("notice", "0")]).await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let days = format!("type={of_type}&from=2026-12-03T00:00:00Z&until=2026-12-05T00:00:00Z");
        let four = ["2026-12-03T14:00:00Z", "2026-12-03T15:00:00Z", "2026-12-04T14:00:00Z", "2026-12-04T15:00:00Z"];
        assert_eq!(starts(&mut caller, &days).await, four);
        let page = admin.get("/staff/practice/closures").await;
        page.must_say("No closed days.");
        let half = [("off_from", "2026-12-03"), ("off_from_time", "10:00"), ("off_until", "2026-12-03"), ("note", "Snow")];
        admin.submit_and_follow(&page, "/staff/practice/closures", &half).await.must_say("Snow").must_say("Everywhere");
        assert_eq!(starts(&mut caller, &days).await, ["2026-12-03T14:00:00Z", "2026-12-04T14:00:00Z", "2026-12-04T15:00:00Z"]);
        // A day that differs: Friday in the evening instead of the morning.
        let path = format!("/staff/availability/{of}");
        let page = admin.get(&path).await;
        let closed = [("on_date", "2026-12-04"), ("effect", "closed"), ("day_from", ""), ("day_until", "")];
        admin.submit(&page, "/days", &closed).await.must_be(303);
        let page = admin.get(&path).await;
        let open = [("on_date", "2026-12-04"), ("effect", "open"), ("day_from", "17:00"), ("day_until", "18:00")];
        admin.submit(&page, "/days", &open).await.must_be(422).must_say("Choose one.");
        let mut placed = open.to_vec();
        placed.push(("day_place", office.as_str()));
        let page = admin.submit_and_follow(&page, "/days", &placed).await;
        page.must_say("December 4, 2026: not available, all day").must_say("December 4, 2026: also available, 5:00 PM to 6:00 PM");
        assert_eq!(starts(&mut caller, &days).await, ["2026-12-03T14:00:00Z", "2026-12-04T22:00:00Z"]);
        // What is removed closes nothing any more.
        let page = admin.get("/staff/practice/closures").await;
        let asked = admin.submit(&page, "/closures/remove", &[]).await;
        asked.must_be(200).must_say("Remove these closed days?").must_say("Snow").must_say("Everywhere");
        admin.submit(&asked, "/closures/remove", &[("sure", "yes")]).await.must_be(303);
        assert_eq!(starts(&mut caller, &days).await.len(), 3);
    }

    async fn case_04_notice_and_days_ahead_are_lengths_of_time_also_over_a_change_of_the_clocks(w: &mut World) {
        let office = place(w, PlaceKind::Office).await.to_string();
        let mut admin = w.staff(Role::Administrator).await;
        for day in ["1", "2", "3", "4", "5", "6", "7"] {
            add_hours(&mut admin, casey(w), day, "00:00", "00:00", &office).await.must_be(303);
        }
        let of_type = add_type(w, "Visit", &[("minutes", "60"), ("after", "0"), ("grid", "5"), ("notice", "168"), ("horizon", "8")]).await;
        // To one week before the Sunday in March on which the clocks are set forward: 168 hours later it is 1 PM there.
        let to = moment("2027-03-07T17:00:00Z");
        w.clock.advance_seconds(u32::try_from(to.seconds_since(w.now())).expect("ahead"));
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let found = starts(&mut caller, &format!("type={of_type}&limit=100")).await;
        assert_eq!(found[0], "2027-03-14T17:00:00Z");
        let late = starts(&mut caller, &format!("type={of_type}&from=2027-03-15T16:00:00Z&limit=100")).await;
        assert_eq!(late.last().map(String::as_str), Some("2027-03-15T16:55:00Z"), "eight times 24 hours");
    }

    async fn a_client_who_asks_sees_the_days_that_have_openings_and_takes_one(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let path = "/portal/appointments/request";
        browser.get(path).await.must_not_say("These days have open times").must_say("We show no open times at the moment");
        let office = place(w, PlaceKind::Office).await.to_string();
        let mut desk = w.staff(Role::FrontDesk).await;
        add_hours(&mut desk, casey(w), "4", "13:00", "14:00", &office).await.must_be(303);
        add_type(w, "Staff only", &[("who", "nobody")]).await;
        browser.get(path).await.must_not_say("These days have open times");
        add_type(w, "Regular visit", &[("after", "0"), ("grid", "60"), ("notice", "0")]).await;
        // Whoever has no hours is not offered.
        browser.get(path).await.must_say("Casey Moreno").must_not_say("Robin Hale");
        // The only time on December 3 is taken by somebody else.
        let bo = w.chart("Bo", "Lindgren").await;
        booked_at(w, &bo.chart_id, moment("2026-12-03T18:00:00Z"), PlaceKind::Office).await;
        // Whom none of the open times suits names days.
        let page = browser.get(&format!("{path}?wishes=days")).await;
        page.must_say("These days have open times at the moment.").must_say("Thu, Dec 10").must_not_say("Thu, Dec 3");
        page.must_not_say("Lindgren");
        // An open day is added to what was typed; the second one goes into the next field, and none twice.
        let typed = [("kind", "check_in"), ("place", "video"), ("part1", "morning"), ("note", "By the river")];
        let mut filled = browser.submit(&page, path, &[&typed[..], &[("take", "2026-12-10")]].concat()).await;
        for day in ["2026-12-17", "2026-12-10"] {
            filled = browser.submit(filled.must_be(200), path, &[("take", day)]).await;
        }
        let fields = filled.must_be(200).form(path).fields;
        let of = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!((of("day1"), of("day2"), of("day3")), (Some("2026-12-10"), Some("2026-12-17"), Some("")));
        assert_eq!((of("kind"), of("place"), of("part1")), (Some("check_in"), Some("video"), Some("morning")));
        assert_eq!(of("note"), Some("By the river"));
        let full = browser.submit(&filled, path, &[("day3", "2026-12-11"), ("take", "2026-12-24")]).await;
        full.must_be(422).must_say("All three days are filled in.");
        assert_eq!(events(w, "appointment.requested").await, 0, "nothing is asked for before it is sent");
        let done = browser.submit_and_follow(&filled, path, &[]).await;
        done.must_say("Thursday, December 10, 2026, in the morning").must_say("Thursday, December 17, 2026");
    }

    async fn clients_ask_for_no_kind_that_staff_alone_book(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let path = "/portal/appointments/request";
        let before = browser.get(path).await;
        before.must_say("First visit");
        add_type(w, "First visit", &[("kind", "first_visit"), ("who", "nobody")]).await;
        let page = browser.get(path).await;
        page.must_not_say("First visit").must_say("Regular visit").must_say("Something else");
        // The page was opened before the type was made.
        let asked = [("kind", "first_visit"), ("day1", "2026-12-10")];
        browser.submit(&before, path, &asked).await.must_be(422).must_say("Choose one.");
        // Once clients may ask for one type of the kind, they may ask for the kind.
        add_type(w, "First talk", &[("kind", "first_visit"), ("who", "clients")]).await;
        browser.submit(&before, path, &asked).await.must_be(303);
    }

    async fn open_times_are_buttons_that_fill_the_form_and_keep_the_rest(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let office = place(w, PlaceKind::Office).await.to_string();
        let mut desk = w.staff(Role::FrontDesk).await;
        let of = casey(w).to_string();
        add_hours(&mut desk, casey(w), "4", "13:00", "15:00", &office).await.must_be(303);
        let path = format!("/staff/charts/{}/appointments/book", ana.chart_id);
        let form = desk.get(&path).await;
        form.must_say("Choose a day and who sees the client");
        let typed = [("kind", "check_in"), ("date", "2026-12-03"), ("with", of.as_str()), ("minutes", "25"), ("time", "09:00")];
        let look = [&typed[..], &[("look", "day")]].concat();
        // Without a type of this kind they are multiples of a quarter of an hour.
        let page = desk.submit(&form, &path, &look).await;
        assert_eq!(open_times(page.must_be(200)).len(), 7);
        add_type(w, "Short check-in", &[("kind", "check_in"), ("minutes", "25"), ("after", "5"), ("grid", "30"), ("notice", "48")]).await;
        let page = desk.submit(&form, &path, &look).await;
        assert_eq!(open_times(page.must_be(200)), ["1:00 PM", "1:30 PM", "2:00 PM", "2:30 PM"]);
        let take = format!("14:30 {office}");
        let page = desk.submit(&page, &path, &[("take", take.as_str())]).await;
        let fields = page.must_be(200).form(&path).fields;
        let of_field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        assert_eq!(of_field("time").as_deref(), Some("14:30"));
        assert_eq!((of_field("kind").as_deref(), of_field("minutes").as_deref()), (Some("check_in"), Some("25")));
        let none: i64 = w.look(|c| appointment::table.count().get_result(c)).await;
        assert_eq!(none, 0, "nothing is booked before the form is sent");
        // A button of another page, or none of ours, books nothing either.
        desk.submit(&page, &path, &[("take", "nonsense")]).await.must_be(200);
        desk.submit_and_follow(&page, &path, &[]).await.must_say("December 3, 2026, 2:30 PM");
        // The same when it is moved.
        let at = desk.get(&format!("/staff/charts/{}/appointments", ana.chart_id)).await.link("/staff/appointments/");
        let path = format!("{at}/move");
        let form = desk.get(&path).await;
        assert_eq!(open_times(&form), ["1:00 PM", "1:30 PM", "2:00 PM", "2:30 PM"], "what it has itself is free for it");
        let page = desk.submit(&form, &path, &[("date", "2026-12-10"), ("look", "day")]).await;
        assert_eq!(open_times(&page).len(), 4);
        let take = format!("13:30 {office}");
        let page = desk.submit(&page, &path, &[("take", take.as_str())]).await;
        desk.submit_and_follow(&page, &path, &[]).await.must_say("December 10, 2026, 1:30 PM");
    }

    async fn hours_that_overlap_at_one_place_are_refused_beside_their_field(w: &mut World) {
        let office = place(w, PlaceKind::Office).await.to_string();
        let video = place(w, PlaceKind::Video).await.to_string();
        let mut desk = w.staff(Role::FrontDesk).await;
        let of = casey(w);
        add_hours(&mut desk, of, "1", "09:00", "12:00", &office).await.must_be(303);
        let again = add_hours(&mut desk, of, "1", "11:00", "13:00", &office).await;
        again.must_be(422).must_say("These hours overlap with others at the same place: Monday, 9:00 AM to 12:00 PM");
        assert!(again.html().contains("id=\"e-from\"") && again.html().contains("value=\"11:00\""));
        // Side by side, on another day, or at a second place, which clients choose between.
        add_hours(&mut desk, of, "1", "12:00", "13:00", &office).await.must_be(303);
        add_hours(&mut desk, of, "2", "11:00", "13:00", &office).await.must_be(303);
        add_hours(&mut desk, of, "1", "11:00", "13:00", &video).await.must_be(303);
        let page = desk.get(&format!("/staff/availability/{of}")).await;
        let day = [("on_date", "2026-12-04"), ("effect", "open"), ("day_from", "17:00"), ("day_until", "18:00"), ("day_place", office.as_str())];
        desk.submit(&page, "/days", &day).await.must_be(303);
        let page = desk.get(&format!("/staff/availability/{of}")).await;
        desk.submit(&page, "/days", &day).await.must_be(422).must_say("December 4, 2026: also available");
        assert_eq!(events(w, "appointment.day_added").await, 1);
    }

    async fn types_are_kept_by_administrators_and_a_changed_one_is_told(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        admin.get("/staff/practice/types").await.must_say("No type yet");
        let form = admin.get("/staff/practice/types/new").await;
        let wrong = admin.submit(&form, "/staff/practice/types/new", &[("name", ""), ("minutes", "51"), ("notice", "-1")]).await;
        wrong.must_be(422).must_say("Type a name of at most 60 characters.").must_say("Type minutes in steps of five");
        let id = add_type(w, "First visit", &[("kind", "first_visit"), ("minutes", "80"), ("who", "nobody")]).await;
        admin.get("/staff/practice/types").await.must_say("First visit").must_say("80 minutes").must_say("Only staff book it");
        let path = format!("/staff/practice/types/{id}");
        let (one, other) = (admin.get(&path).await, admin.get(&path).await);
        admin.submit(&one, &path, &[("minutes", "90")]).await.must_be(303);
        let stale = admin.submit(&other, &path, &[("minutes", "75")]).await;
        stale.must_be(409);
        assert!(stale.html().contains("value=\"75\""));
        let page = admin.get(&path).await;
        admin.submit_and_follow(&page, "/close", &[]).await.must_say("Not offered");
        let page = admin.get(&path).await;
        admin.submit(&page, "/reopen", &[]).await.must_be(303);
        assert_eq!((events(w, "appointment.type_closed").await, events(w, "appointment.type_reopened").await), (1, 1));
    }
}

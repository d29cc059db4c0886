//! The calendar of staff: a day, a week and a list, of everybody, one clinician or one place.

use anteroom::features::appointments::{NewAppointment, VisitKind, booking};
use anteroom::features::calendar::Seats;
use anteroom::features::practice::PlaceKind;
use anteroom::platform::permissions::Role;

use crate::appointments::{casey, moment};
use crate::portal_people::{act, booked_at, place};
use crate::stories;
use crate::support::Page;

/// What stands between the heading of a day and the next one.
fn of_day(page: &Page, date: &str) -> String {
    let html = page.html();
    let from = html.split(&format!("id=\"day-{date}\"")).nth(1).expect("the day is there");
    from.split("id=\"day-").next().unwrap_or_default().replace('\u{a0}', " ")
}

stories! {
    async fn a_week_shows_its_days_from_monday_on_with_what_is_booked_and_who_is_away(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        booked_at(w, &ana.chart_id, moment("2026-12-03T19:00:00Z"), PlaceKind::Office).await;
        booked_at(w, &bo.chart_id, moment("2026-12-04T15:00:00Z"), PlaceKind::Video).await;
        // Late on Sunday in New York, and Monday already in UTC.
        booked_at(w, &ana.chart_id, moment("2026-12-07T01:00:00Z"), PlaceKind::Video).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let off = format!("/staff/availability/{}", casey(w));
        let page = desk.get(&off).await;
        let typed = [("off_from", "2026-12-02"), ("off_until", "2026-12-02"), ("note", "Training")];
        desk.submit(&page, "/time-off", &typed).await.must_be(303);

        let day = desk.get("/staff/calendar?date=2026-12-03").await;
        let week = desk.get(&day.link("/staff/calendar?date=2026-12-03&view=week")).await;
        week.must_be(200).must_say("Week of November 30, 2026");
        let thursday = of_day(&week, "2026-12-03");
        assert!(thursday.contains("2:00 PM to 2:50 PM") && thursday.contains("Ana Duarte"), "{thursday}");
        assert!(thursday.contains("Casey Whitfield") || thursday.contains("week-with"), "{thursday}");
        assert!(of_day(&week, "2026-12-04").contains("Bo Lindgren"));
        assert!(of_day(&week, "2026-12-06").contains("8:00 PM to 8:50 PM"), "the day is that of the practice's clock");
        let wednesday = of_day(&week, "2026-12-02");
        assert!(wednesday.contains("Training") && wednesday.contains("No appointments"), "{wednesday}");
        assert!(!week.html().contains("id=\"day-2026-12-07\""), "a week ends with Sunday");
        // Nobody books on a day that is over.
        assert!(of_day(&week, "2026-12-03").contains("/staff/calendar/book?date=2026-12-03"));
        let past = desk.get("/staff/calendar?view=week&date=2026-11-20").await;
        assert!(!past.html().contains("/staff/calendar/book"), "a past week");
        // One week on, and the same view.
        let next = desk.get("/staff/calendar?date=2026-12-10&view=week").await;
        next.must_say("Week of December 7, 2026");
        assert_eq!(next.link("/staff/calendar?date=2026-12-03"), "/staff/calendar?date=2026-12-03&view=week");

        // One place alone.
        let video = place(w, PlaceKind::Video).await;
        let there = desk.get(&format!("/staff/calendar?view=week&date=2026-12-03&place={video}")).await;
        there.must_say("Bo Lindgren").must_not_say("2:00 PM to 2:50 PM");
        // One clinician alone, who has nothing.
        let other = w.riverbend.member(Role::Administrator).staff_id;
        let theirs = desk.get(&format!("/staff/calendar?view=week&date=2026-12-03&who={other}")).await;
        theirs.must_say("No appointments").must_not_say("Ana Duarte").must_not_say("Training");

        // The list begins with the day itself.
        let list = desk.get("/staff/calendar?view=list&date=2026-12-03").await;
        list.must_say("Seven days from December 3, 2026").must_say("Thursday, December 3, 2026").must_say("Bo Lindgren");
        assert!(!list.html().contains("id=\"day-2026-12-02\"") && list.html().contains("id=\"day-2026-12-09\""));
        let spanish = desk.get("/staff/calendar?view=week&date=2026-12-03&lang=es").await;
        spanish.must_say("Semana del 30 de noviembre de 2026").must_say("Semana siguiente");
        // What no address says is a day.
        desk.get("/staff/calendar?view=year&date=2026-12-03&lang=en").await.must_be(200).must_say("Thursday, December 3, 2026");
    }

    async fn a_week_with_more_than_one_page_shows_says_so(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (office, casey) = (place(w, PlaceKind::Office).await, casey(w));
        let chart = ana.chart_id;
        // Five minutes each, one behind the other.
        act(w, move |c, by| {
            for n in 0..501 {
                let new = NewAppointment {
                    chart,
                    with: Vec::new(),
                    seats: Seats::ONE,
                    request: None,
                    starts_at: moment("2026-12-14T12:00:00Z").plus_seconds(300 * n),
                    minutes: 5,
                    kind: VisitKind::Session,
                    place: office,
                    staff: casey,
                };
                booking::record(c, by, &new)?.expect("the time is free");
            }
            Ok(())
        })
        .await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let cut = "There is more than one page shows. Choose a clinician or a place.";
        desk.get("/staff/calendar?view=week&date=2026-12-14").await.must_say(cut);
        desk.get("/staff/calendar?date=2026-12-14").await.must_not_say(cut);
    }
}

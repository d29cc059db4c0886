//! Requests as a conversation: open times that are asked for and kept, offers, and what happens when nobody answers. The
//! names carry the numbers of the acceptance cases.

use anteroom::features::appointments::actions::{self, NewRequest, NotAsked};
use anteroom::features::appointments::{Picked, PlaceWish, VisitKind};
use anteroom::features::practice::PlaceKind;
use anteroom::kernel::ids::{AppointmentTypeId, ChartId, PlaceId, RequestId, StaffId};
use anteroom::platform::audit::{Actor, By};
use anteroom::platform::db::schema::{
    appointment, appointment_request, busy, calendar_hold, chart, outbox, request_time, staff_member,
};
use anteroom::platform::fault::Fault;
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::api::key;
use crate::appointments::{casey, moment};
use crate::availability::{add_hours, add_type};
use crate::portal_people::{Enrolled, account, booked_at, enrolled, events, place, sign_in};
use crate::stories;
use crate::support::world::Client;
use crate::support::{Browser, Page, World};

/// A practice that publishes openings of one type with its clinician, at its office.
struct Published {
    of_type: AppointmentTypeId,
    office: PlaceId,
    casey: StaffId,
}

/// Thursdays from one o'clock, so many hours, beginning at each half hour; a visit takes 50 minutes.
async fn published(w: &World, until: &str, fields: &[(&str, &str)]) -> Published {
    let office = place(w, PlaceKind::Office).await;
    let mut desk = w.staff(Role::FrontDesk).await;
    add_hours(&mut desk, casey(w), "4", "13:00", until, &office.to_string()).await.must_be(303);
    let mut all = vec![("notice", "0"), ("after", "0")];
    all.extend(if fields.is_empty() { &[("grid", "30")] } else { fields });
    let of_type = add_type(w, "Regular visit", &all).await.parse().expect("an id");
    Published { of_type, office, casey: casey(w) }
}

impl Published {
    /// A time with anybody, as the page names it.
    fn at(&self, text: &str) -> String {
        Picked { starts_at: moment(text), place: self.office, staff: None }.to_string()
    }

    /// A time with the clinician, as the pages of staff name it.
    fn with_casey(&self, text: &str) -> String {
        Picked { starts_at: moment(text), place: self.office, staff: Some(self.casey) }.to_string()
    }

    /// The same as the API names it.
    fn slot(&self, text: &str) -> Value {
        json!({ "starts_at": text, "minutes": 50, "place_id": self.office.to_string(), "staff_id": self.casey.to_string() })
    }
}

const FORM: &str = "/portal/appointments/request";
const SENDS: &str = "/portal/appointments/request/times";

/// A client with a portal account, signed in.
async fn somebody(w: &mut World, first: &str, last: &str) -> (Client, Enrolled, Browser) {
    let client = w.chart(first, last).await;
    let who = enrolled(w, &client).await;
    let browser = sign_in(w, &who.name).await;
    (client, who, browser)
}

/// Asks for these times on a page that is open; gives the answer.
async fn send(browser: &mut Browser, form: &Page, times: &[&str], note: &str) -> Page {
    let mut fields: Vec<(&str, &str)> = times.iter().map(|time| ("time", *time)).collect();
    fields.push(("note", note));
    browser.submit(form, SENDS, &fields).await
}

/// Asks, and gives the request.
async fn ask(w: &World, browser: &mut Browser, times: &[&str], note: &str) -> RequestId {
    let before = requests(w).await;
    let form = browser.get(FORM).await;
    let sent = send(browser, &form, times, note).await;
    assert_eq!(sent.location(), Some("/portal/appointments?done=request-sent"), "{}", sent.words());
    requests(w).await.into_iter().find(|id| !before.contains(id)).expect("a new request")
}

async fn requests(w: &World) -> Vec<RequestId> {
    w.look(|c| appointment_request::table.select(appointment_request::request_id).load(c)).await
}

async fn state_of(w: &World, id: RequestId) -> String {
    w.look(move |c| {
        appointment_request::table
            .filter(appointment_request::request_id.eq(id))
            .select(appointment_request::state)
            .first(c)
    })
    .await
}

async fn held(w: &World) -> i64 {
    w.look(|c| calendar_hold::table.count().get_result(c)).await
}

async fn booked(w: &World) -> i64 {
    w.look(|c| appointment::table.count().get_result(c)).await
}

async fn mails(w: &World, kind: &'static str) -> i64 {
    w.look(move |c| outbox::table.filter(outbox::kind.eq(kind)).count().get_result(c)).await
}

/// Offers these times as staff; gives the answer.
async fn offer(w: &World, id: RequestId, times: &[&str], message: &str) -> Page {
    let mut desk = w.staff(Role::FrontDesk).await;
    let page = desk.get(&format!("/staff/requests/{id}")).await;
    let mut fields = page.form("/decline").fields;
    fields.retain(|(name, _)| name != "answer" && name != "time");
    fields.extend(times.iter().map(|time| ("time".to_owned(), (*time).to_owned())));
    fields.push(("answer".to_owned(), message.to_owned()));
    desk.post_fields(&format!("/staff/requests/{id}/offer"), &fields).await
}

/// Confirms a request at the time that its page fills in; gives the answer.
async fn confirm(w: &World, id: RequestId) -> Page {
    let mut desk = w.staff(Role::FrontDesk).await;
    let page = desk.get(&format!("/staff/requests/{id}")).await;
    desk.submit(&page, "/confirm", &[]).await
}

/// A request to the API, without the browser.
fn new_request(
    chart: ChartId,
    account: anteroom::kernel::ids::AccountId,
    of: &Published,
    picked: Picked,
) -> NewRequest {
    NewRequest {
        chart,
        account,
        kind: VisitKind::Session,
        of_type: Some(of.of_type),
        place: PlaceWish::Either,
        wishes: Vec::new(),
        times: vec![picked],
        note: String::new(),
    }
}

async fn post_json(caller: &mut Browser, path: &str, body: &Value) -> Page {
    caller.send("POST", path, Some(("application/json", body.to_string().as_bytes()))).await
}

const ONE: &str = "2026-12-03T18:00:00Z";
const TWO: &str = "2026-12-03T19:00:00Z";
const NEXT_WEEK: &str = "2026-12-10T18:00:00Z";

stories! {
    async fn case_16_a_time_that_somebody_asked_for_is_shown_as_kept_and_cannot_be_asked_for(w: &mut World) {
        let of = published(w, "14:00", &[("grid", "60")]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let (_, _, mut bob) = somebody(w, "Bob", "Reyes").await;
        let page = ana.get(FORM).await;
        page.must_say("Ask for an appointment").must_say("Thursday, December 3, 2026").must_say("1:00 PM EST");
        let open = bob.get(FORM).await;
        ask(w, &mut ana, &[&of.at(ONE)], "").await;
        // A page that was opened before, and one that is opened now.
        let late = send(&mut bob, &open, &[&of.at(ONE)], "I can come at lunch.").await;
        late.must_be(422).must_say("No longer free: Thursday, December 3, 2026, 1:00 PM EST").must_say("Kept for somebody else at the moment");
        assert!(late.html().contains("I can come at lunch."), "what was typed is kept");
        let page = bob.get(FORM).await;
        page.must_say("Kept for somebody else at the moment").must_say("None of these times suits me");
        assert!(!page.html().contains(&format!("value=\"{}\"", of.at(ONE))));
        assert_eq!((requests(w).await.len(), held(w).await), (1, 1));
        // Another time of the list, or days instead.
        ask(w, &mut bob, &[&of.at(NEXT_WEEK)], "").await;
        bob.get("/portal/appointments/request?wishes=days").await.must_say("When could you come?");
    }

    async fn case_18_who_asked_sees_their_own_kept_times_as_open(w: &mut World) {
        let of = published(w, "14:00", &[("grid", "60")]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        ask(w, &mut ana, &[&of.at(ONE)], "").await;
        let page = ana.get(FORM).await;
        page.must_not_say("Kept for somebody else");
        assert!(page.html().contains(&format!("value=\"{}\"", of.at(ONE))));
    }

    async fn a_request_is_for_where_its_times_are_whatever_the_page_was_narrowed_to(w: &mut World) {
        let of = published(w, "14:00", &[("grid", "60")]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        // The page shows visits by video when she sends the office time that she had ticked before.
        let form = ana.get(FORM).await;
        let at = of.at(NEXT_WEEK);
        ana.submit(&form, SENDS, &[("place", "video"), ("time", at.as_str())]).await.must_be(303);
        ana.get("/portal/appointments").await.must_say("Regular visit, at our office").must_not_say("by video");
        let path = format!("/staff/requests/{}", requests(w).await[0]);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&path).await.must_say("Regular visit, at our office").must_not_say("is in the past");
        let sent = offer(w, requests(w).await[0], &[&of.with_casey(NEXT_WEEK)], "").await;
        assert_eq!(sent.location(), Some("/staff/requests?done=request-offered"), "{}", sent.words());
        desk.get("/staff/requests").await.must_say("We offered: ").must_say("Waits for the client");
    }

    async fn for_a_visit_by_video_no_office_time_is_proposed_and_types_have_the_readers_language(w: &mut World) {
        let of = published(w, "14:00", &[("grid", "60")]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        ana.get(&format!("{FORM}?lang=es")).await.must_say("Visita habitual").must_not_say("Regular visit");
        ana.get(&format!("{FORM}?lang=en")).await.must_say("Regular visit");
        let days = "/portal/appointments/request?wishes=days";
        let form = ana.get(days).await;
        let typed = [("kind", "session"), ("place", "video"), ("day1", "2026-12-10"), ("part1", "morning")];
        ana.submit(&form, FORM, &typed).await.must_be(303);
        let office = of.with_casey(NEXT_WEEK);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/requests/{}", requests(w).await[0])).await;
        page.must_say("by video");
        assert!(!page.html().contains(&format!("value=\"{office}\"")), "an office time is proposed");
    }

    async fn staff_who_book_are_offered_no_time_that_is_kept_for_another_client(w: &mut World) {
        let of = published(w, "16:00", &[("grid", "60")]).await;
        let (ana_client, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        ask(w, &mut ana, &[&of.at(ONE)], "").await;
        let bo = w.chart("Bo", "Lindgren").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let offered = |page: &Page, time: &str| page.html().contains(&format!("name=\"take\" value=\"{time} "));
        let book = |chart| format!("/staff/charts/{chart}/appointments/book?date=2026-12-03&with={}", of.casey);
        let page = desk.get(&book(bo.chart_id)).await;
        page.must_say("Times that are kept for another client are left out.").must_say("asked for by Ana Duarte");
        assert_eq!((offered(&page, "13:00"), offered(&page, "14:00")), (false, true));
        // For whom it is kept, it is open.
        let page = desk.get(&book(ana_client.chart_id)).await;
        assert_eq!((offered(&page, "13:00"), offered(&page, "14:00")), (true, true));
        // The queue names the chart and who would see the client.
        let number: String = w.look(move |c| {
            chart::table.filter(chart::chart_id.eq(ana_client.chart_id)).select(chart::chart_number).first(c)
        }).await;
        desk.get("/staff/requests").await.must_say(&number).must_say("1:00 PM to 1:50 PM, Casey Moreno");
    }

    async fn other_choices_show_their_times_from_the_first_day_on(w: &mut World) {
        let of = published(w, "14:00", &[("grid", "60")]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let page = ana.get(FORM).await;
        let first = of.at(ONE);
        assert!(page.html().contains(&first));
        let later = ana.submit(&page, SENDS, &[("more", "2026-12-20")]).await;
        assert!(!later.html().contains(&first), "later days are shown");
        let narrowed = ana.submit(&later, SENDS, &[("look", "times"), ("place", "office")]).await;
        assert!(narrowed.html().contains(&first), "{}", narrowed.words());
    }

    async fn case_19_a_hold_ends_at_its_second_with_no_worker_running(w: &mut World) {
        let of = published(w, "14:00", &[("grid", "60")]).await;
        let (_, ana_name, mut ana) = somebody(w, "Ana", "Duarte").await;
        let (_, bob_name, _) = somebody(w, "Bob", "Reyes").await;
        let id = ask(w, &mut ana, &[&of.at(NEXT_WEEK)], "").await;
        w.clock.advance_seconds(48 * 3_600 - 1);
        let mut bob = sign_in(w, &bob_name.name).await;
        bob.get(FORM).await.must_say("Kept for somebody else");
        let mut ana = sign_in(w, &ana_name.name).await;
        let path = format!("/portal/appointments/requests/{id}");
        ana.get(&path).await.must_say("We keep these times for you until Thursday, December 3, 2026");
        w.clock.advance_seconds(1);
        ask(w, &mut bob, &[&of.at(NEXT_WEEK)], "").await;
        ana.get(&path).await.must_say("These times are no longer kept for you.").must_say("Waiting for our answer");
    }

    async fn case_20_a_request_that_is_over_keeps_no_time(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        // Taken back.
        ask(w, &mut ana, &[&of.at(ONE), &of.at(TWO), &of.at(NEXT_WEEK)], "").await;
        assert_eq!(held(w).await, 3);
        let page = ana.get("/portal/appointments").await;
        page.must_say("Thursday, December 3, 2026, 1:00 PM EST, at Riverbend Counseling, with Casey Moreno");
        ana.submit(&page, "/take-back", &[]).await.must_be(303);
        assert_eq!(held(w).await, 0);
        // Declined.
        let id = ask(w, &mut ana, &[&of.at(ONE)], "").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/requests/{id}")).await;
        desk.submit(&page, "/decline", &[("answer", "We are closed that day.")]).await.must_be(303);
        assert_eq!(held(w).await, 0);
        // Confirmed: the appointment has the time.
        let id = ask(w, &mut ana, &[&of.at(ONE), &of.at(TWO)], "").await;
        confirm(w, id).await.must_be(303);
        assert_eq!((held(w).await, booked(w).await), (0, 1));
        // Lapsed: the job that tells of it tidies up.
        let id = ask(w, &mut ana, &[&of.at(NEXT_WEEK)], "").await;
        w.clock.advance_seconds(9 * 86_400 + 3 * 3_600);
        w.run_due_jobs().await;
        assert_eq!((held(w).await, state_of(w, id).await.as_str()), (0, "waiting"));
        let mut ana = sign_in(w, "ana.duarte@example.com").await;
        let page = ana.get(&format!("/portal/appointments/requests/{id}")).await;
        page.must_say("Ran out without an answer").must_say("Ask again");
    }

    async fn case_17_two_requests_for_one_time_confirmed_at_once_make_one_appointment(w: &mut World) {
        let of = published(w, "14:00", &[("grid", "60")]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let (_, bob_name, _) = somebody(w, "Bob", "Reyes").await;
        let later = "2026-12-17T18:00:00Z";
        let first = ask(w, &mut ana, &[&of.at(later)], "").await;
        w.clock.advance_seconds(48 * 3_600);
        let mut bob = sign_in(w, &bob_name.name).await;
        let second = ask(w, &mut bob, &[&of.at(later)], "").await;
        w.clock.advance_seconds(48 * 3_600);
        let mut tabs = Vec::new();
        for (role, id) in [(Role::FrontDesk, first), (Role::Administrator, second)] {
            let mut tab = w.staff(role).await;
            let page = tab.get(&format!("/staff/requests/{id}")).await;
            tabs.push((tab, page));
        }
        let clicks: Vec<_> = tabs
            .into_iter()
            .map(|(mut tab, page)| {
                tokio::spawn(async move { tab.submit(&page, "/confirm", &[]).await })
            })
            .collect();
        let mut answers = Vec::new();
        for click in clicks {
            answers.push(click.await.expect("the click ended"));
        }
        answers.sort_by_key(Page::status);
        assert_eq!(answers.iter().map(Page::status).collect::<Vec<_>>(), [303, 422]);
        answers[1].must_say("already has an appointment then");
        assert_eq!((booked(w).await, mails(w, "appointments.answered").await), (1, 1));
        let mut states = vec![state_of(w, first).await, state_of(w, second).await];
        states.sort();
        assert_eq!(states, ["confirmed", "waiting"]);
    }

    async fn case_21_a_decline_names_alternatives_and_one_that_went_meanwhile_is_refused_kindly(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let id = ask(w, &mut ana, &[&of.at(ONE)], "").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/requests/{id}")).await;
        let (two, next) = (of.with_casey(TWO), of.with_casey(NEXT_WEEK));
        let fields = [("answer", "We have a meeting then."), ("time", two.as_str()), ("time", next.as_str())];
        desk.submit_and_follow(&page, "/decline", &fields).await.must_say("Declined.");
        desk.get(&format!("/staff/requests/{id}")).await.must_say("We have a meeting then.").must_say("Times that were named instead");
        assert_eq!(held(w).await, 0, "alternatives are not kept");
        let page = ana.get(&format!("/portal/appointments/requests/{id}")).await;
        page.must_say("We have a meeting then.").must_say("Times that are free instead").must_say("2:00 PM EST");
        let link = format!("/portal/appointments/request?time={two}&type={}", of.of_type);
        assert!(page.html().replace("&#38;", "&").replace("&amp;", "&").contains(&link), "{}", page.html());
        let form = ana.get(&link).await;
        form.must_say("You have chosen").must_not_say("No longer free");
        // It goes meanwhile.
        let ben = w.chart("Ben", "Okafor").await;
        booked_at(w, &ben.chart_id, moment(TWO), PlaceKind::Office).await;
        let gone = ana.get(&link).await;
        gone.must_be(200).must_say("No longer free: Thursday, December 3, 2026, 2:00 PM EST").must_say("The next open times");
        let sent = send(&mut ana, &form, &[&two], "").await;
        sent.must_be(422).must_say("No longer free");
        ask(w, &mut ana, &[&next], "").await;
    }

    async fn case_22_an_offer_is_accepted_by_nobody_but_the_signed_in_client_who_sends_the_form(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let (client, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let id = ask(w, &mut ana, &[&of.at(ONE)], "").await;
        let offered = offer(w, id, &[&of.with_casey(TWO), &of.with_casey(NEXT_WEEK)], "One is taken by a course.").await;
        assert_eq!(offered.location(), Some("/staff/requests?done=request-offered"), "{}", offered.words());
        assert_eq!(held(w).await, 2, "the asked time is free again, the offered ones are kept");
        let mail = w.mail_to(&client.email).await;
        for hidden in ["2:00", "December", "Casey", "course"] {
            assert!(!mail.text.contains(hidden) && !mail.html.contains(hidden), "the mail says {hidden:?}");
        }
        // A scanner opens every link of the mail, and guesses the form's address.
        let mut scanner = w.browser();
        let link = w.link_in(&mail);
        scanner.get(&link).await;
        let path = format!("/portal/appointments/requests/{id}");
        for address in [path.clone(), format!("{path}/accept"), format!("{path}/times")] {
            assert_ne!(scanner.get(&address).await.status(), 200, "{address}");
        }
        assert_ne!(ana.get(&format!("{path}/accept")).await.status(), 303);
        assert_eq!((state_of(w, id).await.as_str(), booked(w).await), ("offered", 0));
        // Whoever asked, signed in, by the form.
        ana.get("/portal").await.must_say("We offer you other times for an appointment");
        let list = ana.get("/portal/appointments").await;
        list.must_say("Please answer our offer").must_say("See the offered times");
        let page = ana.get(&path).await;
        page.must_say("Please answer by Thursday, December 3, 2026").must_say("One is taken by a course.");
        ana.submit(&page, "/accept", &[]).await.must_be(422).must_say("Choose at least one time.");
        let mine = ana.submit_and_follow(&page, "/accept", &[("time", "1")]).await;
        mine.must_say("The time is yours.").must_say("Thursday, December 3, 2026, 2:00 PM EST");
        assert_eq!((state_of(w, id).await.as_str(), booked(w).await, held(w).await), ("confirmed", 1, 0));
        assert_eq!(w.mail_to(&client.email).await.subject, "Your appointment at Riverbend Counseling");
        // A double click.
        ana.submit(&page, "/accept", &[("time", "1")]).await.must_be(303);
        assert_eq!((booked(w).await, events(w, "appointment.accepted").await), (1, 1));
    }

    async fn case_23_what_is_asked_for_stands_dashed_on_the_day_of_staff_and_on_the_clients_page(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let id = ask(w, &mut ana, &[&of.at(ONE)], "").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let day = desk.get("/staff/calendar?date=2026-12-03").await;
        day.must_say("Ana Duarte").must_say("1:00 PM to 1:50 PM").must_say("Asked for");
        assert!(day.html().contains("class=\"row-asked\"") && day.html().contains(&format!("/staff/requests/{id}")));
        // Beside the form that books, too.
        let bo = w.chart("Bo", "Lindgren").await;
        let book = format!("/staff/charts/{}/appointments/book?date=2026-12-03&with={}", bo.chart_id, of.casey);
        desk.get(&book).await.must_say("asked for by Ana Duarte");
        ana.get("/portal/appointments").await.must_say("Thursday, December 3, 2026, 1:00 PM EST").must_say("Waiting for our answer");
        ana.get(&format!("/portal/appointments/requests/{id}")).await.must_say("We answer by Thursday, December 3, 2026, 10:00 AM");
        offer(w, id, &[&of.with_casey(TWO)], "").await.must_be(303);
        let day = desk.get("/staff/calendar?date=2026-12-03").await;
        day.must_say("Offered").must_say("2:00 PM to 2:50 PM").must_not_say("1:00 PM to 1:50 PM");
    }

    async fn case_24_a_form_that_was_open_for_two_hours_keeps_what_was_typed_and_shows_the_next_times(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let form = ana.get(FORM).await;
        // They look around meanwhile, so that their session goes on.
        for _ in 0..8 {
            w.clock.advance_seconds(900);
            ana.get("/portal").await.must_be(200);
        }
        let ben = w.chart("Ben", "Okafor").await;
        booked_at(w, &ben.chart_id, moment(ONE), PlaceKind::Office).await;
        let sent = send(&mut ana, &form, &[&of.at(ONE), &of.at(NEXT_WEEK)], "After lunch, please.").await;
        sent.must_be(422).must_say("No longer free: Thursday, December 3, 2026, 1:00 PM EST").must_say("The next open times");
        assert!(sent.html().contains("After lunch, please."));
        for next in [TWO, "2026-12-03T19:30:00Z", "2026-12-03T20:00:00Z"] {
            assert!(sent.html().contains(&format!("name=\"time\" value=\"{}\"", of.at(next))), "{next}");
        }
        assert!(sent.html().contains(&format!("value=\"{}\" checked", of.at(NEXT_WEEK))), "{}", sent.html());
        assert_eq!(requests(w).await.len(), 0);
    }

    async fn case_25_an_unanswered_request_is_late_after_two_business_days_over_a_holiday_and_staff_hear_of_it_once(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/practice/closures").await;
        let holiday = [("off_from", "2026-12-02"), ("off_until", "2026-12-02"), ("note", "Holiday")];
        admin.submit(&page, "/staff/practice/closures", &holiday).await.must_be(303);
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        // On Tuesday at ten; Wednesday does not count: Friday at ten.
        let id = ask(w, &mut ana, &[&of.at(NEXT_WEEK)], "").await;
        w.clock.advance_seconds(3 * 86_400 - 1);
        w.run_due_jobs().await;
        assert_eq!(mails(w, "appointments.request_late").await, 0);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/requests").await.must_say("Ana Duarte").must_not_say(">Late<");
        w.clock.advance_seconds(1);
        desk.get("/staff/requests").await.must_say("Late");
        w.run_due_jobs().await;
        let desks: i64 = w
            .look(|c| staff_member::table.filter(staff_member::role.eq("front_desk")).count().get_result(c))
            .await;
        let told = mails(w, "appointments.request_late").await;
        assert!(told >= 1 && told <= desks, "{told} mails to {desks} members of the front desk");
        w.clock.advance_seconds(3_600);
        w.run_due_jobs().await;
        assert_eq!(mails(w, "appointments.request_late").await, told, "once");
        let mut ana = sign_in(w, "ana.duarte@example.com").await;
        ana.get(&format!("/portal/appointments/requests/{id}")).await.must_say("are late. We are sorry.");
    }

    async fn staff_who_book_a_kept_time_are_asked_once_and_its_client_is_told(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let (ana_client, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let id = ask(w, &mut ana, &[&of.at(ONE), &of.at(NEXT_WEEK)], "").await;
        let bo = w.chart("Bo", "Lindgren").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let path = format!("/staff/charts/{}/appointments/book", bo.chart_id);
        let page = desk.get(&path).await;
        let with = of.casey.to_string();
        let place = of.office.to_string();
        let typed = [("date", "2026-12-03"), ("time", "13:00"), ("with", with.as_str()), ("place", place.as_str())];
        let asked = desk.submit(&page, &path, &typed).await;
        asked.must_be(422).must_say("This time is kept for another client").must_say("asked for by Ana Duarte");
        assert_eq!(booked(w).await, 0);
        let mut ticked = typed.to_vec();
        ticked.push(("despite", "held"));
        desk.submit(&asked, &path, &ticked).await.must_be(303);
        assert_eq!((booked(w).await, held(w).await), (1, 1));
        assert_eq!(events(w, "appointment.hold_overridden").await, 1);
        assert!(w.mail_to(&ana_client.email).await.text.contains("There is news about your appointment request"));
        let page = ana.get(&format!("/portal/appointments/requests/{id}")).await;
        page.must_say("(no longer free)").must_say("Waiting for our answer");
        let struck: i64 =
            w.look(|c| request_time::table.filter(request_time::struck_at.is_not_null()).count().get_result(c)).await;
        assert_eq!(struck, 1);
        // What is left is confirmed without a word.
        confirm(w, id).await.must_be(303);
        assert_eq!(booked(w).await, 2);
    }

    async fn a_client_asks_for_other_times_than_the_offered_ones_and_gets_one(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let id = ask(w, &mut ana, &[&of.at(ONE)], "My first words.").await;
        let path = format!("/portal/appointments/requests/{id}");
        // Nothing is offered yet.
        assert_eq!(ana.get(&format!("{path}/times")).await.location(), Some(path.as_str()));
        offer(w, id, &[&of.with_casey(TWO)], "").await.must_be(303);
        // A second offer while one is open is refused, and what was typed is kept.
        offer(w, id, &[&of.with_casey(NEXT_WEEK)], "Or next week?").await.must_be(422).must_say("An offer is open.");
        let page = ana.get(&path).await;
        let other = ana.get(&page.link(&format!("{path}/times"))).await;
        let empty = ana.submit(&other, "/times", &[]).await;
        empty.must_be(422).must_say("Choose at least one time.");
        let fields = [("time", of.at(NEXT_WEEK)), ("note", "I work on that day.".to_owned())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let said = ana.submit_and_follow(&other, "/times", &fields).await;
        said.must_say("We have your answer.").must_say("I work on that day.").must_say("My first words.").must_say("Waiting for our answer");
        assert_eq!((state_of(w, id).await.as_str(), held(w).await), ("waiting", 1));
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/requests/{id}")).await;
        page.must_say("I work on that day.").must_say("The client asked for other times").must_say("offered other times");
        assert_eq!(page.form("/confirm").fields.iter().find(|(name, _)| name == "date").map(|(_, v)| v.as_str()), Some("2026-12-10"));
        confirm(w, id).await.must_be(303);
        ana.get("/portal/appointments").await.must_say("Confirmed: Thursday, December 10, 2026, 1:00 PM EST");
        assert_eq!((events(w, "appointment.offered").await, events(w, "appointment.countered").await), (1, 1));
    }

    async fn an_offer_is_over_at_its_second_and_whoever_asked_hears_of_it_once(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let (_, who, mut ana) = somebody(w, "Ana", "Duarte").await;
        let id = ask(w, &mut ana, &[&of.at(ONE)], "Any time in December.").await;
        offer(w, id, &[&of.with_casey(NEXT_WEEK)], "").await.must_be(303);
        let path = format!("/portal/appointments/requests/{id}");
        w.clock.advance_seconds(48 * 3_600 - 1);
        let mut ana = sign_in(w, &who.name).await;
        let page = ana.get(&path).await;
        assert!(page.has_form("/accept"));
        w.clock.advance_seconds(1);
        ana.submit_and_follow(&page, "/accept", &[("time", "1")]).await.must_say("Ran out without an answer");
        assert_eq!(booked(w).await, 0);
        for _ in 0..2 {
            w.run_due_jobs().await;
        }
        // One for the offer, one for its end.
        assert_eq!((mails(w, "appointments.answered").await, held(w).await), (2, 0));
        // It is asked again with the same words.
        let again = ana.get(&format!("/portal/appointments/request?again={id}")).await;
        assert!(again.html().contains("Any time in December."));
        // Staff can still offer again.
        offer(w, id, &[&of.with_casey(NEXT_WEEK)], "").await.must_be(303);
        assert_eq!(state_of(w, id).await, "offered");
    }

    async fn confirming_and_taking_back_at_once_has_one_outcome(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let id = ask(w, &mut ana, &[&of.at(ONE)], "").await;
        let mine = ana.get("/portal/appointments").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/requests/{id}")).await;
        let staff = tokio::spawn(async move { desk.submit(&page, "/confirm", &[]).await.status() });
        let client = tokio::spawn(async move { ana.submit(&mine, "/take-back", &[]).await.status() });
        assert_eq!((staff.await.expect("ended"), client.await.expect("ended")), (303, 303));
        let state = state_of(w, id).await;
        let expected = if state == "confirmed" { 1 } else { 0 };
        assert!(["confirmed", "withdrawn"].contains(&state.as_str()), "{state}");
        let taken: i64 = w.look(|c| busy::table.count().get_result(c)).await;
        assert_eq!((booked(w).await, taken, held(w).await), (expected, 2 * expected, 0));
    }

    async fn closing_a_chart_ends_its_requests_and_keeps_no_time(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let (client, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let id = ask(w, &mut ana, &[&of.at(ONE)], "").await;
        let mut admin = w.staff(Role::Administrator).await;
        let path = format!("/staff/charts/{}/close", client.chart_id);
        let page = admin.get(&path).await;
        let closed = admin.submit(&page, &path, &[("reason", "Moved away")]).await;
        closed.must_be(303);
        assert_eq!((state_of(w, id).await.as_str(), held(w).await), ("withdrawn", 0));
        assert_eq!(events(w, "appointment.request_ended").await, 1);
        admin.get(&format!("/staff/requests/{id}")).await.must_say("when the chart was closed");
    }

    async fn another_charts_request_is_not_found_and_a_second_parent_cannot_answer_the_first_ones_offer(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, _) = crate::rights::mother_of(w, &leo).await;
        let father = crate::access::contact(w, &leo, "Daniel", "daniel@example.com").await;
        let his = account(w, "daniel@example.com").await;
        let scope = w.riverbend.scope.clone();
        let rights = Some([anteroom::platform::permissions::Right::Appointments].as_slice());
        crate::portal_people::grant(w, &scope, &his, &father, &leo.chart_id, rights).await;
        let mut mother = sign_in(w, &name).await;
        let id = ask(w, &mut mother, &[&of.at(ONE)], "Please do not tell his father.").await;
        offer(w, id, &[&of.with_casey(TWO)], "Only for you.").await.must_be(303);
        let path = format!("/portal/appointments/requests/{id}");
        mother.get(&path).await.must_say("Only for you.").must_say("Take this time");
        let mut phone = sign_in(w, "daniel@example.com").await;
        let his = phone.get(&path).await;
        his.must_be(200).must_not_say("do not tell").must_not_say("Only for you.");
        assert!(!his.has_form("/accept") && !his.has_form("/take-back"));
        let (_, _, mut bob) = somebody(w, "Bob", "Reyes").await;
        let page = bob.get("/portal/appointments").await;
        let csrf = page.form("/sign-out").fields.iter().find(|(name, _)| name == "csrf").map(|(_, v)| v.clone()).expect("a token");
        bob.get(&path).await.must_be(404);
        bob.post(&format!("{path}/accept"), &[("csrf", &csrf), ("time", "1")]).await.must_be(404);
        let csrf = his.form("/sign-out").fields.iter().find(|(name, _)| name == "csrf").map(|(_, v)| v.clone()).expect("a token");
        phone.post(&format!("{path}/accept"), &[("csrf", &csrf), ("time", "1")]).await.must_be(404);
        assert_eq!(booked(w).await, 0);
    }

    async fn the_api_lists_requests_and_answers_them_by_the_same_rules(w: &mut World) {
        let of = published(w, "16:00", &[]).await;
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let id = ask(w, &mut ana, &[&of.at(ONE)], "After lunch.").await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let list = caller.get("/api/v1/appointment-requests?state=waiting").await;
        list.must_be(200);
        let one = &list.answer.json()["requests"][0];
        assert_eq!((&one["id"], &one["note"], &one["late"]), (&json!(id.to_string()), &json!("After lunch."), &json!(false)));
        assert_eq!((&one["times"][0]["starts_at"], &one["times"][0]["gone"]), (&json!(ONE), &json!(false)));
        assert!(one["held_until"].is_string());
        let path = format!("/api/v1/appointment-requests/{id}");
        let none = post_json(&mut caller, &format!("{path}/offer"), &json!({ "times": [] })).await;
        none.must_be(422);
        let offered = post_json(&mut caller, &format!("{path}/offer"), &json!({ "times": [of.slot(TWO)], "message": "Or at two?" })).await;
        offered.must_be(200);
        assert_eq!(offered.answer.json()["state"], json!("offered"));
        let again = post_json(&mut caller, &format!("{path}/offer"), &json!({ "times": [of.slot(NEXT_WEEK)] })).await;
        again.must_be(409);
        assert!(again.words().contains("offer-open") || again.answer.json()["type"].to_string().contains("offer-open"));
        // They agree by phone on another time.
        let confirmed = post_json(&mut caller, &format!("{path}/confirm"), &json!({ "time": of.slot(NEXT_WEEK) })).await;
        confirmed.must_be(200);
        assert_eq!((confirmed.answer.json()["state"].clone(), held(w).await), (json!("confirmed"), 0));
        let late = post_json(&mut caller, &format!("{path}/decline"), &json!({ "answer": "No." })).await;
        late.must_be(409);
        assert_eq!(late.answer.json()["state"], json!("confirmed"));
        let text = key(w, &w.twinoaks.clone(), Scope::ALL).await;
        let mut twin = w.browser().with("authorization", &format!("Bearer {text}"));
        twin.get(&path).await.must_be(404);
    }

    async fn case_26_of_two_hundred_who_ask_for_one_opening_by_two_programs_one_gets_it(w: &mut World) {
        let of = published(w, "14:00", &[("grid", "60")]).await;
        let other = w.neighbour().await;
        let mut charts = Vec::new();
        for n in 0..20u8 {
            let client = w.chart("Kim", &format!("Rival{}", char::from(b'a' + n))).await;
            charts.push((client.chart_id, account(w, &client.email).await));
        }
        let picked = Picked { starts_at: moment(ONE), place: of.office, staff: None };
        let mut asking = Vec::new();
        for n in 0..200 {
            let (chart, account) = charts[n % charts.len()];
            let (app, scope) = match n % 2 {
                0 => (w.app.clone(), w.riverbend.scope.clone()),
                _ => (other.app.clone(), other.riverbend.scope.clone()),
            };
            let new = new_request(chart, account, &of, picked);
            let by = By { actor: Actor::Account(account), source: "198.51.100.7".into() };
            asking.push(tokio::spawn(async move {
                let outcome = app.db.write(&scope, move |c| actions::ask(c, &by, &new)).await;
                outcome.map(|asked| (chart, asked))
            }));
        }
        let mut winners: Vec<ChartId> = Vec::new();
        for one in asking {
            match one.await.expect("it ended") {
                Ok((chart, Ok(_))) => winners.push(chart),
                Ok((_, Err(NotAsked::Gone(_) | NotAsked::TooMany))) => {}
                Ok((_, Err(why))) => panic!("{why}"),
                Err(Fault::Busy(_)) => {}
                Err(fault) => panic!("a fault: {}", fault.chain()),
            }
        }
        // One client has the time; their own further requests for it are theirs to make.
        let mut clients = winners.clone();
        clients.sort();
        clients.dedup();
        assert_eq!(clients.len(), 1, "{} requests of {} clients", winners.len(), clients.len());
        let keepers: Vec<ChartId> =
            w.look(|c| calendar_hold::table.select(calendar_hold::chart_id).distinct().load(c)).await;
        assert_eq!(keepers, clients);
    }

    async fn case_27_with_anybody_three_clients_get_two_clinicians_and_one_is_refused(w: &mut World) {
        let of = published(w, "14:00", &[("grid", "60")]).await;
        let second = w.riverbend.member(Role::Administrator).staff_id;
        let mut admin = w.staff(Role::Administrator).await;
        add_hours(&mut admin, second, "4", "13:00", "14:00", &of.office.to_string()).await.must_be(303);
        let picked = Picked { starts_at: moment(ONE), place: of.office, staff: None };
        let mut asking = Vec::new();
        for n in 0..3u8 {
            let client = w.chart("Kim", &format!("Rival{}", char::from(b'a' + n))).await;
            let account = account(w, &client.email).await;
            let new = new_request(client.chart_id, account, &of, picked);
            let by = By { actor: Actor::Account(account), source: "198.51.100.7".into() };
            let (app, scope) = (w.app.clone(), w.riverbend.scope.clone());
            asking.push(tokio::spawn(async move {
                app.db.write(&scope, move |c| actions::ask(c, &by, &new)).await.expect("no fault").is_ok()
            }));
        }
        let mut got = Vec::new();
        for one in asking {
            got.push(one.await.expect("it ended"));
        }
        assert_eq!(got.iter().filter(|asked| **asked).count(), 2);
        let mut staff: Vec<StaffId> = w.look(|c| request_time::table.select(request_time::staff_id).load(c)).await;
        staff.sort();
        let mut both = vec![of.casey, second];
        both.sort();
        assert_eq!(staff, both);
    }

    async fn case_61_63_a_private_address_is_stable_unguessable_and_shows_what_its_owner_may_see_now(w: &mut World) {
        let (client, who, mut ana) = somebody(w, "Ana", "Duarte").await;
        let visit = booked_at(w, &client.chart_id, moment(ONE), PlaceKind::Office).await;
        // Over both changes of the clocks, and one that is off.
        booked_at(w, &client.chart_id, moment("2027-03-15T13:00:00Z"), PlaceKind::Office).await;
        booked_at(w, &client.chart_id, moment("2027-11-08T14:00:00Z"), PlaceKind::Video).await;
        let page = ana.get("/portal/appointments").await;
        let page = ana.get(&page.link("/portal/appointments/calendar")).await;
        page.must_say("Make an address");
        let made = ana.submit(&page, "/portal/appointments/calendar", &[]).await;
        made.must_be(200).must_say("We show it this once.");
        let address = |page: &Page| {
            let rest = page.html().split("/riverbend/cal/").nth(1).map(str::to_owned).expect("an address");
            format!("/riverbend/cal/{}", rest.split('"').next().expect("its end"))
        };
        let first = address(&made);
        ana.get("/portal/appointments/calendar").await.must_not_say(&first).must_say("It was not read yet.");
        let mut program = w.browser();
        let read = program.get(&first).await;
        read.must_be(200);
        assert_eq!(read.answer.header("content-type"), Some("text/calendar; charset=utf-8"));
        assert_eq!(read.answer.header("cache-control"), Some("private, no-cache"));
        let text = read.html();
        for line in ["REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H", "METHOD:PUBLISH", "X-WR-CALNAME:Riverbend Counseling", "SUMMARY:Appointment", "BEGIN:VTIMEZONE"] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(text.contains(&format!("UID:{visit}@")) && text.matches("BEGIN:VEVENT").count() == 3);
        for hidden in ["Casey", "Duarte", "Ana", "visit", "session"] {
            assert!(!text.contains(hidden), "the calendar says {hidden:?}: {text}");
        }
        // Without a change they are the same bytes, and a program that knows them gets none.
        w.clock.advance_seconds(600);
        assert_eq!(program.get(&first).await.html(), text);
        let tag = read.answer.header("etag").expect("a tag").to_owned();
        let mut knows = w.browser().with("if-none-match", &tag);
        let known = knows.get(&first).await;
        assert_eq!((known.status(), known.html().len()), (304, 0));
        ana.get("/portal/appointments/calendar").await.must_say("It was last read on");
        // Canceled: said to be off, with a higher sequence, under the same name.
        let mut desk = w.staff(Role::FrontDesk).await;
        let cancel = desk.get(&format!("/staff/appointments/{visit}/cancel")).await;
        desk.submit(&cancel, "/cancel", &[("reason", "clinician_away")]).await.must_be(303);
        let read = knows.get(&first).await;
        read.must_be(200);
        assert!(read.html().contains("SUMMARY:Canceled: Appointment") && read.html().contains("STATUS:CANCELLED"));
        w.clock.advance_seconds(3 * 86_400);
        assert!(!program.get(&first).await.html().contains(&visit.to_string()), "its day is over");
        // A new address ends the one before; another's name in it, or another practice's, finds nothing.
        let mut ana = sign_in(w, &who.name).await;
        let page = ana.get("/portal/appointments/calendar").await;
        let renew = page.form("/revoke").fields;
        let second = address(&ana.post_fields("/portal/appointments/calendar", &renew).await);
        for gone in [first.clone(), second.replace("/riverbend/", "/twinoaks/"), format!("/riverbend/cal/{}.ics", client.chart_id), format!("/riverbend/cal/{}.ics", "A".repeat(43))] {
            program.get(&gone).await.must_be(404);
        }
        program.get(&second).await.must_be(200);
        // A grant that is gone takes its appointments with it at the next read.
        crate::portal_people::revoke(w, &who.access).await;
        let empty = program.get(&second).await;
        empty.must_be(200);
        assert!(!empty.html().contains("BEGIN:VEVENT"), "{}", empty.html());
        crate::portal_people::set_state(w, &who.access, anteroom::features::access::lifecycle::State::Active).await;
        let mut ana = sign_in(w, &who.name).await;
        let page = ana.get("/portal/appointments/calendar").await;
        ana.submit_and_follow(&page, "/revoke", &[]).await.must_say("The address is ended.");
        program.get(&second).await.must_be(404);
        assert_eq!((events(w, "appointment.feed_made").await, events(w, "appointment.feed_revoked").await), (2, 1));
        assert_eq!(events(w, "appointment.feed_read").await, 2);
    }

    async fn case_63_a_private_address_is_read_sixty_times_an_hour_and_no_more(w: &mut World) {
        let (_, _, mut ana) = somebody(w, "Ana", "Duarte").await;
        let page = ana.get("/portal/appointments/calendar").await;
        let made = ana.submit(&page, "/portal/appointments/calendar", &[]).await;
        let rest = made.html().split("/riverbend/cal/").nth(1).map(str::to_owned).expect("an address");
        let address = format!("/riverbend/cal/{}", rest.split('"').next().expect("its end"));
        let mut program = w.browser();
        for _ in 0..60 {
            program.get(&address).await.must_be(200);
        }
        program.get(&address).await.must_be(429);
        w.clock.advance_seconds(3_600);
        program.get(&address).await.must_be(200);
    }

    async fn free_and_busy_says_when_a_clinician_is_taken_and_nothing_of_what_by(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        booked_at(w, &ana.chart_id, moment(ONE), PlaceKind::Office).await;
        booked_at(w, &ana.chart_id, moment("2026-12-03T18:50:00Z"), PlaceKind::Office).await;
        booked_at(w, &ana.chart_id, moment(NEXT_WEEK), PlaceKind::Office).await;
        let text = key(w, &w.riverbend, &[Scope::FreebusyRead]).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let of = format!("/api/v1/freebusy?staff={}&from=2026-12-03T00:00:00Z&until=2026-12-04T00:00:00Z", casey(w));
        let found = caller.get(&of).await;
        found.must_be(200);
        assert_eq!(found.answer.json()["busy"], json!([{ "from": ONE, "until": "2026-12-03T19:40:00Z" }]));
        let mut program = w.browser().with("authorization", &format!("Bearer {text}")).with("accept", "text/calendar");
        let file = program.get(&of).await;
        assert!(file.html().contains("FREEBUSY;FBTYPE=BUSY:20261203T180000Z/20261203T194000Z"), "{}", file.html());
        assert!(!file.html().contains("Duarte") && !file.html().contains(&ana.chart_id.to_string()));
        // The key opens nothing else, and another practice's clinician is not found.
        caller.get("/api/v1/appointments").await.must_be(403);
        let text = key(w, &w.twinoaks.clone(), Scope::ALL).await;
        let mut twin = w.browser().with("authorization", &format!("Bearer {text}"));
        twin.get(&of).await.must_be(404);
        caller.get(&of.replace("2026-12-04T", "2026-12-02T")).await.must_be(422);
    }
}

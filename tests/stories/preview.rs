//! "See exactly what they see": staff look at a client's own pages. The numbers are those of the acceptance cases of
//! rights.

use anteroom::app;
use anteroom::kernel::ids::{AccessId, ChartId};
use anteroom::platform::db::schema::document_reading;
use anteroom::platform::permissions::{Needs, Role};
use diesel::prelude::*;
use jiff::civil::date;

use crate::portal_people::{appointment, charge, document, events, sign_in};
use crate::rights::mother_of;
use crate::rights_cases::bare;
use crate::stories;
use crate::support::dump::difference;
use crate::support::rows::{Rows, access_of};
use crate::support::{Browser, Page};

const PAGES: &[&str] = &[
    "/portal",
    "/portal/documents",
    "/portal/appointments",
    "/portal/appointments/request",
    "/portal/account",
    "/portal/messages",
    "/portal/messages/new",
    "/portal/help",
];

fn grant_page(chart: &ChartId, access: AccessId) -> String {
    format!("/staff/charts/{chart}/grants/{access}")
}

/// A staff member begins to look, as of a day or of today.
async fn look(desk: &mut Browser, chart: &ChartId, access: AccessId, on: &str) -> Page {
    let page = desk.get(&grant_page(chart, access)).await;
    desk.submit_and_follow(&page, "/preview", &[("on", on)]).await
}

/// What a page shows in its navigation and its body, without tokens.
fn shown(page: &Page) -> String {
    let html = page.html();
    let nav = html.split("<nav class=\"client-nav\"").nth(1).and_then(|rest| rest.split("</nav>").next());
    // Tokens and marks of forms are new on each page.
    let html: String = html
        .split("<input type=\"hidden\"")
        .enumerate()
        .map(|(at, part)| if at == 0 { part } else { part.split_once('>').map_or("", |(_, rest)| rest) })
        .collect();
    // Whoever looks on looks once, and is not told of what is new.
    let html = html.replace(" data-live=\"/portal/messages/live\" data-live-from=\"/portal/messages\"", "");
    let main = html.split("<main").nth(1).and_then(|rest| rest.split("</main>").next());
    bare(&format!("{}\n{}", nav.expect("a navigation"), main.expect("a body")))
}

async fn all_pages(browser: &mut Browser) -> Vec<(u16, String)> {
    let mut all = Vec::new();
    for path in PAGES {
        let page = browser.get(path).await;
        let text = if page.status() == 200 { shown(&page) } else { String::new() };
        all.push((page.status(), text));
    }
    all
}

stories! {
    async fn case_11_the_preview_shows_the_holders_pages_and_nothing_of_the_staff_members_own_rights(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        document(w, &leo.chart_id, "For Leo", "Text.").await;
        charge(w, &leo.chart_id, date(2026, 11, 30), 15_000).await;
        appointment(w, &leo.chart_id, 48).await;
        let mut mother = sign_in(w, &name).await;
        crate::messages::begun(&mut mother, "front_desk", "Parking", "Where may I park?").await;
        let hers = all_pages(&mut mother).await;
        assert!(hers.iter().all(|(status, _)| *status == 200), "{hers:?}");
        let mut admin = w.staff(Role::Administrator).await;
        let home = look(&mut admin, &leo.chart_id, access, "").await;
        home.must_be(200).must_say("You see what Joan sees today.").must_say("For Leo");
        for ((path, hers), seen) in PAGES.iter().zip(&hers).zip(all_pages(&mut admin).await) {
            assert_eq!(&seen, hers, "{path}");
        }
        // She may only look at bills, and at nothing else: the preview shows no more.
        let mut desk = w.staff(Role::Clinician).await;
        let page = grant_page(&leo.chart_id, access);
        let form = desk.get(&page).await;
        let terms = [
            ("billing", "view"), ("documents", "none"), ("messages", "none"), ("appointments", "none"),
            ("reason", "As the order says."),
        ];
        desk.submit_and_follow(&form, &page, &terms).await;
        let hers = all_pages(&mut mother).await;
        assert_eq!(hers[1].0, 404);
        for ((path, hers), seen) in PAGES.iter().zip(&hers).zip(all_pages(&mut admin).await) {
            assert_eq!(&seen, hers, "{path}, narrowed");
        }
    }

    async fn case_11_the_preview_of_a_birthday_shows_what_the_holder_sees_on_that_day(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2014-12-20", "").await;
        let (name, access) = mother_of(w, &leo).await;
        document(w, &leo.chart_id, "For Leo", "Text.").await;
        let mut admin = w.staff(Role::Administrator).await;
        let form = admin.get("/staff/practice/age-rules/new").await;
        let rule = [
            ("from_age", "12"), ("basis", "parent"), ("documents", "none"),
            ("effective_from", "2026-12-02"), ("source", "Counsel"), ("confirmed", "yes"),
        ];
        admin.submit_and_follow(&form, "/staff/practice/age-rules/new", &rule).await;
        look(&mut admin, &leo.chart_id, access, "2026-12-19").await.must_say("For Leo").must_say("will see on December 19, 2026");
        look(&mut admin, &leo.chart_id, access, "2026-12-20").await.must_be(200).must_not_say("For Leo");
        let seen = all_pages(&mut admin).await;
        // Nothing is open on the day of majority, and no day is over.
        let page = admin.get(&grant_page(&leo.chart_id, access)).await;
        admin.submit_and_follow(&page, "/preview", &[("on", "2032-12-20")]).await.must_say("Nothing is open for this person on that day");
        admin.submit_and_follow(&page, "/preview", &[("on", "2026-11-30")]).await.must_say("Choose today or a day to come.");
        w.clock.advance_seconds(19 * 24 * 3_600);
        let hers = all_pages(&mut sign_in(w, &name).await).await;
        for ((path, hers), seen) in PAGES.iter().zip(&hers).zip(&seen) {
            // What is offered on the form of a request depends on the day of the request itself.
            if *path != "/portal/appointments/request" {
                assert_eq!(seen, hers, "{path}");
            }
        }
    }

    async fn case_12_the_preview_can_do_nothing_and_marks_nothing_as_read(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let kim = (rows.registered.chart_id, access_of(w, &rows.registered).await);
        let mut admin = w.staff(Role::Administrator).await;
        look(&mut admin, &kim.0, kim.1, "").await.must_be(200);
        w.mail_has_settled().await;
        let before = w.dump().await;
        let (mut wrong, mut posts, mut pages) = (Vec::new(), 0, 0);
        let (_, routes) = app::routes().into_parts();
        for row in routes.iter().filter(|row| matches!(row.needs, Needs::ClientSession | Needs::Client(..))) {
            let path = rows.fill(row.path);
            if row.method == "GET" {
                pages += 1;
                let page = admin.get(&path).await;
                if !matches!(page.status(), 200 | 403 | 404 | 410) {
                    wrong.push(format!("GET {path}: {}", page.status()));
                }
            } else {
                posts += 1;
                let body: (&str, &[u8]) = ("application/x-www-form-urlencoded", b"csrf=&text=Hello");
                let page = admin.send(row.method.as_str(), &path, Some(body)).await;
                if page.status() != 403 {
                    wrong.push(format!("{} {path}: {}", row.method, page.status()));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(posts > 8 && pages > 12, "{posts} forms, {pages} pages");
        assert_eq!(difference(&before, &w.dump().await), Vec::<String>::new(), "looking changes nothing");
        let read: i64 = w.look(|c| document_reading::table.count().get_result(c)).await;
        assert_eq!(read, 1, "the client's own");
        assert_eq!(events(w, "access.previewed").await, 1, "once, and by whom it was");
        // What is about the account itself is not shown.
        admin.get("/portal/me").await.must_be(403).must_say("You are only looking");
        // The end leads back; afterwards the portal is not open any more.
        let home = admin.get("/portal").await;
        admin.submit_and_follow(&home, "/staff/preview/end", &[]).await.must_say("See exactly what they see");
        assert!(admin.get("/portal").await.is_redirect());
    }

    async fn the_preview_belongs_to_one_session_of_a_role_that_sets_rights(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        charge(w, &leo.chart_id, date(2026, 11, 30), 15_000).await;
        // She writes to whom Leo sees.
        appointment(w, &leo.chart_id, 48).await;
        let casey = crate::appointments::casey(w).to_string();
        let mut mother = sign_in(w, &name).await;
        let thread = crate::messages::begun(&mut mother, &casey, "About school", "He sleeps badly.").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&grant_page(&leo.chart_id, access)).await.must_be(403);
        // A clinician reads no bills, an administrator no words to a clinician: the preview leaves them out.
        let mut clinician = w.staff(Role::Clinician).await;
        look(&mut clinician, &leo.chart_id, access, "").await.must_say("Your role does not read this part.").must_not_say("$150.00");
        clinician.get("/portal/account").await.must_be(403);
        clinician.get(&thread).await.must_be(200).must_say("He sleeps badly.");
        let mut admin = w.staff(Role::Administrator).await;
        look(&mut admin, &leo.chart_id, access, "").await.must_say("$150.00").must_not_say("About school");
        admin.get("/portal/messages").await.must_be(200).must_not_say("About school").must_say("Your role does not read this part.");
        admin.get(&thread).await.must_be(200).must_not_say("He sleeps badly.").must_not_say("About school");
        // Who is signed out sees nothing any more, and a paused access has no pages.
        let mut other = w.staff(Role::Administrator).await;
        let page = grant_page(&leo.chart_id, access);
        let form = other.get(&page).await;
        other.submit_and_follow(&form, "/pause", &[]).await;
        admin.get("/portal").await.must_be(404);
        let form = other.get(&page).await;
        other.submit_and_follow(&form, "/resume", &[]).await;
        admin.get("/portal").await.must_be(200);
        let start = admin.get(&page).await;
        admin.submit_and_follow(&start, "/staff/sign-out", &[]).await;
        assert!(admin.get("/portal").await.is_redirect());
        // Another practice's grant is not found.
        let mut elsewhere = w.staff_of(&w.twinoaks, Role::Administrator).await;
        elsewhere.get(&page).await.must_be(404);
    }

    async fn the_preview_shows_concerns_to_those_alone_who_answer_them(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        let mut mother = sign_in(w, &name).await;
        let log = mother.get("/portal/who-looked").await;
        let said = [("text", "Casey looked although I asked her not to.")];
        mother.submit(&log, "/portal/who-looked", &said).await.must_be(303);
        let mut clinician = w.staff(Role::Clinician).await;
        clinician.get("/staff/concerns").await.must_be(403);
        look(&mut clinician, &leo.chart_id, access, "").await;
        let log = clinician.get("/portal/who-looked").await;
        log.must_be(200).must_say("Your role does not read this part.").must_not_say("I asked her not to");
        let mut admin = w.staff(Role::Administrator).await;
        look(&mut admin, &leo.chart_id, access, "").await;
        admin.get("/portal/who-looked").await.must_be(200).must_say("I asked her not to");
    }
}

//! What fits: rows and cells hold their content, and what is touched is large enough.

use anteroom::platform::db::schema::outbox;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use serde_json::json;

use super::chromium::Chromium;
use super::window::Width;
use crate::pages;
use crate::support::rows::Rows;
use crate::support::{PASSWORD, World};

/// Cells whose content is higher than they are, and lies over what stands below.
const SPILLS: &str = "return [...document.querySelectorAll('main td, main th')] \
    .filter(cell => cell.checkVisibility() && !cell.closest('thead')) \
    .filter(cell => [...cell.children].some(part => part.checkVisibility({ visibilityProperty: true }) \
        && getComputedStyle(part).position !== 'absolute' \
        && part.getBoundingClientRect().bottom > cell.getBoundingClientRect().bottom + 1) \
        || cell.scrollHeight > cell.clientHeight + 2) \
    .map(cell => cell.textContent.trim().replace(/\\s+/g, ' ').slice(0, 60));";

/// Links and summaries that stand by themselves and are lower than `arguments[0]`, except in what matches
/// `arguments[1]`. In a sentence a link is as high as its line (WCAG 2.5.8).
const TOO_LOW: &str = "const inSentence = e => e.tagName === 'A' && [...e.parentElement.childNodes] \
        .some(n => n.nodeType === 3 && n.textContent.trim() !== ''); \
    return [...document.querySelectorAll('main a[href], main summary, main button, main input:not([type=hidden])')] \
    .filter(e => e.checkVisibility() && !inSentence(e) && e.getBoundingClientRect().width > 2) \
    .filter(e => !(['radio', 'checkbox'].includes(e.type))) \
    .filter(e => !arguments[1] || !e.closest(arguments[1])) \
    .filter(e => e.getBoundingClientRect().height < arguments[0] - 0.1) \
    .map(e => `${e.tagName} ${e.textContent.trim().slice(0, 40)} ${e.getBoundingClientRect().height}`);";

fn texts(found: &serde_json::Value) -> Vec<String> {
    found.as_array().into_iter().flatten().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

/// An invitation that came back, and one that is locked.
async fn work(w: &mut World) {
    let back = w.chart_with("Beth", "Lindqvist", "1986-01-16", "beth.lindqvist@gone.example.net").await;
    let locked = w.chart_with("DeShawn", "Price", "1990-09-09", "deshawn.price@example.com").await;
    for client in [&back, &locked] {
        w.invite(client).await;
    }
    w.mail_has_settled().await;
    let mail = w.mail_to(&locked.email).await;
    let link = w.link_in(&mail);
    let mut phone = w.browser();
    for _ in 0..5 {
        let page = phone.get(&link).await;
        let typed = [
            ("last_name", "Other"),
            ("month", "9"),
            ("day", "9"),
            ("year", "1990"),
            ("password", PASSWORD),
            ("how", "new"),
        ];
        phone.submit(&page, "/i/", &typed).await;
    }
    let back = back.chart_id;
    w.tamper(move |c| {
        diesel::update(outbox::table.filter(outbox::chart_id.eq(Some(back))))
            .set((outbox::state.eq("undeliverable"), outbox::last_reason.eq(Some("mail-reason-no-mailbox"))))
            .execute(c)
    })
    .await;
}

pages! {
    async fn rows_of_the_work_list_are_low_on_a_desk_and_hold_their_content_on_a_phone(w: &mut World) {
        work(w).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.become_user(&w.staff(Role::Administrator).await).await;
        for (kind, most) in [("undeliverable", 40), ("locked", 48)] {
            window.resize(Width::Desk).await;
            window.visit(&format!("/staff/worklist?kind={kind}")).await;
            let heights = window
                .script("return [...document.querySelectorAll('main tbody tr')].map(row => row.clientHeight);", json!([]))
                .await;
            let heights: Vec<i64> = heights.as_array().into_iter().flatten().filter_map(serde_json::Value::as_i64).collect();
            assert_eq!(heights.len(), 1, "{kind}");
            assert!(heights.iter().all(|height| *height <= most), "{kind}: rows of {heights:?} px");
            window.resize(Width::Phone).await;
            let spills = texts(&window.script(SPILLS, json!([])).await);
            assert!(spills.is_empty(), "{kind}: {spills:?}");
        }
        window.close().await;
    }

    async fn on_a_phone_no_cell_of_a_staff_page_lies_over_the_next(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Phone).await;
        window.become_user(&w.staff(Role::Administrator).await).await;
        window.visit("data:text/html,<title>t</title><main><table><tr><td style='display:block;height:20px'>a<br>b<br>c</table></main>").await;
        assert_eq!(texts(&window.script(SPILLS, json!([])).await).len(), 1, "a cell that spills is seen");
        let chart = rows.value("{chart}");
        let mut wrong = Vec::new();
        for path in [
            "/staff/charts".to_owned(),
            "/staff/requests".to_owned(),
            "/staff/team".to_owned(),
            "/staff/audit".to_owned(),
            "/staff/me".to_owned(),
            "/staff/api-keys".to_owned(),
            format!("/staff/charts/{chart}/appointments"),
            format!("/staff/charts/{chart}/documents"),
            format!("/staff/charts/{}/appointments", rows.registered.chart_id),
            format!("/staff/charts/import/{}", rows.value("{import}")),
            format!("/staff/charts/import/{}/columns", rows.value("{import}")),
        ] {
            window.visit(&path).await;
            let spills = texts(&window.script(SPILLS, json!([])).await);
            if !spills.is_empty() {
                wrong.push(format!("{path}: {spills:?}"));
            }
        }
        window.close().await;
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn what_a_client_touches_is_44_px_high(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Phone).await;
        let link = rows.fill("/{practice}/i/{token}");
        let document = rows.fill("/portal/documents/{document}");
        let mut wrong = Vec::new();
        for (user, paths) in [
            (w.browser(), vec![
                "/riverbend", "/riverbend/sign-in", "/riverbend/forgot", "/riverbend/help", "/riverbend/letter",
                link.as_str(), &format!("{link}/decline"),
            ]),
            (rows.client.clone(), vec![
                "/portal", "/portal/me", "/portal/documents", &document, "/portal/appointments",
                "/portal/appointments/request", "/portal/account", "/portal/help",
            ]),
        ] {
            window.become_user(&user).await;
            for path in paths {
                window.visit(path).await;
                let low = texts(&window.script(TOO_LOW, json!([44, ""])).await);
                if !low.is_empty() {
                    wrong.push(format!("{path}: {low:?}"));
                }
            }
        }
        window.close().await;
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn what_staff_touch_is_24_px_high(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let chart = rows.value("{chart}");
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.become_user(&w.staff(Role::Administrator).await).await;
        let mut wrong = Vec::new();
        for path in [
            "/staff/charts".to_owned(),
            "/staff/worklist".to_owned(),
            "/staff/requests".to_owned(),
            "/staff/team".to_owned(),
            "/staff/team/new".to_owned(),
            "/staff/practice".to_owned(),
            "/staff/practice/questions".to_owned(),
            "/staff/audit?what=charts".to_owned(),
            "/staff/me".to_owned(),
            format!("/staff/charts/{chart}"),
            format!("/staff/charts/{chart}/edit"),
            format!("/staff/charts/{chart}/communications"),
        ] {
            window.visit(&path).await;
            // Rows of a table are 38 px high: their links keep the distance that WCAG 2.5.8 asks for instead.
            let low = texts(&window.script(TOO_LOW, json!([24, "td, th"])).await);
            if !low.is_empty() {
                wrong.push(format!("{path}: {low:?}"));
            }
        }
        window.close().await;
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn the_filters_of_both_lists_stand_on_one_line_of_a_desk(w: &mut World) {
        work(w).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.become_user(&w.staff(Role::Administrator).await).await;
        for path in ["/staff/charts?lang=en", "/staff/charts?lang=es", "/staff/worklist?lang=en", "/staff/worklist?lang=es"] {
            window.visit(path).await;
            let places = "return [...document.querySelectorAll('.filters > li')].map(chip => chip.offsetTop);";
            let places = window.script(places, json!([])).await;
            let places: Vec<i64> = places.as_array().into_iter().flatten().filter_map(serde_json::Value::as_i64).collect();
            assert!(places.len() > 1, "{path}: {places:?}");
            assert!(places.iter().all(|place| *place == places[0]), "{path}: chips at {places:?} px");
        }
        // On a phone the box that selects all says so.
        window.resize(Width::Phone).await;
        window.visit("/staff/worklist?kind=undeliverable&lang=en").await;
        window.must_say("Select all on this page").await;
        window.close().await;
    }

    async fn the_foot_of_a_clients_page_breaks_no_address_on_a_desk(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/practice").await;
        let typed = [("website", "https://riverbend.example.org/"), ("email", "hello@riverbend.example.org")];
        admin.submit_and_follow(&page, "/staff/practice", &typed).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.visit("/riverbend").await;
        window.must_say("riverbend.example.org").await;
        window.must_not_say("https://").await;
        let lines = "return [...document.querySelectorAll('.reach b')].map(b => { \
            const text = document.createRange(); text.selectNodeContents(b); return text.getClientRects().length; });";
        let lines = window.script(lines, json!([])).await;
        assert!(lines.as_array().is_some_and(|lines| lines.len() > 1 && lines.iter().all(|n| *n == 1)), "{lines}");
        window.close().await;
    }

    async fn a_menu_opens_upwards_where_the_window_ends_below_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.become_user(&w.staff(Role::FrontDesk).await).await;
        window
            .devtools(
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": 1280, "height": 620, "deviceScaleFactor": 1, "mobile": false }),
            )
            .await;
        window.visit(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        let more = "document.querySelector('.box-buttons summary')";
        window.script(&format!("{more}.scrollIntoView({{ block: 'end' }}); {more}.click();"), json!([])).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let places = "const box = document.querySelector('.box-buttons .menu-items').getBoundingClientRect(); \
            return [box.top, innerHeight - box.bottom, box.height];";
        let places = window.script(places, json!([])).await;
        let place = |at: usize| places[at].as_f64().unwrap_or(f64::NAN);
        assert!(place(2) > 100.0, "the menu is open: {places}");
        assert!(place(0) >= 0.0 && place(1) >= 0.0, "above, below, height: {places}");
        window.close().await;
    }

    async fn an_import_that_takes_long_says_so(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.become_user(&w.staff(Role::Administrator).await).await;
        window.visit(&format!("/staff/charts/import/{}", rows.value("{import}"))).await;
        let slow = json!({ "offline": false, "latency": 3_000, "downloadThroughput": -1, "uploadThroughput": -1 });
        window.devtools("Network.emulateNetworkConditions", slow).await;
        // WebDriver asks nothing of a page that is being left, so the page itself notes what it says.
        let note = "new MutationObserver(() => { \
                const line = document.querySelector('main form [role=status]'); \
                if (line) sessionStorage.setItem('said', line.textContent); \
            }).observe(document.querySelector('main'), { childList: true, subtree: true }); \
            const button = [...document.querySelectorAll('main button')].find(b => b.textContent.includes('Import these charts')); \
            setTimeout(() => button.click());";
        window.script(note, json!([])).await;
        window.must_say("The import is done").await;
        let said = window.script("return sessionStorage.getItem('said');", json!([])).await;
        assert_eq!(said, "The charts are being imported. This can take some minutes. Keep this page open until it is done.");
        window.close().await;
    }

    async fn a_face_sheet_with_a_refused_address_fits_a_phone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite_and_refuse(&ana).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Phone).await;
        window.become_user(&w.staff(Role::FrontDesk).await).await;
        for (language, words) in [("en", "Said that it was not for them"), ("es", "Dijo que no era para esa persona")] {
            window.visit(&format!("/staff/charts/{}?lang={language}", ana.chart_id)).await;
            window.must_say(words).await;
            assert_eq!(window.sideways().await, 0, "{language}: {}", window.too_wide().await);
        }
        window.close().await;
    }

    async fn a_long_name_and_address_fit_where_a_password_is_set(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let email = "alexandra.worthington@riverbend.example.org";
        let page = admin.get("/staff/team/new").await;
        let typed = [("name", "Alexandra Worthington-Featherstone"), ("email", email), ("role", "clinician")];
        admin.submit(&page, "/staff/team/new", &typed).await.must_be(303);
        let mail = w.mail_to(email).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Narrow).await;
        window.visit(&w.link_in(&mail)).await;
        window.must_say("Worthington").await;
        assert_eq!(window.sideways().await, 0, "{}", window.too_wide().await);
        window.close().await;
    }
}

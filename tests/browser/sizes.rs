//! What fits: rows and cells hold their content, and what is touched is large enough.

use anteroom::platform::db::schema::outbox;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use serde_json::json;

use super::chromium::Chromium;
use super::everywhere::pages_of;
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

/// Choices whose words are lower than a thumb needs: they are touched as their box is.
const LOW_CHOICES: &str = "return [...document.querySelectorAll('main .field-check > label')] \
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 43.9) \
    .map(e => `${e.textContent.trim().slice(0, 40)} ${e.getBoundingClientRect().height}`);";

/// The heights of the rows of the page's tables.
const ROW_HEIGHTS: &str =
    "return [...document.querySelectorAll('main tbody tr')].map(row => row.clientHeight);";

/// How far the cells of the first row of each table stand below each other: 0 where they stand side by side.
const STACKED: &str = "return [...document.querySelectorAll('main tbody')].map(body => { \
    const tops = [...body.rows[0].cells].filter(cell => cell.checkVisibility()).map(cell => cell.getBoundingClientRect().top); \
    return Math.round(Math.max(...tops) - Math.min(...tops)); });";

fn numbers(found: &serde_json::Value) -> Vec<i64> {
    found.as_array().into_iter().flatten().filter_map(serde_json::Value::as_i64).collect()
}

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
            let heights = numbers(&window.script(ROW_HEIGHTS, json!([])).await);
            assert_eq!(heights.len(), 1, "{kind}");
            assert!(heights.iter().all(|height| *height <= most), "{kind}: rows of {heights:?} px");
            window.resize(Width::Phone).await;
            let spills = texts(&window.script(SPILLS, json!([])).await);
            assert!(spills.is_empty(), "{kind}: {spills:?}");
        }
        window.close().await;
    }

    async fn rows_of_the_list_of_charts_and_of_billing_are_36_to_40_px_high_on_a_desk(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let billing = format!("/staff/charts/{}/billing", rows.value("{chart}"));
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.become_user(&w.staff(Role::Administrator).await).await;
        for path in ["/staff/charts", &billing] {
            window.visit(path).await;
            let heights = numbers(&window.script(ROW_HEIGHTS, json!([])).await);
            assert!(heights.len() > 1, "{path} has {} rows", heights.len());
            assert!(heights.iter().all(|height| (36..=40).contains(height)), "{path}: rows of {heights:?} px");
        }
        // On a phone the cells of a charge stand below each other.
        window.resize(Width::Phone).await;
        window.visit(&billing).await;
        let stacked = numbers(&window.script(STACKED, json!([])).await);
        assert!(!stacked.is_empty() && stacked.iter().all(|by| *by > 40), "{stacked:?}");
        assert_eq!(window.sideways().await, 0, "{}", window.too_wide().await);
        window.close().await;
    }

    async fn the_button_that_saves_a_long_form_is_in_sight_without_scrolling(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.become_user(&w.staff(Role::Administrator).await).await;
        let mut long = 0;
        // Where the button lies, and what a click on its middle meets.
        let save = "const button = document.querySelector('main form[method=post] .form-buttons .primary'); \
            const box = button.getBoundingClientRect(); \
            const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2); \
            return [box.top >= 0 && box.bottom <= innerHeight && scrollY === 0, button.contains(hit), \
                document.scrollingElement.scrollHeight > innerHeight];";
        let edit = format!("/staff/charts/{}/edit", ana.chart_id);
        for path in [edit.as_str(), "/staff/charts/new", "/staff/practice", "/staff/practice/policies"] {
            for width in [Width::Desk, Width::Phone] {
                window.resize(width).await;
                window.visit(path).await;
                let found = window.script(save, json!([])).await;
                assert_eq!((&found[0], &found[1]), (&json!(true), &json!(true)), "{path} ({width:?})");
                long += usize::from(found[2] == json!(true));
            }
        }
        assert!(long > 5, "only {long} forms are longer than the window");
        window.close().await;
    }

    async fn on_a_phone_no_cell_of_a_staff_page_lies_over_the_next(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Phone).await;
        window.become_user(&w.staff(Role::Administrator).await).await;
        window.visit("data:text/html,<title>t</title><main><table><tr><td style='display:block;height:20px'>a<br>b<br>c</table></main>").await;
        assert_eq!(texts(&window.script(SPILLS, json!([])).await).len(), 1, "a cell that spills is seen");
        let mut wrong = Vec::new();
        let others = format!("/staff/charts/{}/appointments", rows.registered.chart_id);
        for path in pages_of("staff", &rows).into_iter().chain([others]) {
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
        let (mut wrong, mut seen) = (Vec::new(), 0);
        for (who, user) in [("nobody", w.browser()), ("client", rows.client.clone())] {
            window.become_user(&user).await;
            for path in pages_of(who, &rows) {
                window.visit(&path).await;
                // Before sign-in there are pages of staff and of neither side as well; `/api` is for programmers.
                if path == "/api" || window.all("body.client").await.is_empty() {
                    continue;
                }
                seen += 1;
                let mut low = texts(&window.script(TOO_LOW, json!([44, ""])).await);
                low.extend(texts(&window.script(LOW_CHOICES, json!([])).await));
                if !low.is_empty() {
                    wrong.push(format!("{path}: {low:?}"));
                }
            }
        }
        window.close().await;
        assert!(seen > 30, "only {seen} pages of clients");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn the_menus_of_both_sides_keep_to_their_column_and_to_one_line_on_a_desk(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.become_user(&rows.client).await;
        for path in ["/portal?lang=en", "/portal?lang=es"] {
            window.visit(path).await;
            let beyond = "return [...document.querySelectorAll('.client-nav ul')].map(list => list.scrollWidth - list.clientWidth);";
            assert_eq!(numbers(&window.script(beyond, json!([])).await), [0], "{path}");
        }
        window.become_user(&w.staff(Role::Administrator).await).await;
        for path in ["/staff/charts?lang=es", "/staff/charts?lang=en"] {
            window.visit(path).await;
            let heights = "return [...document.querySelectorAll('.side li')].map(entry => entry.clientHeight);";
            let heights = numbers(&window.script(heights, json!([])).await);
            assert!(heights.len() > 8 && heights.iter().all(|height| *height == heights[0]), "{path}: {heights:?}");
        }
        // A dialog stands in the middle of the window.
        for width in [Width::Desk, Width::Phone] {
            window.resize(width).await;
            let off = "const dialog = document.querySelector('#keys'); dialog.showModal(); const box = dialog.getBoundingClientRect(); \
                dialog.close(); return [Math.round(Math.abs(box.top - (innerHeight - box.bottom)))];";
            let off = numbers(&window.script(off, json!([])).await);
            assert!(off.iter().all(|pixels| *pixels < 20), "{width:?}: {off:?}");
        }
        window.close().await;
    }

    async fn what_staff_touch_is_24_px_high(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.become_user(&w.staff(Role::Administrator).await).await;
        let mut wrong = Vec::new();
        for path in pages_of("staff", &rows) {
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

    async fn the_links_to_what_is_wrong_are_as_high_as_everything_else_that_is_touched(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Phone).await;
        let mut wrong = Vec::new();
        for (path, button, least) in
            [(link.as_str(), "Set up my access", 44), ("/staff/practice/questions/new", "Save", 24)]
        {
            if least == 24 {
                window.become_user(&w.staff(Role::Administrator).await).await;
                window.resize(Width::Desk).await;
            }
            window.visit(path).await;
            window.click("button", button).await;
            window.must_say("another look").await;
            assert!(!window.all(".error-summary a").await.is_empty(), "{path} names nothing that is wrong");
            let low = texts(&window.script(TOO_LOW, json!([least, ""])).await);
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

    async fn the_reports_of_billing_show_every_column_on_a_desk(w: &mut World) {
        use anteroom::features::billing::actions::post_charge;
        use anteroom::features::billing::NewCharge;
        use anteroom::kernel::money::{Currency, Money};
        let client = w.chart("Maximiliana-Alexandrina", "Featherstonehaugh-Cholmondeley").await;
        for (days, minor) in [(0, 123_456_789), (40, 98_765_432), (70, 87_654_321), (100, 76_543_210), (200, 65_432_109)] {
            let (chart, by) = (client.chart_id, w.riverbend.by(Role::Biller));
            let on = jiff::civil::date(2026, 12, 1).saturating_sub(jiff::Span::new().days(days));
            let new = NewCharge { chart, on, description: "Session".into(), amount: Money::new(minor, Currency::USD) };
            let post = move |c: &mut anteroom::platform::db::Scoped<'_>| post_charge(c, &by, &new);
            w.app.db.write(&w.riverbend.scope, post).await.expect("no fault").expect("a charge");
        }
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.become_user(&w.staff(Role::Biller).await).await;
        for path in ["/staff/billing/aging", "/staff/billing/day"] {
            window.visit(path).await;
            let cut = "return [...document.querySelectorAll('main .card')].map(card => card.scrollWidth - card.clientWidth);";
            let cut = numbers(&window.script(cut, json!([])).await);
            assert!(!cut.is_empty() && cut.iter().all(|pixels| *pixels <= 0), "{path}: {cut:?} pixels are cut off");
        }
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
        assert_eq!(said, "The charts are being imported. This can take some minutes. If the connection is lost, the import goes on by itself.");
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

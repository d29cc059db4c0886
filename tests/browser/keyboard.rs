//! A11-02: what is done by keyboard alone, and where the focus is after it.

use anteroom::platform::permissions::Role;

use super::chromium::Chromium;
use super::window::{DOWN, ENTER, ESCAPE, TAB, Width, Window};
use crate::pages;
use crate::support::rows::Rows;

/// What lies over the middle of what has the focus; empty for nothing, `end` when the
/// focus has left the page or begins anew.
const COVERED: &str = "const e = document.activeElement; \
    if (!e || e === document.body || e.dataset.tabbed) return 'end'; \
    e.dataset.tabbed = '1'; \
    const box = e.getClientRects()[0] ?? e.getBoundingClientRect(); \
    if (box.width < 3) return ''; \
    const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 1), y = box.top + box.height / 2; \
    const name = (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent).trim().slice(0, 40); \
    if (y < 0 || y > innerHeight) return `${name} is out of sight`; \
    const top = document.elementFromPoint(x, y); \
    const free = top && (e.contains(top) || top.contains(e) || top.closest('label')?.control === e); \
    return free ? '' : `${name} is behind ${top?.className || top?.tagName}`;";

pages! {
    async fn a_double_click_opens_a_dialog_and_does_not_close_it_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let staff = w.staff(Role::FrontDesk).await;
        let chromium = Chromium::start();
        let mut desk = chromium.window(w, Width::Desk).await;
        desk.become_user(&staff).await;
        desk.visit(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        desk.must_say("Chart Owner").await;
        let open = desk.find("button", "Send Invite").await;
        desk.double_click_on(&open).await;
        assert_eq!(desk.all("dialog[open]").await.len(), 1, "the second click fell beside the dialog");
        desk.must_say("Invite Ana Duarte to the portal?").await;
        // A click beside it, by itself, still closes it.
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        desk.click_beside().await;
        assert!(desk.all("dialog[open]").await.is_empty());
        assert_eq!(w.unread_to(&ana.email).await, 0);
    }

    async fn a_dialog_never_has_its_focus_on_what_takes_something_away(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let staff = w.staff(Role::Administrator).await;
        let chromium = Chromium::start();
        let mut desk = chromium.window(w, Width::Desk).await;
        desk.become_user(&staff).await;
        desk.visit(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        desk.must_say("Chart Owner").await;
        let more = desk.find("button", "More for Ana Duarte").await;
        desk.click_on(&more).await;
        let cancel = desk.find("link", "Cancel invitation for Ana Duarte").await;
        desk.click_on(&cancel).await;
        assert!(desk.focus_is_in("dialog[open]").await, "the focus is in the dialog");
        assert!(!desk.focus_is_in("dialog[open] button.danger").await, "Enter would end the invitation");
        let member = w.riverbend.member(Role::FrontDesk).staff_id;
        desk.visit(&format!("/staff/team/{member}")).await;
        // The page that asks says what is still with them.
        desk.click("link", "Disable").await;
        assert!(desk.path().await.ends_with("/disable"), "the page that asks");
        assert!(!desk.focus_is_in("button.danger").await, "Enter would disable the sign-in");
        desk.close().await;
    }

    async fn a11_02_a_dialog_of_the_three_dots_gives_the_focus_back_to_them(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let staff = w.staff(Role::FrontDesk).await;
        let chromium = Chromium::start();
        let mut desk = chromium.window(w, Width::Desk).await;
        desk.become_user(&staff).await;
        desk.visit(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        desk.must_say("Chart Owner").await;

        // Into the menu, into its dialog, and out by Escape.
        desk.tab_to("More for Ana Duarte").await;
        desk.press(ENTER).await;
        desk.press(DOWN).await;
        let item = desk.focused().await.1;
        desk.press(ENTER).await;
        assert!(!desk.all("dialog[open]").await.is_empty(), "{item} opens its dialog");
        assert!(desk.focus_is_in("dialog[open]").await, "the focus is in the dialog");
        desk.press(ESCAPE).await;
        assert!(desk.all("dialog[open]").await.is_empty());
        assert!(desk.all("details.menu[open]").await.is_empty(), "the menu is closed again");
        desk.must_have_focus("More for Ana Duarte").await;

        // The same by the dialog's own button, and with news that came in meanwhile.
        desk.press(ENTER).await;
        desk.press(DOWN).await;
        desk.press(ENTER).await;
        w.mail_has_settled().await;
        desk.tab_to("Cancel").await;
        desk.press(ENTER).await;
        desk.must_have_focus("More for Ana Duarte").await;

        // So does a menu that is not about a client.
        desk.tab_to("my menu").await;
        desk.press(ENTER).await;
        desk.tab_to("Keyboard").await;
        desk.press(ENTER).await;
        assert!(desk.focus_is_in("#keys").await);
        desk.press(ESCAPE).await;
        desk.must_have_focus("my menu").await;
        desk.must_have_asked_no_other_host().await;
        desk.close().await;
    }

    async fn the_search_offers_charts_as_one_types_on_any_page_and_the_keys_choose_one(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Duarte").await;
        w.chart("Kim", "Serrano").await;
        let staff = w.staff(Role::Administrator).await;
        let chromium = Chromium::start();
        let mut desk = chromium.window(w, Width::Desk).await;
        desk.become_user(&staff).await;
        let offers = "return [...document.querySelectorAll('.top-offers')] \
            .filter(list => list.checkVisibility()).flatMap(list => [...list.querySelectorAll('a')].map(a => a.textContent));";
        let offered = async |desk: &Window| desk.script(offers, serde_json::json!([])).await;
        let tab = format!("/staff/charts/{}/communications", ana.chart_id);
        let pages = ["/staff/worklist", "/staff/team", "/staff/calendar", "/staff/charts/new", &tab];
        for (n, path) in pages.into_iter().enumerate() {
            desk.visit(path).await;
            // The form of a new chart has the focus in its first field, where a slash is a letter.
            if path.ends_with("/new") {
                desk.script("document.activeElement.blur();", serde_json::json!([])).await;
            }
            desk.press("/").await;
            desk.must_have_focus("Find a chart").await;
            // With one typing error: who is meant is offered after exact hits, of which there are none.
            let typed = if n == 1 { "duarta" } else { "duar" };
            desk.press(typed).await;
            desk.must_say("Duarte, Ana").await;
            let found = offered(&desk).await;
            assert_eq!(found.as_array().map(Vec::len), Some(2), "{path}: {found}");
            // Escape closes the list and leaves the focus where it is (Chromium empties the field as well).
            desk.press(ESCAPE).await;
            assert_eq!(offered(&desk).await, serde_json::json!([]), "{path}");
            desk.must_have_focus("Find a chart").await;
            assert_eq!(desk.path().await, path);
            desk.script("document.activeElement.value = '';", serde_json::json!([])).await;
            desk.press(typed).await;
            desk.must_say("Duarte, Ana").await;
            // Down to the second one, and into its chart.
            desk.press(DOWN).await;
            desk.must_have_focus("Duarte, Ana").await;
            desk.press(DOWN).await;
            desk.must_have_focus("Duarte, Ben").await;
            desk.press(ENTER).await;
            desk.must_come_to(&format!("/staff/charts/{}", ben.chart_id)).await;
        }
        // Where its name does not show why a chart was found, the offer says so.
        desk.visit("/staff/team").await;
        desk.press("/").await;
        desk.press("ana.duarte@exam").await;
        desk.must_say("E-mail: ana.duarte@example.com").await;
        // A search that was given up leaves the keys to the page's own table.
        desk.visit("/staff/team").await;
        desk.press("/").await;
        desk.press("duar").await;
        desk.must_say("Duarte, Ana").await;
        desk.press(ESCAPE).await;
        desk.press(DOWN).await;
        assert!(desk.focus_is_in("main tbody").await, "the arrow goes on to {:?}", desk.focused().await);
        // Enter without a choice leads to the whole list.
        desk.visit("/staff/team").await;
        desk.press("/").await;
        desk.press(&format!("serr{ENTER}")).await;
        desk.must_say("Serrano, Kim").await;
        assert_eq!(desk.path().await, "/staff/charts?q=serr");
        desk.must_have_asked_no_other_host().await;
        desk.close().await;
    }

    async fn what_has_the_focus_is_in_sight_and_behind_no_bar(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let staff = w.staff(Role::FrontDesk).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        let edit = format!("/staff/charts/{}/edit", rows.value("{chart}"));
        let mut wrong = Vec::new();
        for (user, width, path) in [
            (&staff, Width::Desk, edit.as_str()),
            (&staff, Width::Phone, edit.as_str()),
            (&staff, Width::Phone, "/staff/charts"),
            (&rows.client, Width::Phone, "/portal/appointments/request"),
            (&rows.client, Width::Phone, "/portal/me"),
        ] {
            window.become_user(user).await;
            window.resize(width).await;
            window.visit(path).await;
            let mut seen = 0;
            loop {
                window.press(TAB).await;
                let found = window.script(COVERED, serde_json::json!([])).await;
                match found.as_str() {
                    Some("end") => break,
                    Some("") => {}
                    other => wrong.push(format!("{path} ({width:?}): {other:?}")),
                }
                seen += 1;
                assert!(seen < 150, "{path}: the focus never leaves the page");
            }
            assert!(seen > 8, "{path}: only {seen} things took the focus");
        }
        window.close().await;
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

//! A11-02: what is done by keyboard alone, and where the focus stands after it.

use anteroom::platform::permissions::Role;

use super::chromium::Chromium;
use super::window::{DOWN, ENTER, ESCAPE, Width};
use crate::stories;

stories! {
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
        desk.must_have_stayed_at_home().await;
        desk.close().await;
    }
}

//! The acceptance cases of rights in which several people or several charts meet, each with its number.

use anteroom::features::access::permission::Basis;
use anteroom::kernel::ids::AccessId;
use anteroom::platform::db::schema::appointment_request;
use anteroom::platform::permissions::{Level, Right, Role};
use diesel::prelude::*;
use jiff::civil::date;

use crate::access::contact;
use crate::portal_people::{account, charge, document, enrolled, grant, sign_in};
use crate::rights::{Terms, level, mother_of, sees_nothing, set};
use crate::stories;
use crate::support::world::Client;
use crate::support::{Browser, World};

/// One mother who holds a grant to each of two children's charts, with one sign-in.
async fn mother_of_two(w: &mut World) -> (String, [(Client, AccessId); 2]) {
    let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
    let mia = w.chart_with("Mia", "Park", "2015-06-01", "").await;
    let account = account(w, "joan.park@example.com").await;
    let mut grants = Vec::new();
    for child in [&leo, &mia] {
        let joan = contact(w, child, "Joan", "joan.park@example.com").await;
        let scope = w.riverbend.scope.clone();
        let access = grant(w, &scope, &account, &joan, &child.chart_id, Some(Right::ALL)).await;
        set(w, access, Terms { basis: Some(Basis::Parent), ..Terms::default() }).await;
        grants.push(access);
        w.clock.advance_seconds(1);
    }
    ("joan.park@example.com".to_owned(), [(leo, grants[0]), (mia, grants[1])])
}

async fn look_at(browser: &mut Browser, access: AccessId) {
    let page = browser.get("/portal/switch").await;
    browser.submit_and_follow(&page, "/portal/switch", &[("access", &access.to_string())]).await;
}

/// What a page shows, without what is new on every page: tokens and the names of files.
pub fn bare(text: &str) -> String {
    let is_secret = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '~');
    text.split(|c: char| !is_secret(c)).filter(|word| word.len() < 36).collect::<Vec<_>>().join(" ")
}

stories! {
    async fn case_06_narrowed_terms_count_on_the_next_request_also_on_another_node(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        document(w, &leo.chart_id, "For Leo", "Text.").await;
        let other = w.neighbour().await;
        let mut browser = sign_in(&other, &name).await;
        browser.get("/portal/documents").await.must_be(200).must_say("For Leo");
        let mut desk = w.staff(Role::Clinician).await;
        let page = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let form = desk.get(&page).await;
        desk.submit_and_follow(&form, &page, &[("documents", "none"), ("reason", "As the order says.")]).await;
        browser.get("/portal/documents").await.must_be(404);
        browser.get("/portal").await.must_be(200).must_not_say("For Leo");
        browser.get("/portal/account").await.must_be(200);
    }

    async fn at_a_birthday_a_last_day_and_a_revocation_open_sessions_on_two_nodes_lose_it_at_the_next_request(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2008-12-02", "").await;
        let (mother, _) = mother_of(w, &leo).await;
        let ana = w.chart("Ana", "Duarte").await;
        let mut others = Vec::new();
        for (first, mail) in [("Robin", "robin@example.com"), ("Ines", "ines@example.com")] {
            let person = contact(w, &ana, first, mail).await;
            let id = account(w, mail).await;
            let access = grant(w, &w.riverbend.scope, &id, &person, &ana.chart_id, Some(Right::ALL)).await;
            set(w, access, Terms { basis: Some(Basis::ClientChoice), ..Terms::default() }).await;
            others.push(access);
        }
        set(w, others[0], Terms { ends_on: Some("2026-12-01"), ..Terms::default() }).await;
        let other = w.neighbour().await;
        // 11:50 PM in New York.
        w.clock.advance_seconds(13 * 3_600 + 50 * 60);
        let mut here = Vec::new();
        let mut there = Vec::new();
        for name in [mother.as_str(), "robin@example.com", "ines@example.com"] {
            here.push(sign_in(w, name).await);
            there.push(sign_in(&other, name).await);
        }
        w.clock.advance_seconds(10 * 60 - 1);
        for browser in here.iter_mut().chain(&mut there) {
            browser.get("/portal/documents").await.must_be(200);
        }
        // Midnight: Leo is 18, and Robin's last day is over. Nothing has run and nothing was written.
        w.clock.advance_seconds(1);
        for browser in here[..2].iter_mut().chain(&mut there[..2]) {
            crate::rights::sees_nothing(browser).await;
        }
        here[2].get("/portal/documents").await.must_be(200);
        // Staff on one node revoke; the session on the other ends.
        let mut desk = w.staff(Role::Administrator).await;
        let page = format!("/staff/charts/{}/grants/{}", ana.chart_id, others[1]);
        let form = desk.get(&page).await;
        desk.submit_and_follow(&form, "/revoke", &[("reason", "Asked for.")]).await;
        crate::rights::sees_nothing(&mut there[2]).await;
        crate::rights::sees_nothing(&mut here[2]).await;
    }

    async fn case_07_a_separated_parent_sees_the_same_whether_or_not_there_is_another(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, _) = mother_of(w, &leo).await;
        document(w, &leo.chart_id, "For Leo", "Text.").await;
        charge(w, &leo.chart_id, date(2026, 11, 30), 15_000).await;
        let pages = ["/portal", "/portal/documents", "/portal/appointments", "/portal/account", "/portal/help", "/portal/me"];
        let mut browser = sign_in(w, &name).await;
        let mut alone = Vec::new();
        for page in pages {
            alone.push(bare(&browser.get(page).await.must_be(200).answer.text()));
        }
        // A father with access, who signs in and whom staff write to.
        let father = contact(w, &leo, "Viktor", "viktor.park@example.com").await;
        let account = account(w, "viktor.park@example.com").await;
        let scope = w.riverbend.scope.clone();
        let his = grant(w, &scope, &account, &father, &leo.chart_id, Some(Right::ALL)).await;
        set(w, his, Terms { basis: Some(Basis::Parent), ..Terms::default() }).await;
        sign_in(w, "viktor.park@example.com").await.get("/portal").await.must_be(200);
        let mut desk = w.staff(Role::Clinician).await;
        let at = format!("/staff/charts/{}/grants/{his}", leo.chart_id);
        let form = desk.get(&at).await;
        desk.submit_and_follow(&form, "/pause", &[("reason", "Asked for.")]).await;
        for (page, before) in pages.iter().zip(&alone) {
            let now = browser.get(page).await;
            now.must_be(200).must_not_say("Viktor");
            assert_eq!(&bare(&now.answer.text()), before, "{page}");
        }
        w.mail_has_settled().await;
        assert_eq!(w.unread_to("joan.park@example.com").await, 0, "she heard of his pause");
    }

    async fn case_08_a_form_typed_for_one_child_is_not_sent_for_the_other(w: &mut World) {
        let (name, [(leo, first), (_, second)]) = mother_of_two(w).await;
        let mut browser = sign_in(w, &name).await;
        look_at(&mut browser, first).await;
        let form = browser.get("/portal/appointments/request").await;
        form.must_be(200).must_say("Leo");
        // In a second tab.
        look_at(&mut browser, second).await;
        let fields = [("kind", "session"), ("place", "either"), ("day1", "2026-12-04"), ("part1", "any")];
        let refused = browser.submit(&form, "/portal/appointments/request", &fields).await;
        refused.must_be(409).must_say("belongs to another chart");
        let filed: i64 = w.look(|c| appointment_request::table.count().get_result(c)).await;
        assert_eq!(filed, 0);
        // The same form is sent once its chart is in view again.
        look_at(&mut browser, first).await;
        browser.submit(&form, "/portal/appointments/request", &fields).await.must_be(303);
        let of = leo.chart_id;
        let filed: i64 = w
            .look(move |c| {
                appointment_request::table
                    .filter(appointment_request::chart_id.eq(of))
                    .count()
                    .get_result(c)
            })
            .await;
        assert_eq!(filed, 1);
        // Signing out is about the account, so it works from any page.
        look_at(&mut browser, second).await;
        browser.submit(&form, "/portal/sign-out", &[]).await.must_be(303);
        assert!(browser.get("/portal").await.is_redirect());
    }

    async fn case_09_a_mother_with_one_mailbox_has_one_account_and_a_grant_to_each_child_with_its_own_end(w: &mut World) {
        let (name, [(_, first), (_, second)]) = mother_of_two(w).await;
        set(w, first, Terms { ends_on: Some("2026-12-01"), ..Terms::default() }).await;
        let mut browser = sign_in(w, &name).await;
        browser.get("/portal/switch").await.must_be(200).must_say("Leo").must_say("Mia");
        w.clock.advance_seconds(14 * 3_600);
        let mut browser = sign_in(w, &name).await;
        browser.get("/portal").await.must_be(200).must_say("Mia").must_not_say("Leo");
        assert_eq!(level(w, first, Right::Documents).await, Level::None);
        assert_eq!(level(w, second, Right::Documents).await, Level::Act);
    }

    async fn case_22_a_teen_is_not_invited_at_a_parents_address_without_a_look_at_it(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-01", "joan.park@example.com").await;
        contact(w, &leo, "Joan", "joan.park@example.com").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let path = format!("/staff/charts/{}/access/invite", leo.chart_id);
        let form = desk.get(&path).await;
        let refused = desk.submit(&form, &path, &[]).await;
        refused.must_be(422).must_say("They would read the client's mail.");
        assert_eq!(w.unread_to("joan.park@example.com").await, 0);
        desk.submit_and_follow(&refused, &path, &[("confirmed", "guardians_own")]).await.must_say("Invited");
        w.mail_to("joan.park@example.com").await;
    }

    async fn case_10_who_gives_an_access_up_is_out_at_once_and_the_practice_sees_it_and_can_give_it_back(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        let viktor = contact(w, &leo, "Viktor", "viktor@example.com").await;
        let id = account(w, "viktor@example.com").await;
        let his = grant(w, &w.riverbend.scope, &id, &viktor, &leo.chart_id, Some(Right::ALL)).await;
        set(w, his, Terms { basis: Some(Basis::Parent), ..Terms::default() }).await;
        let (mut browser, mut other) = (sign_in(w, &name).await, sign_in(w, &name).await);
        browser.get("/portal/me").await.must_say("Give the access up");
        let form = browser.get("/portal/leave").await;
        form.must_say("Leo's chart");
        // A program that sends the form as it stands ends nothing.
        browser.submit(&form, "/portal/leave", &[]).await.must_be(422).must_say("Tick the box");
        assert_eq!(level(w, access, Right::Documents).await, Level::Act);
        browser.submit(&form, "/portal/leave", &[("sure", "on")]).await.must_be(303);
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
        assert_eq!(level(w, his, Right::Documents).await, Level::Act);
        sees_nothing(&mut other).await;
        // The practice sees who ended it and why, and gives it back.
        let mut desk = w.staff(Role::FrontDesk).await;
        let tab = format!("/staff/charts/{}/communications", leo.chart_id);
        desk.get(&tab).await.must_say("They said that they no longer need it").must_say("Access given up");
        let restore = format!("/staff/charts/{}/access/restore", leo.chart_id);
        let form = desk.get(&restore).await;
        desk.submit_and_follow(&form, &restore, &[]).await;
        sign_in(w, &name).await.get("/portal/documents").await.must_be(200);
    }

    async fn case_10_an_owner_whom_nobody_would_follow_is_asked_twice_and_the_chart_stays(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        let form = browser.get("/portal/leave").await;
        form.must_say("your record").must_not_say("Nobody but the practice");
        let again = browser.submit(&form, "/portal/leave", &[("sure", "on")]).await;
        again.must_be(422).must_say("Nobody else sees this chart in the portal").must_say("Nobody but the practice");
        assert_eq!(level(w, own.access, Right::Documents).await, Level::Act);
        browser.submit(&again, "/portal/leave", &[("sure", "on"), ("nobody", "on")]).await.must_be(303);
        browser.get("/portal/documents").await.must_be(303);
        assert_eq!(level(w, own.access, Right::Documents).await, Level::None);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&format!("/staff/charts/{}", ana.chart_id)).await.must_be(200).must_say("Ana Duarte");
    }
}

//! The acceptance cases of rights in which several people or several charts meet, each with its number.

use anteroom::features::access::permission::Basis;
use anteroom::features::documents::{Recipient, Telling};
use anteroom::features::people::{Typed, TypedAddress, TypedContact, TypedPerson};
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::ids::{AccessId, PersonId, PracticeId};
use anteroom::platform::db::schema::{
    appointment_request, outbox, portal_access, portal_account, related_contact,
};
use anteroom::platform::permissions::{Level, Right, Role, Scope};
use diesel::prelude::*;
use jiff::civil::date;
use serde_json::json;

use crate::access::contact;
use crate::portal_people::{account, charge, document, enrolled, grant, sign_in};
use crate::rights::{Terms, level, mother_of, sees_nothing, send, set};
use crate::stories;
use crate::support::world::Client;
use crate::support::{Browser, PASSWORD, World, papers};

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

/// The practice shares a document with the client and tells them by mail.
async fn document_told(w: &World, of: &Client) {
    let id = papers::draft(w, &of.chart_id, "Plan", "Text.").await;
    papers::share(w, &id, vec![Recipient::Owner], Telling::ByMail).await;
    w.run_due_jobs().await;
}

/// The client writes, and the practice answers: there is something new to read.
async fn thread_of_practice(w: &World, name: &str) -> String {
    let mut client = sign_in(w, name).await;
    let address = crate::messages::begun(&mut client, "front_desk", "A question", "Words of mine.").await;
    crate::messages::practice_writes(w, &address, "An answer.").await;
    address
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
        let form = desk.get(&format!("{page}/revoke")).await;
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

    async fn case_18_a_chart_can_name_another_place_whose_law_and_rules_count_for_it(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2008-12-01", "").await;
        let mia = w.chart_with("Mia", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        let joan = contact(w, &mia, "Joan", "joan2@example.com").await;
        let id = account(w, "joan2@example.com").await;
        let of_mia = grant(w, &w.riverbend.scope, &id, &joan, &mia.chart_id, Some(Right::ALL)).await;
        set(w, of_mia, Terms { basis: Some(Basis::Parent), ..Terms::default() }).await;
        assert_eq!(level(w, access, Right::Documents).await, Level::None, "Leo is 18 today");
        let mut admin = w.staff(Role::Administrator).await;
        let new = "/staff/practice/jurisdictions/new";
        let form = admin.get(new).await;
        admin.submit(&form, new, &[("code", "CA BC"), ("majority_age", "30")]).await.must_be(422)
            .must_say("Use letters a to z").must_say("from 14 to 21").must_say("Type a name").must_say("only once it is confirmed");
        let typed = [("code", "ca-bc"), ("name", "British Columbia"), ("majority_age", "19"), ("source", "Age of Majority Act, s. 1"), ("confirmed", "yes")];
        admin.submit_and_follow(&form, new, &typed).await.must_say("British Columbia").must_say("Adult from the age of 19");
        admin.submit(&form, new, &typed).await.must_be(422).must_say("There is a place with this short name");
        assert_eq!(level(w, access, Right::Documents).await, Level::None, "no chart names it yet");
        // Staff note the place on Leo's chart, with where that is known from.
        let status = |of: &Client| format!("/staff/charts/{}/client-status", of.chart_id);
        let form = admin.get(&status(&leo)).await;
        form.must_say("Comes of age by the law of");
        admin.submit_and_follow(&form, &status(&leo), &[("jurisdiction", "ca-bc"), ("reason", "Lives in Victoria.")]).await.must_be(200);
        assert_eq!(level(w, access, Right::Documents).await, Level::Act);
        sign_in(w, &name).await.get("/portal/documents").await.must_be(200);
        // Their list knows the law of each chart's place: Leo is no adult yet.
        let adults = "/staff/worklist?kind=came_of_age";
        admin.get(adults).await.must_not_say("Leo Park");
        // A rule of that place limits Leo's mother and not Mia's; without one of its own the practice's counts.
        let rule = "/staff/practice/age-rules/new";
        for (place, documents) in [("practice", "view"), ("ca-bc", "none")] {
            let form = admin.get(rule).await;
            let typed = [("jurisdiction", place), ("from_age", "12"), ("basis", "parent"), ("documents", documents),
                ("effective_from", "2026-12-02"), ("source", "Counsel"), ("confirmed", "yes")];
            admin.submit(&form, rule, &typed).await.must_be(303);
        }
        admin.get("/staff/practice/age-rules").await.must_say("For clients who come of age by the law of British Columbia");
        // Midnight: Mia is 14.
        w.clock.advance_seconds(14 * 3_600);
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
        assert_eq!(level(w, access, Right::Messages).await, Level::Act);
        assert_eq!(level(w, of_mia, Right::Documents).await, Level::View);
        // A majority of 18 there takes everything at once; one of 19 gives it back only to who says so.
        let mut admin = w.staff(Role::Administrator).await;
        let place = "/staff/practice/jurisdictions/ca-bc";
        let save = [("source", "Age of Majority Act, s. 1"), ("confirmed", "yes")];
        let form = admin.get(place).await;
        let younger: Vec<_> = save.into_iter().chain([("majority_age", "18")]).collect();
        admin.submit(&form, place, &younger).await.must_be(303);
        assert_eq!(level(w, access, Right::Messages).await, Level::None);
        admin.get(adults).await.must_say("Leo Park").must_say("An adult since December 1, 2026");
        admin.get("/staff/worklist").await.must_say("Now an adult");
        let form = admin.get(place).await;
        let older: Vec<_> = save.into_iter().chain([("majority_age", "19")]).collect();
        let asked = admin.submit(&form, place, &older).await;
        asked.must_be(422).must_say("1 of them would see more than today").must_say("Look at what this changes");
        assert_eq!(level(w, access, Right::Messages).await, Level::None);
        admin.submit(&asked, place, &[("sure", "yes"), ("confirmed", "yes")]).await.must_be(303);
        assert_eq!(level(w, access, Right::Messages).await, Level::Act);
        admin.get(adults).await.must_not_say("Leo Park");
        let mut elsewhere = w.staff_of(&w.twinoaks, Role::Administrator).await;
        elsewhere.get(place).await.must_be(404);
    }

    async fn case_18_the_api_sets_the_law_of_a_place_and_whose_it_is(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2008-12-01", "").await;
        let (_, access) = mother_of(w, &leo).await;
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        api.get("/api/v1/jurisdictions").await.must_be(200).must_say("\"code\":\"practice\"").must_say("\"majority_age\":18");
        let law = json!({ "name": "British Columbia", "majority_age": 19, "leap_day": "mar1", "source": "Age of Majority Act" });
        send(&mut api, "POST", "/api/v1/jurisdictions/CA-BC", &law).await.must_be(404);
        send(&mut api, "POST", "/api/v1/jurisdictions/practice", &law).await.must_be(422).must_say("/name");
        send(&mut api, "POST", "/api/v1/jurisdictions/ca-bc", &law).await.must_be(200).must_say("British Columbia");
        let status = format!("/api/v1/charts/{}/client-status", leo.chart_id);
        send(&mut api, "POST", &status, &json!({ "jurisdiction": "us-xx", "reason": "Moved." })).await.must_be(422).must_say("/jurisdiction");
        let there = json!({ "jurisdiction": "ca-bc", "reason": "Lives in Victoria." });
        send(&mut api, "POST", &status, &there).await.must_be(200).must_say("\"jurisdiction\":\"ca-bc\"");
        assert_eq!(level(w, access, Right::Documents).await, Level::Act);
        let mut at_18 = law.clone();
        at_18["majority_age"] = json!(18);
        send(&mut api, "POST", "/api/v1/jurisdictions/ca-bc", &at_18).await.must_be(200);
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
        send(&mut api, "POST", "/api/v1/jurisdictions/ca-bc", &law).await.must_be(422).must_say("/opens_more");
        let mut wanted = law.clone();
        wanted["opens_more"] = json!(true);
        send(&mut api, "POST", "/api/v1/jurisdictions/ca-bc", &wanted).await.must_be(200);
        let dead = json!({ "deceased_on": "2026-11-20", "reason": "The family told us." });
        send(&mut api, "POST", &status, &dead).await.must_be(200).must_say("\"deceased_on\":\"2026-11-20\"");
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
        send(&mut api, "POST", &status, &json!({ "reason": "Somebody else." })).await.must_be(200);
        assert_eq!(level(w, access, Right::Documents).await, Level::Act);
    }

    async fn the_dialog_of_an_invitation_names_the_safe_address_of_somebody_in_safe_contact(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut clinician = w.staff(Role::Clinician).await;
        let safe = format!("/staff/charts/{}/safe-contact", ana.chart_id);
        let form = clinician.get(&safe).await;
        clinician.submit_and_follow(&form, &safe, &[("safe", "on"), ("address", "")]).await.must_be(200);
        let mut desk = w.staff(Role::FrontDesk).await;
        let tab = format!("/staff/charts/{}/communications", ana.chart_id);
        desk.get(&tab).await.must_say("no address is noted as safe").must_not_say(&ana.email);
        let invite = format!("/staff/charts/{}/access/invite", ana.chart_id);
        let dialog = desk.get(&invite).await;
        dialog.must_say("no mail goes to them").must_not_say(&ana.email);
        let form = clinician.get(&safe).await;
        clinician.submit_and_follow(&form, &safe, &[("safe", "on"), ("address", "quiet@example.org")]).await.must_be(200);
        let dialog = desk.get(&invite).await;
        dialog.must_say("The mail goes to quiet@example.org").must_say("say who writes").must_not_say(&ana.email);
        desk.submit_and_follow(&dialog, &invite, &[]).await.must_say("Invited");
        let mail = w.mail_to("quiet@example.org").await;
        assert_eq!(mail.subject, "You have a message");
        assert_eq!(w.unread_to(&ana.email).await, 0);
        let resend = format!("/staff/charts/{}/access/resend", ana.chart_id);
        desk.get(&resend).await.must_say("quiet@example.org").must_not_say(&ana.email);
        desk.get(&tab).await.must_say("quiet@example.org");
    }

    async fn case_59_quiet_hours_and_topics_hold_back_news_and_never_what_guards_the_sign_in(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        browser.get("/portal/me").await.must_say("Mail from us");
        let page = "/portal/me/mail";
        let form = browser.get(page).await;
        browser.submit(&form, page, &[("quiet_from", "22")]).await.must_be(422).must_say("Choose both, or none");
        browser.submit(&form, page, &[("quiet_from", "8"), ("quiet_until", "22")]).await.must_be(422).must_say("at most 12 hours");
        // No mail about messages, and none from 10 PM to 7 AM.
        let wanted = ["appointments", "documents", "billing"].map(|topic| ("about".to_owned(), topic.to_owned()));
        let mut fields = form.form(page).fields.clone();
        fields.retain(|(name, _)| !["about", "quiet_from", "quiet_until"].contains(&name.as_str()));
        fields.extend(wanted);
        fields.extend([("quiet_from", "22"), ("quiet_until", "7")].map(|(n, v)| (n.to_owned(), v.to_owned())));
        browser.post_fields(page, &fields).await.must_be(303);
        let again = browser.get(page).await;
        assert!(again.html().contains("value=\"22\" selected") && again.html().contains("value=\"7\" selected"));
        w.staff(Role::FrontDesk).await.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await
            .must_say("no mail about messages; no mail from 10:00 PM to 7:00 AM");
        // 11 PM on March 13, 2027, in New York: at 2 AM the clocks go forward.
        w.clock.advance_seconds((102 * 24 + 13) * 3_600);
        document_told(w, &ana).await;
        assert_eq!(w.unread_to(&ana.email).await, 0, "it waits");
        let due: Timestamp = w.look(|c| {
            outbox::table.filter(outbox::kind.eq("documents.something_new")).select(outbox::due_at).first(c)
        }).await;
        assert_eq!(due.to_string(), "2027-03-14T11:00:00Z", "7 AM, an hour sooner than on other days");
        // What guards the sign-in comes at any hour.
        let mut stranger = w.browser();
        let forgot = stranger.get("/riverbend/forgot").await;
        stranger.submit(&forgot, "/riverbend/forgot", &[("address", &ana.email)]).await;
        assert!(w.mail_to(&ana.email).await.subject.contains("password"));
        w.clock.advance_seconds(7 * 3_600 - 1);
        assert_eq!(w.unread_to(&ana.email).await, 0);
        w.clock.advance_seconds(1);
        let mail = w.mail_to(&ana.email).await;
        assert!(!mail.text.contains("Plan"), "{}", mail.text);
        // By day at once; about messages never.
        let address = thread_of_practice(w, &own.name).await;
        assert!(address.starts_with("/portal/messages/"));
        w.clock.advance_seconds(3_600);
        w.run_due_jobs().await;
        assert_eq!(w.unread_to(&ana.email).await, 0, "no mail about messages");
        document_told(w, &ana).await;
        w.mail_to(&ana.email).await;
    }

    async fn case_31_an_account_of_another_practice_is_used_by_whoever_is_signed_in_to_it(w: &mut World) {
        // Rosa has a sign-in at Riverbend; at Twin Oaks she is handed a chart.
        let ben = w.chart("Ben", "Okafor").await;
        let rosa = contact(w, &ben, "Rosa", "rosa@example.com").await;
        let id = account(w, "rosa@example.com").await;
        let at_riverbend = grant(w, &w.riverbend.scope, &id, &rosa, &ben.chart_id, Some(Right::ALL)).await;
        set(w, at_riverbend, Terms { basis: Some(Basis::ClientChoice), ..Terms::default() }).await;
        let scope = w.twinoaks.scope.clone();
        let child = TypedPerson { first_name: "Lia".into(), last_name: "Moss".into(), ..TypedPerson::default() }.born("2015-05-05");
        let mother = TypedPerson {
            first_name: "Rosa".into(),
            last_name: "Moss".into(),
            emails: vec![TypedAddress::mailable("rosa@example.com")],
            ..TypedPerson::default()
        };
        let sheet = Typed { client: child, contacts: vec![TypedContact { person: mother, relation: "parent".into(), ..TypedContact::default() }], ..Typed::default() };
        let lia = w.chart_of(&scope, sheet).await;
        let of = lia.chart_id;
        let to: PersonId = w.look(move |c| {
            related_contact::table.filter(related_contact::chart_id.eq(of)).select(related_contact::person_id).first(c)
        }).await;
        let base = format!("/staff/charts/{}", lia.chart_id);
        let mut desk = w.staff_of(&w.twinoaks, Role::Administrator).await;
        let list = desk.get(&format!("{base}/change-owner?to={to}")).await;
        desk.submit(&list, "/change-owner", &[("reason", "Asked for."), ("authorised_by", "The mother")]).await.must_be(303);
        let form = desk.get(&format!("{base}/access/invite")).await;
        desk.submit(&form, "/access/invite", &[]).await.must_be(303);
        let mail = w.mail_to("rosa@example.com").await;
        let link = w.link_in(&mail);
        assert!(link.starts_with("/twinoaks/i/"), "{link}");
        let typed = [
            ("last_name", "Moss"), ("year", "2015"), ("month", "5"), ("day", "5"),
            ("sign_in_name", "rosa@example.com"), ("sign_in_password", PASSWORD), ("how", "existing"),
        ];
        // A browser that is not signed in there learns nothing of Riverbend's sign-ins.
        let mut stranger = w.browser();
        let page = stranger.get(&link).await;
        let asked = stranger.submit(&page, "/i/", &[("how", "switch-existing")]).await;
        let asked = if asked.is_redirect() { stranger.follow(&asked).await } else { asked };
        asked.must_say("Is your sign-in with another practice?");
        stranger.submit(&asked, "/i/", &typed).await.must_be(422);
        // Signed in at Riverbend, a wrong password opens nothing either.
        let mut phone = sign_in(w, "rosa@example.com").await;
        let page = phone.get(&link).await;
        let wrong: Vec<_> = typed.iter().map(|(n, v)| if *n == "sign_in_password" { (*n, "not hers at all") } else { (*n, *v) }).collect();
        phone.submit(&page, "/i/", &wrong).await.must_be(422);
        let done = phone.submit(&page, "/i/", &typed).await;
        done.must_be(303);
        assert_eq!(done.location(), Some("/twinoaks/welcome"));
        let accounts: i64 = w.look(|c| portal_account::table.count().get_result(c)).await;
        assert_eq!(accounts, 1, "no second registration");
        let held: (Option<PracticeId>, String) = w.look(move |c| {
            portal_access::table.filter(portal_access::chart_id.eq(of)).filter(portal_access::person_id.eq(to))
                .select((portal_access::account_practice_id, portal_access::state)).first(c)
        }).await;
        assert_eq!(held, (Some(*w.riverbend.scope.id()), "active".to_owned()));
        // One sign-in, two charts, at either practice's page.
        phone.get("/portal/switch").await.must_be(200).must_say("Ben").must_say("Lia");
        let mut there = w.browser();
        let page = there.get("/twinoaks/sign-in").await;
        there.submit(&page, "/sign-in", &[("name", "rosa@example.com"), ("password", PASSWORD)]).await.must_be(303);
        there.get("/portal").await.must_be(200).must_say("Lia");
        // Revoked at Twin Oaks, she keeps Riverbend's.
        let access: AccessId = w.look(move |c| {
            portal_access::table.filter(portal_access::chart_id.eq(of)).filter(portal_access::person_id.eq(to)).select(portal_access::access_id).first(c)
        }).await;
        let page = desk.get(&format!("{base}/grants/{access}/revoke")).await;
        desk.submit(&page, "/revoke", &[("reason", "Asked for.")]).await.must_be(303);
        phone.get("/portal/switch").await.must_not_say("Lia");
        sign_in(w, "rosa@example.com").await.get("/portal/documents").await.must_be(200);
    }
}

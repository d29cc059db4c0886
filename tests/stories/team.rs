//! The team: inviting, roles, disabling, and that an administrator is always left.

use anteroom::features::staff::{self, NewStaff};
use anteroom::kernel::email::EmailAddress;
use anteroom::platform::permissions::Role;

use crate::stories;
use crate::support::{PASSWORD, Page, World};

const NEW: &str = "seven slow herons at dusk";

fn path(w: &World, role: Role) -> String {
    format!("/staff/team/{}", w.riverbend.member(role).staff_id)
}

fn is_out(page: &Page) -> bool {
    page.status() == 303 && page.location().is_some_and(|to| to.contains("/staff/sign-in"))
}

/// A second administrator, with the usual password.
async fn second_administrator(w: &World) -> String {
    let new = NewStaff {
        email: EmailAddress::parse("second@example.org").expect("an address"),
        name: "Second Sample".into(),
        role: Role::Administrator,
    };
    let by = w.riverbend.by(Role::Administrator);
    let id = staff::add(&w.app, &w.riverbend.scope, by, new).await.expect("no fault").expect("added");
    let password = anteroom::kernel::secrets::Secret::new(PASSWORD.into());
    staff::set_password(&w.app, &w.riverbend.scope, id, password).await.expect("no fault");
    id.to_string()
}

stories! {
    async fn an_invited_staff_member_chooses_a_password_and_works(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/team/new").await;
        let fields = [("name", "Ines Sample"), ("email", "Ines@Example.org"), ("role", "clinician")];
        admin.submit_and_follow(&page, "/staff/team/new", &fields).await.must_say("on its way").must_say("Ines Sample");
        let mail = w.mail_to("Ines@Example.org").await;
        assert!(mail.text.contains("December 8, 2026"), "seven days, in words: {}", mail.text);
        let link = w.link_in(&mail);
        let mut ines = w.browser();
        let set = ines.get(&link).await;
        set.must_say("Ines Sample");
        ines.submit_and_follow(&set, "/staff/password/", &[("password", NEW)]).await.must_say("Sign in with it");
        let fields = [("email", "ines@example.org"), ("password", NEW), ("back", "")];
        let answer = ines.post("/riverbend/staff/sign-in", &fields).await;
        assert_eq!(answer.location(), Some("/staff"), "{}", answer.words());
        ines.get("/staff/me").await.must_say("Clinician");
        // A double click adds nobody and mails nothing more; it answers as the first did.
        let seen = w.unread_to("Ines@Example.org").await;
        let fields = [("name", "Ines Sample"), ("email", "Ines@Example.org"), ("role", "clinician")];
        admin.submit_and_follow(&page, "/staff/team/new", &fields).await.must_say("on its way");
        assert_eq!(w.unread_to("Ines@Example.org").await, seen);
        // The same address twice is refused in words.
        let page = admin.get("/staff/team/new").await;
        let again = [("name", "Ines Again"), ("email", "INES@example.org"), ("role", "biller")];
        admin.submit(&page, "/staff/team/new", &again).await.must_be(422).must_say("has this e-mail address already");
    }

    async fn an_invitation_of_staff_ends_after_seven_days_and_can_be_sent_again(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/team/new").await;
        let fields = [("name", "Late Sample"), ("email", "late@example.org"), ("role", "biller")];
        admin.submit_and_follow(&page, "/staff/team/new", &fields).await;
        let late = w.app.db.read(&w.riverbend.scope, |c| staff::find_by_email(c, "late@example.org")).await;
        let member = format!("/staff/team/{}", late.expect("no fault").expect("added").staff_id);
        let mail = w.mail_to("late@example.org").await;
        let link = w.link_in(&mail);
        w.clock.advance_seconds(7 * 86_400);
        w.browser().get(&link).await.must_be(410).must_say("It has expired");
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&member).await;
        admin.submit_and_follow(&page, "/link", &[]).await.must_say("on its way");
        let mail = w.mail_to("late@example.org").await;
        let fresh = w.link_in(&mail);
        assert_ne!(fresh, link);
        w.browser().get(&fresh).await.must_be(200);
    }

    async fn ses_06_a_new_role_holds_from_the_next_click(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/team").await.must_be(403);
        let page = admin.get(&path(w, Role::FrontDesk)).await;
        admin.submit_and_follow(&page, "/role", &[("role", "administrator")]).await.must_say("The role has changed");
        desk.get("/staff/team").await.must_be(200);
        let page = admin.get(&path(w, Role::FrontDesk)).await;
        admin.submit_and_follow(&page, "/role", &[("role", "biller")]).await;
        desk.get("/staff/team").await.must_be(403);
        // A form that shows what is no longer so changes nothing.
        let stale = admin.submit(&page, "/role", &[("role", "clinician")]).await;
        stale.must_be(409);
    }

    async fn ses_06_whoever_is_disabled_is_out_at_once_and_stays_out(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let email = w.riverbend.member(Role::FrontDesk).email.clone();
        w.browser().post("/riverbend/staff/forgot", &[("email", &email)]).await;
        let mail = w.mail_to(&email).await;
        let link = w.link_in(&mail);
        let page = admin.get(&format!("{}/disable", path(w, Role::FrontDesk))).await;
        page.must_say("They are signed out at once");
        admin.submit_and_follow(&page, "/disable", &[]).await.must_say("They can no longer sign in");
        assert!(is_out(&desk.get("/staff/me").await));
        let fields = [("email", email.as_str()), ("password", PASSWORD), ("back", "")];
        w.browser().post("/riverbend/staff/sign-in", &fields).await.must_be(422).must_say("e-mail address or the password is wrong");
        w.browser().get(&link).await.must_be(404);
        w.browser().post(&link, &[("password", NEW)]).await.must_be(404);
        let page = admin.get(&path(w, Role::FrontDesk)).await;
        admin.submit_and_follow(&page, "/enable", &[]).await.must_say("can sign in again");
        let answer = w.browser().post("/riverbend/staff/sign-in", &fields).await;
        assert_eq!(answer.location(), Some("/staff"));
    }

    async fn whoever_made_api_keys_is_disabled_with_a_word_about_each(w: &mut World) {
        let second = second_administrator(w).await;
        let audience = anteroom::platform::web::session::Audience::Staff;
        let mut maker = w.signed_in(&w.riverbend.scope, audience, second.clone()).await;
        let form = maker.get("/staff/api-keys").await;
        let made = maker.submit(&form, "/staff/api-keys", &[("name", "Intake sync"), ("scopes", "charts:read")]).await;
        made.must_say("Intake sync");
        let html = made.html();
        let from = html.find("value=\"anteroom.").expect("the key's text") + "value=\"".len();
        let key: String = html[from..].chars().take_while(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
        let mut program = w.browser().with("authorization", &format!("Bearer {key}"));
        program.get("/api/v1/charts").await.must_be(200);

        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&format!("/staff/team/{second}/disable")).await;
        page.must_say("Intake sync").must_say("Revoke these keys now");
        let undecided = admin.submit(&page, "/disable", &[]).await;
        undecided.must_be(422).must_say("Choose whether their API keys are revoked").must_say("Intake sync");
        maker.get("/staff/me").await.must_be(200);
        let kept = admin.submit_and_follow(&page, "/disable", &[("keys", "keep")]).await;
        kept.must_say("They can no longer sign in");
        program.get("/api/v1/charts").await.must_be(200);

        let page = admin.get(&format!("/staff/team/{second}")).await;
        admin.submit(&page, "/enable", &[]).await;
        let page = admin.get(&format!("/staff/team/{second}/disable")).await;
        admin.submit(&page, "/disable", &[("keys", "revoke")]).await;
        program.get("/api/v1/charts").await.must_be(401);
        // Nothing is asked where there is nothing to decide.
        let page = admin.get(&format!("{}/disable", path(w, Role::FrontDesk))).await;
        page.must_not_say("Revoke these keys now");
    }

    async fn the_last_administrator_can_neither_leave_nor_be_removed(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&path(w, Role::Administrator)).await;
        let refused = admin.submit(&page, "/role", &[("role", "clinician")]).await;
        refused.must_be(422).must_say("without an administrator");
        let page = admin.get(&format!("{}/disable", path(w, Role::Administrator))).await;
        let refused = admin.submit(&page, "/disable", &[]).await;
        refused.must_be(422).must_say("without an administrator");
        admin.get("/staff/team").await.must_be(200);
        // With a second one it goes, and that one is then the last.
        let second = second_administrator(w).await;
        let page = admin.get(&path(w, Role::Administrator)).await;
        let done = admin.submit(&page, "/role", &[("role", "clinician")]).await;
        assert_eq!(done.location(), Some("/staff?done=saved"));
        admin.get("/staff/team").await.must_be(403);
        let mut other = w.signed_in(&w.riverbend.scope, anteroom::platform::web::session::Audience::Staff, second.clone()).await;
        let page = other.get(&format!("/staff/team/{second}/disable")).await;
        other.submit(&page, "/disable", &[]).await.must_be(422);
    }

    async fn two_administrators_who_remove_each_other_leave_one(w: &mut World) {
        let second = second_administrator(w).await;
        let first = w.riverbend.member(Role::Administrator).staff_id.to_string();
        let mut one = w.staff(Role::Administrator).await;
        let mut two = w.signed_in(&w.riverbend.scope, anteroom::platform::web::session::Audience::Staff, second.clone()).await;
        let page_one = one.get(&format!("/staff/team/{second}/disable")).await;
        let page_two = two.get(&format!("/staff/team/{first}/disable")).await;
        let (a, b) = tokio::join!(
            one.submit(&page_one, "/disable", &[]),
            two.submit(&page_two, "/disable", &[]),
        );
        let alive = [one.get("/staff/team").await.status(), two.get("/staff/team").await.status()];
        assert_eq!(alive.iter().filter(|s| **s == 200).count(), 1, "{} {} {alive:?}", a.status(), b.status());
    }

    async fn ses_07_an_administrator_ends_anybodys_sessions(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = admin.get(&path(w, Role::FrontDesk)).await;
        admin.submit_and_follow(&page, &format!("{}/sign-out", path(w, Role::FrontDesk)), &[]).await;
        assert!(is_out(&desk.get("/staff/me").await));
    }

    async fn the_team_of_another_practice_is_not_there(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let foreign = w.twinoaks.member(Role::FrontDesk).staff_id;
        let own = admin.get(&path(w, Role::FrontDesk)).await;
        let token = own.form("/role").fields.iter().find(|(n, _)| n == "csrf").expect("a token").1.clone();
        for id in [foreign.to_string(), "not-an-id".into(), "019ac000-0000-7000-8000-000000000000".into()] {
            admin.get(&format!("/staff/team/{id}")).await.must_be(404);
            for what in ["disable", "enable", "link", "sign-out"] {
                admin.post(&format!("/staff/team/{id}/{what}"), &[("csrf", &token)]).await.must_be(404);
            }
        }
        let mut theirs = w.staff_of(&w.twinoaks, Role::FrontDesk).await;
        theirs.get("/staff/me").await.must_be(200);
    }

    async fn only_administrators_see_team_practice_and_trail(w: &mut World) {
        for role in [Role::Clinician, Role::FrontDesk, Role::Biller] {
            let mut browser = w.staff(role).await;
            for place in ["/staff/team", "/staff/team/new", "/staff/practice", "/staff/practice/policies",
                          "/staff/practice/questions", "/staff/audit", "/staff/audit/check"] {
                browser.get(place).await.must_be(403);
            }
            let page = browser.get("/staff/me").await;
            page.must_not_say("/staff/team").must_not_say("/staff/audit");
        }
    }
}

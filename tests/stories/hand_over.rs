//! Change Ownership and its undo. The numbers are those of the acceptance cases of rights.

use anteroom::features::access::actions::{self, Act, Authority, Target, preview_owner};
use anteroom::features::access::permission::Basis;
use anteroom::kernel::clock::Clock as _;
use anteroom::kernel::ids::{AccessId, ChartId, PersonId};
use anteroom::platform::audit::{Actor, By};
use anteroom::platform::db::schema::{chart, invitation, person, portal_access};
use anteroom::platform::permissions::{Level, Right, Role, Scope};
use diesel::prelude::*;

use crate::access::contact;
use crate::portal_people::{account, document, enrolled, grant, sign_in};
use crate::rights::{Terms, level, sees_nothing, send, set};
use crate::stories;
use crate::support::world::Client;
use crate::support::{PASSWORD, World};

const HOUR: u32 = 3_600;

/// The page that says what a change of the owner to this person does.
fn list_for(of: &Client, to: PersonId) -> String {
    format!("/staff/charts/{}/change-owner?to={to}", of.chart_id)
}

const WHY: [(&str, &str); 2] = [("reason", "Asked for."), ("authorised_by", "The client")];

/// Staff hand the chart over to this person, by the form.
pub async fn hand_over(w: &World, of: &Client, to: PersonId) {
    let mut desk = w.staff(Role::Administrator).await;
    let list = desk.get(&list_for(of, to)).await;
    desk.submit_and_follow(&list, "/change-owner", &WHY).await;
}

async fn owner_of(w: &World, id: ChartId) -> PersonId {
    w.look(move |c| chart::table.filter(chart::chart_id.eq(id)).select(chart::owner_person_id).first(c)).await
}

async fn role_and_rights(w: &World, access: AccessId) -> (String, String) {
    w.look(move |c| {
        portal_access::table
            .filter(portal_access::access_id.eq(access))
            .select((portal_access::role, portal_access::rights))
            .first(c)
    })
    .await
}

/// Numbers that look random and are the same in each run.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let sides = u64::try_from(of.len()).expect("a short list");
        &of[usize::try_from(self.roll(sides)).expect("an index")]
    }
}

/// Gives a grant a random standing.
async fn shuffle(w: &World, dice: &mut Dice, access: AccessId, is_owner: bool) {
    let basis = *dice.pick(&[Basis::Parent, Basis::AdultGuardian, Basis::ClientChoice, Basis::Other]);
    let rights =
        *dice.pick(&["", "billing:view", "documents messages", "appointments billing documents:view forms"]);
    let starts_on = *dice.pick(&[None, None, Some("2026-11-01"), Some("2026-12-24")]);
    let ends_on = *dice.pick(&[None, None, Some("2026-11-30"), Some("2026-12-01"), Some("2027-01-01")]);
    let state = *dice.pick(&["active", "active", "active", "none", "revoked"]);
    let paused = (state == "active" && dice.roll(5) == 0).then(|| w.clock.now());
    let role =
        if is_owner { "owner" } else { *dice.pick(&["representative", "representative", "former_owner"]) };
    w.tamper(move |c| {
        diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
            .set((
                portal_access::basis.eq(basis),
                portal_access::rights.eq(rights),
                portal_access::starts_on.eq(starts_on),
                portal_access::ends_on.eq(ends_on),
                portal_access::state.eq(state),
                portal_access::paused_at.eq(paused),
                portal_access::role.eq(role),
            ))
            .execute(c)
    })
    .await;
}

/// How far each right of a grant goes now, as the program decides.
async fn levels(w: &World, access: AccessId) -> Vec<Level> {
    let mut all = Vec::new();
    for right in Right::ALL {
        all.push(level(w, access, *right).await);
    }
    all
}

stories! {
    async fn whoever_owns_the_chart_already_is_told_so_and_a_field_that_may_stay_empty_says_so(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let joan = contact(w, &leo, "Joan", "joan@example.com").await;
        w.tamper(move |c| {
            let hers = person::table.filter(person::person_id.eq(joan));
            diesel::update(hers).set(person::birth_date.eq("1980-01-01")).execute(c)
        })
        .await;
        let mut desk = w.staff(Role::Administrator).await;
        let list = desk.get(&list_for(&leo, joan)).await;
        // A minor's chart goes to an adult: nothing has to be said.
        list.must_be(200).must_say("Reason (optional)");
        desk.submit_and_follow(&list, "/change-owner", &[]).await;
        desk.get(&list_for(&leo, joan)).await.must_say("This person owns the chart already.");
        // An adult's chart: both are needed.
        let ana = w.chart("Ana", "Duarte").await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        desk.get(&list_for(&ana, rosa)).await.must_be(200).must_not_say("(optional)");
    }

    async fn case_60_a_responsible_party_under_age_or_without_a_birth_date_is_a_question_at_its_fields(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let nameless = contact(w, &leo, "Joan", "joan@example.com").await;
        let young = contact(w, &leo, "Nico", "nico@example.com").await;
        w.tamper(move |c| {
            let his = person::table.filter(person::person_id.eq(young));
            diesel::update(his).set(person::birth_date.eq("2010-01-01")).execute(c)
        })
        .await;
        let mut desk = w.staff(Role::Administrator).await;
        for to in [nameless, young] {
            let list = desk.get(&list_for(&leo, to)).await;
            list.must_be(200).must_not_say("(optional)");
            let refused = desk.submit(&list, "/change-owner", &[("reason", "Asked for.")]).await;
            refused.must_be(422);
            let page = if refused.is_redirect() { desk.follow(&refused).await } else { refused };
            assert!(page.html().contains("id=\"e-authorised_by\""), "the error stands at its field");
            assert!(page.html().contains("value=\"Asked for.\""), "what was typed is kept");
            assert_eq!(owner_of(w, leo.chart_id).await, leo.person_id, "nothing is saved");
        }
        // A contact without a birth date stands on the face sheet like any other.
        let edit = format!("/staff/charts/{}/edit", leo.chart_id);
        let form = desk.get(&edit).await;
        desk.submit(&form, &edit, &[("pronouns", "he/him")]).await.must_be(303);
        let list = desk.get(&list_for(&leo, nameless)).await;
        desk.submit(&list, "/change-owner", &WHY).await.must_be(303);
        assert_eq!(owner_of(w, leo.chart_id).await, nameless);
    }

    async fn case_25_the_preview_says_what_the_permission_function_says_before_and_after_for_200_random_charts(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "leo.park@example.com").await;
        let mut family = vec![(leo.person_id, enrolled(w, &leo).await.access)];
        for (first, mail) in [("Joan", "joan@example.com"), ("Viktor", "viktor@example.com"), ("Ines", "ines@example.com")] {
            let person = contact(w, &leo, first, mail).await;
            let id = account(w, mail).await;
            let access = grant(w, &w.riverbend.scope, &id, &person, &leo.chart_id, Some(&[Right::Billing])).await;
            family.push((person, access));
        }
        let mut dice = Dice(0x5eed);
        let by = By { actor: Actor::System, source: String::new() };
        for case in 0..200 {
            let born = *dice.pick(&[Some("2012-12-02"), Some("1990-04-12"), None]);
            let at = usize::try_from(dice.roll(4)).expect("an index");
            let (owner, client, chart_id) = (family[at].0, leo.person_id, leo.chart_id);
            w.tamper(move |c| {
                diesel::update(person::table.filter(person::person_id.eq(client)))
                    .set(person::birth_date.eq(born))
                    .execute(c)?;
                diesel::update(chart::table.filter(chart::chart_id.eq(chart_id)))
                    .set(chart::owner_person_id.eq(owner))
                    .execute(c)
            })
            .await;
            for (index, (_, access)) in family.iter().enumerate() {
                shuffle(w, &mut dice, *access, index == at).await;
            }
            let to = loop {
                let (person, _) = *dice.pick(&family);
                if person != owner {
                    break person;
                }
            };
            let mut before = Vec::new();
            for (_, access) in &family {
                before.push(levels(w, *access).await);
            }
            let (app, asked) = (w.app.clone(), by.clone());
            let preview = w
                .app
                .db
                .read(&w.riverbend.scope, move |c| preview_owner(&app, c, &asked, &chart_id, &to))
                .await
                .expect("no fault")
                .expect("a list");
            let act = Act::ChangeOwner {
                to,
                authority: Authority::of("Asked for.".into(), "The client".into()),
                seen: Some(preview.sha256()),
            };
            actions::act(&w.app, &w.riverbend.scope, by.clone(), Target::Owner(chart_id), act)
                .await
                .expect("no fault")
                .expect("nothing changed since the list was made");
            for ((person, access), before) in family.iter().zip(before) {
                let change = preview.people.iter().find(|change| change.person == *person).expect("everybody is listed");
                let said: Vec<(Level, Level)> = Right::ALL.iter().map(|right| change.levels(*right)).collect();
                let is: Vec<(Level, Level)> = before.into_iter().zip(levels(w, *access).await).collect();
                assert_eq!(said, is, "case {case}, {}", change.name);
            }
        }
    }

    async fn case_25_a_list_that_is_no_longer_true_is_not_confirmed_and_the_new_one_is_shown(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let mut desk = w.staff(Role::Administrator).await;
        let list = desk.get(&list_for(&ana, rosa)).await;
        list.must_say("Make Rosa Contact the chart owner?").must_say("Signed out everywhere, at once.");
        list.must_say("Gets a mail that the access has ended.").must_say("Afterwards: Chart owner, Not invited.");
        list.must_say("Once invited and registered, sees: Appointments, Bills, Documents");
        // Meanwhile a colleague takes Ana's access away: there is nothing left to end.
        let mut other = w.staff(Role::FrontDesk).await;
        let revoke = format!("/staff/charts/{}/access/revoke", ana.chart_id);
        let form = other.get(&revoke).await;
        other.submit_and_follow(&form, &revoke, &[("reason", "Asked for.")]).await;
        let refused = desk.submit(&list, "/change-owner", &WHY).await;
        refused.must_be(409).must_say("Something changed after this list was made").must_not_say("Signed out everywhere");
        assert!(refused.html().contains("value=\"Asked for.\""), "what was typed is kept");
        assert_eq!(owner_of(w, ana.chart_id).await, ana.person_id);
        desk.submit_and_follow(&refused, "/change-owner", &[]).await.must_say("The chart has a new owner");
        assert_eq!(owner_of(w, ana.chart_id).await, rosa);
        assert_eq!(level(w, own.access, Right::Documents).await, Level::None);
    }

    async fn case_25_the_api_changes_the_owner_only_by_the_hash_of_a_list_that_is_true(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let path = format!("/api/v1/charts/{}/change-owner", ana.chart_id);
        let list = api.get(&format!("{path}?person_id={rosa}")).await;
        list.must_be(200);
        let list: serde_json::Value = serde_json::from_str(&list.answer.text()).expect("JSON");
        assert_eq!(list["authority"], "needed");
        assert_eq!(list["people"][0]["consequences"], serde_json::json!(["signed_out", "mail_ended"]));
        assert_eq!(list["people"][0]["after"]["open"], serde_json::json!([]));
        assert_eq!(list["people"][1]["before"], serde_json::Value::Null);
        let mut change = serde_json::json!({ "person_id": rosa, "reason": "Asked for.", "authorised_by": "The client" });
        send(&mut api, "POST", &path, &change).await.must_be(422).must_say("/preview_sha256");
        change["preview_sha256"] = "0".repeat(64).into();
        let refused = send(&mut api, "POST", &path, &change).await;
        refused.must_be(409).must_say("preview-changed");
        let refused: serde_json::Value = serde_json::from_str(&refused.answer.text()).expect("JSON");
        assert_eq!(refused["preview"], list, "the list that is true");
        change["preview_sha256"] = list["preview_sha256"].clone();
        send(&mut api, "POST", &path, &change).await.must_be(200);
        assert_eq!(owner_of(w, ana.chart_id).await, rosa);
    }

    async fn case_30_of_two_who_hand_over_to_different_people_one_wins_and_there_is_one_owner(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let ines = contact(w, &ana, "Ines", "ines@example.com").await;
        let other = w.neighbour().await;
        let (mut here, mut there) = (w.staff(Role::Administrator).await, other.staff(Role::FrontDesk).await);
        let (mine, theirs) = (here.get(&list_for(&ana, rosa)).await, there.get(&list_for(&ana, ines)).await);
        let (first, second) = tokio::join!(
            here.submit(&mine, "/change-owner", &WHY),
            there.submit(&theirs, "/change-owner", &WHY)
        );
        let mut answers = [first.status(), second.status()];
        answers.sort_unstable();
        assert_eq!(answers, [303, 409]);
        let owner = owner_of(w, ana.chart_id).await;
        assert_eq!(owner, if first.status() == 303 { rosa } else { ines });
        let owners: i64 = w.look(|c| portal_access::table.filter(portal_access::role.eq("owner")).count().get_result(c)).await;
        assert_eq!(owners, 0, "the new owner was never invited, the former one is none");
    }

    async fn case_26_and_28_the_former_owner_sees_nothing_and_an_undo_gives_all_back_until_72_hours_are_over(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        document(w, &ana.chart_id, "For Ana", "Text.").await;
        let mut browser = sign_in(w, &own.name).await;
        browser.get("/portal/documents").await.must_be(200).must_say("For Ana");
        hand_over(w, &ana, rosa).await;
        sees_nothing(&mut browser).await;
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.text.contains("has ended"), "{}", mail.text);
        // Rosa is invited meanwhile.
        let tab = format!("/staff/charts/{}/communications", ana.chart_id);
        let invite = format!("/staff/charts/{}/access/invite", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&tab).await.must_say("This can be undone until Friday, December 4, 2026, 10:00 AM");
        let form = desk.get(&invite).await;
        desk.submit_and_follow(&form, &invite, &[]).await.must_say("Invited");
        w.mail_to("rosa@example.com").await;
        // 71 hours, 59 minutes and 59 seconds later.
        w.clock.advance_seconds(72 * HOUR - 1);
        let undo = format!("/staff/charts/{}/undo-owner", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&undo).await;
        form.must_say("Rosa Contact is the chart owner now");
        desk.submit(&form, &undo, &[]).await.must_be(422).must_say("Say why");
        let done = desk.submit_and_follow(&form, &undo, &[("reason", "A mistake.")]).await;
        done.must_say("Undone.").must_say("undid the change of the chart owner: A mistake.").must_not_say("can be undone until");
        assert_eq!(owner_of(w, ana.chart_id).await, ana.person_id);
        assert_eq!(level(w, own.access, Right::Documents).await, Level::Act);
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.subject.contains("your access is back"), "{}", mail.subject);
        sign_in(w, &own.name).await.get("/portal/documents").await.must_be(200).must_say("For Ana");
        let states: Vec<String> = w.look(|c| invitation::table.select(invitation::state).load(c)).await;
        assert_eq!(states, ["withdrawn"], "Rosa's link is dead");
        // A second click finds nothing to undo.
        desk.submit(&form, &undo, &[("reason", "A mistake.")]).await.must_be(422).must_say("can be undone any more");
    }

    async fn case_28_after_72_hours_nothing_is_undone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        hand_over(w, &ana, rosa).await;
        let undo = format!("/staff/charts/{}/undo-owner", ana.chart_id);
        w.clock.advance_seconds(72 * HOUR - 1);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&undo).await;
        form.must_say("is the chart owner now");
        w.clock.advance_seconds(1);
        desk.submit(&form, &undo, &[("reason", "A mistake.")]).await.must_be(422).must_say("can be undone any more");
        assert_eq!(owner_of(w, ana.chart_id).await, rosa);
    }

    async fn case_28_a_representative_who_became_the_owner_has_the_former_rights_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let id = account(w, "rosa@example.com").await;
        let access = grant(w, &w.riverbend.scope, &id, &rosa, &ana.chart_id, Some(&[Right::Billing])).await;
        let terms = Terms { basis: Some(Basis::ClientChoice), rights: Some("billing:view"), ..Terms::default() };
        set(w, access, terms).await;
        hand_over(w, &ana, rosa).await;
        assert_eq!(level(w, access, Right::Documents).await, Level::Act);
        let mut browser = sign_in(w, "rosa@example.com").await;
        browser.get("/portal/documents").await.must_be(200);
        let undo = format!("/staff/charts/{}/undo-owner", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&undo).await;
        desk.submit_and_follow(&form, &undo, &[("reason", "A mistake.")]).await;
        browser.get("/portal/documents").await.must_be(404);
        let now = role_and_rights(w, access).await;
        assert_eq!(now, ("representative".to_owned(), "billing:view".to_owned()));
    }

    async fn only_the_newest_change_of_the_owner_is_undone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let ines = contact(w, &ana, "Ines", "ines@example.com").await;
        hand_over(w, &ana, rosa).await;
        w.clock.advance_seconds(60);
        hand_over(w, &ana, ines).await;
        let undo = format!("/staff/charts/{}/undo-owner", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&undo).await;
        desk.submit_and_follow(&form, &undo, &[("reason", "A mistake.")]).await;
        assert_eq!(owner_of(w, ana.chart_id).await, rosa);
        desk.submit(&form, &undo, &[("reason", "A mistake.")]).await.must_be(422);
        assert_eq!(owner_of(w, ana.chart_id).await, rosa);
    }

    async fn case_28_the_api_undoes_a_change_of_the_owner(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let undo = format!("/api/v1/charts/{}/undo-change-owner", ana.chart_id);
        let reason = serde_json::json!({ "reason": "A mistake." });
        send(&mut api, "POST", &undo, &reason).await.must_be(409).must_say("nothing-to-undo");
        hand_over(w, &ana, rosa).await;
        assert_eq!(level(w, own.access, Right::Documents).await, Level::None);
        send(&mut api, "POST", &undo, &reason).await.must_be(200);
        assert_eq!(owner_of(w, ana.chart_id).await, ana.person_id);
        assert_eq!(level(w, own.access, Right::Documents).await, Level::Act);
        send(&mut api, "POST", &undo, &reason).await.must_be(409);
    }

    async fn case_27_what_a_former_owner_asked_for_stays_visible_and_can_be_closed(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let mut browser = sign_in(w, &own.name).await;
        let path = "/portal/information/name";
        let form = browser.get(path).await;
        browser.submit(&form, path, &[("last_name", "Silva")]).await.must_be(303);
        hand_over(w, &ana, rosa).await;
        browser.submit(&form, path, &[("last_name", "Silveira")]).await.must_be(303);
        let review = format!("/staff/charts/{}/information", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/information").await.must_say("Ana Duarte");
        let page = desk.get(&review).await;
        page.must_say("Silva").must_not_say("Silveira");
        desk.submit(&page, &review, &[("do-0", "leave"), ("why-0", "She no longer owns the chart.")]).await.must_be(303);
        desk.get("/staff/information").await.must_say("All done");
        w.mail_has_settled().await;
        let decided: i64 = w.look(|c| {
            use anteroom::platform::db::schema::outbox;
            outbox::table.filter(outbox::kind.eq("information.decided")).count().get_result(c)
        }).await;
        assert_eq!(decided, 0, "nobody who lost the access is written to");
    }

    async fn case_31_a_new_owner_who_has_a_sign_in_uses_it_and_registers_no_second(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let ben = w.chart("Ben", "Okafor").await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let id = account(w, "rosa@example.com").await;
        let elsewhere = grant(w, &w.riverbend.scope, &id, &rosa, &ben.chart_id, Some(Right::ALL)).await;
        set(w, elsewhere, Terms { basis: Some(Basis::ClientChoice), ..Terms::default() }).await;
        hand_over(w, &ana, rosa).await;
        let invite = format!("/staff/charts/{}/access/invite", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&invite).await;
        desk.submit_and_follow(&form, &invite, &[]).await;
        let mail = w.mail_to("rosa@example.com").await;
        let link = w.link_in(&mail);
        let day: Vec<&str> = ana.born.split('-').collect();
        let right = [("last_name", "Duarte"), ("year", day[0]), ("month", day[1]), ("day", day[2])];
        let with = |more: &[(&'static str, &'static str)]| -> Vec<(&str, &str)> {
            right.iter().copied().chain(more.iter().copied()).collect()
        };
        let mut phone = w.browser();
        let page = phone.get(&link).await;
        // A new sign-in is not made; the one that they have is asked for.
        let asked = phone.submit(&page, "/i/", &with(&[("password", PASSWORD), ("how", "new")])).await;
        let asked = if asked.is_redirect() { phone.follow(&asked).await } else { asked };
        // In her language, Spanish.
        asked.must_say("Usted ya tiene una cuenta con");
        let own = with(&[("sign_in_name", "rosa@example.com"), ("sign_in_password", PASSWORD), ("how", "existing")]);
        phone.submit(&asked, "/i/", &own).await.must_be(303);
        let accounts: i64 = w.look(|c| {
            use anteroom::platform::db::schema::portal_account;
            portal_account::table.count().get_result(c)
        }).await;
        assert_eq!(accounts, 2, "Ana's and Rosa's");
        sign_in(w, "rosa@example.com").await.get("/portal/switch").await.must_say("Ana").must_say("Ben");
    }
}

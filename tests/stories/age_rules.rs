//! What limits an access besides its terms: rules by age, the minor's assent, what is withheld, majority by a
//! court's word, death. The numbers are those of the acceptance cases of rights.

use anteroom::features::access::actions::{self, Act, GrantTerms, Target};
use anteroom::features::access::permission::{Basis, ItemKind, Withheld};
use anteroom::kernel::ids::{AccessId, AgeRuleId};
use anteroom::platform::db::schema::{age_rule, outbox};
use anteroom::platform::outbox::Delivery;
use anteroom::platform::permissions::{Level, Right, Role};
use diesel::prelude::*;
use jiff::civil::date;

use crate::access::contact;
use crate::portal_people::{account, charge, document, enrolled, grant, sign_in};
use crate::rights::{Terms, level, mother_of, sees_nothing, set};
use crate::rights_cases::bare;
use crate::stories;
use crate::support::world::Client;
use crate::support::{Page, World};

const HOUR: u32 = 3_600;

/// An administrator adds a rule for parents by the page.
async fn add_rule(w: &World, fields: &[(&str, &str)]) {
    let mut admin = w.staff(Role::Administrator).await;
    let form = admin.get("/staff/practice/age-rules/new").await;
    let usual = [("basis", "parent"), ("source", "Counsel, November 2026"), ("confirmed", "yes")];
    let all: Vec<(&str, &str)> = usual.iter().chain(fields).copied().collect();
    admin.submit_and_follow(&form, "/staff/practice/age-rules/new", &all).await.must_say("Saved.");
}

/// The page that ends the only rule.
async fn end_of(w: &World) -> String {
    let id: AgeRuleId = w.look(|c| age_rule::table.select(age_rule::rule_id).first(c)).await;
    format!("/staff/practice/age-rules/{id}/end")
}

/// What the first button of this name sends.
pub fn button_value(page: &Page, name: &str) -> String {
    let html = page.answer.text();
    let (_, from) = html.split_once(&format!("name=\"{name}\" value=\"")).expect("a button of this name");
    from.split('"').next().expect("a value").to_owned()
}

/// The client's own access, and a partner's whom the client chose.
async fn partner_of(w: &World, client: &Client) -> AccessId {
    let email = "robin@example.com";
    let robin = contact(w, client, "Robin", email).await;
    let id = account(w, email).await;
    let access = grant(w, &w.riverbend.scope, &id, &robin, &client.chart_id, Some(Right::ALL)).await;
    set(w, access, Terms { basis: Some(Basis::ClientChoice), ..Terms::default() }).await;
    access
}

stories! {
    // The practice is in New York and its clock stands at 10 AM of December 1, 2026.
    async fn case_14_a_rule_takes_at_the_first_instant_of_the_birthday_and_nothing_runs_for_it(w: &mut World) {
        add_rule(w, &[("from_age", "12"), ("documents", "none"), ("effective_from", "2026-12-02")]).await;
        let leo = w.chart_with("Leo", "Park", "2014-12-03", "").await;
        let (name, access) = mother_of(w, &leo).await;
        document(w, &leo.chart_id, "For Leo", "Text.").await;
        // 11:59:59 PM of December 2.
        w.clock.advance_seconds(38 * HOUR - 1);
        let mut browser = sign_in(w, &name).await;
        browser.get("/portal/documents").await.must_be(200).must_say("For Leo");
        w.clock.advance_seconds(1);
        browser.get("/portal/documents").await.must_be(404);
        browser.get("/portal").await.must_be(200).must_not_say("For Leo");
        browser.get("/portal/account").await.must_be(200);
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
        assert_eq!(level(w, access, Right::Billing).await, Level::Act);
    }

    async fn case_16_a_rule_holds_from_the_age_on_and_neither_a_day_before_nor_for_others(w: &mut World) {
        add_rule(w, &[("from_age", "12"), ("documents", "view"), ("effective_from", "2026-12-02")]).await;
        w.clock.advance_seconds(24 * HOUR);
        for (born, wanted) in
            [("2014-12-01", Level::View), ("2014-12-02", Level::View), ("2014-12-03", Level::Act)]
        {
            let leo = w.chart_with("Leo", "Park", born, "").await;
            let joan = contact(w, &leo, "Joan", "joan@example.com").await;
            let id = account(w, &format!("joan.{born}@example.com")).await;
            let scope = w.riverbend.scope.clone();
            let access = grant(w, &scope, &id, &joan, &leo.chart_id, Some(Right::ALL)).await;
            set(w, access, Terms { basis: Some(Basis::Parent), ..Terms::default() }).await;
            assert_eq!(level(w, access, Right::Documents).await, wanted, "born {born}");
            set(w, access, Terms { basis: Some(Basis::InLocoParentis), ..Terms::default() }).await;
            assert_eq!(level(w, access, Right::Documents).await, Level::Act, "the rule names parents alone");
        }
    }

    async fn case_19_a_birth_date_that_lets_a_parent_see_more_is_saved_with_a_reason_alone(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2008-11-01", "").await;
        let (_, access) = mother_of(w, &leo).await;
        assert_eq!(level(w, access, Right::Documents).await, Level::None, "Leo is 18");
        let edit = format!("/staff/charts/{}/edit", leo.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&edit).await;
        form.must_not_say("Reason for the date of birth");
        let younger = [("birth_year", "2010")];
        let refused = desk.submit(&form, "/edit", &younger).await;
        refused.must_be(422).must_say("somebody sees more of the chart than before");
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
        desk.submit_and_follow(&refused, "/edit", &[("birth_reason", "His birth certificate.")]).await;
        assert_eq!(level(w, access, Right::Documents).await, Level::Act);
        // Back again, by which she sees less: at once.
        let form = desk.get(&edit).await;
        desk.submit_and_follow(&form, "/edit", &[("birth_year", "2008")]).await;
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
    }

    async fn case_20_a_rule_of_a_day_to_come_changes_nothing_today_and_ends_after_its_last_day(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-06-01", "").await;
        let (_, access) = mother_of(w, &leo).await;
        let mut admin = w.staff(Role::Administrator).await;
        let form = admin.get("/staff/practice/age-rules/new").await;
        let fields = [
            ("from_age", "13"),
            ("basis", "parent"),
            ("billing", "none"),
            ("effective_from", "2026-12-01"),
            ("source", "Counsel"),
        ];
        let refused = admin.submit(&form, "/staff/practice/age-rules/new", &fields).await;
        refused.must_be(422).must_say("A rule counts only once it is confirmed.");
        let refused = admin.submit(&refused, "/staff/practice/age-rules/new", &[("confirmed", "yes")]).await;
        refused.must_be(422).must_say("Choose a first day from tomorrow on.");
        let from_tomorrow = [("effective_from", "2026-12-02")];
        admin.submit_and_follow(&refused, "/staff/practice/age-rules/new", &from_tomorrow).await;
        let again = admin.submit(&refused, "/staff/practice/age-rules/new", &from_tomorrow).await;
        again.must_be(422).must_say("There is a rule for this age from this day on.");
        assert_eq!(level(w, access, Right::Billing).await, Level::Act);
        // One that has not begun is removed, and can be added anew.
        let list = admin.get("/staff/practice/age-rules").await;
        list.must_say("Remove").must_not_say("End after today");
        let asked = admin.get(&end_of(w).await).await;
        asked.must_say("Remove this age rule?");
        admin.submit_and_follow(&asked, "/end", &[]).await.must_say("There is no age rule.");
        admin.submit_and_follow(&refused, "/staff/practice/age-rules/new", &from_tomorrow).await;
        w.clock.advance_seconds(14 * HOUR);
        assert_eq!(level(w, access, Right::Billing).await, Level::None);
        // Ended today, it holds to the end of today.
        let mut admin = w.staff(Role::Administrator).await;
        let list = admin.get("/staff/practice/age-rules").await;
        list.must_say("From the age of 13").must_say("Bills: Nothing").must_say("Parent of a minor");
        let asked = admin.get(&end_of(w).await).await;
        asked.must_say("It holds to the end of today.");
        let ended = admin.submit_and_follow(&asked, "/end", &[]).await;
        ended.must_say("to the end of December 2, 2026").must_not_say("End after today");
        assert_eq!(level(w, access, Right::Billing).await, Level::None);
        w.clock.advance_seconds(24 * HOUR);
        assert_eq!(level(w, access, Right::Billing).await, Level::Act);
    }

    async fn case_21_where_assent_is_asked_for_nothing_is_open_before_it_and_after_it_is_taken_back(w: &mut World) {
        add_rule(w, &[("from_age", "13"), ("assent", "yes"), ("effective_from", "2026-12-02")]).await;
        let leo = w.chart_with("Leo", "Park", "2012-06-01", "").await;
        let (_, access) = mother_of(w, &leo).await;
        w.clock.advance_seconds(24 * HOUR);
        let all_are = async |wanted: Level| {
            for right in Right::ALL {
                assert_eq!(level(w, access, *right).await, wanted, "{right}");
            }
        };
        all_are(Level::None).await;
        let mut desk = w.staff(Role::Clinician).await;
        desk.get(&format!("/staff/charts/{}/communications", leo.chart_id)).await.must_say("before the client has agreed");
        let page = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let form = desk.get(&page).await;
        form.must_say("opens nothing before the client agrees");
        let form = desk.submit_and_follow(&form, "/assent", &[("agrees", "yes")]).await;
        form.must_say("It is recorded that the client agrees");
        all_are(Level::Act).await;
        desk.submit_and_follow(&form, "/assent", &[("agrees", "no")]).await;
        all_are(Level::None).await;
    }

    async fn case_13_what_is_withheld_is_as_if_it_had_never_been(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let access = partner_of(w, &ana).await;
        document(w, &ana.chart_id, "One", "Text.").await;
        charge(w, &ana.chart_id, date(2026, 11, 30), 15_000).await;
        let mut browser = sign_in(w, "robin@example.com").await;
        let pages = ["/portal", "/portal/documents"];
        let mut before = Vec::new();
        for page in pages {
            before.push(bare(&browser.get(page).await.must_be(200).answer.text()));
        }
        // One document.
        let two = document(w, &ana.chart_id, "Two", "Text.").await;
        let what = Withheld::Item(ItemKind::Document, two.uuid());
        let act = Act::Withhold { what, until: None, reason: "Tells of a third person.".into() };
        let by = w.riverbend.by(Role::Clinician);
        let done = actions::act(&w.app, &w.riverbend.scope, by, Target::Grant(access), act).await;
        done.expect("no fault").expect("withheld");
        for (page, then) in pages.iter().zip(&before) {
            assert_eq!(&bare(&browser.get(page).await.answer.text()), then, "{page}");
        }
        browser.get(&format!("/portal/documents/{two}")).await.must_be(404);
        let news: i64 =
            w.look(|c| outbox::table.filter(outbox::kind.like("access.%")).count().get_result(c)).await;
        assert_eq!(news, 0, "somebody hears of it");
        // A whole right, until a day.
        let page = format!("/staff/charts/{}/grants/{access}", ana.chart_id);
        let mut desk = w.staff(Role::Clinician).await;
        let form = desk.get(&page).await;
        form.must_say("A document");
        desk.submit(&form, "/withhold", &[]).await.must_be(422).must_say("Choose what to withhold").must_say("Say why it is withheld");
        let billing = [("kept_right", "billing"), ("kept_until", "2026-12-02"), ("kept_reason", "Endangers Ana.")];
        let form = desk.submit_and_follow(&form, "/withhold", &billing).await;
        form.must_say("Endangers Ana.").must_say("until the end of December 2, 2026");
        browser.get("/portal/account").await.must_be(404);
        browser.get("/portal").await.must_be(200).must_not_say("Endangers").must_not_say("$150.00");
        w.clock.advance_seconds(38 * HOUR);
        assert_eq!(level(w, access, Right::Billing).await, Level::Act);
        let mut desk = w.staff(Role::Clinician).await;
        let form = desk.get(&page).await;
        form.must_not_say("Endangers Ana.");
        let kept = button_value(&form, "kept");
        let given = desk.submit_and_follow(&form, "/give-back", &[("kept", &kept)]).await;
        given.must_say("Given back.").must_not_say("Tells of a third person.");
        let mut browser = sign_in(w, "robin@example.com").await;
        browser.get("/portal/documents").await.must_say("Two");
    }

    async fn row_12_a_minor_whom_a_court_counts_as_an_adult_ends_the_parents_access_and_a_mistake_is_taken_back(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2010-06-01", "").await;
        let (name, access) = mother_of(w, &leo).await;
        let mut browser = sign_in(w, &name).await;
        browser.get("/portal").await.must_be(200);
        let page = format!("/staff/charts/{}/client-status", leo.chart_id);
        let mut desk = w.staff(Role::Clinician).await;
        let form = desk.get(&page).await;
        desk.submit(&form, "/client-status", &[("emancipated_on", "2026-11-30")]).await.must_be(422);
        let order = [("emancipated_on", "2026-11-30"), ("reason", "Order of the county court.")];
        let box_ = desk.submit_and_follow(&form, "/client-status", &order).await;
        box_.must_say("the client is an adult since November 30, 2026");
        sees_nothing(&mut browser).await;
        // Whoever had the page open does not write over it.
        let late = [("deceased_on", "2026-11-30"), ("reason", "A call.")];
        desk.submit(&form, "/client-status", &late).await.must_be(422).must_say("changed after you opened");
        let form = desk.get(&page).await;
        let cleared = [("emancipated_on", ""), ("reason", "Another client's order.")];
        desk.submit_and_follow(&form, "/client-status", &cleared).await;
        assert_eq!(level(w, access, Right::Documents).await, Level::Act);
    }

    async fn case_32_an_invitation_that_waits_when_the_death_is_noted_is_not_sent_and_an_executors_is(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let robin = contact(w, &ana, "Robin", "robin@example.com").await;
        let act = async |target, wanted| {
            let by = w.riverbend.by(Role::Clinician);
            let done = actions::act(&w.app, &w.riverbend.scope, by, target, wanted).await;
            done.expect("no fault").expect("done").access.expect("a grant")
        };
        let terms = GrantTerms {
            basis: Basis::Executor,
            rights: anteroom::platform::permissions::Terms::all(),
            starts_on: None,
            ends_on: None,
        };
        let added = Act::AddRepresentative { person: robin, terms };
        let access = act(Target::Owner(ana.chart_id), added).await;
        w.stop_sending().await;
        w.invite(&ana).await;
        act(Target::Grant(access), Act::Invite { address: None, confirmed: vec![] }).await;
        let mut desk = w.staff(Role::Administrator).await;
        let form = desk.get(&format!("/staff/charts/{}/client-status", ana.chart_id)).await;
        let died = [("deceased_on", "2026-11-29"), ("reason", "A call of the family.")];
        desk.submit_and_follow(&form, "/client-status", &died).await;
        w.start_sending();
        w.mail_to("robin@example.com").await;
        w.mail_has_settled().await;
        assert_eq!(w.unread_to(&ana.email).await, 0);
        let mut states: Vec<Delivery> = w.look(|c| outbox::table.select(outbox::state).load(c)).await;
        states.sort();
        assert_eq!(states, [Delivery::Sent, Delivery::Cancelled]);
    }

    async fn case_33_a_death_ends_every_access_but_an_executors_and_a_mistake_gives_all_back(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let partner = partner_of(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        browser.get("/portal").await.must_be(200);
        let page = format!("/staff/charts/{}/client-status", ana.chart_id);
        let mut desk = w.staff(Role::Administrator).await;
        let form = desk.get(&page).await;
        let to_come = [("deceased_on", "2026-12-02"), ("reason", "A call of the family.")];
        desk.submit(&form, "/client-status", &to_come).await.must_be(422).must_say("still to come");
        let died = [("deceased_on", "2026-11-29"), ("reason", "A call of the family.")];
        desk.submit_and_follow(&form, "/client-status", &died).await.must_say("the client has died");
        sees_nothing(&mut browser).await;
        assert_eq!(level(w, partner, Right::Documents).await, Level::None);
        set(w, partner, Terms { basis: Some(Basis::Executor), ..Terms::default() }).await;
        assert_eq!(level(w, partner, Right::Documents).await, Level::View);
        assert_eq!(level(w, partner, Right::Billing).await, Level::Act);
        let form = desk.get(&page).await;
        desk.submit_and_follow(&form, "/client-status", &[("deceased_on", ""), ("reason", "The wrong person.")]).await;
        assert_eq!(level(w, own.access, Right::Documents).await, Level::Act);
    }
}

//! Random families: whatever the rights, birthdays, rules and withheld items of a family are, no page, list, count, mail
//! or answer of the API gives a holder more than the permission function does. `ANTEROOM_FAMILIES=500` tries as many.

use std::fmt::Write as _;

use anteroom::features::access::facts_of;
use anteroom::features::access::permission::{
    Archive, Basis, Facts, Item, ItemKind, Party, Share, archive_of, decide, open_rights, opens_on,
};
use anteroom::features::accounts::readers_of;
use anteroom::features::documents::{Recipient, Telling};
use anteroom::kernel::clock::Clock as _;
use anteroom::kernel::ids::{AccessId, AccountId, AgeRuleId, ChartId, DocumentId, PersonId, WithheldId};
use anteroom::platform::db::schema::{age_rule, chart, jurisdiction, person, portal_access, withheld};
use anteroom::platform::permissions::{Level, Right, Scope};
use anteroom::platform::web::session::Audience;
use diesel::prelude::*;
use jiff::civil::date;

use crate::access::contact;
use crate::hand_over::Dice;
use crate::portal_people::{account, appointment, charge, enrolled, grant};
use crate::stories;
use crate::support::world::Client;
use crate::support::{Browser, World, papers};

/// Families that are tried where nobody asks for more.
const FAMILIES: u32 = 12;

struct Holder {
    person: PersonId,
    account: AccountId,
    access: AccessId,
    /// The thread that they began: its address and subject.
    thread: (String, String),
}

struct Family {
    chart: ChartId,
    client: PersonId,
    holders: Vec<Holder>,
    /// Each with its title, and which holders it is shared with.
    documents: Vec<(DocumentId, String, Vec<usize>)>,
}

async fn browser_of(w: &World, account: AccountId) -> Browser {
    w.signed_in(&w.riverbend.scope, Audience::Client, account.to_string()).await
}

/// A child, two parents and somebody of an agency, each with everything at first.
async fn family(w: &mut World, leo: &Client) -> Family {
    let own = enrolled(w, leo).await;
    let mut holders = vec![(leo.person_id, own.account, own.access)];
    for (first, mail) in
        [("Joan", "joan@example.com"), ("Viktor", "viktor@example.com"), ("Ines", "ines@example.com")]
    {
        let person = contact(w, leo, first, mail).await;
        let id = account(w, mail).await;
        let access = grant(w, &w.riverbend.scope, &id, &person, &leo.chart_id, Some(Right::ALL)).await;
        holders.push((person, id, access));
    }
    let mut all = Vec::new();
    for (at, (person, account, access)) in holders.into_iter().enumerate() {
        let subject = format!("Thread-{at}-marigold");
        let mut browser = browser_of(w, account).await;
        let address = crate::messages::begun(&mut browser, "front_desk", &subject, "Words of mine.").await;
        all.push(Holder { person, account, access, thread: (address, subject) });
    }
    let mut documents = Vec::new();
    for (at, with) in [vec![0, 1], vec![1, 2], vec![2, 3], vec![0, 1, 2, 3]].into_iter().enumerate() {
        let title = format!("Paper-{at}-heron");
        let id = papers::draft(w, &leo.chart_id, &title, "Text.").await;
        let shares = with.iter().map(|at: &usize| Recipient::Grant(all[*at].access)).collect();
        papers::share(w, &id, shares, Telling::Silent).await;
        documents.push((id, title, with));
    }
    charge(w, &leo.chart_id, date(2026, 11, 30), 15_713).await;
    appointment(w, &leo.chart_id, 48).await;
    Family { chart: leo.chart_id, client: leo.person_id, holders: all, documents }
}

/// Gives the family random rights, dates, ages and rules, and withholds at random.
async fn shuffle(w: &World, dice: &mut Dice, family: &Family) {
    let born = *dice.pick(&[
        Some("2008-12-01"),
        Some("2008-12-02"),
        Some("2012-12-02"),
        Some("2014-12-01"),
        Some("1990-04-12"),
        None,
    ]);
    let emancipated = *dice.pick(&[None, None, None, Some("2026-11-30"), Some("2026-12-24")]);
    let deceased = *dice.pick(&[None, None, None, None, None, Some("2026-11-20")]);
    let rule = *dice.pick(&[
        None,
        Some("documents:none"),
        Some("messages:view billing:none"),
        Some("documents:view"),
    ]);
    // Half of the charts name another place, where clients are adults at 19.
    let place = *dice.pick(&["practice", "us-mi"]);
    let place_of_rule = *dice.pick(&["practice", "us-mi"]);
    let assent = *dice.pick(&["not_needed", "not_needed", "needed"]);
    let mut grants = Vec::new();
    for (at, holder) in family.holders.iter().enumerate() {
        let basis = if at == 0 {
            Basis::Client
        } else {
            *dice.pick(&[
                Basis::Parent,
                Basis::Parent,
                Basis::CoParentOrder,
                Basis::AdultGuardian,
                Basis::ClientChoice,
                Basis::Agency,
                Basis::Executor,
                Basis::Other,
            ])
        };
        let rights = *dice.pick(&[
            "",
            "billing:view",
            "documents messages",
            "appointments billing documents:view forms",
            "appointments billing documents messages forms superbills information",
        ]);
        let starts_on = *dice.pick(&[None, None, None, Some("2026-12-01"), Some("2026-12-02")]);
        let ends_on = *dice.pick(&[None, None, None, Some("2026-11-30"), Some("2026-12-01")]);
        let paused = (dice.roll(6) == 0).then(|| w.clock.now());
        let agreed = (dice.roll(2) == 0).then(|| w.clock.now());
        grants.push((holder.access, basis, rights, starts_on, ends_on, paused, agreed));
    }
    let mut kept = Vec::new();
    for number in 0..dice.roll(5) {
        let access = dice.pick(&family.holders).access;
        let until = *dice.pick(&[None, Some("2026-11-30"), Some("2026-12-01")]);
        let what = if dice.roll(2) == 0 {
            (Some(*dice.pick(Right::ALL)), None, None)
        } else {
            (None, Some(ItemKind::Document), Some(dice.pick(&family.documents).0.uuid().as_bytes().to_vec()))
        };
        kept.push((
            WithheldId::from_uuid(uuid::Uuid::from_u128(u128::from(number) + 1)),
            access,
            what,
            until,
        ));
    }
    let (practice, client, now) = (*w.riverbend.scope.id(), family.client, w.clock.now());
    let of = family.chart;
    w.tamper(move |c| {
        diesel::update(person::table.filter(person::person_id.eq(client)))
            .set((
                person::birth_date.eq(born),
                person::emancipated_on.eq(emancipated),
                person::deceased_on.eq(deceased),
            ))
            .execute(c)?;
        for (access, basis, rights, starts_on, ends_on, paused, agreed) in grants.clone() {
            diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
                .set((
                    portal_access::basis.eq(basis),
                    portal_access::rights.eq(rights),
                    portal_access::starts_on.eq(starts_on),
                    portal_access::ends_on.eq(ends_on),
                    portal_access::paused_at.eq(paused),
                    portal_access::assent_at.eq(agreed),
                ))
                .execute(c)?;
        }
        diesel::delete(withheld::table).execute(c)?;
        for (id, access, (right, kind, item), until) in kept.clone() {
            diesel::insert_into(withheld::table)
                .values((
                    withheld::practice_id.eq(practice),
                    withheld::withheld_id.eq(id),
                    withheld::access_id.eq(access),
                    withheld::kept_right.eq(right),
                    withheld::item_kind.eq(kind),
                    withheld::item_id.eq(item),
                    withheld::reason.eq("As the court says."),
                    withheld::until_on.eq(until),
                    withheld::by_name.eq("Casey"),
                    withheld::created_at.eq(now),
                    withheld::ended_by_name.eq(""),
                ))
                .execute(c)?;
        }
        diesel::delete(age_rule::table).execute(c)?;
        diesel::update(chart::table).set(chart::jurisdiction.eq("practice")).execute(c)?;
        diesel::delete(jurisdiction::table.filter(jurisdiction::code.eq("us-mi"))).execute(c)?;
        let rules = |code: &str| i32::from(rule.is_some() && place_of_rule == code);
        diesel::insert_into(jurisdiction::table)
            .values((
                jurisdiction::practice_id.eq(practice),
                jurisdiction::code.eq("us-mi"),
                jurisdiction::name.eq("Elsewhere"),
                jurisdiction::majority_age.eq(19),
                jurisdiction::leap_day.eq("feb28"),
                jurisdiction::age_rules.eq(rules("us-mi")),
            ))
            .execute(c)?;
        diesel::update(chart::table.filter(chart::chart_id.eq(of)))
            .set(chart::jurisdiction.eq(place))
            .execute(c)?;
        if let Some(caps) = rule {
            diesel::insert_into(age_rule::table)
                .values((
                    age_rule::practice_id.eq(practice),
                    age_rule::rule_id.eq(AgeRuleId::from_uuid(uuid::Uuid::from_u128(1))),
                    age_rule::jurisdiction.eq(place_of_rule),
                    age_rule::from_age.eq(12),
                    age_rule::bases.eq("parent co_parent_order"),
                    age_rule::caps.eq(caps),
                    age_rule::assent.eq(assent),
                    age_rule::effective_from.eq("2026-01-01"),
                    age_rule::source.eq("Counsel"),
                    age_rule::confirmed_by_name.eq("Alex"),
                    age_rule::created_at.eq(now),
                ))
                .execute(c)?;
        }
        diesel::update(
            jurisdiction::table
                .filter(jurisdiction::practice_id.eq(practice))
                .filter(jurisdiction::code.eq("practice")),
        )
        .set(jurisdiction::age_rules.eq(rules("practice")))
        .execute(c)
    })
    .await;
}

/// What the function says of an item.
fn may_see(facts: &Facts, right: Right, kind: ItemKind, id: uuid::Uuid, is_theirs: bool) -> bool {
    let share = if is_theirs { Share::Shared } else { Share::NotShared };
    let party = if is_theirs { Party::Party } else { Party::Stranger };
    decide(facts, right, Some(&Item { kind, id, label: None, share, party })).level >= Level::View
}

/// Compares everything that a holder is shown with what the function allows; what is wrong is written down.
async fn compare(w: &World, family: &Family, at: usize, wrong: &mut String) {
    let holder = &family.holders[at];
    let access = holder.access;
    let facts = w
        .app
        .db
        .read(&w.riverbend.scope, move |c| facts_of(c, &access))
        .await
        .expect("no fault")
        .expect("a grant");
    let mut browser = browser_of(w, holder.account).await;
    let view = |right| decide(&facts, right, None).level >= Level::View;
    // What was written until time alone ended it is still read; each of them wrote something.
    let has_archive = archive_of(&facts, Archive::Readable) == Archive::Readable;
    let mut all = String::new();
    for (page, right) in [
        ("/portal", None),
        ("/portal/documents", Some(Right::Documents)),
        ("/portal/messages", Some(Right::Messages)),
        ("/portal/appointments", Some(Right::Appointments)),
        ("/portal/account", Some(Right::Billing)),
        ("/portal/help", None),
    ] {
        let answer = browser.get(page).await;
        // Who will see something from a day on reads from when.
        let is_let_in = || !open_rights(&facts).is_empty() || opens_on(&facts).is_some() || has_archive;
        let is_open = right.map_or_else(is_let_in, view) || (right == Some(Right::Messages) && has_archive);
        if (answer.status() == 200) != is_open {
            let _ = writeln!(wrong, "{page} answers {} to holder {at}", answer.status());
        }
        if answer.status() == 200 {
            all.push_str(&answer.html());
            // The navigation names nothing that is not open.
            for (href, right) in
                [("/portal/documents", Right::Documents), ("/portal/account", Right::Billing)]
            {
                if answer.html().contains(&format!("<li><a href=\"{href}\"")) && !view(right) {
                    let _ = writeln!(wrong, "{page} leads holder {at} to {href}");
                }
            }
        }
    }
    for (id, title, with) in &family.documents {
        let is_seen = may_see(&facts, Right::Documents, ItemKind::Document, id.uuid(), with.contains(&at));
        if all.contains(title.as_str()) != is_seen {
            let _ = writeln!(wrong, "{title} in the lists of holder {at}: allowed {is_seen}");
        }
        for path in [format!("/portal/documents/{id}"), format!("/portal/documents/{id}/file")] {
            let status = browser.get(&path).await.status();
            if (status == 200) != is_seen {
                let _ = writeln!(wrong, "{title} answers {status} to holder {at}: allowed {is_seen}");
            }
        }
    }
    for (of, other) in family.holders.iter().enumerate() {
        let (address, subject) = &other.thread;
        let id = address.rsplit('/').next().and_then(|id| uuid::Uuid::try_parse(id).ok()).expect("an id");
        let own =
            Item { kind: ItemKind::Thread, id, label: None, share: Share::NotShared, party: Party::Party };
        let is_old = has_archive && decide(&facts, Right::Messages, Some(&own)).archive == Archive::Readable;
        let is_seen =
            may_see(&facts, Right::Messages, ItemKind::Thread, id, of == at) || (of == at && is_old);
        let status = browser.get(address).await.status();
        if (status == 200) != is_seen || (all.contains(subject.as_str()) && !is_seen) {
            let _ = writeln!(wrong, "{subject} answers {status} to holder {at}: allowed {is_seen}");
        }
    }
    if all.contains("157.13") && !view(Right::Billing) {
        let _ = writeln!(wrong, "holder {at} reads the balance");
    }
    if all.contains("/portal/appointments/") && !view(Right::Appointments) {
        let _ = writeln!(wrong, "holder {at} reads an appointment");
    }
    // Whom a mail about a right reaches.
    for right in Right::ALL {
        let (chart, right) = (family.chart, *right);
        let readers =
            w.app.db.read(&w.riverbend.scope, move |c| readers_of(c, &chart, right)).await.expect("no fault");
        if readers.iter().any(|reader| reader.access_id == access) && !view(right) {
            let _ = writeln!(wrong, "a mail about {right} reaches holder {at}");
        }
    }
}

stories! {
    async fn no_page_list_count_mail_or_answer_gives_more_than_the_function_in_random_families(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "leo.park@example.com").await;
        let family = family(w, &leo).await;
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let families = std::env::var("ANTEROOM_FAMILIES").ok().and_then(|text| text.parse().ok()).unwrap_or(FAMILIES);
        let mut dice = Dice(0x00fa_3117);
        for number in 0..families {
            shuffle(w, &mut dice, &family).await;
            let mut wrong = String::new();
            for at in 0..family.holders.len() {
                compare(w, &family, at, &mut wrong).await;
                let access = family.holders[at].access;
                let facts = w.app.db.read(&w.riverbend.scope, move |c| facts_of(c, &access)).await.expect("no fault").expect("a grant");
                let said = api.get(&format!("/api/v1/grants/{access}")).await;
                let said: serde_json::Value = serde_json::from_str(&said.answer.text()).expect("JSON");
                if said["closed_by"].is_null() == open_rights(&facts).is_empty() {
                    let _ = writeln!(wrong, "the API says of holder {at}: {said}");
                }
            }
            assert!(wrong.is_empty(), "family {number}:\n{wrong}");
            // No limit of readings stops the comparison.
            w.clock.advance_seconds(120);
        }
        assert_eq!(family.holders[0].person, leo.person_id);
    }
}

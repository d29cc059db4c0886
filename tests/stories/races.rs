//! The race matrix of people and rights: two at the same instant, and what holds whoever of them comes first.

use anteroom::features::access::permission::Basis;
use anteroom::features::billing::online::run_due;
use anteroom::features::documents::Recipient;
use anteroom::features::documents::signing::actions::Candidate;
use anteroom::kernel::ids::{AccessId, AccountId, ChartId, DocumentId, PersonId};
use anteroom::platform::db::schema::{
    appointment_request, audit_event, chart, checkout, document_reading, info_change_field, person,
    portal_access, portal_account, signer, signing as signing_rows,
};
use anteroom::platform::pay::local::PAYS;
use anteroom::platform::permissions::{Level, Right, Role};
use diesel::prelude::*;

use crate::access::contact;
use crate::at_once::{Whose, in_turn};
use crate::message_cases::{line, until_ended};
use crate::messages::{begun, practice_writes};
use crate::online::{must_be_whole, owed, tell};
use crate::portal_people::{Enrolled, account, charge, document, enrolled, grant, sign_in};
use crate::rights::{Terms, level, mother_of, set};
use crate::signing;
use crate::stories;
use crate::support::checkouts::connect;
use crate::support::world::Client;
use crate::support::{Browser, PASSWORD, Page, World, papers};

/// How often a race is run whose order nobody sets.
const TIMES: usize = 6;

async fn owner_of(w: &World, id: ChartId) -> PersonId {
    w.look(move |c| chart::table.filter(chart::chart_id.eq(id)).select(chart::owner_person_id).first(c)).await
}

async fn accounts(w: &World) -> i64 {
    w.look(|c| portal_account::table.count().get_result(c)).await
}

async fn state(w: &World, of: ChartId) -> String {
    w.look(move |c| {
        portal_access::table.filter(portal_access::chart_id.eq(of)).select(portal_access::state).first(c)
    })
    .await
}

/// The form of an invited client, filled in right.
async fn form_of(w: &mut World, of: &Client) -> (Browser, Page, Vec<(&'static str, String)>) {
    let mail = w.mail_to(&of.email).await;
    let link = w.link_in(&mail);
    let mut browser = w.browser();
    let page = browser.get(&link).await;
    page.must_be(200);
    let day: Vec<&str> = of.born.split('-').collect();
    let typed = vec![
        ("last_name", of.last_name.clone()),
        ("year", day[0].to_owned()),
        ("month", day[1].to_owned()),
        ("day", day[2].to_owned()),
        ("password", PASSWORD.to_owned()),
        ("how", "new".to_owned()),
    ];
    (browser, page, typed)
}

async fn registers(browser: &mut Browser, page: &Page, typed: &[(&'static str, String)]) -> Page {
    let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.submit(page, "/i/", &typed).await
}

/// Did the registration go through? Its answer leads to the page that says so.
fn is_welcome(answer: &Page) -> bool {
    answer.location().is_some_and(|to| to.contains("welcome"))
}

/// What staff do that takes something from a representative.
const TAKEN_AWAY: [&str; 4] = ["revoke", "pause", "narrow", "note"];

/// One of these acts: its page, the form's address, and what it sends.
async fn taking(
    desk: &mut Browser,
    of: &Client,
    access: AccessId,
    act: &str,
) -> (Page, String, Vec<(&'static str, String)>) {
    let grant = format!("/staff/charts/{}/grants/{access}", of.chart_id);
    let asked = ("reason", "Asked for.".to_owned());
    match act {
        "narrow" => {
            let page = desk.get(&grant).await;
            let none = ["documents", "messages", "information", "appointments"];
            let fields = none.into_iter().map(|right| (right, "none".to_owned())).chain([asked]).collect();
            (page, grant, fields)
        }
        "note" => {
            let notes = format!("/staff/charts/{}/notes", of.chart_id);
            let page = desk.get(&notes).await;
            let mut fields = vec![
                ("about", access.to_string()),
                ("kind", "court_order".to_owned()),
                ("body", "An order of the court.".to_owned()),
                ("effect", "deny".to_owned()),
                asked,
            ];
            let denied = ["documents", "messages", "information", "appointments"];
            fields.extend(denied.into_iter().map(|right| ("right", right.to_owned())));
            (page, notes, fields)
        }
        // Its own page asks first.
        "revoke" => {
            let revoke = format!("{grant}/revoke");
            (desk.get(&revoke).await, revoke, vec![asked])
        }
        act => (desk.get(&grant).await, format!("{grant}/{act}"), vec![asked]),
    }
}

/// Sends such a form.
async fn takes(
    desk: &mut Browser,
    (page, action, fields): &(Page, String, Vec<(&'static str, String)>),
) -> Page {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    desk.submit(page, action, &fields).await
}

/// A client with a representative who has every right.
async fn with_representative(w: &mut World, at: &str) -> (Client, Enrolled) {
    let ana = w.chart_with("Ana", "Duarte", "1990-04-12", &format!("ana{at}@example.com")).await;
    let name = format!("rosa{at}@example.com");
    let rosa = contact(w, &ana, "Rosa", &name).await;
    let id = account(w, &name).await;
    let access = grant(w, &w.riverbend.scope, &id, &rosa, &ana.chart_id, Some(Right::ALL)).await;
    set(w, access, Terms { basis: Some(Basis::ClientChoice), ..Terms::default() }).await;
    (ana, Enrolled { account: id, access, name })
}

/// A text that somebody is asked to sign, and their form of it: they have agreed to sign electronically.
async fn form_to_sign(w: &World, phone: &mut Browser, who: &Enrolled, of: &Client) -> (DocumentId, Page) {
    let id = papers::draft(w, &of.chart_id, "Lantern agreement", "We agree on lanterns.").await;
    papers::ask_to_sign(w, &id, vec![Candidate::Grant(Recipient::Grant(who.access))]).await;
    phone.get(&signing::page_of(&id)).await.must_be(200);
    let page = phone.get(&signing::sign_path(&id)).await;
    let code = signing::code_of(w, who);
    phone.submit(&page, "/consent", &[("code", &code), ("agreed", "yes")]).await.must_be(303);
    (id, phone.get(&signing::sign_path(&id)).await)
}

/// How many signatures a document has.
async fn signatures(w: &World, id: DocumentId) -> i64 {
    w.look(move |c| {
        signer::table
            .inner_join(signing_rows::table.on(signing_rows::signing_id.eq(signer::signing_id)))
            .filter(signing_rows::document_id.eq(id))
            .filter(signer::state.eq("signed"))
            .count()
            .get_result(c)
    })
    .await
}

/// A client whose chart was just given to Rosa, who has registered since: the client, their access, and hers.
async fn new_owner(w: &mut World) -> (Client, Enrolled, Enrolled) {
    let ana = w.chart("Ana", "Duarte").await;
    let own = enrolled(w, &ana).await;
    let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
    crate::hand_over::hand_over(w, &ana, rosa).await;
    let mut desk = w.staff(Role::Administrator).await;
    let form = desk.get(&format!("/staff/charts/{}/access/invite", ana.chart_id)).await;
    desk.submit(&form, "/access/invite", &[]).await.must_be(303);
    let invited = Client { email: "rosa@example.com".into(), ..ana.clone() };
    let (mut phone, page, typed) = form_of(w, &invited).await;
    assert!(is_welcome(&registers(&mut phone, &page, &typed).await), "Rosa registers");
    let (access, account): (AccessId, Option<AccountId>) = w
        .look(move |c| {
            portal_access::table
                .filter(portal_access::person_id.eq(rosa))
                .select((portal_access::access_id, portal_access::account_id))
                .first(c)
        })
        .await;
    let hers = Enrolled { account: account.expect("registered"), access, name: "rosa@example.com".into() };
    (ana, own, hers)
}

stories! {
    async fn race_a_signature_a_save_or_a_download_and_what_takes_the_right_away_leave_all_or_nothing(w: &mut World) {
        for act in TAKEN_AWAY {
            let (ana, rosa) = with_representative(w, act).await;
            let mut phone = sign_in(w, &rosa.name).await;
            let (paper, form) = form_to_sign(w, &mut phone, &rosa, &ana).await;
            let mut saver = sign_in(w, &rosa.name).await;
            let called = saver.get("/portal/information/called").await;
            let mut reader = sign_in(w, &rosa.name).await;
            let mut desk = w.staff(Role::Administrator).await;
            let taking = taking(&mut desk, &ana, rosa.access, act).await;
            let (path, file) = (signing::sign_path(&paper), format!("{}/file", signing::page_of(&paper)));
            let (signed, saved, read, taken) = tokio::join!(
                phone.submit(&form, &path, &signing::SIGNATURE),
                saver.submit(&called, "/portal/information/called", &[("preferred_name", "Annie")]),
                reader.get(&file),
                takes(&mut desk, &taking)
            );
            taken.must_be(303);
            let is_signed = signed.location().is_some_and(|to| to.starts_with("/portal/documents"));
            assert_eq!(signatures(w, paper).await, i64::from(is_signed), "{act}: {} {:?}", signed.status(), signed.location());
            let (of, chart) = (ana.person_id, ana.chart_id);
            let name: String = w.look(move |c| {
                person::table.filter(person::person_id.eq(of)).select(person::preferred_name).first(c)
            }).await;
            let changes: i64 = w.look(move |c| {
                info_change_field::table.filter(info_change_field::chart_id.eq(chart)).count().get_result(c)
            }).await;
            let is_saved = saved.location().is_some_and(|to| to.contains("information-saved"));
            assert_eq!((name == "Annie", changes), (is_saved, i64::from(is_saved)), "{act}: {}", saved.status());
            let access = rosa.access;
            let readings: i64 = w.look(move |c| {
                document_reading::table
                    .filter(document_reading::access_id.eq(access))
                    .filter(document_reading::downloaded_at.is_not_null())
                    .count()
                    .get_result(c)
            }).await;
            assert_eq!(readings > 0, read.status() == 200, "{act}: {}", read.status());
            // From here on nothing of it is found, by any of the three pages that were open.
            for browser in [&mut phone, &mut saver, &mut reader] {
                for page in [file.as_str(), path.as_str(), "/portal/information", "/portal/documents"] {
                    let late = browser.get(page).await;
                    assert!(late.status() != 200, "{act}: {page} {}", late.words());
                }
            }
            let late = saver.submit(&called, "/portal/information/called", &[("preferred_name", "Late")]).await;
            assert!(late.location().is_none_or(|to| to.contains("sign-in")), "{act}: {:?}", late.location());
            assert_eq!(level(w, rosa.access, Right::Documents).await, Level::None);
        }
    }

    async fn race_a_stream_and_what_takes_the_right_away_end_it_on_two_nodes(w: &mut World) {
        let other = w.neighbour().await;
        for act in TAKEN_AWAY {
            let (ana, rosa) = with_representative(w, act).await;
            let mut phone = sign_in(w, &rosa.name).await;
            let thread = begun(&mut phone, "front_desk", "A question", "When?").await;
            let live = format!("{thread}/live");
            let mut lines = Vec::new();
            for node in w.nodes(&other) {
                lines.push(line(node, &phone, &live).await);
            }
            let mut desk = w.staff(Role::Administrator).await;
            let taking = taking(&mut desk, &ana, rosa.access, act).await;
            takes(&mut desk, &taking).await.must_be(303);
            practice_writes(w, &thread, "On Monday.").await;
            for stream in lines {
                until_ended(stream).await;
            }
            assert_ne!(phone.get(&live).await.status(), 200, "{act}");
        }
    }

    async fn race_a_birthday_at_midnight_ends_a_signature_a_download_and_a_stream_that_were_open(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2008-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        let id: Option<AccountId> = w.look(move |c| {
            portal_access::table.filter(portal_access::access_id.eq(access)).select(portal_access::account_id).first(c)
        }).await;
        let mother = Enrolled { account: id.expect("registered"), access, name };
        // 11:59:59 PM in New York: all is open, and the day ends before anything is sent.
        w.clock.advance_seconds(14 * 3_600 - 1);
        let mut phone = sign_in(w, &mother.name).await;
        let (paper, form) = form_to_sign(w, &mut phone, &mother, &leo).await;
        let thread = begun(&mut phone, "front_desk", "A question", "When?").await;
        let called = phone.get("/portal/information/called").await;
        let other = w.neighbour().await;
        let live = format!("{thread}/live");
        let mut lines = Vec::new();
        for node in w.nodes(&other) {
            lines.push(line(node, &phone, &live).await);
        }
        w.clock.advance_seconds(1);
        let path = signing::sign_path(&paper);
        let late = phone.submit(&form, &path, &signing::SIGNATURE).await;
        assert!(late.location().is_none_or(|to| to.contains("sign-in")), "{} {:?}", late.status(), late.location());
        assert_eq!(signatures(w, paper).await, 0);
        let late = phone.submit(&called, "/portal/information/called", &[("preferred_name", "Late")]).await;
        assert!(late.location().is_none_or(|to| to.contains("sign-in")), "{} {:?}", late.status(), late.location());
        assert_ne!(phone.get(&format!("{}/file", signing::page_of(&paper))).await.status(), 200);
        practice_writes(w, &thread, "On Monday.").await;
        for stream in lines {
            until_ended(stream).await;
        }
        let changes: i64 = w.look(|c| info_change_field::table.count().get_result(c)).await;
        assert_eq!(changes, 0);
    }

    async fn race_an_undo_and_a_signature_of_the_new_owner_keep_what_was_signed_and_end_the_access(w: &mut World) {
        let (ana, own, rosa) = new_owner(w).await;
        let mut phone = sign_in(w, &rosa.name).await;
        let (paper, form) = form_to_sign(w, &mut phone, &rosa, &ana).await;
        let undo = format!("/staff/charts/{}/undo-owner", ana.chart_id);
        let mut desk = w.staff(Role::Administrator).await;
        let page = desk.get(&undo).await;
        let path = signing::sign_path(&paper);
        let (signed, undone) = tokio::join!(
            phone.submit(&form, &path, &signing::SIGNATURE),
            desk.submit(&page, &undo, &[("reason", "A mistake.")])
        );
        undone.must_be(303);
        let is_signed = signed.location().is_some_and(|to| to.starts_with("/portal/documents"));
        assert_eq!(signatures(w, paper).await, i64::from(is_signed), "{} {:?}", signed.status(), signed.location());
        assert_eq!(owner_of(w, ana.chart_id).await, ana.person_id);
        assert_eq!(level(w, own.access, Right::Documents).await, Level::Act);
        assert_eq!(level(w, rosa.access, Right::Documents).await, Level::None, "Rosa keeps nothing");
        assert_ne!(phone.get(&signing::page_of(&paper)).await.status(), 200);
    }

    async fn race_an_undo_and_a_payment_of_the_new_owner_keep_what_was_paid_and_end_the_access(w: &mut World) {
        connect(w).await;
        let (ana, own, rosa) = new_owner(w).await;
        charge(w, &ana.chart_id, jiff::civil::date(2026, 12, 1), 15_000).await;
        let mut phone = sign_in(w, &rosa.name).await;
        let form = phone.get("/portal/account/pay").await;
        form.must_be(200);
        let undo = format!("/staff/charts/{}/undo-owner", ana.chart_id);
        let mut desk = w.staff(Role::Administrator).await;
        let page = desk.get(&undo).await;
        let (begun, undone) = tokio::join!(
            phone.submit(&form, "/portal/account/pay", &[]),
            desk.submit(&page, &undo, &[("reason", "A mistake.")])
        );
        undone.must_be(303);
        let is_begun = begun.location().is_some_and(|to| to.starts_with("/portal/account/pay"));
        let checkouts: i64 = w.look(|c| checkout::table.count().get_result(c)).await;
        assert_eq!(checkouts, i64::from(is_begun), "{} {:?}", begun.status(), begun.location());
        run_due(&w.app).await.expect("no fault");
        // Who stands at the provider's page pays there, whatever became of the access; the money is the chart's.
        let mut told = 0;
        for session in w.provider.open_sessions() {
            w.provider.pay(&session, PAYS).expect("paid");
        }
        tell(w, &mut told).await;
        assert_eq!(owed(w, ana.chart_id).await, (if is_begun { 0 } else { 15_000 }, 0));
        must_be_whole(w).await;
        assert_eq!(owner_of(w, ana.chart_id).await, ana.person_id);
        assert_eq!(level(w, own.access, Right::Billing).await, Level::Act);
        assert_eq!(level(w, rosa.access, Right::Billing).await, Level::None, "Rosa keeps nothing");
        assert_ne!(phone.get("/portal/account").await.status(), 200);
    }

    async fn race_a_request_and_a_revocation_leave_nothing_of_who_came_second(w: &mut World) {
        for at in 0..TIMES {
            let ana = w.chart_with("Ana", "Duarte", "1990-04-12", &format!("ana{at}@example.com")).await;
            let own = enrolled(w, &ana).await;
            let paper = document(w, &ana.chart_id, "For Ana", "Text.").await;
            let mut client = sign_in(w, &own.name).await;
            let form = client.get("/portal/appointments/request").await;
            let mut reader = sign_in(w, &own.name).await;
            let mut desk = w.staff(Role::Administrator).await;
            let revoke = format!("/staff/charts/{}/access/revoke", ana.chart_id);
            let page = desk.get(&revoke).await;
            let typed = [("kind", "session"), ("place", "either"), ("day1", "2026-12-04"), ("part1", "any")];
            let document = format!("/portal/documents/{paper}/file");
            let (asked, read, revoked) = tokio::join!(
                client.submit(&form, "/portal/appointments/request", &typed),
                reader.get(&document),
                desk.submit(&page, &revoke, &[("reason", "Asked for.")])
            );
            revoked.must_be(303);
            let of = ana.chart_id;
            let filed: i64 = w.look(move |c| {
                appointment_request::table.filter(appointment_request::chart_id.eq(of)).count().get_result(c)
            }).await;
            let is_filed = asked.location().is_some_and(|to| to.starts_with("/portal/appointments"));
            assert_eq!(filed, i64::from(is_filed), "{} {:?}", asked.status(), asked.location());
            // What was read was written down, and nothing else was.
            let access = own.access;
            let readings: i64 = w.look(move |c| {
                document_reading::table.filter(document_reading::access_id.eq(access)).count().get_result(c)
            }).await;
            assert_eq!(readings > 0, read.status() == 200, "{}", read.status());
            // From here on nothing is found.
            crate::rights::sees_nothing(&mut client).await;
            crate::rights::sees_nothing(&mut reader).await;
            assert_eq!(level(w, own.access, Right::Documents).await, Level::None);
        }
    }

    async fn race_a_registration_and_a_pause_a_closing_or_a_change_of_owner_make_no_account_without_access(w: &mut World) {
        for (at, act) in ["pause", "close", "change-owner", "cancel"].into_iter().enumerate() {
            for again in 0..2 {
                let ana = w.chart_with("Ana", "Duarte", "1990-04-12", &format!("ana{at}{again}@example.com")).await;
                let rosa = contact(w, &ana, "Rosa", &format!("rosa{at}{again}@example.com")).await;
                let sent = w.invite(&ana).await;
                let (mut client, page, typed) = form_of(w, &ana).await;
                let before = accounts(w).await;
                let mut desk = w.staff(Role::Administrator).await;
                let base = format!("/staff/charts/{}", ana.chart_id);
                let (ask, post, fields) = match act {
                    "pause" => {
                        let grant = format!("{base}/grants/{}", sent.access);
                        (grant.clone(), format!("{grant}/pause"), vec![("reason", "Asked for.")])
                    }
                    "close" => (format!("{base}/close"), format!("{base}/close"), vec![("reason", "Moved away.")]),
                    "cancel" => (format!("{base}/access/cancel"), format!("{base}/access/cancel"), vec![]),
                    _ => (
                        format!("{base}/change-owner?to={rosa}"),
                        "/change-owner".to_owned(),
                        vec![("reason", "Asked for."), ("authorised_by", "The client")],
                    ),
                };
                let form = desk.get(&ask).await;
                form.must_be(200);
                let (registered, done) = if act == "pause" {
                    // The page offers it of who has registered: here it is sent all the same.
                    let token = form.form("/staff/sign-out").fields;
                    let token = token.into_iter().find(|(name, _)| name == "csrf").expect("a form token").1;
                    let typed_by_hand = [("csrf", token.as_str()), ("reason", "Asked for.")];
                    tokio::join!(registers(&mut client, &page, &typed), desk.post(&post, &typed_by_hand))
                } else {
                    tokio::join!(registers(&mut client, &page, &typed), desk.submit(&form, &post, &fields))
                };
                let is_new = accounts(w).await - before;
                assert_eq!(is_new, i64::from(is_welcome(&registered)), "{act}: {}", registered.words());
                if is_welcome(&registered) {
                    // The act of staff came second: it met somebody registered, or found nothing to cancel.
                    assert!(["active", "revoked"].contains(&state(w, ana.chart_id).await.as_str()), "{act}");
                } else {
                    assert_ne!(state(w, ana.chart_id).await, "active", "{act}");
                    assert_eq!(done.status(), 303, "{act}: {}", done.words());
                }
                if act == "change-owner" {
                    let owner = owner_of(w, ana.chart_id).await;
                    assert_eq!(owner == rosa, done.status() == 303, "one owner, and the list that was confirmed was true");
                }
            }
        }
    }

    async fn race_a_change_of_owner_and_a_closing_or_a_face_sheet_leave_one_owner(w: &mut World) {
        for (at, act) in ["close", "face-sheet"].into_iter().enumerate() {
            let ana = w.chart_with("Ana", "Duarte", "1990-04-12", &format!("ana{at}@example.com")).await;
            let own = enrolled(w, &ana).await;
            let rosa = contact(w, &ana, "Rosa", &format!("rosa{at}@example.com")).await;
            let (mut one, mut two) = (w.staff(Role::Administrator).await, w.staff(Role::FrontDesk).await);
            let base = format!("/staff/charts/{}", ana.chart_id);
            let list = one.get(&format!("{base}/change-owner?to={rosa}")).await;
            let (path, fields) = match act {
                "close" => (format!("{base}/close"), vec![("reason", "Moved away.")]),
                _ => (format!("{base}/edit"), vec![("pronouns", "she/her")]),
            };
            let form = two.get(&path).await;
            let (moved, other) = tokio::join!(
                one.submit(&list, "/change-owner", &[("reason", "Asked for."), ("authorised_by", "The client")]),
                two.submit(&form, &path, &fields)
            );
            let owner = owner_of(w, ana.chart_id).await;
            assert_eq!(owner, if moved.status() == 303 { rosa } else { ana.person_id }, "{act}");
            let own_level = level(w, own.access, Right::Documents).await;
            if moved.status() == 303 {
                assert_eq!(own_level, Level::None, "{act}: the former owner keeps nothing");
            } else {
                assert!(own_level >= Level::View, "{act}: the owner stays");
            }
            assert!(moved.status() == 303 || other.status() == 303, "{act}: one of them is done");
            let owners: i64 = w.look(move |c| {
                portal_access::table
                    .filter(portal_access::chart_id.eq(ana.chart_id))
                    .filter(portal_access::role.eq("owner"))
                    .count()
                    .get_result(c)
            }).await;
            assert!(owners <= 1, "{act}");
        }
    }

    async fn race_an_undo_and_the_registration_of_the_new_owner_end_with_the_first_owner(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        crate::hand_over::hand_over(w, &ana, rosa).await;
        let base = format!("/staff/charts/{}", ana.chart_id);
        let mut desk = w.staff(Role::Administrator).await;
        let form = desk.get(&format!("{base}/access/invite")).await;
        desk.submit(&form, "/access/invite", &[]).await.must_be(303);
        let invited = Client { email: "rosa@example.com".into(), ..ana.clone() };
        let (mut phone, page, typed) = form_of(w, &invited).await;
        let undo = format!("{base}/undo-owner");
        let form = desk.get(&undo).await;
        let before = accounts(w).await;
        let (registered, undone) = tokio::join!(
            registers(&mut phone, &page, &typed),
            desk.submit(&form, &undo, &[("reason", "A mistake.")])
        );
        undone.must_be(303);
        assert_eq!(owner_of(w, ana.chart_id).await, ana.person_id);
        assert_eq!(level(w, own.access, Right::Documents).await, Level::Act);
        let hers: (AccessId, String) = w.look(move |c| {
            portal_access::table
                .filter(portal_access::person_id.eq(rosa))
                .select((portal_access::access_id, portal_access::role))
                .first(c)
        }).await;
        assert_eq!(level(w, hers.0, Right::Documents).await, Level::None, "Rosa keeps nothing");
        assert_eq!(hers.1, "former_owner");
        assert_eq!(accounts(w).await - before, i64::from(is_welcome(&registered)));
    }

    async fn race_a_taken_birth_date_and_a_registration_in_flight_compare_with_what_stands_then(w: &mut World) {
        for (at, taken_first) in [true, false].into_iter().enumerate() {
            let leo = w.chart_with("Leo", "Park", "1990-04-12", &format!("leo{at}@example.com")).await;
            let rosa = contact(w, &leo, "Rosa", &format!("rosa{at}@example.com")).await;
            let id = account(w, &format!("rosa{at}@example.com")).await;
            let hers = grant(w, &w.riverbend.scope, &id, &rosa, &leo.chart_id, Some(Right::ALL)).await;
            set(w, hers, Terms { basis: Some(Basis::PowerOfAttorney), ..Terms::default() }).await;
            w.invite(&leo).await;
            let (mut phone, page, typed) = form_of(w, &leo).await;
            let mut helper = sign_in(w, &format!("rosa{at}@example.com")).await;
            let path = "/portal/information/birth-date";
            let form = helper.get(path).await;
            helper.submit(&form, path, &[("birth_month", "4"), ("birth_day", "13"), ("birth_year", "1990")]).await.must_be(303);
            let mut desk = w.staff(Role::FrontDesk).await;
            let review = format!("/staff/charts/{}/information", leo.chart_id);
            let list = desk.get(&review).await;
            list.must_be(200);
            let decide = [("do-0", "take"), ("why-0", "")];
            let before = accounts(w).await;
            let (registered, taken) = if taken_first {
                let (taken, registered) = in_turn(
                    w,
                    Whose::Chart(leo.chart_id),
                    desk.submit(&list, &review, &decide),
                    registers(&mut phone, &page, &typed),
                ).await;
                (registered, taken)
            } else {
                tokio::join!(registers(&mut phone, &page, &typed), desk.submit(&list, &review, &decide))
            };
            taken.must_be(303);
            if taken_first {
                assert!(!is_welcome(&registered), "the old birth date is none any more");
            }
            assert_eq!(accounts(w).await - before, i64::from(is_welcome(&registered)));
            let of = leo.person_id;
            let born: Option<String> =
                w.look(move |c| person::table.filter(person::person_id.eq(of)).select(person::birth_date).first(c)).await;
            assert_eq!(born.as_deref(), Some("1990-04-13"));
            let states: Vec<String> = w.look(move |c| {
                info_change_field::table
                    .filter(info_change_field::person_id.eq(of))
                    .select(info_change_field::state)
                    .load(c)
            }).await;
            assert_eq!(states, ["taken"]);
        }
    }

    async fn race_two_accounts_that_confirm_one_address_share_the_mailbox_and_no_name(w: &mut World) {
        let mut all = Vec::new();
        for (first, mail) in [("Ana", "a@example.org"), ("Ben", "b@example.org")] {
            let client = w.chart_with(first, "Vogel", "1970-01-01", mail).await;
            let own = enrolled(w, &client).await;
            let mut browser = sign_in(w, &own.name).await;
            let form = browser.get("/portal/me/email").await;
            let asked = [("address", "both@example.org"), ("password", PASSWORD)];
            browser.submit(&form, "/portal/me/email", &asked).await.must_be(303);
            let mail = w.mail_to("both@example.org").await;
            let link = w.link_in(&mail);
            let mut reader = w.browser();
            let page = reader.get(&link).await;
            all.push((own, reader, page));
        }
        let (mut two, mut one) = (all.pop().expect("two"), all.pop().expect("one"));
        let password = [("password", PASSWORD)];
        let (first, second) = tokio::join!(
            one.1.submit(&one.2, "/email/", &password),
            two.1.submit(&two.2, "/email/", &password)
        );
        first.must_be(200);
        second.must_be(200);
        let names: Vec<(String, String)> = w.look(|c| {
            portal_account::table
                .order(portal_account::created_at.asc())
                .select((portal_account::sign_in_name, portal_account::email))
                .load(c)
        }).await;
        assert!(names.iter().all(|(_, email)| email == "both@example.org"), "{names:?}");
        let shared = names.iter().filter(|(name, _)| name == "both@example.org").count();
        assert_eq!(shared, 1, "one of them signs in by it: {names:?}");
        for (own, ..) in [&one, &two] {
            let id = own.account;
            let name: String = w.look(move |c| {
                portal_account::table.filter(portal_account::account_id.eq(id)).select(portal_account::sign_in_name).first(c)
            }).await;
            sign_in(w, &name).await.get("/portal/me").await.must_be(200);
        }
    }

    async fn race_a_birthday_at_midnight_and_a_save_are_judged_by_the_day_of_the_save(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2008-12-02", "").await;
        let (mother, _) = mother_of(w, &leo).await;
        // 11:59:59 PM in New York: the form is open, and the day ends before it is sent.
        w.clock.advance_seconds(14 * 3_600 - 1);
        let mut browser = sign_in(w, &mother).await;
        let form = browser.get("/portal/appointments/request").await;
        form.must_be(200);
        w.clock.advance_seconds(1);
        let typed = [("kind", "session"), ("place", "either"), ("day1", "2026-12-04"), ("part1", "any")];
        let late = browser.submit(&form, "/portal/appointments/request", &typed).await;
        assert!(late.location().is_none_or(|to| to.contains("sign-in")), "{} {:?}", late.status(), late.location());
        let filed: i64 = w.look(|c| appointment_request::table.count().get_result(c)).await;
        assert_eq!(filed, 0);
        let asked: i64 = w.look(|c| {
            audit_event::table.filter(audit_event::action.eq("appointment.requested")).count().get_result(c)
        }).await;
        assert_eq!(asked, 0);
    }
}

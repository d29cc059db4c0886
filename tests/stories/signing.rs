//! Signing: staff ask, clients agree to sign electronically, read, sign or refuse; staff see it, remind, replace, sign
//! for the practice, cancel. The numbers are those of the acceptance cases.

use anteroom::features::access::lifecycle::State;
use anteroom::features::documents::signing::actions::{self as signing, Candidate, NewSigner, NewSigning};
use anteroom::features::documents::signing::consent;
use anteroom::features::documents::signing::evidence::{self, Link};
use anteroom::features::documents::signing::store as rows;
use anteroom::features::documents::{self, Recipient};
use anteroom::features::staff::StaffState;
use anteroom::features::staff::store as members;
use anteroom::kernel::ids::{AccessId, DocumentId, StaffId};
use anteroom::platform::db::schema::{econsent, outbox, portal_access, signer, signing_event};
use anteroom::platform::i18n::{Language, Words};
use anteroom::platform::permissions::{Level, Right, Role, Scope, Terms};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::api::key;
use crate::portal_people::{Enrolled, account, enrolled, events, grant, set_state, sign_in};
use crate::stories;
use crate::support::papers::{draft, pdf, withdraw};
use crate::support::world::Client;
use crate::support::{Browser, PASSWORD, Page, World};

/// A signer at a position.
fn at(position: i32, who: Candidate) -> NewSigner {
    NewSigner { who, position }
}

fn by_grant(access: AccessId) -> Candidate {
    Candidate::Grant(Recipient::Grant(access))
}

/// Asks for signatures, as the clinician.
pub async fn ask(w: &World, id: &DocumentId, signers: Vec<NewSigner>) {
    let (by, id) = (w.riverbend.by(Role::Clinician), *id);
    let new = NewSigning { signers, days: 30 };
    let asked = w.app.db.write(&w.riverbend.scope, move |c| signing::ask(c, &by, &id, &new)).await;
    asked.expect("no fault").expect("they can be asked");
}

/// A text that its chart's owner is asked to sign.
async fn to_sign(w: &World, client: &Client) -> DocumentId {
    let id = draft(w, &client.chart_id, "Lantern agreement", "We agree on lanterns.").await;
    ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner))]).await;
    id
}

/// Another person's access to the client's chart, with the right to documents.
pub async fn representative(w: &mut World, client: &Client) -> (Client, Enrolled) {
    let bob = w.chart("Bob", "Reyes").await;
    let holder = account(w, &bob.email).await;
    let scope = w.riverbend.scope.clone();
    let rights = Some([Right::Documents].as_slice());
    let access = grant(w, &scope, &holder, &bob.person_id, &client.chart_id, rights).await;
    let name = bob.email.clone();
    (bob, Enrolled { account: holder, access, name })
}

pub fn page_of(id: &DocumentId) -> String {
    format!("/portal/documents/{id}")
}

pub fn staff_page(client: &Client, id: &DocumentId) -> String {
    format!("/staff/charts/{}/documents/{id}", client.chart_id)
}

/// The address of its form, which is not that of signing out.
pub fn sign_path(id: &DocumentId) -> String {
    format!("{}/sign", page_of(id))
}

/// The code in somebody's file.
pub fn code_of(w: &World, who: &Enrolled) -> String {
    let home = w.riverbend.scope.id();
    consent::code(&w.app.keys, home, (home, &who.account))
}

/// Agrees to sign electronically.
async fn agree(w: &World, phone: &mut Browser, who: &Enrolled, id: &DocumentId) {
    let page = phone.get(&format!("{}/sign", page_of(id))).await;
    page.must_say("You can have this on paper instead");
    let typed = [("code", code_of(w, who)), ("agreed", "yes".to_owned())];
    let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let kept = phone.submit(&page, "/consent", &typed).await;
    assert_eq!(kept.location(), Some(sign_path(id).as_str()));
}

pub const SIGNATURE: [(&str, &str); 3] = [("typed", "Ana Duarte"), ("agreed", "yes"), ("password", PASSWORD)];

/// Opens, agrees and signs.
pub async fn sign(w: &World, who: &Enrolled, id: &DocumentId) -> (Browser, Page) {
    sign_with(w, who, id, &SIGNATURE).await
}

/// The same with another signature.
pub async fn sign_with(
    w: &World,
    who: &Enrolled,
    id: &DocumentId,
    signature: &[(&str, &str)],
) -> (Browser, Page) {
    let mut phone = sign_in(w, &who.name).await;
    phone.get(&page_of(id)).await.must_be(200).must_say("We ask you to sign this document");
    agree(w, &mut phone, who, id).await;
    let page = phone.get(&format!("{}/sign", page_of(id))).await;
    let answer = phone.submit(&page, &sign_path(id), signature).await;
    (phone, answer)
}

/// A signer's mails of a kind.
async fn mails(w: &World, kind: &'static str) -> i64 {
    w.look(move |c| outbox::table.filter(outbox::kind.eq(kind)).count().get_result(c)).await
}

async fn state_of(w: &World, id: &DocumentId) -> (String, Vec<String>) {
    let id = *id;
    let found = w.app.db.read(&w.riverbend.scope, move |c| rows::newest(c, &id)).await;
    let found = found.expect("no fault").expect("a request");
    let states = found.signers.iter().map(|signer| signer.state.to_string()).collect();
    (found.request.state.to_string(), states)
}

/// Follows the chain of a document's newest request.
async fn chain(w: &World, id: &DocumentId) -> Result<usize, i32> {
    let id = *id;
    let read = w.app.db.read(&w.riverbend.scope, move |c| {
        let found = rows::newest(c, &id)?.expect("a request");
        let events = rows::events(c, &found.request.signing_id)?;
        Ok((found.request, events))
    });
    let (request, events) = read.await.expect("no fault");
    let links = events.iter().map(|event| Link {
        seq: event.seq,
        evidence: &event.evidence,
        hash: &event.hash,
        prev: &event.prev,
    });
    evidence::check(&request.sha256, links, &request.chain_head)
        .map(|()| events.len())
        .map_err(|broken| broken.0)
}

/// What the menu counts beside the portal work list.
fn waiting(page: &Page) -> String {
    let html = page.html();
    let entry = html.split("href=\"/staff/worklist\"").nth(1).expect("the menu");
    let entry = entry.split("</a>").next().unwrap_or_default();
    let count = entry.split("class=\"count\" aria-hidden=\"true\">").nth(1).unwrap_or_default();
    count.split('<').next().unwrap_or_default().to_owned()
}

/// A staff member of Riverbend.
fn staff_id(w: &World, role: Role) -> StaffId {
    w.riverbend.member(role).staff_id
}

stories! {
    async fn case_36_in_order_each_is_asked_when_it_is_their_turn_and_the_practice_signs_last(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let (bob, other) = representative(w, &ana).await;
        let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree on lanterns.").await;
        // By the pages of staff.
        let mut casey = w.staff(Role::Clinician).await;
        let form = casey.get(&format!("{}/ask-to-sign", staff_page(&ana, &id))).await;
        form.must_say("Ana Duarte (chart owner)").must_say("Bob Reyes (representative)");
        let (rep, own) = (format!("at.grant:{}", other.access), format!("at.staff:{}", staff_id(w, Role::Clinician)));
        let chosen = [("at.owner", "1"), (rep.as_str(), "2"), (own.as_str(), "3")];
        let page = casey.submit_and_follow(&form, "/ask-to-sign", &chosen).await;
        page.must_say("The signatures are asked for.").must_say("Signs later").must_say("Not signed yet");
        w.run_due_jobs().await;
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.subject.contains("something to sign"), "{}", mail.subject);
        assert!(!mail.text.to_lowercase().contains("lantern") && !mail.text.contains("Duarte"), "{}", mail.text);
        assert_eq!(mails(w, "signing.turn").await, 1, "only the first is asked");
        // The second sees that it is not their turn, and no form.
        let mut second = sign_in(w, &other.name).await;
        second.get("/portal").await.must_not_say("To sign, until");
        second.get(&page_of(&id)).await.must_be(200).must_say("Others sign first");
        let early = second.get(&format!("{}/sign", page_of(&id))).await;
        early.must_be(200).must_say("Others sign first");
        assert!(!early.has_form(&sign_path(&id)) && !early.has_form("/consent"));
        // The first finds it first on home.
        let mut phone = sign_in(w, &who.name).await;
        phone.get("/portal").await.must_say("Lantern agreement").must_say("To sign, until");
        phone.get("/portal/documents").await.must_say("To sign");
        let (mut phone, answer) = { drop(phone); sign(w, &who, &id).await };
        assert_eq!(answer.location(), Some(format!("{}?done=signing-signed", page_of(&id)).as_str()));
        phone.get(&page_of(&id)).await.must_say("You signed").must_say("We are waiting for the other signatures");
        phone.get("/portal/documents").await.must_say("Waiting for others");
        phone.get("/portal").await.must_not_say("To sign, until");
        w.run_due_jobs().await;
        w.mail_to(&bob.email).await;
        let (_, answer) = sign(w, &other, &id).await;
        answer.must_be(303);
        assert_eq!(state_of(w, &id).await, ("open".into(), vec!["signed".into(), "signed".into(), "ready".into()]));
        // The practice's turn stands on its work list, and is signed for with the password.
        let list = casey.get("/staff/worklist").await;
        list.must_say("Ana Duarte · Lantern agreement").must_say("Waits for your signature");
        assert_eq!(waiting(&list), "1", "the menu counts it");
        let others = w.staff(Role::Administrator).await.get("/staff/worklist").await;
        assert_eq!(waiting(&others), "", "only for whoever it waits for");
        let form = casey.get(&format!("{}/countersign", staff_page(&ana, &id))).await;
        let typed = [("typed", "Casey Okafor"), ("agreed", "yes"), ("password", "wrong password")];
        casey.submit(&form, "/countersign", &typed).await.must_be(422).must_say("This password is not right.");
        let typed = [("typed", "Casey Okafor"), ("agreed", "yes"), ("password", PASSWORD)];
        let page = casey.submit_and_follow(&form, "/countersign", &typed).await;
        page.must_say("Your signature is saved.").must_not_say("Not signed yet");
        assert_eq!((state_of(w, &id).await.0.as_str(), waiting(&page).as_str()), ("completed", ""));
        w.run_due_jobs().await;
        assert_eq!(mails(w, "signing.copy").await, 2, "both clients hear that the signed copy is ready");
        // A signed document has no new version and is not withdrawn.
        for (form, typed) in [("/write", ("body", "Other words.")), ("/withdraw", ("reason", "Outdated."))] {
            let page = casey.get(&format!("{}{form}", staff_page(&ana, &id))).await;
            casey.submit(&page, form, &[typed]).await.must_be(409);
        }
        // Who signed and when, for the client; the list says it too.
        let signed_at = Words::of(Language::English).date_time_zone(w.now(), &w.riverbend.practice.zone());
        let signed_at = signed_at.split_whitespace().collect::<Vec<_>>().join(" ");
        let page = phone.get(&page_of(&id)).await;
        page.must_be(200).must_say("Everybody has signed.");
        assert_eq!(page.words().matches(&format!("Signed on {signed_at}")).count(), 3, "{}", page.words());
        phone.get("/portal/documents").await.must_say("Lantern agreement").must_say("Signed");
        assert_eq!(chain(w, &id).await, Ok(7), "sent, opened twice, signed three times, completed");
        casey.get(&format!("{}/evidence", staff_page(&ana, &id))).await.must_say("No entry was changed after it was written.");
    }

    async fn case_37_case_74_a_signer_sees_no_mark_of_another_and_no_mail_says_what_it_is(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let (bob, other) = representative(w, &ana).await;
        let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree on lanterns.").await;
        ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner)), at(1, by_grant(other.access))]).await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&page_of(&id)).await;
        agree(w, &mut phone, &who, &id).await;
        let page = phone.get(&format!("{}/sign", page_of(&id))).await;
        let drawn = "[[[10,100],[40,20],[80,150],[120,60],[160,120],[200,80],[240,100],[280,90]]]";
        let typed = [("drawn", drawn), ("agreed", "yes"), ("password", PASSWORD)];
        phone.submit(&page, &sign_path(&id), &typed).await.must_be(303);
        let mut second = sign_in(w, &other.name).await;
        for path in [page_of(&id), format!("{}/sign", page_of(&id))] {
            let page = second.get(&path).await;
            assert!(!page.html().contains("M10 100L40 20") && !page.html().contains("[[["), "{path} shows the drawing");
        }
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&staff_page(&ana, &id)).await;
        assert!(page.html().contains("M10 100L40 20"), "staff see what was drawn");
        w.run_due_jobs().await;
        let mail = w.mail_to(&bob.email).await;
        for text in [&mail.subject, &mail.text] {
            assert!(!text.contains("Lantern") && !text.contains("Reyes") && !text.contains("Duarte"), "{text}");
        }
    }

    async fn case_38_a_refusal_ends_it_for_everybody_and_staff_see_why(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let (_, other) = representative(w, &ana).await;
        let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree on lanterns.").await;
        let third = at(2, Candidate::Staff(staff_id(w, Role::Clinician)));
        ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner)), at(1, by_grant(other.access)), third]).await;
        sign(w, &who, &id).await.1.must_be(303);
        let mut second = sign_in(w, &other.name).await;
        let form = second.get(&format!("{}/refuse", page_of(&id))).await;
        let reason = [("reason", "Too <b>dark</b>.")];
        second.submit_and_follow(&form, "/refuse", &reason).await.must_say("you declined to sign").must_say("You wrote: Too <b>dark</b>.");
        assert_eq!(state_of(w, &id).await, ("refused".into(), vec!["signed".into(), "refused".into(), "ended".into()]));
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&staff_page(&ana, &id)).await;
        page.must_say("Too <b>dark</b>.");
        assert!(!page.html().contains("<b>dark"), "the reason is text");
        // Whoever has signed hears of it; nobody can be reminded or sign.
        w.run_due_jobs().await;
        assert_eq!((mails(w, "signing.news").await, page.has_form("/remind-signers")), (1, false));
        sign_in(w, &who.name).await.get(&page_of(&id)).await.must_say("Somebody declined to sign").must_not_say("Too <b>");
        casey.get(&format!("{}/countersign", staff_page(&ana, &id))).await.must_say("nothing for you to sign");
        casey.get("/staff/worklist").await.must_say("Lantern agreement").must_say("Refused");
        // Who can neither ask anew nor take it off does not find it there.
        w.staff(Role::FrontDesk).await.get("/staff/worklist").await.must_not_say("Lantern agreement");
        casey.submit_and_follow(&page, "/signing-seen", &[]).await.must_say("It is off the work list.");
        casey.get("/staff/worklist").await.must_not_say("Lantern agreement");
        assert_eq!(chain(w, &id).await, Ok(4));
    }

    async fn case_39_one_signature_however_often_it_is_sent(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&page_of(&id)).await;
        agree(w, &mut phone, &who, &id).await;
        let old_tab = phone.get(&format!("{}/sign", page_of(&id))).await;
        let tablet = sign_in(w, &who.name).await;
        let other_tab = tablet.clone().get(&format!("{}/sign", page_of(&id))).await;
        let sent = async |mut browser: Browser, page: Page| browser.submit(&page, &sign_path(&id), &SIGNATURE).await;
        let (one, two, three) = tokio::join!(
            sent(phone.clone(), old_tab.clone()),
            sent(phone.clone(), old_tab.clone()),
            sent(tablet.clone(), other_tab),
        );
        for answer in [&one, &two, &three] {
            let to = answer.location().unwrap_or_default();
            assert!(to.starts_with(&page_of(&id)), "{}: {}", answer.status(), answer.words());
        }
        let again = phone.submit(&old_tab, &sign_path(&id), &SIGNATURE).await;
        phone.follow(&again).await.must_say("You signed").must_say("The document is complete.");
        let signed: i64 = w.look(|c| signing_event::table.filter(signing_event::kind.eq("signed")).count().get_result(c)).await;
        assert_eq!((signed, events(w, "signing.signed").await, chain(w, &id).await), (1, 1, Ok(4)));
    }

    async fn case_40_nobody_signs_for_somebody_else(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let (_, other) = representative(w, &ana).await;
        let id = to_sign(w, &ana).await;
        // A representative who sees the document and was not asked.
        let (by, share) = (w.riverbend.by(Role::Clinician), documents::NewShare {
            with: vec![Recipient::Grant(other.access)],
            telling: documents::Telling::Silent,
            since: None,
        });
        let shared = w.app.db.write(&w.riverbend.scope, move |c| documents::share(c, &by, &id, &share)).await;
        shared.expect("no fault").expect("shared");
        let mut second = sign_in(w, &other.name).await;
        second.get(&page_of(&id)).await.must_be(200).must_not_say("Signatures");
        let page = second.get("/portal/electronic-records").await;
        let csrf = page.html().split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned();
        let posted = [("csrf", csrf.as_str()), ("typed", "Ana Duarte"), ("agreed", "yes"), ("password", PASSWORD)];
        for act in ["sign", "consent", "refuse"] {
            second.post(&format!("{}/{act}", page_of(&id)), &posted[..1]).await.must_be(404);
        }
        second.post(&format!("{}/sign", page_of(&id)), &posted).await.must_be(404);
        // Staff: not by the client's route, not by their own where they are not named, not by a key.
        let mut casey = w.staff(Role::Clinician).await;
        assert!(casey.get(&format!("{}/sign", page_of(&id))).await.is_redirect());
        casey.get(&format!("{}/countersign", staff_page(&ana, &id))).await.must_be(404);
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        program.send("POST", &format!("/api/v1/documents/{id}/signing/sign"), Some(("application/json", b"{}"))).await.must_be(405);
        assert_eq!(state_of(w, &id).await, ("open".into(), vec!["ready".into()]));
        // Who may only look at documents does not sign them.
        let theirs = draft(w, &ana.chart_id, "Lantern rules", "We agree on lanterns.").await;
        ask(w, &theirs, vec![at(1, by_grant(other.access))]).await;
        let (view, access) = (Terms::of([(Right::Documents, Level::View)]).write(), other.access);
        w.tamper(move |c| {
            diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
                .set(portal_access::rights.eq(&view))
                .execute(c)
        }).await;
        second.get(&page_of(&theirs)).await.must_be(200);
        second.get(&sign_path(&theirs)).await.must_be(404);
        casey.get(&staff_page(&ana, &theirs)).await.must_say("Can no longer sign");
    }

    async fn case_41_without_consent_nobody_signs_and_it_can_be_taken_back(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&page_of(&id)).await;
        let step = phone.get(&format!("{}/sign", page_of(&id))).await;
        let csrf = step.form("/consent").fields.iter().find(|(name, _)| name == "csrf").expect("a token").1.clone();
        let posted = [("csrf", csrf.as_str()), ("typed", "Ana Duarte"), ("agreed", "yes"), ("password", PASSWORD)];
        let answer = phone.post(&format!("{}/sign", page_of(&id)), &posted).await;
        assert_eq!(answer.location(), Some(format!("{}/sign", page_of(&id)).as_str()), "to the consent first");
        assert_eq!(state_of(w, &id).await.1, ["ready"]);
        // The file that shows that they can open one.
        let file = phone.get("/portal/electronic-records/file").await;
        file.must_be(200);
        assert!(file.answer.body.starts_with(b"%PDF-") && file.answer.header("content-type") == Some("application/pdf"));
        phone.submit(&step, "/consent", &[("code", "")]).await.must_be(422).must_say("Type the code").must_say("Tick the box");
        // Both mistakes are told at once, and the code counts.
        let both = phone.submit(&step, "/consent", &[("code", "????")]).await;
        both.must_be(422).must_say("not the code from the file").must_say("Tick the box");
        let wrong = phone.submit(&step, "/consent", &[("code", "????"), ("agreed", "yes")]).await;
        wrong.must_be(422).must_say("not the code from the file");
        let kept = &wrong.form("/consent").fields;
        for typed in [("code", "????"), ("agreed", "yes")] {
            assert!(kept.iter().any(|(name, value)| (name.as_str(), value.as_str()) == typed), "{kept:?}");
        }
        let third = phone.submit(&step, "/consent", &[("code", "????"), ("agreed", "yes")]).await;
        phone.follow(&third).await.must_say("on paper");
        let right = code_of(w, &who);
        let late = phone.submit(&step, "/consent", &[("code", &right), ("agreed", "yes")]).await;
        phone.follow(&late).await.must_say("on paper");
        assert_eq!(w.look(|c| econsent::table.count().get_result::<i64>(c)).await, 0);
        w.clock.advance_seconds(86_400);
        let mut phone = sign_in(w, &who.name).await;
        agree(w, &mut phone, &who, &id).await;
        phone.get(&format!("{}/sign", page_of(&id))).await.must_say("I am Ana Duarte. I have read this document and I sign it.");
        let page = phone.get("/portal/electronic-records").await;
        page.must_say("You agreed to sign electronically");
        // It is asked first.
        let ask = page.link("/electronic-records/withdraw");
        let question = phone.get(&ask).await;
        question.must_say("Take your consent back?").must_say("What you have signed stays signed.");
        assert_eq!(events(w, "econsent.withdrawn").await, 0);
        phone.submit_and_follow(&question, "/withdraw", &[]).await.must_say("Your consent is taken back.");
        // A second click, and an old tab: there is nothing to take back.
        phone.submit(&question, "/withdraw", &[]).await.must_be(303);
        let on = format!("You took your consent back on {}.", Words::of(Language::English).date(w.now(), &w.riverbend.practice.zone()));
        for path in [ask.as_str(), "/portal/electronic-records"] {
            phone.get(path).await.must_say(&on).must_not_say("You have not agreed");
        }
        let step = phone.get(&format!("{}/sign", page_of(&id))).await;
        step.must_say("You can have this on paper instead").must_say(&on).must_say("agree once more").must_not_say("for the first time");
        assert_eq!((events(w, "econsent.given").await, events(w, "econsent.withdrawn").await), (1, 1));
        // Another version of the text asks again.
        agree(w, &mut phone, &who, &id).await;
        w.tamper(|c| diesel::update(econsent::table).set(econsent::text_version.eq(0)).execute(c)).await;
        phone.get(&format!("{}/sign", page_of(&id))).await.must_say("You can have this on paper instead").must_say("have changed since you agreed");
    }

    async fn case_42_the_deadline_holds_to_the_second_and_a_later_one_revives_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let asked = w.now();
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&page_of(&id)).await;
        agree(w, &mut phone, &who, &id).await;
        let deadline = asked.plus_hours(30 * 24);
        w.clock.advance_seconds(u32::try_from(deadline.seconds_since(w.now())).expect("it lies ahead"));
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&format!("{}/sign", page_of(&id))).await.must_say("The time to sign ended");
        phone.get("/portal").await.must_not_say("To sign, until");
        let mut casey = w.staff(Role::Clinician).await;
        casey.get("/staff/worklist").await.must_say("Lantern agreement").must_say("Not signed in time");
        let page = casey.get(&staff_page(&ana, &id)).await;
        assert!(!page.has_form("/remind-signers"), "nobody is reminded of what is over");
        casey.submit_and_follow(&page, "/extend-signing", &[("days", "7")]).await.must_say("There is more time to sign.");
        w.clock.advance_seconds(7 * 86_400 - 1);
        let mut phone = sign_in(w, &who.name).await;
        let form = phone.get(&format!("{}/sign", page_of(&id))).await;
        phone.submit(&form, &sign_path(&id), &SIGNATURE).await.must_be(303);
        assert_eq!(state_of(w, &id).await.0, "completed");
    }

    async fn case_42_the_time_to_sign_is_only_made_longer_and_staff_are_told_until_when_it_is(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&staff_page(&ana, &id)).await;
        page.must_say("More time to sign, from today").must_say("Extend");
        let refused = casey.submit(&page, "/extend-signing", &[("days", "7")]).await;
        refused.must_be(422).must_say("The time to sign can only be made longer. It goes until").must_say("December 31, 2026");
        let html = refused.html();
        assert!(html.contains("aria-describedby=\"e-days\"") && html.contains("id=\"e-days\""), "beside the field");
        assert!(html.contains("<option value=\"7\" selected>"), "what was chosen is kept");
        assert_eq!(events(w, "signing.extended").await, 0);
        for days in ["0", "181", "soon"] {
            let typed: Vec<(String, String)> = page.form("/extend-signing").fields.into_iter()
                .map(|(name, value)| if name == "days" { (name, days.to_owned()) } else { (name, value) })
                .collect();
            let path = format!("{}/extend-signing", staff_page(&ana, &id));
            casey.post_fields(&path, &typed).await.must_be(422).must_say("Choose 1 to 180 days.");
        }
        // A second click is no mistake.
        for _ in 0..2 {
            let done = casey.submit_and_follow(&refused, "/extend-signing", &[("days", "60")]).await;
            done.must_say("There is more time to sign.").must_say("January 30, 2027");
        }
        assert_eq!(events(w, "signing.extended").await, 1);
        // At first is chosen what makes it longer.
        let page = casey.get(&staff_page(&ana, &id)).await;
        assert!(page.html().contains("<option value=\"90\" selected>"), "{}", page.words());
        let key = key(w, &w.riverbend, &[Scope::DocumentsRead, Scope::DocumentsWrite]).await;
        let mut ehr = w.browser().with("authorization", &format!("Bearer {key}"));
        let body = json!({ "days": 7 }).to_string();
        let path = format!("/api/v1/documents/{id}/signing/extend");
        ehr.send("POST", &path, Some(("application/json", body.as_bytes()))).await.must_be(422);
    }

    async fn who_takes_their_consent_back_gets_paper_and_staff_see_it_until_it_is_over(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let signed = to_sign(w, &ana).await;
        let (mut phone, done) = sign(w, &who, &signed).await;
        done.must_be(303);
        let id = draft(w, &ana.chart_id, "Harbor agreement", "We agree on harbors.").await;
        ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner))]).await;
        let theirs = staff_page(&ana, &id);
        let pages = [theirs.clone(), format!("/staff/charts/{}/documents", ana.chart_id), "/staff/worklist".to_owned()];
        let mut casey = w.staff(Role::Clinician).await;
        for page in &pages {
            casey.get(page).await.must_not_say("Paper needed");
        }
        let question = phone.get("/portal/electronic-records/withdraw").await;
        phone.submit(&question, "/withdraw", &[]).await.must_be(303);
        for page in &pages {
            casey.get(page).await.must_say("Harbor agreement").must_say("Paper needed");
        }
        casey.get(&theirs).await.must_say("they took back their consent to sign electronically. Give them this document on paper.");
        let list = casey.get("/staff/worklist").await;
        list.must_say("Paper needed: Ana Duarte took back the consent to sign electronically");
        assert!(list.link(&id.to_string()).starts_with(&theirs), "the way to the document");
        // Who may do nothing about it has no line of it.
        w.staff(Role::FrontDesk).await.get("/staff/worklist").await.must_not_say("Paper needed");
        // What they have signed stays signed.
        casey.get(&staff_page(&ana, &signed)).await.must_not_say("Paper needed");

        // Signing here is offered, and not asked for as if nothing had been said.
        let page = phone.get(&page_of(&id)).await;
        page.must_say("You asked for paper. You can still sign here, if you agree again.");
        page.must_say("Agree again and sign here").must_not_say("We ask you to sign this document");
        phone.get("/portal").await.must_say("You asked for paper. You can still sign here until").must_not_say("To sign, until");
        phone.get("/portal/documents").await.must_say("On paper").must_not_say("To sign");
        phone.clone().get(&format!("{}?lang=es", page_of(&id))).await.must_say("Usted pidió papel.");
        // Given again, it is over.
        agree(w, &mut phone, &who, &id).await;
        for page in &pages {
            casey.get(page).await.must_not_say("Paper needed");
        }
        phone.get("/portal").await.must_say("To sign, until").must_not_say("You asked for paper");
        // Taken back once more, it ends with the request.
        let question = phone.get("/portal/electronic-records/withdraw").await;
        phone.submit(&question, "/withdraw", &[]).await.must_be(303);
        casey.get("/staff/worklist").await.must_say("Paper needed");
        let by = w.riverbend.by(Role::Clinician);
        let canceled = w.app.db.write(&w.riverbend.scope, move |c| signing::cancel(c, &by, &id, "Signed on paper.")).await;
        canceled.expect("no fault").expect("canceled");
        for page in &pages {
            casey.get(page).await.must_not_say("Paper needed");
        }
        phone.get(&page_of(&id)).await.must_not_say("You asked for paper");
    }

    async fn the_signing_record_says_who_did_what_and_with_whom(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let (_, bob) = representative(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut admin = w.staff(Role::Administrator).await;
        let here = staff_page(&ana, &id);
        let page = admin.get(&here).await;
        admin.submit(&page, "/extend-signing", &[("days", "60")]).await.must_be(303);
        let old: String = w.look(|c| {
            let found: anteroom::kernel::ids::SignerId = signer::table.select(signer::signer_id).first(c)?;
            Ok(found.to_string())
        }).await;
        let form = admin.get(&format!("{here}/replace-signer")).await;
        let new = format!("grant:{}", bob.access);
        admin.submit(&form, "/replace-signer", &[("signer", &old), ("by", &new)]).await.must_be(303);
        let (clinician, administrator) = (w.riverbend.member(Role::Clinician), w.riverbend.member(Role::Administrator));
        let record = admin.get(&format!("{here}/evidence")).await;
        record.must_say(&format!("By {}", clinician.name)).must_say("Asked: Ana Duarte").must_say("Can be signed until");
        record.must_say(&format!("By {}", administrator.name)).must_say("Bob Reyes signs instead").must_say("January 30, 2027");
        let page = admin.get(&here).await;
        let form = admin.get(&page.link("/cancel-signing")).await;
        admin.submit(&form, "/cancel-signing", &[("reason", "Not needed.")]).await.must_be(303);
        let record = admin.get(&format!("{here}/evidence")).await;
        assert_eq!(record.words().matches(&format!("By {}", administrator.name)).count(), 3, "{}", record.words());
    }

    async fn who_presses_sign_after_their_session_ended_is_told_that_nothing_was_saved_and_comes_back(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&page_of(&id)).await;
        agree(w, &mut phone, &who, &id).await;
        let form = phone.get(&sign_path(&id)).await;
        w.clock.advance_seconds(24 * 3_600);
        let mut tab = phone.clone().with("sec-fetch-mode", "navigate");
        // Who signs out has sent nothing that could be missed.
        let out = tab.clone().submit(&form, "/portal/sign-out", &[]).await;
        assert!(!out.location().unwrap_or_default().contains("not-saved"), "{:?}", out.location());
        let late = tab.submit(&form, &sign_path(&id), &SIGNATURE).await;
        let page = tab.follow(&late).await;
        page.must_be(200).must_say("What you sent was not saved.").must_not_say("Ana Duarte");
        assert_eq!(state_of(w, &id).await.1, ["ready"]);
        let back = tab.submit(&page, "/sign-in", &[("name", &who.name), ("password", PASSWORD)]).await;
        assert_eq!(back.location(), Some(sign_path(&id).as_str()));
        let form = tab.follow(&back).await;
        form.must_say("I am Ana Duarte. I have read this document and I sign it.");
        tab.submit(&form, &sign_path(&id), &SIGNATURE).await.must_be(303);
        assert_eq!(state_of(w, &id).await.0, "completed");
        // A page of somebody else's site is not come back to.
        let foreign = tab.clone().with("referer", "https://evil.example/portal/documents");
        w.clock.advance_seconds(24 * 3_600);
        let late = foreign.clone().submit(&form, &sign_path(&id), &SIGNATURE).await;
        let to = late.location().expect("sign-in");
        assert!(to.starts_with("/riverbend/sign-in") && !to.contains("evil"), "{to}");
    }

    async fn case_42_reminders_are_few_and_stop_with_the_signature(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&staff_page(&ana, &id)).await;
        w.run_due_jobs().await;
        let told = casey.submit_and_follow(&page, "/remind-signers", &[]).await;
        told.must_say("No reminder was sent.");
        assert!(told.html().contains("class=\"toast is-note\""), "no check mark: nothing was done");
        let from = Words::of(Language::English).date_time(w.now().plus_hours(24), &w.riverbend.practice.zone());
        let from = from.split_whitespace().collect::<Vec<_>>().join(" ");
        told.must_say(&format!("You can remind them from {from}."));
        assert!(!told.has_form("/remind-signers"), "what would send nothing is not offered");
        for day in 0..7 {
            w.clock.advance_seconds(86_400);
            let mut casey = w.staff(Role::Clinician).await;
            let page = casey.get(&staff_page(&ana, &id)).await;
            assert_eq!(page.has_form("/remind-signers"), day < 5, "on day {day}");
            if day >= 5 {
                page.must_say("has had five reminders");
                continue;
            }
            casey.submit(&page, "/remind-signers", &[]).await;
            casey.submit(&page, "/remind-signers", &[]).await;
            w.run_due_jobs().await;
        }
        assert_eq!(mails(w, "signing.turn").await, 6, "the first one and five reminders");
        // Who is not registered gets no mail, so there is nobody to remind.
        let ben = w.chart("Ben", "Ortiz").await;
        let theirs = to_sign(w, &ben).await;
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&staff_page(&ben, &theirs)).await;
        page.must_say("Not signed yet").must_not_say("Can no longer sign");
        assert!(!page.has_form("/remind-signers"));
        // A mail that still waits is not sent once they have signed.
        let (bob, other) = representative(w, &ana).await;
        let second = draft(w, &ana.chart_id, "Second", "Words.").await;
        w.stop_sending().await;
        ask(w, &second, vec![at(1, by_grant(other.access))]).await;
        w.run_due_jobs().await;
        sign(w, &other, &second).await.1.must_be(303);
        let before = w.unread_to(&bob.email).await;
        w.run_due_jobs().await;
        w.start_sending();
        w.mail_has_settled().await;
        let turns = w.mailbox.mails_to(&bob.email).into_iter().skip(before).filter(|mail| mail.subject.contains("something to sign")).count();
        assert_eq!(turns, 0);
    }

    async fn reminders_go_out_by_themselves_on_days_3_7_14_and_21_by_day_and_end_with_the_signature(w: &mut World) {
        let (ana, ben) = (w.chart("Ana", "Duarte").await, w.chart("Ben", "Duarte").await);
        enrolled(w, &ana).await;
        let other = enrolled(w, &ben).await;
        let (id, his) = (to_sign(w, &ana).await, to_sign(w, &ben).await);
        w.run_due_jobs().await;
        assert_eq!(mails(w, "signing.turn").await, 2);
        sign(w, &other, &his).await.1.must_be(303);
        let mut days = Vec::new();
        let mut before = 2;
        // A mail that would go out in the night waits for the morning.
        for hour in (3..24 * 29).step_by(3) {
            w.clock.advance_seconds(3 * 3_600);
            w.run_due_jobs().await;
            let now = mails(w, "signing.turn").await;
            if now > before {
                let at = w.now().in_zone(&w.riverbend.practice.zone()).hour();
                assert!((8..21).contains(&at), "at {at} o'clock");
                days.push(hour / 24);
                before = now;
            }
        }
        assert_eq!(days, [3, 7, 14, 21]);
        assert_eq!(state_of(w, &id).await.0, "open");
    }

    async fn case_44_a_signer_who_cannot_sign_is_replaced_and_signatures_stay(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree on lanterns.").await;
        let casey = staff_id(w, Role::Clinician);
        ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner)), at(2, Candidate::Staff(casey))]).await;
        sign(w, &who, &id).await.1.must_be(303);
        let gone = w.app.db.write(&w.riverbend.scope, move |c| members::set_state(c, &casey, StaffState::Disabled)).await;
        gone.expect("no fault");
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&staff_page(&ana, &id)).await;
        page.must_say("Can no longer sign");
        let form = admin.get(&format!("{}/replace-signer", staff_page(&ana, &id))).await;
        assert!(!form.html().contains("value=\"owner\""), "who has signed is not offered once more");
        admin.submit(&form, "/replace-signer", &[]).await.must_be(422).must_say("Choose who signs instead.");
        let old: String = w.look(move |c| {
            let found: anteroom::kernel::ids::SignerId = signer::table.filter(signer::staff_id.eq(Some(casey))).select(signer::signer_id).first(c)?;
            Ok(found.to_string())
        }).await;
        let own = format!("staff:{}", staff_id(w, Role::Administrator));
        let chosen = [("signer", old.as_str()), ("by", "owner")];
        admin.submit(&form, "/replace-signer", &chosen).await.must_be(422).must_say("asked to sign already");
        let chosen = [("signer", old.as_str()), ("by", own.as_str())];
        admin.submit_and_follow(&form, "/replace-signer", &chosen).await.must_say("The signer is replaced.");
        let form = admin.get(&format!("{}/countersign", staff_page(&ana, &id))).await;
        let typed = [("typed", "Admin"), ("agreed", "yes"), ("password", PASSWORD)];
        admin.submit_and_follow(&form, "/countersign", &typed).await.must_say("Your signature is saved.");
        let (state, states) = state_of(w, &id).await;
        assert_eq!((state.as_str(), states.iter().filter(|state| *state == "signed").count()), ("completed", 2));
        assert_eq!(chain(w, &id).await, Ok(6));
    }

    async fn a_share_with_a_signer_ends_after_a_question_and_not_once_everybody_signed(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let (_, other) = representative(w, &ana).await;
        let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree on lanterns.").await;
        let (here, list) = (staff_page(&ana, &id), format!("/staff/charts/{}/documents", ana.chart_id));
        let mut casey = w.staff(Role::Clinician).await;
        casey.get(&format!("{here}/withdraw")).await.must_not_say("the signatures are canceled");
        ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner)), at(1, by_grant(other.access))]).await;
        casey.get(&format!("{here}/withdraw")).await.must_say("the signatures are canceled");
        let page = casey.get(&here).await;
        assert!(!page.has_form("/end-share"), "it is asked first");
        // The list and the page say the same.
        assert_eq!(page.words().matches("To be signed until").count(), 2, "{}", page.words());
        casey.get(&list).await.must_say("To be signed until");
        let question = casey.get(&format!("{here}/end-share?access={}", who.access)).await;
        question.must_be(200).must_say("Ana Duarte is asked to sign this document.").must_say("can no longer sign it");
        // A button from before they were asked leads to the question.
        let old = casey.submit(&question, "/end-share", &[("confirmed", "")]).await;
        assert_eq!(old.location(), Some(format!("{here}/end-share?access={}", who.access).as_str()));
        assert_eq!(events(w, "document.share_ended").await, 0);
        let page = casey.submit_and_follow(&question, "/end-share", &[]).await;
        page.must_say("The share is ended.").must_say("Can no longer sign").must_say("Can be signed until");
        assert_eq!(page.words().matches("Not signed yet").count(), 1, "only the other one can still sign");
        sign_in(w, &who.name).await.get(&page_of(&id)).await.must_be(404);
        casey.get(&format!("{here}/end-share?access={}", who.access)).await.must_be(303);
        // Nobody is left who can.
        let question = casey.get(&page.link("/end-share?access=")).await;
        question.must_say("Bob Reyes is asked to sign this document.");
        let page = casey.submit_and_follow(&question, "/end-share", &[]).await;
        for page in [page.clone(), casey.get(&list).await] {
            page.must_say("Nobody can sign it now").must_not_say("To be signed until");
        }
        page.must_say("Share the document with them again").must_not_say("Can be signed until").must_not_say("Not signed yet");
        assert!(!page.has_form("/remind-signers"));
        // Shared again, both sign.
        for again in ["/share?with=owner".to_owned(), format!("/share?with={}", other.access)] {
            let form = casey.get(&page.link(&again)).await;
            casey.submit_and_follow(&form, "/share", &[]).await.must_say("To be signed until");
        }
        let (mut phone, signed) = sign(w, &who, &id).await;
        signed.must_be(303);
        let hers = format!("{here}/end-share?access={}", who.access);
        let early = casey.get(&hers).await;
        early.must_say("Ana Duarte has signed this document, and other signatures are missing.");
        sign(w, &other, &id).await.1.must_be(303);
        let page = casey.get(&here).await;
        page.must_say("Ana Duarte has signed this document and keeps it").must_not_say("End share");
        let kept = casey.get(&hers).await;
        kept.must_say("This share cannot be ended.");
        assert!(!kept.has_form("/end-share"));
        casey.submit(&early, "/end-share", &[]).await.must_be(409);
        let text = key(w, &w.riverbend, &[Scope::DocumentsWrite]).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let body = json!({ "grant": who.access }).to_string();
        let path = format!("/api/v1/documents/{id}/end-share");
        program.send("POST", &path, Some(("application/json", body.as_bytes()))).await.must_be(409);
        phone.get(&page_of(&id)).await.must_be(200).must_say("Everybody has signed.");
        assert_eq!(events(w, "document.share_ended").await, 2);
    }

    async fn how_a_request_ended_is_said_alike_in_the_lists_and_on_the_page(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        let form = phone.get(&format!("{}/refuse", page_of(&id))).await;
        phone.submit(&form, "/refuse", &[]).await.must_be(303);
        phone.get("/portal/documents").await.must_say("Declined");
        phone.clone().get("/portal/documents?lang=es").await.must_say("Rechazado");
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&staff_page(&ana, &id)).await;
        assert_eq!(page.words().matches("Not signed: refused").count(), 2, "{}", page.words());
        // Asked anew and not any more: what was refused before is settled.
        ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner))]).await;
        let by = w.riverbend.by(Role::Clinician);
        let canceled = w.app.db.write(&w.riverbend.scope, move |c| signing::cancel(c, &by, &id, "Not needed.")).await;
        canceled.expect("no fault").expect("canceled");
        phone.get("/portal/documents").await.must_not_say("Declined");

        let late = to_sign(w, &ana).await;
        w.clock.advance_seconds(30 * 86_400);
        let mut phone = sign_in(w, &who.name).await;
        phone.get("/portal/documents").await.must_say("Expired");
        phone.clone().get("/portal/documents?lang=es").await.must_say("Vencido");
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&staff_page(&ana, &late)).await;
        assert_eq!(page.words().matches("Not signed in time").count(), 2, "{}", page.words());
        page.must_not_say("Can be signed until").must_not_say("You cannot add a version").must_not_say("New version");
        page.must_say("Give more time to sign, or cancel the signatures");
        // Set anew, it is to sign again on both sides.
        casey.submit_and_follow(&page, "/extend-signing", &[("days", "7")]).await.must_say("Can be signed until");
        phone.get("/portal/documents").await.must_say("To sign").must_not_say("Expired");
    }

    async fn a_client_is_always_among_those_who_are_asked(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut admin = w.staff(Role::Administrator).await;
        let form = admin.get(&format!("{}/replace-signer", staff_page(&ana, &id))).await;
        let old: String = w.look(|c| {
            let found: anteroom::kernel::ids::SignerId = signer::table.select(signer::signer_id).first(c)?;
            Ok(found.to_string())
        }).await;
        let own = format!("staff:{}", staff_id(w, Role::Administrator));
        let chosen = [("signer", old.as_str()), ("by", own.as_str())];
        admin.submit(&form, "/replace-signer", &chosen).await.must_be(422);
        assert_eq!(state_of(w, &id).await.1, ["ready"]);
    }

    async fn nobody_hears_of_a_signed_document_that_is_withheld_from_them(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree on lanterns.").await;
        let casey = staff_id(w, Role::Clinician);
        ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner)), at(2, Candidate::Staff(casey))]).await;
        sign(w, &who, &id).await.1.must_be(303);
        let mut desk = w.staff(Role::Clinician).await;
        let form = desk.get(&format!("{}/withhold?grant={}", staff_page(&ana, &id), who.access)).await;
        desk.submit_and_follow(&form, "/withhold", &[("reason", "It names her sister.")]).await;
        let form = desk.get(&format!("{}/countersign", staff_page(&ana, &id))).await;
        let typed = [("typed", "Casey"), ("agreed", "yes"), ("password", PASSWORD)];
        desk.submit_and_follow(&form, "/countersign", &typed).await.must_say("Your signature is saved.");
        w.run_due_jobs().await;
        assert_eq!(mails(w, "signing.news").await, 0);
    }

    async fn case_35_what_is_missing_is_told_and_nothing_is_signed(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&page_of(&id)).await;
        agree(w, &mut phone, &who, &id).await;
        let page = phone.get(&format!("{}/sign", page_of(&id))).await;
        for (changes, said) in [
            (vec![("agreed", "yes"), ("password", PASSWORD)], "Type your name or draw your signature."),
            (vec![("typed", "."), ("agreed", "yes"), ("password", PASSWORD)], "Type your name with letters."),
            (vec![("drawn", "[[[1,1]]]"), ("agreed", "yes"), ("password", PASSWORD)], "Draw your signature larger"),
            (vec![("typed", "Ana Duarte"), ("password", PASSWORD)], "Tick the box if you want to sign."),
            (vec![("typed", "Ana Duarte"), ("agreed", "yes")], "Type your password."),
            (vec![("typed", "Ana Duarte"), ("agreed", "yes"), ("password", "not this one")], "This password is not right."),
        ] {
            let answer = phone.submit(&page, &sign_path(&id), &changes).await;
            answer.must_be(422).must_say(said);
            if changes.contains(&("typed", "Ana Duarte")) {
                assert!(answer.html().contains("value=\"Ana Duarte\""), "what was typed is kept");
            }
            assert!(!answer.html().contains(PASSWORD) && !answer.html().contains("not this one"));
        }
        assert_eq!(state_of(w, &id).await.1, ["ready"]);
        // What was shown is not what is signed.
        let other = [SIGNATURE.as_slice(), &[("sha256", "00")]].concat();
        phone.submit(&page, &sign_path(&id), &other).await.must_be(409).must_say("Nothing was signed");
        assert_eq!((state_of(w, &id).await.1, chain(w, &id).await), (vec!["ready".into()], Ok(2)));
    }

    async fn a_file_is_signed_by_whoever_has_had_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let action = format!("/staff/charts/{}/documents/upload", ana.chart_id);
        let page = casey.get(&action).await;
        let typed = [("title", "Lantern plan"), ("kind", "agreement")];
        let made = casey.upload_with(&page, &action, &typed, "plan.pdf", &pdf("Lanterns")).await;
        let to = made.location().expect("a document").to_owned();
        let (_, rest) = to.split_once("/documents/").expect("a document's address");
        let id: DocumentId = rest.split('/').next().expect("an id").parse().expect("an id");
        ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner))]).await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&page_of(&id)).await;
        agree(w, &mut phone, &who, &id).await;
        let step = phone.get(&format!("{}/sign", page_of(&id))).await;
        step.must_say("Read the document to its last page, or download it.");
        assert_eq!(step.link("/refuse"), format!("{}/refuse", page_of(&id)));
        assert!(!step.has_form(&sign_path(&id)));
        let early = phone.submit(&step, "/read", &[]).await;
        early.must_be(422).must_say("Read the document to its last page, or download it, first.");
        assert!(early.html().contains("id=\"e-read\""), "beside the field");
        phone.get(&format!("{}/file", page_of(&id))).await.must_be(200);
        let form = phone.submit_and_follow(&step, "/read", &[]).await;
        form.must_say("Last step. You have opened the document.");
        phone.submit(&form, &sign_path(&id), &SIGNATURE).await.must_be(303);
        assert_eq!(state_of(w, &id).await.0, "completed");
        // Another one, read on its page.
        let made = casey.upload_with(&page, &action, &typed, "plan.pdf", &pdf("More lanterns")).await;
        let to = made.location().expect("a document").to_owned();
        let (_, rest) = to.split_once("/documents/").expect("a document's address");
        let id: DocumentId = rest.split('/').next().expect("an id").parse().expect("an id");
        ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner))]).await;
        let page = phone.get(&page_of(&id)).await;
        let step = phone.get(&format!("{}/sign", page_of(&id))).await;
        phone.submit(&step, "/read", &[]).await.must_be(422);
        let html = page.html().replace("&#38;", "&").replace("&amp;", "&");
        let picture = html.split('"').find(|part| part.contains("/pages/1/picture")).expect("the picture of the page");
        phone.get(picture).await.must_be(200);
        let form = phone.submit_and_follow(&step, "/read", &[]).await;
        phone.submit(&form, &sign_path(&id), &SIGNATURE).await.must_be(303);
        assert_eq!(state_of(w, &id).await.0, "completed");
        // The evidence of each says how it was read.
        let told: Vec<String> = w
            .look(|c| {
                let signed = signing_event::table.filter(signing_event::kind.eq("signed"));
                signed.order(signing_event::at).select(signing_event::evidence).load(c)
            })
            .await;
        let read = |text: &String| serde_json::from_str::<Value>(text).expect("JSON")["read"].clone();
        let [first, second] = told.iter().map(read).collect::<Vec<_>>().try_into().expect("two signatures");
        assert!(first["downloaded_at"].is_string() && first["last_page_at"].is_null(), "{first}");
        assert!(second["last_page_at"].is_string() && second["downloaded_at"].is_null(), "{second}");
    }

    async fn case_33_somebody_of_the_chart_is_asked_and_nobody_twice(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree on lanterns.").await;
        let mut casey = w.staff(Role::Clinician).await;
        let form = casey.get(&format!("{}/ask-to-sign", staff_page(&ana, &id))).await;
        let own = format!("at.staff:{}", staff_id(w, Role::Clinician));
        for chosen in [vec![("at.owner", "0")], vec![("at.owner", "0"), (own.as_str(), "1")], vec![("at.owner", "21")]] {
            let answer = casey.submit(&form, "/ask-to-sign", &chosen).await;
            answer.must_be(422).must_say("Choose 1 to 20 people to sign");
        }
        casey.submit(&form, "/ask-to-sign", &[("days", "181")]).await.must_be(422).must_say("Choose 1 to 180 days.");
        // A second click, and a colleague at the same time: one request.
        let sent = async |mut staff: Browser| staff.submit(&form, "/ask-to-sign", &[]).await;
        let (one, two) = tokio::join!(sent(casey.clone()), sent(casey.clone()));
        assert_eq!((one.status(), two.status()), (303, 303), "{} {}", one.words(), two.words());
        assert_eq!(events(w, "signing.sent").await, 1);
        let again = casey.get(&format!("{}/ask-to-sign", staff_page(&ana, &id))).await;
        again.must_say("Signatures on this document are asked for already.");
        // Notes that are never shared are not signed either.
        let by = w.riverbend.by(Role::Clinician);
        let new = documents::NewDocument {
            chart: ana.chart_id,
            title: "Notes".into(),
            kind: documents::DocumentKind::Other,
            label: Some(anteroom::features::access::permission::Label::Psychotherapy),
            content: documents::NewContent::Text("Notes.".into()),
            written_at: None,
        };
        let made = w.app.db.write(&w.riverbend.scope, move |c| documents::create(c, &by, &new)).await;
        let notes = made.expect("no fault").expect("a draft");
        casey.get(&format!("{}/ask-to-sign", staff_page(&ana, &notes))).await.must_say("never shared");
    }

    async fn race_withdrawing_voids_what_is_open_and_whoever_comes_first_wins(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        for round in 0..4 {
            let id = to_sign(w, &ana).await;
            phone.get(&page_of(&id)).await;
            if round == 0 {
                agree(w, &mut phone, &who, &id).await;
            }
            let form = phone.get(&format!("{}/sign", page_of(&id))).await;
            let mut signing = phone.clone();
            let signed = async { signing.submit(&form, &sign_path(&id), &SIGNATURE).await };
            let (app, scope, by) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::Clinician));
            let taken = async { app.db.write(&scope, move |c| documents::withdraw(c, &by, &id, "outdated")).await };
            let (answer, withdrawn) = tokio::join!(signed, taken);
            let (state, states) = state_of(w, &id).await;
            match withdrawn.expect("no fault") {
                // Withdrawn first: nothing is signed, and the page says that it is gone.
                Ok(_) => {
                    assert_eq!((state.as_str(), states[0].as_str()), ("canceled", "ended"));
                    answer.must_be(410);
                    phone.get(&page_of(&id)).await.must_be(410);
                }
                Err(_) => {
                    assert_eq!((state.as_str(), states[0].as_str()), ("completed", "signed"));
                    answer.must_be(303);
                }
            }
            chain(w, &id).await.expect("a whole chain");
        }
        // And without a race.
        let id = to_sign(w, &ana).await;
        phone.get(&page_of(&id)).await;
        let form = phone.get(&format!("{}/sign", page_of(&id))).await;
        withdraw(w, &id).await;
        phone.submit(&form, &sign_path(&id), &SIGNATURE).await.must_be(410);
        assert_eq!(state_of(w, &id).await.0, "canceled");
    }

    async fn race_a_revoked_grant_and_a_canceled_request_sign_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&page_of(&id)).await;
        agree(w, &mut phone, &who, &id).await;
        let form = phone.get(&format!("{}/sign", page_of(&id))).await;
        set_state(w, &who.access, State::Revoked).await;
        let answer = phone.submit(&form, &sign_path(&id), &SIGNATURE).await;
        assert!(answer.status() != 200 && state_of(w, &id).await.1 == ["ready"], "{}", answer.words());
        let mut casey = w.staff(Role::Clinician).await;
        casey.get(&staff_page(&ana, &id)).await.must_say("Can no longer sign");
        // Restored, it is the same request again.
        set_state(w, &who.access, State::Active).await;
        let mut phone = sign_in(w, &who.name).await;
        let form = phone.get(&format!("{}/sign", page_of(&id))).await;
        let page = casey.get(&format!("{}/cancel-signing", staff_page(&ana, &id))).await;
        casey.submit(&page, "/cancel-signing", &[]).await.must_be(422).must_say("Say why.");
        let cancelled = casey.submit_and_follow(&page, "/cancel-signing", &[("reason", "Other words are needed.")]).await;
        cancelled.must_say("The signatures are canceled.").must_say("Other words are needed.");
        let answer = phone.submit(&form, &sign_path(&id), &SIGNATURE).await;
        phone.follow(&answer).await.must_say("no longer asks for signatures").must_not_say("Other words");
        // Then there may be a new version, and a new request of that.
        let write = casey.get(&format!("{}/write", staff_page(&ana, &id))).await;
        casey.submit(&write, "/write", &[("body", "We agree on candles.")]).await.must_be(303);
        ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner))]).await;
        let write = casey.get(&format!("{}/write", staff_page(&ana, &id))).await;
        casey.submit(&write, "/write", &[("body", "We agree on stars.")]).await.must_be(409);
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&page_of(&id)).await.must_say("We agree on candles.");
        // What an old tab shows is not what is signed.
        let shown = form.form(&sign_path(&id)).fields;
        let old = &shown.iter().find(|(name, _)| name == "sha256").expect("what was shown").1;
        let form = phone.get(&sign_path(&id)).await;
        let old_tab = [SIGNATURE.as_slice(), &[("sha256", old.as_str())]].concat();
        let stale = phone.submit(&form, &sign_path(&id), &old_tab).await;
        stale.must_be(409).must_say("This document was changed");
        let form = phone.get(&format!("{}/sign", page_of(&id))).await;
        phone.submit(&form, &sign_path(&id), &SIGNATURE).await.must_be(303);
    }

    async fn race_two_last_signers_complete_it_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let (_, other) = representative(w, &ana).await;
        let (mut one, mut two) = (sign_in(w, &who.name).await, sign_in(w, &other.name).await);
        for round in 0..3 {
            let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree on lanterns.").await;
            ask(w, &id, vec![at(1, Candidate::Grant(Recipient::Owner)), at(1, by_grant(other.access))]).await;
            for (phone, who) in [(&mut one, &who), (&mut two, &other)] {
                phone.get(&page_of(&id)).await;
                if round == 0 {
                    agree(w, phone, who, &id).await;
                }
            }
            let forms = (one.get(&format!("{}/sign", page_of(&id))).await, two.get(&format!("{}/sign", page_of(&id))).await);
            let (mut first, mut second, path) = (one.clone(), two.clone(), sign_path(&id));
            let (a, b) = tokio::join!(first.submit(&forms.0, &path, &SIGNATURE), second.submit(&forms.1, &path, &SIGNATURE));
            assert_eq!((a.status(), b.status()), (303, 303), "{} {}", a.words(), b.words());
            assert_eq!(state_of(w, &id).await, ("completed".into(), vec!["signed".into(), "signed".into()]));
            assert_eq!(chain(w, &id).await, Ok(6));
        }
        assert_eq!(events(w, "signing.completed").await, 3);
    }

    async fn case_51_a_changed_record_is_named(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        sign(w, &who, &id).await.1.must_be(303);
        assert_eq!(chain(w, &id).await, Ok(4));
        w.tamper(|c| {
            let at = signing_event::table.filter(signing_event::seq.eq(3));
            let evidence: String = at.select(signing_event::evidence).first(c)?;
            diesel::update(at).set(signing_event::evidence.eq(evidence.replace("Ana", "Eve"))).execute(c)
        }).await;
        assert_eq!(chain(w, &id).await, Err(3));
        let mut casey = w.staff(Role::Clinician).await;
        casey.get(&format!("{}/evidence", staff_page(&ana, &id))).await.must_say("Entry 3 was changed after it was written.");
    }

    async fn a_program_of_the_practice_asks_and_sees_and_cannot_sign(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let (_, other) = representative(w, &ana).await;
        let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree on lanterns.").await;
        let text = key(w, &w.riverbend, &[Scope::DocumentsWrite, Scope::DocumentsRead]).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let post = async |program: &mut Browser, path: &str, body: serde_json::Value| {
            let body = body.to_string();
            let answer = program.send("POST", path, Some(("application/json", body.as_bytes()))).await;
            let json: serde_json::Value = serde_json::from_slice(&answer.answer.body).unwrap_or_default();
            (answer.status(), json)
        };
        let here = format!("/api/v1/documents/{id}/signing");
        program.get(&here).await.must_be(404);
        for wrong in [
            json!({ "signers": [] }),
            json!({ "signers": [{ "staff": staff_id(w, Role::Clinician) }] }),
            json!({ "signers": [{ "grant": "owner" }, { "grant": who.access }] }),
            json!({ "signers": [{ "grant": "owner", "staff": "x" }] }),
            json!({ "signers": [{ "grant": "owner" }, { "staff": staff_id(w, Role::FrontDesk) }] }),
            json!({ "signers": [{ "grant": "owner" }], "days": 0 }),
        ] {
            assert_eq!(post(&mut program, &here, wrong.clone()).await.0, 422, "{wrong}");
        }
        let signers = json!({ "signers": [{ "grant": "owner" }, { "grant": other.access, "position": 2 }], "days": 7 });
        let (status, made) = post(&mut program, &here, signers.clone()).await;
        assert_eq!((status, &made["state"], &made["signers"][0]["state"]), (200, &json!("open"), &json!("ready")), "{made}");
        assert_eq!(post(&mut program, &here, signers).await.0, 409);
        assert_eq!(post(&mut program, &format!("/api/v1/documents/{id}/versions"), json!({ "text": "Other." })).await.0, 409);
        w.run_due_jobs().await;
        assert_eq!(post(&mut program, &format!("{here}/remind"), json!({})).await.0, 409, "they had a mail just now");
        let (status, later) = post(&mut program, &format!("{here}/extend"), json!({ "days": 14 })).await;
        assert_eq!(status, 200);
        assert!(later["deadline"].as_str() > made["deadline"].as_str(), "{later}");
        let replace = json!({ "signer": made["signers"][1]["id"], "by": { "staff": staff_id(w, Role::Clinician) } });
        let (status, replaced) = post(&mut program, &format!("{here}/replace"), replace).await;
        assert_eq!((status, replaced["signers"].as_array().map(Vec::len)), (200, Some(3)), "{replaced}");
        sign(w, &who, &id).await.1.must_be(303);
        let seen = program.get(&here).await;
        let seen: serde_json::Value = serde_json::from_slice(&seen.must_be(200).answer.body).expect("JSON");
        assert_eq!((&seen["signers"][0]["state"], &seen["signers"][0]["mark"]), (&json!("signed"), &json!("typed")));
        let evidence = program.get(&format!("{here}/evidence")).await;
        let told: serde_json::Value = serde_json::from_slice(&evidence.must_be(200).answer.body).expect("JSON");
        let told_events = told["events"].as_array().expect("events").clone();
        let links = told_events.iter().map(|event| Link {
            seq: i32::try_from(event["seq"].as_i64().unwrap_or(0)).unwrap_or(0),
            evidence: event["evidence"].as_str().unwrap_or_default(),
            hash: event["hash"].as_str().unwrap_or_default(),
            prev: event["prev"].as_str().unwrap_or_default(),
        });
        let head = told_events.last().and_then(|event| event["hash"].as_str()).expect("a hash");
        evidence::check(told["sha256"].as_str().unwrap_or_default(), links, head).expect("a whole chain");
        let (status, gone) = post(&mut program, &format!("{here}/cancel"), json!({ "reason": "Not needed." })).await;
        assert_eq!((status, &gone["state"], &gone["reason"]), (200, &json!("canceled"), &json!("Not needed.")));
        let (status, problem) = post(&mut program, &format!("{here}/cancel"), json!({ "reason": "Again." })).await;
        assert_eq!((status, &problem["state"]), (409, &json!("canceled")), "{problem}");
    }

    async fn case_29_of_rights_what_a_new_owner_signed_stays_when_the_change_of_the_owner_is_undone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let rosa = crate::access::contact(w, &ana, "Rosa", "rosa@example.com").await;
        crate::hand_over::hand_over(w, &ana, rosa).await;
        let invite = format!("/staff/charts/{}/access/invite", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&invite).await;
        desk.submit_and_follow(&form, &invite, &[]).await;
        let mail = w.mail_to("rosa@example.com").await;
        let link = w.link_in(&mail);
        let account = w.register_by(&link, &ana).await;
        let access: AccessId = w.look(move |c| {
            portal_access::table
                .filter(portal_access::account_id.eq(account))
                .select(portal_access::access_id)
                .first(c)
        }).await;
        let hers = Enrolled { account, access, name: "rosa@example.com".to_owned() };
        let plan = to_sign(w, &ana).await;
        let (mut phone, signed) = sign(w, &hers, &plan).await;
        signed.must_be(303);
        let undo = format!("/staff/charts/{}/undo-owner", ana.chart_id);
        let form = desk.get(&undo).await;
        form.must_say("What they have done since, which stays as it is").must_say("Signed a document");
        desk.submit_and_follow(&form, &undo, &[("reason", "A mistake.")]).await.must_say("Undone.");
        assert_eq!(state_of(w, &plan).await, ("completed".to_owned(), vec!["signed".to_owned()]));
        chain(w, &plan).await.expect("the chain of its evidence is whole");
        phone.get(&page_of(&plan)).await.must_be(303);
        assert_eq!(crate::rights::level(w, access, Right::Documents).await, Level::None);
    }
}

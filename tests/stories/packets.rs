//! Packets of documents: made by staff, sent to one client, with an invitation and to many; how they stand; taken back.

use anteroom::features::access::actions::{self, Act, Target, send_many};
use anteroom::features::access::lifecycle::State;
use anteroom::features::access::permission::Label;
use anteroom::features::documents::packets::lifecycle::Task;
use anteroom::features::documents::{DocumentKind, Recipient, Telling};
use anteroom::kernel::ids::{AccessId, ChartId, DocumentId, PacketTemplateId};
use anteroom::platform::db::schema::{
    document, document_reading, econsent, outbox, packet, packet_item, packet_sending_chart, portal_access,
    signing, template_version,
};
use anteroom::platform::permissions::{Right, Role, Scope};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::api::key;
use crate::portal_people::{account, enrolled, events, grant, set_state, sign_in};
use crate::signing::{SIGNATURE, code_of, page_of, representative, sign, sign_path, staff_page};
use crate::stories;
use crate::support::packets::{labelled, packet_in_order, packet_of, published, send, send_to, send_to_many};
use crate::support::papers;
use crate::support::world::Client;
use crate::support::{Browser, Page, World};

fn tab(client: &Client) -> String {
    format!("/staff/charts/{}/documents", client.chart_id)
}

fn send_path(client: &Client, packet: &PacketTemplateId) -> String {
    format!("{}/packets/{packet}", tab(client))
}

/// A notice to read, and an agreement to sign.
async fn intake(w: &World) -> PacketTemplateId {
    let notice =
        published(w, "Privacy notice", DocumentKind::Notice, "Dear {{client_name}}, read this.").await;
    let consent =
        published(w, "Consent to care", DocumentKind::Agreement, "I, {{client_name}}, agree.").await;
    packet_of(w, "Intake", &[(notice, Task::Read), (consent, Task::Sign)]).await
}

async fn documents(w: &World) -> i64 {
    w.look(|c| document::table.count().get_result(c)).await
}

async fn packets(w: &World) -> i64 {
    w.look(|c| packet::table.count().get_result(c)).await
}

/// The documents of the only packet, in its order.
async fn items(w: &World) -> Vec<DocumentId> {
    w.look(|c| packet_item::table.order(packet_item::position).select(packet_item::document_id).load(c)).await
}

/// Mails about documents that were queued.
async fn document_mails(w: &World) -> i64 {
    let about = outbox::kind.like("document%").or(outbox::kind.like("sign%"));
    w.look(move |c| outbox::table.filter(about).count().get_result(c)).await
}

async fn grant_of(w: &World, chart: ChartId) -> AccessId {
    w.look(move |c| {
        portal_access::table
            .filter(portal_access::chart_id.eq(chart))
            .select(portal_access::access_id)
            .first(c)
    })
    .await
}

/// What a client's list names, from the top.
fn listed(page: &Page, titles: &[&str]) -> Vec<usize> {
    let html = page.html();
    titles.iter().map(|title| html.find(title).unwrap_or_else(|| panic!("{title} is not listed"))).collect()
}

async fn invite_with(w: &World, client: &Client, packet: &PacketTemplateId) -> Page {
    let mut desk = w.staff(Role::FrontDesk).await;
    let path = format!("/staff/charts/{}/access/invite", client.chart_id);
    let page = desk.get(&path).await;
    page.must_be(200).must_say("Intake packet");
    desk.submit(&page, &path, &[("packet", &packet.to_string())]).await
}

async fn withdraw(staff: &mut Browser, client: &Client, packet: &str) -> Page {
    let path = format!("{}/sent-packets/{packet}/withdraw", tab(client));
    let page = staff.get(&path).await;
    page.must_be(200).must_say("1 signed document stays");
    staff.submit(&page, &path, &[("reason", " ")]).await.must_be(422);
    staff.submit_and_follow(&page, &path, &[("reason", "Sent by mistake.")]).await
}

/// What the trail and the rows say of documents that were opened, downloaded or refused, and of consents.
async fn traces(w: &World) -> i64 {
    let mut all = 0;
    for action in ["document.opened", "document.downloaded", "document.refused", "signing.opened"] {
        all += events(w, action).await;
    }
    let readings: i64 = w.look(|c| document_reading::table.count().get_result(c)).await;
    let consents: i64 = w.look(|c| econsent::table.count().get_result(c)).await;
    all + readings + consents
}

/// The client gets a page that names what comes first and leads there, and nothing of the document itself.
fn must_wait_for(page: &Page, title: &str, first: &DocumentId) {
    page.must_be(409).must_say("Another document comes first").must_not_say("agree to care");
    page.must_say(&format!("You can open this one when “{title}” is done."));
    assert!(page.html().contains(&format!("href=\"{}\"", page_of(first))), "a link to what comes first");
}

/// The token of the forms about the chart in view.
async fn token(phone: &mut Browser) -> String {
    let fields = phone.get("/portal/documents/asked").await.form("/portal/documents/asked").fields;
    fields.into_iter().find(|(name, _)| name == "csrf").expect("a token").1
}

stories! {
    async fn in_a_packet_in_order_each_document_waits_for_those_before_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let notice = published(w, "Privacy notice", DocumentKind::Notice, "Read this.").await;
        let consent = published(w, "Consent to care", DocumentKind::Agreement, "I agree to care.").await;
        let fees = published(w, "Fee schedule", DocumentKind::Notice, "We charge by visit.").await;
        let items_of = [(notice, Task::Read), (consent, Task::Sign), (fees, Task::Read)];
        let packet = packet_of(w, "Intake", &items_of).await;
        let mut casey = w.staff(Role::Clinician).await;
        let edit = format!("/staff/packets/{packet}");
        let page = casey.get(&edit).await;
        casey.submit_and_follow(&page, &edit, &[("in_order", "yes")]).await.must_say("The packet is saved.");
        casey.get(&send_path(&ana, &packet)).await.must_say("One after the other");
        send(w, ana.chart_id, packet).await;
        // What was sent stays as it is, whatever becomes of the packet.
        let page = casey.get(&edit).await;
        let mut fields = page.form(&edit).fields;
        assert!(fields.contains(&("in_order".to_owned(), "yes".to_owned())), "{fields:?}");
        fields.retain(|(name, _)| name != "in_order");
        casey.post_fields(&edit, &fields).await.must_be(303);
        casey.get(&send_path(&ana, &packet)).await.must_not_say("One after the other");
        assert_eq!(events(w, "packet.saved").await, 3);

        let of = items(w).await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get("/portal").await.must_say("Privacy notice").must_not_say("Consent to care").must_not_say("Fee schedule");
        let list = phone.get("/portal/documents").await;
        assert_eq!(list.words().matches("Later").count(), 2, "{}", list.words());
        for id in [&of[1], &of[2]] {
            for path in [page_of(id), format!("{}/file", page_of(id))] {
                must_wait_for(&phone.get(&path).await, "Privacy notice", &of[0]);
                phone.send("HEAD", &path, None).await.must_be(409);
            }
        }
        let signs = |act: &str| format!("{}/{act}", page_of(&of[1]));
        must_wait_for(&phone.get(&signs("sign")).await, "Privacy notice", &of[0]);
        must_wait_for(&phone.get(&signs("refuse")).await, "Privacy notice", &of[0]);
        let (csrf, code) = (token(&mut phone).await, code_of(w, &who));
        let token = ("csrf", csrf.as_str());
        let agrees = [token, ("code", code.as_str()), ("agreed", "yes")];
        must_wait_for(&phone.post(&signs("consent"), &agrees).await, "Privacy notice", &of[0]);
        must_wait_for(&phone.post(&signs("read"), &[token]).await, "Privacy notice", &of[0]);
        let signature: Vec<(&str, &str)> = [token].into_iter().chain(SIGNATURE).collect();
        must_wait_for(&phone.post(&sign_path(&of[1]), &signature).await, "Privacy notice", &of[0]);
        must_wait_for(&phone.post(&signs("refuse"), &[token, ("reason", "No.")]).await, "Privacy notice", &of[0]);
        assert_eq!(traces(w).await, 0, "nothing was opened, and nothing says that it was");

        // Staff and programs are not held up, and see what waits.
        casey.get(&tab(&ana)).await.must_say("0 of 3 done").must_say("Waits its turn").must_say("One after the other");
        for path in [staff_page(&ana, &of[2]), format!("{}/file", staff_page(&ana, &of[2]))] {
            casey.get(&path).await.must_be(200);
        }
        let key = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {key}"));
        program.get(&format!("/api/v1/documents/{}/content", of[2])).await.must_be(200);
        let sent: Value = serde_json::from_str(&program.get(&format!("/api/v1/charts/{}/packets", ana.chart_id)).await.html()).expect("JSON");
        let sent = &sent["packets"][0];
        let states: Vec<&Value> = sent["items"].as_array().expect("items").iter().map(|item| &item["state"]).collect();
        assert_eq!((&sent["in_order"], states), (&json!(true), vec![&json!("open"), &json!("waits"), &json!("waits")]));

        // Each is there when the one before it is done.
        phone.get(&page_of(&of[0])).await.must_be(200).must_say("Read this.");
        phone.get("/portal").await.must_say("Consent to care").must_say("To sign, until").must_not_say("Fee schedule");
        must_wait_for(&phone.get(&page_of(&of[2])).await, "Consent to care", &of[1]);
        sign(w, &who, &of[1]).await.1.must_be(303);
        phone.get("/portal").await.must_say("Fee schedule");
        phone.get("/portal/documents").await.must_not_say("Later");
        phone.get(&page_of(&of[2])).await.must_be(200).must_say("We charge by visit.");
        casey.get(&tab(&ana)).await.must_say("3 of 3 done").must_not_say("Waits its turn");
    }

    async fn in_a_packet_in_order_nothing_waits_for_what_cannot_be_done(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let consent = published(w, "Consent to care", DocumentKind::Agreement, "I agree to care.").await;
        let notice = published(w, "Privacy notice", DocumentKind::Notice, "Read this.").await;
        let fees = published(w, "Fee schedule", DocumentKind::Notice, "We charge by visit.").await;
        let hours = published(w, "Opening hours", DocumentKind::Notice, "From nine to five.").await;
        let items_of = [(consent, Task::Sign), (notice, Task::Read), (fees, Task::Read), (hours, Task::Read)];
        let packet = packet_in_order(w, "Intake", &items_of).await;
        send(w, ana.chart_id, packet).await;
        let of = items(w).await;
        let mut phone = sign_in(w, &who.name).await;
        must_wait_for(&phone.get(&page_of(&of[1])).await, "Consent to care", &of[0]);
        // Whom the packet was not sent to, it does not hold up.
        let (_, other) = representative(w, &ana).await;
        papers::share(w, &of[3], vec![Recipient::Grant(other.access)], Telling::Silent).await;
        sign_in(w, &other.name).await.get(&page_of(&of[3])).await.must_be(200);
        // The first is refused, the second taken back, the third kept from the client.
        let form = phone.get(&format!("{}/refuse", page_of(&of[0]))).await;
        phone.submit_and_follow(&form, "/refuse", &[("reason", "I want to talk first.")]).await.must_say("you declined to sign");
        phone.get("/portal").await.must_say("Privacy notice");
        must_wait_for(&phone.get(&page_of(&of[2])).await, "Privacy notice", &of[1]);
        papers::withdraw(w, &of[1]).await;
        phone.get("/portal").await.must_say("Fee schedule").must_not_say("Opening hours");
        must_wait_for(&phone.get(&page_of(&of[3])).await, "Fee schedule", &of[2]);
        let mut casey = w.staff(Role::Clinician).await;
        let ask = casey.get(&staff_page(&ana, &of[2])).await.link("/withhold?grant=");
        let form = casey.get(&ask).await;
        casey.submit_and_follow(&form, "/withhold", &[("reason", "It names her sister.")]).await.must_say("Withheld");
        phone.get("/portal").await.must_say("Opening hours").must_not_say("Fee schedule");
        phone.get("/portal/documents").await.must_not_say("Later").must_not_say("Fee schedule");
        phone.get(&page_of(&of[3])).await.must_be(200).must_say("From nine to five.");
    }

    async fn what_waits_in_a_packet_in_order_is_not_counted_in_another_chart_either(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "leo@example.com").await;
        let mia = w.chart_with("Mia", "Park", "2014-12-02", "mia@example.com").await;
        let mother = w.chart_with("Joan", "Park", "1980-02-02", "joan.park@example.com").await;
        let id = account(w, &mother.email).await;
        let scope = w.riverbend.scope.clone();
        let mut grants = Vec::new();
        for child in [&leo, &mia] {
            grants.push(grant(w, &scope, &id, &mother.person_id, &child.chart_id, Some(Right::ALL)).await);
            w.clock.advance_seconds(1);
        }
        let notice = published(w, "Privacy notice", DocumentKind::Notice, "Read this.").await;
        let consent = published(w, "Consent to care", DocumentKind::Agreement, "I agree to care.").await;
        let packet = packet_in_order(w, "Intake", &[(notice, Task::Read), (consent, Task::Sign)]).await;
        send_to(w, mia.chart_id, Recipient::Grant(grants[1]), packet).await;
        let mut phone = sign_in(w, &mother.email).await;
        phone.get("/portal").await.must_say("the chart of Leo");
        phone.get("/portal/switch").await.must_say("One thing is waiting for you");
    }

    async fn staff_put_templates_together_and_send_them_to_a_client(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let notice = published(w, "Privacy notice", DocumentKind::Notice, "Read this.").await.to_string();
        let consent = published(w, "Consent to care", DocumentKind::Agreement, "I agree to {{ask:What}}.").await.to_string();
        let mut casey = w.staff(Role::Clinician).await;
        let new = "/staff/packets/new";
        let page = casey.get(new).await;
        casey.submit(&page, new, &[("name", "Intake")]).await.must_be(422).must_say("Choose 1 to 20 documents");
        let empty = casey.submit(&page, new, &[("name", ""), ("sign_days", "0")]).await;
        empty.must_be(422).must_say("Type a name").must_say("Choose 1 to 20 documents").must_say("from 1 to 180");
        // Sorted by the places that were typed.
        let mut fields = page.form(new).fields;
        fields.retain(|(name, _)| !matches!(name.as_str(), "name" | "place" | "item" | "task"));
        fields.push(("name".into(), "Intake".into()));
        for (place, item, task) in [("2", &consent, "sign"), ("1", &notice, "read")] {
            fields.extend([
                ("place".into(), place.to_owned()),
                ("item".into(), item.clone()),
                ("task".into(), task.to_owned()),
            ]);
        }
        let answer = casey.post_fields(new, &fields).await;
        let saved = casey.follow(&answer).await;
        saved.must_say("The packet is saved.");
        let edit = answer.location().and_then(|to| to.split('?').next()).expect("its page").to_owned();
        let packet: PacketTemplateId = edit.rsplit('/').next().expect("an id").parse().expect("an id");
        let path = send_path(&ana, &packet);
        casey.get(&tab(&ana)).await.must_say("Send packet");
        let page = casey.get(&path).await;
        page.must_say("There are 30 days to sign.").must_say("What");
        casey.submit(&page, &path, &[("answer", " ")]).await.must_be(422).must_say("What: Fill this in.");
        assert_eq!(documents(w).await, 0);
        // A second click sends nothing more.
        for _ in 0..2 {
            casey.submit(&page, &path, &[("answer", "come weekly")]).await.must_be(303);
        }
        assert_eq!((documents(w).await, packets(w).await), (2, 1));
        assert_eq!(events(w, "packet.sent").await, 1);
        casey.get(&tab(&ana)).await.must_say("0 of 2 done").must_say("To sign");
        // One mail, and none for the signature.
        w.run_due_jobs().await;
        assert_eq!(document_mails(w).await, 1);
        let mut phone = sign_in(w, &who.name).await;
        let list = phone.get("/portal/documents").await;
        let at = listed(&list, &["Privacy notice", "Consent to care"]);
        assert!(at.is_sorted(), "the list has the packet's order: {at:?}");
        // It is sent again only by somebody who was told.
        casey.get(&path).await.must_say("got this packet on");

        let of = items(w).await;
        let page = phone.get(&format!("/portal/documents/{}", of[0])).await;
        // The text is read aloud in its language.
        assert!(page.must_be(200).html().contains("<h1 lang=\"en\">Privacy notice</h1>"));
        casey.get(&tab(&ana)).await.must_say("1 of 2 done").must_say("Partly done");
        sign(w, &who, &of[1]).await.1.must_be(303);
        casey.get(&tab(&ana)).await.must_say("2 of 2 done");
        // Front desk sees how it stands, and may not take it back.
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&tab(&ana)).await.must_say("2 of 2 done").must_not_say("Withdraw the packet");
        let id = w.look(|c| packet::table.select(packet::packet_id).first::<anteroom::kernel::ids::PacketId>(c)).await;
        desk.get(&format!("{}/sent-packets/{id}/withdraw", tab(&ana))).await.must_be(403);
        let page = withdraw(&mut casey, &ana, &id.to_string()).await;
        page.must_say("The packet is withdrawn.");
        phone.get(&format!("/portal/documents/{}", of[0])).await.must_be(410);
        phone.get(&format!("/portal/documents/{}", of[1])).await.must_be(200);
        let retired = casey.get(&edit).await;
        casey.submit_and_follow(&retired, "/retire", &[]).await.must_say("The packet is retired.");
        casey.get(&path).await.must_be(404);
    }

    async fn a_document_of_a_packet_stands_where_its_place_says(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let notice = published(w, "Privacy notice", DocumentKind::Notice, "Read this.").await;
        let fees = published(w, "Fees", DocumentKind::Notice, "We charge by visit.").await;
        let parking = published(w, "Parking permit", DocumentKind::Other, "Your car: {{ask:License plate}}").await;
        let items_of = [(notice, Task::Read), (fees, Task::Read), (parking, Task::Read)];
        let packet = packet_of(w, "Intake", &items_of).await;
        let (mut casey, edit) = (w.staff(Role::Clinician).await, format!("/staff/packets/{packet}"));
        let with_place = |page: &Page, row: usize, typed: &str| {
            let mut fields = page.form(&edit).fields;
            let place = fields.iter_mut().filter(|(name, _)| name == "place").nth(row).expect("a row");
            place.1 = typed.to_owned();
            fields
        };
        let of = |page: &Page, field: &str| -> Vec<String> {
            let fields = page.form(&edit).fields.into_iter();
            fields.filter(|(name, value)| name == field && !value.is_empty()).map(|(_, value)| value).collect()
        };
        // The third one goes to the top, and the two others make room.
        let fields = with_place(&casey.get(&edit).await, 2, "1");
        let saved = casey.post_fields(&edit, &fields).await;
        let shown = casey.follow(&saved).await;
        assert_eq!(of(&shown, "item"), [parking, notice, fees].map(|id| id.to_string()));
        assert_eq!(of(&shown, "place")[..3], ["1", "2", "3"]);
        // And back to the end.
        let fields = with_place(&shown, 0, "3");
        let saved = casey.post_fields(&edit, &fields).await;
        let shown = casey.follow(&saved).await;
        assert_eq!(of(&shown, "item"), [notice, fees, parking].map(|id| id.to_string()));
        // Who sends it reads which document asks.
        casey.get(&send_path(&ana, &packet)).await.must_say("License plate").must_say("Stands in: Parking permit.");
    }

    async fn c_22_no_packet_holds_a_note_that_is_never_shared(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let packet = intake(w).await;
        let note = labelled(w, "Process notes", (DocumentKind::Other, Some(Label::Psychotherapy)), "Said.").await;
        let mut casey = w.staff(Role::Clinician).await;
        let edit = format!("/staff/packets/{packet}");
        let page = casey.get(&edit).await;
        page.must_not_say("Process notes");
        let mut fields = page.form(&edit).fields;
        let free = fields.iter_mut().find(|(name, value)| name == "item" && value.is_empty()).expect("a free row");
        free.1 = note.to_string();
        casey.post_fields(&edit, &fields).await.must_be(422).must_say("A label on this template keeps it out of packets");
        // A template of a packet gets the label afterwards.
        w.tamper(|c| {
            diesel::update(template_version::table.filter(template_version::kind.eq("notice")))
                .set(template_version::label.eq(Some("sud_counseling")))
                .execute(c)
        })
        .await;
        let path = send_path(&ana, &packet);
        let page = casey.get(&path).await;
        casey.submit(&page, &path, &[]).await.must_be(422).must_say("A label keeps the template Privacy notice out of packets");
        let ben = w.chart("Ben", "Ortiz").await;
        invite_with(w, &ben, &packet).await.must_be(422).must_say("out of packets");
        send_to_many(w, packet, &[ana.chart_id]).await;
        w.run_due_jobs().await;
        assert_eq!((documents(w).await, packets(w).await), (0, 0));
    }

    async fn d_27_a_packet_is_sent_whole_or_not_at_all(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let notice = published(w, "Privacy notice", DocumentKind::Notice, "Read this.").await;
        let fees = published(w, "Fees", DocumentKind::Agreement, "{{client_name}}\n{{client_address}}").await;
        let packet = packet_of(w, "Intake", &[(notice, Task::Read), (fees, Task::Sign)]).await;
        let (mut desk, path) = (w.staff(Role::FrontDesk).await, send_path(&ana, &packet));
        let page = desk.get(&path).await;
        page.must_say("This is not on file yet").must_say("Client: postal address");
        let edit = format!("/staff/charts/{}/edit", ana.chart_id);
        assert!(page.html().contains(&format!("{edit}#f-postal_address")), "the field where it is typed");
        assert!(!page.has_form(&path), "what is missing is mended first");
        // Nor with an invitation, of which nothing is sent either.
        let ben = w.chart("Ben", "Ortiz").await;
        let refused = invite_with(w, &ben, &packet).await;
        refused.must_be(422).must_say("Client: postal address").must_say("Nothing was sent");
        assert!(refused.html().contains(&format!("/staff/charts/{}/edit", ben.chart_id)));
        assert_eq!((documents(w).await, packets(w).await), (0, 0));
        assert_eq!(w.unread_to(&ben.email).await, 0);
        let form = desk.get(&edit).await;
        desk.submit(&form, &edit, &[("postal_address", "12 Mill Road")]).await.must_be(303);
        let page = desk.get(&path).await;
        desk.submit(&page, &path, &[]).await.must_be(303);
        assert_eq!((documents(w).await, packets(w).await), (2, 1));
        let asked: i64 = w.look(|c| signing::table.count().get_result(c)).await;
        assert_eq!(asked, 1, "what is to be signed is asked for");
    }

    async fn d_30_a_packet_with_the_invitation_comes_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let packet = intake(w).await;
        invite_with(w, &ana, &packet).await.must_be(303);
        assert_eq!((documents(w).await, packets(w).await), (2, 1));
        let first = w.mail_to(&ana.email).await;
        for said in ["Privacy", "Consent", "packet", "document"] {
            assert!(!first.text.contains(said), "the invitation says {said}");
        }
        for _ in 0..2 {
            w.run_due_jobs().await;
            let resend = Act::Resend { seen: None, confirmed: Vec::new() };
            let by = w.riverbend.by(Role::FrontDesk);
            let sent = actions::act(&w.app, &w.riverbend.scope, by, Target::Owner(ana.chart_id), resend).await;
            sent.expect("no fault").expect("resent");
        }
        // Where the first resend's mail had not left, the second one's took its place.
        w.mail_has_settled().await;
        let mut last = w.mail_to(&ana.email).await;
        while w.unread_to(&ana.email).await > 0 {
            last = w.mail_to(&ana.email).await;
        }
        let link = w.link_in(&last);
        w.register_by(&link, &ana).await;
        w.run_due_jobs().await;
        assert_eq!((documents(w).await, packets(w).await), (2, 1));
        assert!(document_mails(w).await <= 1, "one mail for the packet at most");
        let mut phone = sign_in(w, &ana.email).await;
        let list = phone.get("/portal/documents").await;
        let at = listed(&list, &["Privacy notice", "Consent to care"]);
        assert!(at.is_sorted(), "the list has the packet's order: {at:?}");
        assert_eq!(list.html().matches("Consent to care").count(), 1);

        // A canceled invitation leaves it inert, and the next one with the packet sends no second copy.
        let ben = w.chart("Ben", "Ortiz").await;
        invite_with(w, &ben, &packet).await.must_be(303);
        let by = w.riverbend.by(Role::FrontDesk);
        let canceled = actions::act(&w.app, &w.riverbend.scope, by, Target::Owner(ben.chart_id), Act::Cancel).await;
        canceled.expect("no fault").expect("canceled");
        invite_with(w, &ben, &packet).await.must_be(303);
        assert_eq!((documents(w).await, packets(w).await), (4, 2));
    }

    async fn d_31_a_packet_to_fifty_charts_has_a_result_for_each(w: &mut World) {
        let packet = intake(w).await;
        let mut clients = Vec::new();
        for number in 0..50 {
            clients.push(w.chart("Client", &format!("Number{number}")).await);
        }
        let invited: Vec<ChartId> = clients[3..].iter().map(|client| client.chart_id).collect();
        let by = w.riverbend.by(Role::FrontDesk);
        send_many(&w.app, &w.riverbend.scope, by, invited).await.expect("no fault");
        let numbers: Vec<&str> = clients.iter().map(|client| client.number.as_str()).collect();
        let mut desk = w.staff(Role::FrontDesk).await;
        let new = "/staff/packet-sendings/new";
        let page = desk.get(new).await;
        desk.submit(&page, new, &[("packet", ""), ("numbers", " ")]).await.must_be(422).must_say("Type 1 to 500 chart numbers.");
        let (packet_id, typed) = (packet.to_string(), format!("{}\nA-9999\n{}", numbers.join("\n"), numbers[0]));
        let asked = desk.submit(&page, new, &[("packet", &packet_id), ("numbers", &typed)]).await;
        asked.must_be(200).must_say("Send to 47 charts").must_say("No chart has this number").must_say("No portal access yet");
        let begun = desk.submit_and_follow(&asked, new, &[("act", "send")]).await;
        begun.must_say("0 of 47 sent").must_say("On its way");
        assert_eq!(packets(w).await, 0, "no page waits for it");
        // One chart had its turn before the process ended: the next one goes on behind it.
        w.tamper(|c| {
            diesel::update(packet_sending_chart::table.filter(packet_sending_chart::position.eq(47)))
                .set(packet_sending_chart::result.eq(Some("sent")))
                .execute(c)
        })
        .await;
        w.run_due_jobs().await;
        assert_eq!(packets(w).await, 46, "each chart has one turn");
        let here = desk.get("/staff/packet-sendings").await;
        here.must_say("Finished");
        // A program sends to whom it names: those who were never invited have a result too.
        let uninvited: Vec<ChartId> = clients[..3].iter().map(|client| client.chart_id).collect();
        let by_program = send_to_many(w, packet, &uninvited).await;
        w.run_due_jobs().await;
        let results = desk.get(&format!("/staff/packet-sendings/{by_program}")).await;
        results.must_say("No portal access yet: Client Number0 was not sent anything");
        let results: Vec<(Option<String>, i64)> = w
            .look(|c| {
                packet_sending_chart::table
                    .group_by(packet_sending_chart::result)
                    .select((packet_sending_chart::result, diesel::dsl::count_star()))
                    .order(packet_sending_chart::result)
                    .load(c)
            })
            .await;
        let of = |word: &str| results.iter().find(|(result, _)| result.as_deref() == Some(word)).map_or(0, |(_, count)| *count);
        assert_eq!((of("sent"), of("no_grant"), of("unknown")), (47, 3, 0), "{results:?}");
        // Sent once more, it comes to nobody twice.
        send_to_many(w, packet, &[clients[0].chart_id, clients[4].chart_id]).await;
        w.run_due_jobs().await;
        assert_eq!(packets(w).await, 46);
        assert_eq!(events(w, "packet.sending_done").await, 3);
    }

    async fn whom_a_list_of_numbers_names_is_shown_before_anything_goes_out(w: &mut World) {
        let packet = intake(w).await.to_string();
        let (ana, ben) = (w.chart("Ana", "Duarte").await, w.chart("Ben", "Ortiz").await);
        let (carl, dana) = (w.chart("Carl", "Meyer").await, w.chart("Dana", "Lopez").await);
        for client in [&ana, &ben, &dana] {
            enrolled(w, client).await;
        }
        let dana_grant = grant_of(w, dana.chart_id).await;
        set_state(w, &dana_grant, State::Declined).await;
        let (mut desk, new) = (w.staff(Role::FrontDesk).await, "/staff/packet-sendings/new");
        let page = desk.get(new).await;
        // A name is no number, and is told beside the field.
        let typed = format!("{}\nabc\nDuarte", ana.number);
        let refused = desk.submit(&page, new, &[("packet", &packet), ("numbers", &typed)]).await;
        refused.must_be(422).must_say("These are not chart numbers: abc, Duarte.");
        assert!(refused.html().contains("id=\"e-numbers\""), "beside the field");
        let all = [&ana, &ben, &carl, &dana, &ana].map(|client| client.number.as_str());
        let typed = format!("{}\n7777777", all.join("\n"));
        let sent = [("packet", packet.as_str()), ("numbers", typed.as_str())];
        let asked = desk.submit(&page, new, &sent).await;
        asked.must_be(200).must_say("Ana Duarte").must_say("Ben Ortiz").must_say("Send to 2 charts");
        asked.must_say("No chart has this number").must_say("It is in the list already");
        asked.must_say("No portal access yet").must_say("The invitation was declined");
        assert_eq!(events(w, "packet.sending_begun").await, 0, "it asks first");
        // What was typed is there again.
        let back = desk.submit(&asked, new, &[("act", "change")]).await;
        let fields = back.must_be(200).form(new).fields;
        assert!(fields.iter().any(|(name, value)| name == "numbers" && value.contains("7777777")), "{fields:?}");
        assert!(fields.contains(&("packet".to_owned(), packet.clone())), "{fields:?}");
        // What became of a chart meanwhile is shown before anything goes out.
        let stale = desk.submit(&back, new, &[]).await;
        let ben_grant = grant_of(w, ben.chart_id).await;
        crate::portal_people::revoke(w, &ben_grant).await;
        let shown = desk.submit(&stale, new, &[("act", "send")]).await;
        shown.must_be(409).must_say("Something changed").must_say("Send to 1 chart").must_say("Their portal access has ended");
        assert_eq!(events(w, "packet.sending_begun").await, 0);
        // Two clicks send once.
        let (first, second) = (desk.submit(&shown, new, &[("act", "send")]).await, desk.submit(&shown, new, &[("act", "send")]).await);
        assert_eq!(first.location(), second.location());
        assert_eq!(events(w, "packet.sending_begun").await, 1);
        w.run_due_jobs().await;
        desk.follow(&first).await.must_say("Ana Duarte").must_say("1 of 1 sent").must_not_say("Ben Ortiz");
        assert_eq!(packets(w).await, 1);
        // Where nobody is left, nothing can be sent.
        let page = desk.get(new).await;
        let nobody = desk.submit(&page, new, &[("packet", &packet), ("numbers", &carl.number)]).await;
        nobody.must_be(200).must_say("It goes to none of these charts.");
        assert!(!nobody.html().contains("value=\"send\""));
        // Who was not reached, and why, is said for each.
        let begun = send_to_many(w, packet.parse().expect("an id"), &[carl.chart_id, dana.chart_id]).await;
        w.run_due_jobs().await;
        let results = desk.get(&format!("/staff/packet-sendings/{begun}")).await;
        results.must_say("No portal access yet: Carl Meyer was not sent anything");
        results.must_say("Dana Lopez declined the invitation and was not sent anything");
    }

    async fn templates_packets_and_the_check_of_a_signed_document_are_in_the_navigation(w: &mut World) {
        let shown: &[(Role, &[&str], &[&str])] = &[
            (Role::Clinician, &["/staff/templates", "/staff/packets", "/staff/packet-sendings", "/staff/verify"], &[]),
            (Role::FrontDesk, &["/staff/packet-sendings", "/staff/verify"], &["/staff/templates"]),
        ];
        for (role, there, not_there) in shown {
            let mut staff = w.staff(*role).await;
            let first = staff.get("/staff/charts").await;
            assert!(first.html().contains("href=\"/staff/documents\""), "{role}");
            let page = staff.get("/staff/documents").await;
            let html = page.must_be(200).html();
            for path in *there {
                assert!(html.contains(&format!("href=\"{path}\"")), "{role}: {path}");
                staff.get(path).await.must_be(200);
            }
            for path in *not_there {
                assert!(!html.contains(&format!("href=\"{path}\"")), "{role}: {path}");
            }
        }
        w.staff(Role::Biller).await.get("/staff/documents").await.must_be(403);
    }

    async fn a_program_keeps_packets_and_sends_them(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let consent = published(w, "Consent to care", DocumentKind::Agreement, "{{client_name}} {{ask:Fee}}").await;
        let key = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {key}"));
        let json = |page: &Page| -> Value { serde_json::from_str(&page.html()).expect("JSON") };
        let new = json!({ "name": "Intake", "in_order": true, "items": [{ "template": consent.to_string(), "task": "sign" }] }).to_string();
        let mut once = program.clone().with("idempotency-key", "one packet");
        let body = Some(("application/json", new.as_bytes()));
        let made = once.send("POST", "/api/v1/packets", body).await;
        made.must_be(201);
        let again = once.send("POST", "/api/v1/packets", body).await;
        assert_eq!((json(&again), again.answer.header("idempotent-replayed")), (json(&made), Some("true")));
        let packet = json(&made)["id"].as_str().expect("an id").to_owned();
        assert_eq!(json(&made)["asks"], json!(["ask:Fee"]));
        let path = format!("/api/v1/packets/{packet}");
        let change = json!({ "sign_days": 14 }).to_string();
        program.send("PATCH", &path, Some(("application/json", change.as_bytes()))).await.must_be(428);
        let etag = made.answer.header("etag").expect("an ETag").to_owned();
        let mut over = program.clone().with("if-match", &etag);
        let changed = over.send("PATCH", &path, Some(("application/json", change.as_bytes()))).await;
        let changed = json(changed.must_be(200));
        assert_eq!((&changed["sign_days"], &changed["in_order"]), (&json!(14), &json!(true)));
        let nobody = json!({ "items": [] }).to_string();
        let mut stale = program.clone().with("if-match", &etag);
        stale.send("PATCH", &path, Some(("application/json", nobody.as_bytes()))).await.must_be(412);

        let sent = format!("/api/v1/charts/{}/packets", ana.chart_id);
        let without = json!({ "packet": packet }).to_string();
        let refused = program.send("POST", &sent, Some(("application/json", without.as_bytes()))).await;
        assert!(json(refused.must_be(422)).to_string().contains("/answers/ask:Fee"));
        assert_eq!((documents(w).await, packets(w).await), (0, 0));
        let with = json!({ "packet": packet, "answers": { "ask:Fee": "$150" } }).to_string();
        let body = Some(("application/json", with.as_bytes()));
        let of = json(program.send("POST", &sent, body).await.must_be(201));
        assert_eq!((&of["state"], &of["items"][0]["state"]), (&json!("sent"), &json!("open")));
        assert!(json(program.send("POST", &sent, body).await.must_be(409))["type"].to_string().contains("sent-already"));
        // What asks the sender something goes to one chart at a time.
        let many = json!({ "charts": [ana.chart_id.to_string()] }).to_string();
        let body = Some(("application/json", many.as_bytes()));
        program.send("POST", &format!("{path}/send"), body).await.must_be(422);
        let withdraw = format!("{sent}/{}/withdraw", of["id"].as_str().expect("an id"));
        let reason = json!({ "reason": "Sent by mistake." }).to_string();
        let gone = program.send("POST", &withdraw, Some(("application/json", reason.as_bytes()))).await;
        assert_eq!(json(gone.must_be(200))["state"], "withdrawn");

        let notice = published(w, "Privacy notice", DocumentKind::Notice, "Read this.").await;
        let plain = packet_of(w, "Plain", &[(notice, Task::Read)]).await;
        let begun = program.send("POST", &format!("/api/v1/packets/{plain}/send"), body).await;
        let at = begun.must_be(201).location().expect("its address").to_owned();
        assert_eq!(json(&begun)["charts"][0]["result"], Value::Null);
        w.run_due_jobs().await;
        let done = json(&program.get(&at).await);
        assert_eq!((&done["done"], &done["charts"][0]["result"]), (&json!(true), &json!("sent")));
    }

    async fn a_packet_waits_for_who_is_not_registered_and_ends_with_their_access(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let packet = intake(w).await;
        send(w, ana.chart_id, packet).await;
        w.run_due_jobs().await;
        assert_eq!(document_mails(w).await, 0);
        w.register(&ana).await;
        let mut phone = sign_in(w, &ana.email).await;
        let of = items(w).await;
        phone.get(&format!("/portal/documents/{}", of[0])).await.must_be(200);
        let access = grant_of(w, ana.chart_id).await;
        crate::portal_people::revoke(w, &access).await;
        let gone = phone.get(&format!("/portal/documents/{}", of[1])).await;
        assert_ne!(gone.status(), 200);
    }
}

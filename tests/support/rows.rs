//! A row of Riverbend behind each blank of the routes' paths, for the tests that walk the router's
//! list of routes.

use std::collections::BTreeMap;

use anteroom::features::access;
use anteroom::features::appointments::{NewAppointment, NewSeries, VisitKind, booking, series};
use anteroom::features::billing::actions::{post_charge, record_payment};
use anteroom::features::billing::charges::{Details, NewService, Pays, Price, post_service};
use anteroom::features::billing::insurance::{NewRemittance, add_coverage, record_remittance};
use anteroom::features::billing::insurance_store::{NewCoverage, RemittanceLine, insurers};
use anteroom::features::billing::invoice::{self, NewInvoice};
use anteroom::features::billing::responsibility_store::{Agreement, NewShares, agree, set};
use anteroom::features::billing::service_store::services;
use anteroom::features::billing::statement::{self, NewStatement};
use anteroom::features::billing::superbill::{self, NewSuperbill};
use anteroom::features::billing::{NewCharge, NewPayment, PaymentMethod};
use anteroom::features::calendar::Seats;
use anteroom::features::documents::packets::lifecycle::Task;
use anteroom::features::documents::request_store::{self, DocumentRequest};
use anteroom::features::documents::signing::actions::Candidate;
use anteroom::features::documents::{self, DocumentKind, NewUpload, Purpose, Recipient, Telling};
use anteroom::features::ledger::{find_party, lines};
use anteroom::features::practice;
use anteroom::features::staff::api_keys;
use anteroom::kernel::ids::{
    AccessId, AgeRuleId, AppointmentId, AppointmentTypeId, BlobId, ChargeId, ChartId, DocumentId,
    DocumentRequestId, EntryId, InfoChangeId, InvoiceId, KeyId, MessageId, PartyId, PaymentId, PlaceId,
    QuestionId, RemittanceId, RequestId, SeriesId, ServiceId, StatementId, SuperbillId, SuspensionId,
    TemplateId, ThreadId, UploadId,
};
use anteroom::kernel::money::{Currency, Money};
use anteroom::platform::db::Scoped;
use anteroom::platform::db::schema::{
    age_rule, api_key, appointment_request, appointment_type, document_request, frequent_question,
    info_change, insurance_card, log_suspension, message, message_attachment, message_thread, portal_access,
    template as templates, thread_party, upload,
};
use anteroom::platform::fault::Fault;
use anteroom::platform::permissions::{Role, Scope};
use anteroom::platform::web::routes::Row;
use diesel::prelude::*;

use super::PASSWORD;
use super::browser::Browser;
use super::cards;
use super::checkouts;
use super::packets;
use super::papers;
use super::world::{Client, World};

/// See the module.
#[derive(Clone)]
pub struct Rows {
    /// What stands in a blank. A key is the blank itself (`{chart}`), or a pattern up to and including
    /// the blank, for the routes below it alone.
    values: BTreeMap<&'static str, String>,
    /// Invited, not registered; `{chart}`, `{access}` and `{token}` are hers.
    pub invited: Client,
    /// Registered; `{request}` and the portal's `{document}` are his.
    pub registered: Client,
    /// His browser, signed in.
    pub client: Browser,
}

/// What both documents say; nobody else's page may.
pub const DOCUMENT_TITLE: &str = "A plan with lanterns";

impl Rows {
    /// Makes a row for each blank there is.
    pub async fn of_riverbend(w: &mut World) -> Self {
        let kim = w.chart("Kim", "Serrano").await;
        let mut client = w.registered(&kim).await;
        let form = client.get("/portal/appointments/request").await;
        let asked = [("kind", "session"), ("place", "office"), ("day1", "2026-12-03"), ("part1", "morning")];
        client.submit(&form, "/portal/appointments/request", &asked).await.must_be(303);
        let reset = link_by_mail(w, &kim.email, "/riverbend/forgot", "address").await;
        let casey = w.riverbend.member(Role::Clinician).clone();
        let staff_reset = link_by_mail(w, &casey.email, "/riverbend/staff/forgot", "email").await;

        let form = client.get("/portal/me/email").await;
        let asked = [("address", "kim.new@example.com"), ("password", PASSWORD)];
        client.submit(&form, "/portal/me/email", &asked).await.must_be(303);
        let mail = w.mail_to("kim.new@example.com").await;
        let new_address = w.link_in(&mail);

        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        let invitation = last_part(&w.link_in(&mail));
        let (hers, his) = (document(w, &ana).await, document(w, &kim).await);
        // The administrator signs hers for the practice.
        let own = Candidate::Staff(w.riverbend.member(Role::Administrator).staff_id);
        papers::ask_to_sign(w, &hers, vec![Candidate::Grant(Recipient::Owner), own]).await;
        papers::ask_to_sign(w, &his, vec![Candidate::Grant(Recipient::Owner)]).await;
        let his_release = papers::signed_authorization(w, &kim.chart_id).await;
        let her_release = papers::signed_authorization(w, &ana.chart_id).await;
        let send = "/portal/documents/send";
        let form = client.get(send).await;
        let about = [("about", "A letter about lanterns")];
        client.upload_with(&form, send, &about, "letter.pdf", &papers::pdf("Lanterns")).await.must_be(303);
        let held = held_upload(w, &ana).await;
        let (his_request, her_request) = document_requests(w, access_of(w, &ana).await, ana.chart_id).await;
        let form = client.get("/portal/messages/new").await;
        let typed = [("subject", "Lanterns"), ("text", "Where are the lanterns?")];
        let (fields, file) = (form.form("/portal/messages/new").fields, papers::pdf("Lanterns"));
        let form = client.upload_fields("/portal/messages/new/attach", &fields, "lanterns.pdf", &file).await;
        let sent = client.submit(&form, "/portal/messages/new", &typed).await;
        let own_thread = last_part(sent.location().and_then(|to| to.split('?').next()).expect("a thread"));
        let thread = thread(w, &ana).await;
        let attachment = attached(w, thread).await;
        let place = place(w).await;
        let her_visit = appointment(w, &ana, place, 48).await;
        let her_series = series(w, &ana, place).await;
        let his_visit = appointment(w, &kim, place, 50).await;
        let (her_account, his_account) = (account(w, &ana).await, account(w, &kim).await);
        checkouts::connect(w).await;
        let checkout = another_charge_and_checkout(w, &kim).await;

        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/practice/questions/new").await;
        let question = [("question", "Where do I park?"), ("answer", "Behind the house.")];
        admin.submit(&page, "/staff/practice/questions/new", &question).await.must_be(303);
        let page = admin.get("/staff/templates/new").await;
        let text = [
            ("name", "Welcome letter"),
            ("kind", "letter"),
            ("title_en", "Welcome"),
            ("body_en", "Dear {{client_first_name}}, welcome."),
            ("act", "publish"),
        ];
        admin.submit(&page, "/staff/templates/new", &text).await.must_be(303);
        let page = admin.get("/staff/practice/types/new").await;
        admin.submit(&page, "/staff/practice/types/new", &[("name", "Regular visit")]).await.must_be(303);
        let hours = format!("/staff/availability/{}", casey.staff_id);
        let page = admin.get(&hours).await;
        let monday = [("weekday", "1"), ("from", "09:00"), ("until", "12:00")];
        admin.submit(&page, &format!("{hours}/hours"), &monday).await.must_be(303);
        let offered = offered(&mut client, &mut admin, &place.to_string(), &casey.staff_id.to_string()).await;
        let page = admin.get("/staff/practice/age-rules/new").await;
        let rule = [
            ("from_age", "12"),
            ("basis", "parent"),
            ("documents", "none"),
            ("effective_from", "2027-02-01"),
            ("source", "Counsel"),
            ("confirmed", "yes"),
        ];
        admin.submit(&page, "/staff/practice/age-rules/new", &rule).await.must_be(303);
        let by = w.riverbend.by(Role::Administrator);
        let made =
            w.app.db.write(&w.riverbend.scope, move |c| api_keys::make(c, &by, "EHR", Scope::ALL)).await;
        made.expect("no fault").expect("a key of a new name");
        let page = client.get("/portal/information/name").await;
        let name = [("last_name", "Serrano-Vega")];
        client.submit(&page, "/portal/information/name", &name).await.must_be(303);
        w.mail_has_settled().await;
        let change: InfoChangeId =
            w.look(|c| info_change::table.select(info_change::change_id).first(c)).await;
        let insurance = [("payer", "Green Shield"), ("member_id", "G-1")];
        let picture = cards::sample_jpeg();
        let pictures = [("front", "card.jpg", picture.as_slice())];
        cards::send_insurance(&mut client, "primary", &insurance, &pictures).await.must_be(303);
        let his_card: BlobId =
            w.look(|c| insurance_card::table.select(insurance_card::blob_id).first(c)).await;
        let her_card = another_card(w, &ana, attachment, change).await;
        let page = admin.get(&format!("/staff/charts/{}/log", ana.chart_id)).await;
        let hidden = [("statement", "written"), ("until", "2027-03-01"), ("reason", "Inspector Vance.")];
        admin.submit(&page, &format!("/staff/charts/{}/log", ana.chart_id), &hidden).await.must_be(303);

        let (request, question, rule, key, of_type): (
            RequestId,
            QuestionId,
            AgeRuleId,
            KeyId,
            AppointmentTypeId,
        ) = w
            .look(|c| {
                Ok((
                    appointment_request::table
                        .filter(appointment_request::preferred.ne(""))
                        .select(appointment_request::request_id)
                        .first(c)?,
                    frequent_question::table
                        .filter(frequent_question::question.eq("Where do I park?"))
                        .select(frequent_question::question_id)
                        .first(c)?,
                    age_rule::table.select(age_rule::rule_id).first(c)?,
                    api_key::table.select(api_key::key_id).first(c)?,
                    appointment_type::table.select(appointment_type::type_id).first(c)?,
                ))
            })
            .await;
        let text: TemplateId = w.look(|c| templates::table.select(templates::template_id).first(c)).await;
        let packet = packets::packet_of(w, "Papers for a first visit", &[(text, Task::Sign)]).await;
        let her_packet = packets::send(w, ana.chart_id, packet).await;
        let sending = packets::send_to_many(w, packet, &[kim.chart_id]).await;
        let hidden_lines: SuspensionId =
            w.look(|c| log_suspension::table.select(log_suspension::suspension_id).first(c)).await;
        let page = admin.get("/staff/charts/import").await;
        let charts = b"chart_number,first_name,last_name\nI-1,Ida,Marsh\n";
        let import = admin.upload(&page, "/staff/charts/import", "charts.csv", charts).await;
        let import = import.location().and_then(|to| to.rsplit('/').next()).expect("a file").to_owned();
        let script = asset_of(&admin.get("/staff/charts").await.html());
        let page = client.get("/portal/appointments/calendar").await;
        let made = client.submit(&page, "/portal/appointments/calendar", &[]).await;
        let feed =
            made.html().split("/cal/").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
        let feed = feed.expect("an address");
        let [her_text, her_picture] = first_page(w, &mut admin, &ana, None).await;
        let [his_text, his_picture] = first_page(w, &mut admin, &kim, Some(&mut client)).await;
        let values = BTreeMap::from([
            ("/staff/charts/{chart}/documents/{document}/versions/{version}/pages/{page}", her_text),
            (
                "/staff/charts/{chart}/documents/{document}/versions/{version}/pages/{page}/picture",
                her_picture,
            ),
            ("/portal/documents/{document}/versions/{version}/pages/{page}", his_text),
            ("/portal/documents/{document}/versions/{version}/pages/{page}/picture", his_picture),
            ("{practice}", w.riverbend.slug().to_owned()),
            ("{chart}", ana.chart_id.to_string()),
            ("{access}", access_of(w, &ana).await.to_string()),
            ("{grant}", access_of(w, &ana).await.to_string()),
            ("{token}", invitation),
            ("/{practice}/password/{token}", last_part(&reset)),
            ("/{practice}/email/{token}", last_part(&new_address)),
            ("/{practice}/staff/password/{token}", last_part(&staff_reset)),
            ("{document}", hers.to_string()),
            ("/portal/documents/{document}", his.to_string()),
            ("/portal/documents/{document}/revoke", his_release.to_string()),
            ("/staff/charts/{chart}/documents/{document}/record-revocation", her_release.to_string()),
            ("{template}", text.to_string()),
            ("{packet_template}", packet.to_string()),
            ("{packet}", her_packet.to_string()),
            ("{packet_sending}", sending.to_string()),
            ("{upload}", held.to_string()),
            ("{number}", "0".to_owned()),
            ("{version}", "1".to_owned()),
            ("{page}", "1".to_owned()),
            ("{document_request}", her_request.to_string()),
            ("/portal/documents/asked/{document_request}", his_request.to_string()),
            ("{thread}", thread.to_string()),
            ("/portal/messages/{thread}", own_thread),
            ("{attachment}", attachment.to_string()),
            ("{appointment}", her_visit.to_string()),
            ("/portal/appointments/{appointment}", his_visit.to_string()),
            ("{series}", her_series.to_string()),
            ("{feed}", feed),
            ("{place}", place.to_string()),
            ("{type}", of_type.to_string()),
            ("{charge}", her_account.charge.to_string()),
            ("{payment}", her_account.payment.to_string()),
            ("{entry}", her_account.entry.to_string()),
            ("{statement}", her_account.statement.to_string()),
            ("{invoice}", her_account.invoice.to_string()),
            ("{superbill}", her_account.superbill.to_string()),
            ("{service}", her_account.service.to_string()),
            ("{remittance}", her_account.remittance.to_string()),
            ("/portal/account/invoices/{invoice}", his_account.invoice.to_string()),
            ("/portal/account/superbills/{superbill}", his_account.superbill.to_string()),
            ("/portal/account/pay/{payment}", checkout.to_string()),
            ("/portal/account/receipts/{payment}", his_account.payment.to_string()),
            ("/portal/account/charges/{charge}", his_account.charge.to_string()),
            ("/portal/account/statements/{statement}", his_account.statement.to_string()),
            ("{request}", request.to_string()),
            ("/portal/appointments/requests/{request}", offered),
            ("{staff}", casey.staff_id.to_string()),
            ("{question}", question.to_string()),
            ("{rule}", rule.to_string()),
            ("{jurisdiction}", "practice".to_owned()),
            ("{key}", key.to_string()),
            ("{import}", import),
            ("{name}", script),
            ("{*rest}", "no/such-page".to_owned()),
            ("{change}", change.to_string()),
            ("{part}", "phones".to_owned()),
            ("{position}", "primary".to_owned()),
            ("{card}", her_card.to_string()),
            ("/portal/insurance/cards/{card}", his_card.to_string()),
            ("{hidden}", hidden_lines.to_string()),
            ("{act}", access::ActName::Resend.word().to_owned()),
        ]);
        Self { values, invited: ana, registered: kim, client }
    }

    /// The same with another value in a blank, on every route.
    pub fn with(mut self, blank: &'static str, value: &str) -> Self {
        self.values.retain(|key, _| !key.ends_with(blank));
        self.values.insert(blank, value.to_owned());
        self
    }

    /// What stands in a blank where no route has a row of its own.
    #[track_caller]
    pub fn value(&self, blank: &str) -> &str {
        self.values.get(blank).unwrap_or_else(|| panic!("say which row stands in {blank}"))
    }

    /// A route's path that leads to a row. Panics for a blank that has none, so that a new blank is
    /// given a row on the day it is written.
    #[track_caller]
    pub fn fill(&self, pattern: &str) -> String {
        // An address with a seal in it stands there whole.
        if let Some(whole) = self.values.get(pattern).filter(|value| value.starts_with('/')) {
            return whole.clone();
        }
        let (mut path, mut read) = (Vec::new(), String::new());
        // A value of a whole pattern stands in its last blank.
        let last = pattern.rfind('{');
        for (at, part) in pattern.split('/').enumerate() {
            if at > 0 {
                read.push('/');
            }
            read.push_str(part);
            let is_blank = part.contains('{');
            let is_last = is_blank && last.is_some_and(|last| read.len() > last);
            let of_all = self.values.get(pattern).filter(|_| is_last);
            let value = match of_all.or_else(|| self.values.get(read.as_str())) {
                Some(own) if is_blank => own,
                None if is_blank => self.value(part),
                _ => part,
            };
            path.push(value);
        }
        path.join("/")
    }

    /// Every path of a route: one an act where the act stands in it, else one.
    #[track_caller]
    pub fn paths(&self, row: &Row) -> Vec<String> {
        if !row.path.contains("{act}") {
            return vec![self.fill(row.path)];
        }
        access::ActName::ALL.iter().map(|act| self.clone().with("{act}", act.word()).fill(row.path)).collect()
    }

    /// Does the route lead to one row of Riverbend's?
    pub fn leads_to_one(row: &Row) -> bool {
        [
            "{chart}",
            "{access}",
            "{grant}",
            "{document}",
            "{template}",
            "{packet_template}",
            "{packet}",
            "{packet_sending}",
            "{document_request}",
            "{upload}",
            "{thread}",
            "{appointment}",
            "{series}",
            "{place}",
            "{type}",
            "{charge}",
            "{payment}",
            "{entry}",
            "{statement}",
            "{invoice}",
            "{superbill}",
            "{service}",
            "{remittance}",
            "{request}",
            "{staff}",
            "{question}",
            "{rule}",
            "{key}",
            "{import}",
            "{change}",
            "{card}",
        ]
        .iter()
        .any(|blank| row.path.contains(blank))
    }
}

/// Books a client for two weeks.
async fn series(w: &World, client: &Client, place: PlaceId) -> SeriesId {
    let new = NewSeries {
        chart: client.chart_id,
        kind: VisitKind::Session,
        rule: "FREQ=WEEKLY;COUNT=2".parse().expect("a rule"),
        starts_on: jiff::civil::date(2027, 2, 1),
        time: jiff::civil::Time::constant(8, 0, 0, 0),
        minutes: 30,
        place,
        staff: w.riverbend.member(Role::Clinician).staff_id,
    };
    let (app, by) = (w.app.clone(), w.riverbend.by(Role::FrontDesk));
    let made = w
        .app
        .db
        .write(&w.riverbend.scope, move |c| {
            let plan = series::preview(c, &new)?.expect("its days can be booked");
            let shown = series::fingerprint(&plan, &new);
            series::make_in(&app, c, &by, &new, &shown)
        })
        .await;
    made.expect("no fault").expect("a series")
}

/// The grant to a client's own chart.
pub async fn access_of(w: &World, client: &Client) -> AccessId {
    let chart = client.chart_id;
    w.look(move |c| {
        portal_access::table
            .filter(portal_access::chart_id.eq(chart))
            .select(portal_access::access_id)
            .first(c)
    })
    .await
}

fn last_part(link: &str) -> String {
    link.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Asks for a link by a form with one field, and takes it out of the mail.
async fn link_by_mail(w: &mut World, address: &str, form: &str, field: &str) -> String {
    let mut browser = w.browser();
    let page = browser.get(form).await;
    let answer = browser.submit(&page, form, &[(field, address)]).await;
    assert!(answer.status() < 400, "{form}: {}", answer.words());
    // Other mails to this address have links of their own.
    loop {
        let mail = w.mail_to(address).await;
        if mail.link().is_some_and(|link| link.contains("/password/")) {
            return w.link_in(&mail);
        }
    }
}

async fn document(w: &World, client: &Client) -> DocumentId {
    papers::shared_text(w, &client.chart_id, DOCUMENT_TITLE, "Lanterns by the river.").await
}

/// The addresses of a page of a PDF, as text and as a picture: for the client, or for whoever has put it on their chart.
async fn first_page(
    w: &World,
    staff: &mut Browser,
    client: &Client,
    reader: Option<&mut Browser>,
) -> [String; 2] {
    let tab = format!("/staff/charts/{}/documents", client.chart_id);
    let form = staff.get(&format!("{tab}/upload")).await;
    let typed = [("title", "A map"), ("kind", "handout")];
    let made =
        staff.upload_with(&form, &format!("{tab}/upload"), &typed, "map.pdf", &papers::pdf("A map")).await;
    let made = made.location().expect("a document");
    let id = made.strip_prefix(&format!("{tab}/")).and_then(|rest| rest.split('/').next()).expect("an id");
    let (document, id) = (id.parse::<DocumentId>().expect("an id"), id.to_owned());
    let page = match reader {
        Some(reader) => {
            papers::share(w, &document, vec![Recipient::Owner], Telling::Silent).await;
            reader.get(&format!("/portal/documents/{id}")).await
        }
        None => staff.get(&format!("{tab}/{id}")).await,
    };
    ["/pages/1?", "/pages/1/picture?"].map(|part| page.link_or_picture(part))
}

/// A file for a chart that waits for the virus scanner.
async fn held_upload(w: &World, of: &Client) -> UploadId {
    let (by, chart) = (w.riverbend.by(Role::Clinician), of.chart_id);
    let new = NewUpload { chart, name: "lanterns.pdf".into(), said: None };
    let mut incoming = documents::receive(&w.app, &w.riverbend.scope, by.clone(), new);
    incoming.add(papers::pdf("Lanterns").into()).await;
    let id = incoming.finish().await.expect("no fault").expect("a chart").expect("it is taken").upload;
    // There is no scanner here.
    w.tamper(move |c| {
        diesel::update(upload::table.filter(upload::upload_id.eq(id)))
            .set(upload::state.eq("checking"))
            .execute(c)
    })
    .await;
    let hold = move |c: &mut Scoped<'_>| {
        let purpose = Purpose::Document { title: "Lanterns".into(), kind: DocumentKind::Letter, label: None };
        documents::hold(c, &by, (&chart, &id), &purpose)
    };
    assert!(w.app.db.write(&w.riverbend.scope, hold).await.expect("no fault"));
    id
}

/// The request that is there, and another of this grant.
async fn document_requests(
    w: &World,
    access: AccessId,
    chart: ChartId,
) -> (DocumentRequestId, DocumentRequestId) {
    let his: DocumentRequestId =
        w.look(|c| document_request::table.select(document_request::request_id).first(c)).await;
    let another = move |c: &mut Scoped<'_>| {
        let found = request_store::find(c, &his)?.expect("his request");
        let request_id = DocumentRequestId::fresh(c.rng(), c.now());
        request_store::insert(
            c,
            DocumentRequest { request_id, access_id: access, chart_id: chart, ..found },
        )?;
        Ok::<_, Fault>(request_id)
    };
    (his, w.app.db.write(&w.riverbend.scope, another).await.expect("no fault"))
}

async fn another_card(w: &World, of: &Client, picture: BlobId, change: InfoChangeId) -> BlobId {
    let chart = of.chart_id;
    w.app
        .db
        .write(&w.riverbend.scope, move |c| {
            c.insert(
                insurance_card::table,
                (
                    insurance_card::blob_id.eq(picture),
                    insurance_card::chart_id.eq(chart),
                    insurance_card::change_id.eq(change),
                    insurance_card::side.eq("front"),
                ),
            )
        })
        .await
        .expect("a card");
    picture
}

/// The file of the one message that has one, also at the message of another thread.
async fn attached(w: &World, thread: ThreadId) -> BlobId {
    let file: BlobId =
        w.look(|c| message_attachment::table.select(message_attachment::blob_id).first(c)).await;
    w.app
        .db
        .write(&w.riverbend.scope, move |c| {
            c.insert(
                message_attachment::table,
                (
                    message_attachment::thread_id.eq(thread),
                    message_attachment::seq.eq(1),
                    message_attachment::position.eq(0),
                    message_attachment::blob_id.eq(file),
                    message_attachment::file_name.eq("lanterns.pdf"),
                ),
            )
        })
        .await
        .expect("no fault");
    file
}

/// A thread with the front desk about the client's chart, with one message. Nobody of the chart is registered, so
/// nobody could have written it by a page.
async fn thread(w: &World, client: &Client) -> ThreadId {
    let chart = client.chart_id;
    let person = client.person_id;
    w.app
        .db
        .write(&w.riverbend.scope, move |c| {
            let (id, now) = (ThreadId::fresh(c.rng(), c.now()), c.now());
            c.insert(
                message_thread::table,
                (
                    message_thread::thread_id.eq(id),
                    message_thread::chart_id.eq(chart),
                    message_thread::subject.eq("Lanterns"),
                    message_thread::audience.eq("front_desk"),
                    message_thread::state.eq("open"),
                    message_thread::waiting.eq("practice"),
                    message_thread::asked_at.eq(Some(now)),
                    message_thread::due_at.eq(Some(now.plus_hours(48))),
                    message_thread::last_seq.eq(1),
                    message_thread::last_at.eq(now),
                    message_thread::version.eq(1i64),
                    message_thread::created_at.eq(now),
                ),
            )?;
            let party_id = PartyId::fresh(c.rng(), c.now());
            c.insert(
                thread_party::table,
                (
                    thread_party::thread_id.eq(id),
                    thread_party::party_id.eq(party_id),
                    thread_party::person_id.eq(Some(person)),
                    thread_party::from_seq.eq(1),
                    thread_party::added_by_name.eq("Ana Duarte"),
                    thread_party::added_at.eq(now),
                ),
            )?;
            let message_id = MessageId::fresh(c.rng(), c.now());
            c.insert(
                message::table,
                (
                    message::thread_id.eq(id),
                    message::seq.eq(1),
                    message::message_id.eq(message_id),
                    message::side.eq("client"),
                    message::author_kind.eq("person"),
                    message::author_id.eq(person.as_bytes().to_vec()),
                    message::author_name.eq("Ana Duarte"),
                    message::body.eq("Where are the lanterns?"),
                    message::sent_at.eq(now),
                ),
            )?;
            Ok(id)
        })
        .await
        .expect("no fault")
}

/// Riverbend's first place.
async fn place(w: &World) -> PlaceId {
    let places = w.app.db.read(&w.riverbend.scope, practice::places).await.expect("no fault");
    places.first().expect("a place").place_id
}

/// An appointment of the client in so many hours.
async fn appointment(w: &World, client: &Client, place: PlaceId, hours: i64) -> AppointmentId {
    let new = NewAppointment {
        chart: client.chart_id,
        with: Vec::new(),
        seats: Seats::ONE,
        request: None,
        starts_at: w.now().plus_hours(hours),
        minutes: 50,
        kind: VisitKind::Session,
        place,
        staff: w.riverbend.member(Role::Clinician).staff_id,
    };
    let by = w.riverbend.by(Role::FrontDesk);
    let booked = w.app.db.write(&w.riverbend.scope, move |c| booking::record(c, &by, &new)).await;
    booked.expect("no fault").expect("the time is free")
}

/// Books a client by video in so many hours.
pub async fn visit_by_video(w: &World, client: &Client, hours: i64) -> AppointmentId {
    let places = w.app.db.read(&w.riverbend.scope, practice::places).await.expect("no fault");
    let video = places.iter().find(|place| place.kind == practice::PlaceKind::Video).expect("a place");
    appointment(w, client, video.place_id, hours).await
}

/// What stands in somebody's account.
struct AccountRows {
    charge: ChargeId,
    payment: PaymentId,
    /// The payment's.
    entry: EntryId,
    statement: StatementId,
    invoice: InvoiceId,
    superbill: SuperbillId,
    service: ServiceId,
    remittance: RemittanceId,
}

/// What both charges say; nobody else's page may.
pub const CHARGE: &str = "A session by lantern light";

/// A charge, a payment of which something is left, and a statement of both.
async fn account(w: &World, client: &Client) -> AccountRows {
    let (app, by, chart) = (w.app.clone(), w.riverbend.by(Role::Biller), client.chart_id);
    let on = w.now().in_zone(&w.riverbend.practice.zone()).date();
    let service = priced_service(w).await;
    let (casey, person) = (w.riverbend.member(Role::Clinician).staff_id, client.person_id);
    let reference = format!("check of {}", client.last_name);
    let write = move |c: &mut anteroom::platform::db::Scoped<'_>| {
        let money = |minor| Money::new(minor, Currency::USD);
        let new = NewCharge { chart, on, description: CHARGE.to_owned(), amount: money(15_000) };
        let charge = post_charge(c, &by, &new)?.expect("a charge is posted").charge_id;
        let new = NewPayment {
            chart,
            received_on: on,
            method: PaymentMethod::Check,
            reference: "1042".to_owned(),
            amount: money(16_000),
            pays: None,
            payer: None,
        };
        let payment = record_payment(c, &by, &new)?.expect("a payment is recorded").payment_id;
        let entry = lines(c, chart, 0, i64::MAX, 1)?[0].head.entry_id;
        let statement = statement::make(&app, c, &by, NewStatement { chart, since: on, party: None })?;
        // A visit with its codes, which the client pays; one that goes to an insurer, with what it sent.
        let details = Details {
            service: Some(service),
            staff: Some(casey),
            place: "11".into(),
            diagnoses: "F41.1".into(),
            ..Details::default()
        };
        let before = on.yesterday().expect("a day");
        let charge_of =
            |on, minor| NewCharge { chart, on, description: CHARGE.to_owned(), amount: money(minor) };
        let new = NewService { charge: charge_of(before, 12_000), price: Price::Typed, details };
        post_service(c, &by, &new)?.expect("a visit is charged");
        let covered = NewCoverage {
            chart,
            insurer: "Blue Plan".into(),
            payer_code: String::new(),
            member_number: "M-1001".into(),
            group_number: String::new(),
            subscriber: String::new(),
            from: on,
            until: None,
        };
        let coverage = add_coverage(c, &by, &covered)?.expect("written down");
        let details = Details { pays: Pays::Insurer(coverage, 1_000), ..Details::default() };
        let new = NewService { charge: charge_of(on, 10_000), price: Price::Typed, details };
        let insured = post_service(c, &by, &new)?.expect("an insured visit is charged").charge_id;
        let sent = NewRemittance {
            insurer: insurers(c)?[0].insurer_id,
            reference: reference.clone(),
            paid_on: on,
            total: money(5_000),
            lines: vec![RemittanceLine { charge: insured, paid: 5_000, contractual: 1_000, client: 500 }],
        };
        let remittance = record_remittance(c, &by, &sent)?.expect("a check is entered");
        let party = find_party(c, person)?.expect("a payer");
        let asked = NewInvoice { chart, party, charges: Vec::new(), due_on: on };
        let invoice = invoice::issue(&app, c, &by, &asked)?.expect("an invoice is made");
        let shares = NewShares { chart, from: on, shares: vec![(person, 10_000)], reason: "agreed".into() };
        set(c, &by, &shares)?.expect("who pays is set");
        let less = Agreement {
            from: on,
            until: None,
            basis_points: 500,
            reason: "agreed".into(),
            by_name: String::new(),
        };
        agree(c, &by, chart, &less)?.expect("a lower fee is agreed");
        let asked = NewSuperbill { chart, party: None, from: before, until: before };
        let superbill = superbill::make(&app, c, &by, &asked)?.expect("a superbill is made");
        let statement = statement.expect("a statement is made");
        Ok(AccountRows { charge, payment, entry, statement, invoice, superbill, service, remittance })
    };
    w.app.db.write(&w.riverbend.scope, write).await.expect("no fault")
}

/// A service with its price, and the numbers by which insurers know the practice and its clinician, set once by the pages.
async fn priced_service(w: &World) -> ServiceId {
    let known = w.app.db.read(&w.riverbend.scope, services).await.expect("no fault");
    if let Some(known) = known.first() {
        return known.service_id;
    }
    let mut admin = w.staff(Role::Administrator).await;
    let at = "/staff/practice/services";
    let page = admin.get(at).await;
    let typed = [("label", "Session by lantern"), ("code", "90834"), ("units", "1"), ("price", "120")];
    admin.submit(&page, at, &typed).await.must_be(303);
    let at = "/staff/practice/identity";
    let page = admin.get(at).await;
    for form in page.forms().into_iter().filter(|form| form.action.ends_with(at)) {
        let mut fields = form.fields;
        for (name, value) in &mut fields {
            match name.as_str() {
                "npi" => *value = "1234567893".to_owned(),
                "tax_id" => *value = "123456789".to_owned(),
                "license" => *value = "NY 012345".to_owned(),
                _ => {}
            }
        }
        admin.post_fields(at, &fields).await.must_be(303);
    }
    w.app.db.read(&w.riverbend.scope, services).await.expect("no fault")[0].service_id
}

/// A charge that is due, and a way to pay it that is open.
async fn another_charge_and_checkout(w: &World, client: &Client) -> PaymentId {
    let (by, chart) = (w.riverbend.by(Role::Biller), client.chart_id);
    let on = w.now().in_zone(&w.riverbend.practice.zone()).date();
    let write = move |c: &mut anteroom::platform::db::Scoped<'_>| {
        let amount = Money::new(9_000, Currency::USD);
        post_charge(c, &by, &NewCharge { chart, on, description: CHARGE.to_owned(), amount })
    };
    w.app.db.write(&w.riverbend.scope, write).await.expect("no fault").expect("a charge is posted");
    checkouts::begin(w, chart, access_of(w, client).await).await
}

/// The name of the stylesheet that a page asks for.
fn asset_of(html: &str) -> String {
    let (_, rest) = html.split_once("/assets/").expect("a page asks for its stylesheet");
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// A request for an open time, to which the practice has offered another one.
async fn offered(client: &mut Browser, staff: &mut Browser, place: &str, with: &str) -> String {
    let path = "/portal/appointments/request";
    let page = client.get(path).await;
    let html = page.html();
    let asked = html.split("name=\"time\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let time = asked.expect("an open time").to_owned();
    // They are of one moment, and stand in no order.
    let mine = async |client: &mut Browser| -> Vec<String> {
        let html = client.get("/portal/appointments").await.html();
        let links = html.split("href=\"/portal/appointments/requests/").skip(1);
        links.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let before = mine(client).await;
    client.submit(&page, &format!("{path}/times"), &[("time", &time)]).await.must_be(303);
    let request = mine(client).await.into_iter().find(|id| !before.contains(id)).expect("a request");
    let page = staff.get(&format!("/staff/requests/{request}")).await;
    let mut fields = page.form("/decline").fields;
    fields.retain(|(name, _)| !["day1", "clock1", "place", "with"].contains(&name.as_str()));
    let typed = [("day1", "2026-12-18"), ("clock1", "11:00"), ("place", place), ("with", with)];
    fields.extend(typed.map(|(name, value)| (name.to_owned(), value.to_owned())));
    staff.post_fields(&format!("/staff/requests/{request}/offer"), &fields).await.must_be(303);
    request
}

//! A database with rows in every table, made through the program's own pages, actions and API: what an upgrade has
//! to bring along.

use anteroom::features::access::actions::{self, Act, Target};
use anteroom::features::access::lifecycle::State;
use anteroom::features::access::permission::Withheld;
use anteroom::features::appointments::booking::{self, Booking, Cancellation, Doubt, Slot};
use anteroom::features::appointments::lifecycle::PartyEnd;
use anteroom::features::appointments::{CancelReason, VisitKind};
use anteroom::features::billing::actions::record_payment;
use anteroom::features::billing::online::run_due;
use anteroom::features::billing::{NewPayment, PaymentMethod};
use anteroom::features::calendar::{OneCancels, Seats};
use anteroom::features::documents::Recipient;
use anteroom::features::documents::signing::actions::Candidate;
use anteroom::features::documents::signing::consent;
use anteroom::features::people::{Typed, TypedAddress, TypedContact, TypedPerson};
use anteroom::features::practice::{self, Policy};
use anteroom::kernel::ids::{AccessId, AccountId, PersonId};
use anteroom::kernel::money::{Currency, Money};
use anteroom::platform::db::Scoped;
use anteroom::platform::db::schema::{portal_access, practice as practices, related_contact};
use anteroom::platform::pay::local::PAYS;
use anteroom::platform::permissions::{Right, Role, Scope};
use diesel::prelude::*;
use serde_json::json;

use crate::access::contact;
use crate::api::key;
use crate::appointments::{casey, moment};
use crate::hand_over::hand_over;
use crate::portal_people::{account, grant, sign_in};
use crate::support::papers::{ask_to_sign, draft, pdf};
use crate::support::parts::{MARK, PART, Sending, staff_form};
use crate::support::rows::Rows;
use crate::support::{PASSWORD, World};

/// Makes them. The world's clock goes on by a day.
pub async fn fill_every_table(w: &mut World) -> Rows {
    a_reminder(w).await;
    let rows = Rows::of_riverbend(w).await;
    let mut client = sign_in(w, &rows.registered.email).await;
    a_conversation(w, &rows).await;
    a_note_and_a_message_taken_back(w, &rows).await;
    a_video_link(w).await;
    a_message_that_was_missed(w, &rows).await;
    an_opening(w, &rows).await;
    a_draft(&rows).await;
    an_absence(w).await;
    two_of_whom_one_cancels(w, &rows).await;
    a_file(w, &rows).await;
    let document = rows.fill("/portal/documents/{document}");
    client.get(&document).await.must_be(200);
    a_refund_and_a_charge_by_the_api(w, &rows).await;
    a_new_owner(w).await;
    an_import(w).await;
    somebody_who_helps_for_a_while(w, &rows).await;
    whom_to_call(w, &rows).await;
    a_signature(w, &rows).await;
    a_signature_in_person(w, &rows).await;
    days_that_differ(w).await;
    news_of_a_payment(w).await;
    let page = client.get("/portal/who-looked").await;
    client.submit(&page, "/portal/who-looked", &[("text", "Who reads this?")]).await.must_be(303);

    insurance_that_was_taken(w, &rows).await;
    let mut admin = w.staff(Role::Administrator).await.with("sec-fetch-mode", "navigate");
    let path = "/staff/practice/questions/new";
    let page = admin.get(path).await;
    let draft = admin.submit(&page, path, &[("question", ""), ("answer", "Behind the lanterns.")]).await;
    draft.must_be(303);
    let path = "/staff/practice/information";
    let page = admin.get(path).await;
    admin.submit(&page, path, &[("preferred_name", "review")]).await.must_be(303);
    let page = admin.get("/staff/practice/identity").await;
    let said = [("code", "G47.09"), ("words", "Other insomnia")];
    admin.submit(&page, "/staff/practice/diagnoses", &said).await.must_be(303);
    w.mail_has_settled().await;
    rows
}

/// A clinician's standing link.
async fn a_video_link(w: &World) {
    let path = format!("/staff/availability/{}/links", casey(w));
    let mut desk = w.staff(Role::FrontDesk).await;
    let page = desk.get(&path).await;
    desk.submit(&page, "/video", &[("link", "https://video.example/casey")]).await.must_be(303);
}

/// Staff take the coverage that the client has sent.
async fn insurance_that_was_taken(w: &World, rows: &Rows) {
    let path = format!("/staff/charts/{}/information", rows.registered.chart_id);
    let mut desk = w.staff(Role::FrontDesk).await;
    let page = desk.get(&path).await;
    let form = page.form(&path);
    let (name, _) = form
        .fields
        .iter()
        .find(|(name, value)| name.starts_with("row-") && value.ends_with("insurance_primary"))
        .expect("a row of the insurance");
    let choice = name.replace("row-", "do-");
    desk.submit(&page, &path, &[(choice.as_str(), "take")]).await.must_be(303);
}

/// A client who does not open the invitation is reminded of it after a day.
async fn a_reminder(w: &mut World) {
    let ben = w.chart("Ben", "Okafor").await;
    w.invite(&ben).await;
    let policy = Policy { reminder_hours: vec![144], ..Policy::default() };
    let version = w
        .look(|c| {
            practices::table
                .filter(practices::slug.eq("riverbend"))
                .select(practices::version)
                .first::<i64>(c)
        })
        .await;
    let by = w.riverbend.by(Role::Administrator);
    practice::save_policy(&w.app, &w.riverbend.scope, by, policy, version).await.expect("no fault");
    w.clock.advance_seconds(24 * 3_600 + 1);
    w.run_due_jobs().await;
}

/// The practice answers the client's thread, the client reads the answer and is mailed about a next one.
async fn a_conversation(w: &World, rows: &Rows) {
    let thread = rows.fill("/portal/messages/{thread}");
    let id = thread.rsplit('/').next().expect("a thread");
    let in_chart = format!("/staff/charts/{}/messages/{id}", rows.registered.chart_id);
    let (mut desk, mut client) = (w.staff(Role::FrontDesk).await, rows.client.clone());
    for text in ["Behind the house.", "And in the shed."] {
        let page = desk.get(&in_chart).await;
        desk.submit(&page, "/reply", &[("text", text)]).await.must_be(303);
        client.get(&thread).await.must_be(200);
    }
}

/// Front desk answers while the client cannot read.
async fn a_message_that_was_missed(w: &World, rows: &Rows) {
    let thread = rows.fill("/portal/messages/{thread}");
    let id = thread.rsplit('/').next().expect("a thread");
    let path = format!("/staff/charts/{}/messages/{id}", rows.registered.chart_id);
    let person = rows.registered.person_id;
    let put = async |state: State| {
        w.tamper(move |c| {
            diesel::update(portal_access::table.filter(portal_access::person_id.eq(person)))
                .set(portal_access::state.eq(state))
                .execute(c)
        })
        .await;
    };
    put(State::Revoked).await;
    let mut desk = w.staff(Role::FrontDesk).await;
    let page = desk.get(&path).await;
    desk.submit(&page, "/reply", &[("text", "Said to nobody.")]).await.must_be(303);
    put(State::Active).await;
}

/// Staff write a note on the client's thread, and take a message back.
async fn a_note_and_a_message_taken_back(w: &World, rows: &Rows) {
    let thread = rows.fill("/portal/messages/{thread}");
    let id = thread.rsplit('/').next().expect("a thread");
    let path = format!("/staff/charts/{}/messages/{id}", rows.registered.chart_id);
    let mut desk = w.staff(Role::FrontDesk).await;
    let page = desk.get(&path).await;
    desk.submit(&page, "/note", &[("note", "Asked the gardener.")]).await.must_be(303);
    let page = desk.get(&path).await;
    desk.submit(&page, "/reply", &[("text", "Not there.")]).await.must_be(303);
    let page = desk.get(&path).await;
    desk.submit(&page, "/take-back", &[]).await.must_be(303);
}

/// An administrator reads a thread with the clinician, and says why.
async fn an_opening(w: &World, rows: &Rows) {
    let (mut client, mut admin) = (rows.client.clone(), w.staff(Role::Administrator).await);
    let casey = w.riverbend.member(Role::Clinician).staff_id.to_string();
    let new = "/portal/messages/new";
    let form = client.get(new).await;
    let typed = [("to", casey.as_str()), ("subject", "Night light"), ("text", "Is it on?")];
    let sent = client.submit(&form, new, &typed).await;
    let thread =
        sent.must_be(303).location().and_then(|to| to.split('?').next()).expect("a thread").to_owned();
    let id = thread.rsplit('/').next().expect("a thread");
    let reason = format!("/staff/charts/{}/messages/{id}/reason", rows.registered.chart_id);
    let form = admin.get(&reason).await;
    admin.submit(&form, "/reason", &[("reason", "A complaint.")]).await.must_be(303);
}

/// The client has begun a message and not sent it.
async fn a_draft(rows: &Rows) {
    let mut client = rows.client.clone();
    let page = client.get("/portal/messages/new").await;
    let mut fields = page.form("/portal/messages/new").fields;
    fields.retain(|(name, _)| name != "text");
    fields.push(("text".into(), "How many lanterns".into()));
    client.post_fields("/portal/messages/new/draft", &fields).await.must_be(303);
}

/// The clinician is away for a day to come.
async fn an_absence(w: &World) {
    let path = "/staff/messages/away";
    let mut clinician = w.staff(Role::Clinician).await;
    let page = clinician.get(path).await;
    clinician.submit(&page, path, &[("first", "2026-12-24"), ("last", "2026-12-24")]).await.must_be(303);
}

/// Two clients at one appointment, which goes on without one of them until staff say.
async fn two_of_whom_one_cancels(w: &World, rows: &Rows) {
    let (app, by) = (w.app.clone(), w.riverbend.by(Role::FrontDesk));
    let places = w.app.db.read(&w.riverbend.scope, practice::places).await.expect("no fault");
    let booking = Booking {
        chart: rows.registered.chart_id,
        with: vec![rows.invited.chart_id],
        seats: Seats { most: 2, one_cancels: OneCancels::Ask },
        request: None,
        kind: VisitKind::Session,
        slot: Slot {
            starts_at: moment("2027-01-20T20:00:00Z"),
            minutes: 50,
            place: places.first().expect("a place").place_id,
            staff: w.riverbend.member(Role::Clinician).staff_id,
        },
        despite: Doubt::ALL.to_vec(),
    };
    let two = rows.invited.chart_id;
    let why = Cancellation { reason: CancelReason::ClientAsked, words: String::new() };
    let write = move |c: &mut Scoped<'_>| {
        let id = booking::book_in(&app, c, &by, &booking)?.expect("the time is free");
        booking::end_for_one_in(&app, c, &by, (id, two), PartyEnd::Canceled, &why)
    };
    w.app.db.write(&w.riverbend.scope, write).await.expect("no fault").expect("it ends for one");
}

/// A PDF, stored and shared.
async fn a_file(w: &World, rows: &Rows) {
    let documents = format!("/staff/charts/{}/documents", rows.registered.chart_id);
    let upload = format!("{documents}/upload");
    let mut clinician = w.staff(Role::Clinician).await;
    let page = clinician.get(&upload).await;
    let typed = [("title", "Safety plan"), ("kind", "agreement")];
    let kept = clinician.upload_with(&page, &upload, &typed, "plan.pdf", &pdf("Safety plan")).await;
    let page = clinician.follow(&kept).await;
    clinician.submit(&page, "/share", &[]).await.must_be(303);
    let (form, to) = staff_form(&rows.registered);
    let half = ("report.pdf", PART + 1);
    let sending = Sending::begin(&mut clinician, (&form, &to), MARK, half).await.expect("it begins");
    sending.put(&clinician, 1, b"\n").await.must_be(204);
}

async fn a_refund_and_a_charge_by_the_api(w: &World, rows: &Rows) {
    // More than is open: the rest can go back.
    let (chart, by) = (rows.registered.chart_id, w.riverbend.by(Role::Biller));
    let new = NewPayment {
        chart,
        received_on: jiff::civil::date(2026, 11, 30),
        method: PaymentMethod::Check,
        reference: "1043".into(),
        amount: Money::new(100_000, Currency::USD),
        pays: None,
        payer: None,
    };
    let record = move |c: &mut Scoped<'_>| record_payment(c, &by, &new);
    let payment = w.app.db.write(&w.riverbend.scope, record).await.expect("no fault").expect("a payment");
    let refund = format!("/staff/charts/{chart}/billing/payments/{}/refund", payment.payment_id);
    let mut biller = w.staff(Role::Biller).await;
    let page = biller.get(&refund).await;
    let typed = [("amount", "5"), ("way", "cash"), ("reason", "came by twice")];
    biller.submit(&page, &refund, &typed).await.must_be(303);

    let key = key(w, &w.riverbend, Scope::ALL).await;
    let mut program =
        w.browser().with("authorization", &format!("Bearer {key}")).with("idempotency-key", "one charge");
    let charge = json!({
        "on": "2026-11-30", "description": "Session", "amount": { "minor": 15_000, "currency": "USD" }
    });
    let path = format!("/api/v1/charts/{}/charges", rows.registered.chart_id);
    program.send("POST", &path, Some(("application/json", charge.to_string().as_bytes()))).await.must_be(201);
}

/// A client's mother becomes a representative, something is withheld from her, and she becomes the chart's owner.
async fn a_new_owner(w: &mut World) {
    let person = |first: &str, email: &str| TypedPerson {
        first_name: first.into(),
        last_name: "Park".into(),
        emails: vec![TypedAddress::mailable(email)],
        ..TypedPerson::default()
    };
    let mut sheet =
        Typed { client: person("Lee", "lee.park@example.com").born("1990-04-12"), ..Typed::default() };
    let mother = TypedContact {
        relation: "parent".into(),
        person: person("Rosa", "rosa.park@example.com"),
        ..TypedContact::default()
    };
    sheet.contacts.push(mother);
    let lee = w.chart_of(&w.riverbend.scope.clone(), sheet).await;
    let rosa: PersonId = w
        .look(move |c| {
            related_contact::table
                .filter(related_contact::chart_id.eq(lee.chart_id))
                .select(related_contact::person_id)
                .first(c)
        })
        .await;
    let rosas = rosa.to_string();
    let mut clinician = w.staff(Role::Clinician).await;
    let new = format!("/staff/charts/{}/representatives/new", lee.chart_id);
    let page = clinician.get(&new).await;
    let typed = [("person", rosas.as_str()), ("basis", "client_choice"), ("billing", "view")];
    clinician.submit(&page, "/new", &typed).await.must_be(303);
    let grant: AccessId = w
        .look(move |c| {
            portal_access::table
                .filter(portal_access::person_id.eq(rosa))
                .select(portal_access::access_id)
                .first(c)
        })
        .await;
    let act = Act::Withhold {
        what: Withheld::Right(Right::Billing),
        until: None,
        reason: "Tells of a third person.".into(),
    };
    let by = w.riverbend.by(Role::Clinician);
    let done = actions::act(&w.app, &w.riverbend.scope, by, Target::Grant(grant), act).await;
    done.expect("no fault").expect("withheld");
    hand_over(w, &lee, rosa).await;
}

/// The grant of somebody who helps a client ends in some days, and the client consents under 42 CFR Part 2.
async fn somebody_who_helps_for_a_while(w: &mut World, rows: &Rows) {
    let kim = &rows.registered;
    let sam = contact(w, kim, "Sam", "sam@example.com").await;
    let of_sam = account(w, "sam@example.com").await;
    let scope = w.riverbend.scope.clone();
    let access = grant(w, &scope, &of_sam, &sam, &kim.chart_id, Some(Right::ALL)).await;
    let path = format!("/staff/charts/{}/grants/{access}", kim.chart_id);
    let mut admin = w.staff(Role::Administrator).await;
    let page = admin.get(&path).await;
    let typed = [("basis", "client_choice"), ("ends_on", "2026-12-07"), ("reason", "Asked by phone.")];
    admin.submit_and_follow(&page, &path, &typed).await.must_be(200);
    let page = admin.get(&path).await;
    let consent = [("part2_purpose", "Taking part in the treatment"), ("part2_until", "2026-12-31")];
    admin.submit(&page, "/part2", &consent).await.must_be(303);
    // A court keeps the messages from them from tomorrow on.
    let notes = format!("/staff/charts/{}/notes", kim.chart_id);
    let (page, about) = (admin.get(&notes).await, access.to_string());
    let order = [
        ("about", about.as_str()),
        ("kind", "court_order"),
        ("body", "No messages."),
        ("effect", "deny"),
        ("right", "messages"),
        ("from", "2026-12-08"),
        ("until", "2026-12-31"),
        ("reason", "A paper of the court."),
    ];
    admin.submit(&page, &notes, &order).await.must_be(303);
    w.run_due_jobs().await;
}

/// A client types whom to call, and the practice keeps a list of its own.
async fn whom_to_call(w: &World, rows: &Rows) {
    let (mut phone, mut admin) = (rows.client.clone(), w.staff(Role::Administrator).await);
    let own = "/portal/emergency-contacts";
    let page = phone.get(own).await;
    let typed = [("row-0-name", "Rosa Serrano"), ("row-0-relation", "sister"), ("row-0-phone", "555-0101")];
    phone.submit(&page, own, &typed).await.must_be(303);
    let all = format!("/staff/charts/{}/emergency-contacts", rows.registered.chart_id);
    let page = admin.get(&all).await;
    admin
        .submit(&page, &all, &[("row-0-name", "Front door"), ("row-0-phone", "555-0102")])
        .await
        .must_be(303);
}

/// A client signs a text, and the practice seals the signed copy.
async fn a_signature(w: &World, rows: &Rows) {
    let chart = rows.registered.chart_id;
    let id = draft(w, &chart, "Lantern agreement", "We agree on lanterns.").await;
    ask_to_sign(w, &id, vec![Candidate::Grant(Recipient::Owner)]).await;
    let person = rows.registered.person_id;
    let account: Option<AccountId> = w
        .look(move |c| {
            portal_access::table
                .filter(portal_access::chart_id.eq(chart))
                .filter(portal_access::person_id.eq(person))
                .select(portal_access::account_id)
                .first(c)
        })
        .await;
    let home = w.riverbend.scope.id();
    let code = consent::code(&w.app.keys, home, (home, &account.expect("registered")));
    let (page, sign) = (format!("/portal/documents/{id}"), format!("/portal/documents/{id}/sign"));
    let mut phone = rows.client.clone();
    phone.get(&page).await.must_be(200);
    let form = phone.get(&sign).await;
    phone.submit(&form, "/consent", &[("code", code.as_str()), ("agreed", "yes")]).await.must_be(303);
    let form = phone.get(&sign).await;
    let typed = [("typed", "Kim Serrano"), ("agreed", "yes"), ("password", PASSWORD)];
    phone.submit(&form, &sign, &typed).await.must_be(303);
    w.run_due_jobs().await;
}

/// A client signs a text on the practice's device.
async fn a_signature_in_person(w: &World, rows: &Rows) {
    let chart = rows.registered.chart_id;
    let id = draft(w, &chart, "Lantern rules", "We agree on lanterns.").await;
    ask_to_sign(w, &id, vec![Candidate::Grant(Recipient::Owner)]).await;
    let mut casey = w.staff(Role::Clinician).await;
    let page = casey.get(&format!("/staff/charts/{chart}/documents/{id}")).await;
    casey.submit(&page, "/sign-here", &[]).await.must_be(303);
    let device = "/staff/in-person";
    let page = casey.get(device).await;
    let born = [("month", "4"), ("day", "12"), ("year", "1990")];
    let page = casey.submit_and_follow(&page, "/birth-date", &born).await;
    let page = casey.submit_and_follow(&page, "/consent", &[("agreed", "yes")]).await;
    let page = casey.submit_and_follow(&page, "/read", &[]).await;
    let typed = [("typed", "Kim Serrano"), ("agreed", "yes")];
    casey.submit(&page, "/in-person/sign", &typed).await.must_be(303);
    w.run_due_jobs().await;
}

/// The practice is closed on one day, and a clinician keeps no hours on another.
async fn days_that_differ(w: &World) {
    let mut admin = w.staff(Role::Administrator).await;
    let closures = "/staff/practice/closures";
    let page = admin.get(closures).await;
    let closed = [("off_from", "2026-12-24"), ("off_until", "2026-12-24"), ("note", "Holiday")];
    admin.submit(&page, closures, &closed).await.must_be(303);
    let page =
        admin.get(&format!("/staff/availability/{}", w.riverbend.member(Role::Clinician).staff_id)).await;
    let day = [("on_date", "2026-12-11"), ("effect", "closed"), ("day_from", ""), ("day_until", "")];
    admin.submit(&page, "/days", &day).await.must_be(303);
}

/// A client paid at the provider, who has said so; the worker has not asked yet what it was.
async fn news_of_a_payment(w: &World) {
    let session = w.provider.open_sessions().pop().expect("a page of the provider");
    w.provider.pay(&session, PAYS).expect("paid");
    for event in w.provider.events() {
        assert_eq!(w.provider.send(&event).await, Some(200), "{event}");
    }
    run_due(&w.app).await.expect("no fault");
    // The client's bank asks it back; of the last news nothing is looked into yet.
    w.provider.open_dispute("needs_response").expect("a dispute");
    let mut news = w.provider.events();
    let last = news.pop().expect("news");
    for event in news {
        assert_eq!(w.provider.send(&event).await, Some(200), "{event}");
    }
    run_due(&w.app).await.expect("no fault");
    assert_eq!(w.provider.send(&last).await, Some(200));
}

/// A file of another program comes in, and its columns are remembered.
async fn an_import(w: &World) {
    let mut desk = w.staff(Role::FrontDesk).await;
    let import = "/staff/charts/import";
    let page = desk.get(import).await;
    let file = b"First Name*,Last Name*,Client ID,Balance\nMia,Holt,SP-1,12.50\n";
    let mut page = desk.upload(&page, import, "clients.csv", file).await;
    while page.is_redirect() {
        page = desk.follow(&page).await;
    }
    let page = desk.submit_and_follow(&page, "/columns", &[]).await;
    desk.submit(&page, "/staff/charts/import/", &[]).await.must_be(303);
}

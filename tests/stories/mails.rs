//! Every mail that the program sends, as it arrives, in both languages. `cargo insta review` (or
//! `INSTA_UPDATE=always`) takes a changed wording over.

use std::collections::BTreeSet;

use anteroom::features;
use anteroom::features::documents::signing::actions::Candidate;
use anteroom::features::documents::{Recipient, Telling};
use anteroom::features::practice::PlaceKind;
use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{
    appointment, appointment_request, due_job, message_thread, outbox, person, portal_account, practice,
    signer,
};
use anteroom::platform::i18n::{Language, Words};
use anteroom::platform::mail::receiver::ReceivedMail;
use anteroom::platform::permissions::{Right, Role};
use diesel::prelude::*;

use crate::access::contact;
use crate::portal_people::{account, charge, enrolled, grant};
use crate::stories;
use crate::support::form::visible_text;
use crate::support::world::{Client, World};
use crate::support::{PASSWORD, Page, papers};

const DAY: u32 = 86_400;

/// How the mails of a story are to be.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Manner {
    /// As the snapshots say.
    #[default]
    Usual,
    /// To people in safe contact.
    Safe,
}

/// The kinds that a story below has shown.
#[derive(Default)]
struct Seen(BTreeSet<String>, Manner);

/// A mail to somebody in safe contact does not tell who writes or what it is about.
fn must_be_neutral(kind: &str, mail: &ReceivedMail) {
    let from = mail.header("From").unwrap_or_default();
    let whole = format!("{} {from} {} {}", mail.subject, mail.text, mail.html);
    let whole = whole.replace("riverbend.example.org", "");
    // A link does not name the practice either; its path says which page it opens, and nothing of whom.
    assert!(!whole.to_lowercase().contains("riverbend"), "{kind} names the practice: {whole}");
    let told: Vec<&str> = whole.split_whitespace().filter(|word| !word.contains("http://")).collect();
    let told = told.join(" ");
    for word in ["555-01", "counsel", "appointment", "cita", "password", "portal of", "Ana", "Hello Ben"] {
        assert!(!told.contains(word), "{kind} says {word}: {told}");
    }
    assert!(
        ["You have a message", "Tiene un mensaje"].contains(&mail.subject.as_str()),
        "{kind}: {}",
        mail.subject
    );
}

/// Where the application listens and what is random, replaced by what stays the same.
fn steady(w: &World, text: &str) -> String {
    let text = text.replace(&w.app.settings.public_url, "https://portal.example.org");
    let is_secret = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.split_inclusive(|c: char| !is_secret(c))
        .map(|part| match part.trim_end_matches(|c| !is_secret(c)) {
            word if word.len() == 43 => part.replace(word, "TOKEN"),
            word if word.len() == 36 && word.contains('-') => part.replace(word, "ID"),
            _ => part.to_owned(),
        })
        .collect()
}

/// Headers, plain text and the words of the HTML part.
fn shown(w: &World, mail: &ReceivedMail) -> String {
    let header = |name: &str| format!("{name}: {}", mail.header(name).unwrap_or("(none)"));
    let head = [header("From"), header("To"), header("Reply-To"), format!("Subject: {}", mail.subject)];
    let html = visible_text(&mail.html);
    for prefix in ["letter-", "appointments-mail-", "portal-mail-", "staff-mail-", "foot-", "{ $"] {
        let text = format!("{} {} {html}", mail.subject, mail.text);
        assert!(!text.contains(prefix), "a word of the catalogue is missing ({prefix}):\n{text}");
    }
    steady(
        w,
        &format!("{}\n\n{}\n\n--- HTML ---\n{html}\n", head.join("\n"), mail.text.replace("\r\n", "\n")),
    )
}

impl Seen {
    /// Waits for the next mail to an address and compares it with its snapshot.
    async fn next(
        &mut self,
        w: &mut World,
        language: Language,
        kind: &str,
        case: &str,
        to: &str,
    ) -> ReceivedMail {
        let mail = w.mail_to(to).await;
        let address = to.to_owned();
        let kinds: Vec<String> = w
            .look(move |c| outbox::table.filter(outbox::recipient.eq(address)).select(outbox::kind).load(c))
            .await;
        assert!(kinds.iter().any(|sent| sent == kind), "no {kind} went to {to}: {kinds:?}");
        self.0.insert(kind.to_owned());
        if self.1 == Manner::Safe {
            if !kind.starts_with("staff.")
                && ![
                    "appointments.canceled_staff",
                    "appointments.request_late",
                    "messages.late",
                    "signing.turn_staff",
                ]
                .contains(&kind)
            {
                must_be_neutral(kind, &mail);
            }
            return mail;
        }
        let name = format!("{kind}{}{case}.{}", if case.is_empty() { "" } else { "." }, language.word());
        insta::assert_snapshot!(name, shown(w, &mail));
        mail
    }
}

/// Where one person is in safe contact, everybody is from here on, each at their own first address.
async fn keep_safe(w: &mut World) {
    w.tamper(|c| {
        diesel::sql_query(
            "UPDATE person SET contact_mode = 'safe', safe_address = (SELECT min(a.value) FROM person_address a \
             WHERE a.practice_id = person.practice_id AND a.person_id = person.person_id AND a.kind = 'email') \
             WHERE safe_address IS NULL AND EXISTS (SELECT 1 FROM person s WHERE s.contact_mode = 'safe')",
        )
        .execute(c)
    })
    .await;
}

async fn speak(w: &mut World, language: Language) {
    keep_safe(w).await;
    let word = language.word();
    w.tamper(move |c| diesel::update(practice::table).set(practice::language.eq(word)).execute(c)).await;
    w.tamper(move |c| diesel::update(person::table).set(person::language.eq(word)).execute(c)).await;
    w.tamper(move |c| {
        diesel::update(portal_account::table).set(portal_account::language.eq(word)).execute(c)
    })
    .await;
}

/// A chart whose people read this language.
async fn chart(w: &mut World, language: Language, first: &str) -> Client {
    let made = w.chart(first, "Duarte").await;
    speak(w, language).await;
    made
}

/// An act of staff on a chart's portal access, by its form.
async fn act(w: &World, client: &Client, act: &str, fields: &[(&str, &str)]) -> Page {
    let path = format!("/staff/charts/{}/access/{act}", client.chart_id);
    let mut desk = w.staff(Role::Administrator).await;
    let page = desk.get(&path).await;
    let done = desk.submit(&page, &path, fields).await;
    assert!(done.status() < 400, "{act}: {}", done.words());
    done
}

async fn register(w: &mut World, link: &str, client: &Client) {
    let mut phone = w.browser();
    let page = phone.get(link).await;
    let (year, rest) = client.born.split_once('-').expect("a date");
    let (month, day) = rest.split_once('-').expect("a date");
    let typed = [
        ("last_name", client.last_name.as_str()),
        ("month", month),
        ("day", day),
        ("year", year),
        ("password", PASSWORD),
        ("how", "new"),
    ];
    phone.submit(&page, "/i/", &typed).await.must_be(303);
}

/// Asks for a link by the page for a forgotten password.
async fn forgot(w: &World, path: &str, field: &str, address: &str) {
    let mut browser = w.browser();
    let page = browser.get(path).await;
    let answer = browser.submit(&page, path, &[(field, address)]).await;
    assert!(answer.status() < 400, "{}", answer.words());
}

async fn set_password(w: &mut World, link: &str) {
    let mut browser = w.browser();
    let page = browser.get(link).await;
    let new = "another quiet green stone";
    let done = browser.submit(&page, "/password/", &[("password", new)]).await;
    assert!(done.status() < 400, "{}", done.words());
}

/// From the invitation to the registration, the reminder and a changed address on the way.
async fn the_invitations_mails(w: &mut World, seen: &mut Seen, language: Language) -> Client {
    let ana = chart(w, language, "Ana").await;
    act(w, &ana, "invite", &[]).await;
    let mail = seen.next(w, language, "access.invitation", "", &ana.email).await;
    let link = w.link_in(&mail);
    forgot(w, "/riverbend/forgot", "address", &ana.email).await;
    seen.next(w, language, "portal.invited_hint", "", &ana.email).await;
    w.clock.advance_seconds(4 * DAY);
    w.run_due_jobs().await;
    seen.next(w, language, "access.reminder", "", &ana.email).await;
    register(w, &link, &ana).await;
    seen.next(w, language, "access.registered", "", &ana.email).await;

    let ben = chart(w, language, "Ben").await;
    act(w, &ben, "invite", &[]).await;
    w.mail_to(&ben.email).await;
    let changed = [("address", "ben.new@example.com"), ("reason", "a new address")];
    act(w, &ben, "change-email", &changed).await;
    seen.next(w, language, "access.address_changed", "", &ben.email).await;
    ana
}

/// Of a registered client's account.
async fn the_accounts_mails(w: &mut World, seen: &mut Seen, language: Language, ana: &Client) {
    forgot(w, "/riverbend/forgot", "address", &ana.email).await;
    let mail = seen.next(w, language, "portal.reset", "asked", &ana.email).await;
    let link = w.link_in(&mail);
    set_password(w, &link).await;
    seen.next(w, language, "portal.password_changed", "", &ana.email).await;
    act(w, ana, "reset", &[]).await;
    seen.next(w, language, "portal.reset", "by-staff", &ana.email).await;
    w.clock.advance_seconds(DAY);
    act(w, ana, "revoke", &[("reason", "moved away")]).await;
    seen.next(w, language, "access.ended", "", &ana.email).await;
    forgot(w, "/riverbend/forgot", "address", &ana.email).await;
    seen.next(w, language, "portal.no_access", "", &ana.email).await;
    act(w, ana, "restore", &[]).await;
    seen.next(w, language, "access.restored", "", &ana.email).await;

    let mut phone = w.browser();
    let page = phone.get("/riverbend/sign-in").await;
    let typed = [("name", ana.email.as_str()), ("password", "another quiet green stone")];
    phone.submit(&page, "/sign-in", &typed).await.must_be(303);
    let form = phone.get("/portal/appointments/request").await;
    let today = w.now().in_zone(&w.riverbend.practice.zone()).date();
    let day = today.checked_add(jiff::Span::new().days(3)).expect("a day").to_string();
    let asked = [("kind", "session"), ("place", "office"), ("day1", day.as_str()), ("part1", "morning")];
    phone.submit(&form, "/portal/appointments/request", &asked).await.must_be(303);
    // What was said about the answer is over.
    let now = w.now();
    w.tamper(move |c| {
        diesel::update(appointment_request::table)
            .set(appointment_request::answer_by.eq(Some(now)))
            .execute(c)?;
        diesel::update(due_job::table.filter(due_job::kind.eq("request-clock")))
            .set(due_job::due_at.eq(now))
            .execute(c)
    })
    .await;
    w.run_due_jobs().await;
    let of_desk = w.riverbend.member(Role::FrontDesk).email.clone();
    seen.next(w, language, "appointments.request_late", "", &of_desk).await;
    let mut desk = w.staff(Role::FrontDesk).await;
    let queue = desk.get("/staff/requests").await;
    let request = queue.link("/staff/requests/");
    let page = desk.get(&request).await;
    let answer = [("answer", "Please call us.")];
    let done = desk.submit(&page, "/decline", &answer).await;
    assert!(done.status() < 400, "{}", done.words());
    seen.next(w, language, "appointments.answered", "", &ana.email).await;
    let chart = ana.chart_id;
    charge(w, &chart, today, 15_000).await;
    let mut biller = w.staff(Role::Biller).await;
    let path = format!("/staff/charts/{chart}/billing/statement");
    let page = biller.get(&path).await;
    biller.submit(&page, &path, &[]).await.must_be(303);
    seen.next(w, language, "billing.new", "", &ana.email).await;
    let document = papers::draft(w, &ana.chart_id, "Plan", "Words.").await;
    papers::share(w, &document, vec![Recipient::Owner], Telling::ByMail).await;
    w.run_due_jobs().await;
    seen.next(w, language, "documents.something_new", "", &ana.email).await;
}

/// About messages that somebody has not read, and the answer to what they reported.
async fn the_mails_about_what_was_written(w: &mut World, seen: &mut Seen, language: Language, ana: &Client) {
    let mut phone = w.browser();
    let page = phone.get("/riverbend/sign-in").await;
    let typed = [("name", ana.email.as_str()), ("password", "another quiet green stone")];
    phone.submit(&page, "/sign-in", &typed).await.must_be(303);
    let form = phone.get("/portal/messages/new").await;
    let typed = [("subject", "A receipt"), ("text", "Could you send me one?")];
    phone.submit(&form, "/portal/messages/new", &typed).await.must_be(303);
    // What was promised is over.
    let now = w.now();
    w.tamper(move |c| {
        diesel::update(message_thread::table).set(message_thread::due_at.eq(Some(now))).execute(c)?;
        diesel::update(due_job::table.filter(due_job::kind.eq("message-late")))
            .set(due_job::due_at.eq(now))
            .execute(c)
    })
    .await;
    w.run_due_jobs().await;
    let of_desk = w.riverbend.member(Role::FrontDesk).email.clone();
    seen.next(w, language, "messages.late", "", &of_desk).await;
    let mut desk = w.staff(Role::FrontDesk).await;
    let thread = desk.get("/staff/messages").await.link("/staff/charts/");
    let page = desk.get(&thread).await;
    desk.submit(&page, "/reply", &[("text", "It is on its way.")]).await.must_be(303);
    w.clock.advance_seconds(300);
    w.run_due_jobs().await;
    seen.next(w, language, "messages.notice", "", &ana.email).await;
    let page = phone.get("/portal/who-looked").await;
    phone.submit(&page, "/portal/who-looked", &[("text", "Who is this?")]).await.must_be(303);
    let mut admin = w.staff(Role::Administrator).await;
    let list = admin.get("/staff/concerns").await;
    admin.submit(&list, "/staff/concerns", &[("answer", "A colleague.")]).await.must_be(303);
    seen.next(w, language, "access_log.answered", "", &ana.email).await;
}

/// That there is something to sign, and what became of it.
async fn the_mails_about_signing(w: &mut World, seen: &mut Seen, language: Language, ana: &Client) {
    let document = papers::draft(w, &ana.chart_id, "Plan", "Words.").await;
    let casey = Candidate::Staff(w.riverbend.member(Role::Clinician).staff_id);
    papers::ask_to_sign(w, &document, vec![Candidate::Grant(Recipient::Owner), casey]).await;
    w.run_due_jobs().await;
    seen.next(w, language, "signing.turn", "", &ana.email).await;
    let address = w.riverbend.member(Role::Clinician).email.clone();
    seen.next(w, language, "signing.turn_staff", "", &address).await;
    let signed = |c: &mut Conn| {
        let hers = signer::table.filter(signer::access_id.is_not_null());
        diesel::update(hers).set(signer::state.eq("signed")).execute(c)
    };
    w.tamper(signed).await;
    let mut staff = w.staff(Role::Clinician).await;
    let path = format!("/staff/charts/{}/documents/{document}/cancel-signing", ana.chart_id);
    let page = staff.get(&path).await;
    staff.submit(&page, "/cancel-signing", &[("reason", "not needed")]).await.must_be(303);
    w.run_due_jobs().await;
    seen.next(w, language, "signing.news", "", &ana.email).await;
    // Everybody signs: she has, and then the practice.
    let document = papers::draft(w, &ana.chart_id, "Plan", "Words.").await;
    papers::ask_to_sign(w, &document, vec![Candidate::Grant(Recipient::Owner), casey]).await;
    w.tamper(signed).await;
    let path = format!("/staff/charts/{}/documents/{document}/countersign", ana.chart_id);
    let page = staff.get(&path).await;
    let typed = [("typed", "Casey Okafor"), ("agreed", "yes"), ("password", PASSWORD)];
    staff.submit(&page, "/countersign", &typed).await.must_be(303);
    w.run_due_jobs().await;
    seen.next(w, language, "signing.copy", "", &ana.email).await;
}

/// Of what a client changed of their information.
async fn the_mails_about_information(w: &mut World, seen: &mut Seen, language: Language, ana: &Client) {
    let mut phone = w.browser();
    let page = phone.get("/riverbend/sign-in").await;
    let typed = [("name", ana.email.as_str()), ("password", "another quiet green stone")];
    phone.submit(&page, "/sign-in", &typed).await.must_be(303);
    let form = phone.get("/portal/information/phones").await;
    phone.submit(&form, "/portal/information/phones", &[("phone-0-value", "555-0177")]).await.must_be(303);
    seen.next(w, language, "information.phones", "", &ana.email).await;
    let form = phone.get("/portal/information/name").await;
    phone.submit(&form, "/portal/information/name", &[("middle_name", "Maria")]).await.must_be(303);
    let path = format!("/staff/charts/{}/information", ana.chart_id);
    let mut desk = w.staff(Role::FrontDesk).await;
    let page = desk.get(&path).await;
    desk.submit(&page, &path, &[("all", "take")]).await.must_be(303);
    seen.next(w, language, "information.decided", "", &ana.email).await;
}

/// Of another e-mail address for a sign-in.
async fn the_mails_about_an_address(w: &mut World, seen: &mut Seen, language: Language) {
    let ida = chart(w, language, "Ida").await;
    crate::portal_people::enrolled(w, &ida).await;
    speak(w, language).await;
    let new = format!("ida.{}@example.org", language.word());
    let mut phone = crate::portal_people::sign_in(w, &ida.email).await;
    let form = phone.get("/portal/me/email").await;
    let typed = [("address", new.as_str()), ("password", PASSWORD)];
    phone.submit(&form, "/portal/me/email", &typed).await.must_be(303);
    seen.next(w, language, "portal.email_stop", "", &ida.email).await;
    let mail = seen.next(w, language, "portal.email_confirm", "", &new).await;
    let link = w.link_in(&mail);
    let form = phone.get(&link).await;
    phone.submit(&form, "/email/", &[("password", PASSWORD)]).await.must_be(200);
    seen.next(w, language, "portal.email_changed", "", &new).await;
    let mail = seen.next(w, language, "portal.email_undo", "", &ida.email).await;
    let link = w.link_in(&mail);
    let form = phone.get(&link).await;
    phone.submit(&form, "/email/", &[]).await.must_be(200);
    seen.next(w, language, "portal.email_undone", "", &new).await;
}

/// To somebody who helps the client, and to the client about that.
async fn the_representatives_mails(w: &mut World, seen: &mut Seen, language: Language, ana: &Client) {
    let email = format!("sam.{}@example.com", language.word());
    let sam = contact(w, ana, "Sam", &email).await;
    let account = account(w, &email).await;
    let scope = w.riverbend.scope.clone();
    let access = grant(w, &scope, &account, &sam, &ana.chart_id, Some(Right::ALL)).await;
    speak(w, language).await;
    let page = format!("/staff/charts/{}/grants/{access}", ana.chart_id);
    let mut desk = w.staff(Role::Administrator).await;
    let form = desk.get(&page).await;
    let narrowed = [("basis", "client_choice"), ("documents", "none"), ("reason", "asked by phone")];
    desk.submit_and_follow(&form, &page, &narrowed).await;
    seen.next(w, language, "access.changed", "", &email).await;
    seen.next(w, language, "access.others_changed", "", &ana.email).await;
    // The last day comes near.
    let today = w.now().in_zone(&w.riverbend.practice.zone()).date();
    let last = today.checked_add(jiff::Span::new().days(5)).expect("a day").to_string();
    let form = desk.get(&page).await;
    desk.submit_and_follow(&form, &page, &[("ends_on", last.as_str()), ("reason", "asked by phone")]).await;
    w.mail_to(&email).await;
    w.mail_to(&ana.email).await;
    w.run_due_jobs().await;
    seen.next(w, language, "access.ahead", "", &email).await;
    let form = desk.get(&page).await;
    desk.submit_and_follow(&form, "/pause", &[]).await;
    seen.next(w, language, "access.paused", "", &email).await;
    w.mail_to(&ana.email).await;
}

/// Of a chart that was closed, for good and until a day.
async fn the_mails_about_closing(w: &mut World, seen: &mut Seen, language: Language) {
    for (first, until, case) in [("Uma", "", ""), ("Vera", "2027-06-30", "until")] {
        let client = chart(w, language, &format!("{first}{}", language.word())).await;
        enrolled(w, &client).await;
        speak(w, language).await;
        let path = format!("/staff/charts/{}/close", client.chart_id);
        let mut desk = w.staff(Role::Administrator).await;
        let form = desk.get(&path).await;
        desk.submit(&form, &path, &[("view_until", until), ("reason", "moved away")]).await.must_be(303);
        seen.next(w, language, "access.chart_closed", case, &client.email).await;
    }
}

/// Of appointments, to the client and to the clinician.
async fn the_appointments_mails(w: &mut World, seen: &mut Seen, language: Language, ana: &Client) {
    let today = w.now().in_zone(&w.riverbend.practice.zone()).date();
    let day = today.checked_add(jiff::Span::new().days(5)).expect("a day").to_string();
    let mut admin = w.staff(Role::Administrator).await;
    let office = crate::portal_people::place(w, PlaceKind::Office).await;
    let path = format!("/staff/practice/places/{office}");
    let page = admin.get(&path).await;
    admin.submit(&page, &path, &[("address", "1 Riverbend Lane\nSpringfield")]).await.must_be(303);
    let mut desk = w.staff(Role::FrontDesk).await;
    let path = format!("/staff/charts/{}/appointments/book", ana.chart_id);
    let page = desk.get(&path).await;
    let casey = w.riverbend.member(Role::Clinician).clone();
    let with = casey.staff_id.to_string();
    let typed =
        [("date", day.as_str()), ("time", "14:30"), ("with", with.as_str()), ("despite", "night weekend")];
    desk.submit(&page, &path, &typed).await.must_be(303);
    seen.next(w, language, "appointments.booked", "", &ana.email).await;
    let tab = desk.get(&format!("/staff/charts/{}/appointments", ana.chart_id)).await;
    let visit = tab.link("/staff/appointments/");
    let page = desk.get(&format!("{visit}/move")).await;
    desk.submit(&page, "/move", &[("time", "16:00"), ("despite", "night weekend")]).await.must_be(303);
    seen.next(w, language, "appointments.moved", "", &ana.email).await;
    // To three hours and a minute before, in the middle of the day.
    let starts_at: anteroom::kernel::clock::Timestamp =
        w.look(|c| appointment::table.select(appointment::starts_at).first(c)).await;
    let ahead = starts_at.plus_hours(-3).seconds_since(w.now()) + 1;
    w.clock.advance_seconds(u32::try_from(ahead).expect("ahead"));
    w.run_due_jobs().await;
    seen.next(w, language, "appointments.reminder", "", &ana.email).await;
    let mut desk = w.staff(Role::FrontDesk).await;
    let page = desk.get(&format!("{visit}/cancel")).await;
    desk.submit(&page, "/cancel", &[("reason", "clinician_away")]).await.must_be(303);
    seen.next(w, language, "appointments.canceled", "", &ana.email).await;
    seen.next(w, language, "appointments.canceled_staff", "", &casey.email).await;
}

/// To members of the practice.
async fn the_staffs_mails(w: &mut World, seen: &mut Seen, language: Language) {
    let mut admin = w.staff(Role::Administrator).await;
    let page = admin.get("/staff/team/new").await;
    let new = format!("new.{}@riverbend.example.org", language.word());
    let typed = [("name", "Noor Haddad"), ("email", new.as_str()), ("role", "front_desk")];
    let done = admin.submit(&page, "/staff/team/new", &typed).await;
    assert!(done.status() < 400, "{}", done.words());
    let mail = seen.next(w, language, "staff.invitation", "", &new).await;
    let link = w.link_in(&mail);
    set_password(w, &link).await;
    seen.next(w, language, "staff.password_set", "", &new).await;
    forgot(w, "/riverbend/staff/forgot", "email", &new).await;
    seen.next(w, language, "staff.reset", "", &new).await;
}

async fn every_mail(w: &mut World, language: Language) {
    let mut seen = Seen::default();
    speak(w, language).await;
    let ana = the_invitations_mails(w, &mut seen, language).await;
    the_accounts_mails(w, &mut seen, language, &ana).await;
    the_appointments_mails(w, &mut seen, language, &ana).await;
    the_representatives_mails(w, &mut seen, language, &ana).await;
    the_mails_about_closing(w, &mut seen, language).await;
    the_staffs_mails(w, &mut seen, language).await;
    the_mails_about_what_was_written(w, &mut seen, language, &ana).await;
    the_mails_about_signing(w, &mut seen, language, &ana).await;
    the_mails_about_information(w, &mut seen, language, &ana).await;
    the_mails_about_an_address(w, &mut seen, language).await;
    let sent: Vec<String> = w.look(|c| outbox::table.select(outbox::kind).distinct().load(c)).await;
    let sent: BTreeSet<String> = sent.into_iter().collect();
    assert_eq!(seen.0, sent, "a mail was sent and not looked at");
    assert_eq!(seen.0, kinds(), "a kind of mail is sent by no story here");
    // Those that the box of a grant shows have a name there.
    let shown = outbox::table.filter(outbox::access_id.is_not_null()).select(outbox::kind).distinct();
    let shown: Vec<String> = w.look(move |c| shown.load(c)).await;
    assert!(shown.len() > 10, "{shown:?}");
    for kind in shown {
        let key = format!("timeline-kind-{}", kind.trim_start_matches("access.").replace(['.', '_'], "-"));
        assert!(Words::of(language).find(&key).is_some(), "{key} in {language:?}");
    }
}

/// Every kind of mail that a feature declares.
fn kinds() -> BTreeSet<String> {
    features::ALL.iter().flat_map(|feature| feature.mail_kinds).map(|kind| kind.word().to_owned()).collect()
}

stories! {
    async fn every_mail_to_somebody_in_safe_contact_goes_to_one_address_and_tells_nothing(w: &mut World) {
        let eve = w.chart("Eve", "Stone").await;
        let person = eve.person_id;
        w.tamper(move |c| {
            diesel::update(person::table.filter(person::person_id.eq(person)))
                .set((person::contact_mode.eq("safe"), person::safe_address.eq("eve@example.org")))
                .execute(c)
        })
        .await;
        let mut seen = Seen(BTreeSet::new(), Manner::Safe);
        let language = Language::English;
        speak(w, language).await;
        let ana = the_invitations_mails(w, &mut seen, language).await;
        the_accounts_mails(w, &mut seen, language, &ana).await;
        the_appointments_mails(w, &mut seen, language, &ana).await;
        the_representatives_mails(w, &mut seen, language, &ana).await;
        the_mails_about_closing(w, &mut seen, language).await;
        the_staffs_mails(w, &mut seen, language).await;
        the_mails_about_what_was_written(w, &mut seen, language, &ana).await;
        the_mails_about_signing(w, &mut seen, language, &ana).await;
        the_mails_about_information(w, &mut seen, language, &ana).await;
        // Every kind but those of another address, which only the practice changes then.
        let all: BTreeSet<String> = kinds().into_iter().filter(|kind| !kind.starts_with("portal.email_")).collect();
        assert_eq!(seen.0, all, "a kind of mail is sent by no story here");
    }

    async fn without_a_safe_address_no_mail_leaves_and_staff_see_it_on_every_page(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let path = format!("/staff/charts/{}/safe-contact", ana.chart_id);
        let mut desk = w.staff(Role::Clinician).await;
        let form = desk.get(&path).await;
        let person = ana.person_id.to_string();
        let typed = [("person", person.as_str()), ("safe", "on"), ("address", "")];
        let saved = desk.submit_and_follow(&form, &path, &typed).await;
        saved.must_say("No mail goes to this person until there is a safe address.");
        for page in ["", "/communications", "/documents"] {
            desk.get(&format!("/staff/charts/{}{page}", ana.chart_id)).await.must_say("Safe contact: no mail");
        }
        act(w, &ana, "invite", &[]).await;
        let queued: i64 = w.look(|c| outbox::table.count().get_result(c)).await;
        assert_eq!(queued, 0);
        // With one, the mail goes there, its link does not name the practice, and it works.
        let form = desk.get(&path).await;
        let typed = [("person", person.as_str()), ("safe", "on"), ("address", "ana.safe@example.org")];
        desk.submit_and_follow(&form, &path, &typed).await;
        act(w, &ana, "resend", &[]).await;
        let mail = w.mail_to("ana.safe@example.org").await;
        must_be_neutral("access.invitation", &mail);
        let link = w.link_in(&mail);
        assert!(link.starts_with("/p-"), "{link}");
        w.browser().get(&link).await.must_be(200).must_say("last name");
        w.staff(Role::FrontDesk).await.get(&path).await.must_be(403);
        // An account in safe contact is not given another address by its holder.
        let ben = w.chart("Ben", "Okafor").await;
        crate::portal_people::enrolled(w, &ben).await;
        let mut phone = crate::portal_people::sign_in(w, &ben.email).await;
        let path = format!("/staff/charts/{}/safe-contact", ben.chart_id);
        let form = desk.get(&path).await;
        let person = ben.person_id.to_string();
        desk.submit_and_follow(&form, &path, &[("person", person.as_str()), ("safe", "on"), ("address", "ben.safe@example.org")]).await;
        let form = phone.get("/portal/me/email").await;
        let answer = phone.submit(&form, "/portal/me/email", &[("address", "x@example.org"), ("password", PASSWORD)]).await;
        let answer = if answer.is_redirect() { phone.follow(&answer).await } else { answer };
        answer.must_say("Please ask the practice to change the address");
        forgot(w, "/riverbend/forgot", "address", &ben.email).await;
        must_be_neutral("portal.reset", &w.mail_to("ben.safe@example.org").await);
    }

    async fn every_mail_in_english(w: &mut World) {
        every_mail(w, Language::English).await;
    }

    async fn every_mail_in_spanish(w: &mut World) {
        every_mail(w, Language::Spanish).await;
    }
}

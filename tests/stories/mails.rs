//! Every mail that the program sends, as it arrives, in both languages. `cargo insta review` (or
//! `INSTA_UPDATE=always`) takes a changed wording over.

use std::collections::BTreeSet;

use anteroom::features::documents::{Recipient, Telling};
use anteroom::features::practice::PlaceKind;
use anteroom::platform::db::schema::{outbox, person, portal_account, practice};
use anteroom::platform::i18n::Language;
use anteroom::platform::mail::receiver::ReceivedMail;
use anteroom::platform::permissions::{Right, Role};
use diesel::prelude::*;

use crate::access::contact;
use crate::portal_people::{account, charge, grant};
use crate::stories;
use crate::support::form::visible_text;
use crate::support::world::{Client, World};
use crate::support::{PASSWORD, Page, papers};

const DAY: u32 = 86_400;

/// The kinds that a story below has shown.
#[derive(Default)]
struct Seen(BTreeSet<String>);

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
        let name = format!("{kind}{}{case}.{}", if case.is_empty() { "" } else { "." }, language.word());
        insta::assert_snapshot!(name, shown(w, &mail));
        mail
    }
}

async fn speak(w: &mut World, language: Language) {
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

/// About messages that somebody has not read.
async fn the_mail_about_messages(w: &mut World, seen: &mut Seen, language: Language, ana: &Client) {
    let mut phone = w.browser();
    let page = phone.get("/riverbend/sign-in").await;
    let typed = [("name", ana.email.as_str()), ("password", "another quiet green stone")];
    phone.submit(&page, "/sign-in", &typed).await.must_be(303);
    let form = phone.get("/portal/messages/new").await;
    let typed = [("subject", "A receipt"), ("text", "Could you send me one?")];
    phone.submit(&form, "/portal/messages/new", &typed).await.must_be(303);
    let mut desk = w.staff(Role::FrontDesk).await;
    let thread = desk.get("/staff/messages").await.link("/messages/");
    let page = desk.get(&thread).await;
    desk.submit(&page, "/reply", &[("text", "It is on its way.")]).await.must_be(303);
    w.clock.advance_seconds(300);
    w.run_due_jobs().await;
    seen.next(w, language, "messages.notice", "", &ana.email).await;
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
    let form = desk.get(&page).await;
    desk.submit_and_follow(&form, "/pause", &[]).await;
    seen.next(w, language, "access.paused", "", &email).await;
    w.mail_to(&ana.email).await;
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
    the_staffs_mails(w, &mut seen, language).await;
    the_mail_about_messages(w, &mut seen, language, &ana).await;
    let sent: Vec<String> = w.look(|c| outbox::table.select(outbox::kind).distinct().load(c)).await;
    let sent: BTreeSet<String> = sent.into_iter().collect();
    assert_eq!(seen.0, sent, "a mail was sent and not looked at");
    let all: BTreeSet<String> = KINDS.iter().map(|kind| (*kind).to_owned()).collect();
    assert_eq!(seen.0, all, "a kind of mail is sent by no story here");
}

/// Every kind that a feature sends. No type names them yet, so a new one is added here and to the stories.
const KINDS: &[&str] = &[
    "access.address_changed",
    "access.changed",
    "access.ended",
    "access.invitation",
    "access.others_changed",
    "access.paused",
    "access.registered",
    "access.reminder",
    "access.restored",
    "appointments.answered",
    "appointments.booked",
    "appointments.canceled",
    "appointments.canceled_staff",
    "appointments.moved",
    "documents.something_new",
    "messages.notice",
    "billing.new",
    "portal.invited_hint",
    "portal.no_access",
    "portal.password_changed",
    "portal.reset",
    "staff.invitation",
    "staff.password_set",
    "staff.reset",
];

stories! {
    async fn every_mail_in_english(w: &mut World) {
        every_mail(w, Language::English).await;
    }

    async fn every_mail_in_spanish(w: &mut World) {
        every_mail(w, Language::Spanish).await;
    }
}

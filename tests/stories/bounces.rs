//! Mail that comes back: reports as various servers shape them, genuine, late and forged.

use std::path::PathBuf;

use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::ids::{AccessId, InvitationId, MailId};
use anteroom::kernel::secrets::Token;
use anteroom::platform::audit;
use anteroom::platform::db::PracticeScope;
use anteroom::platform::db::schema::{invitation, outbox as table, person_address, portal_access};
use anteroom::platform::mail::names;
use anteroom::platform::mail::refusal::About;
use anteroom::platform::outbox::dsn::{self, Verdict};
use anteroom::platform::outbox::{self, BounceOutcome, Delivery, hook};
use diesel::prelude::*;

use super::outbox::{mail_to, subject};
use crate::stories;
use crate::support::World;
use crate::support::world::{BOUNCE_SECRET, Client};

/// What each report of the corpus says. `None`: it is no report.
#[rustfmt::skip]
const CORPUS: &[(&str, Option<(Verdict, &str, About, &str)>)] = &[
    ("552-too-many-connections",       Some((Verdict::Failed,  "552",    About::Sender,  "mail-reason-sender-refused"))),
    ("bare-550-blocked",               Some((Verdict::Failed,  "550",    About::Sender,  "mail-reason-sender-refused"))),
    ("batv-tagged",                    Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("content-5.6",                    Some((Verdict::Failed,  "5.6.0",  About::Message, "mail-reason-content"))),
    ("dmarc-exim",                     Some((Verdict::Failed,  "550",    About::Unclear, "mail-reason-refused"))),
    ("dsn-unauthenticated-sender",     Some((Verdict::Failed,  "5.7.26", About::Sender,  "mail-reason-sender-refused"))),
    ("exchange-german",                Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("exchange-online-no-recipient",   Some((Verdict::Failed,  "5.1.10", About::Mailbox, "mail-reason-no-mailbox"))),
    ("exchange-quota",                 Some((Verdict::Failed,  "5.2.2",  About::Mailbox, "mail-reason-mailbox-full"))),
    ("exchange-relayed-receipt",       Some((Verdict::Passed,  "2.0.0",  About::Unclear, "mail-reason-other"))),
    ("exchange-restricted",            Some((Verdict::Failed,  "5.7.133",About::Unclear, "mail-reason-policy"))),
    ("exim-delayed-report",            Some((Verdict::Delayed, "4.0.0",  About::Unclear, "mail-reason-delayed"))),
    ("exim-plain-old",                 Some((Verdict::Failed,  "5.2.1",  About::Mailbox, "mail-reason-mailbox-disabled"))),
    ("exim-report",                    Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("exim-unroutable-old",            Some((Verdict::Failed,  "",       About::Unclear, "mail-reason-other"))),
    ("exim-warning",                   Some((Verdict::Delayed, "4.7.1",  About::Unclear, "mail-reason-delayed"))),
    ("filter-rejects",                 Some((Verdict::Failed,  "5.7.0",  About::Message, "mail-reason-content"))),
    ("forwarded-to-mailbox",           Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("gmail-blocked",                  Some((Verdict::Failed,  "5.7.1",  About::Message, "mail-reason-content"))),
    ("gmail-delay",                    Some((Verdict::Delayed, "4.4.1",  About::Unclear, "mail-reason-delayed"))),
    ("gmail-no-domain",                Some((Verdict::Failed,  "5.1.2",  About::Mailbox, "mail-reason-no-domain"))),
    ("gmail-no-such-user",             Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("gmail-original-message-id",      Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("in-reply-to-only",               Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("m365-hop-count",                 Some((Verdict::Failed,  "5.4.14", About::Unclear, "mail-reason-route"))),
    ("m365-out-of-office",             None),
    ("mail-delivery-problem",          Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("mailbox-moved-plain",            None),
    ("message-id-only",                Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("no-reverse-dns",                 Some((Verdict::Failed,  "5.7.25", About::Sender,  "mail-reason-sender-refused"))),
    ("not-forged",                     Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("not-spam",                       None),
    ("not-vacation",                   None),
    ("opensmtpd-action-error",         Some((Verdict::Failed,  "5.0.0",  About::Mailbox, "mail-reason-no-domain"))),
    ("opensmtpd-old-text",             Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("postfix-delayed",                Some((Verdict::Delayed, "4.4.1",  About::Unclear, "mail-reason-delayed"))),
    ("postfix-given-up",               Some((Verdict::Failed,  "4.4.1",  About::Unclear, "mail-reason-expired-there"))),
    ("postfix-mailbox-full",           Some((Verdict::Failed,  "5.2.2",  About::Mailbox, "mail-reason-mailbox-full"))),
    ("postfix-no-domain",              Some((Verdict::Failed,  "5.4.4",  About::Mailbox, "mail-reason-no-domain"))),
    ("postfix-no-smtputf8",            Some((Verdict::Failed,  "5.6.7",  About::Unclear, "mail-reason-address-form"))),
    ("postfix-relayed",                Some((Verdict::Passed,  "2.0.0",  About::Unclear, "mail-reason-other"))),
    ("postfix-unknown-user",           Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("postmaster-out-of-office-echo",  None),
    ("qmail-no-mailbox",               Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("qmail-over-quota",               Some((Verdict::Failed,  "5.2.2",  About::Mailbox, "mail-reason-mailbox-full"))),
    ("qmail-remote",                   Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("qmail-silent",                   Some((Verdict::Failed,  "",       About::Mailbox, "mail-reason-mailbox-disabled"))),
    ("read-receipt-mdn",               None),
    ("sender-unauthenticated",         Some((Verdict::Failed,  "5.7.26", About::Sender,  "mail-reason-sender-refused"))),
    ("sendmail-host-unknown",          Some((Verdict::Failed,  "5.1.2",  About::Mailbox, "mail-reason-no-domain"))),
    ("sendmail-user-unknown",          Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("sendmail-warning",               Some((Verdict::Delayed, "4.4.2",  About::Unclear, "mail-reason-delayed"))),
    ("spam-complaint-arf",             None),
    ("spam-content",                   Some((Verdict::Failed,  "5.7.1",  About::Message, "mail-reason-content"))),
    ("status-with-comment",            Some((Verdict::Failed,  "5.1.1",  About::Mailbox, "mail-reason-no-mailbox"))),
    ("system-error",                   Some((Verdict::Failed,  "5.3.0",  About::Unclear, "mail-reason-system"))),
    ("too-large",                      Some((Verdict::Failed,  "5.3.4",  About::Message, "mail-reason-too-large"))),
    ("yahoo-like-old-code",            Some((Verdict::Failed,  "554",    About::Mailbox, "mail-reason-no-mailbox"))),
];

/// A report of the corpus about this mail, with the line ends that the wire has.
fn report(name: &str, path: &str, message_id: &str, recipient: &str) -> Vec<u8> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/bounces/{name}.eml"));
    let mut local = path.split('@').next().unwrap().to_owned();
    let forged = {
        let last = if local.pop() == Some('a') { 'b' } else { 'a' };
        format!("{local}{last}@bounce.anteroom.example.org")
    };
    std::fs::read_to_string(&file)
        .unwrap_or_else(|e| panic!("{}: {e}", file.display()))
        .replace("{{RETURN_PATH_UPPER}}", &path.to_uppercase())
        .replace("{{RETURN_PATH}}", path)
        .replace("{{FORGED_PATH}}", &forged)
        .replace("{{MESSAGE_ID}}", message_id)
        .replace("{{RECIPIENT}}", recipient)
        .replace('\n', "\r\n")
        .into_bytes()
}

#[test]
fn eml_05_reports_of_many_servers_are_read_alike() {
    for (name, expected) in CORPUS {
        let raw =
            report(name, "return@bounce.anteroom.example.org", "id@anteroom.example.org", "ana@example.com");
        let read = dsn::read(&raw);
        let found = read.as_ref().map(|r| (r.verdict, r.code.as_str(), r.about, r.reason));
        assert_eq!(found, *expected, "{name}");
        if let Some(read) = read
            && !matches!(
                *name,
                "not-forged"
                    | "message-id-only"
                    | "in-reply-to-only"
                    | "forwarded-to-mailbox"
                    | "gmail-original-message-id"
            )
        {
            assert!(read.addressed_to.iter().any(|a| a.contains("return@")), "{name}: {read:?}");
        }
    }
    let files = std::fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/bounces")).unwrap();
    assert_eq!(files.count(), CORPUS.len(), "every report of the corpus stands in the table");
}

#[test]
fn no_cut_or_garbled_report_ends_in_a_panic() {
    for (name, _) in CORPUS {
        let raw =
            report(name, "return@bounce.anteroom.example.org", "id@anteroom.example.org", "ana@example.com");
        for cut in (0..raw.len()).step_by(97) {
            let _ = dsn::read(&raw[..cut]);
            let mut garbled = raw.clone();
            garbled[cut] ^= 0xa5;
            let _ = dsn::read(&garbled);
        }
    }
}

/// A mail that was handed over.
struct Out {
    id: MailId,
    path: String,
    message_id: String,
}

async fn sent(
    w: &World,
    scope: &PracticeScope,
    key: &'static str,
    invited: Option<(AccessId, InvitationId)>,
    to: &Client,
) -> Out {
    let (app, to) = (w.app.clone(), to.clone());
    let (id, message_id) = w
        .app
        .db
        .write(scope, move |c| {
            let mut mail = mail_to(&to.email, key);
            mail.chart = Some(to.chart_id);
            mail.access = invited.as_ref().map(|i| i.0);
            mail.subject = invited.as_ref().map(|i| subject(&i.1));
            let id = outbox::enqueue(&app, c, mail)?.unwrap();
            let row = c.rows(table::table).filter(table::mail_id.eq(id));
            row.set((
                table::state.eq(Delivery::Sent),
                table::payload.eq(None::<Vec<u8>>),
                table::finished_at.eq(c.now()),
            ))
            .execute(c)?;
            let message_id: String = row.select(table::message_id).first(c)?;
            Ok((id, message_id))
        })
        .await
        .unwrap();
    let path = names::return_path(&w.app, scope.id(), &id);
    Out { id, path, message_id }
}

type Shown = (Delivery, Option<Timestamp>, Option<String>, Option<String>);

async fn shown(w: &World, scope: &PracticeScope, mail: &MailId) -> Shown {
    let mail = *mail;
    w.app
        .db
        .read(scope, move |c| {
            c.rows(table::table)
                .filter(table::mail_id.eq(mail))
                .select((table::state, table::bounced_at, table::last_code, table::last_reason))
                .first(c)
        })
        .await
        .unwrap()
}

async fn marked(w: &World, scope: &PracticeScope, client: &Client) -> Option<String> {
    let person = client.person_id;
    w.app
        .db
        .read(scope, move |c| {
            c.rows(person_address::table)
                .filter(person_address::person_id.eq(person))
                .select(person_address::undeliverable_reason)
                .first(c)
        })
        .await
        .unwrap()
}

async fn trail(w: &World, scope: &PracticeScope) -> Vec<String> {
    let events =
        w.app.db.read(scope, |c| audit::newest(c, &audit::Wanted::default(), None, 50)).await.unwrap();
    events.into_iter().map(|(e, _)| e.action).collect()
}

/// A grant with one invitation in this state.
async fn invited(
    w: &World,
    scope: &PracticeScope,
    client: &Client,
    state: &'static str,
) -> (AccessId, InvitationId) {
    let client = client.clone();
    w.app
        .db
        .write(scope, move |c| {
            let now = c.now();
            let access = AccessId::fresh(c.rng(), now);
            let id = InvitationId::fresh(c.rng(), now);
            c.insert(
                portal_access::table,
                (
                    (
                        portal_access::access_id.eq(access),
                        portal_access::chart_id.eq(client.chart_id),
                        portal_access::person_id.eq(client.person_id),
                        portal_access::role.eq("owner"),
                        portal_access::rights.eq(""),
                        portal_access::state.eq("invited"),
                        portal_access::generation.eq(1),
                        portal_access::mismatches.eq(0),
                    ),
                    (
                        portal_access::since_at.eq(now),
                        portal_access::by_name.eq(""),
                        portal_access::reason.eq(""),
                        portal_access::version.eq(1i64),
                        portal_access::created_at.eq(now),
                    ),
                ),
            )?;
            c.insert(
                invitation::table,
                (
                    invitation::invitation_id.eq(id),
                    invitation::access_id.eq(access),
                    invitation::generation.eq(1),
                    invitation::channel.eq("email"),
                    invitation::state.eq(state),
                    invitation::token_hash.eq(Token::fresh(c.rng()).hash()),
                    invitation::sent_at.eq(now),
                    invitation::expires_at.eq(now.plus_hours(168)),
                    invitation::sent_by_name.eq(""),
                ),
            )?;
            Ok((access, id))
        })
        .await
        .unwrap()
}

stories! {
    async fn eml_05_a_permanent_bounce_marks_mail_address_and_timeline(w: &mut World) {
        let scope = w.riverbend.scope.clone();
        let ana = w.chart("Ana", "Duarte").await;
        let mail = sent(w, &scope, "hard", None, &ana).await;
        let raw = report("postfix-unknown-user", &mail.path, &mail.message_id, &ana.email);
        let outcome = outbox::bounce(&w.app, &raw).await.unwrap();
        assert_eq!(outcome, BounceOutcome::Undeliverable(mail.id));
        let (state, bounced, code, reason) = shown(w, &scope, &mail.id).await;
        assert_eq!((state, bounced), (Delivery::Undeliverable, Some(w.now())));
        assert_eq!((code.as_deref(), reason.as_deref()), (Some("5.1.1"), Some("mail-reason-no-mailbox")));
        assert_eq!(marked(w, &scope, &ana).await.as_deref(), Some("mail-reason-no-mailbox"));
        assert_eq!(outbox::bounce(&w.app, &raw).await.unwrap(), BounceOutcome::Noted(mail.id), "a copy");
        assert_eq!(trail(w, &scope).await.iter().filter(|a| *a == "mail.bounced").count(), 1);
    }

    async fn a_delay_is_a_note_and_a_given_up_mail_does_not_blame_the_address(w: &mut World) {
        let scope = w.riverbend.scope.clone();
        let ana = w.chart("Ana", "Duarte").await;
        let mail = sent(w, &scope, "soft", None, &ana).await;
        for name in ["postfix-delayed", "gmail-delay"] {
            let raw = report(name, &mail.path, &mail.message_id, &ana.email);
            assert_eq!(outbox::bounce(&w.app, &raw).await.unwrap(), BounceOutcome::Noted(mail.id));
        }
        let (state, bounced, _, reason) = shown(w, &scope, &mail.id).await;
        assert_eq!((state, bounced, reason.as_deref()), (Delivery::Sent, None, Some("mail-reason-delayed")));
        assert_eq!(trail(w, &scope).await.iter().filter(|a| *a == "mail.delayed").count(), 1);
        let raw = report("postfix-given-up", &mail.path, &mail.message_id, &ana.email);
        outbox::bounce(&w.app, &raw).await.unwrap();
        assert_eq!(shown(w, &scope, &mail.id).await.0, Delivery::Undeliverable);
        assert_eq!(marked(w, &scope, &ana).await, None);
    }

    async fn a_bounce_is_matched_by_its_message_id_or_by_a_return_path_in_capitals(w: &mut World) {
        let scope = w.riverbend.scope.clone();
        let ana = w.chart("Ana", "Duarte").await;
        for (name, key) in [
            ("message-id-only", "by id"),
            ("forwarded-to-mailbox", "by path"),
            ("qmail-no-mailbox", "by text"),
            ("batv-tagged", "with a tag"),
            ("gmail-original-message-id", "by the original id"),
            ("opensmtpd-old-text", "by words"),
            ("opensmtpd-action-error", "by status"),
            ("mail-delivery-problem", "by its subject"),
            ("in-reply-to-only", "by what it answers"),
        ] {
            let mail = sent(w, &scope, key, None, &ana).await;
            let raw = report(name, &mail.path, &mail.message_id, &ana.email);
            let outcome = outbox::bounce(&w.app, &raw).await.unwrap();
            assert_eq!(outcome, BounceOutcome::Undeliverable(mail.id), "{name}");
        }
    }

    async fn a_report_about_us_or_the_message_blames_no_address(w: &mut World) {
        let scope = w.riverbend.scope.clone();
        let ana = w.chart("Ana", "Duarte").await;
        for (name, expected) in CORPUS {
            let Some((Verdict::Failed, _, about, _)) = expected else { continue };
            if *about == About::Mailbox || *name == "not-forged" {
                continue;
            }
            let mail = sent(w, &scope, name, None, &ana).await;
            let raw = report(name, &mail.path, &mail.message_id, &ana.email);
            let outcome = outbox::bounce(&w.app, &raw).await.unwrap();
            assert_eq!(outcome, BounceOutcome::Undeliverable(mail.id), "{name}");
            assert_eq!(marked(w, &scope, &ana).await, None, "{name}");
        }
    }

    async fn an_absence_note_or_a_receipt_changes_nothing(w: &mut World) {
        let scope = w.riverbend.scope.clone();
        let ana = w.chart("Ana", "Duarte").await;
        let mail = sent(w, &scope, "absent", None, &ana).await;
        for (name, _) in CORPUS.iter().filter(|(_, expected)| expected.is_none_or(|e| e.0 == Verdict::Passed)) {
            let raw = report(name, &mail.path, &mail.message_id, &ana.email);
            let outcome = outbox::bounce(&w.app, &raw).await.unwrap();
            assert!(matches!(outcome, BounceOutcome::Ignored(_)), "{name}: {outcome:?}");
        }
        assert_eq!(shown(w, &scope, &mail.id).await, (Delivery::Sent, None, None, None));
    }

    async fn a_forged_or_foreign_bounce_changes_nothing(w: &mut World) {
        let scope = w.riverbend.scope.clone();
        let ana = w.chart("Ana", "Duarte").await;
        let mail = sent(w, &scope, "forged", None, &ana).await;
        for name in ["not-forged", "not-spam", "not-vacation", "postfix-relayed"] {
            let raw = report(name, &mail.path, &mail.message_id, &ana.email);
            let outcome = outbox::bounce(&w.app, &raw).await.unwrap();
            assert!(matches!(outcome, BounceOutcome::Ignored(_)), "{name}: {outcome:?}");
        }
        // The path of a mail is signed for its practice: under another one there is no such mail.
        let foreign = names::return_path(&w.app, w.twinoaks.scope.id(), &mail.id);
        let raw = report("postfix-unknown-user", &foreign, "none@example.org", &ana.email);
        assert!(matches!(outbox::bounce(&w.app, &raw).await.unwrap(), BounceOutcome::Ignored(_)));
        assert_eq!(shown(w, &scope, &mail.id).await, (Delivery::Sent, None, None, None));
        assert!(trail(w, &scope).await.iter().all(|a| !a.starts_with("mail.bounced")));
    }

    async fn a_late_bounce_after_registration_is_only_a_note(w: &mut World) {
        let scope = w.riverbend.scope.clone();
        let ana = w.chart("Ana", "Duarte").await;
        let used = invited(w, &scope, &ana, "accepted").await;
        let mail = sent(w, &scope, "late", Some(used), &ana).await;
        let raw = report("postfix-unknown-user", &mail.path, &mail.message_id, &ana.email);
        assert_eq!(outbox::bounce(&w.app, &raw).await.unwrap(), BounceOutcome::Noted(mail.id));
        let (state, bounced, ..) = shown(w, &scope, &mail.id).await;
        assert_eq!((state, bounced), (Delivery::Sent, Some(w.now())));
        assert_eq!(marked(w, &scope, &ana).await, None);
        assert!(trail(w, &scope).await.contains(&"mail.bounced_late".to_owned()));
    }

    async fn the_hook_takes_only_what_is_signed(w: &mut World) {
        let scope = w.riverbend.scope.clone();
        let ana = w.chart("Ana", "Duarte").await;
        let mail = sent(w, &scope, "hook", None, &ana).await;
        let raw = report("postfix-unknown-user", &mail.path, &mail.message_id, &ana.email);
        let seconds = w.now().micros() / 1_000_000;
        let post = async |signature: Option<String>| {
            let mut browser = w.browser();
            if let Some(signature) = signature {
                browser = browser.with(hook::SIGNATURE, &signature);
            }
            browser.send("POST", "/hooks/bounce", Some(("message/rfc822", &raw))).await
        };
        post(None).await.must_be(401);
        post(Some(hook::signature("another secret", seconds, &raw))).await.must_be(401);
        post(Some(hook::signature(BOUNCE_SECRET, seconds - 301, &raw))).await.must_be(401);
        assert_eq!(shown(w, &scope, &mail.id).await.0, Delivery::Sent);
        let page = post(Some(hook::signature(BOUNCE_SECRET, seconds, &raw))).await;
        page.must_be(200).must_say("undeliverable");
        assert_eq!(shown(w, &scope, &mail.id).await.0, Delivery::Undeliverable);
    }
}

//! The outbox: every mail leaves once, whatever happens on the way.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use anteroom::features::access::AccessMail;
use anteroom::features::people;
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::email::EmailAddress;
use anteroom::kernel::ids::{InvitationId, MailId};
use anteroom::platform::audit;
use anteroom::platform::db::schema::{outbox as table, person_address};
use anteroom::platform::db::{PracticeScope, Scoped};
use anteroom::platform::fault::Fault as AppFault;
use anteroom::platform::i18n::{Language, Words};
use anteroom::platform::mail::receiver::{Fault, ReceivedMail, Verb};
use anteroom::platform::mail::relay::Timeouts;
use anteroom::platform::mail::{MailBody, Receiver, Relay};
use anteroom::platform::outbox::{self, Delivery, MailReader, NewMail, Pace, Subject, Worker};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::jobs::machine;
use crate::stories;
use crate::support::world::{Client, PASSWORD};
use crate::support::{Engine, World, tell};

/// Long enough for a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn letter(name: &str) -> MailBody {
    MailBody {
        words: Words::of(Language::English),
        practice: "Riverbend Counseling".into(),
        accent: "#2f6f62".into(),
        reply_to: "desk@example.org".into(),
        subject: "Your portal is ready".into(),
        greeting: format!("Hello {name},"),
        before: vec!["The practice invites you to its portal.".into()],
        button: Some(("Set up".into(), format!("https://portal.example.org/riverbend/i/{name}"))),
        after: vec!["If you did not expect this, do nothing.".into()],
        contact: vec!["555-0100".into()],
    }
}

/// What the mail of an invitation is about.
pub fn subject(id: &InvitationId) -> Subject {
    Subject { kind: "invitation", id: id.uuid() }
}

pub fn mail_to(address: &str, key: &str) -> NewMail {
    NewMail {
        kind: AccessMail::Invitation.into(),
        dedupe_key: key.to_owned(),
        chart: None,
        access: None,
        subject: None,
        reader: MailReader::Staff,
        recipient: EmailAddress::parse(address).unwrap(),
        letter: letter(key),
    }
}

/// Queues `count` mails, named `{name}-{n}`.
async fn queue_many(w: &World, scope: &PracticeScope, name: &'static str, count: usize) {
    let app = w.app.clone();
    w.app
        .db
        .write(scope, move |c| {
            let mails =
                (0..count).map(|n| mail_to(&format!("{name}.{n}@example.com"), &format!("{name}-{n}")));
            outbox::enqueue_many(&app, c, mails.collect())
        })
        .await
        .unwrap();
}

pub async fn queue(w: &World, scope: &PracticeScope, address: &'static str, key: &'static str) -> MailId {
    let app = w.app.clone();
    let queued = w.app.db.write(scope, move |c| outbox::enqueue(&app, c, mail_to(address, key))).await;
    queued.unwrap().unwrap()
}

fn pace() -> Pace {
    Pace {
        poll: Duration::from_millis(50),
        first_rest: Duration::from_millis(50),
        longest_rest: Duration::from_millis(200),
        pause: Duration::from_millis(200),
        ..Pace::default()
    }
}

fn relay(receiver: &Receiver) -> Relay {
    Relay::parse(&receiver.url()).unwrap().with_timeouts(Timeouts::all(Duration::from_secs(20)))
}

async fn receiver() -> Receiver {
    Receiver::start("127.0.0.1:0".parse().unwrap()).await.unwrap()
}

fn count_in(c: &mut Scoped<'_>, state: Delivery) -> Result<i64, AppFault> {
    c.rows(table::table).filter(table::state.eq(state)).count(c)
}

async fn in_state(w: &World, scope: &PracticeScope, state: Delivery) -> i64 {
    w.app.db.read(scope, move |c| count_in(c, state)).await.unwrap()
}

/// Waits until so many mails of the practice are in a state.
async fn wait_for_state(w: &World, scope: &PracticeScope, state: Delivery, count: i64) {
    let began = Instant::now();
    while in_state(w, scope, state).await != count {
        if began.elapsed() >= PATIENCE {
            panic!("{count} mails should be {state}; the mails are {}", all_states(w, scope).await);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How many mails stand how, for the message of a failed wait.
async fn all_states(w: &World, scope: &PracticeScope) -> String {
    type State = (Delivery, i32, i32, Option<String>);
    let states: Vec<State> = w
        .app
        .db
        .read(scope, |c| {
            c.rows(table::table)
                .select((table::state, table::attempt, table::tries, table::last_reason))
                .load(c)
        })
        .await
        .unwrap();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (state, attempt, tries, reason) in states {
        *counts.entry(format!("{state} at attempt {attempt}, try {tries}, {reason:?}")).or_default() += 1;
    }
    format!("{counts:?}")
}

/// Recipient to Message-IDs, one for each copy that arrived.
fn copies(mails: &[ReceivedMail]) -> HashMap<String, Vec<String>> {
    let mut copies: HashMap<String, Vec<String>> = HashMap::new();
    for mail in mails {
        assert_eq!(mail.to.len(), 1);
        copies.entry(mail.to[0].clone()).or_default().push(mail.header("Message-ID").unwrap().to_owned());
    }
    copies
}

fn assert_copies_are_alike(copies: &HashMap<String, Vec<String>>) {
    for (to, ids) in copies {
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 1, "{to} got different mails");
    }
}

async fn row<T: Send + 'static>(
    w: &World,
    scope: &PracticeScope,
    mail: &MailId,
    read: fn(&mut Scoped<'_>, &MailId) -> Result<T, AppFault>,
) -> T {
    let mail = *mail;
    w.app.db.read(scope, move |c| read(c, &mail)).await.unwrap()
}

type Shown = (Delivery, i32, Option<String>, Option<String>, Option<Vec<u8>>);

fn shown(c: &mut Scoped<'_>, mail: &MailId) -> Result<Shown, AppFault> {
    c.rows(table::table)
        .filter(table::mail_id.eq(*mail))
        .select((table::state, table::tries, table::last_code, table::last_reason, table::payload))
        .first(c)
}

/// Its state, and whether a worker had it in hand.
fn attempted(c: &mut Scoped<'_>, mail: &MailId) -> Result<(Delivery, bool), AppFault> {
    let (state, attempt): (Delivery, i32) = c
        .rows(table::table)
        .filter(table::mail_id.eq(*mail))
        .select((table::state, table::attempt))
        .first(c)?;
    Ok((state, attempt > 0))
}

/// Why mail to a client's address is undeliverable.
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

async fn mark(w: &World, scope: &PracticeScope, address: &str) {
    let address = EmailAddress::parse(address).unwrap();
    let write = move |c: &mut Scoped<'_>| people::mark_undeliverable(c, &address, "mail-reason-no-mailbox");
    w.app.db.write(scope, write).await.unwrap();
}

async fn cancel_all(w: &World, scope: &PracticeScope) {
    w.app
        .db
        .write(scope, |c| {
            c.rows(table::table).set(table::state.eq(Delivery::Cancelled)).execute(c)?;
            Ok(())
        })
        .await
        .unwrap();
}

/// SQLite has one machine, and so one clock.
#[test]
fn a_mail_in_hand_is_not_sent_by_another_machine_whose_clock_is_ahead() {
    tell(Engine::Postgres, async |w| {
        let (one, ahead) = (machine(w, 0).await, machine(w, 600).await);
        let receiver = receiver().await;
        receiver.fault(Fault::Wait(Verb::Text, String::new(), Duration::from_secs(2)));
        let scope = w.riverbend.scope.clone();
        queue(&one, &scope, "ana@example.com", "slow").await;
        let first = Worker::start(one.app.clone(), relay(&receiver), pace());
        wait_for_state(&one, &scope, Delivery::Sending, 1).await;
        let second = Worker::start(ahead.app.clone(), relay(&receiver), pace());
        wait_for_state(&one, &scope, Delivery::Sent, 1).await;
        first.stop().await;
        second.stop().await;
        assert_eq!(receiver.count(), 1);
    });
}

stories! {
    async fn eml_07_two_processes_send_a_thousand_mails_exactly_once(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        let neighbour = w.neighbour().await;
        neighbour.stop_sending().await;
        let scope = w.riverbend.scope.clone();
        queue_many(w, &scope, "ana", 1_000).await;
        let one = Worker::start(w.app.clone(), relay(&receiver), pace());
        let two = Worker::start(neighbour.app.clone(), relay(&receiver), pace());
        wait_for_state(w, &scope, Delivery::Sent, 1_000).await;
        one.stop().await;
        two.stop().await;
        let mails = receiver.mails();
        let copies = copies(&mails);
        assert_eq!((copies.len(), mails.len()), (1_000, 1_000));
        // Four a process; one of each may still be closing while the next one opens.
        assert!(receiver.most_connections() <= 10, "{} connections", receiver.most_connections());
        assert!(receiver.sessions() <= 30, "connections are used again: {}", receiver.sessions());
    }

    async fn the_mail_is_what_was_queued_and_its_payload_is_wiped(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        let scope = w.riverbend.scope.clone();
        let id = queue(w, &scope, "ana@example.com", "wiped").await;
        let again = queue(w, &scope, "ana@example.com", "wiped").await;
        assert_eq!(id, again, "one key, one mail");
        let before = row(w, &scope, &id, shown).await;
        let sealed = String::from_utf8_lossy(before.4.as_deref().unwrap()).into_owned();
        assert!(!sealed.contains("portal.example.org"), "the link stands in the database");
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        let mails = receiver.wait_for(1, PATIENCE).await;
        wait_for_state(w, &scope, Delivery::Sent, 1).await;
        worker.stop().await;
        assert_eq!(mails.len(), 1);
        let mail = &mails[0];
        assert_eq!(mail.link(), Some("https://portal.example.org/riverbend/i/wiped"));
        assert!(mail.header("From").unwrap().contains("portal@anteroom.example.org"));
        assert!(mail.return_path.ends_with("@bounce.anteroom.example.org"), "{}", mail.return_path);
        assert!(mail.return_path.split('@').next().unwrap().len() <= 64, "{}", mail.return_path);
        assert_eq!(row(w, &scope, &id, shown).await, (Delivery::Sent, 1, None, None, None));
        let trail = w.app.db.read(&scope, |c| audit::newest(c, &audit::Wanted::default(), None, 10)).await.unwrap();
        assert_eq!(trail[0].0.action, "mail.sent");
        assert!(!trail[0].0.details.contains("example.com"), "no address in the trail");
    }

    async fn a_rolled_back_transaction_sends_no_mail(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        let scope = w.riverbend.scope.clone();
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        let app = w.app.clone();
        let failed: Result<(), AppFault> = w.app.db.write(&scope, move |c| {
            outbox::enqueue(&app, c, mail_to("ana@example.com", "rolled back"))?;
            Err(AppFault::other("the rest of the transaction failed"))
        }).await;
        assert!(failed.is_err());
        queue(w, &scope, "ben@example.com", "kept").await;
        receiver.wait_for(1, PATIENCE).await;
        worker.stop().await;
        assert!(receiver.mails_to("ana@example.com").is_empty());
        assert_eq!(receiver.count(), 1);
    }

    async fn a_server_that_is_down_delays_and_loses_nothing(w: &mut World) {
        w.stop_sending().await;
        let first = receiver().await;
        let (address, url) = (first.address(), first.url());
        drop(first);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let scope = w.riverbend.scope.clone();
        queue_many(w, &scope, "ana", 40).await;
        let worker = Worker::start(w.app.clone(), Relay::parse(&url).unwrap(), pace());
        let began = Instant::now();
        while in_state(w, &scope, Delivery::Deferred).await == 0 {
            assert!(began.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(in_state(w, &scope, Delivery::Undeliverable).await, 0);
        let second = Receiver::start(address).await.unwrap();
        // No clock is moved: what waited only for the server is due as soon as it answers.
        wait_for_state(w, &scope, Delivery::Sent, 40).await;
        worker.stop().await;
        let copies = copies(&second.mails());
        assert_eq!((copies.len(), second.count()), (40, 40));
    }

    async fn a_mail_cancelled_while_queued_never_leaves(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        let scope = w.riverbend.scope.clone();
        let invitation = subject(&InvitationId::fresh(w.app.rng.as_ref(), w.now()));
        let (app, of) = (w.app.clone(), invitation.clone());
        let id = w.app.db.write(&scope, move |c| {
            let mut mail = mail_to("ana@example.com", "cancelled");
            mail.subject = Some(of.clone());
            let id = outbox::enqueue(&app, c, mail)?.unwrap();
            assert_eq!(outbox::cancel_about(c, &of)?, 1);
            assert_eq!(outbox::cancel_about(c, &of)?, 0);
            Ok(id)
        }).await.unwrap();
        queue(w, &scope, "ben@example.com", "not cancelled").await;
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        receiver.wait_for(1, PATIENCE).await;
        wait_for_state(w, &scope, Delivery::Sent, 1).await;
        worker.stop().await;
        assert_eq!(receiver.count(), 1);
        assert_eq!(row(w, &scope, &id, shown).await, (Delivery::Cancelled, 0, None, None, None));
    }

    async fn a_mail_cancelled_while_in_hand_is_dropped_before_its_text(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        receiver.fault(Fault::Slow(Duration::from_millis(400)));
        let scope = w.riverbend.scope.clone();
        let invitation = subject(&InvitationId::fresh(w.app.rng.as_ref(), w.now()));
        let (app, of) = (w.app.clone(), invitation.clone());
        w.app.db.write(&scope, move |c| {
            let mut mail = mail_to("ana@example.com", "in hand");
            mail.subject = Some(of.clone());
            outbox::enqueue(&app, c, mail)
        }).await.unwrap();
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        wait_for_state(w, &scope, Delivery::Sending, 1).await;
        let of = invitation.clone();
        w.app.db.write(&scope, move |c| outbox::cancel_about(c, &of)).await.unwrap();
        receiver.heal();
        queue(w, &scope, "ben@example.com", "next").await;
        wait_for_state(w, &scope, Delivery::Sent, 1).await;
        worker.stop().await;
        assert!(receiver.mails_to("ana@example.com").is_empty());
        assert_eq!(in_state(w, &scope, Delivery::Cancelled).await, 1);
    }

    async fn a_connection_that_drops_at_any_verb_loses_nothing(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        let scope = w.riverbend.scope.clone();
        queue_many(w, &scope, "ana", 60).await;
        for verb in [Verb::Connect, Verb::Hello, Verb::Mail, Verb::Rcpt, Verb::Data, Verb::Text] {
            receiver.fault(Fault::Drop(verb, 2));
        }
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        let began = Instant::now();
        while in_state(w, &scope, Delivery::Sent).await != 60 {
            assert!(began.elapsed() < PATIENCE, "{} sent", in_state(w, &scope, Delivery::Sent).await);
            w.clock.advance_seconds(20);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        worker.stop().await;
        let mails = receiver.mails();
        let copies = copies(&mails);
        assert_eq!(copies.len(), 60, "every mail arrived");
        assert_copies_are_alike(&copies);
        assert!(mails.len() <= 62, "a copy only where the text had arrived: {}", mails.len());
    }

    async fn a_worker_that_is_cut_in_the_middle_leaves_its_mails_to_the_next(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        let scope = w.riverbend.scope.clone();
        queue_many(w, &scope, "ana", 120).await;
        receiver.fault(Fault::Slow(Duration::from_millis(2)));
        for round in 1..=4 {
            let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
            receiver.wait_for(round * 20, PATIENCE).await;
            worker.cut();
            // The leases of what it had in hand run out.
            w.clock.advance_seconds(61);
        }
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        wait_for_state(w, &scope, Delivery::Sent, 120).await;
        worker.stop().await;
        let copies = copies(&receiver.mails());
        assert_eq!(copies.len(), 120);
        assert_copies_are_alike(&copies);
    }

    async fn mail_from_before_the_clock_was_set_back_leaves_at_once(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        let scope = w.riverbend.scope.clone();
        let (late, far) = (w.now().plus_hours(2), Timestamp::from_micros(4_102_444_800_000_000));
        for (address, key, state) in [
            ("ana@example.com", "waits", Delivery::Queued),
            ("ben@example.com", "tried", Delivery::Deferred),
            ("cleo@example.com", "in-hand", Delivery::Sending),
        ] {
            let id = queue(w, &scope, address, key).await;
            w.tamper(move |c| {
                let lease = (state == Delivery::Sending).then_some(far);
                diesel::update(table::table.filter(table::mail_id.eq(id)))
                    .set((
                        table::state.eq(state),
                        table::created_at.eq(late),
                        table::due_at.eq(late),
                        table::tries.eq(i32::from(state == Delivery::Deferred)),
                        table::lease_until.eq(lease),
                    ))
                    .execute(c)
            })
            .await;
        }
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        wait_for_state(w, &scope, Delivery::Sent, 3).await;
        worker.stop().await;
        assert_eq!(copies(&receiver.mails()).len(), 3);
    }

    async fn a_refused_recipient_is_told_at_once_and_marked(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        receiver.fault(Fault::RefuseRecipient("gone@".into(), "550 5.1.1 <gone@example.com>: no such user".into()));
        let gone = w.chart_with("Ana", "Duarte", "1990-04-12", "Gone@example.com").await;
        let scope = w.riverbend.scope.clone();
        let id = queue(w, &scope, "gone@example.com", "gone").await;
        queue(w, &scope, "ben@example.com", "there").await;
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        wait_for_state(w, &scope, Delivery::Undeliverable, 1).await;
        wait_for_state(w, &scope, Delivery::Sent, 1).await;
        worker.stop().await;
        let (state, tries, code, reason, payload) = row(w, &scope, &id, shown).await;
        assert_eq!((state, tries), (Delivery::Undeliverable, 1));
        assert_eq!((code.as_deref(), reason.as_deref()), (Some("5.1.1"), Some("mail-reason-no-mailbox")));
        assert!(payload.is_none());
        let marked: Option<String> = w.app.db.read(&scope, move |c| {
            c.rows(person_address::table)
                .filter(person_address::person_id.eq(gone.person_id))
                .filter(person_address::undeliverable_at.is_not_null())
                .select(person_address::undeliverable_reason)
                .first(c)
        }).await.unwrap();
        assert_eq!(marked.as_deref(), Some("mail-reason-no-mailbox"));
        let trail = w.app.db.read(&scope, |c| audit::newest(c, &audit::Wanted::default(), None, 10)).await.unwrap();
        assert!(trail.iter().any(|(e, _)| e.action == "mail.undeliverable"), "{trail:?}");
    }

    async fn a_temporary_refusal_waits_longer_each_time_and_ends_after_48_hours(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        receiver.fault(Fault::RefuseRecipient("busy@".into(), "451 4.7.1 greylisted".into()));
        let scope = w.riverbend.scope.clone();
        let id = queue(w, &scope, "busy@example.com", "busy").await;
        let began = w.now();
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        wait_for_state(w, &scope, Delivery::Deferred, 1).await;
        let (_, tries, code, reason, payload) = row(w, &scope, &id, shown).await;
        assert_eq!((tries, code.as_deref(), reason.as_deref()), (1, Some("4.7.1"), Some("mail-reason-try-later")));
        assert!(payload.is_some(), "kept for the next try");
        w.clock.advance_seconds(20);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(row(w, &scope, &id, shown).await.1, 1, "not before 24 seconds have gone by");
        let clock = Instant::now();
        while row(w, &scope, &id, shown).await.0 != Delivery::Undeliverable {
            assert!(clock.elapsed() < PATIENCE);
            w.clock.advance_seconds(3_600);
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        worker.stop().await;
        let (_, tries, _, reason, payload) = row(w, &scope, &id, shown).await;
        assert_eq!(reason.as_deref(), Some("mail-reason-gave-up"));
        assert!(payload.is_none());
        assert!(tries > 10, "{tries}");
        assert!(w.now().seconds_since(began) >= 48 * 3_600);
        assert_eq!(receiver.count(), 0);
    }

    async fn a_server_that_refuses_the_sender_pauses_sending_and_keeps_the_mail(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        receiver.fault(Fault::Answer(Verb::Rcpt, "554 5.7.1 <ana@example.com>: Relay access denied".into(), 3));
        let scope = w.riverbend.scope.clone();
        queue_many(w, &scope, "ana", 20).await;
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(in_state(w, &scope, Delivery::Undeliverable).await, 0);
        wait_for_state(w, &scope, Delivery::Sent, 20).await;
        worker.stop().await;
        assert_eq!(receiver.count(), 20);
    }

    async fn what_a_server_answers_to_a_recipient_blames_whom_it_is_about(w: &mut World) {
        w.stop_sending().await;
        let scope = w.riverbend.scope.clone();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smtp");
        for (name, expected, is_marked) in [
            ("control-ok", Delivery::Sent, false),
            ("control-user-unknown", Delivery::Undeliverable, true),
            ("exim-relay", Delivery::Queued, false),
            ("exim-sender-verify", Delivery::Queued, false),
            ("o365-relay", Delivery::Queued, false),
            ("postfix-client-host", Delivery::Queued, false),
            ("postfix-not-owned", Delivery::Queued, false),
            ("postfix-sender-domain", Delivery::Deferred, false),
            ("quota-daily", Delivery::Queued, false),
            ("rbl", Delivery::Queued, false),
            ("ses-sandbox", Delivery::Queued, false),
        ] {
            let address: &'static str = format!("{name}@example.com").leak();
            let client = w.chart_with("Ana", "Duarte", "1990-04-12", address).await;
            let answer = std::fs::read_to_string(folder.join(format!("{name}.rcpt-answer"))).unwrap();
            let answer = answer.trim().replace("{TO}", address).replace("{FROM}", "portal@example.org");
            let receiver = receiver().await;
            if !answer.is_empty() {
                receiver.fault(Fault::RefuseRecipient(name.into(), answer.replace('\n', "\r\n")));
            }
            let id = queue(w, &scope, address, name).await;
            // After the one refusal the lane stays paused.
            let pace = Pace { pause: Duration::from_secs(600), ..pace() };
            let worker = Worker::start(w.app.clone(), relay(&receiver), pace);
            let began = Instant::now();
            while row(w, &scope, &id, attempted).await != (expected, true) {
                let found = row(w, &scope, &id, shown).await;
                assert!(began.elapsed() < PATIENCE, "{name}: {found:?} instead of {expected}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            worker.stop().await;
            assert_eq!(marked(w, &scope, &client).await.is_some(), is_marked, "{name}");
            cancel_all(w, &scope).await;
        }
    }

    async fn several_recipients_refused_in_the_same_words_are_the_servers_trouble(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        receiver.fault(Fault::RefuseRecipient("@example.com".into(), "550 5.1.1 user unknown".into()));
        let scope = w.riverbend.scope.clone();
        let mut clients = Vec::new();
        for address in ["a@example.com", "b@example.com", "c@example.com", "d@example.com"] {
            clients.push(w.chart_with("Ana", "Duarte", "1990-04-12", address).await);
            queue(w, &scope, address, address).await;
        }
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        wait_for_state(w, &scope, Delivery::Deferred, 4).await;
        for client in &clients {
            assert_eq!(marked(w, &scope, client).await, None);
        }
        // The server takes somebody: now what it refuses again is refused for itself.
        receiver.heal();
        receiver.fault(Fault::RefuseRecipient("a@example.com".into(), "550 5.1.1 user unknown".into()));
        queue(w, &scope, "ben@example.net", "taken").await;
        wait_for_state(w, &scope, Delivery::Sent, 1).await;
        w.clock.advance_seconds(60);
        wait_for_state(w, &scope, Delivery::Sent, 4).await;
        wait_for_state(w, &scope, Delivery::Undeliverable, 1).await;
        worker.stop().await;
        let mut marks = Vec::new();
        for client in &clients {
            marks.push(marked(w, &scope, client).await.is_some());
        }
        assert_eq!(marks, [true, false, false, false]);
    }

    async fn a_message_refused_for_its_content_is_tried_again_and_blames_nobody(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        receiver.fault(Fault::Answer(Verb::Text, "554 5.7.1 message content rejected".into(), 3));
        let scope = w.riverbend.scope.clone();
        let ana = w.chart_with("Ana", "Duarte", "1990-04-12", "ana@example.com").await;
        let id = queue(w, &scope, "ana@example.com", "content").await;
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        for tries in 1..=2 {
            let began = Instant::now();
            while row(w, &scope, &id, shown).await.1 < tries {
                assert!(began.elapsed() < PATIENCE);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(row(w, &scope, &id, shown).await.0, Delivery::Deferred);
            w.clock.advance_seconds(90);
        }
        wait_for_state(w, &scope, Delivery::Undeliverable, 1).await;
        worker.stop().await;
        assert_eq!(row(w, &scope, &id, shown).await.3.as_deref(), Some("mail-reason-content"));
        assert_eq!(marked(w, &scope, &ana).await, None);
    }

    async fn a_server_slow_to_confirm_gets_one_copy(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        receiver.fault(Fault::Wait(Verb::Text, String::new(), Duration::from_secs(3)));
        let scope = w.riverbend.scope.clone();
        queue(w, &scope, "ana@example.com", "slow").await;
        let neighbour = w.neighbour().await;
        neighbour.stop_sending().await;
        let pace = Pace { renew: Duration::from_millis(50), ..pace() };
        let one = Worker::start(w.app.clone(), relay(&receiver), pace);
        wait_for_state(w, &scope, Delivery::Sending, 1).await;
        let two = Worker::start(neighbour.app.clone(), relay(&receiver), pace);
        // Five minutes go by while the server thinks: many leases.
        let began = Instant::now();
        while in_state(w, &scope, Delivery::Sent).await == 0 {
            assert!(began.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(400)).await;
            w.clock.advance_seconds(45);
        }
        one.stop().await;
        two.stop().await;
        assert_eq!(receiver.count(), 1);
    }

    async fn each_step_has_its_own_time_limit(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        receiver.fault(Fault::Wait(Verb::Rcpt, "stuck".into(), Duration::from_secs(30)));
        receiver.fault(Fault::Wait(Verb::Text, "slow".into(), Duration::from_millis(700)));
        let scope = w.riverbend.scope.clone();
        let stuck = queue(w, &scope, "stuck@example.com", "stuck").await;
        queue(w, &scope, "slow@example.com", "slow").await;
        let limits = Timeouts { rcpt: Duration::from_millis(300), ..Timeouts::all(Duration::from_secs(20)) };
        let worker = Worker::start(w.app.clone(), relay(&receiver).with_timeouts(limits), pace());
        wait_for_state(w, &scope, Delivery::Sent, 1).await;
        wait_for_state(w, &scope, Delivery::Deferred, 1).await;
        worker.stop().await;
        assert_eq!(row(w, &scope, &stuck, shown).await.3.as_deref(), Some("mail-reason-interrupted"));
        assert_eq!(Timeouts::default().dot, Duration::from_secs(600), "RFC 5321 4.5.3.2.6");
    }

    async fn one_practices_hanging_recipients_delay_another_by_seconds_at_most(w: &mut World) {
        w.stop_sending().await;
        for connections in [4, 1] {
            let receiver = receiver().await;
            receiver.fault(Fault::Wait(Verb::Rcpt, "hangs".into(), Duration::from_secs(40)));
            let (hanging, single) = (w.riverbend.scope.clone(), w.twinoaks.scope.clone());
            queue_many(w, &hanging, if connections == 4 { "hangs.a" } else { "hangs.b" }, 20).await;
            let relay = Relay::parse(&receiver.url()).unwrap().with_connections(connections);
            let worker = Worker::start(w.app.clone(), relay, pace());
            wait_for_state(w, &hanging, Delivery::Sending, 20).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            let began = Instant::now();
            let key = if connections == 4 { "of four" } else { "of one" };
            queue(w, &single, "ana@example.net", key).await;
            receiver.wait_for(1, PATIENCE).await;
            let took = began.elapsed();
            // A machine busy with other tests is given some of this.
            assert!(took < Duration::from_secs(8), "{took:?} with {connections} connections");
            worker.stop().await;
            cancel_all(w, &hanging).await;
        }
    }

    async fn the_mark_undeliverable_ends_when_a_later_mail_does_not_bounce(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        let scope = w.riverbend.scope.clone();
        let ana = w.chart_with("Ana", "Duarte", "1990-04-12", "ana@example.com").await;
        mark(w, &scope, "ana@example.com").await;
        let end_old = async |w: &World| w.app.db.system_write(people::end_old_marks).await.unwrap();
        w.clock.advance_seconds(200 * 3_600);
        assert_eq!(end_old(w).await, 0, "time alone tells nothing");
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        queue(w, &scope, "Ana@example.com", "once more").await;
        wait_for_state(w, &scope, Delivery::Sent, 1).await;
        w.clock.advance_seconds(71 * 3_600);
        assert_eq!(end_old(w).await, 0);
        // It comes back after all, and the next one does not.
        mark(w, &scope, "ana@example.com").await;
        w.clock.advance_seconds(2 * 3_600);
        assert_eq!(end_old(w).await, 0);
        queue(w, &scope, "ana@example.com", "and again").await;
        wait_for_state(w, &scope, Delivery::Sent, 2).await;
        worker.stop().await;
        assert!(marked(w, &scope, &ana).await.is_some());
        w.clock.advance_seconds(73 * 3_600);
        assert_eq!(end_old(w).await, 1);
        assert_eq!(marked(w, &scope, &ana).await, None);
    }

    async fn the_mark_undeliverable_ends_with_a_registration_or_a_sign_in_through_the_address(w: &mut World) {
        let scope = w.riverbend.scope.clone();
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        mark(w, &scope, &ana.email).await;
        let link = w.link_in(&mail);
        w.register_by(&link, &ana).await;
        assert_eq!(marked(w, &scope, &ana).await, None, "the link was mailed there and used");
        mark(w, &scope, &ana.email).await;
        let fields = [("name", ana.email.as_str()), ("password", PASSWORD)];
        assert_eq!(w.browser().post("/riverbend/sign-in", &fields).await.location(), Some("/portal"));
        assert_eq!(marked(w, &scope, &ana).await, None);
    }

    async fn the_mark_undeliverable_ends_when_staff_say_that_the_address_is_right(w: &mut World) {
        let scope = w.riverbend.scope.clone();
        let ana = w.chart("Ana", "Duarte").await;
        mark(w, &scope, &ana.email).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let path = format!("/staff/charts/{}", ana.chart_id);
        let page = desk.get(&path).await;
        page.must_be(200).must_say("The address is right");
        let page = desk.submit(&page, &format!("{path}/trust-address"), &[]).await;
        page.must_be(303);
        assert_eq!(marked(w, &scope, &ana).await, None);
        desk.get(&path).await.must_be(200).must_not_say("The address is right");
        let trail = w.app.db.read(&scope, |c| audit::newest(c, &audit::Wanted::default(), None, 1)).await.unwrap();
        assert_eq!(trail[0].0.action, "chart.address_trusted");
    }

    async fn the_mark_this_isnt_me_ends_when_staff_say_that_the_address_is_right(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite_and_refuse(&ana).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let path = format!("/staff/charts/{}", ana.chart_id);
        let invite = format!("{path}/access/invite");
        desk.get(&invite).await.must_say("said that an invitation was not for them");
        let page = desk.get(&path).await;
        page.must_be(200).must_say("Said that it was not for them");
        let page = desk.submit_and_follow(&page, &format!("{path}/trust-address"), &[]).await;
        page.must_be(200).must_say("The address counts as right again.").must_not_say("The address is right");
        desk.get(&invite).await.must_be(200).must_not_say("said that an invitation was not for them");
    }

    async fn a_first_deferral_is_not_yet_a_delay(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        receiver.fault(Fault::RefuseRecipient("@".into(), "451 4.7.1 greylisted".into()));
        let scope = w.riverbend.scope.clone();
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        wait_for_state(w, &scope, Delivery::Deferred, 1).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let path = format!("/staff/charts/{}/communications", ana.chart_id);
        let page = desk.get(&path).await;
        page.must_be(200).must_say("Queued.").must_not_say("Delayed");
        // The retry is due, and is put off too.
        w.clock.advance_seconds(40);
        let began = Instant::now();
        while !desk.get(&path).await.says("Delayed") {
            assert!(began.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        worker.stop().await;
    }

    async fn eml_04_without_starttls_nothing_is_sent(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        let scope = w.riverbend.scope.clone();
        queue(w, &scope, "ana@example.com", "in clear").await;
        let url = receiver.url().replace("smtp://", "smtp+starttls://user:password@");
        let worker = Worker::start(w.app.clone(), Relay::parse(&url).unwrap(), pace());
        tokio::time::sleep(Duration::from_millis(500)).await;
        worker.stop().await;
        assert_eq!(receiver.count(), 0);
        assert!(receiver.sessions() >= 1, "it did try");
        assert_eq!(in_state(w, &scope, Delivery::Queued).await, 1, "it waits for an operator");
    }

    async fn one_practices_thousands_do_not_stand_before_anothers_single_mail(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        receiver.fault(Fault::Slow(Duration::from_millis(3)));
        let (busy, single) = (w.riverbend.scope.clone(), w.twinoaks.scope.clone());
        queue_many(w, &busy, "bulk", 2_000).await;
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        receiver.wait_for(100, PATIENCE).await;
        let before = receiver.count();
        queue(w, &single, "ana@example.net", "single").await;
        wait_for_state(w, &single, Delivery::Sent, 1).await;
        let mails = receiver.mails();
        let place = mails.iter().position(|m| m.to[0] == "ana@example.net").unwrap();
        worker.stop().await;
        assert!(place - before <= 100, "{} mails of the other practice went before it", place - before);
    }

    async fn one_mail_that_cannot_be_read_does_not_stop_the_others(w: &mut World) {
        w.stop_sending().await;
        let receiver = receiver().await;
        let scope = w.riverbend.scope.clone();
        let damaged = queue(w, &scope, "ana@example.com", "damaged").await;
        let id = damaged;
        w.app.db.write(&scope, move |c| {
            c.rows(table::table)
                .filter(table::mail_id.eq(id))
                .set(table::payload.eq(Some(vec![1u8; 90])))
                .execute(c)?;
            Ok(())
        }).await.unwrap();
        queue(w, &scope, "ben@example.com", "whole").await;
        let worker = Worker::start(w.app.clone(), relay(&receiver), pace());
        wait_for_state(w, &scope, Delivery::Sent, 1).await;
        wait_for_state(w, &scope, Delivery::Undeliverable, 1).await;
        worker.stop().await;
        assert_eq!(row(w, &scope, &damaged, shown).await.3.as_deref(), Some("mail-reason-unreadable"));
    }

    async fn ten_thousand_mails_are_queued_at_once(w: &mut World) {
        w.stop_sending().await;
        let scope = w.riverbend.scope.clone();
        queue_many(w, &scope, "bulk", 10_000).await;
        let depth = w.app.db.system_read(outbox::depth).await.unwrap();
        assert_eq!((depth.queued, depth.deferred, depth.oldest), (10_000, 0, Some(w.now())));
    }
}

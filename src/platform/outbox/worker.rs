//! The worker that sends what the outbox holds. Several may run, in one process or in many: claims
//! keep them apart. Crash at any point, and the lease runs out and the mail goes again, with the
//! same Message-ID and the same link.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::Delivery;
use super::claims::{self, Asked, Claim, InHand, SendOutcome};
use super::store::place;
use crate::kernel::ids::PracticeId;
use crate::platform::db::{OpenedBy, PracticeScope};
use crate::platform::fault::Fault;
use crate::platform::mail::message::{self, Envelope, MessageError};
use crate::platform::mail::relay::{Handed, Kind, Session, Trouble};
use crate::platform::mail::{MailBody, Relay, names};
use crate::platform::state::AppState;
use crate::platform::stop::{self, Stop, Stopper};

/// How often the outbox is looked at, and how long a server that does not answer is left alone.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks when no bell rings.
    pub poll: Duration,
    /// First rest after the server could not be reached; it doubles …
    pub first_rest: Duration,
    /// … up to this.
    pub longest_rest: Duration,
    /// How long the lane pauses when the server refuses us (sign-in, certificate, relaying).
    pub pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(1),
            first_rest: Duration::from_secs(1),
            longest_rest: Duration::from_secs(30),
            pause: Duration::from_secs(60),
        }
    }
}

/// Mails in hand for each connection: enough to keep it busy between two claims, and few, because
/// they stand before another practice's next mail.
const IN_HAND_EACH: usize = 8;
/// A conversation ends after so many mails, as servers like it …
const MAILS_EACH: usize = 100;
/// … or after so long without one.
const IDLE: Duration = Duration::from_secs(15);
/// Leases of 60 s are renewed this often.
const RENEW: Duration = Duration::from_secs(20);
/// How often the gauges are set.
const MEASURE: Duration = Duration::from_secs(15);
/// The bell rings before the commit that put the mail there, so these looks follow it.
const AFTER_BELL: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(80), Duration::from_millis(300)];

/// A running worker, for whoever starts and stops one by hand.
pub struct Worker {
    stopper: Stopper,
    done: tokio::task::JoinHandle<()>,
}

impl Worker {
    /// Starts sending over this relay.
    pub fn start(app: AppState, relay: Relay, pace: Pace) -> Self {
        let (stopper, stop) = stop::signal();
        let done = tokio::spawn(run(app, relay, pace, stop));
        Self { stopper, done }
    }

    /// Stops gracefully: nothing new is taken, what is being said is finished, the rest goes back.
    pub async fn stop(self) {
        self.stopper.stop();
        let _ = self.done.await;
    }

    /// Cut in the middle of whatever it does, as a crash would.
    pub fn cut(self) {
        self.done.abort();
    }
}

/// What keeps the whole relay from being used.
#[derive(Debug, Default)]
struct Lane {
    until: Option<Instant>,
    failures: u32,
    paused: bool,
}

struct WorkerContext {
    app: AppState,
    relay: Relay,
    pace: Pace,
    lane: Mutex<Lane>,
    in_hand: Mutex<InHand>,
    /// Rung when something left a hand.
    freed: Notify,
    stop: Stop,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl WorkerContext {
    /// How long the relay is still left alone.
    fn rest(&self) -> Option<Duration> {
        let until = lock(&self.lane).until?;
        until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    fn server_unreachable(&self, trouble: &Trouble) {
        let mut lane = lock(&self.lane);
        let rest =
            self.pace.first_rest.saturating_mul(1 << lane.failures.min(10)).min(self.pace.longest_rest);
        if lane.failures == 0 {
            tracing::warn!(error = trouble.said, "the mail server cannot be reached; mail waits");
        }
        lane.failures = lane.failures.saturating_add(1);
        lane.until = Some(Instant::now() + rest);
    }

    fn pause(&self, trouble: &Trouble) {
        let mut lane = lock(&self.lane);
        if !lane.paused {
            tracing::error!(
                code = trouble.code,
                said = trouble.said,
                "the mail server refuses us; mail stays queued until this is mended \
                 (look at smtp_url, the sender and the server's certificate)"
            );
        }
        lane.paused = true;
        lane.until = Some(Instant::now() + self.pace.pause);
        metrics::gauge!("anteroom_mail_lane_paused").set(1.0);
    }

    /// The server talks to us. Was it away before?
    fn server_answers(&self) -> bool {
        let mut lane = lock(&self.lane);
        let was_away = lane.failures > 0;
        if lane.paused || was_away {
            tracing::info!("the mail server takes mail again");
        }
        *lane = Lane::default();
        metrics::gauge!("anteroom_mail_lane_paused").set(0.0);
        was_away
    }
}

/// Sends what is due until told to stop; then nothing new is taken, what is being said is finished,
/// and the rest goes back.
pub async fn run(app: AppState, relay: Relay, pace: Pace, stop: Stop) {
    let hello = hello_name(&app.settings.mail_sender);
    let connections = relay.connections();
    let shop = Arc::new(WorkerContext {
        app,
        relay,
        pace,
        lane: Mutex::default(),
        in_hand: Mutex::default(),
        freed: Notify::new(),
        stop,
    });
    metrics::gauge!("anteroom_mail_lane_paused").set(0.0);
    let (to_senders, from_dispatcher) = mpsc::channel::<Claim>(connections * IN_HAND_EACH);
    let (to_clerk, from_senders) = mpsc::channel::<(Claim, SendOutcome)>(connections * IN_HAND_EACH);
    let from_dispatcher = Arc::new(tokio::sync::Mutex::new(from_dispatcher));
    let mut senders = JoinSet::new();
    for _ in 0..connections {
        senders.spawn(send(shop.clone(), hello.clone(), from_dispatcher.clone(), to_clerk.clone()));
    }
    drop(to_clerk);
    // Sets, because they end with this function however it ends.
    let (mut clerk, mut keeper) = (JoinSet::new(), JoinSet::new());
    clerk.spawn(write_fates(shop.clone(), from_senders));
    keeper.spawn(keep_leases(shop.clone()));
    dispatch(&shop, to_senders).await;
    while senders.join_next().await.is_some() {}
    while clerk.join_next().await.is_some() {}
    keeper.abort_all();
}

/// Our own name for EHLO: the sender's domain.
fn hello_name(sender: &str) -> String {
    let domain = sender.rsplit_once('@').map_or("localhost", |(_, domain)| domain).trim_end_matches('>');
    let plain = domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if plain && !domain.is_empty() { domain.to_owned() } else { "localhost".to_owned() }
}

async fn dispatch(shop: &Arc<WorkerContext>, to_senders: mpsc::Sender<Claim>) {
    let capacity = shop.relay.connections() * IN_HAND_EACH;
    let mut last: Option<PracticeId> = None;
    let mut looks: Vec<Duration> = Vec::new();
    let mut troubled = false;
    while !shop.stop.is_given() {
        if let Some(rest) = shop.rest() {
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = shop.stop.given() => {}
            }
            continue;
        }
        let held = lock(&shop.in_hand).len();
        // Waiting until half is free makes one claim of many rows out of many claims of one.
        if held <= capacity / 2 {
            match deliver(shop, capacity - held, last.clone()).await {
                Ok((claims, next)) => {
                    troubled = false;
                    last = next;
                    let took = !claims.is_empty();
                    for claim in claims {
                        lock(&shop.in_hand)
                            .insert(claim.mail_id.clone(), (claim.practice_id.clone(), claim.attempt));
                        if to_senders.send(claim).await.is_err() {
                            return;
                        }
                    }
                    if took {
                        continue;
                    }
                }
                Err(fault) => {
                    if !troubled {
                        tracing::error!(error = fault.chain(), "the outbox cannot be read; looking again");
                    }
                    troubled = true;
                }
            }
        }
        let wait = looks.pop().unwrap_or(shop.pace.poll);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shop.app.outbox_bell.notified() => looks = AFTER_BELL.iter().rev().copied().collect(),
            () = shop.freed.notified() => {}
            () = shop.stop.given() => {}
        }
    }
}

async fn deliver(
    shop: &Arc<WorkerContext>,
    most: usize,
    last: Option<PracticeId>,
) -> Result<(Vec<Claim>, Option<PracticeId>), Fault> {
    if !shop.app.db.system_read(claims::is_anything_due).await? {
        return Ok((Vec::new(), last));
    }
    let in_hand = lock(&shop.in_hand).clone();
    shop.app.db.system_write(move |system| claims::claim(system, most, last.as_ref(), &in_hand)).await
}

type Claims = Arc<tokio::sync::Mutex<mpsc::Receiver<Claim>>>;

async fn send(
    shop: Arc<WorkerContext>,
    hello: String,
    claims: Claims,
    to_clerk: mpsc::Sender<(Claim, SendOutcome)>,
) {
    let mut session: Option<Session> = None;
    loop {
        let next = async { claims.lock().await.recv().await };
        let claim = match tokio::time::timeout(IDLE, next).await {
            Ok(Some(claim)) => claim,
            Ok(None) => break,
            Err(_) => {
                if let Some(session) = session.take() {
                    session.quit().await;
                }
                continue;
            }
        };
        let fate = if shop.stop.is_given() || shop.rest().is_some() {
            SendOutcome::PutBack
        } else {
            hand_over(&shop, &hello, &mut session, &claim).await
        };
        if session.as_ref().is_some_and(|s| s.sent() >= MAILS_EACH)
            && let Some(session) = session.take()
        {
            session.quit().await;
        }
        if to_clerk.send((claim, fate)).await.is_err() {
            break;
        }
    }
    if let Some(session) = session {
        session.quit().await;
    }
}

/// Tries to hand one mail over, on the open conversation or a new one.
async fn hand_over(
    shop: &Arc<WorkerContext>,
    hello: &str,
    session: &mut Option<Session>,
    claim: &Claim,
) -> SendOutcome {
    let unreadable =
        SendOutcome::Undeliverable { code: String::new(), reason: "mail-reason-unreadable", address: false };
    let message = match compose(shop, claim) {
        Ok(message) => message,
        Err(Composing::Sender) => {
            let trouble = "the configured sender is not an e-mail address";
            shop.pause(&Trouble {
                kind: Kind::Lane,
                code: String::new(),
                reason: "mail-reason-unreachable",
                said: trouble.into(),
            });
            return SendOutcome::PutBack;
        }
        Err(Composing::Unreadable(error)) => {
            // One mail that cannot be read must not stop the others.
            tracing::error!(mail = %claim.mail_id, error, "a mail in the outbox cannot be put together");
            return unreadable;
        }
    };
    let return_path = names::return_path(&shop.app, &claim.practice_id, &claim.mail_id);
    let mut fresh = false;
    loop {
        let open = match session.take() {
            Some(open) => open,
            None => {
                fresh = true;
                match shop.relay.connect(hello).await {
                    Ok(open) => {
                        if shop.server_answers() {
                            wake_those_who_waited(shop).await;
                        }
                        open
                    }
                    Err(trouble) => return no_conversation(shop, trouble),
                }
            }
        };
        let mut open = open;
        let mut asked = Asked::Gone;
        let wanted = async {
            asked = ask(shop, claim).await;
            asked == Asked::Wanted
        };
        match open.hand_over(&return_path, &claim.recipient, &message, wanted).await {
            Ok(Handed::Over(_)) => {
                *session = Some(open);
                return SendOutcome::Sent;
            }
            Ok(Handed::NotWanted) => {
                *session = Some(open);
                return if asked == Asked::LinkOver { SendOutcome::LinkOver } else { SendOutcome::NotWanted };
            }
            // A server may close a conversation that stood idle; that is no failure of this mail.
            Err(trouble) if trouble.kind == Kind::Broken && !fresh => {}
            Err(trouble) => {
                if trouble.kind != Kind::Broken && !trouble.code.starts_with("421") {
                    *session = Some(open);
                }
                return fate_of(shop, trouble);
            }
        }
    }
}

fn no_conversation(shop: &WorkerContext, trouble: Trouble) -> SendOutcome {
    if trouble.kind == Kind::Lane {
        shop.pause(&trouble);
        return SendOutcome::PutBack;
    }
    shop.server_unreachable(&trouble);
    SendOutcome::Deferred { code: trouble.code, reason: "mail-reason-unreachable" }
}

fn fate_of(shop: &WorkerContext, trouble: Trouble) -> SendOutcome {
    match trouble.kind {
        Kind::Lane => {
            shop.pause(&trouble);
            SendOutcome::PutBack
        }
        Kind::Unreachable | Kind::Broken | Kind::Later => {
            SendOutcome::Deferred { code: trouble.code, reason: trouble.reason }
        }
        Kind::Recipient => {
            SendOutcome::Undeliverable { code: trouble.code, reason: trouble.reason, address: true }
        }
        Kind::Message => {
            SendOutcome::Undeliverable { code: trouble.code, reason: trouble.reason, address: false }
        }
    }
}

async fn wake_those_who_waited(shop: &WorkerContext) {
    if let Err(fault) = shop.app.db.system_write(claims::server_is_back).await {
        tracing::warn!(error = fault.chain(), "deferred mail could not be made due");
    }
}

async fn ask(shop: &WorkerContext, claim: &Claim) -> Asked {
    let scope = PracticeScope::opened_by(OpenedBy::Worker, claim.practice_id.clone());
    let (mail, attempt, link_counts) = (claim.mail_id.clone(), claim.attempt, shop.app.link_counts);
    match shop.app.db.read(&scope, move |c| claims::ask(c, &mail, attempt, link_counts)).await {
        Ok(asked) => asked,
        Err(fault) => {
            // Who cannot ask does not send; the lease runs out and the mail comes again.
            tracing::warn!(error = fault.chain(), "a mail's state could not be read before sending");
            Asked::Gone
        }
    }
}

enum Composing {
    Sender,
    Unreadable(String),
}

fn compose(shop: &WorkerContext, claim: &Claim) -> Result<Vec<u8>, Composing> {
    let unreadable = |e: &dyn std::fmt::Display| Composing::Unreadable(e.to_string());
    let sealed = claim.payload.as_deref().ok_or_else(|| unreadable(&"there is no payload"))?;
    let place = place(&claim.practice_id, &claim.mail_id);
    let words = shop.app.keys.open(&place, sealed).map_err(|e| unreadable(&e))?;
    let letter: MailBody = serde_json::from_slice(&words).map_err(|_| unreadable(&"not a letter"))?;
    let envelope = Envelope {
        sender: &shop.app.settings.mail_sender,
        recipient: &claim.recipient,
        message_id: &claim.message_id,
        date: claim.created_at,
    };
    message::build(&letter, envelope).map_err(|error| match error {
        MessageError::Sender => Composing::Sender,
        other => unreadable(&other),
    })
}

/// Writes fates down, as many as have come together, one transaction a practice.
async fn write_fates(shop: Arc<WorkerContext>, mut fates: mpsc::Receiver<(Claim, SendOutcome)>) {
    let mut batch = Vec::new();
    while fates.recv_many(&mut batch, 64).await > 0 {
        let mut by_practice: BTreeMap<PracticeId, Vec<(Claim, SendOutcome)>> = BTreeMap::new();
        for (claim, fate) in batch.drain(..) {
            by_practice.entry(claim.practice_id.clone()).or_default().push((claim, fate));
        }
        for (practice, fates) in by_practice {
            write_down(&shop, practice, &fates).await;
            let mut in_hand = lock(&shop.in_hand);
            for (claim, _) in &fates {
                in_hand.remove(&claim.mail_id);
            }
        }
        shop.freed.notify_one();
    }
}

async fn write_down(shop: &WorkerContext, practice: PracticeId, fates: &[(Claim, SendOutcome)]) {
    let scope = PracticeScope::opened_by(OpenedBy::Worker, practice.clone());
    let fates: Arc<[(Claim, SendOutcome)]> = fates.into();
    let written = {
        let fates = fates.clone();
        shop.app.db.write(&scope, move |c| claims::finish(c, &fates)).await
    };
    match written {
        Ok(finished) => {
            for one in finished {
                let name = match one.fate {
                    Delivery::Sent => "anteroom_mail_sent_total",
                    Delivery::Deferred => "anteroom_mail_deferred_total",
                    Delivery::Cancelled => "anteroom_mail_too_late_total",
                    _ => "anteroom_mail_undeliverable_total",
                };
                metrics::counter!(name).increment(1);
                if let Some(chart) = &one.chart {
                    shop.app.live.chart_changed(&practice, chart);
                }
            }
        }
        // The lease runs out and the mail goes once more, with the same Message-ID.
        Err(fault) => {
            tracing::error!(
                error = fault.chain(),
                mails = fates.len(),
                "what became of mails was not written"
            );
        }
    }
}

/// Renews leases, and sets the gauges.
async fn keep_leases(shop: Arc<WorkerContext>) {
    let mut renew = tokio::time::interval(RENEW);
    let mut measure = tokio::time::interval(MEASURE);
    loop {
        tokio::select! {
            _ = renew.tick() => {
                let in_hand = lock(&shop.in_hand).clone();
                if in_hand.is_empty() {
                    continue;
                }
                if let Err(fault) = shop.app.db.system_write(move |s| claims::renew(s, &in_hand)).await {
                    tracing::warn!(error = fault.chain(), "leases of mails in hand were not renewed");
                }
            }
            _ = measure.tick() => {
                if let Ok(depth) = shop.app.db.system_read(claims::depth).await {
                    set_gauges(&shop, &depth);
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and these are counts")]
fn set_gauges(shop: &WorkerContext, depth: &claims::Depth) {
    for (state, count) in [("queued", depth.queued), ("sending", depth.sending), ("deferred", depth.deferred)]
    {
        metrics::gauge!("anteroom_outbox_mails", "state" => state).set(count as f64);
    }
    let age = depth.oldest.map_or(0, |oldest| shop.app.now().seconds_since(oldest).max(0));
    metrics::gauge!("anteroom_outbox_oldest_seconds").set(age as f64);
}

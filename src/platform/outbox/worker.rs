//! The worker that sends what the outbox holds. Several may run, in one process or in many: claims
//! keep them apart. Crash at any point, and the lease runs out and the mail goes again, with the
//! same Message-ID and the same link.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::Delivery;
use super::board::{BATCH, Board};
use super::claims::{self, Asked, Claim, Finished, SendOutcome};
use super::store::place;
use super::streak::{Due, Streak};
use crate::kernel::ids::PracticeId;
use crate::platform::db::{PracticeScope, System};
use crate::platform::fault::Fault;
use crate::platform::mail::message::{self, Envelope, MessageError};
use crate::platform::mail::refusal::{About, same_words};
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
    /// Leases of 60 s are renewed this often, so that a slow server gets no second copy.
    pub renew: Duration,
    /// How long a practice without a conversation waits for another's that hangs.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(1),
            first_rest: Duration::from_secs(1),
            longest_rest: Duration::from_secs(30),
            pause: Duration::from_secs(60),
            renew: Duration::from_secs(20),
            patience: Duration::from_secs(2),
        }
    }
}

/// A conversation ends after so many mails, as servers like it …
const MAILS_EACH: usize = 100;
/// … or after so long without one.
const IDLE: Duration = Duration::from_secs(15);
/// A message refused for its content is tried so often: filters learn, and operators mend.
const TRIES_OF_CONTENT: i32 = 3;
/// Outcomes that are written in one transaction.
const OUTCOMES: usize = 64;
/// Pauses before outcomes are written again.
const FINISH_AGAIN: [Duration; 6] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
];
/// How often the gauges are set.
const MEASURE: Duration = Duration::from_secs(15);
/// How often hanging conversations are looked for.
const LOOK_FOR_HANGING: Duration = Duration::from_millis(250);
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
    board: Mutex<Board>,
    /// Rung when there may be a mail for a sender: one was claimed, or a conversation ended.
    to_do: Notify,
    /// Rung when a practice has few mails left on the board.
    low: Notify,
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

/// Sends what is due until `stop`; then it claims nothing new, finishes the mails being sent, and
/// releases the rest.
pub async fn run(app: AppState, relay: Relay, pace: Pace, stop: Stop) {
    let hello = hello_name(&app.settings.mail_sender);
    let connections = relay.connections();
    let context = Arc::new(WorkerContext {
        app,
        relay,
        pace,
        lane: Mutex::default(),
        board: Mutex::new(Board::new(connections)),
        to_do: Notify::new(),
        low: Notify::new(),
        stop,
    });
    metrics::gauge!("anteroom_mail_lane_paused").set(0.0);
    let (to_writer, from_senders) = mpsc::channel::<Ended>(4 * OUTCOMES);
    let mut senders = JoinSet::new();
    for _ in 0..connections {
        senders.spawn(send(context.clone(), hello.clone(), to_writer.clone()));
    }
    // Sets, because they end with this function however it ends.
    let (mut writer, mut keeper) = (JoinSet::new(), JoinSet::new());
    writer.spawn(write_outcomes(context.clone(), from_senders));
    keeper.spawn(keep_leases(context.clone()));
    keeper.spawn(make_room(context.clone()));
    dispatch(&context, to_writer).await;
    while senders.join_next().await.is_some() {}
    while writer.join_next().await.is_some() {}
    keeper.abort_all();
}

/// Our own name for EHLO: the sender's domain.
fn hello_name(sender: &str) -> String {
    let domain = sender.rsplit_once('@').map_or("localhost", |(_, domain)| domain).trim_end_matches('>');
    let plain = domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if plain && !domain.is_empty() { domain.to_owned() } else { "localhost".to_owned() }
}

/// Claims what is due and puts it on the board, until `stop`.
async fn dispatch(context: &Arc<WorkerContext>, to_writer: mpsc::Sender<Ended>) {
    let mut last: Option<PracticeId> = None;
    let mut looks: Vec<Duration> = Vec::new();
    let mut troubled = false;
    // A claim that came back full is followed by another without asking first.
    let mut more = false;
    while !context.stop.is_given() {
        if let Some(rest) = context.rest() {
            give_back(context, &to_writer).await;
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = context.stop.given() => {}
            }
            more = false;
            continue;
        }
        let low = context.low.notified();
        match claim_due(context, last.clone(), more).await {
            Ok((claims, next)) => {
                troubled = false;
                last = next;
                more = claims.len() == BATCH;
                if !claims.is_empty() {
                    lock(&context.board).add(claims, Instant::now());
                    context.to_do.notify_waiters();
                    continue;
                }
            }
            Err(fault) => {
                if !troubled {
                    tracing::error!(error = fault.chain(), "the outbox cannot be read; looking again");
                }
                troubled = true;
                more = false;
            }
        }
        let wait = looks.pop().unwrap_or(context.pace.poll);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = context.app.outbox_bell.notified() => looks = AFTER_BELL.iter().rev().copied().collect(),
            () = low => {}
            () = context.stop.given() => {}
        }
    }
    give_back(context, &to_writer).await;
    context.to_do.notify_waiters();
}

/// Gives back what waits on the board.
async fn give_back(context: &WorkerContext, to_writer: &mpsc::Sender<Ended>) {
    let waiting = lock(&context.board).take_waiting();
    for claim in waiting {
        if to_writer.send(Ended { claim, outcome: SendOutcome::PutBack, answer: Answer::None }).await.is_err()
        {
            return;
        }
    }
}

async fn claim_due(
    context: &Arc<WorkerContext>,
    last: Option<PracticeId>,
    more: bool,
) -> Result<(Vec<Claim>, Option<PracticeId>), Fault> {
    let (full, in_hand) = {
        let board = lock(&context.board);
        let Some(full) = board.full() else { return Ok((Vec::new(), last)) };
        (full, board.in_hand())
    };
    if !more {
        let passed_over = full.clone();
        let due = context.app.db.system_read(move |s| claims::is_anything_due(s, &passed_over)).await?;
        if !due {
            return Ok((Vec::new(), last));
        }
    }
    let claim = move |s: &mut System<'_>| claims::claim(s, BATCH, last.as_ref(), &full, &in_hand);
    context.app.db.system_write(claim).await
}

/// A mail's conversation is over.
struct Ended {
    claim: Claim,
    outcome: SendOutcome,
    answer: Answer,
}

/// How the server answered, as far as it tells whether it takes mail from us.
enum Answer {
    /// It took the recipient.
    Accepted,
    /// It refused recipient or message for good, in these words.
    Refused(String),
    /// It said nothing of the kind.
    None,
}

/// One connection's worth of sending.
async fn send(context: Arc<WorkerContext>, hello: String, to_writer: mpsc::Sender<Ended>) {
    let mut session: Option<Session> = None;
    let mut last_use = tokio::time::Instant::now();
    loop {
        let to_do = context.to_do.notified();
        tokio::pin!(to_do);
        to_do.as_mut().enable();
        if context.stop.is_given() {
            break;
        }
        let next = if context.rest().is_some() { None } else { lock(&context.board).next() };
        let Some((claim, give_up)) = next else {
            match session.take() {
                None => to_do.await,
                Some(open) => match tokio::time::timeout_at(last_use + IDLE, to_do).await {
                    Ok(()) => session = Some(open),
                    Err(_) => open.quit().await,
                },
            }
            continue;
        };
        if lock(&context.board).is_low(&claim.practice_id) {
            context.low.notify_one();
        }
        let given_up = give_up.notified();
        let talk = hand_over(&context, &hello, &mut session, &claim);
        let (outcome, answer) = tokio::select! {
            ended = talk => ended,
            () = given_up => (given_up_outcome(&context), Answer::None),
        };
        {
            let mut board = lock(&context.board);
            board.over(&claim.mail_id, Instant::now());
        }
        // A place is free now, perhaps for another practice.
        context.to_do.notify_waiters();
        if session.as_ref().is_some_and(|s| s.sent() >= MAILS_EACH)
            && let Some(session) = session.take()
        {
            session.quit().await;
        }
        last_use = tokio::time::Instant::now();
        if to_writer.send(Ended { claim, outcome, answer }).await.is_err() {
            break;
        }
    }
    if let Some(session) = session {
        session.quit().await;
    }
}

/// The conversation hung and made room; its connection is closed.
fn given_up_outcome(context: &WorkerContext) -> SendOutcome {
    if context.stop.is_given() {
        return SendOutcome::PutBack;
    }
    SendOutcome::Deferred { code: String::new(), reason: "mail-reason-slow" }
}

/// Tries to hand one mail over, on the open conversation or a new one.
async fn hand_over(
    context: &Arc<WorkerContext>,
    hello: &str,
    session: &mut Option<Session>,
    claim: &Claim,
) -> (SendOutcome, Answer) {
    let message = match compose(context, claim) {
        Ok(message) => message,
        Err(Composing::Sender) => {
            context.pause(&Trouble::lane("the configured sender is not an e-mail address"));
            return (SendOutcome::PutBack, Answer::None);
        }
        Err(Composing::Unreadable(error)) => {
            // One mail that cannot be read must not stop the others.
            tracing::error!(mail = %claim.mail_id, error, "a mail in the outbox cannot be put together");
            let (code, reason) = (String::new(), "mail-reason-unreadable");
            return (SendOutcome::Undeliverable { code, reason, about: About::Message }, Answer::None);
        }
    };
    let return_path = names::return_path(&context.app, &claim.practice_id, &claim.mail_id);
    let mut fresh = false;
    loop {
        let mut open = match session.take() {
            Some(open) => open,
            None => {
                fresh = true;
                match context.relay.connect(hello).await {
                    Ok(open) => {
                        if context.server_answers() {
                            wake_those_who_waited(context).await;
                        }
                        open
                    }
                    Err(trouble) => return (no_conversation(context, trouble), Answer::None),
                }
            }
        };
        lock(&context.board).says_envelope(&claim.mail_id, Instant::now());
        let mut asked = Asked::Unknown;
        let wanted = async {
            asked = ask(context, claim).await;
            asked == Asked::Wanted && lock(&context.board).says_text(&claim.mail_id)
        };
        match open.hand_over(&return_path, &claim.recipient, &message, wanted).await {
            Ok(Handed::Over) => {
                *session = Some(open);
                return (SendOutcome::Sent, Answer::Accepted);
            }
            Ok(Handed::NotWanted) => {
                *session = Some(open);
                let outcome = match asked {
                    Asked::LinkOver => SendOutcome::LinkOver,
                    // It is not known whether it is wanted: it is not sent now.
                    Asked::Unknown => SendOutcome::PutBack,
                    Asked::Gone => SendOutcome::NotWanted,
                    // It was given up in this moment, to make room.
                    Asked::Wanted => given_up_outcome(context),
                };
                return (outcome, Answer::Accepted);
            }
            // A server may close a conversation that stood idle; that is no failure of this mail.
            Err(trouble) if trouble.kind == Kind::Stale && !fresh => {}
            Err(trouble) => {
                let is_over = matches!(trouble.kind, Kind::Stale | Kind::Broken);
                if !is_over && !trouble.said.starts_with("421") {
                    *session = Some(open);
                }
                return outcome_of(context, claim, trouble);
            }
        }
    }
}

fn no_conversation(context: &WorkerContext, trouble: Trouble) -> SendOutcome {
    if trouble.kind == Kind::Lane {
        context.pause(&trouble);
        return SendOutcome::PutBack;
    }
    context.server_unreachable(&trouble);
    SendOutcome::Deferred { code: trouble.code, reason: "mail-reason-unreachable" }
}

fn outcome_of(context: &WorkerContext, claim: &Claim, trouble: Trouble) -> (SendOutcome, Answer) {
    let Trouble { kind, code, reason, said } = trouble;
    let never = |about| SendOutcome::Undeliverable { code: code.clone(), reason, about };
    match kind {
        Kind::Lane => {
            context.pause(&Trouble { kind, code, reason, said });
            (SendOutcome::PutBack, Answer::None)
        }
        Kind::Unreachable | Kind::Stale | Kind::Broken | Kind::Later => {
            (SendOutcome::Deferred { code, reason }, Answer::None)
        }
        Kind::Mailbox => (never(About::Mailbox), Answer::Refused(same_words(&said))),
        Kind::Refused => (never(About::Unclear), Answer::Refused(same_words(&said))),
        Kind::Message => {
            tracing::error!(
                mail = %claim.mail_id,
                code,
                reason,
                "the mail server refuses a message for its content or its size"
            );
            let outcome = if claim.tries + 1 < TRIES_OF_CONTENT {
                SendOutcome::Deferred { code, reason }
            } else {
                never(About::Message)
            };
            (outcome, Answer::Refused(same_words(&said)))
        }
    }
}

async fn wake_those_who_waited(context: &WorkerContext) {
    if let Err(fault) = context.app.db.system_write(claims::server_is_back).await {
        tracing::warn!(error = fault.chain(), "deferred mail could not be made due");
    }
}

async fn ask(context: &WorkerContext, claim: &Claim) -> Asked {
    let scope = PracticeScope::for_worker(claim.practice_id.clone());
    let (mail, attempt, hooks) = (claim.mail_id.clone(), claim.attempt, context.app.mail_hooks);
    match context.app.db.read(&scope, move |c| claims::ask(c, &mail, attempt, &hooks)).await {
        Ok(asked) => asked,
        Err(fault) => {
            tracing::warn!(error = fault.chain(), "a mail's state could not be read before sending");
            Asked::Unknown
        }
    }
}

enum Composing {
    Sender,
    Unreadable(String),
}

fn compose(context: &WorkerContext, claim: &Claim) -> Result<Vec<u8>, Composing> {
    let unreadable = |e: &dyn std::fmt::Display| Composing::Unreadable(e.to_string());
    let sealed = claim.payload.as_deref().ok_or_else(|| unreadable(&"there is no payload"))?;
    let place = place(&claim.practice_id, &claim.mail_id);
    let words = context.app.keys.open(&place, sealed).map_err(|e| unreadable(&e))?;
    let body: MailBody = serde_json::from_slice(&words).map_err(|_| unreadable(&"not a mail's body"))?;
    let envelope = Envelope {
        sender: &context.app.settings.mail_sender,
        recipient: &claim.recipient,
        message_id: &claim.message_id,
        date: claim.created_at,
    };
    message::build(&body, envelope).map_err(|error| match error {
        MessageError::Sender => Composing::Sender,
        other => unreadable(&other),
    })
}

/// Writes outcomes down, as many as have come together in one transaction. Refusals wait until it is
/// plain whether they are about one recipient or about all.
async fn write_outcomes(context: Arc<WorkerContext>, mut ended: mpsc::Receiver<Ended>) {
    let mut batch = Vec::new();
    let mut streak = Streak::default();
    loop {
        let held_until = streak.next();
        let hold = async {
            match held_until {
                Some(until) => tokio::time::sleep_until(until.into()).await,
                None => std::future::pending().await,
            }
        };
        let received = tokio::select! {
            received = ended.recv_many(&mut batch, OUTCOMES) => Some(received),
            () = hold => None,
        };
        let mut outcomes = Vec::with_capacity(batch.len());
        for Ended { claim, outcome, answer } in batch.drain(..) {
            let Due { outcomes: due, pause } = match answer {
                Answer::Accepted => {
                    let mut due = streak.accepted();
                    due.outcomes.push((claim, outcome));
                    due
                }
                Answer::Refused(words) => streak.refused(claim, outcome, &words, Instant::now()),
                Answer::None => Due { outcomes: vec![(claim, outcome)], pause: false },
            };
            if pause {
                context.pause(&Trouble::lane("several recipients were refused in the same words"));
            }
            outcomes.extend(due);
        }
        outcomes.extend(match received {
            Some(0) => streak.rest(),
            _ => streak.ripe(Instant::now()),
        });
        if !outcomes.is_empty() {
            write_down(&context, outcomes).await;
        }
        if received == Some(0) {
            return;
        }
    }
}

type Outcomes = BTreeMap<PracticeId, Arc<[(Claim, SendOutcome)]>>;

async fn write_down(context: &WorkerContext, outcomes: Vec<(Claim, SendOutcome)>) {
    let mails: Vec<_> = outcomes.iter().map(|(claim, _)| claim.mail_id.clone()).collect();
    let mut by_practice: BTreeMap<PracticeId, Vec<(Claim, SendOutcome)>> = BTreeMap::new();
    for (claim, outcome) in outcomes {
        by_practice.entry(claim.practice_id.clone()).or_default().push((claim, outcome));
    }
    let all: Outcomes = by_practice.into_iter().map(|(practice, of)| (practice, of.into())).collect();
    match finish_in_time(context, &all).await {
        Ok(finished) => announce(context, finished),
        // One practice's rows must not keep the others' from being written.
        Err(fault) if all.len() > 1 => {
            tracing::warn!(error = fault.chain(), "outcomes are written practice by practice");
            for (practice, of) in all {
                write_alone(context, practice, of).await;
            }
        }
        Err(fault) => not_written(&fault, mails.len()),
    }
    let mut board = lock(&context.board);
    for mail in &mails {
        board.settled(mail);
    }
}

async fn write_alone(context: &WorkerContext, practice: PracticeId, of: Arc<[(Claim, SendOutcome)]>) {
    let count = of.len();
    match finish_in_time(context, &BTreeMap::from([(practice, of)])).await {
        Ok(finished) => announce(context, finished),
        Err(fault) => not_written(&fault, count),
    }
}

/// Tries again while the database is away or has too much to do: the mails stay in hand meanwhile, and one
/// whose hand-over is not written goes out twice.
async fn finish_in_time(
    context: &WorkerContext,
    outcomes: &Outcomes,
) -> Result<Vec<(PracticeId, Vec<Finished>)>, Fault> {
    for pause in FINISH_AGAIN {
        match finish(context, outcomes.clone()).await {
            Err(Fault::Busy(_) | Fault::Unavailable(_)) if !context.stop.is_given() => {
                tokio::time::sleep(pause).await;
            }
            done => return done,
        }
    }
    finish(context, outcomes.clone()).await
}

async fn finish(
    context: &WorkerContext,
    outcomes: Outcomes,
) -> Result<Vec<(PracticeId, Vec<Finished>)>, Fault> {
    let hooks = context.app.mail_hooks;
    let write = move |system: &mut System<'_>| {
        let mut finished = Vec::with_capacity(outcomes.len());
        // In the order of their ids, so that two processes cannot wait for each other's rows.
        for (practice, of) in &outcomes {
            let scope = PracticeScope::for_worker(practice.clone());
            finished.push((practice.clone(), claims::finish(&mut system.within(&scope), &hooks, of)?));
        }
        Ok(finished)
    };
    context.app.db.system_write(write).await
}

/// The lease runs out and the mails go once more, with the same Message-ID.
fn not_written(fault: &Fault, mails: usize) {
    tracing::error!(error = fault.chain(), mails, "what became of mails was not written");
}

/// Counters, and open pages.
fn announce(context: &WorkerContext, finished: Vec<(PracticeId, Vec<Finished>)>) {
    for (practice, finished) in finished {
        for one in finished {
            let name = match one.state {
                Delivery::Sent => "anteroom_mail_sent_total",
                Delivery::Deferred => "anteroom_mail_deferred_total",
                Delivery::Cancelled => "anteroom_mail_too_late_total",
                _ => "anteroom_mail_undeliverable_total",
            };
            metrics::counter!(name).increment(1);
            if let Some(chart) = &one.chart {
                context.app.live.chart_changed(&practice, chart);
            }
        }
    }
}

/// Ends conversations that hang while another practice waits, and all that hang once the process is to
/// stop.
async fn make_room(context: Arc<WorkerContext>) {
    loop {
        tokio::time::sleep(LOOK_FOR_HANGING).await;
        let mut board = lock(&context.board);
        if context.stop.is_given() {
            board.end_hung(Instant::now(), context.pace.patience);
        } else {
            board.make_room(Instant::now(), context.pace.patience);
        }
    }
}

/// Renews leases, and sets the gauges.
async fn keep_leases(context: Arc<WorkerContext>) {
    let mut renew = tokio::time::interval(context.pace.renew);
    let mut measure = tokio::time::interval(MEASURE);
    loop {
        tokio::select! {
            _ = renew.tick() => {
                let in_hand = lock(&context.board).in_hand();
                if in_hand.is_empty() {
                    continue;
                }
                if let Err(fault) = context.app.db.system_write(move |s| claims::renew(s, &in_hand)).await {
                    tracing::warn!(error = fault.chain(), "leases of mails in hand were not renewed");
                }
            }
            _ = measure.tick() => {
                if let Ok(depth) = context.app.db.system_read(claims::depth).await {
                    set_gauges(&context, &depth);
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and these are counts")]
fn set_gauges(context: &WorkerContext, depth: &claims::Depth) {
    for (state, count) in [("queued", depth.queued), ("sending", depth.sending), ("deferred", depth.deferred)]
    {
        metrics::gauge!("anteroom_outbox_mails", "state" => state).set(count as f64);
    }
    let age = depth.oldest.map_or(0, |oldest| context.app.now().seconds_since(oldest).max(0));
    metrics::gauge!("anteroom_outbox_oldest_seconds").set(age as f64);
}

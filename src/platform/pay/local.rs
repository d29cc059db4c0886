//! A payment provider on loopback that speaks Stripe's API: the demo's, and that of every test. It keeps everything in
//! memory, moves no money, and can be told to misbehave. Written from the public description of the API.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::http::{Asked, ask};
use super::signature::{HEADER, sign};
use super::stripe::VERSION;
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::money::{Currency, Money};
use crate::kernel::secrets::Secret;

/// The key that it takes.
pub const KEY: &str = "sk_test_local";
/// What signs its webhooks.
pub const HOOK_SECRET: &str = "whsec_local_0123456789abcdef";

/// A card that pays.
pub const PAYS: &str = "4242424242424242";
/// A card that is declined.
pub const DECLINED: &str = "4000000000000002";
/// A card whose refunds stay on their way.
pub const REFUND_WAITS: &str = "4000000000007726";
/// A card whose refunds fail later.
pub const REFUND_FAILS: &str = "4000000000005126";
/// A bank account, whose payment takes days.
pub const BANK: &str = "000123456789";

/// The parameters of a new session that are known; another one is refused, as Stripe does.
const KNOWN: [&str; 16] = [
    "mode",
    "payment_method_types[0]",
    "line_items[0][quantity]",
    "line_items[0][price_data][currency]",
    "line_items[0][price_data][unit_amount]",
    "line_items[0][price_data][product_data][name]",
    "client_reference_id",
    "metadata[payment]",
    "metadata[practice]",
    "payment_intent_data[metadata][payment]",
    "payment_intent_data[metadata][practice]",
    "adaptive_pricing[enabled]",
    "expires_at",
    "success_url",
    "cancel_url",
    "locale",
];

/// A way to misbehave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Does what is asked and hangs up before it answers, so many times.
    DropAnswer(usize),
    /// Answers this status and does nothing, so many times.
    Answer(u16, usize),
    /// Lets whoever asks wait until they hang up, once: before what is asked is done, or after.
    Wait(Done),
}

/// Was what is asked done?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Not yet.
    Not,
    /// It was.
    Already,
}

/// What becomes of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is sent at once.
    AtOnce,
    /// It waits until somebody sends it.
    Held,
}

#[derive(Clone)]
struct Kept {
    path: String,
    body: String,
    status: u16,
    answer: String,
}

struct Inner {
    sessions: BTreeMap<String, Value>,
    intents: BTreeMap<String, Value>,
    refunds: BTreeMap<String, Value>,
    disputes: BTreeMap<String, Value>,
    /// Oldest first.
    events: Vec<Value>,
    kept: BTreeMap<String, Kept>,
    /// The last number that was given to an object.
    number: i64,
    hook: Option<String>,
    delivery: Delivery,
    faults: Vec<Fault>,
    requests: Vec<String>,
    /// How many were let wait.
    waited: usize,
}

struct Shared {
    inner: Mutex<Inner>,
    clock: Arc<dyn Clock>,
    origin: String,
}

type Provider = Arc<Shared>;

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        self.clock.now().micros().div_euclid(1_000_000)
    }
}

impl Inner {
    fn name(&mut self, kind: &str) -> String {
        self.number += 1;
        format!("{kind}_{:014}", self.number)
    }

    fn note(&mut self, now: i64, kind: &str, object: &Value) {
        let id = self.name("evt");
        self.events.push(json!({
            "id": id, "object": "event", "type": kind, "created": now, "livemode": false, "api_version": VERSION,
            "data": { "object": object },
        }));
    }

    /// A session with its payment inside, as `expand` asks for.
    fn whole(&self, session: &Value) -> Value {
        let mut whole = session.clone();
        if let Some(intent) = session["payment_intent"].as_str().and_then(|id| self.intents.get(id)) {
            whole["payment_intent"] = intent.clone();
        }
        whole
    }

    /// Sessions end by the clock.
    fn expire(&mut self, now: i64) {
        let over = |session: &Value| {
            session["status"] == "open" && session["expires_at"].as_i64().is_some_and(|end| end <= now)
        };
        let ended: Vec<String> =
            self.sessions.iter().filter(|(_, session)| over(session)).map(|(id, _)| id.clone()).collect();
        for id in ended {
            self.close(&id, now);
        }
    }

    fn close(&mut self, id: &str, now: i64) {
        if let Some(session) = self.sessions.get_mut(id) {
            session["status"] = json!("expired");
            session["url"] = Value::Null;
            let session = session.clone();
            self.note(now, "checkout.session.expired", &session);
        }
    }

    /// The client pays with this number.
    fn pay(&mut self, id: &str, number: &str, now: i64) -> Result<(), &'static str> {
        let Some(session) = self.sessions.get(id).cloned() else { return Err("There is no such page.") };
        if session["status"] != "open" {
            return Err("This page is closed.");
        }
        if number == DECLINED {
            return Err("Your card was declined. Try another one.");
        }
        let is_bank = number == BANK;
        let is_card = number.len() >= 14 && number.bytes().all(|b| b.is_ascii_digit());
        if !is_bank && !is_card {
            return Err("This is not the number of a test card.");
        }
        let amount = session["amount_total"].clone();
        let (intent, charge) = (self.name("pi"), self.name("ch"));
        let last = number.get(number.len() - 4..).unwrap_or_default();
        self.intents.insert(
            intent.clone(),
            json!({
                "id": intent, "object": "payment_intent", "amount": amount, "currency": session["currency"],
                "amount_received": if is_bank { json!(0) } else { amount.clone() },
                "status": if is_bank { "processing" } else { "succeeded" }, "metadata": session["metadata"],
                "latest_charge": {
                    "id": charge, "object": "charge",
                    "payment_method_details": { "card": { "brand": "visa", "last4": last, "number_kind": number } },
                },
            }),
        );
        if let Some(session) = self.sessions.get_mut(id) {
            session["status"] = json!("complete");
            session["payment_status"] = json!(if is_bank { "unpaid" } else { "paid" });
            session["payment_intent"] = json!(intent);
            session["url"] = Value::Null;
            let session = session.clone();
            self.note(now, "checkout.session.completed", &session);
        }
        Ok(())
    }

    fn refunded(&self, intent: &str) -> i64 {
        self.refunds
            .values()
            .filter(|refund| refund["payment_intent"] == intent && refund["status"] != "failed")
            .filter_map(|refund| refund["amount"].as_i64())
            .sum()
    }

    fn refund(&mut self, fields: &BTreeMap<String, String>, now: i64) -> (u16, Value) {
        let intent = fields.get("payment_intent").cloned().unwrap_or_default();
        let Some(payment) = self.intents.get(&intent).cloned() else {
            return refused("resource_missing", "No such payment_intent");
        };
        let amount = fields.get("amount").and_then(|amount| amount.parse::<i64>().ok()).unwrap_or(0);
        let left = payment["amount_received"].as_i64().unwrap_or(0) - self.refunded(&intent);
        if amount <= 0 || amount > left {
            return refused("charge_already_refunded", "The refund is larger than what is left");
        }
        let number = &payment["latest_charge"]["payment_method_details"]["card"]["number_kind"];
        let status = if number == REFUND_WAITS { "pending" } else { "succeeded" };
        let id = self.name("re");
        let metadata: serde_json::Map<String, Value> = fields
            .iter()
            .filter_map(|(key, value)| {
                Some((key.strip_prefix("metadata[")?.strip_suffix(']')?.to_owned(), json!(value)))
            })
            .collect();
        let refund = json!({
            "id": id, "object": "refund", "amount": amount, "currency": payment["currency"],
            "payment_intent": intent, "status": status, "metadata": metadata, "failure_reason": null,
        });
        self.refunds.insert(id.clone(), refund.clone());
        self.note(now, "refund.created", &refund);
        if number == REFUND_FAILS {
            self.set_refund(&id, "failed", now);
        }
        (200, refund)
    }

    fn set_refund(&mut self, id: &str, status: &str, now: i64) {
        if let Some(refund) = self.refunds.get_mut(id) {
            refund["status"] = json!(status);
            let refund = refund.clone();
            self.note(now, if status == "failed" { "refund.failed" } else { "refund.updated" }, &refund);
        }
    }
}

fn refused(code: &str, message: &str) -> (u16, Value) {
    (400, json!({ "error": { "type": "invalid_request_error", "code": code, "message": message } }))
}

fn fields_of(body: &str) -> BTreeMap<String, String> {
    serde_html_form::from_str::<Vec<(String, String)>>(body).unwrap_or_default().into_iter().collect()
}

/// The running provider; it stops when dropped.
pub struct Local {
    shared: Provider,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Local {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Local {
    /// Listens on an address; port 0 takes a free one.
    pub async fn start(address: SocketAddr, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let inner = Inner {
            sessions: BTreeMap::new(),
            intents: BTreeMap::new(),
            refunds: BTreeMap::new(),
            disputes: BTreeMap::new(),
            events: Vec::new(),
            kept: BTreeMap::new(),
            // A provider that is started again forgets its objects, but gives none of their names a second time.
            number: clock.now().micros().div_euclid(1_000),
            hook: None,
            delivery: Delivery::Held,
            faults: Vec::new(),
            requests: Vec::new(),
            waited: 0,
        };
        let shared = Arc::new(Shared { inner: Mutex::new(inner), clock, origin });
        let router = router(shared.clone());
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "the local payment provider ended");
            }
        });
        Ok(Self { shared, serving })
    }

    /// Where its API is.
    pub fn origin(&self) -> &str {
        &self.shared.origin
    }

    /// Sends its webhooks to this address from now on.
    pub fn tell(&self, url: String, delivery: Delivery) {
        let mut inner = self.shared.lock();
        inner.hook = Some(url);
        inner.delivery = delivery;
    }

    /// Misbehaves in this way too, from now on.
    pub fn fault(&self, fault: Fault) {
        self.shared.lock().faults.push(fault);
    }

    /// How many who asked were let wait.
    pub fn waited(&self) -> usize {
        self.shared.lock().waited
    }

    /// Every request to its API: method, path and body.
    pub fn requests(&self) -> Vec<String> {
        self.shared.lock().requests.clone()
    }

    /// Every object that it keeps, as text.
    pub fn everything(&self) -> String {
        let inner = self.shared.lock();
        format!("{:?} {:?} {:?}", inner.sessions, inner.intents, inner.refunds)
    }

    /// What came in and went out, in the smallest unit.
    pub fn balance(&self) -> i64 {
        let inner = self.shared.lock();
        let came: i64 = inner.intents.values().filter_map(|intent| intent["amount_received"].as_i64()).sum();
        let out: i64 = inner.intents.keys().map(|intent| inner.refunded(intent)).sum();
        let disputed: i64 = inner
            .disputes
            .values()
            .flat_map(|dispute| dispute["balance_transactions"].as_array().into_iter().flatten())
            .map(|one| one["amount"].as_i64().unwrap_or(0) - one["fee"].as_i64().unwrap_or(0))
            .sum();
        came - out + disputed
    }

    /// How many payments succeeded.
    pub fn payments(&self) -> usize {
        self.shared.lock().intents.values().filter(|intent| intent["status"] == "succeeded").count()
    }

    /// How many refunds there are.
    pub fn refunds(&self) -> usize {
        self.shared.lock().refunds.len()
    }

    /// The sessions on which somebody may still pay.
    pub fn open_sessions(&self) -> Vec<String> {
        let mut inner = self.shared.lock();
        inner.expire(self.shared.now());
        let open = inner.sessions.iter().filter(|(_, session)| session["status"] == "open");
        open.map(|(id, _)| id.clone()).collect()
    }

    /// Somebody pays on a session with this number.
    pub fn pay(&self, session: &str, number: &str) -> Result<(), &'static str> {
        let now = self.shared.now();
        let mut inner = self.shared.lock();
        inner.expire(now);
        inner.pay(session, number, now)
    }

    /// The bank answers about the payment of a session that took days.
    pub fn bank_answers(&self, session: &str, is_paid: bool) {
        let now = self.shared.now();
        let mut inner = self.shared.lock();
        let Some(found) = inner.sessions.get_mut(session) else { return };
        if is_paid {
            found["payment_status"] = json!("paid");
        }
        let found = found.clone();
        if let Some(intent) = found["payment_intent"].as_str().and_then(|id| inner.intents.get_mut(id)) {
            intent["status"] = json!(if is_paid { "succeeded" } else { "requires_payment_method" });
            if is_paid {
                intent["amount_received"] = intent["amount"].clone();
            }
        }
        let kind = if is_paid { "async_payment_succeeded" } else { "async_payment_failed" };
        inner.note(now, &format!("checkout.session.{kind}"), &found);
    }

    /// What arrived of a session's payment is another amount than was asked for.
    pub fn receive(&self, session: &str, amount: i64) {
        let mut inner = self.shared.lock();
        let intent =
            inner.sessions.get(session).and_then(|s| s["payment_intent"].as_str()).map(str::to_owned);
        if let Some(intent) = intent.and_then(|id| inner.intents.get_mut(&id)) {
            intent["amount_received"] = json!(amount);
        }
    }

    /// Somebody refunds at the provider itself.
    pub fn refund_by_hand(&self, amount: i64) -> Option<String> {
        let now = self.shared.now();
        let mut inner = self.shared.lock();
        let intent = inner.intents.keys().next()?.clone();
        let fields = BTreeMap::from([
            ("payment_intent".to_owned(), intent),
            ("amount".to_owned(), amount.to_string()),
        ]);
        inner.refund(&fields, now).1["id"].as_str().map(str::to_owned)
    }

    /// The client's bank asks about the newest payment, or asks it back: `needs_response`, `warning_needs_response`.
    pub fn open_dispute(&self, status: &str) -> Option<String> {
        let now = self.shared.now();
        let mut inner = self.shared.lock();
        let intent = inner.intents.keys().next_back()?.clone();
        let payment = inner.intents.get(&intent)?.clone();
        let id = inner.name("dp");
        let dispute = json!({
            "id": id, "object": "dispute", "amount": payment["amount_received"], "currency": payment["currency"],
            "payment_intent": intent, "status": status, "evidence_details": { "due_by": now + 7 * 86_400 },
            "balance_transactions": [],
        });
        inner.disputes.insert(id.clone(), dispute.clone());
        inner.note(now, "charge.dispute.created", &dispute);
        drop(inner);
        if !status.starts_with("warning") {
            self.move_dispute(&id, status);
        }
        Some(id)
    }

    /// A dispute goes on: the provider takes the money out when it is asked back, and gives it back when it is won.
    pub fn move_dispute(&self, id: &str, status: &str) {
        let now = self.shared.now();
        let mut inner = self.shared.lock();
        let Some(dispute) = inner.disputes.get_mut(id) else { return };
        dispute["status"] = json!(status);
        let amount = dispute["amount"].as_i64().unwrap_or(0);
        let mut kind = "charge.dispute.updated";
        if let Some(moved) = dispute["balance_transactions"].as_array_mut() {
            match (status, moved.len()) {
                ("needs_response" | "under_review" | "lost", 0) => {
                    moved.push(json!({ "amount": -amount, "fee": 1_500 }));
                    kind = "charge.dispute.funds_withdrawn";
                }
                ("won", 1) => {
                    moved.push(json!({ "amount": amount, "fee": 0 }));
                    kind = "charge.dispute.funds_reinstated";
                }
                _ => {}
            }
        }
        let dispute = dispute.clone();
        inner.note(now, kind, &dispute);
        if matches!(status, "won" | "lost" | "warning_closed") {
            inner.note(now, "charge.dispute.closed", &dispute);
        }
    }

    /// A refund comes to its end.
    pub fn finish_refund(&self, status: &str) {
        let now = self.shared.now();
        let mut inner = self.shared.lock();
        if let Some(id) = inner.refunds.keys().next_back().cloned() {
            inner.set_refund(&id, status, now);
        }
    }

    /// The webhooks that were made, the oldest first, as their bodies.
    pub fn events(&self) -> Vec<String> {
        self.shared.lock().events.iter().map(Value::to_string).collect()
    }

    /// Sends one webhook, signed now; gives the status of the answer.
    pub async fn send(&self, body: &str) -> Option<u16> {
        self.send_signed(body, &[Secret::new(HOOK_SECRET.to_owned())], self.shared.clock.now()).await
    }

    /// Sends one webhook, signed with these secrets at this time.
    pub async fn send_signed(&self, body: &str, secrets: &[Secret], at: Timestamp) -> Option<u16> {
        let url = self.shared.lock().hook.clone()?;
        deliver(url, sign(secrets, at, body.as_bytes()), body.to_owned()).await
    }
}

async fn deliver(url: String, signature: String, body: String) -> Option<u16> {
    let headers = [(HEADER, signature), ("content-type", "application/json".to_owned())];
    let asked = Asked { method: Method::POST, url, headers: &headers, body };
    ask(asked).await.ok().map(|answered| answered.status)
}

/// Sends what was not sent yet, where it is sent at once.
fn deliver_new(provider: &Provider, from: usize) {
    let inner = provider.lock();
    let (Some(url), Delivery::AtOnce) = (inner.hook.clone(), inner.delivery) else { return };
    let bodies: Vec<String> = inner.events.iter().skip(from).map(Value::to_string).collect();
    let now = provider.clock.now();
    tokio::spawn(async move {
        for body in bodies {
            let signature = sign(&[Secret::new(HOOK_SECRET.to_owned())], now, body.as_bytes());
            deliver(url.clone(), signature, body).await;
        }
    });
}

fn router(provider: Provider) -> Router {
    Router::new()
        .route("/c/pay/{session}", get(page).post(paid))
        .route("/v1/checkout/sessions", get(list).post(api))
        .route("/v1/checkout/sessions/{session}", get(session))
        .route("/v1/checkout/sessions/{session}/expire", post(api))
        .route("/v1/refunds", post(api))
        .route("/v1/refunds/{refund}", get(refund))
        .route("/v1/disputes/{dispute}", get(dispute))
        .route("/v1/events", get(events))
        .with_state(provider)
}

fn reply(status: u16, json: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
}

/// Who does not bring the key, or names no version, is refused.
fn is_let_in(headers: &HeaderMap) -> bool {
    let of = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    of("authorization") == format!("Bearer {KEY}") && !of("stripe-version").is_empty()
}

/// Notes a request; `Some` is the answer of a fault.
fn misbehave(provider: &Provider, request: String) -> Option<u16> {
    let mut inner = provider.lock();
    inner.requests.push(request);
    for fault in &mut inner.faults {
        if let Fault::Answer(status, left) = fault
            && *left > 0
        {
            *left -= 1;
            return Some(*status);
        }
    }
    None
}

/// Is the answer to be lost?
fn drops_answer(provider: &Provider) -> bool {
    let mut inner = provider.lock();
    let found = inner.faults.iter_mut().find_map(|fault| match fault {
        Fault::DropAnswer(left) if *left > 0 => Some(left),
        _ => None,
    });
    found.map(|left| *left -= 1).is_some()
}

/// Lets a request wait for ever where it is to; it ends when whoever asks hangs up.
async fn wait(provider: &Provider, done: Done) {
    let waits = {
        let mut inner = provider.lock();
        let found = inner.faults.iter().position(|fault| *fault == Fault::Wait(done));
        if let Some(found) = found {
            inner.faults.remove(found);
            inner.waited += 1;
        }
        found.is_some()
    };
    if waits {
        std::future::pending::<()>().await;
    }
}

/// What changes something: each key is carried out once, and its answer kept.
async fn api(State(provider): State<Provider>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 * 1024).await.unwrap_or_default();
    let (path, body) = (parts.uri.path().to_owned(), String::from_utf8_lossy(&body).into_owned());
    if let Some(status) = misbehave(&provider, format!("POST {path} {body}")) {
        return reply(status, json!({ "error": { "type": "api_error" } }).to_string());
    }
    if !is_let_in(&parts.headers) {
        return reply(401, json!({ "error": { "type": "invalid_request_error" } }).to_string());
    }
    wait(&provider, Done::Not).await;
    let key = parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    let now = provider.now();
    let (status, answer, from) = {
        let mut inner = provider.lock();
        inner.expire(now);
        let from = inner.events.len();
        if let Some(kept) = inner.kept.get(key).cloned() {
            if kept.path != path || kept.body != body {
                return reply(400, json!({ "error": { "type": "idempotency_error" } }).to_string());
            }
            (kept.status, kept.answer, from)
        } else {
            let (status, answer) = act(&mut inner, &provider.origin, &path, &body, now);
            let answer = answer.to_string();
            if status < 400 && !key.is_empty() {
                inner.kept.insert(key.to_owned(), Kept { path, body, status, answer: answer.clone() });
            }
            (status, answer, from)
        }
    };
    deliver_new(&provider, from);
    wait(&provider, Done::Already).await;
    if drops_answer(&provider) {
        // An answer that ends before its length is as good as none.
        let cut = Bytes::from(answer.get(..answer.len() / 2).unwrap_or_default().to_owned());
        return (StatusCode::OK, cut).into_response();
    }
    reply(status, answer)
}

fn act(inner: &mut Inner, origin: &str, path: &str, body: &str, now: i64) -> (u16, Value) {
    let fields = fields_of(body);
    if path == "/v1/refunds" {
        return inner.refund(&fields, now);
    }
    if let Some(id) =
        path.strip_prefix("/v1/checkout/sessions/").and_then(|rest| rest.strip_suffix("/expire"))
    {
        return match inner.sessions.get(id) {
            None => (404, json!({ "error": { "code": "resource_missing" } })),
            Some(session) if session["status"] != "open" => refused("", "Only open sessions can be expired"),
            Some(_) => {
                inner.close(id, now);
                (200, inner.sessions.get(id).cloned().unwrap_or_default())
            }
        };
    }
    if let Some(unknown) = fields.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return refused("parameter_unknown", &format!("Received unknown parameter: {unknown}"));
    }
    let of = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let amount = of("line_items[0][price_data][unit_amount]").parse::<i64>().unwrap_or(0);
    let expires_at = of("expires_at").parse::<i64>().unwrap_or(0);
    if amount < 50 {
        return refused("amount_too_small", "Amount must be at least 50");
    }
    if !(now + 30 * 60..=now + 24 * 3_600).contains(&expires_at) {
        return refused("parameter_invalid_integer", "expires_at must be 30 minutes to 24 hours from now");
    }
    let id = inner.name("cs_test");
    let session = json!({
        "id": id, "object": "checkout.session", "mode": "payment", "status": "open", "payment_status": "unpaid",
        "amount_total": amount, "currency": of("line_items[0][price_data][currency]"), "payment_intent": null,
        "client_reference_id": of("client_reference_id"), "expires_at": expires_at, "livemode": false,
        "metadata": { "payment": of("metadata[payment]"), "practice": of("metadata[practice]") },
        "success_url": of("success_url"), "cancel_url": of("cancel_url"), "url": format!("{origin}/c/pay/{id}"),
        "line": of("line_items[0][price_data][product_data][name]"),
    });
    inner.sessions.insert(id, session.clone());
    (200, session)
}

/// A read, unless a fault or a wrong key is in the way.
fn read(
    provider: &Provider,
    headers: &HeaderMap,
    path: &str,
    read: impl FnOnce(&mut Inner) -> Option<Value>,
) -> Response {
    if let Some(status) = misbehave(provider, format!("GET {path}")) {
        return reply(status, json!({ "error": { "type": "api_error" } }).to_string());
    }
    if !is_let_in(headers) {
        return reply(401, json!({ "error": { "type": "invalid_request_error" } }).to_string());
    }
    let now = provider.now();
    let mut inner = provider.lock();
    inner.expire(now);
    match read(&mut inner) {
        Some(found) => reply(200, found.to_string()),
        None => reply(404, json!({ "error": { "code": "resource_missing" } }).to_string()),
    }
}

async fn session(State(p): State<Provider>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    wait(&p, Done::Not).await;
    read(&p, &headers, &format!("/v1/checkout/sessions/{id}"), |inner| {
        inner.sessions.get(&id).map(|session| inner.whole(session))
    })
}

async fn refund(State(p): State<Provider>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    read(&p, &headers, &format!("/v1/refunds/{id}"), |inner| inner.refunds.get(&id).cloned())
}

async fn dispute(State(p): State<Provider>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    read(&p, &headers, &format!("/v1/disputes/{id}"), |inner| inner.disputes.get(&id).cloned())
}

fn page_of(found: Vec<Value>, query: &[(String, String)]) -> Value {
    let of = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let most = of("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10usize);
    let begin = match of("starting_after") {
        Some(after) => {
            found.iter().position(|one| one["id"] == after.as_str()).map_or(found.len(), |at| at + 1)
        }
        None => 0,
    };
    let data: Vec<Value> = found.iter().skip(begin).take(most).cloned().collect();
    json!({ "object": "list", "has_more": found.len() > begin + data.len(), "data": data })
}

fn query_of(raw: Option<String>) -> Vec<(String, String)> {
    serde_html_form::from_str(raw.as_deref().unwrap_or_default()).unwrap_or_default()
}

async fn list(State(p): State<Provider>, headers: HeaderMap, RawQuery(raw): RawQuery) -> Response {
    read(&p, &headers, "/v1/checkout/sessions", |inner| {
        Some(page_of(inner.sessions.values().rev().cloned().collect(), &query_of(raw)))
    })
}

async fn events(State(p): State<Provider>, headers: HeaderMap, RawQuery(raw): RawQuery) -> Response {
    read(&p, &headers, "/v1/events", |inner| {
        let query = query_of(raw);
        let since = query.iter().find(|(key, _)| key == "created[gte]").and_then(|(_, v)| v.parse().ok());
        let types: Vec<&str> =
            query.iter().filter(|(key, _)| key == "types[]").map(|(_, value)| value.as_str()).collect();
        let wanted = |event: &&Value| {
            let is_late = event["created"].as_i64() >= since;
            is_late && event["type"].as_str().is_some_and(|kind| types.is_empty() || types.contains(&kind))
        };
        let found: Vec<Value> = inner.events.iter().rev().filter(wanted).cloned().collect();
        Some(page_of(found, &query))
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// The page on which a client pays: a form that works without scripts.
async fn page(State(p): State<Provider>, Path(id): Path<String>) -> Response {
    let now = p.now();
    let mut inner = p.lock();
    inner.expire(now);
    match inner.sessions.get(&id) {
        Some(session) if session["status"] == "open" => Html(form_page(session, "")).into_response(),
        // Stripe's own page for a session that is over reads like a success.
        Some(_) => {
            Html(shell("<h1>All done</h1><p>You did it. You can close this page.</p>")).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn shell(inner: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Test payment</title><main>{inner}</main></html>"
    )
}

fn form_page(session: &Value, trouble: &str) -> String {
    let text = |name: &str| escaped(session[name].as_str().unwrap_or_default());
    let minor = session["amount_total"].as_i64().unwrap_or(0);
    let currency = text("currency").to_uppercase();
    let amount = match currency.parse::<Currency>() {
        Ok(currency) => Money::new(minor, currency).to_string(),
        Err(_) => format!("{minor} {currency}"),
    };
    let trouble = if trouble.is_empty() { String::new() } else { format!("<p role=\"alert\">{trouble}</p>") };
    shell(&format!(
        "<h1>Test payment page</h1><p>No money moves here.</p><p>{}: {amount}</p>{trouble}\
         <form method=\"post\" action=\"/c/pay/{}\"><p><label for=\"card\">Number of a test card</label> \
         <input id=\"card\" name=\"card\" inputmode=\"numeric\" autocomplete=\"off\" value=\"{PAYS}\"></p>\
         <p><button>Pay</button></p></form><p><a href=\"{}\">Back without paying</a></p>\
         <p>{DECLINED} is declined, {BANK} takes days.</p>",
        text("line"),
        text("id"),
        text("cancel_url"),
    ))
}

async fn paid(State(p): State<Provider>, Path(id): Path<String>, body: String) -> Response {
    let fields = fields_of(&body);
    let number: String = fields
        .get("card")
        .map(|card| card.chars().filter(|c| !c.is_whitespace()).collect())
        .unwrap_or_default();
    let now = p.now();
    let (from, outcome, session) = {
        let mut inner = p.lock();
        inner.expire(now);
        let from = inner.events.len();
        let outcome = inner.pay(&id, &number, now);
        (from, outcome, inner.sessions.get(&id).cloned())
    };
    deliver_new(&p, from);
    let Some(session) = session else { return StatusCode::NOT_FOUND.into_response() };
    match outcome {
        Ok(()) => {
            let back = session["success_url"].as_str().unwrap_or_default().to_owned();
            (StatusCode::SEE_OTHER, [(header::LOCATION, back)]).into_response()
        }
        Err(trouble) => Html(form_page(&session, trouble)).into_response(),
    }
}

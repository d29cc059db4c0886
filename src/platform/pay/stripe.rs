//! Stripe's API, as far as it is used: hosted Checkout, refunds, events. The version is fixed, and what a webhook
//! says is asked for again at this version, so that a newer one changes nothing here.

use axum::http::Method;
use serde_json::Value;

use super::http::{Answered, Asked, ask};
use super::provider::{
    Account, Answer, Call, Checkout, CheckoutStatus, Dispute, DisputeStatus, EventPage, Live, Looked, Mode,
    NewCheckout, NewRefund, PayProvider, ProviderEvent, Refund, RefundStatus, Trouble,
};
use crate::kernel::clock::Timestamp;
use crate::kernel::money::{Currency, Money};

/// Where Stripe's API is.
pub const REAL_ORIGIN: &str = "https://api.stripe.com";
/// The version that every request names.
pub(super) const VERSION: &str = "2025-09-30.clover";
/// The kinds of events that matter here; others are left alone.
pub(super) const KINDS: [&str; 12] = [
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
];
/// What comes with a payment page that is looked at: the payment, and the card's last digits.
const WITH: &str = "expand%5B%5D=payment_intent.latest_charge";

/// The API at an origin.
#[derive(Clone, Debug)]
pub struct Stripe {
    origin: String,
}

impl Stripe {
    /// At this origin, without a slash at the end.
    pub fn at(origin: &str) -> Self {
        Self { origin: origin.to_owned() }
    }

    async fn ask(
        &self,
        account: &Account,
        method: Method,
        path: &str,
        body: &str,
        key: Option<&str>,
    ) -> Result<Value, Trouble> {
        let mut headers = vec![
            ("authorization", format!("Bearer {}", account.key.reveal())),
            ("stripe-version", VERSION.to_owned()),
        ];
        if method == Method::POST {
            headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
        }
        headers.extend(key.map(|key| ("idempotency-key", key.to_owned())));
        let url = format!("{}{path}", self.origin);
        let asked = Asked { method, url, headers: &headers, body: body.to_owned() };
        read(ask(asked).await.map_err(Trouble::NotAnswered)?)
    }
}

/// The answer's JSON, or why there is none.
fn read(answered: Answered) -> Result<Value, Trouble> {
    let json: Option<Value> = serde_json::from_slice(&answered.body).ok();
    let error = json.as_ref().map(|json| &json["error"]);
    let said = |name: &str| error.and_then(|error| error[name].as_str()).unwrap_or_default();
    match answered.status {
        200..=299 => json.ok_or_else(|| Trouble::NotAnswered("the answer is no JSON".to_owned())),
        401 | 403 => Err(Trouble::Key),
        404 => Err(Trouble::NotThere),
        409 | 429 | 500.. => Err(Trouble::NotAnswered(format!("status {}", answered.status))),
        status => {
            // The same key with another body: a mistake of ours, which nothing repairs by itself.
            if said("type") == "idempotency_error" {
                tracing::error!(status, "the payment provider was given one key for two calls");
            }
            // The code alone: the sentence may hold what somebody typed.
            Err(Trouble::Refused(format!("{status} {}", said("code"))))
        }
    }
}

/// Currencies that Stripe counts in hundredths although they have no smaller unit any more.
const IN_HUNDREDTHS: [&str; 2] = ["ISK", "UGX"];

fn units(money: Money) -> i64 {
    if IN_HUNDREDTHS.contains(&money.currency.code()) { money.minor.saturating_mul(100) } else { money.minor }
}

fn money(units: Option<i64>, code: &Value) -> Option<Money> {
    let currency: Currency = code.as_str()?.to_ascii_uppercase().parse().ok()?;
    let units = units?;
    let minor = if IN_HUNDREDTHS.contains(&currency.code()) { units / 100 } else { units };
    Some(Money::new(minor, currency))
}

/// Form fields, encoded in their order.
fn form(fields: &[(&str, String)]) -> String {
    serde_html_form::to_string(fields).unwrap_or_default()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The name of an object that stands there by its name or whole.
fn name(value: &Value) -> Option<String> {
    text(value).or_else(|| text(&value["id"]))
}

fn checkout(json: &Value) -> Option<Checkout> {
    let intent = &json["payment_intent"];
    let received = intent["amount_received"].as_i64().filter(|amount| *amount > 0);
    let paid = money(received.or_else(|| json["amount_total"].as_i64()), &json["currency"]);
    let is_paid = json["payment_status"] == "paid" || intent["status"] == "succeeded";
    let status = match (json["status"].as_str(), intent["status"].as_str()) {
        _ if is_paid => CheckoutStatus::Paid(paid?),
        (Some("expired"), _) => CheckoutStatus::Expired,
        (Some("complete"), Some("canceled" | "requires_payment_method")) => CheckoutStatus::Failed,
        (Some("complete"), _) => CheckoutStatus::Processing,
        _ => CheckoutStatus::Open,
    };
    let card = &intent["latest_charge"]["payment_method_details"]["card"];
    Some(Checkout {
        id: text(&json["id"])?,
        payment: text(&json["metadata"]["payment"]),
        practice: text(&json["metadata"]["practice"]),
        intent: name(intent),
        url: text(&json["url"]),
        status,
        card: text(&card["last4"]),
    })
}

fn refund(json: &Value) -> Option<Refund> {
    Some(Refund {
        id: text(&json["id"])?,
        refund: text(&json["metadata"]["refund"]),
        intent: name(&json["payment_intent"]),
        amount: money(json["amount"].as_i64(), &json["currency"])?,
        status: match json["status"].as_str() {
            Some("succeeded") => RefundStatus::Succeeded,
            Some("failed" | "canceled") => RefundStatus::Failed,
            _ => RefundStatus::Pending,
        },
    })
}

fn dispute(json: &Value) -> Option<Dispute> {
    let moved = json["balance_transactions"].as_array().into_iter().flatten();
    let (mut withdrawn, mut fee) = (0i64, 0i64);
    for one in moved {
        withdrawn -= one["amount"].as_i64().unwrap_or(0);
        fee += one["fee"].as_i64().unwrap_or(0);
    }
    let due = json["evidence_details"]["due_by"].as_i64().and_then(|due| due.checked_mul(1_000_000));
    Some(Dispute {
        id: text(&json["id"])?,
        intent: name(&json["payment_intent"]),
        amount: money(json["amount"].as_i64(), &json["currency"])?,
        status: match json["status"].as_str() {
            Some("won") => DisputeStatus::Won,
            Some("lost") => DisputeStatus::Lost,
            Some("warning_closed" | "prevented") => DisputeStatus::Closed,
            Some("warning_needs_response" | "warning_under_review") => DisputeStatus::Inquiry,
            // A word that is new: as long as money is out, somebody must look.
            _ => DisputeStatus::Open,
        },
        withdrawn: money(Some(withdrawn), &json["currency"])?.minor,
        fee: money(Some(fee), &json["currency"])?.minor,
        due_at: due.map(Timestamp::from_micros),
    })
}

fn looked(json: &Value) -> Result<Looked, Trouble> {
    let read = match json["object"].as_str() {
        Some("checkout.session") => checkout(json).map(Looked::Checkout),
        Some("refund") => refund(json).map(Looked::Refund),
        Some("dispute") => dispute(json).map(Looked::Dispute),
        _ => None,
    };
    read.ok_or_else(|| Trouble::NotAnswered("the answer is of another kind".to_owned()))
}

fn event(json: &Value) -> Option<ProviderEvent> {
    Some(ProviderEvent {
        id: text(&json["id"])?,
        kind: text(&json["type"])?,
        object: text(&json["data"]["object"]["id"]).unwrap_or_default(),
        created_at: Timestamp::from_micros(json["created"].as_i64()?.checked_mul(1_000_000)?),
        live: Live(if json["livemode"].as_bool()? { Mode::Live } else { Mode::Test }),
    })
}

/// A name of Stripe's that goes into a path.
fn is_plain(name: &str) -> bool {
    name.len() <= 255 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl PayProvider for Stripe {
    fn is_real(&self) -> bool {
        self.origin == REAL_ORIGIN
    }

    fn mode_of(&self, key: &str) -> Option<Mode> {
        let is_key = key.len() <= 255 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let rest = key.strip_prefix("sk_").or_else(|| key.strip_prefix("rk_")).filter(|_| is_key)?;
        match rest.split_once('_') {
            Some(("test", rest)) if !rest.is_empty() => Some(Mode::Test),
            Some(("live", rest)) if !rest.is_empty() => Some(Mode::Live),
            _ => None,
        }
    }

    fn is_hook_secret(&self, text: &str) -> bool {
        (24..=255).contains(&text.len())
            && text.starts_with("whsec_")
            && text.bytes().all(|b| b.is_ascii_graphic())
    }

    fn checkout(&self, new: &NewCheckout<'_>) -> Call {
        // The client's name, address, or what was done for them never stand here.
        let body = form(&[
            ("mode", "payment".to_owned()),
            ("payment_method_types[0]", "card".to_owned()),
            ("line_items[0][quantity]", "1".to_owned()),
            ("line_items[0][price_data][currency]", new.amount.currency.code().to_ascii_lowercase()),
            ("line_items[0][price_data][unit_amount]", units(new.amount).to_string()),
            ("line_items[0][price_data][product_data][name]", new.line.clone()),
            ("client_reference_id", new.payment.clone()),
            ("metadata[payment]", new.payment.clone()),
            ("metadata[practice]", new.practice.clone()),
            // The payment has no row there before somebody pays, so it is told once more for it.
            ("payment_intent_data[metadata][payment]", new.payment.clone()),
            ("payment_intent_data[metadata][practice]", new.practice.clone()),
            ("adaptive_pricing[enabled]", "false".to_owned()),
            ("expires_at", new.expires_at.micros().div_euclid(1_000_000).to_string()),
            ("success_url", new.back_to.clone()),
            ("cancel_url", new.back_to.clone()),
            ("locale", new.language.to_owned()),
        ]);
        Call { path: "/v1/checkout/sessions".to_owned(), body }
    }

    fn expire(&self, session: &str) -> Call {
        Call { path: format!("/v1/checkout/sessions/{session}/expire"), body: String::new() }
    }

    fn refund(&self, new: &NewRefund<'_>) -> Call {
        let body = form(&[
            ("payment_intent", new.intent.to_owned()),
            ("amount", units(new.amount).to_string()),
            ("metadata[refund]", new.refund.clone()),
            ("metadata[practice]", new.practice.clone()),
        ]);
        Call { path: "/v1/refunds".to_owned(), body }
    }

    fn send<'a>(&'a self, account: &'a Account, key: &'a str, call: &'a Call) -> Answer<'a, Looked> {
        Box::pin(
            async move { looked(&self.ask(account, Method::POST, &call.path, &call.body, Some(key)).await?) },
        )
    }

    fn look<'a>(&'a self, account: &'a Account, object: &'a str) -> Answer<'a, Looked> {
        Box::pin(async move {
            let path = match object.split_once('_') {
                _ if !is_plain(object) => return Err(Trouble::NotThere),
                Some(("cs", _)) => format!("/v1/checkout/sessions/{object}?{WITH}"),
                Some(("re" | "pyr", _)) => format!("/v1/refunds/{object}"),
                Some(("dp" | "du", _)) => format!("/v1/disputes/{object}"),
                _ => return Err(Trouble::NotThere),
            };
            looked(&self.ask(account, Method::GET, &path, "", None).await?)
        })
    }

    fn events<'a>(
        &'a self,
        account: &'a Account,
        since: Timestamp,
        after: Option<&'a str>,
    ) -> Answer<'a, EventPage> {
        Box::pin(async move {
            let mut fields = vec![
                ("limit", "100".to_owned()),
                ("created[gte]", since.micros().div_euclid(1_000_000).to_string()),
            ];
            fields.extend(KINDS.map(|kind| ("types[]", kind.to_owned())));
            fields.extend(after.map(|after| ("starting_after", after.to_owned())));
            let json =
                self.ask(account, Method::GET, &format!("/v1/events?{}", form(&fields)), "", None).await?;
            let events: Vec<ProviderEvent> =
                json["data"].as_array().into_iter().flatten().filter_map(event).collect();
            let has_more = json["has_more"].as_bool().unwrap_or(false);
            let next = events.last().filter(|_| has_more).map(|event| event.id.clone());
            Ok(EventPage { events, next })
        })
    }

    fn check<'a>(&'a self, account: &'a Account) -> Answer<'a, ()> {
        Box::pin(async move {
            self.ask(account, Method::GET, "/v1/checkout/sessions?limit=1", "", None).await.map(drop)
        })
    }

    fn read_event(&self, body: &[u8]) -> Option<ProviderEvent> {
        event(&serde_json::from_slice(body).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn case_37_what_we_do_not_know_in_an_answer_is_left_alone() {
        let open = json!({
            "id": "cs_test_1", "object": "checkout.session", "status": "open", "payment_status": "unpaid",
            "amount_total": 5_000, "currency": "usd", "payment_intent": null, "url": "https://pay.example/1",
            "metadata": { "payment": "p", "practice": "r" }, "something_new": { "deep": [1, 2] },
        });
        let read = |json: &Value| match looked(json) {
            Ok(Looked::Checkout(checkout)) => checkout.status,
            other => panic!("{other:?}"),
        };
        assert_eq!(read(&open), CheckoutStatus::Open);
        let with = |changes: Value| {
            let mut json = open.clone();
            for (key, value) in changes.as_object().unwrap() {
                json[key] = value.clone();
            }
            read(&json)
        };
        let usd = |minor| CheckoutStatus::Paid(Money::new(minor, Currency::USD));
        assert_eq!(with(json!({ "status": "a_new_word" })), CheckoutStatus::Open);
        assert_eq!(with(json!({ "status": "expired" })), CheckoutStatus::Expired);
        assert_eq!(with(json!({ "status": "complete" })), CheckoutStatus::Processing);
        assert_eq!(with(json!({ "status": "complete", "payment_status": "paid" })), usd(5_000));
        let intent = |status: &str| json!({ "id": "pi_1", "status": status, "amount_received": 0 });
        let complete = |status: &str| with(json!({ "status": "complete", "payment_intent": intent(status) }));
        assert_eq!(complete("processing"), CheckoutStatus::Processing);
        assert_eq!(complete("a_new_word"), CheckoutStatus::Processing);
        assert_eq!(complete("requires_payment_method"), CheckoutStatus::Failed);
        assert_eq!(complete("succeeded"), usd(5_000));
        let more = json!({ "status": "complete", "payment_status": "paid",
            "payment_intent": { "id": "pi_1", "status": "succeeded", "amount_received": 4_999 } });
        assert_eq!(with(more), usd(4_999), "what arrived counts, not what was asked for");
        let refund = json!({ "id": "re_1", "object": "refund", "status": "a_new_word", "amount": 500,
            "currency": "jpy", "payment_intent": "pi_1", "metadata": null });
        let Ok(Looked::Refund(refund)) = looked(&refund) else { panic!() };
        assert_eq!((refund.status, refund.amount.minor, refund.refund), (RefundStatus::Pending, 500, None));
        let asked = json!({ "id": "dp_1", "object": "dispute", "status": "needs_response", "amount": 12_000,
            "currency": "usd", "payment_intent": "pi_1", "evidence_details": { "due_by": 1_800_000_000 },
            "balance_transactions": [{ "amount": -12_000, "fee": 1_500 }] });
        let Ok(Looked::Dispute(asked)) = looked(&asked) else { panic!() };
        assert_eq!((asked.status, asked.withdrawn, asked.fee), (DisputeStatus::Open, 12_000, 1_500));
        let given_back = json!({ "id": "dp_1", "object": "dispute", "status": "won", "amount": 12_000,
            "currency": "usd", "payment_intent": "pi_1",
            "balance_transactions": [{ "amount": -12_000, "fee": 1_500 }, { "amount": 12_000, "fee": -1_500 }] });
        let Ok(Looked::Dispute(kept)) = looked(&given_back) else { panic!() };
        assert_eq!((kept.status, kept.withdrawn, kept.fee, kept.due_at), (DisputeStatus::Won, 0, 0, None));
        assert!(looked(&json!({ "object": "list", "data": [] })).is_err());
    }

    #[test]
    fn case_11_each_currency_is_told_in_the_providers_own_units() {
        let shown = |minor, code: &str| units(Money::new(minor, code.parse().unwrap()));
        assert_eq!((shown(500, "JPY"), shown(15_050, "USD"), shown(1_500, "KWD")), (500, 15_050, 1_500));
        assert_eq!(shown(500, "ISK"), 50_000);
        assert_eq!(money(Some(50_000), &json!("isk")).unwrap().minor, 500);
    }

    #[test]
    fn keys_and_secrets_are_told_apart_from_other_texts() {
        let stripe = Stripe::at(REAL_ORIGIN);
        assert_eq!(stripe.mode_of("sk_test_51abc"), Some(Mode::Test));
        assert_eq!(stripe.mode_of("rk_live_51abc"), Some(Mode::Live));
        for none in ["", "pk_test_51abc", "sk_51abc", "sk_test_", "sk_test_a b", "sk_test_a\u{e9}"] {
            assert_eq!(stripe.mode_of(none), None, "{none}");
        }
        assert!(stripe.is_hook_secret("whsec_0123456789abcdefghij"));
        assert!(
            !stripe.is_hook_secret("whsec_short") && !stripe.is_hook_secret("0123456789abcdefghijklmnop")
        );
        assert!(stripe.is_real() && !Stripe::at("http://127.0.0.1:1").is_real());
    }
}

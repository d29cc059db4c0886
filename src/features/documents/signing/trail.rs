//! Writes what happens to a request: its event in the chain, and the audit event that names the same hash, so that the
//! practice's audit trail anchors the chain (AUD-02).

use serde_json::{Map, Value, json};

use crate::features::documents::audit::DocumentAction;
use crate::features::documents::signing::evidence;
use crate::features::documents::signing::store::{self, EventRow, Request, Signer};
use crate::features::documents::store::Document;
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::word_enum;

word_enum! {
    /// What happens to a request.
    pub enum Happening {
        /// It was sent to its signers.
        Sent = "sent",
        /// A signer opened the document while it was their turn.
        Opened = "opened",
        /// A signer signed.
        Signed = "signed",
        /// A signer refused.
        Refused = "refused",
        /// Somebody else was put in a signer's place.
        Replaced = "replaced",
        /// The deadline was set later.
        Extended = "extended",
        /// Those whose turn it is were reminded.
        Reminded = "reminded",
        /// The practice canceled it, or withdrew the document.
        Canceled = "canceled",
        /// The last signature is there.
        Completed = "completed",
    }
}

impl Happening {
    fn action(self) -> DocumentAction {
        match self {
            Self::Sent => DocumentAction::SigningSent,
            Self::Opened => DocumentAction::SigningOpened,
            Self::Signed => DocumentAction::Signed,
            Self::Refused => DocumentAction::SigningRefused,
            Self::Replaced => DocumentAction::SignerReplaced,
            Self::Extended => DocumentAction::SigningExtended,
            Self::Reminded => DocumentAction::SigningReminded,
            Self::Canceled => DocumentAction::SigningCanceled,
            Self::Completed => DocumentAction::SigningCompleted,
        }
    }
}

/// A moment as evidence says it: RFC 3339 in UTC, with microseconds.
pub fn moment(at: Timestamp) -> String {
    at.timestamp().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// What evidence says of a signer.
pub fn of_signer(signer: &Signer) -> Value {
    json!({
        "id": signer.signer_id,
        "name": signer.printed_name,
        "role": signer.role,
        "position": signer.position,
        "access": signer.access_id,
        "staff": signer.staff_id,
    })
}

/// Adds an event. The request's row is saved by the caller, who has it in hand.
pub fn record(
    c: &mut Scoped<'_>,
    by: &By,
    at: (&Document, &mut Request),
    happening: Happening,
    signer: Option<&Signer>,
    more: Value,
) -> Result<(), Fault> {
    record_as(c, by, at, (happening, happening.action()), signer, more)
}

/// The same where the audit trail has another word for it: what a signer does in person is no act of the staff member whose
/// session it is.
pub fn record_as(
    c: &mut Scoped<'_>,
    by: &By,
    (document, request): (&Document, &mut Request),
    (happening, action): (Happening, DocumentAction),
    signer: Option<&Signer>,
    more: Value,
) -> Result<(), Fault> {
    let practice = practice::load(c)?;
    let (seq, prev) = (request.events + 1, request.chain_head.clone());
    let mut evidence = Map::new();
    for (name, value) in [
        ("v", json!(1)),
        ("kind", json!(happening)),
        ("seq", json!(seq)),
        ("prev", json!(prev)),
        ("at", json!(moment(c.now()))),
        ("practice", json!({ "id": practice.practice_id, "name": practice.name })),
        ("signing", json!(request.signing_id)),
        ("document", json!(request.document_id)),
        ("version", json!(request.number)),
        ("sha256", json!(request.sha256)),
        ("by", json!(by.actor.name())),
        ("source", json!(by.source)),
        ("signer", signer.map_or(Value::Null, of_signer)),
    ] {
        evidence.insert(name.to_owned(), value);
    }
    if let Value::Object(more) = more {
        evidence.extend(more);
    }
    let evidence = evidence::canonical(&Value::Object(evidence));
    let hash = evidence::hash(&evidence);
    let row = EventRow {
        practice_id: *c.practice(),
        signing_id: request.signing_id,
        seq,
        kind: happening.word().to_owned(),
        at: c.now(),
        signer_id: signer.map(|signer| signer.signer_id),
        evidence,
        hash: hash.clone(),
        prev,
    };
    store::insert_event(c, row)?;
    request.events = seq;
    request.chain_head.clone_from(&hash);
    let mut event = Event::new(by.clone(), action).on_chart(&document.chart_id).with(json!({
        "document": document.document_id,
        "signing": request.signing_id,
        "signer": signer.map(|signer| signer.signer_id),
        "sha256": request.sha256,
        "evidence": hash,
    }));
    event.access = signer.and_then(|signer| signer.access_id);
    audit::record(c, event)
}

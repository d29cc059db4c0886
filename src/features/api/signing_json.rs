//! What requests to sign look like in JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::features::documents::signing::store::{EventRow, Signer, Signing};
use crate::kernel::clock::Timestamp;

/// Somebody who was asked to sign.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SignerJson {
    /// The signer.
    #[schema(format = "uuid")]
    pub id: String,
    /// Equal positions sign in any order, higher ones after lower ones.
    pub position: i32,
    /// `owner`, `representative` or `staff`.
    pub role: String,
    /// The grant; none for staff.
    #[schema(format = "uuid")]
    pub grant: Option<String>,
    /// The staff member; none for clients.
    #[schema(format = "uuid")]
    pub staff: Option<String>,
    /// Their name as it was when they were asked.
    pub name: String,
    /// `waiting`, `ready`, `signed`, `refused` or `ended`.
    pub state: String,
    /// When they first opened it while it was their turn.
    #[schema(format = DateTime)]
    pub opened_at: Option<String>,
    /// When they signed or refused.
    #[schema(format = DateTime)]
    pub settled_at: Option<String>,
    /// `typed` or `drawn`, once they have signed.
    pub mark: Option<String>,
}

impl SignerJson {
    fn of(signer: &Signer) -> Self {
        Self {
            id: signer.signer_id.to_string(),
            position: signer.position,
            role: signer.role.to_string(),
            grant: signer.access_id.map(|id| id.to_string()),
            staff: signer.staff_id.map(|id| id.to_string()),
            name: signer.printed_name.clone(),
            state: signer.state.to_string(),
            opened_at: signer.opened_at.map(|at| at.to_string()),
            settled_at: signer.settled_at.map(|at| at.to_string()),
            mark: signer.mark_kind.map(|kind| kind.to_string()),
        }
    }
}

/// The newest request to sign a document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SigningJson {
    /// The request.
    #[schema(format = "uuid")]
    pub id: String,
    /// The document.
    #[schema(format = "uuid")]
    pub document: String,
    /// The number of the version that is signed.
    pub version: i32,
    /// SHA-256 of what the version holds.
    pub sha256: String,
    /// `open`, `expired`, `completed`, `refused` or `canceled`.
    pub state: String,
    /// Until when it can be signed.
    #[schema(format = DateTime)]
    pub deadline: String,
    /// When it was sent.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// By whom.
    pub created_by: String,
    /// When it ended.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// Why it was refused or canceled.
    pub reason: Option<String>,
    /// In the order in which they sign.
    pub signers: Vec<SignerJson>,
}

impl SigningJson {
    /// Of a request, as it stands at `now`.
    pub fn of(signing: &Signing, now: Timestamp) -> Self {
        let request = &signing.request;
        Self {
            id: request.signing_id.to_string(),
            document: request.document_id.to_string(),
            version: request.number,
            sha256: request.sha256.clone(),
            state: request.standing(now).to_string(),
            deadline: request.deadline.to_string(),
            created_at: request.created_at.to_string(),
            created_by: request.created_by_name.clone(),
            ended_at: request.ended_at.map(|at| at.to_string()),
            reason: (!request.reason.is_empty()).then(|| request.reason.clone()),
            signers: signing.signers.iter().map(SignerJson::of).collect(),
        }
    }
}

/// An event of a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EvidenceEvent {
    /// Its number, from 1.
    pub seq: i32,
    /// What happened: `sent`, `opened`, `signed`, `refused`, `replaced`, `extended`, `reminded`, `canceled` or `completed`.
    pub kind: String,
    /// Canonical JSON (RFC 8785), as the hash is made of it.
    pub evidence: String,
    /// SHA-256 of `anteroom-evidence-1`, a zero byte and `evidence`.
    pub hash: String,
    /// The hash of the event before; of the first, the SHA-256 of the version.
    pub prev: String,
}

/// The evidence of a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EvidenceJson {
    /// The request.
    #[schema(format = "uuid")]
    pub id: String,
    /// SHA-256 of what is signed.
    pub sha256: String,
    /// Its events, the first one first.
    pub events: Vec<EvidenceEvent>,
}

impl EvidenceJson {
    /// Of a request and its events.
    pub fn of(signing: &Signing, events: &[EventRow]) -> Self {
        let event = |row: &EventRow| EvidenceEvent {
            seq: row.seq,
            kind: row.kind.clone(),
            evidence: row.evidence.clone(),
            hash: row.hash.clone(),
            prev: row.prev.clone(),
        };
        Self {
            id: signing.request.signing_id.to_string(),
            sha256: signing.request.sha256.clone(),
            events: events.iter().map(event).collect(),
        }
    }
}

/// Somebody who is to sign: `grant` or `staff`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CandidateJson {
    /// `owner`, or the id of a grant of the chart.
    pub grant: Option<String>,
    /// The id of a staff member.
    #[schema(format = "uuid")]
    pub staff: Option<String>,
    /// From 1. Left out: 1.
    pub position: Option<i32>,
}

/// A request to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSigningJson {
    /// 1 to 20, at least one with a grant.
    pub signers: Vec<CandidateJson>,
    /// Days to sign, 1 to 180. Left out: 30.
    #[serde(default = "usual_days")]
    pub days: i64,
}

fn usual_days() -> i64 {
    30
}

/// A later deadline.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendJson {
    /// Days from now, 1 to 180.
    pub days: i64,
}

/// Somebody in a signer's place.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceJson {
    /// The signer.
    #[schema(format = "uuid")]
    pub signer: String,
    /// Who signs instead. The position is the same.
    pub by: CandidateJson,
}

/// Why a request is canceled.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelSigningJson {
    /// 1 to 500 characters.
    pub reason: String,
}

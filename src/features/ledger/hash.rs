//! The chain of the journal: each entry's hash covers the one before it, so that a changed, missing or moved entry
//! is found.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::kernel::ids::{ChartId, EntryId, ItemId, PayerId, PracticeId};

/// Everything of an entry, in the order in which it is hashed. JSON frames each text, so that no text can pretend
/// to be two.
#[derive(Serialize)]
pub(super) struct Hashed<'a> {
    pub previous: &'a str,
    pub practice: PracticeId,
    pub seq: i64,
    pub entry: EntryId,
    pub kind: &'a str,
    pub effective_on: &'a str,
    pub recorded_at: i64,
    pub by_name: &'a str,
    pub chart: Option<ChartId>,
    pub subject: Option<ItemId>,
    pub source_key: &'a str,
    pub reverses: Option<i64>,
    pub reason: &'a str,
    pub currency: &'a str,
    pub postings: Vec<HashedPosting<'a>>,
}

/// One posting of it.
#[derive(Serialize)]
pub(super) struct HashedPosting<'a> {
    pub n: i32,
    pub account: &'a str,
    pub chart: Option<ChartId>,
    pub party: Option<PayerId>,
    pub item_kind: &'a str,
    pub item: Option<ItemId>,
    pub amount: i64,
    pub currency: &'a str,
}

impl Hashed<'_> {
    /// SHA-256, in hexadecimal digits.
    pub fn hash(&self) -> Result<String, serde_json::Error> {
        Ok(hex::encode(Sha256::digest(serde_json::to_vec(self)?)))
    }
}

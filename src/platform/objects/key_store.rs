//! The keys that a practice's files are encrypted with. A practice has a key of its own, made with its first file
//! and sealed with the installation's key; each file's key derives from it. Without the practice's row nothing of
//! its files can be read (CRY-03).

use diesel::prelude::*;
use zeroize::Zeroizing;

use crate::kernel::ids::BlobId;
use crate::platform::crypto::{Keys, hmac_sha256};
use crate::platform::db::Scoped;
use crate::platform::db::schema::practice_key;
use crate::platform::fault::{Fault, is_duplicate};

/// What the keys of files stand under.
const PURPOSE: &str = "blobs";

/// The key of one object.
#[derive(Clone)]
pub struct BlobKey {
    /// Which of the practice's keys it derives from.
    pub generation: i32,
    bytes: Zeroizing<[u8; 32]>,
}

impl BlobKey {
    /// The key itself.
    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    #[cfg(test)]
    pub(super) fn for_test(byte: u8) -> Self {
        Self { generation: 1, bytes: Zeroizing::new([byte; 32]) }
    }
}

impl std::fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BlobKey({})", self.generation)
    }
}

fn place(c: &Scoped<'_>, generation: i32) -> String {
    format!("{}/practice_key/sealed_key/{PURPOSE}/{generation}", c.practice())
}

/// HKDF-Expand (RFC 5869, 2.3) of one block: the practice's key is random, so it needs no extraction.
fn derive(practice_key: &[u8], blob: &BlobId, generation: i32) -> BlobKey {
    let bytes = hmac_sha256(practice_key, &[b"anteroom-blob-1", blob.as_bytes(), &[1]]);
    BlobKey { generation, bytes: Zeroizing::new(bytes) }
}

/// The key of an object that is there, by the generation of the practice's key that it was written under.
pub fn blob_key(keys: &Keys, c: &mut Scoped<'_>, generation: i32, blob: &BlobId) -> Result<BlobKey, Fault> {
    let sealed: Vec<u8> = c
        .rows(practice_key::table)
        .filter(practice_key::purpose.eq(PURPOSE))
        .filter(practice_key::generation.eq(generation))
        .select(practice_key::sealed_key)
        .first(c)?;
    let key = keys.open(&place(c, generation), &sealed)?;
    Ok(derive(&key, blob, generation))
}

/// The key of an object that is to be written. Makes the practice's own key where it has none yet.
pub fn new_blob_key(keys: &Keys, c: &mut Scoped<'_>, blob: &BlobId) -> Result<BlobKey, Fault> {
    let newest: Option<i32> = c
        .rows(practice_key::table)
        .filter(practice_key::purpose.eq(PURPOSE))
        .order(practice_key::generation.desc())
        .select(practice_key::generation)
        .optional(c)?;
    if let Some(generation) = newest {
        return blob_key(keys, c, generation, blob);
    }
    let mut key = Zeroizing::new([0u8; 32]);
    c.rng().fill(key.as_mut());
    let sealed = keys.seal(&place(c, 1), key.as_ref(), c.rng())?;
    let values = (
        practice_key::purpose.eq(PURPOSE),
        practice_key::generation.eq(1),
        practice_key::sealed_key.eq(sealed),
        practice_key::created_at.eq(c.now()),
    );
    match c.insert(practice_key::table, values) {
        Ok(()) => Ok(derive(key.as_ref(), blob, 1)),
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("a practice's first two files at once"))
        }
        Err(fault) => Err(fault),
    }
}

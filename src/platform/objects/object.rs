//! What names an object and what is known of one.

use crate::kernel::ids::{BlobId, PracticeId};
use crate::platform::objects::key_store::BlobKey;

/// Whose bytes, and how they are sealed.
#[derive(Clone, Debug)]
pub struct Object {
    /// The practice.
    pub practice: PracticeId,
    /// The file.
    pub blob: BlobId,
    /// Its key.
    pub key: BlobKey,
}

/// What is known of an object that is read.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The object.
    pub object: Object,
    /// Plain bytes.
    pub size: u64,
    /// SHA-256 of the plain bytes, as 64 hexadecimal digits.
    pub sha256: String,
}

//! The encryption of an object: STREAM over XChaCha20-Poly1305 in chunks of 64 KiB. Each chunk is bound to the
//! practice, the object, its number and whether it is the last one, so that an object that was moved, cut or put
//! together anew does not open (CRY-02).

use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{KeyInit, Payload};

use crate::platform::fault::Fault;
use crate::platform::objects::object::Object;

/// Plain bytes of a chunk; the last one may be shorter.
pub const CHUNK: usize = 64 * 1024;
/// Chunks of a part; the last part may have fewer.
pub const PART: u32 = 64;
/// What a chunk grows by: Poly1305's tag.
const TAG: usize = 16;

/// Where a chunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Others follow.
    Inside,
    /// It is the last one.
    Last,
}

fn count(size: u64) -> u64 {
    size.div_ceil(CHUNK as u64).max(1)
}

/// How many parts an object of this size has.
pub fn parts(size: u64) -> u32 {
    u32::try_from(count(size).div_ceil(u64::from(PART))).unwrap_or(u32::MAX)
}

/// Seals and opens the chunks of one object.
pub struct Chunks {
    stream: StreamBE32<XChaCha20Poly1305>,
    bound_to: [u8; 32],
}

impl Chunks {
    /// Of this object. The key belongs to the object alone, so the nonce needs no random part.
    pub fn of(object: &Object) -> Self {
        let cipher = XChaCha20Poly1305::new(object.key.bytes().into());
        let mut bound_to = [0; 32];
        bound_to[..16].copy_from_slice(object.practice.as_bytes());
        bound_to[16..].copy_from_slice(object.blob.as_bytes());
        Self { stream: StreamBE32::from_aead(cipher, &Default::default()), bound_to }
    }

    /// Seals the chunk of this number.
    pub fn seal(&self, number: u32, place: Place, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let payload = Payload { msg: plain, aad: &self.bound_to };
        self.stream
            .encrypt(number, place == Place::Last, payload)
            .map_err(|_| Fault::other("a chunk of a file could not be sealed"))
    }

    /// The plain bytes of a part of an object of this size; `None` where they are not what was sealed.
    pub fn open_part(&self, part: u32, size: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        let first = part.checked_mul(PART)?;
        let (all, mut plain) = (count(size), Vec::with_capacity(sealed.len()));
        let here = all.checked_sub(u64::from(first))?.min(u64::from(PART));
        let mut rest = sealed;
        for number in first..first + u32::try_from(here).ok()? {
            let is_last = u64::from(number) + 1 == all;
            let length = if is_last { usize::try_from(size - (all - 1) * CHUNK as u64).ok()? } else { CHUNK };
            let (chunk, after) = rest.split_at_checked(length + TAG)?;
            let payload = Payload { msg: chunk, aad: &self.bound_to };
            plain.extend(self.stream.decrypt(number, is_last, payload).ok()?);
            rest = after;
        }
        rest.is_empty().then_some(plain)
    }
}

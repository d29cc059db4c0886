//! The encryption of an object: STREAM over XChaCha20-Poly1305 in chunks of 64 KiB. Each chunk is bound to the
//! practice, the object, its number and whether it is the last one, so that an object that was moved, cut or put
//! together anew does not open (CRY-02).

pub use crate::kernel::cipher::Place;
use crate::kernel::cipher::{Stream, TAG};
use crate::platform::fault::Fault;
use crate::platform::objects::object::Object;

/// Plain bytes of a chunk; the last one may be shorter.
pub const CHUNK: usize = 64 * 1024;
/// Chunks of a part; the last part may have fewer.
pub const PART: u32 = 64;

fn count(size: u64) -> u64 {
    size.div_ceil(CHUNK as u64).max(1)
}

/// How many parts an object of this size has.
pub fn parts(size: u64) -> u32 {
    u32::try_from(count(size).div_ceil(u64::from(PART))).unwrap_or(u32::MAX)
}

/// Seals and opens the chunks of one object.
pub struct Chunks {
    stream: Stream,
    bound_to: [u8; 32],
}

impl Chunks {
    /// Of this object. The key belongs to the object alone, so the nonce needs no random part.
    pub fn of(object: &Object) -> Self {
        let mut bound_to = [0; 32];
        bound_to[..16].copy_from_slice(object.practice.as_bytes());
        bound_to[16..].copy_from_slice(object.blob.as_bytes());
        Self { stream: Stream::of(object.key.bytes()), bound_to }
    }

    /// Seals the chunk of this number.
    pub fn seal(&self, number: u32, place: Place, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let sealed = self.stream.seal(number, place, &self.bound_to, plain);
        sealed.ok_or_else(|| Fault::other("a chunk of a file could not be sealed"))
    }

    /// Seals the whole of a part of an object of this size.
    pub fn seal_part(&self, part: u32, size: u64, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let last = count(size) - 1;
        let mut sealed = Vec::with_capacity(plain.len() + PART as usize * TAG);
        for (number, chunk) in (part * PART..).zip(plain.chunks(CHUNK)) {
            let place = if u64::from(number) == last { Place::Last } else { Place::Inside };
            sealed.extend(self.seal(number, place, chunk)?);
        }
        Ok(sealed)
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
            let place = if is_last { Place::Last } else { Place::Inside };
            plain.extend(self.stream.open(number, place, &self.bound_to, chunk)?);
            rest = after;
        }
        rest.is_empty().then_some(plain)
    }
}

//! XChaCha20-Poly1305, for values and for the chunks of a file. These functions have no type parameters, so that they
//! are compiled here: this package is optimized in every profile, and a file of 50 MB is sealed in a moment in the tests
//! as well.

use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

/// Bytes of a key.
pub const KEY: usize = 32;
/// Bytes of a nonce.
pub const NONCE: usize = 24;
/// Bytes that sealing adds: Poly1305's tag.
pub const TAG: usize = 16;

/// Seals a value, bound to what it belongs to. `None` for more than the cipher takes (256 GiB).
pub fn seal(key: &[u8; KEY], nonce: &[u8; NONCE], bound_to: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let payload = Payload { msg: plain, aad: bound_to };
    XChaCha20Poly1305::new(key.into()).encrypt(&XNonce::from(*nonce), payload).ok()
}

/// Opens what [`seal`] closed with the same key, nonce and owner; `None` for anything else.
pub fn open(key: &[u8; KEY], nonce: &[u8; NONCE], bound_to: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let payload = Payload { msg: sealed, aad: bound_to };
    XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(*nonce), payload).ok()
}

/// Seals and opens chunks under one key, as STREAM says (Hoang, Reyhanitabar, Rogaway and Vizár 2015): each is bound to
/// its number and to whether it is the last one.
pub struct Stream(StreamBE32<XChaCha20Poly1305>);

impl Stream {
    /// Under a key that seals nothing else: the nonce has no random part.
    pub fn of(key: &[u8; KEY]) -> Self {
        Self(StreamBE32::from_aead(XChaCha20Poly1305::new(key.into()), &Default::default()))
    }

    /// Seals the chunk of this number, from 0. `None` for more than the cipher takes.
    pub fn seal(&self, number: u32, place: Place, bound_to: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload { msg: plain, aad: bound_to };
        self.0.encrypt(number, place == Place::Last, payload).ok()
    }

    /// Opens the chunk of this number; `None` where it is not what was sealed as such.
    pub fn open(&self, number: u32, place: Place, bound_to: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload { msg: sealed, aad: bound_to };
        self.0.decrypt(number, place == Place::Last, payload).ok()
    }
}

/// Where a chunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Others follow.
    Inside,
    /// It is the last one.
    Last,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cry_02_what_is_sealed_opens_with_its_key_nonce_and_owner_alone() {
        let sealed = seal(&[1; KEY], &[2; NONCE], b"here", b"plain").unwrap();
        assert_eq!(sealed.len(), b"plain".len() + TAG);
        assert_eq!(open(&[1; KEY], &[2; NONCE], b"here", &sealed).as_deref(), Some(b"plain".as_slice()));
        assert_eq!(open(&[3; KEY], &[2; NONCE], b"here", &sealed), None);
        assert_eq!(open(&[1; KEY], &[3; NONCE], b"here", &sealed), None);
        assert_eq!(open(&[1; KEY], &[2; NONCE], b"there", &sealed), None);
    }

    #[test]
    fn cry_02_a_chunk_opens_at_its_place_alone() {
        let stream = Stream::of(&[1; KEY]);
        let sealed = stream.seal(1, Place::Inside, b"of this file", b"plain").unwrap();
        let opened = stream.open(1, Place::Inside, b"of this file", &sealed);
        assert_eq!(opened.as_deref(), Some(b"plain".as_slice()));
        assert_eq!(stream.open(2, Place::Inside, b"of this file", &sealed), None);
        assert_eq!(stream.open(1, Place::Last, b"of this file", &sealed), None);
        assert_eq!(stream.open(1, Place::Inside, b"of another", &sealed), None);
    }
}

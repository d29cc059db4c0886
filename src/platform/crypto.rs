//! Keys, sealing and signing. All keys come from one secret key file outside the database, each for
//! one purpose (HKDF, RFC 5869).

use std::path::Path;
use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::kernel::cipher::{self, NONCE};
use crate::kernel::rng::Rng;
use crate::platform::fault::Fault;

/// The keys of this installation.
#[derive(Clone)]
pub struct Keys {
    sealing: Arc<Zeroizing<[u8; 32]>>,
    signing: Arc<Zeroizing<[u8; 32]>>,
    pepper: Arc<Zeroizing<[u8; 32]>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

/// HMAC-SHA-256 over the parts, one after the other.
pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length, so this cannot fail; an empty tag would fail every check.
    let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl Keys {
    /// From the 32 bytes of the key file.
    pub fn from_master(master: &[u8; 32]) -> Self {
        let extracted = hmac_sha256(b"anteroom", &[master]);
        let derive =
            |label: &str| Arc::new(Zeroizing::new(hmac_sha256(&extracted, &[label.as_bytes(), &[1]])));
        Self { sealing: derive("seal"), signing: derive("sign"), pepper: derive("pepper") }
    }

    /// Reads the key file (base64url of 32 bytes), or makes it at the first start, readable by its
    /// owner alone.
    pub fn load_or_create(path: &Path, rng: &dyn Rng) -> Result<Self, Fault> {
        let wrong = |what: String| Fault::other(format!("the secret key file {}: {what}", path.display()));
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let bytes = Zeroizing::new(
                    URL_SAFE_NO_PAD
                        .decode(text.trim())
                        .map_err(|_| wrong("is not base64url; restore it from its copy".into()))?,
                );
                let master: &[u8; 32] = bytes
                    .as_slice()
                    .try_into()
                    .map_err(|_| wrong("does not hold 32 bytes; restore it from its copy".into()))?;
                Ok(Self::from_master(master))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut master = Zeroizing::new([0u8; 32]);
                rng.fill(master.as_mut());
                let text = URL_SAFE_NO_PAD.encode(master.as_ref());
                write_private(path, &text).map_err(|e| wrong(e.to_string()))?;
                Ok(Self::from_master(&master))
            }
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    /// Seals a value for one place: `place` names practice, table, column and row, so that a sealed
    /// value moved elsewhere does not open (CRY-02).
    pub fn seal(&self, place: &str, plain: &[u8], rng: &dyn Rng) -> Result<Vec<u8>, Fault> {
        let mut nonce = [0u8; NONCE];
        rng.fill(&mut nonce);
        let sealed = cipher::seal(&self.sealing, &nonce, place.as_bytes(), plain)
            .ok_or_else(|| Fault::other("sealing failed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Keys::seal`] closed for the same place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let (nonce, body) = sealed.split_first_chunk().ok_or(Fault::Unsealable)?;
        let plain = cipher::open(&self.sealing, nonce, place.as_bytes(), body);
        plain.map(Zeroizing::new).ok_or(Fault::Unsealable)
    }

    /// A tag over a message, for a purpose ("csrf", "bounce", "cursor").
    pub fn sign(&self, purpose: &str, message: &str) -> String {
        let tag =
            hmac_sha256(self.signing.as_ref().as_ref(), &[purpose.as_bytes(), &[0], message.as_bytes()]);
        URL_SAFE_NO_PAD.encode(tag)
    }

    /// Was the tag made by [`Keys::sign`]? Compared in constant time.
    pub fn verify(&self, purpose: &str, message: &str, tag: &str) -> bool {
        use subtle::ConstantTimeEq;
        self.sign(purpose, message).as_bytes().ct_eq(tag.as_bytes()).into()
    }

    /// The secret that goes into every password's hash beside its salt (PWD-05).
    pub(super) fn pepper(&self) -> Arc<Zeroizing<[u8; 32]>> {
        self.pepper.clone()
    }

    /// A key derived for one purpose, for machinery that signs by itself (return paths).
    pub fn key_for(&self, purpose: &str) -> [u8; 32] {
        hmac_sha256(self.signing.as_ref().as_ref(), &[b"key", &[0], purpose.as_bytes()])
    }
}

/// Writes a file that only its owner can read, whole or not at all.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::SystemRng;

    #[test]
    fn cry_02_a_sealed_value_opens_only_in_its_own_place() {
        let keys = Keys::from_master(&[1; 32]);
        let sealed = keys.seal("p1/outbox/payload/m1", b"link", &SystemRng).unwrap();
        assert_eq!(keys.open("p1/outbox/payload/m1", &sealed).unwrap().as_slice(), b"link");
        assert!(keys.open("p2/outbox/payload/m1", &sealed).is_err());
        assert!(Keys::from_master(&[2; 32]).open("p1/outbox/payload/m1", &sealed).is_err());
        assert!(keys.open("p1/outbox/payload/m1", &sealed[..10]).is_err());
    }

    #[test]
    fn the_key_file_is_made_once_and_only_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        let made = Keys::load_or_create(&path, &SystemRng).unwrap();
        let read = Keys::load_or_create(&path, &SystemRng).unwrap();
        assert_eq!(made.sign("csrf", "x"), read.sign("csrf", "x"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "nonsense!").unwrap();
        let error = Keys::load_or_create(&path, &SystemRng).unwrap_err().to_string();
        assert!(error.contains("secret.key") && error.contains("base64url"), "{error}");
    }
}

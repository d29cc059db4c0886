//! Keys, sealing, signing and password hashing. All keys come from one secret key file outside the
//! database, each for one purpose (HKDF, RFC 5869).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::kernel::{rng::Rng, secrets::Secret};
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

fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
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
        let mut nonce = [0u8; 24];
        rng.fill(&mut nonce);
        let cipher = XChaCha20Poly1305::new((&**self.sealing).into());
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        let sealed =
            cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| Fault::other("sealing failed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Keys::seal`] closed for the same place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let (nonce, body) = sealed.split_at_checked(24).ok_or(Fault::Unsealable)?;
        let nonce: [u8; 24] = nonce.try_into().map_err(|_| Fault::Unsealable)?;
        let cipher = XChaCha20Poly1305::new((&**self.sealing).into());
        let payload = Payload { msg: body, aad: place.as_bytes() };
        cipher.decrypt(&XNonce::from(nonce), payload).map(Zeroizing::new).map_err(|_| Fault::Unsealable)
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

/// How costly a password hash is.
#[derive(Clone, Copy, Debug)]
pub enum HashCost {
    /// Argon2id with 19 MiB and two passes (OWASP password storage, PWD-04).
    Full,
    /// As cheap as the algorithm allows, for suites that register thousands.
    Test,
}

/// Argon2id on a bounded pool: as many at once as there are cores, a short queue behind, and
/// "come back later" beyond that (AVL-03).
#[derive(Clone)]
pub struct PasswordHashing {
    pepper: Arc<Zeroizing<[u8; 32]>>,
    params: Params,
    running: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    nobody: Arc<str>,
}

/// How many may wait for a hash before the next is turned away.
const QUEUE: usize = 256;

impl PasswordHashing {
    /// A pool sized for this machine.
    pub fn new(keys: &Keys, cost: HashCost) -> Result<Self, Fault> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let params = match cost {
            HashCost::Full => Params::new(19 * 1024, 2, 1, None),
            HashCost::Test => Params::new(8, 1, 1, None),
        }
        .map_err(|e| Fault::other(format!("argon2 parameters: {e}")))?;
        let mut pool = Self {
            pepper: keys.pepper.clone(),
            params,
            running: Arc::new(Semaphore::new(cores)),
            waiting: Arc::new(AtomicUsize::new(0)),
            nobody: Arc::from(""),
        };
        pool.nobody = Arc::from(pool.hash_now("nobody's password", &[7; 16])?);
        Ok(pool)
    }

    fn hash_now(&self, password: &str, salt: &[u8; 16]) -> Result<String, Fault> {
        let failed = |e: &dyn std::fmt::Display| Fault::other(format!("hashing a password: {e}"));
        let argon = Argon2::new_with_secret(
            self.pepper.as_ref().as_ref(),
            Algorithm::Argon2id,
            Version::V0x13,
            self.params.clone(),
        )
        .map_err(|e| failed(&e))?;
        let normal = Zeroizing::new(password.nfc().collect::<String>());
        let hash: PasswordHash =
            argon.hash_password_with_salt(normal.as_bytes(), salt).map_err(|e| failed(&e))?;
        Ok(hash.to_string())
    }

    fn verify_now(&self, password: &str, hash: &str) -> bool {
        let normal = Zeroizing::new(password.nfc().collect::<String>());
        let Ok(parsed) = PasswordHash::new(hash) else { return false };
        let Ok(argon) = Argon2::new_with_secret(
            self.pepper.as_ref().as_ref(),
            Algorithm::Argon2id,
            Version::V0x13,
            self.params.clone(),
        ) else {
            return false;
        };
        argon.verify_password(normal.as_bytes(), &parsed).is_ok()
    }

    async fn queued<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        struct Waiting(Arc<AtomicUsize>);
        impl Drop for Waiting {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let before = self.waiting.fetch_add(1, Ordering::SeqCst);
        let waiting = Waiting(self.waiting.clone());
        if before >= QUEUE {
            return Err(Fault::Busy("too many people are signing in at this moment"));
        }
        let permit = self.running.clone().acquire_owned().await.map_err(|e| Fault::Ended(e.to_string()))?;
        let pool = self.clone();
        tokio::task::spawn_blocking(move || {
            let _held = (permit, waiting);
            work(&pool)
        })
        .await
        .map_err(|e| Fault::Ended(e.to_string()))
    }

    /// Hashes a new password into a PHC string.
    pub async fn hash(&self, password: &Secret, rng: &dyn Rng) -> Result<String, Fault> {
        let mut salt = [0u8; 16];
        rng.fill(&mut salt);
        let password = password.clone();
        self.queued(move |pool| pool.hash_now(password.reveal(), &salt)).await?
    }

    /// Does the password fit? With no hash to compare (unknown sign-in name) the same work is done
    /// and the answer is no, so that time tells nothing (RAT-04).
    pub async fn verify(&self, password: &Secret, hash: Option<String>) -> Result<bool, Fault> {
        let password = password.clone();
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        let fits = self.queued(move |pool| pool.verify_now(password.reveal(), &hash)).await?;
        Ok(fits && known)
    }

    /// Was this hash made with weaker settings than today's?
    pub fn is_outdated(&self, hash: &str) -> bool {
        let Ok(parsed) = PasswordHash::new(hash) else { return true };
        Params::try_from(&parsed)
            .map_or(true, |p| p.m_cost() < self.params.m_cost() || p.t_cost() < self.params.t_cost())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::SystemChance;

    #[test]
    fn cry_02_a_sealed_value_opens_only_in_its_own_place() {
        let keys = Keys::from_master(&[1; 32]);
        let sealed = keys.seal("p1/outbox/payload/m1", b"link", &SystemChance).unwrap();
        assert_eq!(keys.open("p1/outbox/payload/m1", &sealed).unwrap().as_slice(), b"link");
        assert!(keys.open("p2/outbox/payload/m1", &sealed).is_err());
        assert!(Keys::from_master(&[2; 32]).open("p1/outbox/payload/m1", &sealed).is_err());
        assert!(keys.open("p1/outbox/payload/m1", &sealed[..10]).is_err());
    }

    #[tokio::test]
    async fn pwd_04_05_a_password_fits_however_its_accents_are_typed_and_nothing_else() {
        let hashing = PasswordHashing::new(&Keys::from_master(&[1; 32]), HashCost::Full).unwrap();
        let hash = hashing.hash(&Secret::new("caf\u{e9} by the sea".into()), &SystemChance).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let fits = async |text: &str| hashing.verify(&Secret::new(text.to_owned()), Some(hash.clone())).await;
        assert!(fits("cafe\u{301} by the sea").await.unwrap());
        assert!(!fits("Caf\u{e9} by the sea").await.unwrap());
        assert!(!fits("caf\u{e9} by the sea ").await.unwrap());
        assert!(!hashing.verify(&Secret::new("nobody's password".into()), None).await.unwrap());
        assert!(!hashing.is_outdated(&hash));
    }

    #[test]
    fn the_key_file_is_made_once_and_only_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        let made = Keys::load_or_create(&path, &SystemChance).unwrap();
        let read = Keys::load_or_create(&path, &SystemChance).unwrap();
        assert_eq!(made.sign("csrf", "x"), read.sign("csrf", "x"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "nonsense!").unwrap();
        let told = Keys::load_or_create(&path, &SystemChance).unwrap_err().to_string();
        assert!(told.contains("secret.key") && told.contains("base64url"), "{told}");
    }
}

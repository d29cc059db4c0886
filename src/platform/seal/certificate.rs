//! The key that a practice's signed documents are sealed with: ECDSA on P-256, and a certificate that the practice signs
//! itself (RFC 5280), for signing documents only (RFC 9336).

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::SealError;
use super::der::{
    BIT_STRING, CONTEXT_0, CONTEXT_3, GENERALIZED_TIME, OCTET_STRING, Reader, SEQUENCE, SET, UTC_TIME, UTF8,
    constructed, integer, oid, wrap,
};
use crate::kernel::clock::Timestamp;

/// Days that a certificate holds: ten years.
const DAYS: i64 = 3_652;
/// The clock of whoever checks may be behind.
const DAYS_BEFORE: i64 = 1;

/// `ecdsa-with-SHA256`.
pub(super) const ECDSA_SHA256: &[u64] = &[1, 2, 840, 10_045, 4, 3, 2];

/// A key with its certificate, as they are kept.
#[derive(Clone)]
pub struct SealKey {
    /// PKCS #8.
    pub key: Zeroizing<Vec<u8>>,
    /// X.509, DER.
    pub certificate: Vec<u8>,
    /// From when it may be used.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
}

fn failed(what: &str) -> SealError {
    SealError::Failed(what.to_owned())
}

/// Until 2049 in its short form (RFC 5280, 4.1.2.5).
fn time(at: Timestamp) -> Vec<u8> {
    let is_short = at.timestamp().strftime("%Y").to_string().as_str() < "2050";
    let (tag, form) =
        if is_short { (UTC_TIME, "%y%m%d%H%M%SZ") } else { (GENERALIZED_TIME, "%Y%m%d%H%M%SZ") };
    wrap(tag, at.timestamp().strftime(form).to_string().as_bytes())
}

fn name(practice: &str) -> Vec<u8> {
    let part = |arc: u64, value: &str| {
        let pair = constructed(SEQUENCE, &[&oid(&[2, 5, 4, arc]), &wrap(UTF8, value.as_bytes())]);
        wrap(SET, &pair)
    };
    // X.520 bounds a common name and an organization to 64 characters.
    let short: String = practice.chars().take(64).collect();
    constructed(SEQUENCE, &[&part(10, &short), &part(3, &short)])
}

fn extension(arcs: &[u64], is_critical: &[u8], value: &[u8]) -> Vec<u8> {
    constructed(SEQUENCE, &[&oid(arcs), is_critical, &wrap(OCTET_STRING, value)])
}

/// Makes a key and a certificate that holds from `now`.
pub fn make(practice: &str, now: Timestamp) -> Result<SealKey, SealError> {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
        .map_err(|_| failed("no key can be made"))?;
    let pair = pair(key.as_ref())?;
    let (not_before, not_after) = (now.plus_hours(-24 * DAYS_BEFORE), now.plus_hours(24 * DAYS));
    let public = pair.public_key().as_ref();
    let algorithm = constructed(SEQUENCE, &[&oid(ECDSA_SHA256)]);
    let point = [[0].as_slice(), public].concat();
    let curve =
        constructed(SEQUENCE, &[&oid(&[1, 2, 840, 10_045, 2, 1]), &oid(&[1, 2, 840, 10_045, 3, 1, 7])]);
    let critical = [0x01, 0x01, 0xff];
    // digitalSignature and nonRepudiation.
    let usage = extension(&[2, 5, 29, 15], &critical, &wrap(BIT_STRING, &[6, 0xc0]));
    let purpose = constructed(SEQUENCE, &[&oid(&[1, 3, 6, 1, 5, 5, 7, 3, 36])]);
    let purpose = extension(&[2, 5, 29, 37], &[], &purpose);
    let id = Sha256::digest(public);
    let key_id = extension(&[2, 5, 29, 14], &[], &wrap(OCTET_STRING, &id[..20]));
    let body = constructed(
        SEQUENCE,
        &[
            &wrap(CONTEXT_0, &integer(&[2])),
            &integer(&[[1].as_slice(), &id[..15]].concat()),
            &algorithm,
            &name(practice),
            &constructed(SEQUENCE, &[&time(not_before), &time(not_after)]),
            &name(practice),
            &constructed(SEQUENCE, &[&curve, &wrap(BIT_STRING, &point)]),
            &wrap(CONTEXT_3, &constructed(SEQUENCE, &[&usage, &purpose, &key_id])),
        ],
    );
    let signature = pair.sign(&random, &body).map_err(|_| failed("no certificate can be signed"))?;
    let signature = [[0].as_slice(), signature.as_ref()].concat();
    let certificate = constructed(SEQUENCE, &[&body, &algorithm, &wrap(BIT_STRING, &signature)]);
    Ok(SealKey { key: Zeroizing::new(key.as_ref().to_vec()), certificate, not_before, not_after })
}

/// The key as it signs.
pub(super) fn pair(key: &[u8]) -> Result<EcdsaKeyPair, SealError> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key, &SystemRandom::new())
        .map_err(|_| failed("the key cannot be read"))
}

/// What a check needs of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The issuer with its tag, as a signature names it.
    pub issuer: Vec<u8>,
    /// The serial number with its tag.
    pub serial: Vec<u8>,
    /// The point of the public key.
    pub public: Vec<u8>,
    /// SHA-256 of the certificate, in hexadecimal digits.
    pub fingerprint: String,
}

/// Reads a certificate.
pub fn read(certificate: &[u8]) -> Option<Seen> {
    let mut outer = Reader::new(Reader::new(certificate).expect(SEQUENCE)?.content);
    let mut body = Reader::new(outer.expect(SEQUENCE)?.content);
    body.expect(CONTEXT_0)?;
    let serial = body.take()?.whole.to_vec();
    body.expect(SEQUENCE)?;
    let issuer = body.expect(SEQUENCE)?.whole.to_vec();
    body.expect(SEQUENCE)?;
    body.expect(SEQUENCE)?;
    let mut key = Reader::new(body.expect(SEQUENCE)?.content);
    key.expect(SEQUENCE)?;
    let (unused, public) = key.expect(BIT_STRING)?.content.split_first()?;
    (*unused == 0).then(|| Seen {
        issuer,
        serial,
        public: public.to_vec(),
        fingerprint: hex::encode(Sha256::digest(certificate)),
    })
}

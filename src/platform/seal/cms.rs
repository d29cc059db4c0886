//! A detached signature as PDF keeps it: CMS SignedData (RFC 5652) with the attributes of the baseline profile B-B
//! (ETSI EN 319 142-1): content type, digest, and the certificate that it was made with (RFC 5035).

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use super::SealError;
use super::certificate::{self, ECDSA_SHA256, SealKey, Seen};
use super::der::{CONTEXT_0, OBJECT, OCTET_STRING, Reader, SEQUENCE, SET, constructed, integer, oid, wrap};

const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
const SIGNED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 2];
const CONTENT_TYPE: &[u64] = &[1, 2, 840, 113_549, 1, 9, 3];
const MESSAGE_DIGEST: &[u64] = &[1, 2, 840, 113_549, 1, 9, 4];
const SIGNING_CERTIFICATE_V2: &[u64] = &[1, 2, 840, 113_549, 1, 9, 16, 2, 47];
const SHA256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];

fn attribute(kind: &[u64], value: &[u8]) -> Vec<u8> {
    constructed(SEQUENCE, &[&oid(kind), &wrap(SET, value)])
}

/// Signs what has this SHA-256.
pub fn sign(key: &SealKey, digest: &[u8; 32]) -> Result<Vec<u8>, SealError> {
    let unreadable = || SealError::Failed("the certificate cannot be read".into());
    let seen = certificate::read(&key.certificate).ok_or_else(unreadable)?;
    let hash = Sha256::digest(&key.certificate);
    // ESSCertIDv2: without an algorithm it is SHA-256.
    let id = constructed(SEQUENCE, &[&wrap(OCTET_STRING, &hash)]);
    let signing_certificate = constructed(SEQUENCE, &[&constructed(SEQUENCE, &[&id])]);
    let mut attributes = [
        attribute(CONTENT_TYPE, &oid(DATA)),
        attribute(MESSAGE_DIGEST, &wrap(OCTET_STRING, digest)),
        attribute(SIGNING_CERTIFICATE_V2, &signing_certificate),
    ];
    // A SET OF stands in the order of its bytes (X.690, 11.6).
    attributes.sort();
    let attributes = attributes.concat();
    let signature = certificate::pair(&key.key)?
        .sign(&SystemRandom::new(), &wrap(SET, &attributes))
        .map_err(|_| SealError::Failed("nothing can be signed".into()))?;
    Ok(assemble(&key.certificate, &seen, &attributes, signature.as_ref()))
}

/// The whole, from its parts.
fn assemble(certificate: &[u8], seen: &Seen, attributes: &[u8], signature: &[u8]) -> Vec<u8> {
    let sha256 = constructed(SEQUENCE, &[&oid(SHA256)]);
    let signer = constructed(
        SEQUENCE,
        &[
            &integer(&[1]),
            &constructed(SEQUENCE, &[&seen.issuer, &seen.serial]),
            &sha256,
            &wrap(CONTEXT_0, attributes),
            &constructed(SEQUENCE, &[&oid(ECDSA_SHA256)]),
            &wrap(OCTET_STRING, signature),
        ],
    );
    let signed = constructed(
        SEQUENCE,
        &[
            &integer(&[1]),
            &wrap(SET, &sha256),
            &constructed(SEQUENCE, &[&oid(DATA)]),
            &wrap(CONTEXT_0, certificate),
            &wrap(SET, &signer),
        ],
    );
    constructed(SEQUENCE, &[&oid(SIGNED_DATA), &wrap(CONTEXT_0, &signed)])
}

/// Checks a signature of ours of what has this SHA-256, with zeros behind it; gives the certificate that it was made
/// with. What the signature does not cover has to be exactly what we write.
pub fn check(signature: &[u8], digest: &[u8; 32]) -> Option<Seen> {
    let whole = Reader::new(signature).expect(SEQUENCE)?;
    let mut outer = Reader::new(whole.content);
    if outer.expect(OBJECT)?.whole != oid(SIGNED_DATA) {
        return None;
    }
    let signed = Reader::new(outer.expect(CONTEXT_0)?.content).expect(SEQUENCE)?;
    let mut signed = Reader::new(signed.content);
    signed.take()?;
    signed.expect(SET)?;
    signed.expect(SEQUENCE)?;
    let certificate = Reader::new(signed.expect(CONTEXT_0)?.content).expect(SEQUENCE)?.whole;
    let seen = certificate::read(certificate)?;
    let mut signer = Reader::new(Reader::new(signed.expect(SET)?.content).expect(SEQUENCE)?.content);
    signer.take()?;
    signer.expect(SEQUENCE)?;
    signer.expect(SEQUENCE)?;
    let attributes = signer.expect(CONTEXT_0)?.content;
    signer.expect(SEQUENCE)?;
    let made = signer.expect(OCTET_STRING)?.content;
    let of = |kind: &[u64]| {
        let mut all = Reader::new(attributes);
        while let Some(one) = all.expect(SEQUENCE) {
            let mut pair = Reader::new(one.content);
            if pair.expect(OBJECT)?.whole == oid(kind) {
                return Some(pair.expect(SET)?.content);
            }
        }
        None
    };
    let names_certificate =
        of(SIGNING_CERTIFICATE_V2)?.windows(32).any(|part| part == Sha256::digest(certificate).as_slice());
    let is_ours = whole.whole == assemble(certificate, &seen, attributes, made)
        && signature[whole.whole.len()..].iter().all(|byte| *byte == 0);
    let is_of_this = names_certificate
        && of(CONTENT_TYPE)? == oid(DATA)
        && of(MESSAGE_DIGEST)? == wrap(OCTET_STRING, digest);
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &seen.public);
    let is_signed = key.verify(&wrap(SET, attributes), made).is_ok();
    (is_ours && is_of_this && is_signed).then_some(seen)
}

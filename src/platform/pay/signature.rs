//! The signature of a webhook: `t=SECONDS,v1=HEX`, HMAC-SHA-256 over the seconds, a point and the body as it came.
//! More than one `v1` stands there while a secret is being changed; parts that we do not know are left alone.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::kernel::clock::Timestamp;
use crate::kernel::secrets::Secret;

/// The header that carries it.
pub const HEADER: &str = "stripe-signature";
/// Seconds that the signed time may lie from ours. Both ways: a request from the future is as wrong as an old one.
const WINDOW: i64 = 300;

/// What a signature proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The holder of a secret signed it a moment ago.
    Now,
    /// The holder signed it, but at another time by our clock; so many seconds later than it is here.
    AnotherTime(i64),
    /// Nothing.
    No,
}

fn tag(secret: &Secret, time: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).ok()?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

/// Was this body signed with one of the secrets, just now?
pub fn verify(secrets: &[Secret], header: &str, body: &[u8], now: Timestamp) -> Signed {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let mut times = parts().filter(|(name, _)| *name == "t").map(|(_, value)| value);
    let (Some(time), None) = (times.next(), times.next()) else { return Signed::No };
    let Ok(seconds) = time.parse::<i64>() else { return Signed::No };
    let is_signed = parts().filter(|(name, _)| *name == "v1").any(|(_, given)| {
        let Ok(given) = hex::decode(given) else { return false };
        // `verify_slice` takes the same time whatever differs.
        secrets
            .iter()
            .any(|secret| tag(secret, time, body).is_some_and(|mac| mac.verify_slice(&given).is_ok()))
    });
    if !is_signed {
        return Signed::No;
    }
    match seconds.saturating_sub(now.micros().div_euclid(1_000_000)) {
        late if (-WINDOW..=WINDOW).contains(&late) => Signed::Now,
        late => Signed::AnotherTime(late),
    }
}

/// The header of a body, as a provider makes it.
pub fn sign(secrets: &[Secret], at: Timestamp, body: &[u8]) -> String {
    let time = at.micros().div_euclid(1_000_000).to_string();
    let tags = secrets.iter().filter_map(|secret| tag(secret, &time, body));
    let tags = tags.map(|mac| format!(",v1={}", hex::encode(mac.finalize().into_bytes())));
    format!("t={time}{}", tags.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn case_36_only_the_bytes_that_were_signed_just_now_with_our_secret_are_taken() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let (ours, next, other) = (secret("whsec_ours"), secret("whsec_next"), secret("whsec_other"));
        let body = br#"{"id":"evt_1","type":"refund.updated"}"#;
        let header = sign(std::slice::from_ref(&ours), at(1_000), body);
        let check =
            |header: &str, body: &[u8], now| verify(&[ours.clone(), next.clone()], header, body, at(now));
        assert_eq!(check(&header, body, 1_000), Signed::Now);
        assert_eq!(check(&header, body, 1_300), Signed::Now);
        assert_eq!(check(&header, body, 700), Signed::Now);
        assert_eq!(check(&header, body, 1_301), Signed::AnotherTime(-301));
        assert_eq!(check(&header, body, 699), Signed::AnotherTime(301));
        // The same content with another space between.
        assert_eq!(check(&header, br#"{"id": "evt_1","type":"refund.updated"}"#, 1_000), Signed::No);
        let rolling = sign(&[other.clone(), next.clone()], at(1_000), body);
        assert_eq!(check(&rolling, body, 1_000), Signed::Now);
        assert_eq!(check(&sign(&[other], at(1_000), body), body, 1_000), Signed::No);
        assert_eq!(check(&header.replace("v1=", "v0="), body, 1_000), Signed::No);
        assert_eq!(check(&format!("{header},v0=aa,t2=3"), body, 1_000), Signed::Now);
        for odd in ["", "t=1000", "v1=00", "t=x,v1=00", "t=1000,v1=zz", &format!("t=1000,{header}")] {
            assert_eq!(check(odd, body, 1_000), Signed::No, "{odd}");
        }
    }
}

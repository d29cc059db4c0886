//! The names a mail goes by: its Message-ID, the same on every try, and its return path, signed, so
//! that a bounce finds its mail and a forged one finds nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::kernel::ids::{MailId, PracticeId};
use crate::platform::state::App;

/// Lower-case base 32 (RFC 4648): a mail server on the way may change the case of a local part.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Characters of a UUID in base 32.
const ID: usize = 26;
/// Characters of a return path's tag: 50 bits. An address of 64 characters is the longest that
/// every mail server takes, and ids fill the rest.
const TAG: usize = 10;

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits) & 31) as usize]));
    }
    text
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut held, mut bits) = (0u32, 0u32);
    for c in text.bytes() {
        let value = ALPHABET.iter().position(|a| *a == c)?;
        held = (held << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 255).ok()?);
        }
        held &= (1 << bits) - 1;
    }
    Some(bytes)
}

fn unpack<T: std::str::FromStr>(text: &str) -> Option<T> {
    let id = uuid::Uuid::from_slice(&unbase32(text)?).ok()?;
    id.to_string().parse().ok()
}

/// The Message-ID (without its brackets) of the mail with this dedupe key: the same on every try,
/// so that a copy is recognised as one. It names the practice, so that a bounce which only quotes
/// it can be traced.
pub fn message_id(app: &App, practice: &PracticeId, dedupe_key: &str) -> String {
    let tag = app.keys.sign("message-id", &format!("{practice}\n{dedupe_key}"));
    let domain = app.settings.mail_sender.rsplit_once('@').map_or("anteroom.invalid", |(_, domain)| domain);
    let domain = domain.trim_end_matches('>');
    format!("{}.{}@{domain}", tag.get(..32).unwrap_or(&tag), base32(practice.as_bytes()))
}

/// The practice that a Message-ID of ours names.
pub fn practice_in_message_id(message_id: &str) -> Option<PracticeId> {
    let (local, _) = message_id.rsplit_once('@')?;
    let (_, practice) = local.rsplit_once('.')?;
    unpack(practice)
}

/// The address that a mail's bounces come back to (VERP).
pub fn return_path(app: &App, practice: &PracticeId, mail: &MailId) -> String {
    let ids = format!("{}{}", base32(practice.as_bytes()), base32(mail.as_bytes()));
    format!("b{ids}{}@{}", tag(app, &ids), app.settings.bounce_domain)
}

fn tag(app: &App, ids: &str) -> String {
    let signed = URL_SAFE_NO_PAD.decode(app.keys.sign("return-path", ids)).unwrap_or_default();
    base32(&signed).chars().take(TAG).collect()
}

/// Whose return path an address is; `None` for every address that we did not sign. A server may have
/// put a tag of its own before ours, with "=" between (BATV: `prvs=1234567abc=LOCAL`).
pub fn mail_of_return_path(app: &App, address: &str) -> Option<(PracticeId, MailId)> {
    use subtle::ConstantTimeEq;
    let (local, _) = address.trim().trim_matches(['<', '>']).rsplit_once('@')?;
    let local = local.to_ascii_lowercase();
    let rest = local.rsplit('=').next()?.strip_prefix('b')?;
    if rest.len() != 2 * ID + TAG || !rest.is_ascii() {
        return None;
    }
    let (ids, given) = rest.split_at(2 * ID);
    if !bool::from(tag(app, ids).as_bytes().ct_eq(given.as_bytes())) {
        return None;
    }
    Some((unpack(&ids[..ID])?, unpack(&ids[ID..])?))
}

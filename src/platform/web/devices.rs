//! Browsers that have signed in to an account before (RAT-03). A stranger who knows a
//! sign-in name can fail at it on purpose, and the name is then paused for strangers; a browser that the
//! owner has signed in with counts its own failures, so its owner can still sign in.
//!
//! Each such browser keeps a random text in a cookie, which says nothing about whose it is; the
//! database keeps the text's hash, and for which accounts it counts. It opens nothing by itself: a
//! password is asked for as ever, and ten wrong ones pause that browser. A new password, or signing
//! out everywhere, ends it; so does, in that browser, the sign-in of somebody else.

use axum::http::HeaderMap;
use diesel::prelude::*;

use crate::kernel::secrets::Token;
use crate::platform::db::Scoped;
use crate::platform::db::schema::known_device as device;
use crate::platform::fault::Fault;
use crate::platform::state::Settings;
use crate::platform::web::audience::Audience;
use crate::platform::web::cookies::{self, Kept, OurCookie};

/// Days after its last sign-in for which a browser is known.
pub const DAYS: i64 = 365;

fn cookie(audience: Audience) -> OurCookie {
    match audience {
        Audience::Staff => cookies::STAFF_DEVICE,
        Audience::Client => cookies::CLIENT_DEVICE,
    }
}

/// Puts the cookie by which this browser is known again beside an answer.
pub fn set_cookie(settings: &Settings, audience: Audience, device: &Token, headers: &mut HeaderMap) {
    cookie(audience).set(settings, device.reveal(), Kept::Seconds(DAYS * 86_400), headers);
}

/// What the browser sent, if it has the shape of one.
pub fn read_cookie(settings: &Settings, audience: Audience, headers: &HeaderMap) -> Option<Token> {
    cookie(audience).read(settings, headers).find_map(|value| Token::read(&value))
}

/// Has this browser signed in to this account? The query is the same for unknown
/// accounts, so that timing does not reveal which exist.
pub fn is_known(c: &mut Scoped<'_>, audience: Audience, subject: &str, token: &Token) -> Result<bool, Fault> {
    let since = c.now().plus_hours(-24 * DAYS);
    let found = c
        .rows(device::table)
        .filter(device::token_hash.eq(token.hash()))
        .filter(device::subject_id.eq(subject))
        .filter(device::audience.eq(audience))
        .filter(device::seen_at.gt(since))
        .count(c)?;
    Ok(found > 0)
}

/// Makes this browser one of the account's. A text that belongs to this account already stays; otherwise a
/// new one is set: an attacker who put a text of their own into somebody's browser has a copy of it, and
/// would be recognised by it.
pub fn remember(
    c: &mut Scoped<'_>,
    audience: Audience,
    subject: &str,
    sent: Option<&Token>,
) -> Result<Token, Fault> {
    let now = c.now();
    if let Some(token) = sent {
        let row = c
            .rows(device::table)
            .filter(device::token_hash.eq(token.hash()))
            .filter(device::subject_id.eq(subject))
            .filter(device::audience.eq(audience));
        if row.set(device::seen_at.eq(now)).execute(c)? > 0 {
            return Ok(token.clone());
        }
    }
    let token = Token::fresh(c.rng());
    c.insert(
        device::table,
        (
            device::token_hash.eq(token.hash()),
            device::subject_id.eq(subject),
            device::audience.eq(audience),
            device::created_at.eq(now),
            device::seen_at.eq(now),
        ),
    )?;
    Ok(token)
}

/// Forgets the browsers of an account, but for one where that is named.
pub fn forget(
    c: &mut Scoped<'_>,
    audience: Audience,
    subject: &str,
    but: Option<&Token>,
) -> Result<(), Fault> {
    c.rows(device::table)
        .filter(device::subject_id.eq(subject))
        .filter(device::audience.eq(audience))
        .filter(device::token_hash.ne(but.map(Token::hash).unwrap_or_default()))
        .delete(c)?;
    Ok(())
}

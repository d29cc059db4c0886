//! A sign-in name that travels in an address: sealed, so that neither history nor log holds an
//! e-mail address, and good for an hour.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::kernel::clock::Timestamp;
use crate::platform::fault::Fault;
use crate::platform::state::App;

/// Hours that a ticket fills the name in.
const GOOD_HOURS: i64 = 1;

/// The address of a practice's sign-in with the name filled in.
pub fn sign_in_address(app: &App, slug: &str, sign_in_name: &str) -> Result<String, Fault> {
    let plain = format!("{} {sign_in_name}", app.now().micros());
    let sealed = app.keys.seal("sign-in-name", plain.as_bytes(), app.rng.as_ref())?;
    Ok(format!("/{slug}/sign-in?for={}", URL_SAFE_NO_PAD.encode(sealed)))
}

/// The name in a ticket; nothing for one that is old, foreign or made up.
pub fn read(app: &App, ticket: &str) -> Option<String> {
    let sealed = URL_SAFE_NO_PAD.decode(ticket).ok()?;
    let plain = app.keys.open("sign-in-name", &sealed).ok()?;
    let (made, name) = std::str::from_utf8(&plain).ok()?.split_once(' ')?;
    let made = Timestamp::from_micros(made.parse().ok()?);
    (app.now() < made.plus_hours(GOOD_HOURS)).then(|| name.to_owned())
}

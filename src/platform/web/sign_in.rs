//! The pause after failed sign-ins, the same on both sides of the house: ten failures in a row, then
//! fifteen minutes in which no password is looked at. Tries during a pause do not prolong it.
//!
//! It is kept by name, not by row: a name that nobody has behaves exactly like one that somebody has,
//! with the same statements, so that neither answer nor time tells which it is (RAT-04). Whoever
//! registers, or sets a new password by a link, calls [`clear`], so that failures of strangers before
//! do not greet the new account.

use crate::kernel::clock::Moment;
use crate::kernel::secrets::sha256_hex;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::limits::{self, Limit};
use crate::platform::web::session::Audience;

/// Failures in a row that begin a pause.
pub const FAILURES: i32 = 10;
/// How long a pause lasts.
pub const PAUSE_MINUTES: i64 = 15;

/// Failures in a row are counted until somebody clears them, or a month is over (RAT-02).
const IN_A_ROW: Limit = Limit { most: FAILURES, seconds: 30 * 86_400 };

/// What the names of these counters begin with: they are kept longer than others.
pub const COUNTERS: &str = "sign-in.";
/// Days that they are kept: their window, and the one before it.
pub const COUNTER_DAYS: i64 = 60;
/// Failures from one network address on one side of the house, whatever the names. Beyond that
/// each try waits [`TIRED_WAITS`] and is then answered like any other: a practice is one address,
/// and guest Wi-Fi must not shut out its front desk.
const FROM_ONE_ADDRESS: Limit = Limit { most: 120, seconds: 3_600 };

/// How long a try from a tired network address waits.
pub const TIRED_WAITS: std::time::Duration = std::time::Duration::from_secs(2);

/// What a sign-in came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password was right and nothing stands against it.
    Welcome,
    /// Wrong name or password: nobody is told which.
    Wrong,
    /// No password is looked at before this moment.
    Paused(Moment),
}

fn bucket(audience: Audience, name_key: &str) -> String {
    // The name itself stays out of the table: it may be a stranger's typing error.
    format!("sign-in.{audience}.{}", &sha256_hex(name_key.as_bytes())[..32])
}

fn address_bucket(audience: Audience, ip_bucket: &str) -> String {
    format!("from.{audience}.{ip_bucket}")
}

fn pause_bucket(audience: Audience, name_key: &str) -> String {
    format!("{}.pause", bucket(audience, name_key))
}

/// Until when this name is paused, if it is.
pub fn paused_until(c: &mut Scoped<'_>, audience: Audience, name_key: &str) -> Result<Option<Moment>, Fault> {
    let until = limits::latest_window(c, &pause_bucket(audience, name_key))?;
    let now = c.now();
    Ok(until.filter(|until| now < *until))
}

/// Too many failures from this network address within the hour?
pub fn is_address_tired(c: &mut Scoped<'_>, audience: Audience, ip_bucket: &str) -> Result<bool, Fault> {
    Ok(!limits::allows(c, &address_bucket(audience, ip_bucket), FROM_ONE_ADDRESS)?)
}

/// Decides, in the transaction that opens the session: of many guesses at once only so many are ever
/// answered, because each looks here once more before its password counts.
pub fn decide(
    c: &mut Scoped<'_>,
    audience: Audience,
    name_key: &str,
    ip_bucket: &str,
    password_fits: bool,
) -> Result<Verdict, Fault> {
    let bucket = bucket(audience, name_key);
    // Counted before the look at the pause: counting holds the row, so that guesses for one name go
    // through here one after the other on both engines.
    let failures = limits::count(c, &bucket, IN_A_ROW)?;
    if let Some(until) = paused_until(c, audience, name_key)? {
        limits::clear(c, &bucket)?;
        return Ok(Verdict::Paused(until));
    }
    if password_fits {
        limits::clear(c, &bucket)?;
        return Ok(Verdict::Welcome);
    }
    limits::count(c, &address_bucket(audience, ip_bucket), FROM_ONE_ADDRESS)?;
    if failures >= FAILURES {
        limits::clear(c, &bucket)?;
        let until = c.now().plus_seconds(PAUSE_MINUTES * 60);
        limits::mark(c, &pause_bucket(audience, name_key), until)?;
        return Ok(Verdict::Paused(until));
    }
    Ok(Verdict::Wrong)
}

/// Forgets failures and ends a pause: after a registration, a new password, or by staff.
pub fn clear(c: &mut Scoped<'_>, audience: Audience, name_key: &str) -> Result<(), Fault> {
    limits::clear(c, &bucket(audience, name_key))?;
    limits::clear(c, &pause_bucket(audience, name_key))
}

/// Where to go after sign-in: a page of ours under `root`, or nowhere.
pub fn safe_back<'a>(root: &str, back: &'a str) -> Option<&'a str> {
    let fine = |c: char| c.is_ascii_graphic() && c != '\\';
    let inside = back == root || back.strip_prefix(root).is_some_and(|rest| rest.starts_with(['/', '?']));
    (inside && back.len() <= 500 && back.chars().all(fine) && !back.contains("//")).then_some(back)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_ours_is_gone_back_to() {
        for good in ["/staff", "/staff/charts?q=ana&page=2", "/staff/charts/0190"] {
            assert_eq!(safe_back("/staff", good), Some(good));
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "/staff//evil.example",
            "/staffx",
            "https://evil.example/staff",
            "/staff/\\evil.example",
            "/staff/a b",
            "/portal",
            "/staff/\r\nSet-Cookie:x=1",
        ] {
            assert_eq!(safe_back("/staff", bad), None, "{bad}");
        }
    }
}

//! The pause after failed sign-ins, the same for staff and clients: ten failures in a row, then
//! fifteen minutes in which no password is looked at. Tries during a pause do not prolong it.
//!
//! It is kept by name, not by row: an unknown name runs the same statements and gets the same answers as
//! a known one, so that neither answer nor timing reveals which names exist (RAT-04). Registering and
//! setting a new password by a link call [`clear`], so that failures of strangers before do not pause the
//! new account.
//!
//! Strangers' failures pause a name for strangers. A browser that has signed in to the account before
//! ([`devices`]) counts its own failures, by the same rules, so that strangers cannot lock the owner out (RAT-03).

use axum::http::{HeaderMap, HeaderValue, header};

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PracticeId;
use crate::kernel::secrets::{Secret, Token, sha256_hex};
use crate::platform::db::{PracticeScope, Scoped, System};
use crate::platform::fault::{Fault, granted};
use crate::platform::hashing::{QueueFull, Standing, Turn};
use crate::platform::limits::{self, Limit};
use crate::platform::state::{AppState, Settings};
use crate::platform::web::devices;
use crate::platform::web::session::{self, Audience};

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
/// Failures from one network address, for staff or for clients, whatever the names. Beyond that
/// each try waits [`TIRED_WAITS`] and is then answered like any other: a practice is one address,
/// and failures from its guest Wi-Fi must not keep its front desk from signing in.
const FROM_ONE_ADDRESS: Limit = Limit { most: 120, seconds: 3_600 };

/// How long a try waits that comes from a network address with too many failures.
pub const TIRED_WAITS: std::time::Duration = std::time::Duration::from_secs(2);

/// What a sign-in came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password was right and the name is not paused.
    Welcome,
    /// Wrong name or password. The answer does not say which.
    Wrong,
    /// No password is looked at before this moment.
    Paused(Timestamp),
}

/// What a try to sign in comes with.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Network address.
    pub source: String,
    /// The same for counting.
    pub ip_bucket: String,
    /// What the browser calls itself.
    pub agent: String,
    /// The session that this browser had, which the new one replaces (SES-01).
    pub former: Option<(PracticeId, Token)>,
    /// By what this browser may be known ([`devices`]).
    pub device: Option<Token>,
}

impl Visitor {
    /// Who sends a request with these headers from this network address.
    pub fn read(
        settings: &Settings,
        audience: Audience,
        (source, ip_bucket): (&str, &str),
        headers: &HeaderMap,
    ) -> Self {
        let agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        Self {
            source: source.to_owned(),
            ip_bucket: ip_bucket.to_owned(),
            agent: agent.to_owned(),
            former: session::read_cookie(settings, audience, headers),
            device: devices::read_cookie(settings, audience, headers),
        }
    }
}

/// What a browser is given at a sign-in: the secrets of its two cookies.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The new session's.
    pub session: Token,
    /// By which the browser is known again.
    pub device: Token,
}

impl Opened {
    /// Puts both cookies beside an answer. `practice` is the session's.
    pub fn set_cookies(
        &self,
        settings: &Settings,
        audience: Audience,
        practice: &PracticeId,
        headers: &mut HeaderMap<HeaderValue>,
    ) {
        session::set_cookie(settings, audience, practice, &self.session, headers);
        devices::set_cookie(settings, audience, &self.device, headers);
    }
}

/// Opens a session for somebody whose password was right, and knows their browser from then on.
pub fn open(
    c: &mut Scoped<'_>,
    audience: Audience,
    subject: &str,
    visitor: &Visitor,
) -> Result<Opened, Fault> {
    let session = session::open(c, audience, subject, &visitor.source, &visitor.agent)?;
    let device = devices::remember(c, audience, subject, visitor.device.as_ref())?;
    Ok(Opened { session, device })
}

/// One try of a password.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The name that was typed, as a key.
    pub name_key: &'a str,
    /// Whose it is, if it is anybody's.
    pub subject: Option<&'a str>,
    /// The network address, for counting.
    pub ip_bucket: &'a str,
    /// By what the browser may be known.
    pub device: Option<&'a Token>,
}

impl Attempt<'_> {
    /// Where its failures are counted. Whether the name is anybody's makes no difference to what is
    /// asked of the database.
    fn bucket(&self, c: &mut Scoped<'_>, audience: Audience) -> Result<String, Fault> {
        let strangers = bucket(audience, self.name_key);
        let Some(device) = self.device else { return Ok(strangers) };
        let is_known = devices::is_known(c, audience, self.subject.unwrap_or_default(), device)?;
        Ok(if is_known { format!("{strangers}.{}", &device.hash()[..16]) } else { strangers })
    }
}

fn bucket(audience: Audience, name_key: &str) -> String {
    // The name itself stays out of the table: it may be a stranger's typing error.
    format!("sign-in.{audience}.{}", &sha256_hex(name_key.as_bytes())[..32])
}

fn address_bucket(audience: Audience, ip_bucket: &str) -> String {
    format!("from.{audience}.{ip_bucket}")
}

fn pause_of(bucket: &str) -> String {
    format!("{bucket}.pause")
}

/// Until when this name is paused for strangers, if it is.
pub fn paused_until(
    c: &mut Scoped<'_>,
    audience: Audience,
    name_key: &str,
) -> Result<Option<Timestamp>, Fault> {
    bucket_paused_until(c, &bucket(audience, name_key))
}

/// Until when no password is looked at that comes in this way.
pub fn attempt_paused_until(
    c: &mut Scoped<'_>,
    audience: Audience,
    attempt: Attempt<'_>,
) -> Result<Option<Timestamp>, Fault> {
    let bucket = attempt.bucket(c, audience)?;
    bucket_paused_until(c, &bucket)
}

/// The end of a pause as it is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noted {
    /// None, or it is over.
    NoPause,
    /// Until then.
    Until(Timestamp),
    /// Further off than a pause is long: the clock was set back since.
    BeyondAnyPause,
}

fn noted_pause(c: &mut Scoped<'_>, bucket: &str) -> Result<Noted, Fault> {
    let until = limits::latest_window(c, &pause_of(bucket))?;
    let now = c.now();
    Ok(match until {
        Some(until) if until > longest_pause(now) => Noted::BeyondAnyPause,
        Some(until) if now < until => Noted::Until(until),
        _ => Noted::NoPause,
    })
}

fn longest_pause(now: Timestamp) -> Timestamp {
    now.plus_seconds(PAUSE_MINUTES * 60)
}

fn bucket_paused_until(c: &mut Scoped<'_>, bucket: &str) -> Result<Option<Timestamp>, Fault> {
    Ok(match noted_pause(c, bucket)? {
        Noted::Until(until) => Some(until),
        // The next try notes a pause of the right length (see [`decide`]).
        Noted::BeyondAnyPause | Noted::NoPause => None,
    })
}

/// Too many failures from this network address within the hour?
pub fn is_address_tired(c: &mut Scoped<'_>, audience: Audience, ip_bucket: &str) -> Result<bool, Fault> {
    Ok(!limits::allows(c, &address_bucket(audience, ip_bucket), FROM_ONE_ADDRESS)?)
}

/// Somebody whose password is to be checked, as far as the check needs to know them.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Where their browsers are known.
    pub home: PracticeScope,
    /// The staff member's or the account's id; none for a name that nobody has.
    pub subject: Option<String>,
    /// The hash of their password, where they may sign in with one.
    pub hash: Option<String>,
}

/// What a password came to, before the transaction that decides.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Whose it was to be.
    pub candidate: Candidate,
    /// Does it fit?
    pub fits: bool,
    /// Its hash by today's settings, where the stored one is weaker.
    pub rehashed: Option<String>,
}

/// Checks a password outside every lock, the same for staff and clients: a network address with too many
/// failures waits, the hash has its turn in the queue, and no step depends on whether the name is anybody's
/// (RAT-04). The transaction that opens the session reads everything once more (see [`decide`]).
pub async fn check_password(
    app: &AppState,
    audience: Audience,
    door: &PracticeScope,
    visitor: &Visitor,
    password: &Secret,
    mut find: impl FnMut(&mut System<'_>) -> Result<Candidate, Fault> + Send + 'static,
) -> Result<Result<Checked, QueueFull>, Fault> {
    let (bucket, device, at) = (visitor.ip_bucket.clone(), visitor.device.clone(), door.clone());
    let (is_tired, candidate, standing) = app
        .db
        .system_read(move |system| {
            let is_tired = is_address_tired(&mut system.within(&at), audience, &bucket)?;
            let candidate = find(system)?;
            let mut c = system.within(&candidate.home);
            let standing = standing(&mut c, audience, candidate.subject.as_deref(), device.as_ref())?;
            Ok((is_tired, candidate, standing))
        })
        .await?;
    if is_tired {
        tokio::time::sleep(TIRED_WAITS).await;
    }
    let turn = Turn::of(door.id(), standing);
    let fits = granted!(app.hashing.verify(turn.clone(), password, candidate.hash.as_deref()).await?);
    let rehashed = match &candidate.hash {
        // Where the queue is full, the next sign-in does it.
        Some(old) if fits && app.hashing.is_outdated(old) => {
            app.hashing.hash(turn, password, app.rng.as_ref()).await?.ok()
        }
        _ => None,
    };
    Ok(Ok(Checked { candidate, fits, rehashed }))
}

/// Links for a forgotten password that one name is sent within an hour …
const RESETS_PER_NAME: Limit = Limit { most: 3, seconds: 3_600 };
/// … and that one network address asks for.
const RESETS_PER_ADDRESS: Limit = Limit { most: 30, seconds: 3_600 };

/// Counts a request for a link that sets a forgotten password; may one be sent? Both counts are made
/// whatever they come to, so that the time does not reveal it.
pub fn count_reset(
    c: &mut Scoped<'_>,
    audience: Audience,
    ip_bucket: &str,
    name_key: &str,
) -> Result<bool, Fault> {
    let from = format!("forgot.from.{audience}.{ip_bucket}");
    let named = format!("forgot.{audience}.{}", &sha256_hex(name_key.as_bytes())[..32]);
    let here = limits::count(c, &from, RESETS_PER_ADDRESS)? <= RESETS_PER_ADDRESS.most;
    Ok(limits::count(c, &named, RESETS_PER_NAME)? <= RESETS_PER_NAME.most && here)
}

/// Whose place in the queue for hashing this is. Also asked for a name that nobody has.
fn standing(
    c: &mut Scoped<'_>,
    audience: Audience,
    subject: Option<&str>,
    device: Option<&Token>,
) -> Result<Standing, Fault> {
    let is_known = match device {
        Some(device) => devices::is_known(c, audience, subject.unwrap_or_default(), device)?,
        None => false,
    };
    Ok(if is_known { Standing::Known } else { Standing::Stranger })
}

/// Decides, in the transaction that opens the session: of many guesses at once only so many are ever
/// answered, because each looks here once more before its password counts.
pub fn decide(
    c: &mut Scoped<'_>,
    audience: Audience,
    attempt: Attempt<'_>,
    password_fits: bool,
) -> Result<Verdict, Fault> {
    let bucket = attempt.bucket(c, audience)?;
    // Counted before the look at the pause: counting holds the row, so that guesses for one name go
    // through here one after the other on both engines.
    let failures = limits::count(c, &bucket, IN_A_ROW)?;
    let pause = match noted_pause(c, &bucket)? {
        Noted::NoPause => None,
        Noted::Until(until) => Some(until),
        Noted::BeyondAnyPause => {
            let until = longest_pause(c.now());
            limits::mark(c, &pause_of(&bucket), until)?;
            Some(until)
        }
    };
    if let Some(until) = pause {
        limits::clear(c, &bucket)?;
        return Ok(Verdict::Paused(until));
    }
    if password_fits {
        limits::clear(c, &bucket)?;
        return Ok(Verdict::Welcome);
    }
    limits::count(c, &address_bucket(audience, attempt.ip_bucket), FROM_ONE_ADDRESS)?;
    if failures >= FAILURES {
        limits::clear(c, &bucket)?;
        let until = longest_pause(c.now());
        limits::mark(c, &pause_of(&bucket), until)?;
        return Ok(Verdict::Paused(until));
    }
    Ok(Verdict::Wrong)
}

/// Forgets failures and ends a pause: after a registration, a new password, or by staff.
pub fn clear(c: &mut Scoped<'_>, audience: Audience, name_key: &str) -> Result<(), Fault> {
    let bucket = bucket(audience, name_key);
    limits::clear(c, &bucket)?;
    limits::clear(c, &pause_of(&bucket))
}

/// The sign-in page that a browser without cookies comes from, if this is one: a successful sign-in leads
/// to a page that needs the session's cookie, and the browser asks for it without any. Read from `Referer`,
/// which our own pages send to ourselves.
pub fn page_that_set_no_cookie(
    settings: &Settings,
    audience: Audience,
    headers: &HeaderMap,
) -> Option<String> {
    if headers.contains_key(header::COOKIE) {
        return None;
    }
    let came_from = headers.get(header::REFERER)?.to_str().ok()?;
    let path = came_from.strip_prefix(settings.public_url.as_str())?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let slug = path.strip_prefix('/')?.strip_suffix(audience.sign_in_tail())?;
    let is_slug = !slug.is_empty() && slug.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_slug.then(|| format!("{path}?{COOKIES_OFF}"))
}

/// The query of a sign-in page when the browser did not send the cookie back.
const COOKIES_OFF: &str = "cookies=off";

/// Where to go after sign-in: a page of ours under `root`, or nowhere.
pub fn safe_back<'a>(root: &str, back: &'a str) -> Option<&'a str> {
    let fine = |c: char| c.is_ascii_graphic() && c != '\\';
    let inside = back == root || back.strip_prefix(root).is_some_and(|rest| rest.starts_with(['/', '?']));
    (inside && back.len() <= 500 && back.chars().all(fine) && !back.contains("//") && stays(back))
        .then_some(back)
}

/// `?back=…` for a sign-in page that leads on to `back`; empty where nobody wanted to go anywhere.
pub fn with_back(root: &str, back: &str) -> String {
    if back.is_empty() {
        return String::new();
    }
    let back = safe_back(root, back).unwrap_or_default();
    format!("?back={}", percent_encoding::utf8_percent_encode(back, percent_encoding::NON_ALPHANUMERIC))
}

/// Does a path stay where it seems to lead? A browser walks up at each `..`, also one that is written with
/// escapes, and some take a backslash for a slash.
fn stays(back: &str) -> bool {
    let path = back.split(['?', '#']).next().unwrap_or_default();
    let read = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    !read.contains('\\') && read.split('/').all(|part| part != "." && part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_ours_is_gone_back_to() {
        for good in ["/staff", "/staff/charts?q=ana&page=2", "/staff/charts/0190", "/staff/charts?q=a/../b"] {
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
            "/staff/%5cevil.example",
            "/staff/../../evil.example",
            "/staff/..",
            "/staff/charts/../../portal",
            "/staff/%2e%2E/portal",
            "/staff/.%2e/portal",
            "/staff/./charts",
            "/staff/%2f%2e%2e/portal",
            "/staff/..#x",
            "/staff/a b",
            "/portal",
            "/staff/\r\nSet-Cookie:x=1",
        ] {
            assert_eq!(safe_back("/staff", bad), None, "{bad}");
        }
    }
}

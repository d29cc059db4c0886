//! The password asked once more before an act that binds its holder, the same for staff and clients (SES-08). Wrong
//! ones count like failed sign-ins.

use crate::kernel::clock::Timestamp;
use crate::kernel::secrets::Secret;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::hashing::{Standing, Turn};
use crate::platform::state::AppState;
use crate::platform::web::session::Audience;
use crate::platform::web::sign_in::{self, Attempt, Verdict, Visitor};

/// Whose password is asked for.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The name that they sign in with, as a key.
    pub name_key: String,
    /// The staff member's or the account's id.
    pub subject: String,
    /// The hash of their password.
    pub hash: String,
}

/// A password was right, at this moment. Made by [`confirm`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmed(Timestamp);

impl Confirmed {
    /// When.
    pub fn at(self) -> Timestamp {
        self.0
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepUp {
    /// The password is right.
    Confirmed(Confirmed),
    /// It is not.
    Wrong,
    /// Too many wrong ones: no password is looked at before this moment.
    Paused(Timestamp),
    /// Too many passwords wait to be checked; come back in a few seconds.
    Busy,
}

/// Checks a password in its holder's home. `find` reads them, before the hash and again after it.
pub async fn confirm(
    app: &AppState,
    audience: Audience,
    home: &PracticeScope,
    visitor: Visitor,
    password: &Secret,
    find: impl Fn(&mut Scoped<'_>) -> Result<Option<Holder>, Fault> + Clone + Send + 'static,
) -> Result<StepUp, Fault> {
    let before = find.clone();
    let Some(holder) = app.db.read(home, move |c| before(c)).await? else { return Ok(StepUp::Wrong) };
    let turn = Turn::of(home.id(), Standing::Known);
    let Ok(fits) = app.hashing.verify(turn, password, Some(&holder.hash)).await? else {
        return Ok(StepUp::Busy);
    };
    app.db
        .write(home, move |c| {
            let now = find(c)?;
            let fits = fits && now.is_some_and(|now| now.hash == holder.hash);
            let attempt = Attempt {
                name_key: &holder.name_key,
                subject: Some(&holder.subject),
                ip_bucket: &visitor.ip_bucket,
                device: visitor.device.as_ref(),
            };
            Ok(match sign_in::decide(c, audience, attempt, fits)? {
                Verdict::Welcome => StepUp::Confirmed(Confirmed(c.now())),
                Verdict::Wrong => StepUp::Wrong,
                Verdict::Paused(until) => StepUp::Paused(until),
            })
        })
        .await
}

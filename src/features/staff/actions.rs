//! Sign-in and sign-out of staff members, each one transaction.

use crate::features::staff::audit::StaffAction;
use crate::features::staff::store::{self, StaffState};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::StaffId;
use crate::kernel::secrets::Secret;
use crate::platform::audit::{self, Actor, By, Event};
use crate::platform::db::{Lock, PracticeScope, System, lock};
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::session::{self, Audience};
use crate::platform::web::sign_in::{self, Attempt, Candidate, Checked, Opened, Verdict, Visitor};
use crate::platform::web::step_up::Confirmed;

/// What a sign-in came to.
#[derive(Debug)]
pub enum SignIn {
    /// What the browser is given.
    Welcome(Opened),
    /// Wrong address or password, or nobody who may sign in: one answer.
    Wrong,
    /// Wait until then.
    Paused(crate::kernel::clock::Timestamp),
    /// Too many passwords wait to be checked; come back in a few seconds.
    Busy,
}

/// Signs a staff member in.
pub async fn sign_in(
    app: &AppState,
    scope: &PracticeScope,
    visitor: Visitor,
    email: &str,
    password: Secret,
) -> Result<SignIn, Fault> {
    let key = EmailAddress::parse(email).map_or_else(|_| email.trim().to_lowercase(), |e| e.key());
    let (look, home) = (key.clone(), scope.clone());
    let find = move |system: &mut System<'_>| {
        let member = store::find_by_email(&mut system.within(&home), &look)?;
        Ok(Candidate {
            home: home.clone(),
            subject: member.as_ref().map(|member| member.staff_id.to_string()),
            hash: member.filter(|member| member.state == StaffState::Active).and_then(|m| m.password_hash),
        })
    };
    let checked = sign_in::check_password(app, Audience::Staff, scope, &visitor, &password, find).await?;
    let Ok(Checked { candidate, fits, rehashed }) = checked else { return Ok(SignIn::Busy) };
    let (hash, id) = (candidate.hash, candidate.subject.and_then(|id| id.parse::<StaffId>().ok()));
    app.db
        .write(scope, move |c| {
            // Held, and read again: in the time of the hash somebody may have been disabled, or have set
            // another password, and what does so from here on ends this session too. Query for
            // unknown names too, so that timing does not reveal which exist (RAT-04).
            let id = id.clone().unwrap_or_else(|| StaffId::fresh(c.rng(), c.now()));
            lock(c, Lock::Staff(&id))?;
            let named = store::find_by_email(c, &key)?;
            let subject = named.as_ref().map(|member| member.staff_id.to_string());
            let member =
                named.filter(|member| member.state == StaffState::Active && member.password_hash == hash);
            let fits = fits && member.is_some();
            let whom = member
                .as_ref()
                .map(|m| serde_json::json!({ "staff": m.staff_id }))
                .unwrap_or(serde_json::json!({}));
            let attempt = Attempt {
                name_key: &key,
                subject: subject.as_deref(),
                ip_bucket: &visitor.ip_bucket,
                device: visitor.device.as_ref(),
            };
            let verdict = sign_in::decide(c, Audience::Staff, attempt, fits)?;
            let by = |actor| By { actor, source: visitor.source.clone() };
            match (verdict, member) {
                (Verdict::Welcome, Some(member)) => {
                    if let Some((practice, former)) = &visitor.former
                        && practice == c.practice()
                    {
                        session::end(c, &former.hash())?;
                    }
                    let opened = sign_in::open(c, Audience::Staff, &member.staff_id.to_string(), &visitor)?;
                    store::signed_in(c, &member, rehashed.as_deref())?;
                    let who = Actor::Staff(member.staff_id, member.name);
                    audit::record(c, Event::new(by(who), StaffAction::SignedIn))?;
                    Ok(SignIn::Welcome(opened))
                }
                (Verdict::Paused(until), _) => {
                    audit::record(c, Event::new(by(Actor::System), StaffAction::SignInPaused).with(whom))?;
                    Ok(SignIn::Paused(until))
                }
                _ => {
                    audit::record(c, Event::new(by(Actor::Stranger), StaffAction::SignInFailed).with(whom))?;
                    Ok(SignIn::Wrong)
                }
            }
        })
        .await
}

/// Ends the session of this page.
pub async fn sign_out(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    token_hash: String,
) -> Result<(), Fault> {
    app.db
        .write(scope, move |c| {
            session::end(c, &token_hash)?;
            audit::record(c, Event::new(by.clone(), StaffAction::SignedOut))
        })
        .await
}

/// Gives a locked session back to its staff member, whose password was just right.
pub async fn unlock(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    token_hash: String,
    _confirmed: Confirmed,
) -> Result<(), Fault> {
    app.db
        .write(scope, move |c| {
            if !session::unlock(c, &token_hash)? {
                // A second click.
                return Ok(());
            }
            audit::record(c, Event::new(by.clone(), StaffAction::Unlocked))
        })
        .await
}

/// Notes a wrong password on the page that unlocks a session. Whoever typed it is not known.
pub async fn note_wrong_unlock(app: &AppState, scope: &PracticeScope, source: String) -> Result<(), Fault> {
    app.db
        .write(scope, move |c| {
            let by = By { actor: Actor::Stranger, source: source.clone() };
            audit::record(c, Event::new(by, StaffAction::UnlockFailed))
        })
        .await
}

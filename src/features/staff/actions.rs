//! Sign-in and sign-out of staff members, each one transaction.

use crate::features::staff::store::{self, StaffState};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::StaffId;
use crate::kernel::secrets::Secret;
use crate::platform::audit::{self, Actor, By, Event};
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::session::{self, Audience};
use crate::platform::web::sign_in::{self, Attempt, Opened, Verdict, Visitor};

/// What a sign-in came to.
#[derive(Debug)]
pub enum SignIn {
    /// What the browser is given.
    Welcome(Opened),
    /// Wrong address or password, or nobody who may sign in: one answer.
    Wrong,
    /// Wait until then.
    Paused(crate::kernel::clock::Timestamp),
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
    let (look, bucket) = (key.clone(), visitor.ip_bucket.clone());
    let (tired, found) = app
        .db
        .read(scope, move |c| {
            Ok((sign_in::is_address_tired(c, Audience::Staff, &bucket)?, store::find_by_email(c, &look)?))
        })
        .await?;
    if tired {
        tokio::time::sleep(sign_in::TIRED_WAITS).await;
    }
    let id = found.as_ref().map(|member| member.staff_id.clone());
    let found = found.filter(|member| member.state == StaffState::Active);
    let hash = found.as_ref().and_then(|member| member.password_hash.clone());
    let fits = app.hashing.verify(&password, hash.clone()).await?;
    let rehashed = match &hash {
        Some(old) if fits && app.hashing.is_outdated(old) => {
            Some(app.hashing.hash(&password, app.rng.as_ref()).await?)
        }
        _ => None,
    };
    app.db
        .write(scope, move |c| {
            // Held, and read again: in the time of the hash somebody may have been disabled, or have set
            // another password, and what does so from here on ends this session too. Somebody whom there
            // is not is looked for as well, so that the time tells nothing (RAT-04).
            let id = id.clone().unwrap_or_else(|| StaffId::fresh(c.rng(), c.now()));
            store::lock_staff(c, &id)?;
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
                    audit::record(c, Event::new(by(who), "staff.signed_in"))?;
                    Ok(SignIn::Welcome(opened))
                }
                (Verdict::Paused(until), _) => {
                    audit::record(c, Event::new(by(Actor::System), "staff.sign_in_paused").with(whom))?;
                    Ok(SignIn::Paused(until))
                }
                _ => {
                    audit::record(c, Event::new(by(Actor::Stranger), "staff.sign_in_failed").with(whom))?;
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
            audit::record(c, Event::new(by.clone(), "staff.signed_out"))
        })
        .await
}

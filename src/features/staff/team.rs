//! Who works at the practice: adding, roles, disabling. Each is one transaction.

use crate::features::practice;
use crate::features::staff::api_keys;
use crate::features::staff::audit::StaffAction;
use crate::features::staff::password;
use crate::features::staff::store::{self, StaffMember, StaffState};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::StaffId;
use crate::kernel::secrets::{Secret, Token};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::{Fault, granted};
use crate::platform::hashing::{Standing, Turn};
use crate::platform::permissions::Role;
use crate::platform::state::AppState;
use crate::platform::web::devices;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::links::{self, Purpose};
use crate::platform::web::session::{self, Audience};

/// A staff member to be added.
#[derive(Clone, Debug)]
pub struct NewStaff {
    /// What they will sign in with.
    pub email: EmailAddress,
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: Role,
}

/// Why a staff member was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// Somebody of this practice has the address.
    #[error("a staff member with this e-mail address exists already")]
    AddressTaken,
}

fn insert(c: &mut Scoped<'_>, by: &By, new: &NewStaff) -> Result<Result<StaffMember, NotAdded>, Fault> {
    if store::find_by_email(c, &new.email.key())?.is_some() {
        return Ok(Err(NotAdded::AddressTaken));
    }
    let id = store::insert(c, &new.email, &new.name, new.role, StaffState::Invited, None)?;
    let details = serde_json::json!({ "staff": id, "role": new.role });
    audit::record(c, Event::new(by.clone(), StaffAction::Added).with(details))?;
    let member = store::find(c, &id)?.ok_or_else(|| Fault::other("a staff member vanished"))?;
    Ok(Ok(member))
}

/// Adds a staff member, who has no password yet: a link sets it ([`make_link`]).
pub async fn add(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    new: NewStaff,
) -> Result<Result<StaffId, NotAdded>, Fault> {
    app.db.write(scope, move |c| Ok(insert(c, &by, &new)?.map(|member| member.staff_id))).await
}

/// Adds a staff member and mails them the link that sets their password. The same form sent twice
/// adds one and mails once.
pub async fn invite(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    new: NewStaff,
    mark: Option<FormToken>,
) -> Result<Result<StaffId, NotAdded>, Fault> {
    let inner = app.clone();
    let added = app
        .db
        .write(scope, move |c| {
            let invite = |c: &mut Scoped<'_>| -> Result<Result<StaffId, NotAdded>, Fault> {
                let member = granted!(insert(c, &by, &new)?);
                let practice = practice::load(c)?;
                password::send_link(&inner, c, &practice, &member)?;
                Ok(Ok(member.staff_id))
            };
            match &mark {
                Some(mark) => made_once(c, mark, invite),
                None => invite(c),
            }
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(added)
}

/// Mails a staff member a link that sets a password; earlier ones stop working. `false`: no such
/// staff member, or a disabled one.
pub async fn mail_link(app: &AppState, scope: &PracticeScope, by: By, staff: StaffId) -> Result<bool, Fault> {
    let inner = app.clone();
    let sent = app
        .db
        .write(scope, move |c| {
            let Some(member) = store::find(c, &staff)?.filter(|m| m.state != StaffState::Disabled) else {
                return Ok(false);
            };
            let practice = practice::load(c)?;
            password::send_link(&inner, c, &practice, &member)?;
            let details = serde_json::json!({ "staff": member.staff_id });
            audit::record(c, Event::new(by.clone(), StaffAction::LinkSent).with(details))?;
            Ok(true)
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(sent)
}

/// Makes a link by which a staff member sets a password, and returns its whole address: for the
/// command line. Earlier links of theirs stop working. `None`: no such staff member, or a disabled
/// one.
pub async fn make_link(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    staff: StaffId,
) -> Result<Option<String>, Fault> {
    let made = app
        .db
        .write(scope, move |c| {
            let Some(member) = store::find(c, &staff)?.filter(|m| m.state != StaffState::Disabled) else {
                return Ok(None);
            };
            let purpose = match member.state {
                StaffState::Invited => Purpose::StaffInvitation,
                _ => Purpose::StaffReset,
            };
            let token = links::make(c, purpose, &member.staff_id.to_string(), purpose.hours())?;
            let details = serde_json::json!({ "staff": member.staff_id });
            audit::record(c, Event::new(by.clone(), StaffAction::LinkMade).with(details))?;
            Ok(Some((practice::load(c)?.slug, token)))
        })
        .await?;
    Ok(made.map(|(slug, token)| app.absolute(&format!("/{slug}/staff/password/{}", token.reveal()))))
}

/// Gives a staff member a password without a link: for seeding, never for a page.
pub async fn set_password(
    app: &AppState,
    scope: &PracticeScope,
    staff: StaffId,
    password: Secret,
) -> Result<(), Fault> {
    let turn = Turn::of(scope.id(), Standing::Known);
    let hash = app.hashing.hash(turn, &password, app.rng.as_ref()).await??;
    app.db.write(scope, move |c| store::set_password(c, &staff, &hash)).await
}

/// What came of a change to a staff member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Done.
    Done,
    /// No such staff member.
    NotFound,
    /// Somebody else changed them first.
    Stale,
    /// The practice would be left without an administrator.
    LastAdministrator,
    /// API keys that they made still work: say whether these are revoked or kept.
    KeysUndecided,
}

/// What becomes of the API keys that a disabled staff member made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TheirKeys {
    /// They end too.
    Revoke,
    /// They go on: a program of the practice needs them.
    Keep,
}

/// Gives a staff member another role. It holds from their next request on (SES-06).
pub async fn change_role(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    staff: StaffId,
    role: Role,
    version: i64,
) -> Result<Changed, Fault> {
    app.db
        .write(scope, move |c| {
            let others = store::other_administrators(c, &staff)?;
            let Some(member) = store::find(c, &staff)? else { return Ok(Changed::NotFound) };
            if member.role == role {
                return Ok(Changed::Done);
            }
            if is_last(&member, others) {
                return Ok(Changed::LastAdministrator);
            }
            if !store::set_role(c, &staff, role, version)? {
                return Ok(Changed::Stale);
            }
            let mut event =
                Event::new(by.clone(), StaffAction::RoleChanged).with(serde_json::json!({ "staff": staff }));
            event.old_state = member.role.to_string();
            event.new_state = role.to_string();
            audit::record(c, event)?;
            Ok(Changed::Done)
        })
        .await
}

fn is_last(member: &StaffMember, others: usize) -> bool {
    member.role == Role::Administrator && member.state == StaffState::Active && others == 0
}

/// The staff member, held until the end of the transaction, if nothing speaks against shutting them out; else why not.
/// Who made API keys has their secrets, so that somebody must decide about each that still works. Writes nothing.
pub fn may_disable(
    c: &mut Scoped<'_>,
    staff: &StaffId,
    their_keys: Option<TheirKeys>,
) -> Result<Result<StaffMember, Changed>, Fault> {
    // Administrators first, then this one: the same order for all.
    let others = store::other_administrators(c, staff)?;
    lock(c, Lock::Staff(staff))?;
    let Some(member) = store::find(c, staff)? else { return Ok(Err(Changed::NotFound)) };
    if is_last(&member, others) {
        return Ok(Err(Changed::LastAdministrator));
    }
    if their_keys.is_none() && !api_keys::live_of(c, staff)?.is_empty() && is_in(&member) {
        return Ok(Err(Changed::KeysUndecided));
    }
    Ok(Ok(member))
}

fn is_in(member: &StaffMember) -> bool {
    member.state != StaffState::Disabled
}

/// Shuts a staff member out: open sessions and links end at once. Whether they may be is asked before
/// ([`may_disable`]).
pub fn disable(
    c: &mut Scoped<'_>,
    by: &By,
    member: &StaffMember,
    their_keys: Option<TheirKeys>,
) -> Result<(), Fault> {
    let staff = &member.staff_id;
    if !is_in(member) {
        return Ok(());
    }
    store::set_state(c, staff, StaffState::Disabled)?;
    if their_keys == Some(TheirKeys::Revoke) {
        for key in &api_keys::live_of(c, staff)? {
            api_keys::revoke(c, by, &key.key_id)?;
        }
    }
    session::end_all(c, Audience::Staff, &staff.to_string())?;
    for purpose in [Purpose::StaffInvitation, Purpose::StaffReset] {
        links::revoke_all(c, purpose, &staff.to_string())?;
    }
    record_state(c, by, member, StaffState::Disabled, StaffAction::Disabled)
}

/// Lets a staff member in again.
pub async fn enable(app: &AppState, scope: &PracticeScope, by: By, staff: StaffId) -> Result<Changed, Fault> {
    app.db
        .write(scope, move |c| {
            let Some(member) = store::find(c, &staff)? else { return Ok(Changed::NotFound) };
            if member.state != StaffState::Disabled {
                return Ok(Changed::Done);
            }
            let state = if member.password_hash.is_some() { StaffState::Active } else { StaffState::Invited };
            store::set_state(c, &staff, state)?;
            record_state(c, &by, &member, state, StaffAction::Enabled)?;
            Ok(Changed::Done)
        })
        .await
}

fn record_state(
    c: &mut Scoped<'_>,
    by: &By,
    member: &StaffMember,
    state: StaffState,
    action: StaffAction,
) -> Result<(), Fault> {
    let mut event = Event::new(by.clone(), action).with(serde_json::json!({ "staff": member.staff_id }));
    event.old_state = member.state.to_string();
    event.new_state = state.to_string();
    audit::record(c, event)
}

/// Ends every session of a staff member (SES-07).
pub async fn sign_out_everywhere(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    staff: StaffId,
) -> Result<Changed, Fault> {
    app.db
        .write(scope, move |c| {
            lock(c, Lock::Staff(&staff))?;
            if store::find(c, &staff)?.is_none() {
                return Ok(Changed::NotFound);
            }
            let ended = session::end_all(c, Audience::Staff, &staff.to_string())?;
            let details = serde_json::json!({ "staff": staff, "sessions": ended });
            audit::record(c, Event::new(by.clone(), StaffAction::SignedOutEverywhere).with(details))?;
            Ok(Changed::Done)
        })
        .await
}

/// Ends one's own sessions: one by its name, or all others.
pub async fn end_own_sessions(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    staff: StaffId,
    (keep, device): (String, Option<Token>),
    which: Option<String>,
) -> Result<(), Fault> {
    app.db
        .write(scope, move |c| {
            match &which {
                None => {
                    session::end_others(c, Audience::Staff, &staff.to_string(), &keep)?;
                    devices::forget(c, Audience::Staff, &staff.to_string(), device.as_ref())?;
                }
                Some(name) => {
                    let open = session::open_ones(c, Audience::Staff, &staff.to_string())?;
                    for one in open.iter().filter(|one| one.name() == name && one.token_hash != keep) {
                        session::end(c, &one.token_hash)?;
                    }
                }
            }
            audit::record(c, Event::new(by.clone(), StaffAction::OwnSessionsEnded))
        })
        .await
}

//! Passwords of staff members: forgotten, set by a link, changed. Each is one transaction.

use crate::features::practice::{self, Practice};
use crate::features::staff::audit::StaffAction;
use crate::features::staff::mails;
use crate::features::staff::store::{self, StaffMember, StaffState};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::StaffId;
use crate::kernel::secrets::{Secret, Token};
use crate::platform::audit::{self, Actor, By, Event};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::hashing::{Standing, Turn};
use crate::platform::outbox;
use crate::platform::passwords::{self, Known};
use crate::platform::state::{App, AppState};
use crate::platform::web::devices;
use crate::platform::web::links::{self, Link, LinkState, Purpose};
use crate::platform::web::session::{self, Audience};
use crate::platform::web::sign_in::{self, Attempt, Opened, Verdict, Visitor};

/// Makes a link and queues the mail that carries it, in this transaction.
pub(super) fn send_link(
    app: &App,
    c: &mut Scoped<'_>,
    practice: &Practice,
    member: &StaffMember,
) -> Result<(), Fault> {
    let purpose = match member.state {
        StaffState::Invited => Purpose::StaffInvitation,
        _ => Purpose::StaffReset,
    };
    let until = c.now().plus_hours(purpose.hours());
    let token = links::make(c, purpose, &member.staff_id.to_string(), purpose.hours())?;
    let address = app.absolute(&format!("/{}/staff/password/{}", practice.slug, token.reveal()));
    outbox::enqueue(app, c, mails::link(practice, member, purpose, &address, until, &token.hash()))?;
    Ok(())
}

/// Somebody says that they forgot their password. Nothing that is answered depends on whether the
/// address is a staff member's (PWD-06).
pub async fn forgot(
    app: &AppState,
    scope: &PracticeScope,
    visitor: Visitor,
    email: &EmailAddress,
) -> Result<(), Fault> {
    let key = email.key();
    let inner = app.clone();
    let rung = app
        .db
        .write(scope, move |c| {
            let within = sign_in::count_reset(c, Audience::Staff, &visitor.ip_bucket, &key)?;
            let practice = practice::load(c)?;
            let member = store::find_by_email(c, &key)?
                .filter(|member| within && member.state != StaffState::Disabled);
            let mut details = serde_json::json!({});
            if let Some(member) = &member {
                send_link(&inner, c, &practice, member)?;
                details = serde_json::json!({ "staff": member.staff_id });
            }
            let by = By { actor: Actor::Stranger, source: visitor.source.clone() };
            audit::record(c, Event::new(by, StaffAction::PasswordForgotten).with(details))?;
            Ok(member.is_some())
        })
        .await?;
    if rung {
        app.outbox_bell.notify_one();
    }
    Ok(())
}

/// Behind a link: what it opens now, and for whom.
pub async fn look(
    app: &AppState,
    scope: &PracticeScope,
    token: Token,
) -> Result<(LinkState, Option<StaffMember>), Fault> {
    app.db.read(scope, move |c| of_link(c, &token)).await
}

fn of_link(c: &mut Scoped<'_>, token: &Token) -> Result<(LinkState, Option<StaffMember>), Fault> {
    let state = links::find(c, token)?;
    let staffs = |link: &Link| matches!(link.purpose, Purpose::StaffInvitation | Purpose::StaffReset);
    let (LinkState::Open(link) | LinkState::Expired(link) | LinkState::Used(link) | LinkState::Revoked(link)) =
        &state
    else {
        return Ok((LinkState::Unknown, None));
    };
    if !staffs(link) {
        return Ok((LinkState::Unknown, None));
    }
    let member = match link.subject_id.parse::<StaffId>() {
        Ok(id) => store::find(c, &id)?.filter(|member| member.state != StaffState::Disabled),
        Err(_) => None,
    };
    match member {
        Some(member) => Ok((state, Some(member))),
        None => Ok((LinkState::Unknown, None)),
    }
}

/// What came of a new password.
#[derive(Clone, Debug)]
pub enum NewPassword {
    /// Set, by a link, which signs nobody in; but whoever opened the mailbox has shown more than a
    /// password, so that their browser is known from then on.
    Set(Token),
    /// Changed: every session has ended, and this browser is given a new one.
    Changed(Opened),
    /// Too weak: catalogue key of the reason.
    Weak(&'static str),
    /// The link is not open (any more).
    NotOpen,
    /// The present password is wrong.
    WrongPresent,
    /// Too many wrong ones; wait until then.
    Paused(crate::kernel::clock::Timestamp),
}

fn known(practice: &Practice, member: &StaffMember) -> Known {
    Known {
        practice: practice.name.clone(),
        names: member.name.split_whitespace().map(ToOwned::to_owned).collect(),
        birth_date: None,
        emails: vec![member.email.as_str().to_owned()],
    }
}

/// What follows every new password: other links end, failures are forgotten, the trail records it and
/// its owner gets a mail.
fn settle(
    app: &App,
    c: &mut Scoped<'_>,
    practice: &Practice,
    member: &StaffMember,
    source: &str,
    action: StaffAction,
) -> Result<(), Fault> {
    for purpose in [Purpose::StaffInvitation, Purpose::StaffReset] {
        links::revoke_all(c, purpose, &member.staff_id.to_string())?;
    }
    sign_in::clear(c, Audience::Staff, &member.email_key)?;
    let key = format!("staff.password_set/{}/{}", member.staff_id, c.now().micros());
    outbox::enqueue(app, c, mails::password_set(practice, member, c.now(), key))?;
    let actor = Actor::Staff(member.staff_id.clone(), member.name.clone());
    audit::record(c, Event::new(By { actor, source: source.to_owned() }, action))
}

/// Sets a password by a link: once, ending every session, opening none (PWD-06).
pub async fn set_by_link(
    app: &AppState,
    scope: &PracticeScope,
    source: String,
    token: Token,
    password: Secret,
) -> Result<NewPassword, Fault> {
    let looked = token.clone();
    let (open, practice) =
        app.db.read(scope, move |c| Ok((of_link(c, &looked)?, practice::load(c)?))).await?;
    let (LinkState::Open(_), Some(member)) = open else { return Ok(NewPassword::NotOpen) };
    if let Some(weak) = passwords::weakness(&password, &known(&practice, &member)) {
        return Ok(NewPassword::Weak(weak));
    }
    let turn = Turn::of(scope.id(), Standing::Known);
    let hash = app.hashing.hash(turn, &password, app.rng.as_ref()).await??;
    let inner = app.clone();
    let set = app
        .db
        .write(scope, move |c| {
            lock(c, Lock::Staff(&member.staff_id))?;
            let (LinkState::Open(link), Some(member)) = of_link(c, &token)? else {
                return Ok(NewPassword::NotOpen);
            };
            if !links::use_up(c, &link)? {
                return Ok(NewPassword::NotOpen);
            }
            store::set_password(c, &member.staff_id, &hash)?;
            session::end_all(c, Audience::Staff, &member.staff_id.to_string())?;
            settle(&inner, c, &practice, &member, &source, StaffAction::PasswordSet)?;
            Ok(NewPassword::Set(devices::remember(c, Audience::Staff, &member.staff_id.to_string(), None)?))
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(set)
}

/// Changes one's own password; every session ends, and this browser gets a new one (SES-01).
pub async fn change(
    app: &AppState,
    scope: &PracticeScope,
    visitor: Visitor,
    staff: StaffId,
    present: Secret,
    new: Secret,
) -> Result<NewPassword, Fault> {
    let id = staff.clone();
    let (member, practice) =
        app.db.read(scope, move |c| Ok((store::find(c, &id)?, practice::load(c)?))).await?;
    let Some(member) = member else { return Ok(NewPassword::NotOpen) };
    let old_hash = member.password_hash.clone();
    let turn = Turn::of(scope.id(), Standing::Known);
    let fits = app.hashing.verify(turn.clone(), &present, old_hash.as_deref()).await??;
    let weak = passwords::weakness(&new, &known(&practice, &member));
    let hash = match (fits, weak) {
        (true, None) => Some(app.hashing.hash(turn, &new, app.rng.as_ref()).await??),
        _ => None,
    };
    let inner = app.clone();
    let came = app
        .db
        .write(scope, move |c| {
            lock(c, Lock::Staff(&staff))?;
            let member = store::find(c, &staff)?.filter(|member| member.state == StaffState::Active);
            let Some(member) = member else { return Ok(NewPassword::NotOpen) };
            let fits = fits && member.password_hash == old_hash;
            let attempt = Attempt {
                name_key: &member.email_key,
                subject: Some(&staff.to_string()),
                ip_bucket: &visitor.ip_bucket,
                device: visitor.device.as_ref(),
            };
            match sign_in::decide(c, Audience::Staff, attempt, fits)? {
                Verdict::Paused(until) => Ok(NewPassword::Paused(until)),
                Verdict::Wrong => Ok(NewPassword::WrongPresent),
                Verdict::Welcome => {
                    let Some(hash) = &hash else {
                        return Ok(NewPassword::Weak(weak.unwrap_or("password-too-short")));
                    };
                    store::set_password(c, &staff, hash)?;
                    session::end_all(c, Audience::Staff, &staff.to_string())?;
                    settle(&inner, c, &practice, &member, &visitor.source, StaffAction::PasswordChanged)?;
                    Ok(NewPassword::Changed(sign_in::open(c, Audience::Staff, &staff.to_string(), &visitor)?))
                }
            }
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(came)
}

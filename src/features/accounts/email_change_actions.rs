//! Changing the e-mail address of a sign-in so that nobody is stranded: the new mailbox confirms, the old one is told
//! and can stop it, and take it back for two weeks. Until the new mailbox confirms, nothing else changes. Each act is
//! one transaction that holds the account.

use crate::features::access::AccessAction;
use crate::features::accounts::audit::AccountAction;
use crate::features::accounts::email_change::{
    CONFIRM_HOURS, EmailChangeEvent, EmailChangeState, UNDO_HOURS, decide,
};
use crate::features::accounts::email_change_store::{self as changes, EmailChange};
use crate::features::accounts::grants::{self, HeldGrant};
use crate::features::accounts::mails::{self, AccountMail, MailContext};
use crate::features::accounts::safe_store::is_in_safe_contact;
use crate::features::accounts::store::{self, Account, sign_in_key};
use crate::features::people;
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccountId, EmailChangeId};
use crate::kernel::secrets::{Secret, Token};
use crate::platform::audit::{self, Actor, By, Event};
use crate::platform::db::{Lock, PracticeScope, Scoped, System, lock};
use crate::platform::fault::Fault;
use crate::platform::hashing::{Standing as Known, Turn};
use crate::platform::i18n::Words;
use crate::platform::limits::{self, Limit};
use crate::platform::mail::MailBody;
use crate::platform::outbox::{self, Delivery, MailReader, NewMail, Standing, Subject, SubjectKind};
use crate::platform::state::{App, AppState};
use crate::platform::web::devices;
use crate::platform::web::links::{self, Link, LinkState, Purpose};
use crate::platform::web::session::{self, Audience};
use crate::platform::web::sign_in::{self, Attempt, Verdict, Visitor};

/// What the mails are about: a change, for as long as it is neither stopped nor replaced nor taken back.
pub const EMAIL_CHANGE: SubjectKind = SubjectKind { word: "email_change", standing };

/// Requests for one account in a day.
const REQUESTS: Limit = Limit { most: 5, seconds: 86_400 };

fn standing(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    let change = changes::find(c, &EmailChangeId::from_uuid(id))?;
    Ok(match change.map(|change| change.state) {
        Some(EmailChangeState::Requested | EmailChangeState::Confirmed) => Standing::Wanted,
        _ => Standing::Over,
    })
}

/// What came of asking for another address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requested {
    /// The new mailbox has a link, the old one is told.
    Sent,
    /// It is the address already.
    Same,
    /// The password was wrong.
    Wrong,
    /// Too many wrong passwords: wait until then.
    Paused(Timestamp),
    /// Too many requests today.
    TooMany,
    /// The holder is in safe contact: only the practice knows which address is safe.
    SafeContact,
}

/// Who asks for another address.
#[derive(Clone, Debug)]
pub enum Asker {
    /// The holder, with the password and whether it fits.
    Holder(Box<Visitor>, bool),
    /// A staff member, by name.
    Staff(String),
}

/// The holder asks for another address, with the password: a session that was left open must not be enough.
pub async fn request_by_holder(
    app: &AppState,
    home: &PracticeScope,
    by: By,
    visitor: Visitor,
    account: Account,
    (present, new): (Secret, EmailAddress),
) -> Result<Requested, Fault> {
    let turn = Turn::of(home.id(), Known::Known);
    let fits = app.hashing.verify(turn, &present, Some(&account.password_hash)).await??;
    let asker = Asker::Holder(Box::new(visitor), fits);
    let this = app.clone();
    let requested = app
        .db
        .write(home, move |c| {
            lock(c, Lock::Account(&account.account_id))?;
            let now = store::find(c, &account.account_id)?;
            let Some(now) = now.filter(|now| now.password_hash == account.password_hash) else {
                return Ok(Requested::Wrong);
            };
            request(&this, c, &by, &now, &asker, &new)
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(requested)
}

/// The home practice of an account, opened for its staff's and the holder's acts on it.
pub(super) fn home_of(account: &Account) -> PracticeScope {
    PracticeScope::at_public_address(account.practice_id)
}

/// The practice asks the holder whether an address of the face sheet is theirs: nothing changes until the holder
/// confirms it from there, with the password.
pub(super) async fn request_by_staff(
    app: &AppState,
    by: By,
    account: &Account,
    new: EmailAddress,
) -> Result<Requested, Fault> {
    let (this, home, id) = (app.clone(), home_of(account), account.account_id);
    let requested = app
        .db
        .write(&home, move |c| {
            lock(c, Lock::Account(&id))?;
            let Some(account) = store::find(c, &id)? else { return Ok(Requested::Wrong) };
            request(&this, c, &by, &account, &Asker::Staff(by.actor.name()), &new)
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(requested)
}

/// The newest change of an account, in whatever state.
pub(super) fn newest_of(c: &mut Scoped<'_>, account: &AccountId) -> Result<Option<EmailChange>, Fault> {
    Ok(changes::of_account(c, account)?.into_iter().next())
}

/// Did the mail to the new address of a change come back, or could it not be delivered at all?
pub(super) fn has_bounced(c: &mut Scoped<'_>, change: &EmailChange) -> Result<bool, Fault> {
    let about = Subject { kind: EMAIL_CHANGE.word, id: change.change_id.uuid() };
    let new = change.new_email.key();
    Ok(outbox::about(c, &about)?
        .iter()
        .any(|mail| mail.recipient.to_lowercase() == new && mail.state == Delivery::Undeliverable))
}

fn request(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    account: &Account,
    asker: &Asker,
    new: &EmailAddress,
) -> Result<Requested, Fault> {
    let subject = account.account_id.to_string();
    if let Asker::Holder(visitor, fits) = asker {
        let attempt = Attempt {
            name_key: &account.sign_in_key,
            subject: Some(&subject),
            ip_bucket: &visitor.ip_bucket,
            device: visitor.device.as_ref(),
        };
        match sign_in::decide(c, Audience::Client, attempt, *fits)? {
            Verdict::Welcome => {}
            Verdict::Wrong => return Ok(Requested::Wrong),
            Verdict::Paused(until) => return Ok(Requested::Paused(until)),
        }
    }
    if new.key() == account.email.key() {
        return Ok(Requested::Same);
    }
    if is_in_safe_contact(c, &account.account_id)? {
        return Ok(Requested::SafeContact);
    }
    let bucket = format!("email-change.{subject}");
    if !limits::allows(c, &bucket, REQUESTS)? {
        return Ok(Requested::TooMany);
    }
    limits::count(c, &bucket, REQUESTS)?;
    let now = c.now();
    for earlier in changes::of_account(c, &account.account_id)? {
        if let Ok(next) = decide(earlier.state, earlier.times(), EmailChangeEvent::Replace, now) {
            end(c, &earlier, next)?;
        }
    }
    let change = EmailChange {
        practice_id: *c.practice(),
        change_id: EmailChangeId::fresh(c.rng(), now),
        account_id: account.account_id,
        old_email: account.email.clone(),
        old_name: account.sign_in_name.clone(),
        new_email: new.clone(),
        state: EmailChangeState::Requested,
        asked_by_name: match asker {
            Asker::Holder(..) => String::new(),
            Asker::Staff(name) => name.clone(),
        },
        requested_at: now,
        confirmed_at: None,
        ended_at: None,
    };
    changes::insert(c, &change)?;
    let id = change.change_id.to_string();
    let confirm = links::make(c, Purpose::EmailConfirm, &id, CONFIRM_HOURS)?;
    let stop = links::make(c, Purpose::EmailStop, &id, CONFIRM_HOURS)?;
    let letter = Letter { app, account, change: &change };
    letter.queue(
        c,
        AccountMail::EmailConfirm,
        new,
        |app, desk, path| mails::email_confirm(app, desk, path, change.times().confirm_until()),
        Some(&confirm),
    )?;
    letter.queue(
        c,
        AccountMail::EmailStop,
        &account.email,
        |app, desk, path| mails::email_stop(app, desk, path, change.times().confirm_until()),
        Some(&stop),
    )?;
    trace(c, by, AccountAction::EmailChangeAsked, &change)?;
    Ok(Requested::Sent)
}

/// A mail about a change.
struct Letter<'a> {
    app: &'a App,
    account: &'a Account,
    change: &'a EmailChange,
}

impl Letter<'_> {
    fn queue(
        &self,
        c: &mut Scoped<'_>,
        kind: AccountMail,
        to: &EmailAddress,
        write: impl Fn(&App, MailContext<'_>, &str) -> MailBody,
        token: Option<&Token>,
    ) -> Result<(), Fault> {
        let mut mail = self.mail(c, kind, to, write, token)?;
        mail.subject = Some(Subject { kind: EMAIL_CHANGE.word, id: self.change.change_id.uuid() });
        outbox::enqueue(self.app, c, mail)?;
        Ok(())
    }

    fn mail(
        &self,
        c: &mut Scoped<'_>,
        kind: AccountMail,
        to: &EmailAddress,
        write: impl Fn(&App, MailContext<'_>, &str) -> MailBody,
        token: Option<&Token>,
    ) -> Result<NewMail, Fault> {
        let home = practice::load(c)?;
        // No greeting by name: whoever reads a mistyped or a former address may be somebody else.
        let desk = MailContext { practice: &home, words: Words::of(self.account.language()), called: "" };
        let path = token.map(|token| format!("/{}/email/{}", home.slug, token.reveal())).unwrap_or_default();
        let letter = write(self.app, desk, &path);
        let key = format!("{kind}/{}", self.change.change_id);
        Ok(mails::mail(kind, key, MailReader::Account(self.account.account_id), to.clone(), letter))
    }
}

fn trace(c: &mut Scoped<'_>, by: &By, action: AccountAction, change: &EmailChange) -> Result<(), Fault> {
    let about = serde_json::json!({ "account": change.account_id, "change": change.change_id });
    audit::record(c, Event::new(by.clone(), action).with(about))
}

/// Ends a change that is not confirmed, or no longer counts, with its links and what has not left of its mails.
fn end(c: &mut Scoped<'_>, change: &EmailChange, next: EmailChangeState) -> Result<(), Fault> {
    if !changes::swap(c, change, next)? {
        return Err(Fault::lost_race("one change of an address settled twice at once"));
    }
    let id = change.change_id.to_string();
    for purpose in [Purpose::EmailConfirm, Purpose::EmailStop, Purpose::EmailUndo] {
        links::revoke_all(c, purpose, &id)?;
    }
    outbox::cancel_about(c, &Subject { kind: EMAIL_CHANGE.word, id: change.change_id.uuid() })?;
    Ok(())
}

/// The holder does not want it any more.
pub async fn cancel(app: &AppState, home: &PracticeScope, by: By, account: AccountId) -> Result<(), Fault> {
    app.db
        .write(home, move |c| {
            lock(c, Lock::Account(&account))?;
            let now = c.now();
            for change in changes::of_account(c, &account)? {
                if let Ok(next) = decide(change.state, change.times(), EmailChangeEvent::Stop, now) {
                    end(c, &change, next)?;
                    trace(c, &by, AccountAction::EmailChangeStopped, &change)?;
                }
            }
            Ok(())
        })
        .await
}

/// What a link of a mail about a change leads to.
#[derive(Clone, Debug)]
pub enum EmailLink {
    /// No such link, or it is over: one page for all.
    Over,
    /// The new mailbox: confirm it, with the password.
    Confirm(EmailChange),
    /// The old mailbox: stop the request.
    Stop(EmailChange),
    /// The old mailbox: take the change back.
    Undo(EmailChange),
}

fn behind(c: &mut Scoped<'_>, token: &Token) -> Result<Option<(Link, EmailChange)>, Fault> {
    let LinkState::Open(link) = links::find(c, token)? else { return Ok(None) };
    let Ok(id) = link.subject_id.parse::<EmailChangeId>() else { return Ok(None) };
    Ok(changes::find(c, &id)?.map(|change| (link, change)))
}

fn opened(link: &Link, change: EmailChange, now: Timestamp) -> EmailLink {
    let (event, view): (_, fn(EmailChange) -> EmailLink) = match link.purpose {
        Purpose::EmailConfirm => (EmailChangeEvent::Confirm, EmailLink::Confirm),
        Purpose::EmailStop => (EmailChangeEvent::Stop, EmailLink::Stop),
        Purpose::EmailUndo => (EmailChangeEvent::Undo, EmailLink::Undo),
        Purpose::StaffInvitation | Purpose::StaffReset | Purpose::ClientReset => return EmailLink::Over,
    };
    match decide(change.state, change.times(), event, now) {
        Ok(_) => view(change),
        Err(_) => EmailLink::Over,
    }
}

/// What a link's page shows. Reads only, however often it is opened.
pub async fn look(app: &AppState, scope: &PracticeScope, token: &Token) -> Result<EmailLink, Fault> {
    let token = token.clone();
    app.db
        .read(scope, move |c| {
            let found = behind(c, &token)?;
            Ok(found.map_or(EmailLink::Over, |(link, change)| opened(&link, change, c.now())))
        })
        .await
}

/// What came of a link's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkUsed {
    /// The new address counts; sign in with this name.
    Confirmed(String),
    /// The request is stopped.
    Stopped,
    /// The old address counts again; sign in with this name.
    Undone(String),
    /// The password was wrong.
    Wrong,
    /// Too many wrong passwords: wait until then.
    Paused(Timestamp),
    /// The link is over.
    Over,
}

/// Uses a link: confirms, stops or takes back, as it was made for. Confirming asks for the account's password, so that
/// whoever reads a mistyped mailbox gets nowhere.
pub async fn use_link(
    app: &AppState,
    scope: &PracticeScope,
    visitor: Visitor,
    token: Token,
    password: Option<Secret>,
) -> Result<LinkUsed, Fault> {
    let look = token.clone();
    let found = app
        .db
        .read(scope, move |c| {
            let Some((_, change)) = behind(c, &look)? else { return Ok(None) };
            store::find(c, &change.account_id)
        })
        .await?;
    let Some(account) = found else { return Ok(LinkUsed::Over) };
    let fits = match password {
        Some(password) => {
            let turn = Turn::of(scope.id(), Known::Known);
            app.hashing.verify(turn, &password, Some(&account.password_hash)).await??
        }
        None => false,
    };
    let (this, door) = (app.clone(), scope.clone());
    let used = app
        .db
        .system_write(move |system| {
            let used = {
                let c = &mut system.within(&door);
                lock(c, Lock::Account(&account.account_id))?;
                let now = store::find(c, &account.account_id)?;
                let Some(now) = now.filter(|now| now.password_hash == account.password_hash) else {
                    return Ok(LinkUsed::Over);
                };
                let Some((link, change)) = behind(c, &token)? else { return Ok(LinkUsed::Over) };
                // Only who confirms has shown the password.
                let actor = match link.purpose {
                    Purpose::EmailConfirm => Actor::Account(account.account_id),
                    _ => Actor::LinkHolder,
                };
                let by = By { actor, source: visitor.source.clone() };
                match opened(&link, change, c.now()) {
                    EmailLink::Over => return Ok(LinkUsed::Over),
                    EmailLink::Confirm(change) => {
                        confirm(&this, c, &visitor, (&link, &change), (&now, fits), &by)?
                    }
                    EmailLink::Stop(change) => stop(c, (&link, &change), &by)?,
                    EmailLink::Undo(change) => undo(&this, c, (&link, &change), &now, &by)?,
                }
            };
            let action = match &used {
                LinkUsed::Confirmed(_) => AccessAction::SignInEmailChanged,
                LinkUsed::Stopped => AccessAction::SignInEmailStopped,
                LinkUsed::Undone(_) => AccessAction::SignInEmailUndone,
                LinkUsed::Wrong | LinkUsed::Paused(_) | LinkUsed::Over => return Ok(used),
            };
            tell_practices(system, &account, action)?;
            Ok(used)
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(used)
}

/// The staff of every practice where the account has access read of it in the access's history.
fn tell_practices(system: &mut System<'_>, account: &Account, action: AccessAction) -> Result<(), Fault> {
    let held: Vec<HeldGrant> = grants::held_by(system, &account.practice_id, &account.account_id)?;
    for grant in held {
        let mut event = Event::new(By::system(), action).on_chart(&grant.chart_id);
        event.access = Some(grant.access_id);
        audit::record(&mut system.within(&grant.scope), event)?;
    }
    Ok(())
}

fn use_up(c: &mut Scoped<'_>, link: &Link) -> Result<(), Fault> {
    match links::use_up(c, link)? {
        true => Ok(()),
        false => Err(Fault::lost_race("one link used twice at once")),
    }
}

fn confirm(
    app: &App,
    c: &mut Scoped<'_>,
    visitor: &Visitor,
    (link, change): (&Link, &EmailChange),
    (account, fits): (&Account, bool),
    by: &By,
) -> Result<LinkUsed, Fault> {
    let subject = account.account_id.to_string();
    let attempt = Attempt {
        name_key: &account.sign_in_key,
        subject: Some(&subject),
        ip_bucket: &visitor.ip_bucket,
        device: visitor.device.as_ref(),
    };
    match sign_in::decide(c, Audience::Client, attempt, fits)? {
        Verdict::Welcome => {}
        Verdict::Wrong => return Ok(LinkUsed::Wrong),
        Verdict::Paused(until) => return Ok(LinkUsed::Paused(until)),
    }
    use_up(c, link)?;
    if !changes::swap(c, change, EmailChangeState::Confirmed)? {
        return Err(Fault::lost_race("one change of an address settled twice at once"));
    }
    let id = change.change_id.to_string();
    links::revoke_all(c, Purpose::EmailStop, &id)?;
    let undo = links::make(c, Purpose::EmailUndo, &id, UNDO_HOURS)?;
    let name = name_after(c, account, &change.old_email, &change.new_email)?;
    changes::set_email(c, account, &change.new_email, (&name, &sign_in_key(&name)))?;
    // A link for a new password that went to the old mailbox opens nothing any more.
    links::revoke_all(c, Purpose::ClientReset, &subject)?;
    match &visitor.former {
        Some((practice, token)) if practice == c.practice() => {
            session::end_others(c, Audience::Client, &subject, &token.hash())?;
        }
        _ => {
            session::end_all(c, Audience::Client, &subject)?;
        }
    }
    people::mail_arrives(c, &change.new_email)?;
    let until = c.now().plus_hours(UNDO_HOURS);
    let letter = Letter { app, account, change };
    let told = name.clone();
    letter.queue(
        c,
        AccountMail::EmailChanged,
        &change.new_email,
        move |app, desk, _| mails::email_changed(app, desk, &told),
        None,
    )?;
    letter.queue(
        c,
        AccountMail::EmailUndo,
        &change.old_email,
        |app, desk, path| mails::email_undo(app, desk, path, until),
        Some(&undo),
    )?;
    trace(c, by, AccountAction::EmailChanged, change)?;
    Ok(LinkUsed::Confirmed(name))
}

/// The sign-in name after the address changed. It follows the address where it was the address; a couple who share
/// a mailbox keep a name each, so a name that another account has is not taken.
fn name_after(
    c: &mut Scoped<'_>,
    account: &Account,
    from: &EmailAddress,
    to: &EmailAddress,
) -> Result<String, Fault> {
    let follows = account.sign_in_key == sign_in_key(from.as_str());
    let is_free = !changes::is_name_taken(c, &sign_in_key(to.as_str()), &account.account_id)?;
    Ok(if follows && is_free { to.as_str().to_owned() } else { account.sign_in_name.clone() })
}

fn stop(c: &mut Scoped<'_>, (link, change): (&Link, &EmailChange), by: &By) -> Result<LinkUsed, Fault> {
    use_up(c, link)?;
    end(c, change, EmailChangeState::Stopped)?;
    // Whoever asked for it knows the password, and the old mailbox says that it was not its reader.
    session::end_all(c, Audience::Client, &change.account_id.to_string())?;
    trace(c, by, AccountAction::EmailChangeStopped, change)?;
    Ok(LinkUsed::Stopped)
}

fn undo(
    app: &App,
    c: &mut Scoped<'_>,
    (link, change): (&Link, &EmailChange),
    account: &Account,
    by: &By,
) -> Result<LinkUsed, Fault> {
    use_up(c, link)?;
    let subject = account.account_id.to_string();
    let letter = Letter { app, account, change };
    // Of no subject: it is about what no longer counts.
    let told = letter.mail(
        c,
        AccountMail::EmailUndone,
        &account.email,
        |_, desk, _| mails::email_undone(desk),
        None,
    )?;
    outbox::enqueue(app, c, told)?;
    let now = c.now();
    for later in changes::of_account(c, &account.account_id)? {
        let event = if later.change_id == change.change_id {
            EmailChangeEvent::Undo
        } else if (later.requested_at, later.change_id) > (change.requested_at, change.change_id) {
            EmailChangeEvent::UndoEarlier
        } else {
            continue;
        };
        if let Ok(next) = decide(later.state, later.times(), event, now) {
            end(c, &later, next)?;
        }
    }
    let old_key = sign_in_key(&change.old_name);
    let is_free = !changes::is_name_taken(c, &old_key, &account.account_id)?;
    let name = if is_free { change.old_name.clone() } else { account.sign_in_name.clone() };
    changes::set_email(c, account, &change.old_email, (&name, &sign_in_key(&name)))?;
    session::end_all(c, Audience::Client, &subject)?;
    devices::forget(c, Audience::Client, &subject, None)?;
    links::revoke_all(c, Purpose::ClientReset, &subject)?;
    trace(c, by, AccountAction::EmailChangeUndone, change)?;
    Ok(LinkUsed::Undone(name))
}

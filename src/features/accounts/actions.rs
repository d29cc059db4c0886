//! What clients do with their own sign-in, each one transaction.

use crate::features::access::AccessAction;
use crate::features::access::lifecycle::State;
use crate::features::access::{AccessRow, load_access};
use crate::features::accounts::audit::AccountAction;
use crate::features::accounts::grants::{self, HeldGrant};
use crate::features::accounts::mails::{self, AccountMail, MailContext};
use crate::features::accounts::store::{self, Account, sign_in_key};
use crate::features::people;
use crate::features::practice::{self, Practice};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, PracticeId};
use crate::kernel::secrets::{Secret, Token};
use crate::platform::audit::{self, Actor, By, Event};
use crate::platform::db::{Lock, PracticeScope, Scoped, System, lock};
use crate::platform::fault::Fault;
use crate::platform::hashing::{Standing, Turn};
use crate::platform::i18n::{Language, Words};
use crate::platform::outbox::{self, MailReader};
use crate::platform::passwords::{self, Known};
use crate::platform::state::{App, AppState};
use crate::platform::web::devices;
use crate::platform::web::links::{self, LinkState, Purpose};
use crate::platform::web::session::{self, Audience};
use crate::platform::web::sign_in::{self, Attempt, Candidate, Checked, Opened, Verdict, Visitor};

/// What a sign-in came to.
#[derive(Debug)]
pub enum SignIn {
    /// The account's home practice and what the browser is given.
    Welcome(PracticeId, Opened),
    /// Wrong name or password. The answer does not say which.
    Wrong,
    /// The name and password are right, but the practice has taken the access away.
    NoAccess,
    /// Wait until then.
    Paused(Timestamp),
    /// Too many passwords wait to be checked; come back in a few seconds.
    Busy,
}

fn opened(practice: &PracticeId) -> PracticeScope {
    PracticeScope::at_public_address(practice.clone())
}

/// Signs a client in at the sign-in page of a practice. Failures are counted in the practice where the account
/// was made, so that a second practice's page gives nobody a second set of tries.
pub async fn sign_in(
    app: &AppState,
    scope: &PracticeScope,
    visitor: Visitor,
    name: &str,
    password: Secret,
) -> Result<SignIn, Fault> {
    let key = sign_in_key(name);
    let (look, at) = (key.clone(), scope.clone());
    let find = move |system: &mut System<'_>| {
        let account = store::find_by_name(&mut system.within(&at), &look)?;
        Ok(match account {
            Some(account) => Candidate {
                home: opened(&account.practice_id),
                subject: Some(account.account_id.to_string()),
                hash: Some(account.password_hash),
            },
            None => Candidate { home: at.clone(), subject: None, hash: None },
        })
    };
    let checked = sign_in::check_password(app, Audience::Client, scope, &visitor, &password, find).await?;
    let Ok(Checked { candidate, fits, rehashed }) = checked else { return Ok(SignIn::Busy) };
    let (hash, home) = (candidate.hash, candidate.home.id().clone());
    let account_id = candidate.subject.and_then(|id| id.parse::<AccountId>().ok());
    let door = scope.id().clone();
    app.db
        .system_write(move |system| {
            // Held, and read again: in the time of the hash the password may have been changed, and
            // whoever changes it from here on ends this session too.
            let (account, verdict) = {
                let mut c = system.within(&opened(&home));
                // Query for unknown names too, so that timing does not reveal which exist (RAT-04).
                let id = account_id.clone().unwrap_or_else(|| AccountId::fresh(c.rng(), c.now()));
                lock(&mut c, Lock::Account(&id))?;
                let account = store::find(&mut c, &id)?;
                let account = account.filter(|a| Some(&a.password_hash) == hash.as_ref());
                let fits = fits && account.is_some();
                let subject = account_id.map(|id| id.to_string());
                let attempt = Attempt {
                    name_key: &key,
                    subject: subject.as_deref(),
                    ip_bucket: &visitor.ip_bucket,
                    device: visitor.device.as_ref(),
                };
                let verdict = sign_in::decide(&mut c, Audience::Client, attempt, fits)?;
                (account, verdict)
            };
            let grants = match (&account, verdict) {
                (Some(account), Verdict::Welcome) => grants::held_by(system, &home, &account.account_id)?,
                _ => Vec::new(),
            };
            if let Some((practice, former)) = &visitor.former
                && verdict == Verdict::Welcome
            {
                session::end(&mut system.within(&opened(practice)), &former.hash())?;
            }
            let mut c = system.within(&opened(&home));
            settle(&mut c, &visitor, &door, account, verdict, &grants, rehashed.as_deref())
        })
        .await
}

/// The end of a sign-in: its session where there is one, and its trace.
fn settle(
    c: &mut Scoped<'_>,
    visitor: &Visitor,
    door: &PracticeId,
    account: Option<Account>,
    verdict: Verdict,
    grants: &[HeldGrant],
    rehashed: Option<&str>,
) -> Result<SignIn, Fault> {
    let whom = account
        .as_ref()
        .map_or_else(|| serde_json::json!({}), |a| serde_json::json!({ "account": a.account_id }));
    let by = |actor| By { actor, source: visitor.source.clone() };
    match (verdict, account) {
        (Verdict::Welcome, Some(account)) => {
            let mine = || by(Actor::Account(account.account_id.clone()));
            // Who signs in at this practice's page sees its chart first.
            let here = grants.iter().find(|grant| grant.practice.practice_id == *door);
            let Some(first) = here.or(grants.first()) else {
                audit::record(c, Event::new(mine(), AccountAction::SignInWithoutAccess))?;
                return Ok(SignIn::NoAccess);
            };
            let subject = &account.account_id.to_string();
            let opened = sign_in::open(c, Audience::Client, subject, visitor)?;
            store::look_at(c, &opened.session.hash(), &first.access_id)?;
            store::signed_in(c, &account, rehashed)?;
            people::mail_arrives(c, &account.email)?;
            audit::record(c, Event::new(mine(), AccountAction::SignedIn))?;
            Ok(SignIn::Welcome(account.practice_id, opened))
        }
        (Verdict::Paused(until), _) => {
            audit::record(c, Event::new(by(Actor::System), AccountAction::SignInPaused).with(whom))?;
            Ok(SignIn::Paused(until))
        }
        _ => {
            audit::record(c, Event::new(by(Actor::Stranger), AccountAction::SignInFailed).with(whom))?;
            Ok(SignIn::Wrong)
        }
    }
}

/// Ends the session of this page.
pub async fn sign_out(app: &AppState, home: &PracticeScope, by: By, token_hash: String) -> Result<(), Fault> {
    app.db
        .write(home, move |c| {
            session::end(c, &token_hash)?;
            audit::record(c, Event::new(by.clone(), AccountAction::SignedOut))
        })
        .await
}

/// Turns the session to another of the account's charts.
pub async fn look_at(
    app: &AppState,
    home: &PracticeScope,
    token_hash: String,
    access: AccessId,
) -> Result<(), Fault> {
    app.db.write(home, move |c| store::look_at(c, &token_hash, &access)).await
}

/// Sets the language of pages and mails.
pub async fn set_language(
    app: &AppState,
    home: &PracticeScope,
    account: AccountId,
    language: Language,
) -> Result<(), Fault> {
    app.db.write(home, move |c| store::set_language(c, &account, language)).await
}

/// The same in a transaction of another feature; the account may be at home in another practice.
pub fn set_language_within(
    system: &mut System<'_>,
    home: &PracticeId,
    account: &AccountId,
    language: Language,
) -> Result<(), Fault> {
    store::set_language(&mut system.within(&opened(home)), account, language)
}

/// Mails a reset link, if the address belongs to an account. The caller answers the same for every address and
/// does not wait for the mail, so that neither the answer nor its timing reveals which accounts exist.
pub async fn forgot(
    app: &AppState,
    scope: &PracticeScope,
    source: String,
    ip_bucket: &str,
    address: &str,
) -> Result<(), Fault> {
    let key = sign_in_key(address);
    let (bucket, name) = (ip_bucket.to_owned(), key.clone());
    let allowed =
        app.db.write(scope, move |c| sign_in::count_reset(c, Audience::Client, &bucket, &name)).await?;
    if allowed {
        let (app, scope) = (app.clone(), scope.clone());
        tokio::spawn(async move {
            if let Err(fault) = answer_by_mail(&app, &scope, source, key).await {
                tracing::error!(error = fault.chain(), "a forgotten password was not answered");
            }
        });
    }
    Ok(())
}

async fn answer_by_mail(
    app: &AppState,
    scope: &PracticeScope,
    source: String,
    key: String,
) -> Result<(), Fault> {
    let (this, door) = (app.clone(), scope.clone());
    app.db
        .system_write(move |system| {
            let by = By { actor: Actor::Stranger, source: source.clone() };
            let found = store::find_by_address(&mut system.within(&door), &key)?;
            if found.is_empty() {
                return hint_invited(&this, &mut system.within(&door), &key);
            }
            for account in found {
                reset_by_mail(&this, system, &by, &account, None)?;
            }
            Ok(())
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(())
}

/// Makes the link, and queues its mail; or, where nothing is open to the account any more, the mail
/// that says so. `by_staff`: the practice that asked for it, and the grant in whose box.
fn reset_by_mail(
    app: &App,
    system: &mut System<'_>,
    by: &By,
    account: &Account,
    by_staff: Option<(&Practice, &AccessRow)>,
) -> Result<bool, Fault> {
    let grants = grants::held_by(system, &account.practice_id, &account.account_id)?;
    let mut c = system.within(&opened(&account.practice_id));
    let home = practice::load(&mut c)?;
    let words = Words::of(account.language());
    let called = grants.first().map(|grant| grant.holder.called().to_owned()).unwrap_or_default();
    let desk =
        MailContext { practice: by_staff.map_or(&home, |(practice, _)| practice), words, called: &called };
    let about = serde_json::json!({ "account": account.account_id });
    if grants.is_empty() {
        let key = format!("portal.no-access.{}.{}", account.account_id, c.now().micros() / 3_600_000_000);
        let letter = mails::no_access(desk);
        outbox::enqueue(
            app,
            &mut c,
            mails::mail(
                AccountMail::NoAccess,
                key,
                MailReader::Account(account.account_id),
                account.email.clone(),
                letter,
            ),
        )?;
        return Ok(false);
    }
    let hours = Purpose::ClientReset.hours();
    let token = links::make(&mut c, Purpose::ClientReset, &account.account_id.to_string(), hours)?;
    // The link belongs to the practice where the account was made, whichever practice's page asked for it.
    let path = format!("/{}/password/{}", home.slug, token.reveal());
    let ends = c.now().plus_hours(hours);
    let letter = mails::reset(app, desk, &account.sign_in_name, &path, ends, by_staff.is_some());
    let key = format!("portal.reset.{}", &token.hash()[..32]);
    let mut mail = mails::mail(
        AccountMail::Reset,
        key,
        MailReader::Account(account.account_id),
        account.email.clone(),
        letter,
    );
    // At another home the mail is that practice's, and this one's box does not follow it.
    if let Some((_, row)) = by_staff.filter(|(_, row)| row.practice_id == account.practice_id) {
        mail.chart = Some(row.chart_id.clone());
        mail.access = Some(row.access_id.clone());
    }
    outbox::enqueue(app, &mut c, mail)?;
    audit::record(&mut c, Event::new(by.clone(), AccountAction::ResetSent).with(about))?;
    Ok(true)
}

/// Somebody who was invited and never registered has no password to forget: the mail says so.
fn hint_invited(app: &App, c: &mut Scoped<'_>, key: &str) -> Result<(), Fault> {
    let Some(row) = store::invited_at(c, key)? else { return Ok(()) };
    let Some(address) = row.invited_address.clone().filter(|a| a.key() == key) else { return Ok(()) };
    let practice = practice::load(c)?;
    let Some(person) = people::load_person(c, &row.person_id)? else { return Ok(()) };
    let language = if person.language.is_empty() { &practice.language } else { &person.language };
    let desk = MailContext {
        practice: &practice,
        words: Words::of(Language::read(language)),
        called: person.called(),
    };
    let once = format!("portal.invited-hint.{}.{}", row.access_id, c.now().micros() / 3_600_000_000);
    let letter = mails::not_registered_yet(desk);
    let mut mail =
        mails::mail(AccountMail::InvitedHint, once, MailReader::Grant(row.access_id), address, letter);
    mail.chart = Some(row.chart_id.clone());
    mail.access = Some(row.access_id.clone());
    outbox::enqueue(app, c, mail)?;
    Ok(())
}

/// Why no reset was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReset {
    /// No such grant in this practice.
    #[error("no such grant")]
    NotFound,
    /// Nobody has registered for it, or it is not active.
    #[error("nobody can sign in by this grant now")]
    NotActive,
}

/// The practice sends a client the link that sets a new password: it triggers, and never sees or
/// sets one (PWD-07).
pub async fn send_password_reset(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
) -> Result<Result<(), NoReset>, Fault> {
    let (this, door) = (app.clone(), scope.clone());
    let sent = app
        .db
        .system_write(move |system| {
            let mut c = system.within(&door);
            let Some(row) = load_access(&mut c, &access)? else { return Ok(Err(NoReset::NotFound)) };
            let (State::Active, Some(home), Some(id)) =
                (row.state, &row.account_practice_id, &row.account_id)
            else {
                return Ok(Err(NoReset::NotActive));
            };
            let practice = practice::load(&mut c)?;
            let Some(account) = store::find(&mut system.within(&opened(home)), id)? else {
                return Ok(Err(NoReset::NotActive));
            };
            // The trail of the account's home does not name a staff member of another practice.
            let at_home = if home == door.id() { by.clone() } else { By::system() };
            if !reset_by_mail(&this, system, &at_home, &account, Some((&practice, &row)))? {
                return Ok(Err(NoReset::NotActive));
            }
            let mut event = Event::new(by.clone(), AccessAction::PasswordResetSent).on_chart(&row.chart_id);
            event.access = Some(row.access_id.clone());
            audit::record(&mut system.within(&door), event)?;
            Ok(Ok(row.chart_id))
        })
        .await?;
    Ok(sent.map(|chart| {
        app.outbox_bell.notify_one();
        app.live.chart_changed(scope.id(), &chart);
    }))
}

/// What others know about an account's holder, for the password rules.
fn known(account: &Account, grants: &[HeldGrant]) -> Known {
    let people = || grants.iter().flat_map(|grant| [&grant.holder, &grant.client]);
    let mut names: Vec<String> = people()
        .flat_map(|p| [&p.first_name, &p.middle_name, &p.last_name, &p.preferred_name])
        .filter(|name| !name.is_empty())
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    Known {
        practice: grants.first().map(|grant| grant.practice.name.clone()).unwrap_or_default(),
        names,
        birth_date: grants.first().and_then(|grant| grant.holder.birth_date.clone()),
        emails: vec![account.email.as_str().to_owned(), account.sign_in_name.clone()],
    }
}

/// What the holder of a password link finds.
#[derive(Debug)]
pub enum ResetView {
    /// No such link: the same page for everybody.
    Unknown,
    /// Good; show the form for this sign-in name.
    Open(String),
    /// Its time is over.
    Expired,
    /// A password was set with it.
    Used,
    /// A newer one was sent, the password was changed meanwhile, or the access was taken away.
    Gone,
}

/// A link, the account it is for, and what that may look at: nothing means that it is shut.
type Behind = (links::Link, Account, Vec<HeldGrant>);

fn behind(
    system: &mut System<'_>,
    scope: &PracticeScope,
    token: &Token,
) -> Result<Result<Behind, ResetView>, Fault> {
    let mut c = system.within(scope);
    let link = match links::find(&mut c, token)? {
        LinkState::Unknown => return Ok(Err(ResetView::Unknown)),
        LinkState::Open(link)
        | LinkState::Expired(link)
        | LinkState::Used(link)
        | LinkState::Revoked(link)
            if link.purpose != Purpose::ClientReset =>
        {
            return Ok(Err(ResetView::Unknown));
        }
        LinkState::Expired(_) => return Ok(Err(ResetView::Expired)),
        LinkState::Used(_) => return Ok(Err(ResetView::Used)),
        LinkState::Revoked(_) => return Ok(Err(ResetView::Gone)),
        LinkState::Open(link) => link,
    };
    let Ok(id) = link.subject_id.parse::<AccountId>() else { return Ok(Err(ResetView::Unknown)) };
    let Some(account) = store::find(&mut c, &id)? else { return Ok(Err(ResetView::Unknown)) };
    // A link that was asked for before the practice took the access away lifts nothing.
    let grants = grants::held_by(system, &account.practice_id, &id)?;
    if grants.is_empty() {
        return Ok(Err(ResetView::Gone));
    }
    Ok(Ok((link, account, grants)))
}

/// What a password link's page shows. Reads only.
pub async fn look_at_reset(app: &AppState, scope: &PracticeScope, token: &Token) -> Result<ResetView, Fault> {
    let (scope, token) = (scope.clone(), token.clone());
    app.db
        .system_read(move |system| {
            Ok(match behind(system, &scope, &token)? {
                Ok((_, account, _)) => ResetView::Open(account.sign_in_name),
                Err(view) => view,
            })
        })
        .await
}

/// What came of setting a password.
#[derive(Debug)]
pub enum PasswordSet {
    /// Done; sign in with this name. The browser is known from then on, where the link was asked for
    /// since a pause began: whoever opened the mailbox then has shown more than a password.
    Done(String, Option<Token>),
    /// It is too weak: catalogue key of the reason (`password-…`), and the sign-in name that it is
    /// for. The link stays good.
    Weak(&'static str, String),
    /// The link is not open: its page.
    NotOpen(ResetView),
}

/// Sets a password by a link, which that uses up. Ends every session and every other link of the
/// account, tells its holder, and signs nobody in (PWD-06).
pub async fn set_password_by_link(
    app: &AppState,
    scope: &PracticeScope,
    source: String,
    token: Token,
    password: Secret,
) -> Result<PasswordSet, Fault> {
    let (door, look) = (scope.clone(), token.clone());
    let found = app.db.system_read(move |system| behind(system, &door, &look)).await?;
    let (_, account, grants) = match found {
        Ok(behind) => behind,
        Err(view) => return Ok(PasswordSet::NotOpen(view)),
    };
    if let Some(reason) = passwords::weakness(&password, &known(&account, &grants)) {
        return Ok(PasswordSet::Weak(reason, account.sign_in_name));
    }
    let turn = Turn::of(scope.id(), Standing::Known);
    let hash = app.hashing.hash(turn, &password, app.rng.as_ref()).await??;
    let (this, door) = (app.clone(), scope.clone());
    let outcome = app
        .db
        .system_write(move |system| {
            lock(&mut system.within(&door), Lock::Account(&account.account_id))?;
            let (link, account, grants) = match behind(system, &door, &token)? {
                Ok(behind) => behind,
                Err(view) => return Ok(PasswordSet::NotOpen(view)),
            };
            let mut c = system.within(&door);
            if !links::use_up(&mut c, &link)? {
                return Ok(PasswordSet::NotOpen(ResetView::Used));
            }
            let by = By { actor: Actor::Account(account.account_id.clone()), source: source.clone() };
            // A link from before a pause does not lift it: whoever read that mail may be the one who
            // is guessing.
            let made = link.expires_at.plus_hours(-link.purpose.hours());
            let pause = sign_in::paused_until(&mut c, Audience::Client, &account.sign_in_key)?;
            let stays = pause.filter(|end| made < end.plus_seconds(-60 * sign_in::PAUSE_MINUTES));
            if stays.is_none() {
                sign_in::clear(&mut c, Audience::Client, &account.sign_in_key)?;
            }
            let subject = &account.account_id.to_string();
            session::end_all(&mut c, Audience::Client, subject)?;
            replace_password(&this, &mut c, &by, &account, &grants, &hash, AccountAction::PasswordSet)?;
            let device = match stays {
                Some(_) => None,
                None => Some(devices::remember(&mut c, Audience::Client, subject, None)?),
            };
            Ok(PasswordSet::Done(account.sign_in_name, device))
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(outcome)
}

/// The new password, everything that the old one still opened shut, the mail and the trace.
fn replace_password(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    account: &Account,
    grants: &[HeldGrant],
    hash: &str,
    action: AccountAction,
) -> Result<(), Fault> {
    store::set_password(c, &account.account_id, hash)?;
    links::revoke_all(c, Purpose::ClientReset, &account.account_id.to_string())?;
    let practice = practice::load(c)?;
    let called = grants.first().map(|grant| grant.holder.called().to_owned()).unwrap_or_default();
    let desk = MailContext { practice: &practice, words: Words::of(account.language()), called: &called };
    let letter = mails::password_changed(app, desk, c.now());
    let key = format!("portal.password-changed.{}.{}", account.account_id, c.now().micros());
    outbox::enqueue(
        app,
        c,
        mails::mail(
            AccountMail::PasswordChanged,
            key,
            MailReader::Account(account.account_id),
            account.email.clone(),
            letter,
        ),
    )?;
    audit::record(c, Event::new(by.clone(), action))
}

/// What came of changing a password.
#[derive(Debug)]
pub enum PasswordChanged {
    /// Done: every session has ended, and this browser is given a new one.
    Done(Opened),
    /// The present password was wrong.
    Wrong,
    /// The new one is too weak: catalogue key of the reason.
    Weak(&'static str),
    /// Too many wrong tries: wait until then.
    Paused(Timestamp),
}

/// Changes the password of somebody signed in, who knows the present one.
pub async fn change_password(
    app: &AppState,
    home: &PracticeScope,
    by: By,
    visitor: Visitor,
    token_hash: String,
    who: (Account, Vec<HeldGrant>),
    (present, new): (Secret, Secret),
) -> Result<PasswordChanged, Fault> {
    let (account, grants) = who;
    if let Some(reason) = passwords::weakness(&new, &known(&account, &grants)) {
        return Ok(PasswordChanged::Weak(reason));
    }
    let turn = Turn::of(home.id(), Standing::Known);
    let fits = app.hashing.verify(turn.clone(), &present, Some(&account.password_hash)).await??;
    let hash = if fits { app.hashing.hash(turn, &new, app.rng.as_ref()).await?? } else { String::new() };
    let this = app.clone();
    let outcome = app
        .db
        .write(home, move |c| {
            lock(c, Lock::Account(&account.account_id))?;
            let now = store::find(c, &account.account_id)?;
            let fits = fits && now.is_some_and(|now| now.password_hash == account.password_hash);
            let subject = &account.account_id.to_string();
            let attempt = Attempt {
                name_key: &account.sign_in_key,
                subject: Some(subject),
                ip_bucket: &visitor.ip_bucket,
                device: visitor.device.as_ref(),
            };
            match sign_in::decide(c, Audience::Client, attempt, fits)? {
                Verdict::Wrong => {
                    audit::record(c, Event::new(by.clone(), AccountAction::PasswordChangeFailed))?;
                    Ok(PasswordChanged::Wrong)
                }
                Verdict::Paused(until) => Ok(PasswordChanged::Paused(until)),
                Verdict::Welcome => {
                    let in_view = store::in_view(c, &token_hash)?;
                    session::end_all(c, Audience::Client, subject)?;
                    replace_password(
                        &this,
                        c,
                        &by,
                        &account,
                        &grants,
                        &hash,
                        AccountAction::PasswordChanged,
                    )?;
                    let opened = sign_in::open(c, Audience::Client, subject, &visitor)?;
                    if let Some(access) = in_view {
                        store::look_at(c, &opened.session.hash(), &access)?;
                    }
                    Ok(PasswordChanged::Done(opened))
                }
            }
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(outcome)
}

/// Which sessions to end.
#[derive(Clone, Debug)]
pub enum End {
    /// The one of this name ([`session::OpenSession::name`]).
    One(String),
    /// Every one but the present.
    Others,
}

/// Ends sessions of one's own account; never the present one, for which there is signing out.
pub async fn end_sessions(
    app: &AppState,
    home: &PracticeScope,
    by: By,
    account: AccountId,
    (present, device): (String, Option<Token>),
    end: End,
) -> Result<(), Fault> {
    app.db
        .write(home, move |c| {
            match &end {
                End::Others => {
                    session::end_others(c, Audience::Client, &account.to_string(), &present)?;
                    devices::forget(c, Audience::Client, &account.to_string(), device.as_ref())?;
                }
                End::One(short) => {
                    let mine = session::open_ones(c, Audience::Client, &account.to_string())?;
                    let found = mine.iter().find(|one| one.name() == short && one.token_hash != present);
                    let Some(found) = found else { return Ok(()) };
                    session::end(c, &found.token_hash)?;
                }
            }
            audit::record(c, Event::new(by.clone(), AccountAction::SessionsEnded))
        })
        .await
}

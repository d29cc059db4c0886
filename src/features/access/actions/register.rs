//! Registration: the one moment at which a link is used up. Two short transactions with the costly
//! hash between them and outside both (invitation.md §3). Each compares the details with the chart as
//! it is at that instant, so what decides is the chart at the commit.

use std::time::Duration;

use crate::features::access::accounts::{self, NewAccount};
use crate::features::access::actions::apply::{Brings, Change, PendingWrites, SignIn};
use crate::features::access::actions::holder::{Key, LinkView};
use crate::features::access::actions::link::LinkContext;
use crate::features::access::audit::AccessAction;
use crate::features::access::identity::{self, Field, OnFile};
use crate::features::access::lifecycle::{Event, MISMATCHES_TO_LOCK, State, decide};
use crate::features::access::store::{self, InvitationState};
use crate::features::people;
use crate::kernel::civil::BirthDate;
use crate::kernel::ids::{AccountId, ChartId, PracticeId};
use crate::kernel::secrets::{Secret, Token};
use crate::platform::audit::By;
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::hashing::{Standing, Turn};
use crate::platform::i18n::Language;
use crate::platform::limits::{self, Limit};
use crate::platform::passwords::{self, Known};
use crate::platform::state::{App, AppState};
use crate::platform::web::form_token::{FormToken, made_before, made_once};
use crate::platform::web::session::{self, Audience};
use crate::platform::web::sign_in::{self, Attempt, Verdict};

/// Failed checks of one chart in a day, over all its links: beyond that checks pause, and staff should look at the chart.
const CHECKS_OF_A_CHART: Limit = Limit { most: 15, seconds: 86_400 };
/// Failed checks from one network address in an hour.
const CHECKS_FROM_AN_ADDRESS: Limit = Limit { most: 60, seconds: 3_600 };
/// Later checks from there wait this long and are then answered like any other, because a clinic's kiosk
/// is one address. Each link's own count is what limits guessing.
const TIRED_ADDRESS_WAITS: Duration = Duration::from_secs(2);

/// The registration form, parsed.
#[derive(Clone, Debug)]
pub struct RegisterOrder {
    /// By link or by code.
    pub key: Key,
    /// The client's last name as typed (cleaned).
    pub last_name: String,
    /// The client's birth date.
    pub birth_date: BirthDate,
    /// A new password, or the present one of an existing sign-in.
    pub credential: NewCredential,
    /// Hidden random text of the form: the same one again gets the same success page.
    pub nonce: String,
    /// Language of the page, for the account.
    pub language: Language,
    /// Network address, for limits.
    pub ip_bucket: String,
    /// By what the browser may be known to an existing sign-in.
    pub device: Option<Token>,
    /// The client's session that the browser has, with the practice of its account: an account of another practice is
    /// only used by whoever is signed in to it.
    pub session: Option<(PracticeId, Token)>,
}

/// How the account comes about.
#[derive(Clone, Debug)]
pub enum NewCredential {
    /// A new sign-in with this password.
    Password(Secret),
    /// "I already have a sign-in": its name and password.
    Existing {
        /// Sign-in name.
        name: String,
        /// Password.
        password: Secret,
    },
}

/// What came of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// Done (or done before with the same form): the sign-in name to fill in.
    Welcome {
        /// What to sign in with.
        sign_in_name: String,
        /// The account.
        account: AccountId,
    },
    /// The details do not match. Says nothing about which.
    Mismatch {
        /// Tries left before the link locks.
        left: i32,
    },
    /// The existing sign-in's name or password is wrong.
    WrongSignIn,
    /// The details match, and this person registered before (for another chart): ask for the
    /// sign-in they have.
    HasSignIn,
    /// The password is too weak: catalogue key of the reason (`password-…`). Cost no attempt.
    WeakPassword(String),
    /// The link is not open: its page.
    NotOpen(LinkView),
    /// Too many tries from here or for this chart; wait.
    TooManyTries,
}

fn chart_bucket(found: &LinkContext) -> String {
    format!("check.chart.{}", found.access.chart_id)
}

fn address_bucket(order: &RegisterOrder) -> String {
    format!("check.from.{}", order.ip_bucket)
}

/// Uses a link up, if the details match (invitation.md §3).
pub async fn register(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    order: RegisterOrder,
) -> Result<Registered, Fault> {
    let bucket = address_bucket(&order);
    let is_tired =
        app.db.read(scope, move |c| Ok(!limits::allows(c, &bucket, CHECKS_FROM_AN_ADDRESS)?)).await?;
    if is_tired {
        tokio::time::sleep(TIRED_ADDRESS_WAITS).await;
    }
    let order = std::sync::Arc::new(order);
    let known = match first_look(app, scope, &by, &order).await? {
        Look::Answer(answer, chart) => {
            if let Some(chart) = chart {
                app.live.chart_changed(scope.id(), &chart);
            }
            return Ok(answer);
        }
        Look::Passed(known) => known,
    };
    let proof = match &order.credential {
        NewCredential::Password(password) => {
            // Said only after the check was passed: it would reveal the chart's details to others.
            if let Some(key) = passwords::weakness(password, &known) {
                return Ok(Registered::WeakPassword(key.into()));
            }
            let turn = Turn::of(scope.id(), Standing::Known);
            Proof::Fresh(app.hashing.hash(turn, password, app.rng.as_ref()).await??)
        }
        NewCredential::Existing { name, password } => {
            match existing(app, scope, &order, name, password).await? {
                Ok(proof) => proof,
                Err(answer) => return Ok(answer),
            }
        }
    };
    let inside = app.clone();
    let again = |fault| match fault {
        // Somebody else took the same sign-in name in this instant: run again, find another.
        Fault::Database(error) if is_duplicate(&error) => {
            Fault::lost_race("two made one sign-in name at once")
        }
        other => other,
    };
    let (answer, chart) = match proof {
        Proof::Elsewhere(guest) => {
            let at = scope.clone();
            app.db
                .system_write(move |system| {
                    // The account is held before the chart: nobody of the chart's practice holds it.
                    let proven = match guest.prove(&mut system.within(&guest.home), &order)? {
                        Ok(proven) => proven,
                        Err(answer) => return Ok((answer, None)),
                    };
                    use_up(&inside, &mut system.within(&at), &by, &order, &proven).map_err(again)
                })
                .await?
        }
        proof => app.db.write(scope, move |c| use_up(&inside, c, &by, &order, &proof).map_err(again)).await?,
    };
    if let Some(chart) = chart {
        app.live.chart_changed(scope.id(), &chart);
        app.outbox_bell.notify_one();
    }
    Ok(answer)
}

/// What the first transaction found.
enum Look {
    /// Nothing more to do; the chart is named if something about it was written.
    Answer(Registered, Option<ChartId>),
    /// The details match. What a password must not be made of.
    Passed(Known),
}

/// How the account comes about, proven outside every lock.
enum Proof {
    /// The new password's hash.
    Fresh(String),
    /// An existing account as it stood when its password was tried, or none of that name; and did it fit?
    Existing { key: String, account: Option<accounts::Known>, fits: bool },
    /// The same, where the account belongs to another practice.
    Elsewhere(Guest),
    /// An account of another practice whose password was right in this transaction.
    Proven { home: PracticeId, account: AccountId, sign_in_name: String },
}

/// An account of another practice, to which this browser is signed in.
struct Guest {
    home: PracticeScope,
    key: String,
    account: accounts::Known,
    fits: bool,
}

impl Guest {
    /// Holds the account, reads it again, and counts the try where the account was made.
    fn prove(&self, c: &mut Scoped<'_>, order: &RegisterOrder) -> Result<Result<Proof, Registered>, Fault> {
        lock(c, Lock::Account(&self.account.account_id))?;
        let present = accounts::by_sign_in_key(c, &self.key)?;
        let unchanged = present.as_ref() == Some(&self.account);
        let subject = self.account.account_id.to_string();
        let attempt = Attempt {
            name_key: &self.key,
            subject: Some(&subject),
            ip_bucket: &order.ip_bucket,
            device: order.device.as_ref(),
        };
        Ok(match sign_in::decide(c, Audience::Client, attempt, self.fits && unchanged)? {
            Verdict::Welcome => Ok(Proof::Proven {
                home: *self.home.id(),
                account: self.account.account_id,
                sign_in_name: self.account.sign_in_name.clone(),
            }),
            Verdict::Paused(_) => Err(Registered::TooManyTries),
            Verdict::Wrong => Err(Registered::WrongSignIn),
        })
    }
}

/// The first transaction: the link's state, cheap rules, both fields, and the count if they differ.
async fn first_look(
    app: &AppState,
    scope: &PracticeScope,
    by: &By,
    order: &std::sync::Arc<RegisterOrder>,
) -> Result<Look, Fault> {
    let (inside, by, order) = (app.clone(), by.clone(), order.clone());
    app.db
        .write(scope, move |c| {
            let Some(found) = LinkContext::locked(c, &order.key)? else {
                return Ok(Look::Answer(Registered::NotOpen(LinkView::Unknown), None));
            };
            if let Some(answer) = not_open(c, &found, &order)? {
                return Ok(Look::Answer(answer, None));
            }
            if let NewCredential::Password(password) = &order.credential {
                let public = Known { practice: found.files.practice.name.clone(), ..Known::default() };
                if let Some(key) = passwords::weakness(password, &public) {
                    return Ok(Look::Answer(Registered::WeakPassword(key.into()), None));
                }
            }
            if !limits::allows(c, &chart_bucket(&found), CHECKS_OF_A_CHART)? {
                return Ok(Look::Answer(Registered::TooManyTries, None));
            }
            store::mark_opened(c, &found.invitation.invitation_id)?;
            let differing = compare(&found, &order);
            if !differing.is_empty() {
                let answer = count_mismatch(&inside, c, &by, &found, &order, &differing)?;
                return Ok(Look::Answer(answer, Some(found.access.chart_id)));
            }
            let is_new = matches!(order.credential, NewCredential::Password(_));
            if is_new && found.account_elsewhere(c)?.is_some() {
                return Ok(Look::Answer(Registered::HasSignIn, None));
            }
            Ok(Look::Passed(known(&found)))
        })
        .await
}

/// The page of a link that is not open; the same form sent twice gets its success page again.
fn not_open(
    c: &mut Scoped<'_>,
    found: &LinkContext,
    order: &RegisterOrder,
) -> Result<Option<Registered>, Fault> {
    let Some(view) = found.closed(c)? else { return Ok(None) };
    let may_be_replay = found.invitation.state == InvitationState::Accepted
        && found.access.state == State::Active
        && !order.nonce.is_empty();
    if may_be_replay
        && let Some(account) = found.access.account_id
        && made_before(c, &token_of(found, order))? == Some(account.to_string())
        && let Some(sign_in_name) = accounts::sign_in_name(c, &account)?
    {
        return Ok(Some(Registered::Welcome { sign_in_name, account }));
    }
    Ok(Some(Registered::NotOpen(view)))
}

/// The form of this link by its random text, whatever is typed into it.
fn token_of(found: &LinkContext, order: &RegisterOrder) -> FormToken {
    FormToken::of("registration", &found.invitation.invitation_id.to_string(), &order.nonce, b"")
}

fn compare(found: &LinkContext, order: &RegisterOrder) -> Vec<Field> {
    let client = &found.client;
    let on_file = OnFile {
        first_name: &client.first_name,
        last_name: &client.last_name,
        suffix: &client.suffix,
        former: client.former().collect(),
        birth_date: client.birth_date.as_ref(),
    };
    identity::differing(&on_file, &order.last_name, &order.birth_date)
}

/// One more failed check; the fifth locks the link. Only staff see which field differed, and what was
/// typed is not kept.
fn count_mismatch(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    found: &LinkContext,
    order: &RegisterOrder,
    differing: &[Field],
) -> Result<Registered, Fault> {
    let event = Event::Mismatch { generation: found.invitation.generation };
    let Ok(decision) = decide(&found.access.grant(), event, c.now()) else {
        return Ok(Registered::NotOpen(LinkView::Withdrawn));
    };
    limits::count(c, &address_bucket(order), CHECKS_FROM_AN_ADDRESS)?;
    let today = limits::count(c, &chart_bucket(found), CHECKS_OF_A_CHART)?;
    let before = found.access.phase(c.now()).word();
    let details = serde_json::json!({ "mismatches": decision.grant.mismatches, "differed": differing });
    let change = Change { details, ..Change::plain(AccessAction::CheckFailed) };
    let mut row = found.access.clone();
    let mut pending = PendingWrites::new(app, by, &found.files);
    pending.apply(c, &mut row, &decision, &change)?;
    if row.state == State::Locked {
        let details = serde_json::json!({ "generation": row.generation });
        pending.record_about(c, &row, before, AccessAction::Locked, details);
    }
    if today == CHECKS_OF_A_CHART.most {
        let details = serde_json::json!({ "today": today });
        pending.record_about(c, &row, before, AccessAction::ChecksPaused, details);
    }
    pending.write(c)?;
    store::note_differed(c, &found.invitation.invitation_id, &found.invitation.differed_with(differing))?;
    Ok(match row.state {
        State::Locked => Registered::NotOpen(LinkView::Locked),
        _ => Registered::Mismatch { left: MISMATCHES_TO_LOCK - row.mismatches },
    })
}

/// What anybody knows of this person, and a password must not be made of.
fn known(found: &LinkContext) -> Known {
    let names = [&found.client, &found.reader]
        .into_iter()
        .flat_map(|person| {
            [&person.first_name, &person.last_name, &person.preferred_name]
                .into_iter()
                .cloned()
                .chain(person.former().map(str::to_owned))
        })
        .collect();
    Known {
        practice: found.files.practice.name.clone(),
        names,
        birth_date: found.client.birth_date.clone(),
        emails: found.access.invited_address.iter().map(|address| address.as_str().to_owned()).collect(),
    }
}

/// Looks an existing sign-in up and tries its password, with equal work for an unknown name.
async fn existing(
    app: &AppState,
    scope: &PracticeScope,
    order: &RegisterOrder,
    name: &str,
    password: &Secret,
) -> Result<Result<Proof, Registered>, Fault> {
    let key = accounts::sign_in_key(name);
    let elsewhere = signed_in_elsewhere(app, scope, order, &key).await?;
    let (asked, ip_bucket, device) = (key.clone(), order.ip_bucket.clone(), order.device.clone());
    let (found, is_tired, is_paused) = app
        .db
        .read(scope, move |c| {
            let is_tired = sign_in::is_address_tired(c, Audience::Client, &ip_bucket)?;
            let found = accounts::by_sign_in_key(c, &asked)?;
            let subject = found.as_ref().map(|row| row.account_id.to_string());
            let attempt = Attempt {
                name_key: &asked,
                subject: subject.as_deref(),
                ip_bucket: &ip_bucket,
                device: device.as_ref(),
            };
            let is_paused = sign_in::attempt_paused_until(c, Audience::Client, attempt)?.is_some();
            Ok((found, is_tired, is_paused))
        })
        .await?;
    if is_paused {
        return Ok(Err(Registered::TooManyTries));
    }
    if is_tired {
        tokio::time::sleep(sign_in::TIRED_WAITS).await;
    }
    let turn = Turn::of(scope.id(), Standing::Known);
    // Who has a sign-in here uses that one.
    if let (None, Some((home, account))) = (&found, elsewhere) {
        let fits = app.hashing.verify(turn, password, Some(&account.password_hash)).await??;
        return Ok(Ok(Proof::Elsewhere(Guest { home, key, account, fits })));
    }
    let hash = found.as_ref().map(|row| row.password_hash.as_str());
    let fits = app.hashing.verify(turn, password, hash).await??;
    Ok(Ok(Proof::Existing { key, account: found, fits }))
}

/// The account of another practice to which this browser is signed in, where the name that was typed is its own. Without
/// such a session nobody learns here what sign-ins another practice has.
async fn signed_in_elsewhere(
    app: &AppState,
    scope: &PracticeScope,
    order: &RegisterOrder,
    key: &str,
) -> Result<Option<(PracticeScope, accounts::Known)>, Fault> {
    let Some((home, token)) = order.session.clone().filter(|(home, _)| home != scope.id()) else {
        return Ok(None);
    };
    let home = PracticeScope::named_by_cookie(home);
    let (inside, key) = (app.clone(), key.to_owned());
    let account = app
        .db
        .read(&home, move |c| {
            let Some(session) = session::find(&inside, c, Audience::Client, &token)? else { return Ok(None) };
            let known = accounts::by_sign_in_key(c, &key)?;
            Ok(known.filter(|known| known.account_id.to_string() == session.subject_id))
        })
        .await?;
    Ok(account.map(|account| (home, account)))
}

/// The second transaction: everything asked once more, and then the link is used up.
fn use_up(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    order: &RegisterOrder,
    proof: &Proof,
) -> Result<(Registered, Option<ChartId>), Fault> {
    let Some(found) = LinkContext::locked(c, &order.key)? else {
        return Ok((Registered::NotOpen(LinkView::Unknown), None));
    };
    if let Some(answer) = not_open(c, &found, order)? {
        return Ok((answer, None));
    }
    let differing = compare(&found, order);
    if !differing.is_empty() {
        // The chart was changed in between.
        let answer = count_mismatch(app, c, by, &found, order, &differing)?;
        return Ok((answer, Some(found.access.chart_id)));
    }
    let event = Event::Register { generation: found.invitation.generation };
    let decision = match decide(&found.access.grant(), event, c.now()) {
        Ok(decision) => decision,
        Err(_) => return Ok((Registered::NotOpen(LinkView::Withdrawn), None)),
    };
    let here = *c.practice();
    let (home, account, sign_in_name, with) = match proof {
        Proof::Elsewhere(_) => return Err(Fault::other("a sign-in of another practice is proven there")),
        Proof::Proven { home, account, sign_in_name } => (*home, *account, sign_in_name.clone(), "elsewhere"),
        Proof::Fresh(hash) => {
            if found.account_elsewhere(c)?.is_some() {
                return Ok((Registered::HasSignIn, None));
            }
            let (account, name) = new_account(c, &found, order, hash)?;
            sign_in::clear(c, Audience::Client, &accounts::sign_in_key(&name))?;
            (here, account, name, "new")
        }
        Proof::Existing { key, account, fits } => {
            // Held, and read again: in the time of the hash the password may have been changed, or the
            // account gone. Query for an unknown name too, so that timing does not reveal which exist (RAT-04).
            let id = account.as_ref().map(|tried| tried.account_id.clone());
            let id = id.unwrap_or_else(|| AccountId::fresh(c.rng(), c.now()));
            lock(c, Lock::Account(&id))?;
            let present = accounts::by_sign_in_key(c, key)?;
            let unchanged = present.filter(|present| account.as_ref() == Some(present));
            let subject = account.as_ref().map(|tried| tried.account_id.to_string());
            let attempt = Attempt {
                name_key: key,
                subject: subject.as_deref(),
                ip_bucket: &order.ip_bucket,
                device: order.device.as_ref(),
            };
            let fits = *fits && unchanged.is_some();
            match (sign_in::decide(c, Audience::Client, attempt, fits)?, unchanged) {
                (Verdict::Welcome, Some(known)) => (here, known.account_id, known.sign_in_name, "existing"),
                (Verdict::Paused(_), _) => return Ok((Registered::TooManyTries, None)),
                _ => return Ok((Registered::WrongSignIn, None)),
            }
        }
    };
    let by_code = matches!(order.key, Key::Code(_));
    let change = Change {
        details: serde_json::json!({ "sign_in": with, "by_code": by_code }),
        brings: Brings::SignIn(SignIn { home, account: &account, name: &sign_in_name, key: &order.key }),
        ..Change::plain(AccessAction::Registered)
    };
    let mut pending = PendingWrites::new(app, by, &found.files);
    pending.apply(c, &mut found.access.clone(), &decision, &change)?;
    // The link of a letter says nothing about the address.
    if let (Key::Token(_), Some(address)) = (&order.key, &found.invitation.address) {
        people::mail_arrives(c, address)?;
    }
    // Who gets here holds the chart, so nobody else is at this form.
    let made = made_once(c, &token_of(&found, order), |c| {
        pending.write(c)?;
        Ok(Ok::<_, std::convert::Infallible>(account))
    })?;
    let Ok(account) = made;
    Ok((Registered::Welcome { sign_in_name, account }, Some(found.access.chart_id)))
}

/// Makes the account. Its sign-in name is the invited address; where another person has that
/// already (a couple's one mailbox), the first name is put behind a plus sign, so that mail to it
/// still arrives there, and neither person learns of the other's account.
fn new_account(
    c: &mut Scoped<'_>,
    found: &LinkContext,
    order: &RegisterOrder,
    hash: &str,
) -> Result<(AccountId, String), Fault> {
    let on_file = || found.files.address(&found.access.person_id, None);
    let address = found.access.invited_address.clone().or_else(on_file);
    let sign_in_name = accounts::free_name(c, address.as_ref(), found.reader.called())?;
    let new = NewAccount {
        practice_id: c.practice().clone(),
        account_id: AccountId::fresh(c.rng(), c.now()),
        sign_in_key: accounts::sign_in_key(&sign_in_name),
        sign_in_name: sign_in_name.clone(),
        email: address.map(|a| a.as_str().to_owned()).unwrap_or_default(),
        language: order.language,
        password_hash: hash.to_owned(),
        version: 1,
        created_at: c.now(),
    };
    accounts::insert(c, &new)?;
    Ok((new.account_id, sign_in_name))
}

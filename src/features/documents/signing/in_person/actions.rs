//! What can be done about signing in person, each one transaction: hand the device over, confirm the birth date, agree, read,
//! sign, refuse, give the device back. Each holds the document's chart, as every act on its signatures does.

use serde_json::json;

use crate::features::access::lifecycle::MISMATCHES_TO_LOCK;
use crate::features::documents::actions as documents;
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::signing::actions::{
    self as signing, Denied, Done, OnDevice, Place, Proved, SignOutcome, Signatory, Signature,
    note_opened_in_person,
};
use crate::features::documents::signing::consent;
use crate::features::documents::signing::in_person::lifecycle::{Ending, Stage};
use crate::features::documents::signing::in_person::right::{Allowed, allowed, person_of};
use crate::features::documents::signing::in_person::store::{self, InPerson, Meeting};
use crate::features::documents::signing::store as requests;
use crate::features::documents::store::{self as rows, Content, Look};
use crate::kernel::civil::BirthDate;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{DocumentId, InPersonId, PersonId, SignerId, StaffId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::Words;
use crate::platform::limits::{self, Limit};
use crate::platform::web::session;

/// Wrong birth dates of one person in a day; as many as lock an invitation.
const BIRTH_DATES: Limit = Limit { most: MISMATCHES_TO_LOCK, seconds: 86_400 };

fn bucket(person: &PersonId) -> String {
    format!("in-person.{person}")
}

/// Who hands the device over.
#[derive(Clone, Debug)]
pub struct Host {
    /// The staff member.
    pub staff_id: StaffId,
    /// Their name.
    pub name: String,
    /// The hash of their session.
    pub session_hash: String,
}

/// Which locked session acts: what it was locked for is found by this.
#[derive(Clone, Debug)]
pub struct LockedFor {
    /// The hash of the session.
    pub session_hash: String,
    /// Since when it is locked.
    pub since: Timestamp,
}

/// Why the device is not handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// No such document, or nobody was asked to sign it.
    NothingToSign,
    /// It is not this signer's turn, or it is over.
    NotTheirTurn,
    /// They cannot sign in person.
    NotAllowed(Allowed),
    /// Too many birth dates were wrong today.
    TooManyWrong,
    /// The session is locked already, by a second click.
    Locked,
}

fn event(by: &By, action: DocumentAction, meeting: &Meeting) -> Event {
    let details = json!({
        "document": meeting.document,
        "signing": meeting.signing,
        "signer": meeting.row.signer_id,
        "in_person": meeting.row.in_person_id,
        "host": meeting.row.staff_id,
    });
    let mut event = Event::new(by.clone(), action).on_chart(&meeting.chart).with(details);
    event.access = Some(meeting.access);
    event
}

/// Hands the device to a signer whose turn it is: locks the session of the staff member for it.
pub fn start(
    c: &mut Scoped<'_>,
    by: &By,
    host: &Host,
    (id, signer): (&DocumentId, &SignerId),
) -> Result<Result<(), NotStarted>, Fault> {
    let Some(document) = documents::held(c, id)? else { return Ok(Err(NotStarted::NothingToSign)) };
    let Some(request) = requests::newest(c, id)? else { return Ok(Err(NotStarted::NothingToSign)) };
    // Somebody of an earlier request: people were asked once more since the page was made.
    let Some(signer) = request.signers.iter().find(|of| of.signer_id == *signer) else {
        return Ok(Err(NotStarted::NotTheirTurn));
    };
    if !request.request.is_turn_of(signer, c.now()) || !signing::may_host(c, &host.staff_id)? {
        return Ok(Err(NotStarted::NotTheirTurn));
    }
    let allowed = allowed(c, &document, &request, signer)?;
    let Some(access) = signer.access_id.filter(|_| allowed == Allowed::Yes) else {
        return Ok(Err(NotStarted::NotAllowed(allowed)));
    };
    let Some(person) = person_of(c, &access)? else {
        return Ok(Err(NotStarted::NotAllowed(Allowed::No)));
    };
    if !limits::allows(c, &bucket(&person.person_id), BIRTH_DATES)? {
        return Ok(Err(NotStarted::TooManyWrong));
    }
    if !session::lock(c, &host.session_hash)? {
        return Ok(Err(NotStarted::Locked));
    }
    let row = InPerson {
        practice_id: *c.practice(),
        in_person_id: InPersonId::fresh(c.rng(), c.now()),
        signer_id: signer.signer_id,
        staff_id: host.staff_id,
        staff_name: host.name.clone(),
        session_hash: host.session_hash.clone(),
        started_at: c.now(),
        confirmed_at: None,
        consented_at: None,
        consent_version: None,
        consent_sha256: None,
        last_page_at: None,
        read_at: None,
        ended_at: None,
        ending: None,
    };
    let signing = request.request.signing_id;
    let meeting = Meeting { row, access, signing, document: *id, chart: document.chart_id };
    store::insert(c, meeting.row.clone())?;
    audit::record(c, event(by, DocumentAction::InPersonStarted, &meeting))?;
    Ok(Ok(()))
}

/// What the session was locked for, held with the document's chart.
fn held(c: &mut Scoped<'_>, of: &LockedFor) -> Result<Option<Meeting>, Fault> {
    let Some(found) = store::of_session(c, &of.session_hash, of.since)? else { return Ok(None) };
    documents::held(c, &found.document)?;
    store::find(c, &found.row.in_person_id)
}

/// The same where this step is next and it is still the signer's turn; `None` otherwise, where the page says what is.
fn at_step(c: &mut Scoped<'_>, of: &LockedFor, step: Stage) -> Result<Option<(Meeting, Place)>, Fault> {
    let Some(meeting) = held(c, of)?.filter(|meeting| meeting.row.stage(c.now()) == step) else {
        return Ok(None);
    };
    let who = Signatory::InPerson(OnDevice::of(&meeting));
    let Ok(place) = signing::place(c, &who, &meeting.document)? else { return Ok(None) };
    Ok(place.signing.is_turn_at(place.at, c.now()).then_some((meeting, place)))
}

fn end(c: &mut Scoped<'_>, by: &By, mut meeting: Meeting, ending: Ending) -> Result<(), Fault> {
    meeting.row.ended_at = Some(c.now());
    meeting.row.ending = Some(ending);
    store::save(c, &meeting.row)?;
    let mut event = event(by, DocumentAction::InPersonEnded, &meeting);
    event.new_state = ending.word().into();
    audit::record(c, event)
}

/// What came of a birth date that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BirthDateOutcome {
    /// It is the signer's.
    Right,
    /// It is not.
    Wrong,
    /// Nobody is asked for it now, or this was one wrong one too many: the page says so.
    NotAsked,
}

/// The signer types their birth date. What they typed is written nowhere.
pub fn confirm(
    c: &mut Scoped<'_>,
    by: &By,
    of: &LockedFor,
    typed: &BirthDate,
) -> Result<BirthDateOutcome, Fault> {
    let Some((mut meeting, _)) = at_step(c, of, Stage::BirthDate)? else {
        return Ok(BirthDateOutcome::NotAsked);
    };
    let Some(person) = person_of(c, &meeting.access)? else { return Ok(BirthDateOutcome::NotAsked) };
    let bucket = bucket(&person.person_id);
    let has_tries = limits::allows(c, &bucket, BIRTH_DATES)?;
    if has_tries && person.birth_date.as_ref() == Some(typed) {
        limits::clear(c, &bucket)?;
        meeting.row.confirmed_at = Some(c.now());
        store::save(c, &meeting.row)?;
        audit::record(c, event(by, DocumentAction::BirthDateRight, &meeting))?;
        return Ok(BirthDateOutcome::Right);
    }
    audit::record(c, event(by, DocumentAction::BirthDateWrong, &meeting))?;
    // The birth date of one person may be asked for on two devices at once.
    if !has_tries || limits::count(c, &bucket, BIRTH_DATES)? >= BIRTH_DATES.most {
        end(c, by, meeting, Ending::WrongBirthDates)?;
        return Ok(BirthDateOutcome::NotAsked);
    }
    Ok(BirthDateOutcome::Wrong)
}

/// The signer agrees to sign this document electronically. It is theirs to read from now on, and counts as opened by them:
/// the audit event of the agreement says so, as nobody opens it with a session of their own.
pub fn agree(
    c: &mut Scoped<'_>,
    by: &By,
    of: &LockedFor,
    (words, practice): (Words, &str),
) -> Result<(), Fault> {
    let Some((mut meeting, mut place)) = at_step(c, of, Stage::Consent)? else { return Ok(()) };
    meeting.row.consented_at = Some(c.now());
    meeting.row.consent_version = Some(consent::TEXT_VERSION);
    meeting.row.consent_sha256 = Some(consent::sha256_of(&consent::text_in_person(words, practice)));
    store::save(c, &meeting.row)?;
    audit::record(c, event(by, DocumentAction::InPersonAgreed, &meeting))?;
    let number = place.signing.request.number;
    rows::note_reading(c, &meeting.document, &meeting.access, number, Look::Open)?;
    note_opened_in_person(c, by, &mut place, &meeting.row)
}

/// Notes that the last page of a file was shown.
pub fn note_last_page(c: &mut Scoped<'_>, of: &LockedFor) -> Result<(), Fault> {
    let Some(mut meeting) = held(c, of)? else { return Ok(()) };
    if meeting.row.stage(c.now()).shows_document() && meeting.row.last_page_at.is_none() {
        meeting.row.last_page_at = Some(c.now());
        store::save(c, &meeting.row)?;
    }
    Ok(())
}

/// Has the signer read the document?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// They say so, and had its last page; or nobody asks any more.
    Noted,
    /// The last page was not shown yet.
    NotYet,
}

/// The signer says that they have read the document.
pub fn note_read(c: &mut Scoped<'_>, of: &LockedFor) -> Result<ReadOutcome, Fault> {
    let Some((mut meeting, place)) = at_step(c, of, Stage::Read)? else { return Ok(ReadOutcome::Noted) };
    let version = rows::version_of(c, &meeting.document, place.signing.request.number)?;
    let is_file = version.is_some_and(|version| matches!(version.content, Content::File(..)));
    if is_file && meeting.row.last_page_at.is_none() {
        return Ok(ReadOutcome::NotYet);
    }
    meeting.row.read_at = Some(c.now());
    store::save(c, &meeting.row)?;
    Ok(ReadOutcome::Noted)
}

/// The signer signs.
pub fn sign(c: &mut Scoped<'_>, by: &By, of: &LockedFor, signature: &Signature) -> Done<SignOutcome> {
    let Some(meeting) = held(c, of)? else { return Ok(Err(Denied::NothingToSign)) };
    let proved = Proved::InPerson(OnDevice::of(&meeting));
    let outcome = granted!(signing::sign(c, by, &proved, &meeting.document, signature)?);
    end(c, by, meeting, Ending::Signed)?;
    Ok(Ok(outcome))
}

/// The signer does not want to sign. Only whoever has confirmed who they are says so.
pub fn refuse(c: &mut Scoped<'_>, by: &By, of: &LockedFor, reason: &str) -> Done<()> {
    let now = c.now();
    let may_refuse =
        |meeting: &Meeting| meeting.row.confirmed_at.is_some() && meeting.row.stage(now).is_running();
    let Some(meeting) = held(c, of)?.filter(may_refuse) else { return Ok(Err(Denied::NothingToSign)) };
    let who = Signatory::InPerson(OnDevice::of(&meeting));
    granted!(signing::refuse(c, by, &who, &meeting.document, reason)?);
    end(c, by, meeting, Ending::Refused)?;
    Ok(Ok(()))
}

/// The signer gives the device back without signing.
pub fn give_back(c: &mut Scoped<'_>, by: &By, of: &LockedFor) -> Result<(), Fault> {
    match held(c, of)? {
        Some(meeting) if meeting.row.stage(c.now()).is_running() => end(c, by, meeting, Ending::GivenBack),
        _ => Ok(()),
    }
}

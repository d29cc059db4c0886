//! What can be done about signing a document: ask people, open, sign, refuse, replace a signer, set a later deadline,
//! remind, cancel. One transaction each; pages and the API come through here alike. Each holds the document's chart, so
//! that what decides and what changes happen one after the other.

use serde_json::json;

use crate::features::access::GrantRole;
use crate::features::access::{is_one_parent_alone, load_access};
use crate::features::documents::actions::{
    self as documents, NewShare, ReaderGrant, Recipient, Refused, Telling,
};
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::lifecycle::Event as Happens;
use crate::features::documents::signing::consent;
use crate::features::documents::signing::ending::{self, apply};
use crate::features::documents::signing::in_person::lifecycle::Stage;
use crate::features::documents::signing::in_person::right::{self, Allowed};
use crate::features::documents::signing::in_person::store::{self as in_person, InPerson, Meeting};
use crate::features::documents::signing::lifecycle::{
    Event, NewTime, Next, Preparation, Refusal, SignerState, SigningState, begin, decide,
};
use crate::features::documents::signing::mark::Mark;
use crate::features::documents::signing::notices;
use crate::features::documents::signing::seal_store;
use crate::features::documents::signing::store::{
    self, Asked, MOST_SIGNERS, Request, Signer, SignerRole, Signing,
};
use crate::features::documents::signing::trail::{Happening, moment, of_signer, record, record_as};
use crate::features::documents::store::{self as rows, Content, Document, Reading};
use crate::features::practice;
use crate::features::staff::{self, StaffState};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, DocumentId, InPersonId, SignerId, SigningId, StaffId};
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::permissions::{Level, Permission};
use crate::platform::web::step_up::Confirmed;

/// The longest time to sign, in days.
pub const MOST_DAYS: i64 = 180;
/// Hours between two mails that ask somebody to sign.
const HOURS_BETWEEN: i64 = 24;
/// Mails that ask somebody to sign, the first one among them.
const MOST_MAILS: i32 = 6;

/// Who is to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// Somebody with access to the chart.
    Grant(Recipient),
    /// Somebody of the practice.
    Staff(StaffId),
}

/// A signer to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSigner {
    /// Who.
    pub who: Candidate,
    /// From 1. Equal positions sign in any order, higher ones after lower ones.
    pub position: i32,
}

/// A request to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSigning {
    /// Who is to sign.
    pub signers: Vec<NewSigner>,
    /// Until when, in days.
    pub days: i64,
}

/// Why an act was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The document says no.
    #[error(transparent)]
    Document(#[from] Refused),
    /// The request's life cycle says no.
    #[error("the state of the signatures does not allow it")]
    Signing(Refusal),
    /// Nobody was asked to sign it, or not whoever asks.
    #[error("there is nothing to sign")]
    NothingToSign,
    /// None of these people can be asked: nobody of the chart among them, one twice, or too many.
    #[error("these people cannot be asked together")]
    Signers,
    /// One of them has no access to the chart, or may not sign for the practice.
    #[error("one of them cannot be asked")]
    Unknown,
    /// Both parents must sign, by a court order, and one is asked without the other.
    #[error("both parents must sign")]
    OneParentAlone,
    /// It is an authorization whose last day is over.
    #[error("the last day of the authorization is over")]
    LastDayOver,
    /// Less than 1 or more than 180 days.
    #[error("1 to {MOST_DAYS} days")]
    Days,
    /// They had a mail within a day, or five reminders, or no mail would go to them.
    #[error("they were told not long ago")]
    TooSoon,
}

/// The outcome of an act, inside the fault of the machinery.
pub type Done<T> = Result<Result<T, Denied>, Fault>;

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Signing(refusal)
    }
}

/// May a staff member sign for the practice now?
fn staff_name(c: &mut Scoped<'_>, id: &StaffId) -> Result<Option<String>, Fault> {
    let member = staff::store::find(c, id)?;
    Ok(member
        .filter(|m| m.state == StaffState::Active && m.role.may(Permission::SignDocuments))
        .map(|member| member.name))
}

/// The row of somebody who is asked.
fn signer_row(
    c: &mut Scoped<'_>,
    document: &Document,
    signing: SigningId,
    new: NewSigner,
    state: SignerState,
) -> Done<Signer> {
    let blank = Signer {
        practice_id: *c.practice(),
        signer_id: SignerId::fresh(c.rng(), c.now()),
        signing_id: signing,
        position: new.position,
        role: SignerRole::Staff,
        access_id: None,
        staff_id: None,
        printed_name: String::new(),
        state,
        opened_at: None,
        settled_at: None,
        mark_kind: None,
        mark: None,
        mails: 0,
        mailed_at: None,
        hosted_by_name: None,
    };
    let recipient = match new.who {
        Candidate::Staff(id) => {
            let Some(name) = staff_name(c, &id)? else { return Ok(Err(Denied::Unknown)) };
            return Ok(Ok(Signer { staff_id: Some(id), printed_name: name, ..blank }));
        }
        Candidate::Grant(recipient) => recipient,
    };
    let grants = documents::grants_of(c, &document.chart_id, &[recipient])?.unwrap_or_default();
    let Some(access) = grants.first().copied() else { return Ok(Err(Denied::Unknown)) };
    let targets = rows::share_targets(c, &document.chart_id)?;
    let Some(target) = targets.into_iter().find(|target| target.access == access) else {
        return Ok(Err(Denied::Unknown));
    };
    let role = match target.role {
        GrantRole::Representative => SignerRole::Representative,
        GrantRole::Owner | GrantRole::FormerOwner => SignerRole::Owner,
    };
    Ok(Ok(Signer { role, access_id: Some(access), printed_name: target.name, ..blank }))
}

/// The grants of those whose signatures a request has or waits for.
pub fn grants_asked<'a>(signers: impl IntoIterator<Item = &'a Signer>) -> Vec<AccessId> {
    let counts = |signer: &&Signer| signer.state != SignerState::Ended;
    signers.into_iter().filter(counts).filter_map(|signer| signer.access_id).collect()
}

/// Shares the document with clients who are asked, and tells nobody of that.
fn share_with(c: &mut Scoped<'_>, by: &By, id: &DocumentId, signers: &[&Signer]) -> Done<()> {
    let with: Vec<Recipient> =
        signers.iter().filter_map(|signer| signer.access_id).map(Recipient::Grant).collect();
    if with.is_empty() {
        return Ok(Ok(()));
    }
    let share = NewShare { with, telling: Telling::Silent, since: None };
    Ok(documents::share(c, by, id, &share)?.map_err(Denied::Document))
}

/// The moment so many days from now.
fn in_days(c: &Scoped<'_>, days: i64) -> Result<Timestamp, Denied> {
    if (1..=MOST_DAYS).contains(&days) { Ok(c.now().plus_hours(24 * days)) } else { Err(Denied::Days) }
}

/// The end of the last day of an authorization in the practice's zone: to sign it later would allow nothing.
fn end_of_last_day(c: &mut Scoped<'_>, document: &Document) -> Result<Option<Timestamp>, Fault> {
    let Some(day) = document.last_day() else { return Ok(None) };
    Ok(practice::load(c)?.end_of(day))
}

/// Asks people to sign the version that counts. Clients among them see the document from now on. An authorization can be
/// signed until its last day at most.
pub fn ask(c: &mut Scoped<'_>, by: &By, id: &DocumentId, new: &NewSigning) -> Done<SigningId> {
    ask_and_tell(c, by, id, new, Telling::ByMail)
}

/// The same, and says whether those whose turn it is get a mail: somebody who is told of several documents at once gets
/// none for each.
pub fn ask_and_tell(
    c: &mut Scoped<'_>,
    by: &By,
    id: &DocumentId,
    new: &NewSigning,
    telling: Telling,
) -> Done<SigningId> {
    let Some(document) = documents::held(c, id)? else { return Ok(Err(Refused::NotFound.into())) };
    let signed = store::signed(c, id)?;
    granted!(documents::decided(&document, Happens::AskToSign(signed)));
    let last = end_of_last_day(c, &document)?;
    if is_ended(c, &document)? || last.is_some_and(|last| last <= c.now()) {
        return Ok(Err(Denied::LastDayOver));
    }
    let wanted = granted!(in_days(c, new.days));
    let deadline = last.map_or(wanted, |last| wanted.min(last));
    let has_client = new.signers.iter().any(|signer| matches!(signer.who, Candidate::Grant(_)));
    let most = i32::try_from(MOST_SIGNERS).unwrap_or(i32::MAX);
    let is_in_order = new.signers.iter().all(|signer| (1..=most).contains(&signer.position));
    if !has_client || !is_in_order || new.signers.len() > MOST_SIGNERS {
        return Ok(Err(Denied::Signers));
    }
    let Some(version) = rows::version_of(c, id, document.current_version)? else {
        return Err(Fault::Damaged(format!("document {id} has no version {}", document.current_version)));
    };
    let signing_id = SigningId::fresh(c.rng(), c.now());
    let positions: Vec<i32> = new.signers.iter().map(|signer| signer.position).collect();
    let mut signers = Vec::with_capacity(new.signers.len());
    for (new, seat) in new.signers.iter().zip(begin(&positions)) {
        let row = granted!(signer_row(c, &document, signing_id, *new, seat.state)?);
        let is_same = |other: &Signer| other.access_id == row.access_id && other.staff_id == row.staff_id;
        if signers.iter().any(is_same) {
            return Ok(Err(Denied::Signers));
        }
        signers.push(row);
    }
    if is_one_parent_alone(c, &document.chart_id, &grants_asked(&signers))? {
        return Ok(Err(Denied::OneParentAlone));
    }
    granted!(share_with(c, by, id, &signers.iter().collect::<Vec<_>>())?);
    let sha256 = version.content.sha256();
    let before = store::newest(c, id)?.map(|before| before.request);
    let mut request = Request {
        practice_id: *c.practice(),
        signing_id,
        document_id: *id,
        round: before.as_ref().map_or(1, |before| before.round + 1),
        number: version.number,
        sha256: sha256.clone(),
        state: SigningState::Open,
        deadline,
        created_at: c.now(),
        created_by_name: by.actor.name(),
        ended_at: None,
        ended_by_name: String::new(),
        reason: String::new(),
        seen_at: None,
        events: 0,
        chain_head: sha256,
        version: 1,
    };
    // What came of an earlier request is settled by this one.
    if let Some(before) = before {
        let seen = Request { seen_at: Some(c.now()), ..before };
        store::save(c, &seen)?;
    }
    store::insert(c, request.clone(), &signers)?;
    let more = json!({
        "signers": signers.iter().map(of_signer).collect::<Vec<_>>(),
        "deadline": moment(deadline),
        "media_type": media_type(&version.content),
    });
    record(c, by, (&document, &mut request), Happening::Sent, None, more)?;
    store::save(c, &request)?;
    let begins = |signer: &&Signer| signer.state == SignerState::Ready;
    let ready: Vec<SignerId> = signers.iter().filter(begins).map(|signer| signer.signer_id).collect();
    if telling == Telling::ByMail {
        notices::plan(c, &ready)?;
    }
    Ok(Ok(signing_id))
}

fn media_type(content: &Content) -> &str {
    match content {
        Content::Text(_) => "text/plain",
        Content::File(blob, _) => &blob.media_type,
    }
}

/// Who signs or refuses.
#[derive(Clone, Copy, Debug)]
pub enum Signatory {
    /// The holder of a grant, as their session says.
    Client(ReaderGrant),
    /// A staff member, as their session says.
    Staff(StaffId),
    /// A client on the practice's device.
    InPerson(OnDevice),
}

/// Which signer has the practice's device in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnDevice {
    /// Since which handing over.
    pub in_person: InPersonId,
    /// Who.
    pub signer: SignerId,
    /// By which grant.
    pub access: AccessId,
}

impl OnDevice {
    /// Of a meeting.
    pub fn of(meeting: &Meeting) -> Self {
        Self { in_person: meeting.row.in_person_id, signer: meeting.row.signer_id, access: meeting.access }
    }
}

/// Who signs, with what shows that it is they.
#[derive(Clone, Copy, Debug)]
pub enum Proved {
    /// A client, whose password was just right.
    Client(ReaderGrant, Confirmed),
    /// A staff member, whose password was just right.
    Staff(StaffId, Confirmed),
    /// A client on the practice's device, whose birth date was right; the row says when.
    InPerson(OnDevice),
}

impl Proved {
    /// Who.
    pub fn who(&self) -> Signatory {
        match *self {
            Self::Client(grant, _) => Signatory::Client(grant),
            Self::Staff(id, _) => Signatory::Staff(id),
            Self::InPerson(device) => Signatory::InPerson(device),
        }
    }
}

/// A document with its newest request, and which of the signers somebody is.
pub struct Place {
    /// The document.
    pub document: Document,
    /// Its newest request.
    pub signing: Signing,
    /// Who asks, among the signers.
    pub at: usize,
}

/// Where somebody stands with a document, which is held.
pub fn place(c: &mut Scoped<'_>, who: &Signatory, id: &DocumentId) -> Done<Place> {
    let held = documents::held(c, id)?;
    place_of(c, who, held)
}

/// The same for a document that they may see. Signing asks for the whole right, not for a look.
fn place_of(c: &mut Scoped<'_>, who: &Signatory, document: Option<Document>) -> Done<Place> {
    let Some(document) = document else { return Ok(Err(Refused::NotFound.into())) };
    let id = &document.document_id;
    match who {
        Signatory::Client(grant) => {
            granted!(documents::look_ahead(c, grant, id)?);
            if rows::level_for(c, &document, &grant.access)? < Level::Act {
                return Ok(Err(Denied::NothingToSign));
            }
        }
        Signatory::InPerson(device) => {
            if right::by_access(c, &document, &device.access)? != Allowed::Yes {
                return Ok(Err(Denied::NothingToSign));
            }
        }
        Signatory::Staff(_) => {}
    }
    let Some(signing) = store::newest(c, id)? else { return Ok(Err(Denied::NothingToSign)) };
    let at = match who {
        Signatory::Client(grant) => signing.by_grant(&grant.access),
        Signatory::Staff(id) => signing.by_staff(id),
        // Somebody in whose place another one signs by now, or who was asked again since, is not who got the device.
        Signatory::InPerson(device) => {
            signing.signers.iter().position(|signer| signer.signer_id == device.signer)
        }
    };
    let Some(at) = at else { return Ok(Err(Denied::NothingToSign)) };
    Ok(Ok(Place { document, signing, at }))
}

/// Notes that a signer opened the document while it was their turn.
pub fn note_opened(c: &mut Scoped<'_>, by: &By, who: &ReaderGrant, document: &Document) -> Result<(), Fault> {
    let Some(mut signing) = store::newest(c, &document.document_id)? else { return Ok(()) };
    let Some(at) = signing.by_grant(&who.access) else { return Ok(()) };
    first_opened(c, by, (document, &mut signing, at), json!({ "account": who.account }))
}

/// Notes that somebody on the practice's device came to see the document while it was their turn.
pub fn note_opened_in_person(
    c: &mut Scoped<'_>,
    by: &By,
    place: &mut Place,
    meeting: &InPerson,
) -> Result<(), Fault> {
    let more = json!({ "in_person": of_meeting(meeting) });
    first_opened(c, by, (&place.document, &mut place.signing, place.at), more)
}

/// Writes down that it was a signer's turn when they came to see the document, the first time.
fn first_opened(
    c: &mut Scoped<'_>,
    by: &By,
    (document, signing, at): (&Document, &mut Signing, usize),
    more: serde_json::Value,
) -> Result<(), Fault> {
    let now = c.now();
    let Some(signer) = signing.signers.get_mut(at) else { return Ok(()) };
    if !signing.request.is_turn_of(signer, now) || signer.opened_at.is_some() {
        return Ok(());
    }
    signer.opened_at = Some(now);
    store::save_signer(c, signer)?;
    record(c, by, (document, &mut signing.request), Happening::Opened, Some(signer), more)?;
    store::save(c, &signing.request)
}

/// Is it an authorization that does not count any more? To sign it would allow nothing.
fn is_ended(c: &mut Scoped<'_>, document: &Document) -> Result<bool, Fault> {
    if document.last_day().is_none() {
        return Ok(false);
    }
    let today = practice::load(c)?.today(c.now());
    Ok(document.ended(today).is_some())
}

/// What evidence says of how a signer came to sign; nothing for staff.
#[derive(Default)]
struct Before {
    /// By which consent to sign electronically.
    consent: serde_json::Value,
    /// When they had the file, and its last page.
    read: serde_json::Value,
}

fn read_of(downloaded_at: Option<Timestamp>, last_page_at: Option<Timestamp>) -> serde_json::Value {
    json!({ "downloaded_at": downloaded_at.map(moment), "last_page_at": last_page_at.map(moment) })
}

/// What a signer has to do before they can sign, and what they did.
fn preparation(
    c: &mut Scoped<'_>,
    who: &Signatory,
    place: &Place,
    sha256: &str,
) -> Result<(Preparation, Before), Fault> {
    let (document, request) = (&place.document, &place.signing.request);
    let none = Before::default();
    if request.sha256 != sha256 || request.number != document.current_version {
        return Ok((Preparation::OtherVersion, none));
    }
    if is_ended(c, document)? {
        return Ok((Preparation::LastDayOver, none));
    }
    // Whoever signs last completes it, so nobody signs what one parent alone was asked for.
    if is_one_parent_alone(c, &document.chart_id, &grants_asked(&place.signing.signers))? {
        return Ok((Preparation::OneParentAlone, none));
    }
    let grant = match who {
        Signatory::Staff(_) => return Ok((Preparation::Done, none)),
        Signatory::InPerson(device) => return prepared_in_person(c, device),
        Signatory::Client(grant) => grant,
    };
    let home = load_access(c, &grant.access)?.and_then(|row| row.account_practice_id);
    let consent = match &home {
        Some(home) => consent::active(c, (home, &grant.account))?,
        None => None,
    };
    let Some(consent) = consent else { return Ok((Preparation::NoConsent, none)) };
    let version = rows::version_of(c, &document.document_id, request.number)?;
    let reading = rows::reading_of(c, &document.document_id, &grant.access, request.number)?;
    // Of a file the page shows its pages as they are scrolled to: whoever signs has had the last one, or the file.
    let is_read = match version.map(|version| version.content) {
        Some(Content::Text(_)) => reading.is_some(),
        Some(Content::File(..)) => reading.as_ref().is_some_and(Reading::is_of_all),
        None => false,
    };
    let read = reading.map(|reading| read_of(reading.downloaded_at, reading.last_page_at));
    let consent = json!({
        "id": consent.consent_id,
        "at": moment(consent.at),
        "text_version": consent.text_version,
        "text_sha256": consent.text_sha256,
    });
    let before = Before { consent, read: read.unwrap_or_default() };
    Ok((if is_read { Preparation::Done } else { Preparation::NotRead }, before))
}

/// The same for somebody on the practice's device.
fn prepared_in_person(c: &mut Scoped<'_>, device: &OnDevice) -> Result<(Preparation, Before), Fault> {
    let Some(meeting) = in_person::find(c, &device.in_person)? else {
        return Ok((Preparation::DeviceBack, Before::default()));
    };
    let preparation = match meeting.row.stage(c.now()) {
        Stage::Over(_) | Stage::TimeOver => Preparation::DeviceBack,
        Stage::BirthDate => Preparation::NotConfirmed,
        Stage::Consent => Preparation::NoConsent,
        Stage::Read => Preparation::NotRead,
        Stage::Sign => Preparation::Done,
    };
    let consent = json!({
        "at": meeting.row.consented_at.map(moment),
        "text_version": meeting.row.consent_version,
        "text_sha256": meeting.row.consent_sha256,
        "access_shown": "in person, on the practice's device",
    });
    Ok((preparation, Before { consent, read: read_of(None, meeting.row.last_page_at) }))
}

/// What evidence says of somebody who signs or refuses on the practice's device.
pub fn of_meeting(row: &InPerson) -> serde_json::Value {
    json!({
        "id": row.in_person_id,
        "host": { "id": row.staff_id, "name": row.staff_name },
        "started_at": moment(row.started_at),
    })
}

/// May a staff member hand the practice's device to a signer now?
pub fn may_host(c: &mut Scoped<'_>, id: &StaffId) -> Result<bool, Fault> {
    let member = staff::store::find(c, id)?;
    Ok(member.is_some_and(|m| m.state == StaffState::Active && m.role.may(Permission::ManageDocuments)))
}

/// The meeting of somebody on the practice's device, whose host may still do that; `None` for everybody else.
fn meeting_of(c: &mut Scoped<'_>, who: &Signatory) -> Done<Option<InPerson>> {
    let Signatory::InPerson(device) = who else { return Ok(Ok(None)) };
    match in_person::find(c, &device.in_person)? {
        Some(meeting) if may_host(c, &meeting.row.staff_id)? => Ok(Ok(Some(meeting.row))),
        _ => Ok(Err(Denied::NothingToSign)),
    }
}

/// How far somebody is with what comes before signing. Reads only.
pub fn prepared(c: &mut Scoped<'_>, who: &Signatory, id: &DocumentId) -> Done<(Place, Preparation)> {
    let document = rows::find(c, id)?;
    let place = granted!(place_of(c, who, document)?);
    let sha256 = place.signing.request.sha256.clone();
    let (preparation, _) = preparation(c, who, &place, &sha256)?;
    Ok(Ok((place, preparation)))
}

/// A signature, with what is written down of it.
#[derive(Clone, Debug)]
pub struct Signature {
    /// SHA-256 of the version that the page showed.
    pub sha256: String,
    /// The mark.
    pub mark: Mark,
    /// The sentence that the signer agreed to.
    pub said: String,
    /// What the browser calls itself.
    pub agent: String,
    /// The language of the page.
    pub language: String,
    /// The signer's zone.
    pub zone: String,
    /// The hash of their session.
    pub session: String,
}

/// What came of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOutcome {
    /// It stands; others are missing.
    Signed,
    /// It was the last one.
    Completed,
}

fn password_at(confirmed: Confirmed) -> serde_json::Value {
    json!({ "method": "password", "at": moment(confirmed.at()) })
}

/// Signs.
pub fn sign(
    c: &mut Scoped<'_>,
    by: &By,
    proved: &Proved,
    id: &DocumentId,
    signature: &Signature,
) -> Done<SignOutcome> {
    let who = &proved.who();
    let mut place = granted!(place(c, who, id)?);
    if let Signatory::Staff(id) = who
        && staff_name(c, id)?.is_none()
    {
        return Ok(Err(Denied::NothingToSign));
    }
    let meeting = granted!(meeting_of(c, who)?);
    let (preparation, before) = preparation(c, who, &place, &signature.sha256)?;
    let standing = place.signing.request.standing(c.now());
    let next = granted!(decide(standing, &place.signing.seats(), Event::Sign(place.at, preparation)));
    let now = c.now();
    let Some(signer) = place.signing.signers.get_mut(place.at) else {
        return Err(Fault::other("a signer without a row"));
    };
    signer.settled_at = Some(now);
    signer.mark_kind = Some(signature.mark.kind());
    signer.mark = Some(signature.mark.write());
    signer.hosted_by_name = meeting.as_ref().map(|meeting| meeting.staff_name.clone());
    apply(c, &mut place.signing, &next)?;
    let Some(signer) = place.signing.signers.get(place.at).cloned() else {
        return Err(Fault::other("a signer without a row"));
    };
    let (step_up, account, action) = match (proved, &meeting) {
        (Proved::Client(grant, confirmed), _) => {
            (password_at(*confirmed), json!(grant.account), DocumentAction::Signed)
        }
        (Proved::Staff(_, confirmed), _) => {
            (password_at(*confirmed), serde_json::Value::Null, DocumentAction::Signed)
        }
        (Proved::InPerson(_), Some(meeting)) => {
            let at = meeting.confirmed_at.map(moment);
            let step_up = json!({ "method": "in_person", "birth_date_confirmed_at": at });
            (step_up, serde_json::Value::Null, DocumentAction::SignedInPerson)
        }
        (Proved::InPerson(_), None) => return Err(Fault::other("somebody signs in person with no host")),
    };
    let more = json!({
        "mark": { "kind": signature.mark.kind(), "value": signature.mark.write() },
        "said": signature.said,
        "consent": before.consent,
        "opened_at": signer.opened_at.map(moment),
        "read": before.read,
        "step_up": step_up,
        "in_person": meeting.as_ref().map(of_meeting),
        "account": account,
        "agent": signature.agent,
        "language": signature.language,
        "zone": signature.zone,
        "session_sha256": signature.session,
    });
    let at = (&place.document, &mut place.signing.request);
    record_as(c, by, at, (Happening::Signed, action), Some(&signer), more)?;
    let is_complete = next.state == SigningState::Completed;
    if is_complete {
        let at = (&place.document, &mut place.signing.request);
        record(c, by, at, Happening::Completed, None, json!({}))?;
        seal_store::plan(c, &place.signing.request.signing_id)?;
    }
    store::save(c, &place.signing.request)?;
    Ok(Ok(if is_complete { SignOutcome::Completed } else { SignOutcome::Signed }))
}

/// Refuses to sign. That ends the request for everybody.
pub fn refuse(c: &mut Scoped<'_>, by: &By, who: &Signatory, id: &DocumentId, reason: &str) -> Done<()> {
    let mut place = granted!(place(c, who, id)?);
    let meeting = granted!(meeting_of(c, who)?);
    let standing = place.signing.request.standing(c.now());
    let next = granted!(decide(standing, &place.signing.seats(), Event::Refuse(place.at)));
    let now = c.now();
    if let Some(signer) = place.signing.signers.get_mut(place.at) {
        signer.settled_at = Some(now);
    }
    apply(c, &mut place.signing, &next)?;
    let Some(signer) = place.signing.signers.get(place.at).cloned() else {
        return Err(Fault::other("a signer without a row"));
    };
    place.signing.request.ended_by_name.clone_from(&signer.printed_name);
    reason.clone_into(&mut place.signing.request.reason);
    let at = (&place.document, &mut place.signing.request);
    let (action, more) = match &meeting {
        None => (DocumentAction::SigningRefused, json!({ "reason": reason })),
        Some(meeting) => {
            (DocumentAction::RefusedInPerson, json!({ "reason": reason, "in_person": of_meeting(meeting) }))
        }
    };
    record_as(c, by, at, (Happening::Refused, action), Some(&signer), more)?;
    store::save(c, &place.signing.request)?;
    Ok(Ok(()))
}

/// The request of a document, as staff act on it.
fn of_staff(c: &mut Scoped<'_>, id: &DocumentId) -> Done<(Document, Signing)> {
    let Some(document) = documents::held(c, id)? else { return Ok(Err(Refused::NotFound.into())) };
    let signing = store::newest(c, id)?;
    Ok(signing.map(|signing| (document, signing)).ok_or(Denied::NothingToSign))
}

fn decided(c: &Scoped<'_>, signing: &Signing, event: Event) -> Result<Next, Denied> {
    Ok(decide(signing.request.standing(c.now()), &signing.seats(), event)?)
}

/// Cancels the request.
pub fn cancel(c: &mut Scoped<'_>, by: &By, id: &DocumentId, reason: &str) -> Done<()> {
    let (document, mut signing) = granted!(of_staff(c, id)?);
    let next = granted!(decided(c, &signing, Event::Cancel));
    ending::cancel(c, by, &document, &mut signing, &next, reason)?;
    Ok(Ok(()))
}

/// What came of more time to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extended {
    /// There is as much as was asked for.
    AsAsked,
    /// It ends with the last day of the authorization.
    ToLastDay,
}

/// Sets the deadline so many days from now, also where it is over, and never beyond the last day of an authorization.
pub fn extend(c: &mut Scoped<'_>, by: &By, id: &DocumentId, days: i64) -> Done<Extended> {
    let (document, mut signing) = granted!(of_staff(c, id)?);
    let wanted = granted!(in_days(c, days));
    let last = end_of_last_day(c, &document)?;
    let time = NewTime::of(wanted, signing.request.deadline, last, c.now());
    granted!(decided(c, &signing, Event::Extend(time)));
    let until = last.map_or(wanted, |last| wanted.min(last));
    let extended = if until < wanted { Extended::ToLastDay } else { Extended::AsAsked };
    if time == NewTime::Same {
        return Ok(Ok(extended));
    }
    signing.request.deadline = until;
    let more = json!({ "deadline": moment(until) });
    record(c, by, (&document, &mut signing.request), Happening::Extended, None, more)?;
    store::save(c, &signing.request)?;
    Ok(Ok(extended))
}

/// When somebody whose turn it is may be reminded. In this order, the soonest counts for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reminder {
    /// Now.
    Now,
    /// From this moment on: they had a mail within a day.
    From(Timestamp),
    /// Never: they had all the mails that there are.
    UsedUp,
}

fn reminder_after(signer: &Signer, now: Timestamp) -> Reminder {
    if signer.mails >= MOST_MAILS {
        return Reminder::UsedUp;
    }
    match signer.mailed_at.filter(|at| !at.is_over_for(HOURS_BETWEEN * 3_600, now)) {
        Some(at) => Reminder::From(at.plus_hours(HOURS_BETWEEN)),
        None => Reminder::Now,
    }
}

/// When a signer of an open request may be reminded; `None` where no mail would go to them: it is not their turn, they are
/// of the practice, not registered yet, or cannot sign any more.
pub fn reminder(
    c: &mut Scoped<'_>,
    document: &Document,
    request: &Request,
    signer: &Signer,
) -> Result<Option<Reminder>, Fault> {
    let Some(access) = signer.access_id.filter(|_| signer.state == SignerState::Ready) else {
        return Ok(None);
    };
    let is_registered = load_access(c, &access)?.is_some_and(|row| row.account_id.is_some());
    if !is_registered || !can_sign(c, document, request, signer)? {
        return Ok(None);
    }
    Ok(Some(reminder_after(signer, c.now())))
}

/// Mails those clients whose turn it is once more: each at most once a day, and five times in all.
pub fn remind(c: &mut Scoped<'_>, by: &By, id: &DocumentId) -> Done<()> {
    let (document, mut signing) = granted!(of_staff(c, id)?);
    granted!(decided(c, &signing, Event::Remind));
    let now = c.now();
    let mut told = Vec::new();
    for signer in &mut signing.signers {
        if reminder(c, &document, &signing.request, signer)? == Some(Reminder::Now) {
            signer.mailed_at = Some(now);
            store::save_signer(c, signer)?;
            told.push(signer.signer_id);
        }
    }
    if told.is_empty() {
        return Ok(Err(Denied::TooSoon));
    }
    notices::plan(c, &told)?;
    let more = json!({ "signers": told });
    record(c, by, (&document, &mut signing.request), Happening::Reminded, None, more)?;
    store::save(c, &signing.request)?;
    Ok(Ok(()))
}

/// Puts somebody else in the place of a signer who has not signed. Signatures that are there stay.
pub fn replace(c: &mut Scoped<'_>, by: &By, id: &DocumentId, old: &SignerId, who: Candidate) -> Done<()> {
    let (document, mut signing) = granted!(of_staff(c, id)?);
    // Whether it can still be changed at all is told before whose place it was.
    granted!(decided(c, &signing, Event::Extend(NewTime::Same)));
    let Some(at) = signing.signers.iter().position(|signer| signer.signer_id == *old) else {
        return Ok(Err(Denied::Unknown));
    };
    let next = granted!(decided(c, &signing, Event::Replace(at)));
    let before = signing.signers[at].clone();
    let new = NewSigner { who, position: before.position };
    let row = granted!(signer_row(c, &document, signing.request.signing_id, new, before.state)?);
    let is_same = |other: &Signer| {
        other.access_id == row.access_id
            && other.staff_id == row.staff_id
            && other.state != SignerState::Ended
    };
    if signing.signers.iter().any(is_same) || signing.signers.len() >= 4 * MOST_SIGNERS {
        return Ok(Err(Denied::Signers));
    }
    // As in a new request: a client is among those who sign.
    let others =
        signing.signers.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, signer)| signer);
    let has_client =
        others.chain([&row]).any(|signer| signer.access_id.is_some() && signer.state != SignerState::Ended);
    if !has_client {
        return Ok(Err(Denied::Signers));
    }
    let stay = signing.signers.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, signer)| signer);
    if is_one_parent_alone(c, &document.chart_id, &grants_asked(stay.chain([&row])))? {
        return Ok(Err(Denied::OneParentAlone));
    }
    granted!(share_with(c, by, id, &[&row])?);
    apply(c, &mut signing, &next)?;
    store::insert_signer(c, row.clone())?;
    if row.state == SignerState::Ready {
        notices::plan(c, &[row.signer_id])?;
    }
    let more = json!({ "new": of_signer(&row) });
    let at = (&document, &mut signing.request);
    record(c, by, at, Happening::Replaced, Some(&before), more)?;
    store::save(c, &signing.request)?;
    Ok(Ok(()))
}

/// Tries once more to make the final file of a request, where it is stuck.
pub fn retry_seal(c: &mut Scoped<'_>, id: &DocumentId) -> Done<()> {
    let (_, signing) = granted!(of_staff(c, id)?);
    seal_store::retry(c, &signing.request.signing_id)?;
    Ok(Ok(()))
}

/// Staff have seen how a request ended: it leaves their list.
pub fn note_seen(c: &mut Scoped<'_>, id: &DocumentId) -> Done<()> {
    let (_, signing) = granted!(of_staff(c, id)?);
    if signing.request.state == SigningState::Refused && signing.request.seen_at.is_none() {
        let seen = Request { seen_at: Some(c.now()), ..signing.request };
        store::save(c, &seen)?;
    }
    Ok(Ok(()))
}

/// Can somebody who is asked still sign: is their access there, their role, and the share?
pub fn can_sign(
    c: &mut Scoped<'_>,
    document: &Document,
    request: &Request,
    signer: &Signer,
) -> Result<bool, Fault> {
    if let Some(id) = &signer.staff_id {
        return Ok(staff_name(c, id)?.is_some());
    }
    let Some(access) = &signer.access_id else { return Ok(false) };
    // Who is not registered yet can, as soon as they are.
    let is_waiting = load_access(c, access)?.is_some_and(|row| row.account_id.is_none());
    if is_waiting {
        let share = rows::share_of(c, &document.document_id, access)?;
        return Ok(share.is_some_and(|share| share.ended_at.is_none()));
    }
    let asked = Asked { signer: signer.clone(), request: request.clone(), chart: document.chart_id };
    Ok(notices::level(c, &asked, access)? == Level::Act)
}

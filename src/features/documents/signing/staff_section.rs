//! What the pages of staff say of a document's signatures: in the chart's list, and on the document's page.

use jiff::tz::TimeZone;

use crate::features::access::is_one_parent_alone;
use crate::features::documents::request_lifecycle::RequestKind;
use crate::features::documents::request_store::{self, WaitingRequest};
use crate::features::documents::signing::actions::{Reminder, can_sign, grants_asked, reminder};
use crate::features::documents::signing::consent::{self, OnPaper};
use crate::features::documents::signing::in_person::right::{Allowed, allowed};
use crate::features::documents::signing::labels::{FIELD_BOX, ShownMark, shown, tone};
use crate::features::documents::signing::lifecycle::{SignerState, SigningState, Standing};
use crate::features::documents::signing::seal_store::{self, FileState};
use crate::features::documents::signing::store::{self, Request, Signer, Signing, StaffLine};
use crate::features::documents::store::Document;
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, SignerId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;

/// A signer on the document's page.
pub struct SignerLine {
    /// Their name, as it was when they were asked.
    pub name: String,
    /// As what they sign.
    pub role: String,
    /// Colour of the tag.
    pub tone: &'static str,
    /// Its word.
    pub state: String,
    /// What they did, and when.
    pub notes: Vec<String>,
    /// They get it on paper: since when.
    pub on_paper: Option<String>,
    /// Their mark.
    pub mark: Option<ShownMark>,
    /// Whether they can sign on the device of whoever reads this.
    pub sign_here: SignHere,
}

/// What a signer's line says of signing in person.
pub enum SignHere {
    /// Nothing: it is not their turn, or they cannot sign at all.
    Nothing,
    /// A button that hands the device to this signer.
    Offered(SignerId),
    /// Why it is not offered.
    Lacking(String),
}

/// What the document's page says of its signatures.
pub struct SigningSection {
    /// Colour of the tag.
    pub tone: &'static str,
    /// Where it stands.
    pub state: String,
    /// Who asked and when.
    pub asked: String,
    /// Until when it can be signed.
    pub until: Option<String>,
    /// Nobody whose turn it is can sign any more: what to do.
    pub stuck: Option<String>,
    /// Why it was refused or canceled, and by whom.
    pub why: Option<String>,
    /// The signers, in the order in which they sign.
    pub signers: Vec<SignerLine>,
    /// Signatures are missing, before or after the deadline.
    pub is_open: bool,
    /// Both parents must sign and one is asked alone: nobody can sign it so.
    pub one_alone: Option<String>,
    /// Somebody can be reminded now.
    pub may_remind: bool,
    /// When somebody can, or that everybody was often enough.
    pub no_reminder: Option<String>,
    /// It is the reader's turn to sign.
    pub is_own_turn: bool,
    /// It was refused, and nobody has said that they have seen it.
    pub is_unseen: bool,
    /// Where the signed copy stands, and what is said of it.
    pub copy: Option<(FileState, String)>,
    /// The view box of drawings.
    pub field: &'static str,
}

impl SigningSection {
    /// Does the page change by itself, once the signed copy is there?
    pub fn is_copy_due(&self) -> bool {
        self.copy.as_ref().is_some_and(|(state, _)| *state == FileState::Due)
    }
}

/// What staff should look at about signatures.
#[derive(Default)]
pub struct Work {
    /// What waits for the reader's own signature.
    own: Vec<StaffLine>,
    /// What was refused, and what nobody signed in time.
    ended: Vec<StaffLine>,
    /// Authorizations that clients revoked, and when.
    revoked: Vec<(StaffLine, Option<Timestamp>)>,
    /// What clients ask for.
    asked_for: Vec<WaitingRequest>,
    /// What somebody gets on paper.
    on_paper: Vec<OnPaper>,
}

/// Reads it, as far as the reader's role sees the documents.
pub fn work_of(c: &mut Scoped<'_>, session: &StaffSession) -> Result<Work, Fault> {
    if !session.may(Permission::SeeDocuments) {
        return Ok(Work::default());
    }
    let may_sign = session.may(Permission::SignDocuments);
    let own = if may_sign { store::to_countersign(c, &session.staff_id)? } else { Vec::new() };
    // Only whoever may set a new time, cancel or take it off has something to do about it.
    let may_end = session.may(Permission::ManageDocuments);
    let mut ended = if may_end { store::came_to_nothing(c)? } else { Vec::new() };
    ended.sort_by_key(|line| line.state != SigningState::Refused);
    let may_reply = session.may(Permission::ReviewUploads);
    let asked_for = if may_reply { request_store::waiting(c, store::STAFF_LISTED)? } else { Vec::new() };
    ended.retain(|line| line.kind.is_seen_by(session.role, line.label));
    let mut revoked = store::revoked(c)?;
    revoked.retain(|(line, _)| line.kind.is_seen_by(session.role, line.label));
    let mut on_paper = if may_end { consent::on_paper(c)? } else { Vec::new() };
    on_paper.retain(|of| of.line.kind.is_seen_by(session.role, of.line.label));
    Ok(Work { own, ended, revoked, asked_for, on_paper })
}

/// A line of the work list.
pub struct WorkLine {
    /// The document's page.
    pub href: String,
    /// The client's name.
    pub client: String,
    /// Its title.
    pub title: String,
    /// What there is to do.
    pub what: String,
}

impl Work {
    /// In words: first what only the reader can do.
    pub fn lines(&self, session: &StaffSession, now: Timestamp) -> Vec<WorkLine> {
        let line = |key: &str, at: Timestamp, line: &StaffLine| WorkLine {
            href: format!("/staff/charts/{}/documents/{}", line.chart_id, line.document_id),
            client: line.client(),
            title: line.title.clone(),
            what: session.words.with1(key, "moment", session.words.stamp(at, &session.zone, now).short),
        };
        let own = self.own.iter().map(|of| line("signing-work-own", of.deadline, of));
        let ended = self.ended.iter().map(|of| match of.state {
            SigningState::Refused => line("signing-work-refused", of.ended_at.unwrap_or(of.deadline), of),
            _ => line("signing-work-expired", of.deadline, of),
        });
        let asked_for = self.asked_for.iter().map(|of| WorkLine {
            href: format!("/staff/charts/{}/documents/asked/{}", of.chart_id, of.request_id),
            client: of.client(),
            title: session.words.get(match of.kind {
                RequestKind::Wanted => "document-request-staff-title",
                RequestKind::Offered => "document-request-staff-file",
            }),
            what: session.words.with1(
                "document-request-work-since",
                "moment",
                session.words.stamp(of.asked_at, &session.zone, now).short,
            ),
        });
        let revoked =
            self.revoked.iter().map(|(of, at)| line("documents-work-revoked", at.unwrap_or(of.deadline), of));
        let on_paper = self.on_paper.iter().map(|of| {
            let since = session.words.stamp(of.since, &session.zone, now).short;
            let what = session.words.with2("signing-work-paper", "name", &of.name, "moment", since);
            WorkLine { what, ..line("signing-work-own", of.line.deadline, &of.line) }
        });
        own.chain(revoked).chain(asked_for).chain(on_paper).chain(ended).collect()
    }
}

/// Whether an open request can be signed as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Somebody whose turn it is can sign.
    Signable,
    /// None of them can any more.
    Stuck,
}

impl Reach {
    /// By whether each of those whose turn it is can sign.
    pub fn of(turns: impl IntoIterator<Item = bool>) -> Self {
        let mut turns = turns.into_iter().peekable();
        if turns.peek().is_some() && turns.all(|can| !can) { Self::Stuck } else { Self::Signable }
    }
}

/// Somebody whose signature is missing.
pub struct Missing {
    /// Who.
    pub signer: Signer,
    /// Whether they can sign when it is their turn.
    pub can: bool,
    /// Since when they get it on paper.
    pub on_paper: Option<Timestamp>,
}

impl Missing {
    /// How a request stands that lacks these signatures.
    pub fn reach<'a>(of_request: impl IntoIterator<Item = &'a Self>) -> Reach {
        let has_turn = |missing: &&Self| missing.signer.state == SignerState::Ready;
        Reach::of(of_request.into_iter().filter(has_turn).map(|missing| missing.can))
    }
}

/// Whose signatures these open requests of a chart lack.
pub fn missing_of_chart(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    (documents, requests): (&[Document], &[Request]),
) -> Result<Vec<Missing>, Fault> {
    let now = c.now();
    if requests.iter().all(|request| request.state != SigningState::Open) {
        return Ok(Vec::new());
    }
    let mut missing = Vec::new();
    for signer in store::asked_of_chart(c, chart)? {
        let request = requests.iter().find(|request| request.signing_id == signer.signing_id);
        let request = request.filter(|request| request.standing(now) == Standing::Open);
        let of = request.and_then(|request| {
            let document = documents.iter().find(|document| document.document_id == request.document_id)?;
            Some((document, request))
        });
        let can = match of {
            Some((document, request)) => can_sign(c, document, request, &signer)?,
            None => true,
        };
        let on_paper = match signer.access_id.filter(|_| signer.state == SignerState::Ready) {
            Some(access) => consent::on_paper_since(c, &access)?,
            None => None,
        };
        missing.push(Missing { signer, can, on_paper });
    }
    Ok(missing)
}

/// A request with whom of its signers can sign.
pub struct Looked {
    signing: Signing,
    can: Vec<bool>,
    /// Since when each gets it on paper.
    on_paper: Vec<Option<Timestamp>>,
    /// The soonest of those whose turn it is.
    reminder: Option<Reminder>,
    /// Whether each may sign in person, where it is their turn.
    here: Vec<Option<Allowed>>,
    is_one_alone: bool,
    copy: Option<FileState>,
}

impl Looked {
    /// The request with its signers.
    pub fn signing(&self) -> &Signing {
        &self.signing
    }

    /// See [`Reach`].
    pub fn reach(&self) -> Reach {
        let turns = self.signing.signers.iter().zip(&self.can);
        let has_turn = |(signer, _): &(&Signer, &bool)| signer.state == SignerState::Ready;
        Reach::of(turns.filter(has_turn).map(|(_, can)| *can))
    }
}

/// Reads the newest request of a document.
pub fn look(c: &mut Scoped<'_>, document: &Document) -> Result<Option<Looked>, Fault> {
    let Some(signing) = store::newest(c, &document.document_id)? else { return Ok(None) };
    let is_open = signing.request.state == SigningState::Open;
    let is_running = signing.request.standing(c.now()) == Standing::Open;
    let mut can = Vec::with_capacity(signing.signers.len());
    let mut on_paper = Vec::with_capacity(signing.signers.len());
    let (mut here, mut reminders) = (Vec::with_capacity(signing.signers.len()), Vec::new());
    for signer in &signing.signers {
        let is_asked = is_open && signer.state.is_asked();
        can.push(!is_asked || can_sign(c, document, &signing.request, signer)?);
        on_paper.push(match signer.access_id.filter(|_| is_asked) {
            Some(access) => consent::on_paper_since(c, &access)?,
            None => None,
        });
        here.push(match signing.request.is_turn_of(signer, c.now()) {
            true => Some(allowed(c, document, &signing, signer)?),
            false => None,
        });
        if is_running {
            reminders.extend(reminder(c, document, &signing.request, signer)?);
        }
    }
    let is_one_alone =
        is_open && is_one_parent_alone(c, &document.chart_id, &grants_asked(&signing.signers))?;
    let copy = seal_store::state_of(c, &signing.request)?;
    let reminder = reminders.into_iter().min();
    Ok(Some(Looked { signing, can, on_paper, reminder, here, is_one_alone, copy }))
}

/// The colour and the words of a request's state.
pub fn state_of(
    words: Words,
    (request, reach): (&Request, Reach),
    zone: &TimeZone,
    now: Timestamp,
) -> (&'static str, String) {
    let standing = request.standing(now);
    if standing == Standing::Open && reach == Reach::Stuck {
        return ("attention", words.get("signing-state-stuck"));
    }
    let tone = match standing {
        Standing::Open => "waiting",
        Standing::Completed => "good",
        Standing::Expired | Standing::Refused => "attention",
        Standing::Canceled => "stopped",
    };
    let at = match standing {
        Standing::Open | Standing::Expired => request.deadline,
        _ => request.ended_at.unwrap_or(request.created_at),
    };
    let short = words.stamp(at, zone, now).short;
    (tone, words.with1(&format!("signing-state-{standing}"), "moment", short))
}

fn said_of(copy: FileState) -> &'static str {
    match copy {
        FileState::Due => "signing-file-due",
        FileState::Sealed => "signing-file-sealed",
        FileState::Stuck => "signing-file-stuck",
    }
}

fn sign_here(words: Words, signer: &Signer, allowed: Option<Allowed>) -> SignHere {
    match allowed {
        Some(Allowed::Yes) => SignHere::Offered(signer.signer_id),
        Some(Allowed::NoBirthDate) => SignHere::Lacking(words.get("in-person-no-birth-date")),
        Some(Allowed::NotShown) => SignHere::Lacking(words.get("in-person-not-shown")),
        Some(Allowed::Waits) => SignHere::Lacking(words.get("in-person-waits")),
        Some(Allowed::No) | None => SignHere::Nothing,
    }
}

/// See [`SigningSection`].
pub fn section_of(session: &StaffSession, looked: &Looked, now: Timestamp) -> SigningSection {
    let words = session.words;
    let Looked { signing, can, on_paper, reminder, here, is_one_alone, copy } = looked;
    let (request, reach) = (&signing.request, looked.reach());
    let standing = request.standing(now);
    let moment = |at| words.date_time(at, &session.zone);
    let is_open = matches!(standing, Standing::Open | Standing::Expired);
    let signers = signing
        .signers
        .iter()
        .zip(can.iter().zip(here).zip(on_paper))
        .map(|(signer, ((can, here), on_paper))| {
            let note = |key: &str, at: Option<Timestamp>| Some(words.with1(key, "moment", moment(at?)));
            let settled = match signer.state {
                SignerState::Signed => note("signing-note-signed", signer.settled_at),
                SignerState::Refused => note("signing-note-refused", signer.settled_at),
                SignerState::Ready => note("signing-note-mailed", signer.mailed_at),
                SignerState::Waiting | SignerState::Ended => None,
            };
            SignerLine {
                name: signer.printed_name.clone(),
                role: words.get(&format!("signing-role-{}", signer.role)),
                tone: if *can { tone(signer.state) } else { "attention" },
                state: match can {
                    true => words.get(&format!("signing-signer-{}", signer.state)),
                    false => words.get("signing-stuck"),
                },
                notes: note("signing-note-opened", signer.opened_at)
                    .into_iter()
                    .chain(settled)
                    .chain(
                        signer
                            .hosted_by_name
                            .as_ref()
                            .map(|name| words.with1("signing-hosted", "name", name)),
                    )
                    .collect(),
                on_paper: note("signing-paper-since", *on_paper),
                mark: shown(signer),
                sign_here: sign_here(words, signer, (!*is_one_alone).then_some(*here).flatten()),
            }
        })
        .collect();
    let (tone, state) = state_of(words, (request, reach), &session.zone, now);
    let is_signable = standing == Standing::Open && reach == Reach::Signable;
    let is_stuck = standing == Standing::Open && reach == Reach::Stuck;
    let own = signing.by_staff(&session.staff_id).and_then(|at| signing.signers.get(at));
    let has_turn = |state: SignerState| state == SignerState::Ready;
    SigningSection {
        tone,
        state,
        asked: words.with2(
            "signing-asked",
            "name",
            &request.created_by_name,
            "date",
            moment(request.created_at),
        ),
        stuck: is_stuck.then(|| words.get("signing-stuck-text")),
        until: is_signable.then(|| {
            words.with1("signing-until", "moment", words.date_time_zone(request.deadline, &session.zone))
        }),
        why: (!request.reason.is_empty())
            .then(|| words.with2("signing-why", "name", &request.ended_by_name, "reason", &request.reason)),
        signers,
        is_open,
        one_alone: is_one_alone.then(|| words.get("signing-one-parent-alone")),
        may_remind: *reminder == Some(Reminder::Now),
        no_reminder: match reminder {
            None | Some(Reminder::Now) => None,
            Some(Reminder::From(at)) => Some(words.with1("signing-remind-from", "moment", moment(*at))),
            Some(Reminder::UsedUp) => Some(words.get("signing-remind-used-up")),
        },
        is_own_turn: standing == Standing::Open
            && session.may(Permission::SignDocuments)
            && own.is_some_and(|signer| has_turn(signer.state)),
        is_unseen: standing == Standing::Refused && request.seen_at.is_none(),
        copy: copy.map(|state| (state, words.get(said_of(state)))),
        field: FIELD_BOX,
    }
}

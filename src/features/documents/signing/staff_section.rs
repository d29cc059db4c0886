//! What the pages of staff say of a document's signatures: in the chart's list, and on the document's page.

use jiff::tz::TimeZone;

use crate::features::access::is_one_parent_alone;
use crate::features::documents::request_lifecycle::RequestKind;
use crate::features::documents::request_store::{self, WaitingRequest};
use crate::features::documents::signing::actions::{can_sign, grants_asked};
use crate::features::documents::signing::labels::{FIELD_BOX, ShownMark, shown, tone};
use crate::features::documents::signing::lifecycle::{SignerState, SigningState, Standing};
use crate::features::documents::signing::seal_store::{self, FileState};
use crate::features::documents::signing::store::{self, Request, Signing, StaffLine};
use crate::features::documents::store::Document;
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;

/// Days to sign that a form offers.
const DAYS: &[i64] = &[7, 14, 30, 60, 90];

/// In words.
pub fn day_choices(words: Words) -> Vec<(i64, String)> {
    DAYS.iter().map(|days| (*days, words.count("signing-days", "count", *days))).collect()
}

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
    /// Their mark.
    pub mark: Option<ShownMark>,
    /// They are asked and cannot sign any more.
    pub is_stuck: bool,
}

/// What the document's page says of its signatures.
pub struct SigningSection {
    /// Colour of the tag.
    pub tone: &'static str,
    /// Where it stands.
    pub state: String,
    /// Who asked and when.
    pub asked: String,
    /// Until when, where that still matters.
    pub until: Option<String>,
    /// Why it was refused or canceled, and by whom.
    pub why: Option<String>,
    /// The signers, in the order in which they sign.
    pub signers: Vec<SignerLine>,
    /// Signatures are missing, before or after the deadline.
    pub is_open: bool,
    /// Both parents must sign and one is asked alone: nobody can sign it so.
    pub one_alone: Option<String>,
    /// Somebody can be reminded.
    pub may_remind: bool,
    /// It is the reader's turn to sign.
    pub is_own_turn: bool,
    /// It was refused, and nobody has said that they have seen it.
    pub is_unseen: bool,
    /// Where the signed copy stands, and what is said of it.
    pub copy: Option<(FileState, String)>,
    /// The view box of drawings.
    pub field: &'static str,
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
}

/// Reads it, as far as the reader's role sees the documents.
pub fn work_of(c: &mut Scoped<'_>, session: &StaffSession) -> Result<Work, Fault> {
    if !session.may(Permission::SeeDocuments) {
        return Ok(Work::default());
    }
    let may_sign = session.may(Permission::SignDocuments);
    let own = if may_sign { store::to_countersign(c, &session.staff_id)? } else { Vec::new() };
    let mut ended = store::came_to_nothing(c)?;
    ended.sort_by_key(|line| line.state != SigningState::Refused);
    let may_reply = session.may(Permission::ReviewUploads);
    let asked_for = if may_reply { request_store::waiting(c, store::STAFF_LISTED)? } else { Vec::new() };
    ended.retain(|line| line.kind.is_seen_by(session.role, line.label));
    let mut revoked = store::revoked(c)?;
    revoked.retain(|(line, _)| line.kind.is_seen_by(session.role, line.label));
    Ok(Work { own, ended, revoked, asked_for })
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
        own.chain(revoked).chain(asked_for).chain(ended).collect()
    }
}

/// A request with whom of its signers can sign.
pub struct Looked {
    signing: Signing,
    can: Vec<bool>,
    is_one_alone: bool,
    copy: Option<FileState>,
}

impl Looked {
    /// Where the request stands, as its row says.
    pub fn state(&self) -> SigningState {
        self.signing.request.state
    }
}

/// Reads the newest request of a document.
pub fn look(c: &mut Scoped<'_>, document: &Document) -> Result<Option<Looked>, Fault> {
    let Some(signing) = store::newest(c, &document.document_id)? else { return Ok(None) };
    let is_open = signing.request.state == SigningState::Open;
    let mut can = Vec::with_capacity(signing.signers.len());
    for signer in &signing.signers {
        let is_asked = is_open && signer.state.is_asked();
        can.push(!is_asked || can_sign(c, document, &signing, signer)?);
    }
    let is_one_alone =
        is_open && is_one_parent_alone(c, &document.chart_id, &grants_asked(&signing.signers))?;
    let copy = seal_store::state_of(c, &signing.request)?;
    Ok(Some(Looked { signing, can, is_one_alone, copy }))
}

/// The colour and the words of a request's state.
pub fn state_of(words: Words, request: &Request, zone: &TimeZone, now: Timestamp) -> (&'static str, String) {
    let standing = request.standing(now);
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

/// See [`SigningSection`].
pub fn section_of(session: &StaffSession, looked: &Looked, now: Timestamp) -> SigningSection {
    let words = session.words;
    let Looked { signing, can, is_one_alone, copy } = looked;
    let request = &signing.request;
    let standing = request.standing(now);
    let moment = |at| words.date_time(at, &session.zone);
    let is_open = matches!(standing, Standing::Open | Standing::Expired);
    let signers = signing
        .signers
        .iter()
        .zip(can)
        .map(|(signer, can)| {
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
                tone: tone(signer.state),
                state: words.get(&format!("signing-signer-{}", signer.state)),
                notes: note("signing-note-opened", signer.opened_at).into_iter().chain(settled).collect(),
                mark: shown(signer),
                is_stuck: !can,
            }
        })
        .collect();
    let (tone, state) = state_of(words, request, &session.zone, now);
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
        until: is_open.then(|| {
            words.with1("signing-until", "moment", words.date_time_zone(request.deadline, &session.zone))
        }),
        why: (!request.reason.is_empty())
            .then(|| words.with2("signing-why", "name", &request.ended_by_name, "reason", &request.reason)),
        signers,
        is_open,
        one_alone: is_one_alone.then(|| words.get("signing-one-parent-alone")),
        may_remind: standing == Standing::Open
            && signing.signers.iter().any(|signer| has_turn(signer.state) && signer.access_id.is_some()),
        is_own_turn: standing == Standing::Open
            && session.may(Permission::SignDocuments)
            && own.is_some_and(|signer| has_turn(signer.state)),
        is_unseen: standing == Standing::Refused && request.seen_at.is_none(),
        copy: copy.map(|state| (state, words.get(said_of(state)))),
        field: FIELD_BOX,
    }
}

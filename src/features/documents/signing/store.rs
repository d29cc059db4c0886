//! The rows of requests to sign, their signers and events, and of consents to electronic records.

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::features::access::permission::{Item, Label};
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::lifecycle::{DocumentState, ShareStanding, Signed};
use crate::features::documents::packets::lifecycle::Turn;
use crate::features::documents::signing::lifecycle::{Seat, SignerState, SigningState, Standing, standing};
use crate::features::documents::store::{item_of, with_turns};
use crate::features::people::joined;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    AccessId, AccountId, ChartId, ConsentId, DocumentId, PracticeId, SignerId, SigningId, StaffId,
};
use crate::platform::db::schema::{
    chart, document, document_share, econsent, packet, packet_item, person, portal_access, signer, signing,
    signing_event,
};
use crate::platform::db::{InLists as _, Scoped, columns, rows_beside};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::web::nav::MOST_COUNTED;
use crate::{practice_row, word_enum};

/// The most people who are asked at once.
pub const MOST_SIGNERS: usize = 20;
/// Signers of a request that are read: with those who were replaced.
const MOST_ROWS: i64 = 200;

/// A request to sign a version of a document.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing, treat_none_as_default_value = false)]
pub struct Request {
    /// The practice.
    pub practice_id: PracticeId,
    /// The request.
    pub signing_id: SigningId,
    /// The document.
    pub document_id: DocumentId,
    /// Its number among those of the document, from 1.
    pub round: i32,
    /// The version.
    pub number: i32,
    /// SHA-256 of what the version holds.
    pub sha256: String,
    /// See [`SigningState`].
    pub state: SigningState,
    /// When it expires.
    pub deadline: Timestamp,
    /// When it was sent.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by_name: String,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Who ended it.
    pub ended_by_name: String,
    /// Why it was refused or canceled.
    pub reason: String,
    /// When staff said that they have seen how it ended.
    pub seen_at: Option<Timestamp>,
    /// How many events it has.
    pub events: i32,
    /// The hash of the newest.
    pub chain_head: String,
    /// Counts changes: the guard of every update.
    pub version: i64,
}
practice_row!(Request, signing);

impl Request {
    /// How it stands at `now`.
    pub fn standing(&self, now: Timestamp) -> Standing {
        standing(self.state, self.deadline, now)
    }

    /// Is it a signer's turn to sign?
    pub fn is_turn_of(&self, signer: &Signer, now: Timestamp) -> bool {
        self.standing(now) == Standing::Open && signer.state == SignerState::Ready
    }
}

word_enum! {
    /// As what somebody signs.
    pub enum SignerRole {
        /// The chart's owner.
        Owner = "owner",
        /// A representative of the client.
        Representative = "representative",
        /// Somebody of the practice.
        Staff = "staff",
    }
}

word_enum! {
    /// How a signature was made.
    pub enum MarkKind {
        /// A name that was typed.
        Typed = "typed",
        /// Lines that were drawn.
        Drawn = "drawn",
    }
}

/// Somebody who was asked to sign.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = signer, treat_none_as_default_value = false)]
pub struct Signer {
    /// The practice.
    pub practice_id: PracticeId,
    /// The signer.
    pub signer_id: SignerId,
    /// The request.
    pub signing_id: SigningId,
    /// See [`Seat`].
    pub position: i32,
    /// See [`SignerRole`].
    pub role: SignerRole,
    /// By this grant; `None` for staff.
    pub access_id: Option<AccessId>,
    /// Which staff member; `None` for clients.
    pub staff_id: Option<StaffId>,
    /// Their name as it was when they were asked.
    pub printed_name: String,
    /// See [`SignerState`].
    pub state: SignerState,
    /// When they first opened it while it was their turn.
    pub opened_at: Option<Timestamp>,
    /// When they signed or refused.
    pub settled_at: Option<Timestamp>,
    /// How they signed.
    pub mark_kind: Option<MarkKind>,
    /// What they typed or drew.
    pub mark: Option<String>,
    /// Mails about it that were queued.
    pub mails: i32,
    /// When the last one was.
    pub mailed_at: Option<Timestamp>,
    /// Who handed them the practice's device, where they signed on it.
    pub hosted_by_name: Option<String>,
}
practice_row!(Signer, signer);

impl Signer {
    /// As the life cycle knows them.
    pub fn seat(&self) -> Seat {
        Seat { position: self.position, state: self.state }
    }
}

/// An event of a request.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_event, treat_none_as_default_value = false)]
pub struct EventRow {
    /// The practice.
    pub practice_id: PracticeId,
    /// The request.
    pub signing_id: SigningId,
    /// Its number, from 1.
    pub seq: i32,
    /// What happened.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Whom it is about.
    pub signer_id: Option<SignerId>,
    /// Canonical JSON.
    pub evidence: String,
    /// See [`super::evidence`].
    pub hash: String,
    /// The hash of the event before; of the first, the version's SHA-256.
    pub prev: String,
}
practice_row!(EventRow, signing_event);

/// A request with its signers, in the order in which they sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// The request.
    pub request: Request,
    /// Its signers.
    pub signers: Vec<Signer>,
}

impl Signing {
    /// The signers as the life cycle knows them.
    pub fn seats(&self) -> Vec<Seat> {
        self.signers.iter().map(Signer::seat).collect()
    }

    /// Is it the turn of the signer at this place?
    pub fn is_turn_at(&self, at: usize, now: Timestamp) -> bool {
        self.signers.get(at).is_some_and(|signer| self.request.is_turn_of(signer, now))
    }

    /// Has everybody signed, this signer among them?
    pub fn is_party(&self, at: usize) -> bool {
        let has_signed = self.signers.get(at).is_some_and(|signer| signer.state == SignerState::Signed);
        self.request.state == SigningState::Completed && has_signed
    }

    /// Is nobody asked, and has nobody signed, but this signer?
    pub fn is_alone(&self, at: usize) -> bool {
        let mut others = self.signers.iter().enumerate().filter(|(place, _)| *place != at);
        others.all(|(_, signer)| signer.state == SignerState::Ended)
    }

    /// How whoever holds this grant stands to the signatures: `Open` where they are asked or have signed and others have
    /// not, or where the time to sign is over; `No` where it came to nothing.
    pub fn signed_by(&self, access: &AccessId) -> Signed {
        let is_theirs =
            |signer: &Signer| signer.access_id == Some(*access) && signer.state != SignerState::Ended;
        match self.request.state {
            SigningState::Open if self.signers.iter().any(is_theirs) => Signed::Open,
            SigningState::Completed if self.signers.iter().any(is_theirs) => Signed::Completed,
            _ => Signed::No,
        }
    }

    /// The place of whoever holds this grant: where they still are asked, that one.
    pub fn by_grant(&self, access: &AccessId) -> Option<usize> {
        self.place(|signer| signer.access_id == Some(*access))
    }

    /// The place of a staff member.
    pub fn by_staff(&self, staff: &StaffId) -> Option<usize> {
        self.place(|signer| signer.staff_id == Some(*staff))
    }

    /// Who was replaced may have been asked again later: then that seat counts.
    fn place(&self, is_theirs: impl Fn(&Signer) -> bool) -> Option<usize> {
        let still = |signer: &Signer| is_theirs(signer) && signer.state != SignerState::Ended;
        let counts = self.signers.iter().position(still);
        counts.or_else(|| self.signers.iter().position(is_theirs))
    }
}

/// Puts a new request in, with its signers.
pub fn insert(c: &mut Scoped<'_>, request: Request, signers: &[Signer]) -> Result<(), Fault> {
    c.insert_rows(&[request]).map_err(|fault| match fault {
        Fault::Database(error) if is_duplicate(&error) => {
            Fault::lost_race("signatures of one document asked for twice at once")
        }
        other => other,
    })?;
    c.insert_rows(signers)
}

/// Adds somebody in the place of another signer.
pub fn insert_signer(c: &mut Scoped<'_>, signer: Signer) -> Result<(), Fault> {
    c.insert_rows(&[signer])
}

/// The newest request of a document.
pub fn newest(c: &mut Scoped<'_>, document: &DocumentId) -> Result<Option<Signing>, Fault> {
    let found: Option<Request> = c
        .rows(signing::table)
        .filter(signing::document_id.eq(*document))
        .order(signing::round.desc())
        .select(Request::as_select())
        .optional(c)?;
    let Some(request) = found else { return Ok(None) };
    let signers = signers_of(c, &request.signing_id)?;
    Ok(Some(Signing { request, signers }))
}

/// A request with its signers.
pub fn find(c: &mut Scoped<'_>, id: &SigningId) -> Result<Option<Signing>, Fault> {
    let found: Option<Request> = c
        .rows(signing::table)
        .filter(signing::signing_id.eq(*id))
        .select(Request::as_select())
        .optional(c)?;
    let Some(request) = found else { return Ok(None) };
    let signers = signers_of(c, id)?;
    Ok(Some(Signing { request, signers }))
}

fn signers_of(c: &mut Scoped<'_>, id: &SigningId) -> Result<Vec<Signer>, Fault> {
    c.rows(signer::table)
        .filter(signer::signing_id.eq(*id))
        .order((signer::position.asc(), signer::role.asc(), signer::signer_id.asc()))
        .limit(MOST_ROWS)
        .select(Signer::as_select())
        .load(c)
}

/// Whether a document is out to be signed, or was signed.
pub fn signed(c: &mut Scoped<'_>, document: &DocumentId) -> Result<Signed, Fault> {
    let state: Option<SigningState> = c
        .rows(signing::table)
        .filter(signing::document_id.eq(*document))
        .filter(signing::state.in_list([SigningState::Open, SigningState::Completed]))
        .select(signing::state)
        .optional(c)?;
    Ok(match state {
        Some(SigningState::Completed) => Signed::Completed,
        Some(_) => Signed::Open,
        None => Signed::No,
    })
}

/// The newest request of each document of a chart, as far as a list shows it.
pub fn newest_of_chart(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Request>, Fault> {
    c.rows(signing::table)
        .inner_join(
            document::table.on(document::practice_id
                .eq(signing::practice_id)
                .and(document::document_id.eq(signing::document_id))),
        )
        .filter(document::chart_id.eq(*chart))
        .order((signing::created_at.desc(), signing::round.desc()))
        .limit(MOST_ROWS)
        .select(Request::as_select())
        .load(c)
}

/// Whose signatures a chart's open requests lack, in the order in which they sign.
pub fn asked_of_chart(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Signer>, Fault> {
    c.rows(signer::table)
        .inner_join(
            signing::table.on(signing::practice_id
                .eq(signer::practice_id)
                .and(signing::signing_id.eq(signer::signing_id))),
        )
        .inner_join(
            document::table.on(document::practice_id
                .eq(signing::practice_id)
                .and(document::document_id.eq(signing::document_id))),
        )
        .filter(document::chart_id.eq(*chart))
        .filter(signing::state.eq(SigningState::Open))
        .filter(signer::state.in_list([SignerState::Ready, SignerState::Waiting]))
        .order((signer::position.asc(), signer::signer_id.asc()))
        .limit(MOST_ROWS)
        .select(Signer::as_select())
        .load(c)
}

/// Saves where a request stands if nobody saved it since it was loaded.
pub fn save(c: &mut Scoped<'_>, request: &Request) -> Result<(), Fault> {
    let saved = c
        .rows(signing::table)
        .filter(signing::signing_id.eq(request.signing_id))
        .filter(signing::version.eq(request.version))
        .set((
            (
                signing::state.eq(request.state),
                signing::deadline.eq(request.deadline),
                signing::ended_at.eq(request.ended_at),
                signing::ended_by_name.eq(request.ended_by_name.clone()),
                signing::reason.eq(request.reason.clone()),
            ),
            (
                signing::seen_at.eq(request.seen_at),
                signing::events.eq(request.events),
                signing::chain_head.eq(request.chain_head.clone()),
                signing::version.eq(request.version + 1),
            ),
        ))
        .execute(c)?;
    if saved == 0 { Err(Fault::lost_race("a request to sign was changed by somebody else")) } else { Ok(()) }
}

/// Saves where a signer stands.
pub fn save_signer(c: &mut Scoped<'_>, row: &Signer) -> Result<(), Fault> {
    c.rows(signer::table)
        .filter(signer::signer_id.eq(row.signer_id))
        .set((
            signer::state.eq(row.state),
            signer::opened_at.eq(row.opened_at),
            signer::settled_at.eq(row.settled_at),
            signer::mark_kind.eq(row.mark_kind),
            signer::mark.eq(row.mark.clone()),
            signer::mails.eq(row.mails),
            signer::mailed_at.eq(row.mailed_at),
            signer::hosted_by_name.eq(row.hosted_by_name.clone()),
        ))
        .execute(c)?;
    Ok(())
}

/// Adds an event.
pub fn insert_event(c: &mut Scoped<'_>, event: EventRow) -> Result<(), Fault> {
    c.insert_rows(&[event]).map_err(|fault| match fault {
        Fault::Database(error) if is_duplicate(&error) => {
            Fault::lost_race("two events of one request at once")
        }
        other => other,
    })
}

/// Events of a request that one answer holds: more than twenty signers can make.
const MOST_EVENTS: i64 = 2_000;

/// The events of a request, the first one first.
pub fn events(c: &mut Scoped<'_>, id: &SigningId) -> Result<Vec<EventRow>, Fault> {
    c.rows(signing_event::table)
        .filter(signing_event::signing_id.eq(*id))
        .order(signing_event::seq.asc())
        .limit(MOST_EVENTS)
        .select(EventRow::as_select())
        .load(c)
}

/// A signer with the request and the document that it is about.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The signer.
    pub signer: Signer,
    /// The request.
    pub request: Request,
    /// The document's chart.
    pub chart: ChartId,
}

/// A signer by their id.
pub fn asked(c: &mut Scoped<'_>, id: &SignerId) -> Result<Option<Asked>, Fault> {
    let found: Option<(Signer, Request, ChartId)> =
        c.rows(signer::table)
            .inner_join(signing::table.on(
                signing::practice_id.eq(signer::practice_id).and(signing::signing_id.eq(signer::signing_id)),
            ))
            .inner_join(
                document::table.on(document::practice_id
                    .eq(signing::practice_id)
                    .and(document::document_id.eq(signing::document_id))),
            )
            .filter(signer::signer_id.eq(*id))
            .select((Signer::as_select(), Request::as_select(), document::chart_id))
            .optional(c)?;
    Ok(found.map(|(signer, request, chart)| Asked { signer, request, chart }))
}

/// A document that waits for somebody's signature.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = document)]
pub struct ToSign {
    /// The document.
    pub document_id: DocumentId,
    /// Its title.
    pub title: String,
    /// What protects it.
    label: Option<Label>,
    /// Where it stands.
    state: DocumentState,
    /// Until when it can be signed.
    #[diesel(select_expression = signing::deadline)]
    pub deadline: Timestamp,
    /// Its place in a packet in order that was sent to them.
    #[diesel(select_expression = (packet::packet_id, packet_item::position, packet_item::task).nullable())]
    pub turn: Option<Turn>,
}

impl ToSign {
    /// As the permission function knows it.
    pub fn item(&self) -> Item {
        item_of(self.document_id, self.label, self.state, ShareStanding::Live)
    }
}

macro_rules! ready_to_sign {
    ($c:expr, $now:expr) => {
        $c.rows(signer::table)
            .inner_join(signing::table.on(
                signing::practice_id.eq(signer::practice_id).and(signing::signing_id.eq(signer::signing_id)),
            ))
            .inner_join(
                document::table.on(document::practice_id
                    .eq(signing::practice_id)
                    .and(document::document_id.eq(signing::document_id))),
            )
            .inner_join(
                document_share::table.on(document_share::practice_id
                    .eq(document::practice_id)
                    .and(document_share::document_id.eq(document::document_id))
                    .and(signer::access_id.eq(document_share::access_id.nullable()))),
            )
            .filter(signer::state.eq(SignerState::Ready))
            .filter(signing::state.eq(SigningState::Open))
            .filter(signing::deadline.gt($now))
            .filter(document_share::ended_at.is_null())
    };
}

/// What waits for the signature of whoever holds a grant, what ends first at the top.
pub fn to_sign(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<ToSign>, Fault> {
    let now = c.now();
    with_turns!(ready_to_sign!(c, now))
        .filter(signer::access_id.eq(Some(*access)))
        .order(signing::deadline.asc())
        .limit(MOST_COUNTED + 1)
        .select(columns(ToSign::as_select()))
        .kept()
        .load(c)
}

/// The same for several grants at once, each line with its grant.
pub fn to_sign_of(c: &mut Scoped<'_>, grants: &[AccessId]) -> Result<Vec<(AccessId, ToSign)>, Fault> {
    let now = c.now();
    with_turns!(ready_to_sign!(c, now))
        .filter(document_share::access_id.in_list(grants))
        .limit((MOST_COUNTED + 1) * i64::try_from(grants.len()).unwrap_or(1))
        .select((document_share::access_id, ToSign::as_select()))
        .kept()
        .load(c)
}

/// Where a document stands for somebody who was asked to sign it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = signing)]
pub struct OwnSigning {
    /// The document.
    pub document_id: DocumentId,
    /// Its version that they were asked to sign.
    pub number: i32,
    round: i32,
    state: SigningState,
    deadline: Timestamp,
    #[diesel(select_expression = signer::state)]
    signer: SignerState,
}

/// What a list says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnPhase {
    /// It is their turn.
    ToSign,
    /// They have signed, others have not.
    WaitsForOthers,
    /// Everybody has signed.
    Signed,
    /// They refused.
    Declined,
    /// The time to sign is over.
    Expired,
}

impl OwnSigning {
    fn has_refused(&self) -> bool {
        self.state == SigningState::Refused && self.signer == SignerState::Refused
    }

    /// See [`OwnPhase`]; `None` where it is not their turn, or where others ended it.
    pub fn phase(&self, now: Timestamp) -> Option<OwnPhase> {
        match (standing(self.state, self.deadline, now), self.signer) {
            (Standing::Open, SignerState::Ready) => Some(OwnPhase::ToSign),
            (Standing::Open, SignerState::Signed) => Some(OwnPhase::WaitsForOthers),
            (Standing::Completed, SignerState::Signed) => Some(OwnPhase::Signed),
            (Standing::Refused, SignerState::Refused) => Some(OwnPhase::Declined),
            (Standing::Expired, SignerState::Ready | SignerState::Waiting | SignerState::Signed) => {
                Some(OwnPhase::Expired)
            }
            _ => None,
        }
    }
}

/// Where each document stands for whoever holds a grant and was asked to sign it, the newest request first.
pub fn own_signings(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<OwnSigning>, Fault> {
    let mut own: Vec<OwnSigning> =
        c.rows(signer::table)
            .inner_join(signing::table.on(
                signing::practice_id.eq(signer::practice_id).and(signing::signing_id.eq(signer::signing_id)),
            ))
            .filter(signer::access_id.eq(Some(*access)))
            .filter(signer::state.ne(SignerState::Ended))
            .order((signing::created_at.desc(), signing::round.desc()))
            .limit(MOST_ROWS)
            .select(columns(OwnSigning::as_select()))
            .kept()
            .load(c)?;
    let refused: Vec<DocumentId> =
        own.iter().filter(|line| line.has_refused()).map(|line| line.document_id).collect();
    if refused.is_empty() {
        return Ok(own);
    }
    // A later request settles what was refused, also where they are not asked again.
    let rounds: Vec<(DocumentId, i32)> = c
        .rows(signing::table)
        .filter(signing::document_id.in_list(&refused))
        .order(signing::round.desc())
        .limit(MOST_ROWS)
        .select((signing::document_id, signing::round))
        .load(c)?;
    let is_newest = |line: &OwnSigning| {
        rounds.iter().all(|(document, round)| *document != line.document_id || *round <= line.round)
    };
    own.retain(|line| !line.has_refused() || is_newest(line));
    Ok(own)
}

/// A request that staff should look at.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = signing)]
pub struct StaffLine {
    /// The document.
    pub document_id: DocumentId,
    /// The document's chart.
    #[diesel(select_expression = document::chart_id)]
    pub chart_id: ChartId,
    /// The document's title.
    #[diesel(select_expression = document::title)]
    pub title: String,
    /// The document's kind.
    #[diesel(select_expression = document::kind)]
    pub kind: DocumentKind,
    /// The document's label.
    #[diesel(select_expression = document::label)]
    pub label: Option<Label>,
    /// The request's state.
    pub state: SigningState,
    /// Its deadline.
    pub deadline: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    #[diesel(select_expression = person::first_name)]
    first_name: String,
    #[diesel(select_expression = person::last_name)]
    last_name: String,
    #[diesel(select_expression = person::suffix)]
    suffix: String,
}

impl StaffLine {
    /// The client's name.
    pub fn client(&self) -> String {
        joined(&[&self.first_name, &self.last_name, &self.suffix])
    }
}

/// Requests that a list for staff names.
pub const STAFF_LISTED: i64 = 50;

macro_rules! with_client {
    ($c:expr) => {
        $c.rows(signing::table)
            .inner_join(
                document::table.on(document::practice_id
                    .eq(signing::practice_id)
                    .and(document::document_id.eq(signing::document_id))),
            )
            .inner_join(
                chart::table.on(chart::practice_id
                    .eq(document::practice_id)
                    .and(chart::chart_id.eq(document::chart_id))),
            )
            .inner_join(
                person::table.on(person::practice_id
                    .eq(chart::practice_id)
                    .and(person::person_id.eq(chart::person_id))),
            )
    };
}

/// What waits for a staff member's own signature.
pub fn to_countersign(c: &mut Scoped<'_>, staff: &StaffId) -> Result<Vec<StaffLine>, Fault> {
    let now = c.now();
    with_client!(c)
        .inner_join(
            signer::table.on(signer::practice_id
                .eq(signing::practice_id)
                .and(signer::signing_id.eq(signing::signing_id))),
        )
        .filter(signer::staff_id.eq(Some(*staff)))
        .filter(signer::state.eq(SignerState::Ready))
        .filter(signing::state.eq(SigningState::Open))
        .filter(signing::deadline.gt(now))
        .order(signing::deadline.asc())
        .limit(STAFF_LISTED)
        .select(StaffLine::as_select())
        .load(c)
}

/// Requests that were refused and that nobody has looked at, and those whose deadline is over; the newest first.
pub fn came_to_nothing(c: &mut Scoped<'_>) -> Result<Vec<StaffLine>, Fault> {
    let now = c.now();
    let is_refused = signing::state.eq(SigningState::Refused);
    with_client!(c)
        .filter(is_refused.or(signing::state.eq(SigningState::Open)))
        .filter(signing::seen_at.is_null())
        .filter(is_refused.or(signing::deadline.le(now)))
        .order(signing::deadline.desc())
        .limit(2 * STAFF_LISTED)
        .select(StaffLine::as_select())
        .load(c)
}

/// Somebody whose turn it is to sign, whose account took back a consent to electronic records at some time.
#[derive(Clone, Debug)]
pub struct MaybeOnPaper {
    /// The request.
    pub line: StaffLine,
    /// Their name, as it was when they were asked.
    pub name: String,
    /// Where their account is at home, and which it is.
    pub account: (PracticeId, AccountId),
}

/// See [`MaybeOnPaper`]; what ends first at the top. Whether a consent was given again since is asked for each.
pub fn maybe_on_paper(c: &mut Scoped<'_>) -> Result<Vec<MaybeOnPaper>, Fault> {
    let now = c.now();
    let taken_back = rows_beside(econsent::table, portal_access::table)
        .filter(econsent::account_practice_id.nullable().eq(portal_access::account_practice_id))
        .filter(econsent::account_id.nullable().eq(portal_access::account_id))
        .filter(econsent::act.eq(ConsentAct::Withdrawn));
    let found: Vec<(StaffLine, String, Option<PracticeId>, Option<AccountId>)> =
        with_client!(c)
            .inner_join(signer::table.on(
                signer::practice_id.eq(signing::practice_id).and(signer::signing_id.eq(signing::signing_id)),
            ))
            .inner_join(
                portal_access::table.on(portal_access::practice_id
                    .eq(signer::practice_id)
                    .and(portal_access::access_id.nullable().eq(signer::access_id))),
            )
            .filter(signer::state.eq(SignerState::Ready))
            .filter(signing::state.eq(SigningState::Open))
            .filter(signing::deadline.gt(now))
            .filter(exists(taken_back))
            .order((signing::deadline.asc(), signer::signer_id.asc()))
            .limit(4 * STAFF_LISTED)
            .select((
                StaffLine::as_select(),
                signer::printed_name,
                portal_access::account_practice_id,
                portal_access::account_id,
            ))
            .load(c)?;
    Ok(found
        .into_iter()
        .filter_map(|(line, name, home, account)| {
            Some(MaybeOnPaper { line, name, account: (home?, account?) })
        })
        .collect())
}

/// Authorizations that were revoked, and of which nobody noted that the practice acts on them no more; the newest first.
pub fn revoked(c: &mut Scoped<'_>) -> Result<Vec<(StaffLine, Option<Timestamp>)>, Fault> {
    with_client!(c)
        .filter(document::revoked_at.is_not_null())
        .filter(document::revocation_seen_at.is_null())
        .filter(signing::state.eq(SigningState::Completed))
        .order(document::revoked_at.desc())
        .limit(STAFF_LISTED)
        .select((StaffLine::as_select(), document::revoked_at))
        .load(c)
}

word_enum! {
    /// What an account did about electronic records.
    pub enum ConsentAct {
        /// Agreed.
        Given = "given",
        /// Took it back.
        Withdrawn = "withdrawn",
    }
}

/// A consent to electronic records, or its end.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = econsent, treat_none_as_default_value = false)]
pub struct Consent {
    /// The practice.
    pub practice_id: PracticeId,
    /// The consent.
    pub consent_id: ConsentId,
    /// Its number among those of the account, from 1.
    pub seq: i32,
    /// Where the account is at home.
    pub account_practice_id: PracticeId,
    /// Whose.
    pub account_id: AccountId,
    /// See [`ConsentAct`].
    pub act: ConsentAct,
    /// The version of the text that was agreed to.
    pub text_version: i32,
    /// SHA-256 of the text, as it was shown.
    pub text_sha256: String,
    /// When.
    pub at: Timestamp,
}
practice_row!(Consent, econsent);

/// The newest of an account.
pub fn newest_consent(
    c: &mut Scoped<'_>,
    (home, account): (&PracticeId, &AccountId),
) -> Result<Option<Consent>, Fault> {
    c.rows(econsent::table)
        .filter(econsent::account_practice_id.eq(*home))
        .filter(econsent::account_id.eq(*account))
        .order(econsent::seq.desc())
        .select(Consent::as_select())
        .optional(c)
}

/// Adds one.
pub fn insert_consent(c: &mut Scoped<'_>, consent: Consent) -> Result<(), Fault> {
    c.insert_rows(&[consent]).map_err(|fault| match fault {
        Fault::Database(error) if is_duplicate(&error) => {
            Fault::lost_race("two consents of one account at once")
        }
        other => other,
    })
}

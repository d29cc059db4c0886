//! The rows of what clients ask for or send.

use diesel::prelude::*;

use crate::features::documents::request_lifecycle::{RequestKind, RequestState};
use crate::features::documents::store::{LISTED, Notice};
use crate::features::people::{Person, joined};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, BlobId, ChartId, DocumentId, DocumentRequestId, PracticeId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{chart, document_request as request, person, portal_access};
use crate::platform::fault::Fault;
use crate::practice_row;

/// Hours during which a mail about an answer is still news.
const NEWS_HOURS: i64 = 24;

/// What a client asks for or sends.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = request, treat_none_as_default_value = false)]
pub struct DocumentRequest {
    /// The practice.
    pub practice_id: PracticeId,
    /// The request.
    pub request_id: DocumentRequestId,
    /// Of this chart.
    pub chart_id: ChartId,
    /// By the holder of this grant.
    pub access_id: AccessId,
    /// Their account.
    pub account_id: AccountId,
    /// See [`RequestKind`].
    pub kind: RequestKind,
    /// What they want, or what their file is, in their words.
    pub wanted: String,
    /// Their file, until the practice declines it or they take it back.
    pub blob_id: Option<BlobId>,
    /// What it was called.
    pub file_name: String,
    /// Where it stands.
    pub state: RequestState,
    /// What was shared for it, or made of it.
    pub document_id: Option<DocumentId>,
    /// Why it was declined.
    pub answer: String,
    /// When it was made.
    pub asked_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Who of the practice ended it.
    pub ended_by_name: String,
    /// How it stands with the mail about the answer.
    pub notice: Notice,
    /// Counts changes: the guard of every update.
    pub version: i64,
}
practice_row!(DocumentRequest, document_request);

/// A request of this practice.
pub fn find(c: &mut Scoped<'_>, id: &DocumentRequestId) -> Result<Option<DocumentRequest>, Fault> {
    c.rows(request::table)
        .filter(request::request_id.eq(*id))
        .select(DocumentRequest::as_select())
        .optional(c)
}

/// Puts a new one in.
pub fn insert(c: &mut Scoped<'_>, new: DocumentRequest) -> Result<(), Fault> {
    c.insert_rows(&[new])
}

/// Saves where one stands if nobody saved it since it was loaded.
pub fn save(c: &mut Scoped<'_>, to: &DocumentRequest) -> Result<(), Fault> {
    let saved = c
        .rows(request::table)
        .filter(request::request_id.eq(to.request_id))
        .filter(request::version.eq(to.version))
        .set((
            request::state.eq(to.state),
            request::document_id.eq(to.document_id),
            request::blob_id.eq(to.blob_id),
            request::answer.eq(to.answer.clone()),
            request::ended_at.eq(to.ended_at),
            request::ended_by_name.eq(to.ended_by_name.clone()),
            request::notice.eq(to.notice),
            request::version.eq(to.version + 1),
        ))
        .execute(c)?;
    if saved == 0 { Err(Fault::lost_race("a request was ended by somebody else")) } else { Ok(()) }
}

/// How many of a chart and a kind wait.
pub fn count_open(c: &mut Scoped<'_>, of: &ChartId, kind: RequestKind) -> Result<i64, Fault> {
    c.rows(request::table)
        .filter(request::chart_id.eq(*of))
        .filter(request::state.eq(RequestState::Open))
        .filter(request::kind.eq(kind))
        .count(c)
}

/// What the holder of a grant asked for or sent, the newest first.
pub fn own(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<DocumentRequest>, Fault> {
    c.rows(request::table)
        .filter(request::access_id.eq(*access))
        .order((request::asked_at.desc(), request::request_id.desc()))
        .limit(LISTED)
        .select(DocumentRequest::as_select())
        .load(c)
}

/// A request with who made it.
#[derive(Clone, Debug)]
pub struct AskedBy {
    /// The request.
    pub request: DocumentRequest,
    /// Whose grant it is.
    pub name: String,
}

/// Whose grant it is: the full name.
pub fn name_of(c: &mut Scoped<'_>, access: &AccessId) -> Result<String, Fault> {
    let found: Option<Person> = c
        .rows(portal_access::table)
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(portal_access::access_id.eq(*access))
        .select(Person::as_select())
        .optional(c)?;
    Ok(found.map(|person| person.full_name()).unwrap_or_default())
}

/// What waits of a chart, the oldest first.
pub fn open_of(c: &mut Scoped<'_>, of: &ChartId) -> Result<Vec<AskedBy>, Fault> {
    let found: Vec<(DocumentRequest, Person)> = c
        .rows(request::table)
        .inner_join(
            portal_access::table.on(portal_access::practice_id
                .eq(request::practice_id)
                .and(portal_access::access_id.eq(request::access_id))),
        )
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(request::chart_id.eq(*of))
        .filter(request::state.eq(RequestState::Open))
        .order(request::asked_at.asc())
        .limit(LISTED)
        .select((DocumentRequest::as_select(), Person::as_select()))
        .load(c)?;
    Ok(found.into_iter().map(|(request, person)| AskedBy { request, name: person.full_name() }).collect())
}

/// What waits in the practice, the oldest first.
pub fn all_open(c: &mut Scoped<'_>) -> Result<Vec<DocumentRequest>, Fault> {
    c.rows(request::table)
        .filter(request::state.eq(RequestState::Open))
        .order(request::asked_at.asc())
        .limit(LISTED)
        .select(DocumentRequest::as_select())
        .load(c)
}

/// A line of the work list.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = request)]
pub struct WaitingRequest {
    /// The request.
    pub request_id: DocumentRequestId,
    /// Its chart.
    pub chart_id: ChartId,
    /// See [`RequestKind`].
    pub kind: RequestKind,
    /// Since when it waits.
    pub asked_at: Timestamp,
    #[diesel(select_expression = person::first_name)]
    first_name: String,
    #[diesel(select_expression = person::last_name)]
    last_name: String,
    #[diesel(select_expression = person::suffix)]
    suffix: String,
}

impl WaitingRequest {
    /// The client's name.
    pub fn client(&self) -> String {
        joined(&[&self.first_name, &self.last_name, &self.suffix])
    }
}

/// The same with the clients' names, for the work list.
pub fn waiting(c: &mut Scoped<'_>, most: i64) -> Result<Vec<WaitingRequest>, Fault> {
    c.rows(request::table)
        .inner_join(
            chart::table
                .on(chart::practice_id.eq(request::practice_id).and(chart::chart_id.eq(request::chart_id))),
        )
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(request::state.eq(RequestState::Open))
        .order(request::asked_at.asc())
        .limit(most)
        .select(WaitingRequest::as_select())
        .load(c)
}

/// Is the holder of a grant to be told of an answer?
pub fn is_due(c: &mut Scoped<'_>, access: &AccessId) -> Result<bool, Fault> {
    let due = c
        .rows(request::table)
        .filter(request::access_id.eq(*access))
        .filter(request::notice.eq(Notice::Due))
        .count(c)?;
    Ok(due > 0)
}

/// Was the holder of a grant told of an answer that is still news?
pub fn is_news(c: &mut Scoped<'_>, access: &AccessId) -> Result<bool, Fault> {
    let since = c.now().plus_hours(-NEWS_HOURS);
    let told = c
        .rows(request::table)
        .filter(request::access_id.eq(*access))
        .filter(request::notice.eq(Notice::Sent))
        .filter(request::ended_at.gt(Some(since)))
        .count(c)?;
    Ok(told > 0)
}

/// Notes what became of the mails that were due for a grant.
pub fn note_notices(c: &mut Scoped<'_>, access: &AccessId, notice: Notice) -> Result<(), Fault> {
    c.rows(request::table)
        .filter(request::access_id.eq(*access))
        .filter(request::notice.eq(Notice::Due))
        .set(request::notice.eq(notice))
        .execute(c)?;
    Ok(())
}

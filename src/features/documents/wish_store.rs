//! The rows of what clients ask for or send.

use diesel::prelude::*;

use crate::features::documents::store::{LISTED, Notice};
use crate::features::documents::wish_lifecycle::{WishKind, WishState};
use crate::features::people::{Person, joined};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, BlobId, ChartId, DocumentId, PracticeId, WishId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{chart, document_wish as wish, person, portal_access};
use crate::platform::fault::Fault;
use crate::practice_row;

/// Hours during which a mail about an answer is still news.
const NEWS_HOURS: i64 = 24;

/// What a client asks for or sends.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = wish, treat_none_as_default_value = false)]
pub struct Wish {
    /// The practice.
    pub practice_id: PracticeId,
    /// The request.
    pub wish_id: WishId,
    /// Of this chart.
    pub chart_id: ChartId,
    /// By the holder of this grant.
    pub access_id: AccessId,
    /// Their account.
    pub account_id: AccountId,
    /// See [`WishKind`].
    pub kind: WishKind,
    /// What they want, or what their file is, in their words.
    pub wanted: String,
    /// Their file, until the practice declines it or they take it back.
    pub blob_id: Option<BlobId>,
    /// What it was called.
    pub file_name: String,
    /// Where it stands.
    pub state: WishState,
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
practice_row!(Wish, document_wish);

/// A request of this practice.
pub fn find(c: &mut Scoped<'_>, id: &WishId) -> Result<Option<Wish>, Fault> {
    c.rows(wish::table).filter(wish::wish_id.eq(*id)).select(Wish::as_select()).optional(c)
}

/// Puts a new one in.
pub fn insert(c: &mut Scoped<'_>, new: Wish) -> Result<(), Fault> {
    c.insert_rows(&[new])
}

/// Saves where one stands if nobody saved it since it was loaded.
pub fn save(c: &mut Scoped<'_>, to: &Wish) -> Result<(), Fault> {
    let saved = c
        .rows(wish::table)
        .filter(wish::wish_id.eq(to.wish_id))
        .filter(wish::version.eq(to.version))
        .set((
            wish::state.eq(to.state),
            wish::document_id.eq(to.document_id),
            wish::blob_id.eq(to.blob_id),
            wish::answer.eq(to.answer.clone()),
            wish::ended_at.eq(to.ended_at),
            wish::ended_by_name.eq(to.ended_by_name.clone()),
            wish::notice.eq(to.notice),
            wish::version.eq(to.version + 1),
        ))
        .execute(c)?;
    if saved == 0 { Err(Fault::lost_race("a request was ended by somebody else")) } else { Ok(()) }
}

/// How many of a chart and a kind wait.
pub fn count_open(c: &mut Scoped<'_>, of: &ChartId, kind: WishKind) -> Result<i64, Fault> {
    c.rows(wish::table)
        .filter(wish::chart_id.eq(*of))
        .filter(wish::state.eq(WishState::Open))
        .filter(wish::kind.eq(kind))
        .count(c)
}

/// What the holder of a grant asked for or sent, the newest first.
pub fn own(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<Wish>, Fault> {
    c.rows(wish::table)
        .filter(wish::access_id.eq(*access))
        .order((wish::asked_at.desc(), wish::wish_id.desc()))
        .limit(LISTED)
        .select(Wish::as_select())
        .load(c)
}

/// A request with who made it.
#[derive(Clone, Debug)]
pub struct AskedBy {
    /// The request.
    pub wish: Wish,
    /// Whose grant it is.
    pub name: String,
}

/// Who made a request: the full name, for staff.
pub fn name_of(c: &mut Scoped<'_>, wish: &Wish) -> Result<String, Fault> {
    let found: Option<Person> = c
        .rows(portal_access::table)
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(portal_access::access_id.eq(wish.access_id))
        .select(Person::as_select())
        .optional(c)?;
    Ok(found.map(|person| person.full_name()).unwrap_or_default())
}

/// What waits of a chart, the oldest first.
pub fn open_of(c: &mut Scoped<'_>, of: &ChartId) -> Result<Vec<AskedBy>, Fault> {
    let found: Vec<(Wish, Person)> = c
        .rows(wish::table)
        .inner_join(
            portal_access::table.on(portal_access::practice_id
                .eq(wish::practice_id)
                .and(portal_access::access_id.eq(wish::access_id))),
        )
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(wish::chart_id.eq(*of))
        .filter(wish::state.eq(WishState::Open))
        .order(wish::asked_at.asc())
        .limit(LISTED)
        .select((Wish::as_select(), Person::as_select()))
        .load(c)?;
    Ok(found.into_iter().map(|(wish, person)| AskedBy { wish, name: person.full_name() }).collect())
}

/// What waits in the practice, the oldest first.
pub fn all_open(c: &mut Scoped<'_>) -> Result<Vec<Wish>, Fault> {
    c.rows(wish::table)
        .filter(wish::state.eq(WishState::Open))
        .order(wish::asked_at.asc())
        .limit(LISTED)
        .select(Wish::as_select())
        .load(c)
}

/// A line of the work list.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = wish)]
pub struct WaitingWish {
    /// The request.
    pub wish_id: WishId,
    /// Its chart.
    pub chart_id: ChartId,
    /// See [`WishKind`].
    pub kind: WishKind,
    /// Since when it waits.
    pub asked_at: Timestamp,
    #[diesel(select_expression = person::first_name)]
    first_name: String,
    #[diesel(select_expression = person::last_name)]
    last_name: String,
    #[diesel(select_expression = person::suffix)]
    suffix: String,
}

impl WaitingWish {
    /// The client's name.
    pub fn client(&self) -> String {
        joined(&[&self.first_name, &self.last_name, &self.suffix])
    }
}

/// The same with the clients' names, for the work list.
pub fn waiting(c: &mut Scoped<'_>, most: i64) -> Result<Vec<WaitingWish>, Fault> {
    c.rows(wish::table)
        .inner_join(
            chart::table.on(chart::practice_id.eq(wish::practice_id).and(chart::chart_id.eq(wish::chart_id))),
        )
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(wish::state.eq(WishState::Open))
        .order(wish::asked_at.asc())
        .limit(most)
        .select(WaitingWish::as_select())
        .load(c)
}

/// Is the holder of a grant to be told of an answer?
pub fn is_due(c: &mut Scoped<'_>, access: &AccessId) -> Result<bool, Fault> {
    let due = c
        .rows(wish::table)
        .filter(wish::access_id.eq(*access))
        .filter(wish::notice.eq(Notice::Due))
        .count(c)?;
    Ok(due > 0)
}

/// Was the holder of a grant told of an answer that is still news?
pub fn is_news(c: &mut Scoped<'_>, access: &AccessId) -> Result<bool, Fault> {
    let since = c.now().plus_hours(-NEWS_HOURS);
    let told = c
        .rows(wish::table)
        .filter(wish::access_id.eq(*access))
        .filter(wish::notice.eq(Notice::Sent))
        .filter(wish::ended_at.gt(Some(since)))
        .count(c)?;
    Ok(told > 0)
}

/// Notes what became of the mails that were due for a grant.
pub fn note_notices(c: &mut Scoped<'_>, access: &AccessId, notice: Notice) -> Result<(), Fault> {
    c.rows(wish::table)
        .filter(wish::access_id.eq(*access))
        .filter(wish::notice.eq(Notice::Due))
        .set(wish::notice.eq(notice))
        .execute(c)?;
    Ok(())
}

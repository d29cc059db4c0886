//! The rows of what staff note about court orders and safety. Only staff pages ask for their words; nothing here knows a
//! client's session, and what a client does learns no more of this table than yes or no.

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::access::kinds::{NoteEffect, NoteKind};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId, DocumentId, StaffNoteId};
use crate::platform::db::schema::{chart, document, document_share, staff_note};
use crate::platform::db::{InLists as _, Scoped, rows_beside};
use crate::platform::fault::Fault;
use crate::platform::permissions::Right;

/// The most notes of a chart that are read, ended ones among them.
const MOST: i64 = 100;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = staff_note)]
pub struct NoteRow {
    /// The note.
    pub note_id: StaffNoteId,
    /// The grant that it is about; none: the whole chart.
    pub access_id: Option<AccessId>,
    /// What it is about.
    pub kind: NoteKind,
    /// What follows from it.
    pub effect: NoteEffect,
    /// The rights that it takes from the grant, words with spaces between.
    pub kept_rights: String,
    /// Plain text.
    pub body: String,
    /// Its first day, where it names one.
    pub from_on: Option<String>,
    /// Its last day, where it names one.
    pub until_on: Option<String>,
    /// Why it was written.
    pub reason: String,
    /// Who wrote it.
    pub by_name: String,
    /// When.
    pub created_at: Timestamp,
    /// When somebody ended it.
    pub ended_at: Option<Timestamp>,
    /// Who.
    pub ended_by_name: String,
    /// Why.
    pub ended_reason: String,
    /// The paper that it is about, such as the order itself.
    pub document_id: Option<DocumentId>,
}

impl NoteRow {
    /// Does it hold on a day?
    pub fn holds_on(&self, day: Date) -> bool {
        self.is_open(day) && self.first_day().is_none_or(|first| first <= day)
    }

    /// Its first day. One that cannot be read is over: what is noted holds.
    pub fn first_day(&self) -> Option<Date> {
        self.from_on.as_ref().map(|day| day.parse().unwrap_or(Date::MIN))
    }

    /// Its last day. One that cannot be read never comes.
    pub fn last_day(&self) -> Option<Date> {
        self.until_on.as_ref().map(|day| day.parse().unwrap_or(Date::MAX))
    }

    /// Has nobody ended it, and is its last day not over?
    pub fn is_open(&self, today: Date) -> bool {
        self.ended_at.is_none() && self.last_day().is_none_or(|last| today <= last)
    }

    /// The rights that it takes from the grant.
    pub fn rights(&self) -> impl Iterator<Item = Right> {
        self.kept_rights.split(' ').filter_map(|word| word.parse().ok())
    }
}

/// A note to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNote {
    /// The grant that it is about; none: the whole chart.
    pub about: Option<AccessId>,
    /// See [`NoteKind`].
    pub kind: NoteKind,
    /// See [`NoteEffect`].
    pub effect: NoteEffect,
    /// The rights that it takes from the grant.
    pub rights: Vec<Right>,
    /// Plain text.
    pub body: String,
    /// Its first day.
    pub from: Option<Date>,
    /// Its last day.
    pub until: Option<Date>,
    /// The paper that it is about.
    pub paper: Option<DocumentId>,
    /// Why.
    pub reason: String,
}

impl NewNote {
    fn kept_rights(&self) -> String {
        self.rights.iter().map(|right| right.word()).collect::<Vec<_>>().join(" ")
    }

    /// Does this row say the same?
    pub fn is_in(&self, row: &NoteRow) -> bool {
        let text = |day: Option<Date>| day.map(|day| day.to_string());
        (row.access_id, row.kind, row.effect, &row.kept_rights, &row.body)
            == (self.about, self.kind, self.effect, &self.kept_rights(), &self.body)
            && (&row.from_on, &row.until_on) == (&text(self.from), &text(self.until))
            && row.document_id == self.paper
            && row.ended_at.is_none()
    }
}

/// Every note of a chart, those that nobody has ended first, then the newest.
pub fn of_chart(c: &mut Scoped<'_>, id: &ChartId) -> Result<Vec<NoteRow>, Fault> {
    let mut found: Vec<NoteRow> = c
        .rows(staff_note::table)
        .filter(staff_note::chart_id.eq(*id))
        .order((staff_note::created_at.desc(), staff_note::note_id.desc()))
        .limit(MOST)
        .select(NoteRow::as_select())
        .load(c)?;
    found.sort_by_key(|note| note.ended_at.is_some());
    Ok(found)
}

/// The notes of a chart from which something follows for others than staff, and that nobody has ended.
pub fn with_effect(c: &mut Scoped<'_>, id: &ChartId) -> Result<Vec<NoteRow>, Fault> {
    c.rows(staff_note::table)
        .filter(staff_note::chart_id.eq(*id))
        .filter(staff_note::ended_at.is_null())
        .filter(staff_note::effect.in_list([NoteEffect::BothSign, NoteEffect::Supervised]))
        .select(NoteRow::as_select())
        .load(c)
}

/// A document of a chart, as a note names it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = document)]
pub struct Paper {
    /// The document.
    pub document_id: DocumentId,
    /// Its title.
    pub title: String,
    /// When it was written.
    pub created_at: Timestamp,
}

/// The most papers that a form offers.
const PAPERS: i64 = 200;

/// The documents of a chart that a note can name, the newest first.
pub fn papers_of(c: &mut Scoped<'_>, id: &ChartId) -> Result<Vec<Paper>, Fault> {
    c.rows(document::table)
        .filter(document::chart_id.eq(*id))
        .filter(document::state.ne("withdrawn"))
        .order((document::created_at.desc(), document::document_id.desc()))
        .limit(PAPERS)
        .select(Paper::as_select())
        .load(c)
}

/// Does a note that nobody has ended name this document?
pub fn names_paper(c: &mut Scoped<'_>, id: &DocumentId) -> Result<bool, Fault> {
    let found: Option<StaffNoteId> = c
        .rows(staff_note::table)
        .filter(staff_note::document_id.eq(Some(*id)))
        .filter(staff_note::ended_at.is_null())
        .select(staff_note::note_id)
        .limit(1)
        .optional(c)?;
    Ok(found.is_some())
}

/// The documents of a chart that some note names or named and that were never shared with anybody: court papers, of which
/// no client learns that they are there.
pub fn papers_of_staff(c: &mut Scoped<'_>, id: &ChartId) -> Result<Vec<DocumentId>, Fault> {
    let shared = rows_beside(document_share::table, staff_note::table)
        .filter(document_share::document_id.nullable().eq(staff_note::document_id));
    let found: Vec<Option<DocumentId>> = c
        .rows(staff_note::table)
        .filter(staff_note::chart_id.eq(*id))
        .filter(staff_note::document_id.is_not_null())
        .filter(diesel::dsl::not(diesel::dsl::exists(shared)))
        .select(staff_note::document_id)
        .load(c)?;
    Ok(found.into_iter().flatten().collect())
}

/// Writes a note, and counts it on its chart, which the caller holds.
pub fn insert(c: &mut Scoped<'_>, id: &ChartId, new: &NewNote, by_name: &str) -> Result<StaffNoteId, Fault> {
    let (note, now) = (StaffNoteId::fresh(c.rng(), c.now()), c.now());
    c.insert(
        staff_note::table,
        (
            staff_note::note_id.eq(note),
            staff_note::chart_id.eq(*id),
            staff_note::access_id.eq(new.about),
            staff_note::kind.eq(new.kind),
            staff_note::effect.eq(new.effect),
            staff_note::kept_rights.eq(new.kept_rights()),
            staff_note::body.eq(new.body.clone()),
            staff_note::from_on.eq(new.from.map(|day| day.to_string())),
            staff_note::until_on.eq(new.until.map(|day| day.to_string())),
            staff_note::reason.eq(new.reason.clone()),
            staff_note::by_name.eq(by_name),
            staff_note::created_at.eq(now),
            staff_note::ended_by_name.eq(""),
            staff_note::ended_reason.eq(""),
            staff_note::document_id.eq(new.paper),
        ),
    )?;
    c.rows(chart::table)
        .filter(chart::chart_id.eq(*id))
        .set(chart::note_count.eq(chart::note_count + 1))
        .execute(c)?;
    Ok(note)
}

/// Ends a note of a chart, which the caller holds; tells whether it was this call that did.
pub fn end(
    c: &mut Scoped<'_>,
    id: &ChartId,
    note: &StaffNoteId,
    by_name: &str,
    reason: &str,
) -> Result<bool, Fault> {
    let now = c.now();
    let ended = c
        .rows(staff_note::table)
        .filter(staff_note::chart_id.eq(*id))
        .filter(staff_note::note_id.eq(*note))
        .filter(staff_note::ended_at.is_null())
        .set((
            staff_note::ended_at.eq(Some(now)),
            staff_note::ended_by_name.eq(by_name),
            staff_note::ended_reason.eq(reason),
        ))
        .execute(c)?;
    if ended == 0 {
        return Ok(false);
    }
    c.rows(chart::table)
        .filter(chart::chart_id.eq(*id))
        .set(chart::note_count.eq(chart::note_count - 1))
        .execute(c)?;
    Ok(true)
}

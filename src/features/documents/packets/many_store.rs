//! The rows of a packet on its way to many charts.

use diesel::prelude::*;

use crate::features::access::GrantRole;
use crate::features::access::lifecycle::State;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId, PacketId, PacketSendingId, PacketTemplateId, PracticeId};
use crate::platform::db::schema::{packet_sending, packet_sending_chart, portal_access};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::{practice_row, word_enum};

/// Sendings that a list names: the newest.
pub const LISTED: i64 = 50;
/// The most charts of one.
pub const MOST_CHARTS: usize = 500;

word_enum! {
    /// What came of a packet for one chart.
    pub enum SendingResult {
        /// It was sent.
        Sent = "sent",
        /// No chart has this number.
        Unknown = "unknown",
        /// The chart is closed.
        Closed = "closed",
        /// Nobody was invited to the chart, or their access has ended.
        NoGrant = "no_grant",
        /// They have a packet of this template already.
        Before = "before",
        /// The face sheet or the profile lacks something.
        Missing = "missing",
        /// Both parents must sign, by a court order.
        OneParentAlone = "one_parent_alone",
        /// One of its templates is not used any more, asks the sender something, or has a label; or nobody sends the
        /// packet any more.
        NotSendable = "not_sendable",
    }
}

word_enum! {
    /// Who sends.
    pub enum SenderKind {
        /// A staff member.
        Staff = "staff",
        /// A program of the practice.
        ApiKey = "api_key",
    }
}

/// A packet on its way to many charts.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = packet_sending, treat_none_as_default_value = false)]
pub struct Sending {
    /// The practice.
    pub practice_id: PracticeId,
    /// The sending.
    pub sending_id: PacketSendingId,
    /// The template of packets.
    pub packet_template_id: PacketTemplateId,
    /// What it was called then.
    pub name: String,
    /// Who sends.
    pub by_kind: SenderKind,
    /// Their id.
    pub by_id: String,
    /// Their name then.
    pub by_name: String,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When the last chart had its turn.
    pub done_at: Option<Timestamp>,
}
practice_row!(Sending, packet_sending);

/// A chart of it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = packet_sending_chart, treat_none_as_default_value = false)]
pub struct SendingChart {
    /// The practice.
    pub practice_id: PracticeId,
    /// The sending.
    pub sending_id: PacketSendingId,
    /// Its place, from 1.
    pub position: i32,
    /// What was asked for: a chart's number, or its id.
    pub asked: String,
    /// The chart; none where there is none.
    pub chart_id: Option<ChartId>,
    /// What came of it; none before its turn.
    pub result: Option<SendingResult>,
    /// The names of what is missing, separated by spaces; where it reached nobody, why not.
    pub detail: String,
    /// The packet that was sent.
    pub packet_id: Option<PacketId>,
}
practice_row!(SendingChart, packet_sending_chart);

/// Puts one in, with its charts.
pub fn insert(c: &mut Scoped<'_>, new: Sending, charts: &[SendingChart]) -> Result<(), Fault> {
    c.insert_rows(&[new])?;
    for some in charts.chunks(100) {
        c.insert_rows(some)?;
    }
    Ok(())
}

/// One of this practice.
pub fn find(c: &mut Scoped<'_>, id: &PacketSendingId) -> Result<Option<Sending>, Fault> {
    c.rows(packet_sending::table)
        .filter(packet_sending::sending_id.eq(*id))
        .select(Sending::as_select())
        .optional(c)
}

/// The newest ones.
pub fn newest(c: &mut Scoped<'_>) -> Result<Vec<Sending>, Fault> {
    c.rows(packet_sending::table)
        .order((packet_sending::begun_at.desc(), packet_sending::sending_id.desc()))
        .limit(LISTED)
        .select(Sending::as_select())
        .load(c)
}

/// Its charts, in the order in which they were asked for.
pub fn charts_of(c: &mut Scoped<'_>, id: &PacketSendingId) -> Result<Vec<SendingChart>, Fault> {
    c.rows(packet_sending_chart::table)
        .filter(packet_sending_chart::sending_id.eq(*id))
        .order(packet_sending_chart::position.asc())
        .select(SendingChart::as_select())
        .load(c)
}

/// The next chart whose turn it is.
pub fn next(c: &mut Scoped<'_>, id: &PacketSendingId) -> Result<Option<SendingChart>, Fault> {
    c.rows(packet_sending_chart::table)
        .filter(packet_sending_chart::sending_id.eq(*id))
        .filter(packet_sending_chart::result.is_null())
        .order(packet_sending_chart::position.asc())
        .select(SendingChart::as_select())
        .optional(c)
}

/// Notes what came of a chart; `false` where it had its turn before.
pub fn note(c: &mut Scoped<'_>, of: &SendingChart) -> Result<bool, Fault> {
    let noted = c
        .rows(packet_sending_chart::table)
        .filter(packet_sending_chart::sending_id.eq(of.sending_id))
        .filter(packet_sending_chart::position.eq(of.position))
        .filter(packet_sending_chart::result.is_null())
        .set((
            packet_sending_chart::result.eq(of.result),
            packet_sending_chart::detail.eq(of.detail.clone()),
            packet_sending_chart::packet_id.eq(of.packet_id),
        ))
        .execute(c)?;
    Ok(noted == 1)
}

/// Notes that every chart had its turn; `false` where that was noted before.
pub fn note_done(c: &mut Scoped<'_>, id: &PacketSendingId) -> Result<bool, Fault> {
    let now = c.now();
    let noted = c
        .rows(packet_sending::table)
        .filter(packet_sending::sending_id.eq(*id))
        .filter(packet_sending::done_at.is_null())
        .set(packet_sending::done_at.eq(Some(now)))
        .execute(c)?;
    Ok(noted == 1)
}

/// How the owner of a chart stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = portal_access)]
pub struct OwnerGrant {
    /// The chart.
    pub chart_id: ChartId,
    /// The owner's grant to it.
    pub access_id: AccessId,
    /// What is stored of its state.
    pub state: State,
}

/// The owners of these charts, where they have a grant.
pub fn owners_of(c: &mut Scoped<'_>, charts: &[ChartId]) -> Result<Vec<OwnerGrant>, Fault> {
    c.rows(portal_access::table)
        .filter(portal_access::chart_id.in_list(charts))
        .filter(portal_access::role.eq(GrantRole::Owner))
        .select(OwnerGrant::as_select())
        .load(c)
}

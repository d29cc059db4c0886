//! The rows of packets that were sent.

use diesel::prelude::*;

use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::packets::lifecycle::{Task, Turn};
use crate::features::documents::store::{Document, ShareRow};
use crate::features::people::Person;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId, DocumentId, PacketId, PacketTemplateId, PracticeId};
use crate::platform::db::schema::{document, document_share, packet, packet_item, person, portal_access};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::practice_row;

/// Packets of a chart that a list names: the newest.
const LISTED: i64 = 50;

/// A packet that was sent to a grant.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = packet, treat_none_as_default_value = false)]
pub struct Packet {
    /// The practice.
    pub practice_id: PracticeId,
    /// The packet.
    pub packet_id: PacketId,
    /// The template that it was made of.
    pub packet_template_id: PacketTemplateId,
    /// What that was called then.
    pub name: String,
    /// On this chart.
    pub chart_id: ChartId,
    /// To this grant.
    pub access_id: AccessId,
    /// When.
    pub sent_at: Timestamp,
    /// By whom.
    pub sent_by_name: String,
    /// When it was taken back as a whole.
    pub withdrawn_at: Option<Timestamp>,
    /// By whom.
    pub withdrawn_by_name: String,
    /// Whether its items are done one after the other, as its template said then.
    pub in_order: bool,
}
practice_row!(Packet, packet);

impl Packet {
    /// The place of one of its items, where they are done one after the other.
    pub fn turn(&self, item: &PacketItem) -> Option<Turn> {
        let is_in_order = self.in_order && self.withdrawn_at.is_none();
        is_in_order.then(|| item.turn())
    }
}

/// An item of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = packet_item, treat_none_as_default_value = false)]
pub struct PacketItem {
    /// The practice.
    pub practice_id: PracticeId,
    /// The packet.
    pub packet_id: PacketId,
    /// Its place, from 1.
    pub position: i32,
    /// The document that was made for it.
    pub document_id: DocumentId,
    /// What the client does with it.
    pub task: Task,
}
practice_row!(PacketItem, packet_item);

impl PacketItem {
    /// Its place in its packet.
    pub fn turn(&self) -> Turn {
        Turn { packet: self.packet_id, position: self.position, task: self.task }
    }
}

/// Puts a packet in, with its items.
pub fn insert(c: &mut Scoped<'_>, packet: Packet, items: &[PacketItem]) -> Result<(), Fault> {
    c.insert_rows(&[packet])?;
    c.insert_rows(items)
}

/// A packet of this practice.
pub fn find(c: &mut Scoped<'_>, id: &PacketId) -> Result<Option<Packet>, Fault> {
    c.rows(packet::table).filter(packet::packet_id.eq(*id)).select(Packet::as_select()).optional(c)
}

/// When a grant last got a packet of this template that was not taken back.
pub fn last_sent(
    c: &mut Scoped<'_>,
    access: &AccessId,
    template: &PacketTemplateId,
) -> Result<Option<Timestamp>, Fault> {
    c.rows(packet::table)
        .filter(packet::access_id.eq(*access))
        .filter(packet::packet_template_id.eq(*template))
        .filter(packet::withdrawn_at.is_null())
        .order(packet::sent_at.desc())
        .select(packet::sent_at)
        .optional(c)
}

/// The items of a packet, in their order.
pub fn items_of(c: &mut Scoped<'_>, id: &PacketId) -> Result<Vec<PacketItem>, Fault> {
    c.rows(packet_item::table)
        .filter(packet_item::packet_id.eq(*id))
        .order(packet_item::position.asc())
        .select(PacketItem::as_select())
        .load(c)
}

/// The place of a document in a packet in order that was sent to this grant.
pub fn turn_of(c: &mut Scoped<'_>, id: &DocumentId, access: &AccessId) -> Result<Option<Turn>, Fault> {
    c.rows(packet_item::table)
        .inner_join(
            packet::table.on(packet::practice_id
                .eq(packet_item::practice_id)
                .and(packet::packet_id.eq(packet_item::packet_id))),
        )
        .filter(packet_item::document_id.eq(*id))
        .filter(packet::access_id.eq(*access))
        .filter(packet::in_order.eq(true))
        .filter(packet::withdrawn_at.is_null())
        .select((packet_item::packet_id, packet_item::position, packet_item::task))
        .kept()
        .optional(c)
}

/// Notes that a packet was taken back; `false` where it was before.
pub fn note_withdrawn(c: &mut Scoped<'_>, id: &PacketId, by: &str) -> Result<bool, Fault> {
    let now = c.now();
    let noted = c
        .rows(packet::table)
        .filter(packet::packet_id.eq(*id))
        .filter(packet::withdrawn_at.is_null())
        .set((packet::withdrawn_at.eq(Some(now)), packet::withdrawn_by_name.eq(by.to_owned())))
        .execute(c)?;
    Ok(noted == 1)
}

/// A chart's packets with the person whose grant it is, newest first.
pub fn of_chart(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<(Packet, String)>, Fault> {
    let found: Vec<(Packet, Person)> = c
        .rows(packet::table)
        .inner_join(
            portal_access::table.on(portal_access::practice_id
                .eq(packet::practice_id)
                .and(portal_access::access_id.eq(packet::access_id))),
        )
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(packet::chart_id.eq(*chart))
        .order((packet::sent_at.desc(), packet::packet_id.desc()))
        .limit(LISTED)
        .select((Packet::as_select(), Person::as_select()))
        .load(c)?;
    Ok(found.into_iter().map(|(packet, person)| (packet, person.full_name())).collect())
}

/// An item with its document.
#[derive(Clone, Debug)]
pub struct ItemLine {
    /// The item.
    pub item: PacketItem,
    /// Its document.
    pub document: Document,
    /// How that is shared with the packet's grant.
    pub share: Option<ShareRow>,
}

impl ItemLine {
    /// See [`Document::kind`].
    pub fn kind(&self) -> DocumentKind {
        self.document.kind
    }
}

/// The items of these packets, in their order.
pub fn lines_of(c: &mut Scoped<'_>, packets: &[PacketId]) -> Result<Vec<ItemLine>, Fault> {
    let found: Vec<(PacketItem, Document, Option<ShareRow>)> = c
        .rows(packet_item::table)
        .inner_join(
            packet::table.on(packet::practice_id
                .eq(packet_item::practice_id)
                .and(packet::packet_id.eq(packet_item::packet_id))),
        )
        .inner_join(
            document::table.on(document::practice_id
                .eq(packet_item::practice_id)
                .and(document::document_id.eq(packet_item::document_id))),
        )
        .left_join(
            document_share::table.on(document_share::practice_id
                .eq(packet_item::practice_id)
                .and(document_share::document_id.eq(packet_item::document_id))
                .and(document_share::access_id.eq(packet::access_id))),
        )
        .filter(packet_item::packet_id.in_list(packets))
        .order((packet_item::packet_id.asc(), packet_item::position.asc()))
        .select((PacketItem::as_select(), Document::as_select(), Option::<ShareRow>::as_select()))
        .load(c)?;
    Ok(found.into_iter().map(|(item, document, share)| ItemLine { item, document, share }).collect())
}

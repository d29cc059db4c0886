//! The rows of templates of packets.

use diesel::prelude::*;

use crate::features::documents::packets::lifecycle::Task;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{PacketTemplateId, PracticeId, TemplateId};
use crate::platform::db::schema::{packet_template, packet_template_item, template, template_text};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::practice_row;

/// The most templates of packets of a practice.
pub const MOST_PACKETS: i64 = 100;
/// The most items of one.
pub const MOST_ITEMS: usize = 20;

/// A template of packets.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = packet_template, treat_none_as_default_value = false)]
pub struct PacketTemplate {
    /// The practice.
    pub practice_id: PracticeId,
    /// The template.
    pub packet_template_id: PacketTemplateId,
    /// What staff call it.
    pub name: String,
    /// Days that a client has to sign what is to be signed.
    pub sign_days: i32,
    /// Since when nobody sends it.
    pub retired_at: Option<Timestamp>,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by_name: String,
    /// Counts changes: the guard of every update.
    pub version: i64,
    /// Whether a client does its items one after the other.
    pub in_order: bool,
}
practice_row!(PacketTemplate, packet_template);

/// An item of a template of packets.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = packet_template_item, treat_none_as_default_value = false)]
pub struct TemplateItem {
    /// The practice.
    pub practice_id: PracticeId,
    /// The template of packets.
    pub packet_template_id: PacketTemplateId,
    /// Its place, from 1.
    pub position: i32,
    /// The document's template.
    pub template_id: TemplateId,
    /// What a client does with it.
    pub task: Task,
}
practice_row!(TemplateItem, packet_template_item);

/// A template of packets of this practice.
pub fn find(c: &mut Scoped<'_>, id: &PacketTemplateId) -> Result<Option<PacketTemplate>, Fault> {
    c.rows(packet_template::table)
        .filter(packet_template::packet_template_id.eq(*id))
        .select(PacketTemplate::as_select())
        .optional(c)
}

/// All of them, in the order of their names.
pub fn all(c: &mut Scoped<'_>) -> Result<Vec<PacketTemplate>, Fault> {
    c.rows(packet_template::table)
        .order((packet_template::name.asc(), packet_template::packet_template_id.asc()))
        .limit(MOST_PACKETS)
        .select(PacketTemplate::as_select())
        .load(c)
}

/// Those that are sent.
pub fn used(c: &mut Scoped<'_>) -> Result<Vec<PacketTemplate>, Fault> {
    c.rows(packet_template::table)
        .filter(packet_template::retired_at.is_null())
        .order((packet_template::name.asc(), packet_template::packet_template_id.asc()))
        .limit(MOST_PACKETS)
        .select(PacketTemplate::as_select())
        .load(c)
}

/// How many there are.
pub fn count(c: &mut Scoped<'_>) -> Result<i64, Fault> {
    c.rows(packet_template::table).count(c)
}

/// The items of one, in their order.
pub fn items_of(c: &mut Scoped<'_>, id: &PacketTemplateId) -> Result<Vec<TemplateItem>, Fault> {
    c.rows(packet_template_item::table)
        .filter(packet_template_item::packet_template_id.eq(*id))
        .order(packet_template_item::position.asc())
        .select(TemplateItem::as_select())
        .load(c)
}

/// The texts of these packets' items that are used, in every language, each with its packet.
pub fn texts_of(
    c: &mut Scoped<'_>,
    packets: &[PacketTemplateId],
) -> Result<Vec<(PacketTemplateId, String)>, Fault> {
    if packets.is_empty() {
        return Ok(Vec::new());
    }
    c.rows(packet_template_item::table)
        .inner_join(
            template::table.on(template::practice_id
                .eq(packet_template_item::practice_id)
                .and(template::template_id.eq(packet_template_item::template_id))),
        )
        .inner_join(
            template_text::table.on(template_text::practice_id
                .eq(template::practice_id)
                .and(template_text::template_id.eq(template::template_id))
                .and(template_text::number.nullable().eq(template::published_number))),
        )
        .filter(packet_template_item::packet_template_id.in_list(packets))
        .order((packet_template_item::position.asc(), template_text::language.asc()))
        .select((packet_template_item::packet_template_id, template_text::body))
        .load(c)
}

/// Puts a new one in; its items follow.
pub fn insert(c: &mut Scoped<'_>, new: PacketTemplate) -> Result<(), Fault> {
    c.insert_rows(&[new])
}

/// Saves one if nobody saved it since it was loaded; `false` if somebody did.
pub fn save(c: &mut Scoped<'_>, to: &PacketTemplate) -> Result<bool, Fault> {
    let saved = c
        .rows(packet_template::table)
        .filter(packet_template::packet_template_id.eq(to.packet_template_id))
        .filter(packet_template::version.eq(to.version))
        .set((
            packet_template::name.eq(to.name.clone()),
            packet_template::sign_days.eq(to.sign_days),
            packet_template::in_order.eq(to.in_order),
            packet_template::retired_at.eq(to.retired_at),
            packet_template::changed_at.eq(to.changed_at),
            packet_template::changed_by_name.eq(to.changed_by_name.clone()),
            packet_template::version.eq(to.version + 1),
        ))
        .execute(c)?;
    Ok(saved == 1)
}

/// Puts these items in the place of those that were there.
pub fn put_items(c: &mut Scoped<'_>, id: &PacketTemplateId, items: &[TemplateItem]) -> Result<(), Fault> {
    c.rows(packet_template_item::table).filter(packet_template_item::packet_template_id.eq(*id)).delete(c)?;
    c.insert_rows(items)
}

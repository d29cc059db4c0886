//! The packets of a chart, as its Documents tab and the API show them.

use crate::features::documents::lifecycle::ShareStanding;
use crate::features::documents::packets::lifecycle::{
    self, ItemFacts, ItemState, PacketState, TakenBack, Task, Turn, waits_for,
};
use crate::features::documents::packets::sent_store::{self, ItemLine, Packet};
use crate::features::documents::signing::store::{self as signing, Request};
use crate::features::documents::store::standing_of;
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, PacketId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Stamp;
use crate::platform::permissions::Permission;

/// A packet that was sent, with how it stands.
#[derive(Clone, Debug)]
pub struct SentPacket {
    /// The packet.
    pub packet: Packet,
    /// Whose grant it was sent to.
    pub name: String,
    /// How it stands.
    pub state: PacketState,
    /// Its items with how each stands.
    pub items: Vec<(ItemLine, ItemState)>,
}

fn state_of(line: &ItemLine, requests: &[Request], now: Timestamp) -> ItemState {
    let request = requests.iter().find(|request| request.document_id == line.document.document_id);
    lifecycle::item(ItemFacts {
        task: line.item.task,
        document: line.document.state,
        share: line.share.as_ref().map_or(ShareStanding::Never, |share| standing_of(Some(share))),
        opened: line.share.as_ref().and_then(|share| share.opened_version),
        signing: request.map(|request| request.standing(now)),
    })
}

/// The same, where the packet is in order: an open item waits while one before it is open.
fn in_order(packet: &Packet, items: Vec<(ItemLine, ItemState)>) -> Vec<(ItemLine, ItemState)> {
    let turn =
        |(line, state): &(ItemLine, ItemState)| packet.turn(&line.item).filter(|_| *state == ItemState::Open);
    let open: Vec<Turn> = items.iter().filter_map(turn).collect();
    let waits = |item: &(ItemLine, ItemState)| turn(item).is_some_and(|of| waits_for(of, &open).is_some());
    let one = |item: (ItemLine, ItemState)| if waits(&item) { (item.0, ItemState::Waits) } else { item };
    items.into_iter().map(one).collect()
}

/// The packets of a chart, newest first.
pub fn of_chart(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<SentPacket>, Fault> {
    let packets = sent_store::of_chart(c, chart)?;
    if packets.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<PacketId> = packets.iter().map(|(packet, _)| packet.packet_id).collect();
    let lines = sent_store::lines_of(c, &ids)?;
    let is_to_sign = lines.iter().any(|line| line.item.task == Task::Sign);
    let requests = if is_to_sign { signing::newest_of_chart(c, chart)? } else { Vec::new() };
    let now = c.now();
    let sent = |(packet, name): (Packet, String)| {
        let theirs = lines.iter().filter(|line| line.item.packet_id == packet.packet_id);
        let items: Vec<(ItemLine, ItemState)> =
            theirs.map(|line| (line.clone(), state_of(line, &requests, now))).collect();
        let items = in_order(&packet, items);
        let states: Vec<ItemState> = items.iter().map(|(_, state)| *state).collect();
        let taken_back = if packet.withdrawn_at.is_some() { TakenBack::Yes } else { TakenBack::No };
        SentPacket { state: lifecycle::packet(taken_back, &states), packet, name, items }
    };
    Ok(packets.into_iter().map(sent).collect())
}

/// An item's line.
pub struct ItemShown {
    /// Its document's page.
    pub href: String,
    /// Its title.
    pub title: String,
    /// Colour and word.
    pub tag: (&'static str, String),
}

/// A packet's line in the tab.
pub struct PacketShown {
    /// Its name.
    pub name: String,
    /// "2 of 3 done"
    pub done: String,
    /// To whom.
    pub to: String,
    /// When it was sent.
    pub sent: Stamp,
    /// By whom.
    pub by: String,
    /// Colour and word.
    pub tag: (&'static str, String),
    /// That its items are done one after the other.
    pub in_order: Option<String>,
    /// Those of its items that the reader may see.
    pub items: Vec<ItemShown>,
    /// That there are others.
    pub others: Option<String>,
    /// Where it is taken back, for who may.
    pub withdraw: Option<String>,
}

/// As the tab shows them to a staff member.
pub fn shown(staff: &StaffSession, packets: Vec<SentPacket>, now: Timestamp) -> Vec<PacketShown> {
    packets.into_iter().map(|packet| one(staff, packet, now)).collect()
}

fn one(staff: &StaffSession, of: SentPacket, now: Timestamp) -> PacketShown {
    let words = staff.words;
    let SentPacket { packet, name, state, items } = of;
    let documents = format!("/staff/charts/{}/documents", packet.chart_id);
    let counted = items.iter().filter(|(_, state)| *state != ItemState::Gone).count();
    let done = items.iter().filter(|(_, state)| *state == ItemState::Done).count();
    let is_seen = |line: &ItemLine| line.document.kind.is_seen_by(staff.role, line.document.label);
    let hidden = items.iter().filter(|(line, _)| !is_seen(line)).count();
    let item = |(line, state): &(ItemLine, ItemState)| ItemShown {
        href: format!("{documents}/{}", line.document.document_id),
        title: line.document.title.clone(),
        tag: item_tag(staff, line.item.task, *state),
    };
    PacketShown {
        done: words.with2("packets-done-of", "done", done, "all", counted),
        to: name,
        sent: words.stamp(packet.sent_at, &staff.zone, now),
        by: packet.sent_by_name,
        tag: packet_tag(staff, state),
        in_order: packet.in_order.then(|| words.get("packets-in-order-said")),
        items: items.iter().filter(|(line, _)| is_seen(line)).map(item).collect(),
        others: (hidden > 0)
            .then(|| words.count("packets-others", "count", i64::try_from(hidden).unwrap_or(i64::MAX))),
        withdraw: (staff.may(Permission::ManageDocuments) && state != PacketState::Withdrawn)
            .then(|| format!("{documents}/sent-packets/{}/withdraw", packet.packet_id)),
        name: packet.name,
    }
}

fn item_tag(staff: &StaffSession, task: Task, state: ItemState) -> (&'static str, String) {
    let tone = match state {
        ItemState::Open => "waiting",
        ItemState::Waits => "",
        ItemState::Done => "good",
        ItemState::Stopped => "attention",
        ItemState::Gone => "stopped",
    };
    let key = match (state, task) {
        (ItemState::Open | ItemState::Done, task) => format!("packets-item-{state}-{task}"),
        (state, _) => format!("packets-item-{state}"),
    };
    (tone, staff.words.get(&key))
}

fn packet_tag(staff: &StaffSession, state: PacketState) -> (&'static str, String) {
    let (tone, key) = match state {
        PacketState::Sent => ("waiting", "packets-state-sent"),
        PacketState::PartlyDone => ("waiting", "packets-state-partly"),
        PacketState::Done => ("good", "packets-state-done"),
        PacketState::Withdrawn => ("stopped", "packets-state-withdrawn"),
    };
    (tone, staff.words.get(key))
}

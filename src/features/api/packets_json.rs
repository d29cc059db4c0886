//! Packets of documents as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::features::documents::packets::many_store::{Sending, SendingChart, SendingResult};
use crate::features::documents::packets::section::SentPacket;
use crate::features::documents::packets::store::{PacketTemplate, TemplateItem};

/// An item of a packet.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PacketItemJson {
    /// The document's template.
    #[schema(format = "uuid")]
    pub template: String,
    /// What the client does with it: `read` or `sign`.
    pub task: String,
}

/// A packet that can be sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PacketJson {
    /// The packet.
    #[schema(format = "uuid")]
    pub id: String,
    /// What the practice calls it.
    pub name: String,
    /// Days that a client has to sign what is to be signed.
    pub sign_days: i32,
    /// Whether a client can open an item only once those before it are done.
    pub in_order: bool,
    /// Whether nobody sends it any more.
    pub retired: bool,
    /// In their order.
    pub items: Vec<PacketItemJson>,
    /// What `answers` must have when it is sent; one that asks anything is sent to one chart at a time.
    pub asks: Vec<String>,
}

impl PacketJson {
    /// Of this one.
    pub fn of(packet: &PacketTemplate, items: &[TemplateItem], asks: Vec<String>) -> Self {
        let item = |item: &TemplateItem| PacketItemJson {
            template: item.template_id.to_string(),
            task: item.task.to_string(),
        };
        Self {
            id: packet.packet_template_id.to_string(),
            name: packet.name.clone(),
            sign_days: packet.sign_days,
            in_order: packet.in_order,
            retired: packet.retired_at.is_some(),
            items: items.iter().map(item).collect(),
            asks,
        }
    }
}

/// The packets of the practice.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PacketList {
    /// In the order of their names.
    pub packets: Vec<PacketJson>,
}

/// A packet to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPacketJson {
    /// What the practice calls it: 1 to 80 characters.
    pub name: String,
    /// 1 to 180; left out: 30.
    pub sign_days: Option<i32>,
    /// Whether a client can open an item only once those before it are done; left out: any time.
    #[serde(default)]
    pub in_order: bool,
    /// 1 to 20, in their order.
    pub items: Vec<PacketItemJson>,
}

/// What changes of a packet; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangePacketJson {
    /// As of a new one.
    pub name: Option<String>,
    /// As of a new one.
    pub sign_days: Option<i32>,
    /// As of a new one. What was sent stays as it is.
    pub in_order: Option<bool>,
    /// All of them, in their order.
    pub items: Option<Vec<PacketItemJson>>,
}

/// A packet to be sent to somebody of a chart.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SendPacketJson {
    /// Which packet.
    #[schema(format = "uuid")]
    pub packet: String,
    /// The grant's id; left out: the chart's owner, invited or not.
    #[schema(format = "uuid")]
    pub grant: Option<String>,
    /// An answer for each of the packet's `asks`.
    pub answers: BTreeMap<String, String>,
    /// Whether it is sent although they have one already.
    pub again: bool,
}

/// A packet to be sent to the owners of many charts.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SendToManyJson {
    /// The charts' ids: 1 to 500.
    pub charts: Vec<String>,
}

/// An item of a packet that was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SentItemJson {
    /// Its document.
    #[schema(format = "uuid")]
    pub document: String,
    /// `read` or `sign`.
    pub task: String,
    /// `open`, `waits` (open, and one before it is too, in a packet in order), `done`, `stopped` (not signed, and no longer asked for) or `gone` (withdrawn).
    pub state: String,
}

/// A packet that was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SentPacketJson {
    /// Its id.
    #[schema(format = "uuid")]
    pub id: String,
    /// The packet that it was made of.
    #[schema(format = "uuid")]
    pub packet: String,
    /// What that was called then.
    pub name: String,
    /// To this grant.
    #[schema(format = "uuid")]
    pub grant: String,
    /// When.
    #[schema(format = "date-time")]
    pub sent_at: String,
    /// By whom.
    pub sent_by: String,
    /// Whether its client can open an item only once those before it are done.
    pub in_order: bool,
    /// `sent`, `partly_done`, `done` or `withdrawn`.
    pub state: String,
    /// In their order.
    pub items: Vec<SentItemJson>,
}

impl SentPacketJson {
    /// Of this one.
    pub fn of(sent: &SentPacket) -> Self {
        let items = sent.items.iter().map(|(line, state)| SentItemJson {
            document: line.document.document_id.to_string(),
            task: line.item.task.to_string(),
            state: state.to_string(),
        });
        Self {
            id: sent.packet.packet_id.to_string(),
            packet: sent.packet.packet_template_id.to_string(),
            name: sent.packet.name.clone(),
            grant: sent.packet.access_id.to_string(),
            sent_at: sent.packet.sent_at.to_string(),
            sent_by: sent.packet.sent_by_name.clone(),
            in_order: sent.packet.in_order,
            state: sent.state.to_string(),
            items: items.collect(),
        }
    }
}

/// The packets of a chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SentPacketList {
    /// The newest first, at most 50.
    pub packets: Vec<SentPacketJson>,
}

/// What came of one chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SendingChartJson {
    /// What was asked for: a chart's id, or the number that staff typed.
    pub asked: String,
    /// The chart; null where there is none.
    #[schema(format = "uuid")]
    pub chart: Option<String>,
    /// `sent`, `unknown`, `closed`, `no_grant`, `before` (they have it), `missing`, `one_parent_alone` or `not_sendable`;
    /// null before its turn.
    pub result: Option<String>,
    /// The names of the blanks whose values are not on file.
    pub missing: Vec<String>,
    /// The packet that was sent.
    #[schema(format = "uuid")]
    pub packet: Option<String>,
}

/// A packet on its way to many charts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PacketSendingJson {
    /// Its id.
    #[schema(format = "uuid")]
    pub id: String,
    /// What the packet was called then.
    pub name: String,
    /// Whether every chart had its turn.
    pub done: bool,
    /// In the order in which they were asked for.
    pub charts: Vec<SendingChartJson>,
}

impl PacketSendingJson {
    /// Of this one.
    pub fn of(sending: &Sending, charts: &[SendingChart]) -> Self {
        let chart = |of: &SendingChart| SendingChartJson {
            asked: of.asked.clone(),
            chart: of.chart_id.map(|chart| chart.to_string()),
            result: of.result.map(|result| result.to_string()),
            // Of a chart that it did not reach, the detail says why not.
            missing: match of.result {
                Some(SendingResult::Missing) => of.detail.split_whitespace().map(str::to_owned).collect(),
                _ => Vec::new(),
            },
            packet: of.packet_id.map(|packet| packet.to_string()),
        };
        Self {
            id: sending.sending_id.to_string(),
            name: sending.name.clone(),
            done: sending.done_at.is_some(),
            charts: charts.iter().map(chart).collect(),
        }
    }
}

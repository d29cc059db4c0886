//! Sends a packet to one grant, and takes it back. What is sent is checked as a whole before the first row is written, so
//! that nothing is half sent.

use std::collections::BTreeMap;

use serde_json::json;

use crate::features::access::is_one_parent_alone;
use crate::features::documents::actions::{
    self as documents, NewContent, NewDocument, NewShare, Recipient, Refused, Telling,
};
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::lifecycle::Refusal;
use crate::features::documents::merge::{Blank, MergeName};
use crate::features::documents::packets::lifecycle::{Task, may_be_in_packet};
use crate::features::documents::packets::sent_store::{self, Packet, PacketItem};
use crate::features::documents::packets::store::{self, PacketTemplate};
use crate::features::documents::signing::actions::{self as signing, Candidate, NewSigner, NewSigning};
use crate::features::documents::template_actions::{self, AnswerWrong, Filling, NotMade};
use crate::features::documents::template_store;
use crate::features::people;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId, DocumentId, PacketId, PacketTemplateId, TemplateId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::{Fault, granted};

/// What becomes of a packet whose recipient has one of the same template already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfSent {
    /// It is sent once more: whoever sends it has seen that.
    Again,
    /// Nothing is sent.
    Leave,
}

/// A packet to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPacket {
    /// On this chart.
    pub chart: ChartId,
    /// Of this template.
    pub template: PacketTemplateId,
    /// To whom.
    pub to: Recipient,
    /// What the sender is asked, by [`Blank::key`].
    pub answers: BTreeMap<String, String>,
    /// See [`IfSent`].
    pub if_sent: IfSent,
}

/// Why a packet was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// There is no such template of packets or chart, or nobody sends it any more.
    NotFound,
    /// The recipient has no access to the chart.
    NoGrant,
    /// They got it then.
    Before(Timestamp),
    /// This template of one of its items is not used any more.
    NotUsed(TemplateId, String),
    /// The label of this template keeps it out of packets.
    Labelled(TemplateId, String),
    /// The face sheet or the profile lacks these.
    Missing(Vec<MergeName>),
    /// These answers are no good.
    Wrong(Vec<(Blank, AnswerWrong)>),
    /// Both parents must sign, by a court order.
    OneParentAlone,
}

/// A packet that can be sent.
struct Checked {
    template: PacketTemplate,
    access: AccessId,
    items: Vec<(Task, NewDocument)>,
}

/// Looks through everything that is to be sent. Of what can be seen at once everything is named.
fn check(c: &mut Scoped<'_>, by: &By, new: &NewPacket) -> Result<Result<Checked, NotSent>, Fault> {
    let Some(template) = store::find(c, &new.template)?.filter(|of| of.retired_at.is_none()) else {
        return Ok(Err(NotSent::NotFound));
    };
    if !people::is_chart(c, &new.chart)? {
        return Ok(Err(NotSent::NotFound));
    }
    let grants = documents::grants_of(c, &new.chart, &[new.to])?.unwrap_or_default();
    let Some(access) = grants.first().copied() else { return Ok(Err(NotSent::NoGrant)) };
    if new.if_sent == IfSent::Leave
        && let Some(at) = sent_store::last_sent(c, &access, &new.template)?
    {
        return Ok(Err(NotSent::Before(at)));
    }
    let (mut items, mut missing, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for item in store::items_of(c, &new.template)? {
        let filling = Filling {
            chart: new.chart,
            template: item.template_id,
            number: None,
            language: None,
            answers: new.answers.clone(),
        };
        match template_actions::filled(c, by, &filling)? {
            Ok(document) if !may_be_in_packet(document.label) => {
                return Ok(Err(NotSent::Labelled(item.template_id, name_of(c, &item.template_id)?)));
            }
            Ok(document) => items.push((item.task, document)),
            Err(NotMade::Missing(names)) => missing.extend(names),
            Err(NotMade::Wrong(answers)) => wrong.extend(answers),
            Err(NotMade::NotFound | NotMade::Stale | NotMade::Refused(_)) => {
                return Ok(Err(NotSent::NotUsed(item.template_id, name_of(c, &item.template_id)?)));
            }
        }
    }
    if !missing.is_empty() {
        return Ok(Err(NotSent::Missing(each_once(missing))));
    }
    if !wrong.is_empty() {
        return Ok(Err(NotSent::Wrong(each_once(wrong))));
    }
    let is_to_sign = items.iter().any(|(task, _)| *task == Task::Sign);
    if is_to_sign && is_one_parent_alone(c, &new.chart, &[access])? {
        return Ok(Err(NotSent::OneParentAlone));
    }
    Ok(Ok(Checked { template, access, items }))
}

fn name_of(c: &mut Scoped<'_>, id: &TemplateId) -> Result<String, Fault> {
    Ok(template_store::find(c, id)?.map(|of| of.name).unwrap_or_default())
}

fn each_once<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

/// What keeps a packet from being sent, before anything is written but a grant that waits for its first invitation.
pub fn check_only(c: &mut Scoped<'_>, by: &By, new: &NewPacket) -> Result<Result<(), NotSent>, Fault> {
    lock(c, Lock::Charts(&[new.chart]))?;
    Ok(check(c, by, new)?.map(|_| ()))
}

/// Sends a packet: its documents are made, shared and, where they are to be signed, asked for. Its recipient gets one mail.
pub fn send(c: &mut Scoped<'_>, by: &By, new: &NewPacket) -> Result<Result<PacketId, NotSent>, Fault> {
    lock(c, Lock::Charts(&[new.chart]))?;
    let Checked { template, access, items } = granted!(check(c, by, new)?);
    let packet = Packet {
        practice_id: *c.practice(),
        packet_id: PacketId::fresh(c.rng(), c.now()),
        packet_template_id: template.packet_template_id,
        name: template.name.clone(),
        chart_id: new.chart,
        access_id: access,
        sent_at: c.now(),
        sent_by_name: by.actor.name(),
        withdrawn_at: None,
        withdrawn_by_name: String::new(),
        in_order: template.in_order,
    };
    let id = packet.packet_id;
    let mut rows = Vec::with_capacity(items.len());
    for (position, (task, document)) in (1..).zip(&items) {
        let document_id = one_item(c, by, (&template, &access), position, (*task, document))?;
        rows.push(PacketItem {
            practice_id: *c.practice(),
            packet_id: id,
            position,
            document_id,
            task: *task,
        });
    }
    let ids: Vec<DocumentId> = rows.iter().map(|row| row.document_id).collect();
    sent_store::insert(c, packet, &rows)?;
    let details = json!({ "packet": id, "packet_template": template.packet_template_id, "documents": ids });
    let mut event = Event::new(by.clone(), DocumentAction::PacketSent).on_chart(&new.chart).with(details);
    event.access = Some(access);
    audit::record(c, event)?;
    Ok(Ok(id))
}

/// What was checked is not refused: a refusal here undoes everything.
fn unforeseen(why: impl std::fmt::Display) -> Fault {
    Fault::other(format!("a packet that was checked could not be sent: {why}"))
}

fn one_item(
    c: &mut Scoped<'_>,
    by: &By,
    (template, access): (&PacketTemplate, &AccessId),
    position: i32,
    (task, new): (Task, &NewDocument),
) -> Result<DocumentId, Fault> {
    debug_assert!(matches!(new.content, NewContent::Merged(_)), "an item of a packet is made of a template");
    let id = documents::create(c, by, new)?.map_err(unforeseen)?;
    // A client's list begins with what came last: a later item came a little earlier.
    let since = Timestamp::from_micros(c.now().micros() - i64::from(position) + 1);
    let with = vec![Recipient::Grant(*access)];
    let share = NewShare { with, telling: Telling::ByMail, since: Some(since) };
    documents::share(c, by, &id, &share)?.map_err(unforeseen)?;
    if task == Task::Sign {
        let who = Candidate::Grant(Recipient::Grant(*access));
        let signers = vec![NewSigner { who, position: 1 }];
        let asked = NewSigning { signers, days: i64::from(template.sign_days) };
        signing::ask_and_tell(c, by, &id, &asked, Telling::Silent)?.map_err(unforeseen)?;
    }
    Ok(id)
}

/// What came of taking a packet back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Withdrawn {
    /// Documents that were taken back.
    pub taken_back: usize,
    /// Documents that were signed, and stay: who signed one keeps it (15 USC 7001(e)).
    pub kept: usize,
}

/// Takes a packet back: each of its documents that nobody has signed. `None` where there is no such packet on the chart;
/// one that was taken back before stays so.
pub fn withdraw(
    c: &mut Scoped<'_>,
    by: &By,
    (chart, id): (&ChartId, &PacketId),
    reason: &str,
) -> Result<Option<Withdrawn>, Fault> {
    lock(c, Lock::Charts(&[*chart]))?;
    let Some(packet) = sent_store::find(c, id)?.filter(|packet| packet.chart_id == *chart) else {
        return Ok(None);
    };
    let mut outcome = Withdrawn::default();
    if !sent_store::note_withdrawn(c, id, &by.actor.name())? {
        return Ok(Some(outcome));
    }
    for item in sent_store::items_of(c, id)? {
        match documents::withdraw(c, by, &item.document_id, reason)? {
            Ok(_) => outcome.taken_back += 1,
            Err(Refused::LifeCycle(Refusal::Signed)) => outcome.kept += 1,
            // It was taken back by itself before.
            Err(_) => {}
        }
    }
    let details = json!({ "packet": id, "taken_back": outcome.taken_back, "kept": outcome.kept });
    let mut event = Event::new(by.clone(), DocumentAction::PacketWithdrawn).on_chart(chart).with(details);
    event.access = Some(packet.access_id);
    audit::record(c, event)?;
    Ok(Some(outcome))
}

//! What can be done with a template of packets: make and change it, take it out of use. One transaction each.

use std::collections::BTreeSet;

use serde_json::json;

use crate::features::access::permission::Label;
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::merge::{self, Blank, Source};
use crate::features::documents::packets::lifecycle::{Task, may_be_in_packet};
use crate::features::documents::packets::store::{
    self, MOST_ITEMS, MOST_PACKETS, PacketTemplate, TemplateItem,
};
use crate::features::documents::template_actions::Use;
use crate::features::documents::template_store::{self, Template};
use crate::kernel::ids::{PacketTemplateId, TemplateId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::{Fault, granted};

/// What is typed into a template of packets. Whoever reads it from a form has checked the name and the days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketDraft {
    /// What staff call it.
    pub name: String,
    /// Days that a client has to sign.
    pub sign_days: i32,
    /// Whether a client does the items one after the other.
    pub in_order: bool,
    /// In their order.
    pub items: Vec<(TemplateId, Task)>,
}

/// Why a template of packets was not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSaved {
    /// There is no such template of packets.
    #[error("no such packet")]
    NotFound,
    /// Somebody saved it since it was read.
    #[error("somebody saved the packet meanwhile")]
    Stale,
    /// There are [`MOST_PACKETS`].
    #[error("there are too many packets")]
    TooMany,
    /// It is retired.
    #[error("the packet is retired")]
    Retired,
    /// It has no item, or more than [`MOST_ITEMS`], or one twice.
    #[error("a packet has 1 to {MOST_ITEMS} items, each once")]
    Items,
    /// This item is no template that is used.
    #[error("one of its items is no template that is used")]
    NotUsed(usize),
    /// A label keeps this item out of every packet.
    #[error("a label keeps one of its items out of packets")]
    Labelled(usize),
}

/// A document's template that may stand in a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The template.
    pub template: Template,
    /// The label of the version that is used.
    pub label: Option<Label>,
}

/// The templates that are used, with the label of each.
pub fn candidates(c: &mut Scoped<'_>) -> Result<Vec<Candidate>, Fault> {
    let mut found = Vec::new();
    for template in template_store::all(c)? {
        if let Some(label) = label_of(c, &template)? {
            found.push(Candidate { template, label });
        }
    }
    Ok(found)
}

/// The label of the version that is used; none where no version is.
fn label_of(c: &mut Scoped<'_>, template: &Template) -> Result<Option<Option<Label>>, Fault> {
    let (None, Some(number)) = (template.retired_at, template.published_number) else { return Ok(None) };
    let version = template_store::version_of(c, &template.template_id, number)?;
    Ok(version.map(|version| version.label))
}

/// Are there 1 to [`MOST_ITEMS`] items, each once?
pub fn are_each_once(items: &[(TemplateId, Task)]) -> bool {
    let each: BTreeSet<TemplateId> = items.iter().map(|(template, _)| *template).collect();
    (1..=MOST_ITEMS).contains(&items.len()) && each.len() == items.len()
}

fn check(c: &mut Scoped<'_>, draft: &PacketDraft) -> Result<Result<(), NotSaved>, Fault> {
    if !are_each_once(&draft.items) {
        return Ok(Err(NotSaved::Items));
    }
    for (at, (id, _)) in draft.items.iter().enumerate() {
        let label = match template_store::find(c, id)? {
            Some(template) => label_of(c, &template)?,
            None => None,
        };
        match label {
            None => return Ok(Err(NotSaved::NotUsed(at))),
            Some(label) if !may_be_in_packet(label) => return Ok(Err(NotSaved::Labelled(at))),
            Some(_) => {}
        }
    }
    Ok(Ok(()))
}

fn record(c: &mut Scoped<'_>, by: &By, action: DocumentAction, of: &PacketTemplate) -> Result<(), Fault> {
    audit::record(c, Event::new(by.clone(), action).with(json!({ "packet_template": of.packet_template_id })))
}

/// Of which template of packets, and as it was when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenPacket {
    /// The template of packets.
    pub template: PacketTemplateId,
    /// Its version then.
    pub version: i64,
}

/// Makes a template of packets, or changes one. What was sent stays as it is.
pub fn save(
    c: &mut Scoped<'_>,
    by: &By,
    seen: Option<SeenPacket>,
    draft: &PacketDraft,
) -> Result<Result<PacketTemplateId, NotSaved>, Fault> {
    let now = c.now();
    let before = match seen {
        Some(seen) => match store::find(c, &seen.template)? {
            None => return Ok(Err(NotSaved::NotFound)),
            Some(found) if found.version != seen.version => return Ok(Err(NotSaved::Stale)),
            Some(found) if found.retired_at.is_some() => return Ok(Err(NotSaved::Retired)),
            Some(found) => Some(found),
        },
        None => {
            lock(c, Lock::Practice)?;
            if store::count(c)? >= MOST_PACKETS {
                return Ok(Err(NotSaved::TooMany));
            }
            None
        }
    };
    granted!(check(c, draft)?);
    let id = match &before {
        Some(before) => before.packet_template_id,
        None => PacketTemplateId::fresh(c.rng(), now),
    };
    let to = PacketTemplate {
        practice_id: *c.practice(),
        packet_template_id: id,
        name: draft.name.clone(),
        sign_days: draft.sign_days,
        retired_at: None,
        changed_at: now,
        changed_by_name: by.actor.name(),
        version: before.as_ref().map_or(1, |before| before.version),
        in_order: draft.in_order,
    };
    if before.is_none() {
        store::insert(c, to.clone())?;
    } else if !store::save(c, &to)? {
        return Ok(Err(NotSaved::Stale));
    }
    let item = |(position, (template, task)): (i32, &(TemplateId, Task))| TemplateItem {
        practice_id: to.practice_id,
        packet_template_id: id,
        position,
        template_id: *template,
        task: *task,
    };
    let items: Vec<TemplateItem> = (1..).zip(&draft.items).map(item).collect();
    store::put_items(c, &id, &items)?;
    record(c, by, DocumentAction::PacketSaved, &to)?;
    Ok(Ok(id))
}

/// Takes a template of packets out of use, or back into it. One that stands so already stays as it is.
pub fn set_use(
    c: &mut Scoped<'_>,
    by: &By,
    id: &PacketTemplateId,
    to: Use,
) -> Result<Result<(), NotSaved>, Fault> {
    let Some(before) = store::find(c, id)? else { return Ok(Err(NotSaved::NotFound)) };
    let (retired_at, action) = match to {
        Use::Retire => (Some(c.now()), DocumentAction::PacketRetired),
        Use::Restore => (None, DocumentAction::PacketRestored),
    };
    if before.retired_at.is_some() == retired_at.is_some() {
        return Ok(Ok(()));
    }
    let after =
        PacketTemplate { retired_at, changed_at: c.now(), changed_by_name: by.actor.name(), ..before };
    if !store::save(c, &after)? {
        return Ok(Err(NotSaved::Stale));
    }
    record(c, by, action, &after)?;
    Ok(Ok(()))
}

/// What the sender is asked for the texts of these packets, in all their languages: each with its packet, once.
pub fn questions_of(
    c: &mut Scoped<'_>,
    packets: &[PacketTemplateId],
) -> Result<Vec<(PacketTemplateId, Blank)>, Fault> {
    let mut asked: Vec<(PacketTemplateId, Blank)> = Vec::new();
    for (packet, body) in store::texts_of(c, packets)? {
        let pieces = merge::parse(&body).unwrap_or_default();
        for blank in merge::blanks(&pieces) {
            let is_known =
                matches!(blank.source(), Source::FaceSheet(_) | Source::Profile(_) | Source::Given);
            let question = (packet, blank.clone());
            if !is_known && !asked.contains(&question) {
                asked.push(question);
            }
        }
    }
    Ok(asked)
}

/// The packets that are sent and ask the sender nothing: what else is sent to many, or with an invitation.
pub fn without_questions(c: &mut Scoped<'_>) -> Result<Vec<PacketTemplate>, Fault> {
    let mut used = store::used(c)?;
    let ids: Vec<PacketTemplateId> = used.iter().map(|of| of.packet_template_id).collect();
    let asked = questions_of(c, &ids)?;
    used.retain(|of| asked.iter().all(|(packet, _)| *packet != of.packet_template_id));
    Ok(used)
}

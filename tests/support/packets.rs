//! Packets for the stories: templates of documents, packets of them, and sending these.

use std::collections::BTreeMap;

use anteroom::features::access::permission::Label;
use anteroom::features::documents::packets::lifecycle::Task;
use anteroom::features::documents::packets::many::{self, NewSending};
use anteroom::features::documents::packets::sending::{self, IfSent, NewPacket};
use anteroom::features::documents::packets::templates::{self, PacketDraft};
use anteroom::features::documents::template_actions::{self, AfterSave, Draft, DraftText};
use anteroom::features::documents::{DocumentKind, Recipient};
use anteroom::kernel::ids::{ChartId, PacketId, PacketSendingId, PacketTemplateId, TemplateId};
use anteroom::platform::i18n::Language;
use anteroom::platform::permissions::Role;

use super::world::World;

/// A published template with a text in English.
pub async fn published(w: &World, title: &str, kind: DocumentKind, body: &str) -> TemplateId {
    labelled(w, title, (kind, None), body).await
}

/// The same with a label.
pub async fn labelled(
    w: &World,
    title: &str,
    (kind, label): (DocumentKind, Option<Label>),
    body: &str,
) -> TemplateId {
    let text = DraftText { language: Language::English, title: title.to_owned(), body: body.to_owned() };
    let draft = Draft { name: title.to_owned(), kind, label, texts: vec![text] };
    let by = w.riverbend.by(Role::Clinician);
    let save = move |c: &mut anteroom::platform::db::Scoped<'_>| {
        template_actions::save(c, &by, None, &draft, AfterSave::Publish)
    };
    w.app.db.write(&w.riverbend.scope, save).await.expect("no fault").expect("a template")
}

/// A packet of these templates.
pub async fn packet_of(w: &World, name: &str, items: &[(TemplateId, Task)]) -> PacketTemplateId {
    saved(w, PacketDraft { name: name.to_owned(), sign_days: 30, in_order: false, items: items.to_vec() })
        .await
}

/// The same, one after the other.
pub async fn packet_in_order(w: &World, name: &str, items: &[(TemplateId, Task)]) -> PacketTemplateId {
    saved(w, PacketDraft { name: name.to_owned(), sign_days: 30, in_order: true, items: items.to_vec() })
        .await
}

async fn saved(w: &World, draft: PacketDraft) -> PacketTemplateId {
    let by = w.riverbend.by(Role::Clinician);
    let made = w.app.db.write(&w.riverbend.scope, move |c| templates::save(c, &by, None, &draft)).await;
    made.expect("no fault").expect("a packet")
}

/// Sends it to a chart's owner.
pub async fn send(w: &World, chart: ChartId, template: PacketTemplateId) -> PacketId {
    send_to(w, chart, Recipient::Owner, template).await
}

/// Sends it to somebody of a chart.
pub async fn send_to(w: &World, chart: ChartId, to: Recipient, template: PacketTemplateId) -> PacketId {
    let new = NewPacket { chart, template, to, answers: BTreeMap::new(), if_sent: IfSent::Again };
    let by = w.riverbend.by(Role::FrontDesk);
    let sent = w.app.db.write(&w.riverbend.scope, move |c| sending::send(c, &by, &new)).await;
    sent.expect("no fault").expect("a packet that can be sent")
}

/// Begins to send it to charts, which a job does.
pub async fn send_to_many(w: &World, template: PacketTemplateId, charts: &[ChartId]) -> PacketSendingId {
    let charts = charts.iter().map(|chart| (chart.to_string(), Some(*chart))).collect();
    let (by, new) = (w.riverbend.by(Role::FrontDesk), NewSending { template, charts });
    let begun = w.app.db.write(&w.riverbend.scope, move |c| many::begin(c, &by, &new)).await;
    begun.expect("no fault").expect("a packet that asks nothing")
}

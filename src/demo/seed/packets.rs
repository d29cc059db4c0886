//! A packet of the demo: the papers for a first visit, sent to one client through the same door that staff use.

use std::collections::BTreeMap;

use crate::features::documents::packets::lifecycle::Task;
use crate::features::documents::packets::sending::{self, IfSent, NewPacket};
use crate::features::documents::packets::templates::{self, PacketDraft};
use crate::features::documents::template_actions::{self, AfterSave, Draft, DraftText};
use crate::features::documents::{DocumentKind, Recipient};
use crate::kernel::ids::ChartId;
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;

const NOTICE: &str = "{{practice_name}} keeps a record of your visits and protects it.\n\n\
    - We share it with nobody unless you allow it, or the law asks for it.\n\
    - You can read it, and ask us to correct it.\n\
    - Call {{practice_phone}} if you have a question.";
const NOTICE_ES: &str = "{{practice_name}} lleva un expediente de sus visitas y lo protege.\n\n\
    - No lo compartimos con nadie, salvo que usted lo permita o la ley lo pida.\n\
    - Usted puede leerlo y pedirnos que lo corrijamos.\n\
    - Llame al {{practice_phone}} si tiene una pregunta.";
const CONSENT: &str = "I, {{client_name}}, agree to care at {{practice_name}}.\n\n\
    - I can ask about my care at any time.\n\
    - I can end it at any time.\n\nSigned on or after {{today}}.";
const CONSENT_ES: &str = "Yo, {{client_name}}, acepto recibir atención en {{practice_name}}.\n\n\
    - Puedo preguntar sobre mi atención en cualquier momento.\n\
    - Puedo terminarla en cualquier momento.\n\nFirmado el {{today}} o después.";

/// Two templates that ask the sender nothing.
fn texts() -> [(Draft, Task); 2] {
    let text =
        |language, title: &str, body: &str| DraftText { language, title: title.into(), body: body.into() };
    let draft = |kind, english: DraftText, spanish| Draft {
        name: english.title.clone(),
        kind,
        label: None,
        texts: vec![english, spanish],
    };
    let notice = draft(
        DocumentKind::Notice,
        text(Language::English, "How we protect your record", NOTICE),
        text(Language::Spanish, "Cómo protegemos su expediente", NOTICE_ES),
    );
    let consent = draft(
        DocumentKind::Agreement,
        text(Language::English, "Consent to care", CONSENT),
        text(Language::Spanish, "Consentimiento para la atención", CONSENT_ES),
    );
    [(notice, Task::Read), (consent, Task::Sign)]
}

/// Makes the packet, and sends it to the owner of this chart.
pub(super) fn seed(c: &mut Scoped<'_>, by: &By, chart: ChartId) -> Result<(), Fault> {
    let mut items = Vec::new();
    for (draft, task) in texts() {
        let saved = template_actions::save(c, by, None, &draft, AfterSave::Publish)?;
        items.push((saved.map_err(|why| Fault::other(format!("seeding a template: {why}")))?, task));
    }
    let draft =
        PacketDraft { name: "Papers for a first visit".into(), sign_days: 30, in_order: false, items };
    let template = templates::save(c, by, None, &draft)?
        .map_err(|why| Fault::other(format!("seeding a packet: {why}")))?;
    let new =
        NewPacket { chart, template, to: Recipient::Owner, answers: BTreeMap::new(), if_sent: IfSent::Again };
    sending::send(c, by, &new)?.map_err(|why| Fault::other(format!("seeding a packet: {why:?}")))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_can_be_published_and_ask_the_sender_nothing() {
        use crate::features::documents::merge::{Source, blanks, faults, parse};
        for (draft, _) in texts() {
            for text in &draft.texts {
                assert!(faults(draft.kind, &text.body).is_empty(), "{}", text.title);
                let pieces = parse(&text.body).unwrap();
                let given =
                    |source| matches!(source, Source::FaceSheet(_) | Source::Profile(_) | Source::Given);
                assert!(blanks(&pieces).iter().all(|blank| given(blank.source())), "{}", text.title);
            }
        }
    }
}

//! A packet that goes along with an invitation: chosen in its form, sent in its transaction to the same grant. It waits
//! there as shared documents, and the mail does not mention it.

use uuid::Uuid;

use crate::features::documents::actions::Recipient;
use crate::features::documents::packets::sending::{self, IfSent, NewPacket, NotSent};
use crate::features::documents::packets::templates;
use crate::kernel::ids::{ChartId, PacketTemplateId};
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::enclosures::{Enclosed, Enclosures, NotEnclosed};
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;

/// What an invitation's form offers.
pub const ENCLOSURES: Enclosures = Enclosures { needs: Permission::SendPackets, choices, check, enclose };

/// The packets that ask the sender nothing.
fn choices(c: &mut Scoped<'_>) -> Result<Vec<(Uuid, String)>, Fault> {
    let used = templates::without_questions(c)?;
    Ok(used.into_iter().map(|of| (of.packet_template_id.uuid(), of.name)).collect())
}

fn new_packet(of: &Enclosed) -> NewPacket {
    let (chart, template): (ChartId, _) = (of.chart, PacketTemplateId::from_uuid(of.what));
    // Who was invited before may have it already: then it waits for them as it is.
    NewPacket { chart, template, to: Recipient::Owner, answers: Default::default(), if_sent: IfSent::Leave }
}

fn check(c: &mut Scoped<'_>, by: &By, words: Words, of: &Enclosed) -> Result<Result<(), NotEnclosed>, Fault> {
    Ok(match sending::check_only(c, by, &new_packet(of))? {
        Ok(()) | Err(NotSent::Before(_)) => Ok(()),
        Err(NotSent::Missing(names)) => {
            let names: Vec<String> = names.iter().map(|name| name.label(words)).collect();
            Err(NotEnclosed::Lacks(words.with1("packets-enclosed-missing", "names", names.join(", "))))
        }
        Err(NotSent::NotUsed(_, name)) => {
            Err(NotEnclosed::Refused(words.with1("packets-not-used", "name", name)))
        }
        Err(NotSent::Labelled(_, name)) => {
            Err(NotEnclosed::Refused(words.with1("packets-labelled", "name", name)))
        }
        Err(NotSent::OneParentAlone) => Err(NotEnclosed::Refused(words.get("signing-both-must-sign"))),
        Err(NotSent::NotFound | NotSent::NoGrant | NotSent::Wrong(_)) => {
            Err(NotEnclosed::Refused(words.get("packets-gone")))
        }
    })
}

fn enclose(c: &mut Scoped<'_>, by: &By, of: &Enclosed) -> Result<(), Fault> {
    match sending::send(c, by, &new_packet(of))? {
        Ok(_) | Err(NotSent::Before(_)) => Ok(()),
        Err(_) => Err(Fault::other("a packet that was checked could not go along with an invitation")),
    }
}

//! The mails that follow from a change of somebody's information. They say no field and no value.

use crate::features::accounts::{self, Reader, level_now, mails::MailContext};
use crate::features::information::store::InfoChange;
use crate::features::practice;
use crate::kernel::ids::AccessId;
use crate::mail_kinds;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::mail::MailBody;
use crate::platform::outbox::{self, MailReader, Standing, Subject, SubjectKind};
use crate::platform::permissions::{Level, Right};
use crate::platform::state::App;

/// What such a mail is about: a grant whose holder may look at the client's information.
pub const INFORMATION_READER: SubjectKind = SubjectKind { word: "information_reader", standing };

mail_kinds! {
    /// The mails of this feature.
    pub enum InformationMail {
        /// The practice has looked at what a client changed.
        Decided = "information.decided",
        /// Somebody changed the phone numbers.
        Phones = "information.phones",
    }
}

/// Asked once more before the mail leaves.
fn standing(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    let may = level_now(c, &AccessId::from_uuid(id), Right::Information)? >= Level::View;
    Ok(if may { Standing::Wanted } else { Standing::Over })
}

/// "The practice has looked at what you changed": once a submission, when nothing of it waits any more.
pub(super) fn decided(app: &App, c: &mut Scoped<'_>, change: &InfoChange) -> Result<(), Fault> {
    let Some(reader) = accounts::reader_of(c, &change.chart_id, &change.account_id, Right::Information)?
    else {
        return Ok(());
    };
    let key = format!("information.decided/{}", change.change_id);
    queue(app, c, InformationMail::Decided, key, change, &reader, accounts::mails::changes_decided)
}

/// "Your phone numbers were changed", to the client's mailbox: who changed them may not be the client.
pub(super) fn phones_changed(app: &App, c: &mut Scoped<'_>, change: &InfoChange) -> Result<(), Fault> {
    let readers = accounts::readers_of(c, &change.chart_id, Right::Information)?;
    let Some(reader) = readers.into_iter().find(|reader| reader.person_id == change.person_id) else {
        return Ok(());
    };
    let key = format!("information.phones/{}", change.change_id);
    queue(app, c, InformationMail::Phones, key, change, &reader, accounts::mails::phones_changed)
}

fn queue(
    app: &App,
    c: &mut Scoped<'_>,
    kind: InformationMail,
    key: String,
    change: &InfoChange,
    reader: &Reader,
    letter: fn(&App, MailContext<'_>) -> MailBody,
) -> Result<(), Fault> {
    let practice = practice::load(c)?;
    let desk = MailContext { practice: &practice, words: reader.words, called: &reader.called };
    let letter = letter(app, desk);
    let mut mail =
        accounts::mails::mail(kind, key, MailReader::Grant(reader.access_id), reader.address.clone(), letter);
    mail.chart = Some(change.chart_id);
    mail.access = Some(reader.access_id);
    mail.subject = Some(Subject { kind: INFORMATION_READER.word, id: reader.access_id.uuid() });
    outbox::enqueue(app, c, mail)?;
    Ok(())
}

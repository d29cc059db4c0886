//! A few conversations, in each standing that a thread can have.

use jiff::Span;
use jiff::civil::Date;

use crate::demo::seed::people::{ANA, MARIA, ROSA};
use crate::demo::seed::records::staff_id;
use crate::demo::seed::story::Chart;
use crate::features::access::overviews_of_chart;
use crate::features::messages::actions::{
    Author, ClientParty, PracticeAct, PracticeReader, act_as_practice, begin_as_client, clinicians_of,
};
use crate::features::messages::away::{self, NewAway};
use crate::features::messages::readers::{Addressee, StaffReader};
use crate::features::messages::{MessageText, Subject};
use crate::features::{calendar, practice};
use crate::kernel::ids::ThreadId;
use crate::platform::audit::{Actor, By};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::permissions::Role;
use crate::platform::state::AppState;

/// Whom a conversation of the demo is with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    FrontDesk,
    Clinician,
    /// Nobody of the demo's billing has looked at it yet.
    Billing,
}

/// What the practice did with it.
#[derive(Clone, Copy)]
enum Then {
    Waits,
    Answered(&'static str),
    AnsweredAndClosed(&'static str),
}

struct Conversation {
    /// The address of whose chart it is.
    client: &'static str,
    with: With,
    subject: &'static str,
    text: &'static str,
    then: Then,
}

const CONVERSATIONS: &[Conversation] = &[
    Conversation {
        client: ANA,
        with: With::Clinician,
        subject: "The sleep diary",
        text: "I kept the diary for three nights. Should I bring the pages, or is it enough if I tell you?\n\nThe \
               second night was the best one in weeks.",
        then: Then::Answered(
            "Please bring the pages, we will look at them together. I am glad about that night.",
        ),
    },
    Conversation {
        client: ANA,
        with: With::FrontDesk,
        subject: "A receipt for my employer",
        text: "Could you send me a receipt for my last visit? My employer asks for one with the date on it.",
        then: Then::Waits,
    },
    Conversation {
        client: ANA,
        with: With::Billing,
        subject: "Two lines on my statement",
        text: "There are two lines for the same day on my last statement. Is one of them from my insurance?",
        then: Then::Waits,
    },
    Conversation {
        client: MARIA,
        with: With::FrontDesk,
        subject: "Cambio de teléfono",
        text: "Tengo un teléfono nuevo desde esta semana. ¿Se lo doy por aquí o en la próxima visita?",
        then: Then::AnsweredAndClosed("En la próxima visita está bien. Así lo comprobamos juntos."),
    },
    Conversation {
        client: ROSA,
        with: With::Clinician,
        subject: "School asks for a letter",
        text: "The school would like a short letter that says when he comes to you. Is that possible by Friday?",
        then: Then::Waits,
    },
];

/// Who writes and answers.
pub struct Talk<'a> {
    /// The practice.
    pub app: &'a AppState,
    /// The practice.
    pub scope: &'a PracticeScope,
    /// The clinician.
    pub clinician: By,
    /// The front desk.
    pub desk: By,
}

impl Talk<'_> {
    /// Writes every conversation whose client has registered: one transaction a conversation.
    pub async fn write(&self, charts: &[Chart]) -> Result<(), Fault> {
        for conversation in CONVERSATIONS {
            let is_theirs = |chart: &&Chart| {
                let sheet = &chart.made.sheet;
                let people = std::iter::once(&sheet.client).chain(sheet.contacts.iter().map(|c| &c.person));
                people.flat_map(|person| &person.emails).any(|address| address.value == conversation.client)
            };
            let Some(chart) = charts.iter().find(is_theirs) else { continue };
            let (id, account) = (chart.id, chart.account);
            let Some(account) = account else { continue };
            let (by, role) = match conversation.with {
                With::FrontDesk => (self.desk.clone(), Role::FrontDesk),
                With::Clinician => (self.clinician.clone(), Role::Clinician),
                With::Billing => (self.desk.clone(), Role::Biller),
            };
            self.app
                .db
                .write(self.scope, move |c| {
                    let grants = overviews_of_chart(c, &id)?;
                    let grant = grants.into_iter().find(|grant| grant.account_id == Some(account));
                    let Some((access, person)) = grant.and_then(|g| Some((g.access_id?, g.person_id))) else {
                        return Ok(());
                    };
                    let client = By { actor: Actor::Account(account), source: "198.51.100.7".into() };
                    let party = ClientParty { by: client, account, access, person, chart: id };
                    let Some(thread) = asked(c, &party, conversation)? else { return Ok(()) };
                    answered(c, &by, role, &thread, conversation.then)
                })
                .await?;
        }
        Ok(())
    }
}

/// The clinician reads no messages for a week, some weeks from now, and a colleague stands in.
pub async fn be_away(
    app: &AppState,
    scope: &PracticeScope,
    clinician: &By,
    today: Date,
) -> Result<(), Fault> {
    let (by, staff) = (clinician.clone(), staff_id(clinician)?);
    let (first, last) =
        (today.saturating_add(Span::new().days(21)), today.saturating_add(Span::new().days(27)));
    app.db
        .write(scope, move |c| {
            let practice = practice::load(c)?;
            let cover = calendar::clinicians(c)?.into_iter().map(|(id, _)| id).find(|id| *id != staff);
            let new = NewAway { staff, cover, first, last };
            away::set(c, &by, &by.actor.name(), &practice, &new)?
                .map(|_| ())
                .map_err(|why| Fault::other(format!("seeding an absence: {why:?}")))
        })
        .await
}

fn text(words: &str) -> Result<MessageText, Fault> {
    MessageText::read(words).map_err(|why| Fault::other(format!("seeding a message: {why:?}")))
}

/// The client's message; nothing where they have no clinician to write to.
fn asked(
    c: &mut Scoped<'_>,
    party: &ClientParty,
    conversation: &Conversation,
) -> Result<Option<ThreadId>, Fault> {
    let to = match conversation.with {
        With::FrontDesk => Addressee::FrontDesk,
        With::Billing => Addressee::Billing,
        With::Clinician => match clinicians_of(c, &party.chart)?.first() {
            Some((staff, _)) => Addressee::Clinician(*staff),
            None => return Ok(None),
        },
    };
    let subject = Subject::read(conversation.subject)
        .map_err(|why| Fault::other(format!("seeding a subject: {why:?}")))?;
    begin_as_client(c, party, to, subject, text(conversation.text)?.into())?
        .map(Some)
        .map_err(|why| Fault::other(format!("seeding a conversation: {why}")))
}

fn answered(c: &mut Scoped<'_>, by: &By, role: Role, thread: &ThreadId, then: Then) -> Result<(), Fault> {
    let Actor::Staff(staff, _) = &by.actor else { return Err(Fault::other("only staff answer")) };
    let reader = PracticeReader::Staff(StaffReader::alone(*staff, role));
    let author = Author::of_practice(by)?;
    let acts = match then {
        Then::Waits => Vec::new(),
        Then::Answered(words) => vec![PracticeAct::Write(text(words)?.into())],
        Then::AnsweredAndClosed(words) => vec![PracticeAct::Write(text(words)?.into()), PracticeAct::Close],
    };
    for act in acts {
        act_as_practice(c, &author, &reader, thread, i32::MAX, &act)?
            .map_err(|why| Fault::other(format!("seeding an answer: {why}")))?;
    }
    Ok(())
}

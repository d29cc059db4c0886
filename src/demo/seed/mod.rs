//! Fills a fresh demo through the same actions as real data, on a clock that is set back and moved
//! forward, so that old rows have old times.

mod availability;
mod conversations;
mod information;
mod packets;
mod people;
mod records;
mod story;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::demo::state::SignIn;
use crate::features::billing::online;
use crate::features::practice::{self, NewPractice, PlaceFields, PlaceKind, TypedProfile, register};
use crate::features::staff::{self, NewStaff};
use crate::kernel::clock::MovableClock;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::PracticeId;
use crate::kernel::secrets::Secret;
use crate::kernel::zone::Zone;
use crate::platform::audit::{Actor, By};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;
use crate::platform::mail::{Receiver, Relay, receiver};
use crate::platform::outbox;
use crate::platform::pay::{Mode, local};
use crate::platform::permissions::Role;
use crate::platform::state::AppState;
use crate::platform::stop;

/// Remembers how far the clock runs ahead, in seconds.
pub const CLOCK_FILE: &str = "demo-clock";
/// Remembers who can sign in; written last, so its presence means a complete seeding.
const PEOPLE_FILE: &str = "demo-people.json";

/// The practice's part of every address.
pub const SLUG: &str = "riverbend";

/// How far back the story begins, in days.
const DAYS: u32 = 60;
const DAY: u32 = 86_400;

/// The data folder of a demo, new or from an earlier run.
pub struct DemoFolder {
    people: Option<Vec<SignIn>>,
    ahead: u32,
}

impl DemoFolder {
    /// Reads what an earlier run left.
    pub fn read(folder: &Path) -> Self {
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        Self {
            people: text(PEOPLE_FILE).and_then(|text| serde_json::from_str(&text).ok()),
            ahead: text(CLOCK_FILE).and_then(|text| text.trim().parse().ok()).unwrap_or(0),
        }
    }

    /// The clock to go on with: where it was left, or at the story's beginning.
    pub fn clock(&self) -> MovableClock {
        if self.people.is_none() {
            return MovableClock::behind(DAYS * DAY);
        }
        let clock = MovableClock::default();
        clock.advance_seconds(self.ahead);
        clock
    }

    /// Who can sign in; seeds a new folder first.
    pub async fn people_or_seed(
        self,
        app: &AppState,
        clock: &Arc<MovableClock>,
        mailbox: &Receiver,
        folder: &Path,
    ) -> Result<Vec<SignIn>, Fault> {
        if let Some(people) = self.people {
            return Ok(people);
        }
        let people = seed(app, clock, mailbox).await?;
        write(folder.join(PEOPLE_FILE), &serde_json::to_string(&people).unwrap_or_default())?;
        Ok(people)
    }
}

/// Opens one of the demo's own files for writing, readable by its owner alone: they hold links and
/// passwords. A file that an earlier version left open to others is shut.
pub fn own_file(path: &Path, options: &mut OpenOptions) -> std::io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.create(true).open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Writes one of the demo's own small files.
pub fn write(path: PathBuf, text: &str) -> Result<(), Fault> {
    own_file(&path, OpenOptions::new().write(true).truncate(true))
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|e| Fault::Other(format!("cannot write {}", path.display()), Some(e.into())))
}

/// The staff of Riverbend Counseling: role, name, address, password.
const STAFF: &[(Role, &str, &str, &str)] = &[
    (Role::Administrator, "Morgan Ellis", "morgan.ellis@riverbend.example.org", "quiet-harbor-morning"),
    (Role::Clinician, "Dr. Priya Raman", "priya.raman@riverbend.example.org", "green-kettle-window"),
    (Role::Clinician, "Inés Ferreira", "ines.ferreira@riverbend.example.org", "silver-orchard-lamp"),
    (Role::Clinician, "Marcus Hale", "marcus.hale@riverbend.example.org", "northern-maple-stairs"),
    (Role::FrontDesk, "Sam Okafor", "sam.okafor@riverbend.example.org", "paper-lantern-street"),
    (Role::Biller, "Jordan Reyes", "jordan.reyes@riverbend.example.org", "copper-meadow-basket"),
];

/// How a role is called where the demo lists who can sign in.
fn role_name(role: Role) -> &'static str {
    match role {
        Role::Administrator => "Administrator",
        Role::Clinician => "Clinician",
        Role::FrontDesk => "Front desk",
        Role::Biller => "Biller",
    }
}

/// What the demo's mail server refuses: for good, and for now.
pub fn misbehave(mailbox: &Receiver) {
    let refuse = |part: &str, answer: &str| {
        mailbox.fault(receiver::Fault::RefuseRecipient(part.into(), answer.into()));
    };
    refuse(people::GONE, "550 5.1.1 no such user here");
    refuse(people::SLOW, "451 4.7.1 please try again later");
}

async fn seed(app: &AppState, clock: &Arc<MovableClock>, mailbox: &Receiver) -> Result<Vec<SignIn>, Fault> {
    let practice = NewPractice {
        slug: SLUG.into(),
        name: "Riverbend Counseling".into(),
        time_zone: crate::demo::zone::of_the_practice()?,
        language: Language::English,
        email: "hello@riverbend.example.org".into(),
        phone: "(212) 555-0100".into(),
    };
    let id = register::open(app, practice)
        .await?
        .map_err(|why| Fault::other(format!("seeding the practice: {why}")))?;
    let scope = PracticeScope::for_operator(id);
    let Team { mut people, desk, clinician, colleagues } = staff_of(app, &scope).await?;
    complete_profile(app, &scope).await?;

    // A worker of its own, that looks more often: the real one starts after the seeding.
    let (stopper, stop) = stop::signal();
    let relay = Relay::parse(&mailbox.url()).map_err(Fault::other)?;
    let pace = outbox::Pace { poll: Duration::from_millis(20), ..outbox::Pace::default() };
    let worker = tokio::spawn(outbox::run(app.clone(), relay, pace, stop));
    let mut teller = story::Teller::new(app, &scope, desk.clone(), mailbox, clock);
    let mut charts = teller.make(people::people(teller.today()?)).await?;
    teller.tell(&mut charts).await?;
    let talk = conversations::Talk { app, scope: &scope, clinician: clinician.clone(), desk: desk.clone() };
    let holder = records::staff_id(&clinician)?;
    let today = teller.today()?;
    availability::keep(app, &scope, &desk, holder, today).await?;
    let others = colleagues.iter().map(records::staff_id).collect::<Result<Vec<_>, Fault>>()?;
    availability::keep_of_colleagues(app, &scope, &desk, &others, today).await?;
    availability::meet_by_video(app, &scope, &desk, holder).await?;
    conversations::be_away(app, &scope, &clinician, today).await?;
    let changes = information::Changes { app, scope: &scope, desk: desk.clone() };
    let (owner, sees) = (By::operator(), clinician.clone());
    app.db.write(&scope, move |c| records::price_list(c, &owner, &sees, today)).await?;
    let front = desk.clone();
    let records = records::Desk { app, scope: &scope, clinician, desk, clock };
    records.fill(&charts).await?;
    records.visits_of_colleagues(&charts, &colleagues).await?;
    // Somebody without access: nobody gets a mail of it.
    let weekly = charts.iter().find(|chart| {
        chart.account.is_none() && chart.made.records == people::Records::Few && chart.made.story.is_empty()
    });
    if let Some(chart) = weekly {
        availability::come_every_week(app, &scope, &front, (holder, chart.id), today).await?;
    }
    talk.write(&charts).await?;
    changes.send(&charts).await?;
    stopper.stop();
    let _ = worker.await;

    for email in [people::ANA, people::ROSA, people::DANIEL, people::DENISE, people::VOGELS, people::MARIA] {
        let name = charts
            .iter()
            .flat_map(|chart| {
                let sheet = &chart.made.sheet;
                std::iter::once(&sheet.client).chain(sheet.contacts.iter().map(|contact| &contact.person))
            })
            .find(|person| person.emails.iter().any(|address| address.value == email))
            .map_or_else(String::new, |person| format!("{} {}", person.first_name, person.last_name));
        people.push(SignIn {
            role: "Client".into(),
            name,
            email: email.into(),
            password: story::CLIENT_PASSWORD.into(),
            path: format!("/{SLUG}/sign-in"),
        });
    }
    Ok(people)
}

/// Connects the practice with the demo's own payment provider, where it is not.
pub async fn connect_provider(app: &AppState) -> Result<PracticeId, Fault> {
    let found = app.db.system_read(|system| practice::find_by_slug(system, SLUG)).await?;
    let found = found.ok_or_else(|| Fault::other("the demo has no practice"))?;
    let scope = PracticeScope::for_operator(found.practice_id);
    let inside = app.clone();
    app.db
        .write(&scope, move |c| {
            if online::store::account(c)?.is_some() {
                return Ok(());
            }
            let secret = |text: &str| Secret::new(text.to_owned());
            let (key, hook) = (secret(local::KEY), secret(local::HOOK_SECRET));
            online::connect_with(&inside, c, &By::operator(), Mode::Test, &key, &hook, None)
        })
        .await?;
    Ok(found.practice_id)
}

/// What clients find behind "how to reach us", and what they often ask.
const QUESTIONS: &[(Language, &str, &str)] = &[
    (
        Language::English,
        "Who can see what I write here?",
        "What you write to the front desk is read by our front desk, clinicians and administrators. What you write to your clinician only they read, and whoever stands in while they are away.",
    ),
    (
        Language::English,
        "How do I change an appointment?",
        "Ask for a new time under Appointments, or call us. Please tell us 24 hours before.",
    ),
    (
        Language::Spanish,
        "¿Quién puede ver lo que escribo aquí?",
        "Lo que escribe a la recepción lo leen nuestra recepción, los terapeutas y los administradores. Lo que escribe a su terapeuta solo lo lee esa persona, y quien la reemplaza cuando no está.",
    ),
];

/// Gives the first office its address, and adds one in another zone.
fn complete_places(c: &mut Scoped<'_>) -> Result<(), Fault> {
    for place in practice::places(c)?.into_iter().filter(|place| place.kind == PlaceKind::Office) {
        let to = PlaceFields {
            kind: place.kind,
            name: "River office".into(),
            time_zone: place.time_zone,
            address: "1 Riverbend Lane\nSpringfield, NY 00501".into(),
            phone: String::new(),
            directions: "The green door beside the bakery; second floor, there is an elevator.".into(),
        };
        practice::save_place(c, place.place_id, &to, place.version)?;
    }
    let zone = Zone::read("America/Denver")
        .map_err(|e| Fault::Other("the demo's second office has no zone".into(), Some(e.into())))?;
    practice::insert_place(
        c,
        &PlaceFields {
            kind: PlaceKind::Office,
            name: records::SECOND_OFFICE.into(),
            time_zone: zone,
            address: "20 Aspen Road\nHighfield, CO 80000".into(),
            phone: "(212) 555-0120".into(),
            directions: String::new(),
        },
    )?;
    Ok(())
}

async fn complete_profile(app: &AppState, scope: &PracticeScope) -> Result<(), Fault> {
    let now = app.db.read(scope, practice::load).await?;
    let profile = TypedProfile {
        text_phone: "(212) 555-0199".into(),
        website: "https://riverbend.example.org".into(),
        postal_address: "1 Riverbend Lane\nSpringfield, NY 00501".into(),
        ..TypedProfile::of(&now)
    };
    practice::save_profile(app, scope, By::operator(), profile).await?;
    app.db
        .write(scope, |c| {
            for (language, question, answer) in QUESTIONS {
                practice::insert_question(c, *language, question, answer)?;
            }
            complete_places(c)
        })
        .await
}

/// Makes the staff; gives who can sign in, and the front desk and the clinician as those who act.
/// The staff, and who acts for them.
struct Team {
    people: Vec<SignIn>,
    desk: By,
    /// Who sends documents and sees most clients.
    clinician: By,
    colleagues: Vec<By>,
}

async fn staff_of(app: &AppState, scope: &PracticeScope) -> Result<Team, Fault> {
    let (mut people, mut desk, mut clinicians) = (Vec::new(), By::operator(), Vec::new());
    for (role, name, email, password) in STAFF {
        let email = EmailAddress::parse(email).map_err(|e| Fault::other(format!("{email}: {e}")))?;
        let new = NewStaff { email: email.clone(), name: (*name).into(), role: *role };
        let id = staff::add(app, scope, By::operator(), new)
            .await?
            .map_err(|why| Fault::other(format!("seeding {name}: {why}")))?;
        staff::set_password(app, scope, id.clone(), Secret::new((*password).into())).await?;
        let by = By { actor: Actor::Staff(id, (*name).into()), source: "127.0.0.1".into() };
        match role {
            Role::FrontDesk => desk = by,
            Role::Clinician => clinicians.push(by),
            _ => {}
        }
        people.push(SignIn {
            role: role_name(*role).into(),
            name: (*name).into(),
            email: email.as_str().into(),
            password: (*password).into(),
            path: format!("/{SLUG}/staff/sign-in"),
        });
    }
    let colleagues = clinicians.split_off(1.min(clinicians.len()));
    let clinician = clinicians.pop().ok_or_else(|| Fault::other("the demo has no clinician"))?;
    Ok(Team { people, desk, clinician, colleagues })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_the_demo_writes_down_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(PEOPLE_FILE);
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        write(path.clone(), "a longer text").unwrap();
        assert_eq!(mode(), 0o600);
        // One that an earlier version left open.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        write(path.clone(), "short").unwrap();
        assert_eq!(mode(), 0o600);
        own_file(&path, OpenOptions::new().append(true)).unwrap().write_all(b" and more").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "short and more");
    }
}

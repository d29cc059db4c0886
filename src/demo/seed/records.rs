//! The charts' content beside the portal: documents, appointments, requests, ledgers.

use jiff::civil::{Date, Time};

use crate::demo::seed::packets;
use crate::demo::seed::people::Records;
use crate::demo::seed::story::Chart;
use crate::features::appointments::actions::{
    Confirmation, Decline, NewRequest, Offer, ask, confirm, decline, offer,
};
use crate::features::appointments::booking::{self, Booking, Doubt, NotBooked, Slot};
use crate::features::appointments::{DayPart, NewAppointment, PlaceWish, VisitKind, Wish};
use crate::features::billing::actions::{NewRelief, record_payment, relieve};
use crate::features::billing::charges::{Details, NewService, Pays, Price, post_service};
use crate::features::billing::identity_store::Identity;
use crate::features::billing::insurance::{NewRemittance, add_coverage, record_remittance};
use crate::features::billing::insurance_store::{NewCoverage, RemittanceLine, coverages};
use crate::features::billing::invoice::{self, NewInvoice};
use crate::features::billing::responsibility_store::{self, NewShares};
use crate::features::billing::service_store::{ServiceFields, ServiceState, services};
use crate::features::billing::services::{add_service, set_identity};
use crate::features::billing::statement::{self, NewStatement};
use crate::features::billing::superbill::{self, NewSuperbill};
use crate::features::billing::{self, NewCharge, NewPayment, PaymentMethod};
use crate::features::calendar::{self, AppointmentType, Seats};
use crate::features::closing::actions::freeze;
use crate::features::documents::signing::actions::{self as signing, Candidate, NewSigner, NewSigning};
use crate::features::documents::template_actions::{self, AfterSave, Draft, DraftText};
use crate::features::documents::{
    self, DocumentKind, Look, NewContent, NewDocument, NewShare, NewUpload, ReaderGrant, Recipient, Telling,
};
use crate::features::ledger::Relief;
use crate::features::people;
use crate::features::practice::{Place, PlaceKind, places};
use crate::kernel::clock::{Clock, MovableClock, Timestamp};
use crate::kernel::ids::{AppointmentId, ChartId, InsuranceId, InsurerId, PayerId, PlaceId, StaffId};
use crate::kernel::money::{Currency, Money};
use crate::platform::audit::{Actor, By};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;
use crate::platform::state::AppState;

/// Titles, kinds, texts, and how many days ago they were sent.
const DOCUMENTS: &[(&str, DocumentKind, u32, &str)] = &[
    (
        "How we protect your information",
        DocumentKind::Notice,
        58,
        "This notice says how Riverbend Counseling keeps what you tell us.\n\nWhat you say in a session stays with \
         your clinician. We write down what your care needs, keep it locked, and show it to nobody else unless you \
         ask us to, or the law requires it.\n\nYou may ask to see your record, to correct it, and to know who has \
         looked at it. Ask anybody at the front desk, or write to hello@riverbend.example.org.",
    ),
    (
        "Fees and cancellations",
        DocumentKind::Agreement,
        57,
        "A first visit lasts 60 minutes and costs $180. A session lasts 50 minutes and costs $150. A check-in lasts \
         25 minutes and costs $80.\n\nIf you cannot come, please tell us 24 hours before. We charge half the fee \
         for a visit that is missed without a word. If money is tight, say so: we have lower fees for those who \
         need them.",
    ),
    (
        "Breathing when things get loud",
        DocumentKind::Handout,
        30,
        "Sit so that your back is held. Put one hand on your belly.\n\nBreathe in through the nose while you count \
         to four. Hold for two. Breathe out through the mouth while you count to six.\n\nDo this ten times. If you \
         lose count, begin again; nothing is lost.",
    ),
    (
        "Your next steps",
        DocumentKind::Letter,
        9,
        "Thank you for coming in. Here is what we agreed on.\n\n1. A short walk every day, whatever the weather.\n\
         2. The sleep diary, three nights a week.\n3. We meet again in two weeks.\n\nIf things get harder before \
         then, call us. Outside our hours, call or text 988.",
    ),
];

/// The same for those who read Spanish.
const DOCUMENTS_ES: &[(&str, DocumentKind, u32, &str)] = &[
    (
        "Cómo protegemos su información",
        DocumentKind::Notice,
        58,
        "Este aviso explica cómo Riverbend Counseling cuida lo que usted nos cuenta.\n\nLo que dice en una sesión \
         queda entre usted y su terapeuta. Anotamos lo que su atención necesita, lo guardamos bajo llave y no se lo \
         mostramos a nadie más, salvo que usted nos lo pida o la ley lo exija.\n\nPuede pedir ver su expediente, \
         corregirlo y saber quién lo ha consultado. Pregunte en la recepción o escriba a \
         hello@riverbend.example.org.",
    ),
    (
        "Tarifas y cancelaciones",
        DocumentKind::Agreement,
        57,
        "La primera visita dura 60 minutos y cuesta $180. Una sesión dura 50 minutos y cuesta $150. Una visita corta \
         dura 25 minutos y cuesta $80.\n\nSi no puede venir, avísenos 24 horas antes. Cobramos la mitad de la tarifa \
         cuando alguien falta sin avisar. Si el dinero no alcanza, díganoslo: tenemos tarifas más bajas para quien \
         las necesita.",
    ),
    (
        "Respirar cuando todo hace ruido",
        DocumentKind::Handout,
        30,
        "Siéntese con la espalda apoyada. Ponga una mano sobre el vientre.\n\nTome aire por la nariz mientras cuenta \
         hasta cuatro. Reténgalo contando hasta dos. Suéltelo por la boca contando hasta seis.\n\nHágalo diez veces. \
         Si pierde la cuenta, empiece de nuevo; no pasa nada.",
    ),
    (
        "Sus próximos pasos",
        DocumentKind::Letter,
        9,
        "Gracias por venir. Esto es lo que acordamos.\n\n1. Una caminata corta cada día, haga el tiempo que haga.\n\
         2. El diario de sueño, tres noches por semana.\n3. Nos vemos de nuevo en dos semanas.\n\nSi las cosas se \
         ponen más difíciles antes, llámenos. Fuera de nuestro horario, llame o envíe un mensaje de texto al 988.",
    ),
];

/// A file as the practice uploads it.
const PLAN: &[u8] = include_bytes!("plan.pdf");

const RULES: &str = "We meet once a week for fifty minutes.\n\n- Tell us a day before if you cannot come.\n- What you say stays between us, unless somebody is in danger.\n- Either of us may end this at any time.\n";

const PARKING: &str =
    "You can park behind the house.\n\n- The door by the garden has no steps.\n- After six, ring twice.";

/// A day that the practice is open, so many days from today (weekends become Mondays).
fn workday(today: Date, days: i32) -> Date {
    let mut date = today.checked_add(jiff::Span::new().days(days)).unwrap_or(today);
    while matches!(date.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday) {
        date = date.tomorrow().unwrap_or(today);
    }
    date
}

/// A wall clock of the practice on such a day.
fn at(today: Date, days: i32, hour: i8) -> Result<Timestamp, Fault> {
    let date = workday(today, days);
    let time = Time::new(hour, 0, 0, 0).unwrap_or(Time::midnight());
    crate::demo::zone::of_the_practice()?
        .rules()
        .to_ambiguous_zoned_datetime(date.to_datetime(time))
        .compatible()
        .map(|zoned| zoned.timestamp().into())
        .map_err(|e| Fault::Other("no such hour".into(), Some(e.into())))
}

/// Who writes what.
pub struct Desk<'a> {
    /// The practice.
    pub app: &'a AppState,
    /// The practice.
    pub scope: &'a PracticeScope,
    /// The clinician, who sends documents and holds appointments.
    pub clinician: By,
    /// The front desk, which answers requests.
    pub desk: By,
    /// The clock, which shows the present by now.
    pub clock: &'a MovableClock,
}

impl Desk<'_> {
    fn today(&self) -> Result<Date, Fault> {
        Ok(self.clock.now().in_zone(crate::demo::zone::of_the_practice()?.rules()).date())
    }

    /// Fills every chart as its story says: one transaction a chart.
    pub async fn fill(&self, charts: &[Chart]) -> Result<(), Fault> {
        let rooms = self.rooms().await?;
        // A client whose parent pays a half, where the account is short.
        let shared = charts
            .iter()
            .find(|chart| chart.made.records == Records::Few && !chart.made.sheet.contacts.is_empty());
        if let Some(chart) = shared {
            let (id, by, today) = (chart.id, self.desk.clone(), self.today()?);
            self.app.db.write(self.scope, move |c| share(c, &by, id, today)).await?;
        }
        for (i, chart) in charts.iter().enumerate() {
            let (id, records) = (chart.id.clone(), chart.made.records);
            let (by, today) = (self.clinician.clone(), self.today()?);
            if records == Records::None {
                continue;
            }
            let number = i32::try_from(i).unwrap_or(0);
            let spanish = chart.made.sheet.client.language == "es";
            self.app
                .db
                .write(self.scope, move |c| fill_one(c, &by, &id, &rooms, records, spanish, today, number))
                .await?;
        }
        self.papers(charts).await?;
        if let Some(chart) = charts.iter().rev().find(|chart| chart.made.records == Records::Few) {
            let reason = "The account is talked about first".to_owned();
            freeze(self.app, self.scope, self.desk.clone(), chart.id, reason)
                .await?
                .map_err(|_| Fault::other("seeding a frozen chart"))?;
        }
        self.documents(charts).await?;
        self.several(charts, &rooms).await?;
        self.requests(charts, &rooms).await
    }

    /// Visits of the coming days with the others who see clients: one in this office, the next in the other one, in turn.
    pub async fn visits_of_colleagues(&self, charts: &[Chart], colleagues: &[By]) -> Result<(), Fault> {
        let (rooms, today) = (self.rooms().await?, self.today()?);
        let open = charts.iter().filter(|chart| chart.made.records != Records::None);
        let ids: Vec<ChartId> = open.map(|chart| chart.id).collect();
        for (colleague, place) in
            colleagues.iter().zip([rooms.office, rooms.second_office].into_iter().cycle())
        {
            let (by, staff, ids) = (self.desk.clone(), staff_id(colleague)?, ids.clone());
            let booked = move |c: &mut Scoped<'_>| {
                let mut clients = ids.iter().cycle();
                for (day, hour) in (1..6).flat_map(|day| [10, 13, 15].map(|hour| (day, hour))) {
                    let starts_at = at(today, day, hour)?;
                    // Whoever has something else at that hour comes at another one.
                    for chart in clients.by_ref().take(ids.len()) {
                        let visit = NewAppointment {
                            chart: *chart,
                            with: Vec::new(),
                            seats: Seats::ONE,
                            request: None,
                            starts_at,
                            minutes: 50,
                            kind: VisitKind::Session,
                            place,
                            staff,
                        };
                        if booking::record(c, &by, &visit)?.is_ok() {
                            break;
                        }
                    }
                }
                Ok(())
            };
            self.app.db.write(self.scope, booked).await?;
        }
        Ok(())
    }

    /// A group of five and a couple in the coming days, as staff book them.
    async fn several(&self, charts: &[Chart], rooms: &Rooms) -> Result<(), Fault> {
        let open: Vec<&Chart> = charts.iter().filter(|chart| chart.made.records != Records::None).collect();
        // Those who can sign in come first: they see one of each.
        let (known, others): (Vec<&Chart>, Vec<&Chart>) = open.into_iter().partition(|c| c.account.is_some());
        let ids: Vec<ChartId> = known.iter().chain(&others).map(|chart| chart.id).collect();
        let (couple, group) =
            ids.split_at_checked(2).ok_or_else(|| Fault::other("the demo lacks clients"))?;
        let types = self.app.db.read(self.scope, calendar::types).await?;
        for (name, charts) in [(COUPLE, couple), (GROUP, group.get(..5).unwrap_or(group))] {
            let of = types.iter().find(|of| of.name == name);
            let of = of.ok_or_else(|| Fault::other("the demo lacks a type of appointment"))?;
            self.book_together(of, charts, rooms).await?;
        }
        Ok(())
    }

    /// Books these together, at the next hour at which all of them are free.
    async fn book_together(
        &self,
        of: &AppointmentType,
        charts: &[ChartId],
        rooms: &Rooms,
    ) -> Result<(), Fault> {
        let Some((first, with)) = charts.split_first() else { return Ok(()) };
        let today = self.today()?;
        for (day, hour) in (2..9).flat_map(|day| [17, 12, 8, 18].map(|hour| (day, hour))) {
            let slot = Slot {
                starts_at: at(today, day, hour)?,
                minutes: of.minutes,
                place: rooms.office,
                staff: staff_id(&self.clinician)?,
            };
            let booking = Booking {
                chart: *first,
                with: with.to_vec(),
                seats: of.seats(),
                request: None,
                kind: of.kind,
                slot,
                despite: Doubt::ALL.to_vec(),
            };
            let (app, by) = (self.app.clone(), self.desk.clone());
            let booked = self.app.db.write(self.scope, move |c| booking::book_in(&app, c, &by, &booking));
            match booked.await? {
                Ok(_) => return Ok(()),
                Err(NotBooked::Taken(_)) => {}
                Err(why) => return Err(Fault::other(format!("seeding an appointment of several: {why}"))),
            }
        }
        Err(Fault::other("the demo's clients have no free hour together"))
    }

    /// A statement, an invoice and, where no insurer pays, a superbill, for clients who can sign in.
    async fn papers(&self, charts: &[Chart]) -> Result<(), Fault> {
        let today = self.today()?;
        let since = today.first_of_month().saturating_sub(jiff::Span::new().months(2));
        let theirs = |chart: &&Chart| chart.account.is_some() && chart.made.records == Records::Many;
        for chart in charts.iter().filter(theirs).take(3) {
            let (app, by, id) = (self.app.clone(), self.desk.clone(), chart.id);
            let make = move |c: &mut Scoped<'_>| {
                let refused = |why: &dyn std::fmt::Debug| Fault::other(format!("seeding a paper: {why:?}"));
                let new = NewStatement { chart: id, since, party: None };
                statement::make(&app, c, &by, new)?.map_err(|why| refused(&why))?;
                let party = payers_on(c, id, today)?;
                let due_on = today.saturating_add(jiff::Span::new().days(14));
                let new = NewInvoice { chart: id, party, charges: Vec::new(), due_on };
                // Nothing may be open.
                if let Err(why) = invoice::issue(&app, c, &by, &new)?
                    && !matches!(why, billing::actions::Refused::TooMuch(_))
                {
                    return Err(refused(&why));
                }
                let new = NewSuperbill { chart: id, party: None, from: since, until: today };
                match superbill::make(&app, c, &by, &new)? {
                    Ok(_) | Err(superbill::NotMade::Nothing) => Ok(()),
                    Err(why) => Err(refused(&why)),
                }
            };
            self.app.db.write(self.scope, make).await?;
        }
        Ok(())
    }

    /// The practice's places.
    async fn rooms(&self) -> Result<Rooms, Fault> {
        let all = self.app.db.read(self.scope, places).await?;
        let of = |wanted: &dyn Fn(&Place) -> bool| {
            let found = all.iter().find(|place| wanted(place)).map(|place| place.place_id);
            found.ok_or_else(|| Fault::other("the demo's practice lacks a place"))
        };
        Ok(Rooms {
            office: of(&|place| place.kind == PlaceKind::Office && place.name != SECOND_OFFICE)?,
            video: of(&|place| place.kind == PlaceKind::Video)?,
            second_office: of(&|place| place.name == SECOND_OFFICE)?,
        })
    }

    /// One document in each state for the first client who can sign in: a PDF that waits, a text that was read, a draft,
    /// one that was withdrawn, and one that waits for two signatures.
    async fn documents(&self, charts: &[Chart]) -> Result<(), Fault> {
        let Some((chart, account)) = charts.iter().find_map(|c| Some((c.id, c.account?))) else {
            return Ok(());
        };
        let seeding = |why: documents::Refused| Fault::other(format!("seeding a document: {why}"));
        let Actor::Staff(clinician, _) = self.clinician.actor else {
            return Err(Fault::other("the demo's clinician is no staff member"));
        };
        let new = NewUpload { chart, name: "treatment-plan.pdf".into(), said: None };
        let mut incoming = documents::receive(self.app, self.scope, self.clinician.clone(), new);
        incoming.add(PLAN.into()).await;
        let taken = incoming
            .finish()
            .await?
            .ok_or_else(|| Fault::other("seeding a file for a chart that is not there"))?
            .map_err(|why| Fault::other(format!("seeding a file: {}", why.word())))?;
        let (by, client) =
            (self.clinician.clone(), By { actor: Actor::Account(account), source: "198.51.100.7".into() });
        self.app
            .db
            .write(self.scope, move |c| {
                let mut make = |title: &str, kind, content| {
                    let new = NewDocument {
                        chart,
                        title: title.into(),
                        kind,
                        label: None,
                        content,
                        written_at: None,
                    };
                    documents::create(c, &by, &new)?.map_err(seeding)
                };
                let text = |text: &str| NewContent::Text(text.into());
                let plan = make("Your treatment plan", DocumentKind::Plan, NewContent::File(taken.upload))?;
                let read = make("Parking and doors", DocumentKind::Notice, text(PARKING))?;
                let old =
                    make("Fees until last year", DocumentKind::Agreement, text("A session costs $140."))?;
                make("Letter to your doctor", DocumentKind::Letter, text("Dear colleague,"))?;
                let rules = make("Rules of our work together", DocumentKind::Agreement, text(RULES))?;
                for id in [&plan, &read, &old] {
                    let share =
                        NewShare { with: vec![Recipient::Owner], telling: Telling::Silent, since: None };
                    documents::share(c, &by, id, &share)?.map_err(seeding)?;
                }
                documents::withdraw(c, &by, &old, "The fees have changed.")?.map_err(seeding)?;
                let Some(access) = documents::shares_of(c, &read)?.first().map(|of| of.share.access_id)
                else {
                    return Err(Fault::other("seeding a document that is shared with nobody"));
                };
                let reader = ReaderGrant { account, access, chart };
                documents::open(c, &client, &reader, &read, Look::Open)?.map_err(seeding)?;
                for draft in templates() {
                    template_actions::save(c, &by, None, &draft, AfterSave::Publish)?
                        .map_err(|why| Fault::other(format!("seeding a template: {why}")))?;
                }
                packets::seed(c, &by, chart)?;
                // One that waits for two signatures: the client's, then the clinician's.
                let signers = vec![
                    NewSigner { who: Candidate::Grant(Recipient::Owner), position: 1 },
                    NewSigner { who: Candidate::Staff(clinician), position: 2 },
                ];
                let asked = signing::ask(c, &by, &rules, &NewSigning { signers, days: 30 })?;
                asked.map_err(|why| Fault::other(format!("seeding a request to sign: {why}")))?;
                Ok(())
            })
            .await
    }

    /// A few requests: three that wait, one confirmed, one declined.
    async fn requests(&self, charts: &[Chart], rooms: &Rooms) -> Result<(), Fault> {
        let with_account: Vec<&Chart> = charts.iter().filter(|c| c.account.is_some()).collect();
        let today = self.today()?;
        let notes = [
            "Mornings are easier for me this month.",
            "Could we do this one by video? The car is at the shop.",
            "Anything after school works for us.",
            "",
            "A short one would do.",
        ];
        for (n, (chart, note)) in with_account.iter().zip(notes).enumerate() {
            let Some(account) = chart.account.clone() else { continue };
            let by = By { actor: Actor::Account(account.clone()), source: "198.51.100.7".into() };
            let n = i32::try_from(n).unwrap_or(0);
            // Two different days, also where both would fall on one weekend.
            let first = workday(today, 5 + n);
            let second = workday(first, 2);
            let request = NewRequest {
                chart: chart.id.clone(),
                account,
                kind: if n == 4 { VisitKind::CheckIn } else { VisitKind::Session },
                of_type: None,
                times: Vec::new(),
                place: if n == 1 { PlaceWish::Video } else { PlaceWish::Either },
                wishes: vec![
                    Wish { date: first, part: DayPart::Morning },
                    Wish { date: second, part: DayPart::Afternoon },
                ],
                note: note.into(),
            };
            let id = self
                .app
                .db
                .write(self.scope, move |c| ask(c, &by, &request))
                .await?
                .map_err(|why| Fault::other(format!("seeding a request: {why}")))?;
            if n == 2 {
                // One that waits for its client: two other times are offered.
                let slot = |days: i32, hour: i8| -> Result<Slot, Fault> {
                    Ok(Slot {
                        starts_at: at(today, days, hour)?,
                        minutes: 50,
                        place: rooms.office,
                        staff: staff_id(&self.clinician)?,
                    })
                };
                let times = vec![slot(9, 18)?, slot(10, 18)?];
                let message = "We are full in the mornings. Would one of these suit you?".to_owned();
                offer(self.app, self.scope, self.desk.clone(), id, Offer { times, message })
                    .await?
                    .map_err(|why| Fault::other(format!("seeding an offer: {why}")))?;
            } else if n == 3 {
                let with = Confirmation {
                    slot: Slot {
                        starts_at: at(today, 8, 18)?,
                        minutes: 50,
                        place: rooms.office,
                        staff: staff_id(&self.clinician)?,
                    },
                    answer: String::new(),
                    despite: Doubt::ALL.to_vec(),
                };
                confirm(self.app, self.scope, self.desk.clone(), id, with)
                    .await?
                    .map_err(|why| Fault::other(format!("seeding a confirmed request: {why}")))?;
            } else if n == 4 {
                let answer = "That day is full, sorry. Would the week after suit you?".to_owned();
                let no = Decline { answer, alternatives: Vec::new() };
                decline(self.app, self.scope, self.desk.clone(), id, no)
                    .await?
                    .map_err(|why| Fault::other(format!("seeding a declined request: {why}")))?;
            }
        }
        Ok(())
    }
}

/// The practice's second office, in another zone.
pub const SECOND_OFFICE: &str = "Mountain office";
/// The type to which a couple comes.
pub const COUPLE: &str = "Visit for two";
/// The type to which a group comes.
pub const GROUP: &str = "Group";

/// Where clients are seen.
#[derive(Clone, Copy)]
struct Rooms {
    office: PlaceId,
    video: PlaceId,
    /// In another zone.
    second_office: PlaceId,
}

/// The staff member who acts.
pub fn staff_id(by: &By) -> Result<StaffId, Fault> {
    match &by.actor {
        Actor::Staff(id, _) => Ok(*id),
        _ => Err(Fault::other("only a staff member holds appointments")),
    }
}

#[allow(clippy::too_many_arguments, reason = "what a chart's story says of its records")]
fn fill_one(
    c: &mut Scoped<'_>,
    by: &By,
    chart: &ChartId,
    rooms: &Rooms,
    records: Records,
    spanish: bool,
    today: Date,
    number: i32,
) -> Result<(), Fault> {
    let now = c.now();
    let documents = if spanish { DOCUMENTS_ES } else { DOCUMENTS };
    let some = if records == Records::Many { documents.len() } else { 2 };
    for (title, kind, days, body) in documents.iter().take(some) {
        let at = Some(now.plus_hours(-24 * i64::from(*days)));
        let new = NewDocument {
            chart: chart.clone(),
            title: (*title).into(),
            kind: *kind,
            label: None,
            content: NewContent::Text((*body).into()),
            written_at: at,
        };
        let seeding = |why| Fault::other(format!("seeding a document: {why}"));
        let id = documents::create(c, by, &new)?.map_err(seeding)?;
        let share = NewShare { with: vec![Recipient::Owner], telling: Telling::Silent, since: at };
        documents::share(c, by, &id, &share)?.map_err(seeding)?;
    }
    let visits = if records == Records::Many { 7 } else { 1 };
    let hour = i8::try_from(9 + number % 7).unwrap_or(9);
    let clinician = staff_id(by)?;
    // The present visit is the next one; those before it lie two weeks apart.
    let mut billed = Vec::new();
    for n in 0..=visits {
        let first = n == visits;
        let (visit, starts_at) =
            book_free(c, by, today, 3 + number % 5 - 14 * n, hour, |starts_at| NewAppointment {
                chart: *chart,
                with: Vec::new(),
                seats: Seats::ONE,
                request: None,
                starts_at,
                minutes: if first { 60 } else { 50 },
                kind: if first { VisitKind::FirstVisit } else { VisitKind::Session },
                place: match n % 5 {
                    1 | 3 => rooms.video,
                    4 => rooms.second_office,
                    _ => rooms.office,
                },
                staff: clinician,
            })?;
        if n > 0 {
            let day = starts_at.in_zone(crate::demo::zone::of_the_practice()?.rules()).date();
            billed.push((visit, day, first, n));
        }
    }
    // The books are written in the order of the visits.
    for (visit, day, first, n) in billed.into_iter().rev() {
        bill(c, by, (*chart, visit), spanish, (day, today), first, (n, number))?;
    }
    Ok(())
}

/// Ten hours a day from this one on, of eight working days.
fn hours_from(first: Date, hour: i8) -> impl Iterator<Item = (Date, i8)> {
    let next = |day: &Date| Some(workday(*day, 1));
    std::iter::successors(Some(first), next)
        .take(8)
        .flat_map(move |day| (0..10).map(move |later| (day, 8 + (hour - 8 + later) % 10)))
}

/// Books at this hour, or at the next one that is free for clinician and client; says when that is.
fn book_free(
    c: &mut Scoped<'_>,
    by: &By,
    today: Date,
    days: i32,
    hour: i8,
    visit: impl Fn(Timestamp) -> NewAppointment,
) -> Result<(AppointmentId, Timestamp), Fault> {
    for (day, hour) in hours_from(workday(today, days), hour) {
        let starts_at = at(day, 0, hour)?;
        if let Ok(id) = booking::record(c, by, &visit(starts_at))? {
            return Ok((id, starts_at));
        }
    }
    Err(Fault::other("the demo's clinician has no free hour"))
}

/// What the practice does: code, words in both languages, price.
const SERVICES: &[(&str, &str, &str, i64)] = &[
    ("90791", "First visit", "Primera visita", 18_000),
    ("90834", "Session, 50 minutes", "Sesión de 50 minutos", 15_000),
    ("90832", "Check-in, 25 minutes", "Visita corta de 25 minutos", 8_000),
];

/// Writes down what the practice does and costs, and by which numbers insurers know it.
pub fn price_list(c: &mut Scoped<'_>, by: &By, clinician: &By, today: Date) -> Result<(), Fault> {
    let from = today.saturating_sub(jiff::Span::new().years(1)).first_of_year();
    for (code, label, label_es, price) in SERVICES {
        let new = ServiceFields {
            code: (*code).into(),
            label: (*label).into(),
            label_es: (*label_es).into(),
            units: 1,
            modifiers: String::new(),
            state: ServiceState::Active,
        };
        add_service(c, by, &new, (Money::new(*price, Currency::USD), from))?;
    }
    // Numbers that can be right and belong to nobody.
    let npi = "1234567893".to_owned();
    let own = Identity { npi: npi.clone(), tax_id: "12-3456789".into(), ..Identity::default() };
    set_identity(c, by, StaffId::NIL, &own)?;
    let license = Identity {
        npi,
        credentials: "LCSW".into(),
        license: "NY 012345".into(),
        taxonomy: "1041C0700X".into(),
        ..Identity::default()
    };
    set_identity(c, by, staff_id(clinician)?, &license)
}

/// With whom a client is insured, written down with the first charge.
fn insured(
    c: &mut Scoped<'_>,
    by: &By,
    chart: ChartId,
    day: Date,
) -> Result<Option<(InsuranceId, InsurerId)>, Fault> {
    if let Some(known) = coverages(c, chart)?.into_iter().find(|one| one.holds_on(day)) {
        return Ok(Some((known.insurance_id, known.insurer.insurer_id)));
    }
    let new = NewCoverage {
        chart,
        insurer: "Harbor Health Plan".into(),
        payer_code: "HARB1".into(),
        member_number: format!("HHP-{}", &chart.uuid().simple().to_string()[24..]),
        group_number: "G-100".into(),
        subscriber: String::new(),
        from: day.first_of_year(),
        until: None,
    };
    let refused = |why| Fault::other(format!("seeding an insurance: {why}"));
    let made = add_coverage(c, by, &new)?.map_err(refused)?;
    let insurer = coverages(c, chart)?.into_iter().find(|one| one.insurance_id == made);
    Ok(insurer.map(|one| (made, one.insurer.insurer_id)))
}

/// The client of a chart and their first contact pay a half each.
fn share(c: &mut Scoped<'_>, by: &By, chart: ChartId, today: Date) -> Result<(), Fault> {
    let Some(file) = people::load_file(c, &chart)? else { return Ok(()) };
    let Some(contact) = file.contacts.first() else { return Ok(()) };
    let from = today.saturating_sub(jiff::Span::new().years(1)).first_of_year();
    let shares = vec![(file.client.person_id, 5_000), (contact.person.person_id, 5_000)];
    let new = NewShares { chart, from, shares, reason: "Agreed with the family".into() };
    responsibility_store::set(c, by, &new)?.map_err(|why| Fault::other(format!("seeding a share: {why}")))
}

/// Who pays a chart first.
fn payers_on(c: &mut Scoped<'_>, chart: ChartId, day: Date) -> Result<PayerId, Fault> {
    let party = responsibility_store::first_payer_of(c, chart, day)?;
    party.ok_or_else(|| Fault::other("a chart of the demo has no payer"))
}

/// A visit's charge, what the insurer paid, mostly what the client paid, and once a lower fee.
fn bill(
    c: &mut Scoped<'_>,
    by: &By,
    (chart, visit): (ChartId, AppointmentId),
    spanish: bool,
    (day, today): (Date, Date),
    first: bool,
    (n, number): (i32, i32),
) -> Result<(), Fault> {
    let in_language =
        |english: &'static str, in_spanish: &'static str| if spanish { in_spanish } else { english };
    let refused = |why| Fault::other(format!("seeding an account: {why}"));
    let usd = |minor| Money::new(minor, Currency::USD);
    let (code, fee) = if first { ("90791", 18_000) } else { ("90834", 15_000) };
    let later = |days: i32| day.checked_add(jiff::Span::new().days(days)).unwrap_or(day).min(today);
    // In the client's own words and at the list's price.
    let new = NewCharge { chart, on: day, description: String::new(), amount: usd(0) };
    let service = services(c)?.into_iter().find(|service| service.code == code);
    // Every other client has an insurer that pays three fifths; what it does not, is the client's. It has not answered
    // about the newest visit of some.
    let insurer = if number % 2 == 0 { insured(c, by, chart, day)? } else { None };
    let pays = insurer.map_or(Pays::SelfPay, |(coverage, _)| Pays::Insurer(coverage, 0));
    let details = Details {
        service: service.map(|service| service.service_id),
        staff: Some(staff_id(by)?),
        appointment: Some(visit),
        pays,
        place: "11".into(),
        diagnoses: "F41.1".into(),
        ..Details::default()
    };
    let new = NewService { charge: new, price: Price::Listed, details };
    let charge = post_service(c, by, &new)?.map_err(refused)?.charge_id;
    if n == 1 && number % 4 == 2 {
        return Ok(());
    }
    if let Some((_, insurer)) = insurer {
        let (paid, lowered) = (fee * 3 / 5, fee / 10);
        let client = fee - paid - lowered;
        let check = NewRemittance {
            insurer,
            reference: format!("EFT {}", 700_000 + number * 100 + n),
            paid_on: later(9),
            total: usd(paid),
            lines: vec![RemittanceLine { charge, paid, contractual: lowered, client }],
        };
        record_remittance(c, by, &check)?.map_err(|why| refused(why.why))?;
        if n == 1 {
            return Ok(());
        }
        let own = NewPayment {
            chart,
            received_on: later(12),
            method: PaymentMethod::Terminal,
            reference: String::new(),
            amount: usd(client),
            pays: Some(charge),
            payer: None,
        };
        record_payment(c, by, &own)?.map_err(refused)?;
        return Ok(());
    }
    if n == 3 {
        let reason = in_language("Asked for help with the fee", "Pidió ayuda con la tarifa").to_owned();
        let amount = usd(1_000);
        let off = NewRelief { chart, charge, relief: Relief::Discount, amount, reason };
        relieve(c, by, &off)?.map_err(refused)?;
    }
    if n > 1 {
        let pay = |days, method, reference: &str, minor| NewPayment {
            chart,
            received_on: later(days),
            method,
            reference: reference.to_owned(),
            amount: usd(minor),
            pays: Some(charge),
            payer: None,
        };
        let rest = fee - if n == 3 { 1_000 } else { 0 };
        record_payment(c, by, &pay(12, PaymentMethod::Terminal, "", rest))?.map_err(refused)?;
    }
    Ok(())
}

/// Two templates: one that asks for a fee, and one for the release of information.
fn templates() -> [Draft; 2] {
    let text =
        |language, title: &str, body: &str| DraftText { language, title: title.into(), body: body.into() };
    [
        Draft {
            name: "Fee agreement".into(),
            kind: DocumentKind::Agreement,
            label: None,
            texts: vec![
                text(Language::English, "Fee agreement", FEES_TEMPLATE),
                text(Language::Spanish, "Acuerdo de tarifas", FEES_TEMPLATE_ES),
            ],
        },
        Draft {
            name: "Release of information".into(),
            kind: DocumentKind::Authorization,
            label: None,
            texts: vec![text(Language::English, "Release of information", RELEASE_TEMPLATE)],
        },
    ]
}

const FEES_TEMPLATE: &str = "{{practice_name}} and {{client_name}} agree on this from {{today}} on.\n\n\
    - A session costs {{ask:Fee per session}}.\n\
    - Your clinician is {{clinician_name}}.\n\
    - Call {{practice_phone}} a day ahead if you cannot come.";
const FEES_TEMPLATE_ES: &str = "{{practice_name}} y {{client_name}} acuerdan esto desde el {{today}}.\n\n\
    - Una sesión cuesta {{ask:Tarifa por sesión}}.\n\
    - Su profesional es {{clinician_name}}.\n\
    - Llame al {{practice_phone}} un día antes si no puede venir.";
const RELEASE_TEMPLATE: &str = "I, {{client_name}}, authorize {{authorization_discloser}} to disclose to \
    {{authorization_recipient}}:\n\n{{authorization_information}}\n\n\
    ## What for\n{{authorization_purpose}}\n\n\
    ## Until when\nThis counts until {{authorization_expiry}}.\n\n\
    ## Your rights\n{{right_to_revoke}}\n\n{{no_condition}}\n\n{{redisclosure}}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_comes_on_a_day_that_the_practice_is_open() {
        let mut today = jiff::civil::date(2026, 11, 20);
        for _ in 0..14 {
            for days in 0..10 {
                let day = workday(today, days);
                assert!(day.weekday().to_monday_zero_offset() < 5, "{day}");
                assert!(workday(day, 2) > day);
            }
            today = today.tomorrow().unwrap();
        }
    }

    #[test]
    fn the_templates_can_be_published() {
        for draft in templates() {
            for text in &draft.texts {
                let faults = crate::features::documents::merge::faults(draft.kind, &text.body);
                assert!(faults.is_empty(), "{}: {faults:?}", draft.name);
            }
        }
    }

    #[test]
    fn both_languages_have_the_same_documents() {
        let shape = |all: &[(&str, DocumentKind, u32, &str)]| -> Vec<(DocumentKind, u32)> {
            all.iter().map(|(_, kind, days, _)| (*kind, *days)).collect()
        };
        assert_eq!(shape(DOCUMENTS), shape(DOCUMENTS_ES));
    }
}

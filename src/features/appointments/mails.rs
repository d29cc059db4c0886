//! The mails about an appointment: that it was booked, moved or canceled, with day, time, zone, and the address
//! where the client has to come. No kind of visit, no clinician, nobody else, no reason (EML-01).

use crate::features::accounts::mails::MailContext;
use crate::features::accounts::{self, Reader, level_now};
use crate::features::appointments::lifecycle::AppointmentState;
use crate::features::appointments::request_store::Request;
use crate::features::appointments::store::{self, Appointment, Party};
use crate::features::practice::{self, PlaceKind, Practice};
use crate::features::staff::{self, StaffState};
use crate::kernel::ids::{AccessId, AppointmentId, RequestId};
use crate::mail_kinds;
use crate::platform::audit::{Actor, By};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::mail::MailBody;
use crate::platform::outbox::{self, MailReader, NewMail, Standing, Subject, SubjectKind};
use crate::platform::permissions::{Level, Right};
use crate::platform::state::App;

/// What a mail about an appointment is about. It is wanted while the appointment lies ahead. A change cancels what has
/// not left about the time before.
pub const NOTICE: SubjectKind = SubjectKind { word: "appointment", standing };

mail_kinds! {
    /// The mails of this feature.
    pub enum AppointmentMail {
        /// To whoever asked for one: there is an answer.
        Answered = "appointments.answered",
        /// To staff: a request has waited longer than its client was told.
        RequestLate = "appointments.request_late",
        /// It is booked.
        Booked = "appointments.booked",
        /// It has another time.
        Moved = "appointments.moved",
        /// It is off.
        Canceled = "appointments.canceled",
        /// To the clinician: it is off.
        CanceledStaff = "appointments.canceled_staff",
        /// It is near.
        Reminder = "appointments.reminder",
    }
}

fn standing(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    let appointment = store::find(c, AppointmentId::from_uuid(id))?;
    let lies_ahead = appointment.is_some_and(|appointment| appointment.starts_at > c.now());
    Ok(if lies_ahead { Standing::Wanted } else { Standing::Over })
}

/// May whoever holds this grant still read of appointments? Asked once more before a mail leaves.
pub fn may_read(c: &mut Scoped<'_>, kind: &str, access: &AccessId) -> Result<bool, Fault> {
    Ok(kind != NOTICE.word || level_now(c, access, Right::Appointments)? >= Level::View)
}

/// What there is to tell.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// There is an appointment.
    Booked {
        /// It answers this request, whose asker is told so.
        answers: Option<RequestId>,
        /// So are these, of the same series.
        more: &'a [Appointment],
    },
    /// It has another time or place.
    Moved {
        /// As it was.
        from: &'a Appointment,
        /// So have these, of the same series.
        more: &'a [Appointment],
    },
    /// It is off.
    Canceled {
        /// So are these, of the same series.
        more: &'a [Appointment],
    },
    /// It is near.
    Reminder,
}

impl<'a> News<'a> {
    /// The others of a series that the same mail tells of.
    fn more(self) -> &'a [Appointment] {
        match self {
            Self::Booked { more, .. } | Self::Moved { more, .. } | Self::Canceled { more } => more,
            Self::Reminder => &[],
        }
    }

    fn kind(self) -> AppointmentMail {
        match self {
            Self::Booked { .. } => AppointmentMail::Booked,
            Self::Moved { .. } => AppointmentMail::Moved,
            Self::Canceled { .. } => AppointmentMail::Canceled,
            Self::Reminder => AppointmentMail::Reminder,
        }
    }
}

/// Appointments of a series that a mail names beside the first one.
const MOST_NAMED: usize = 5;

fn subject_of(appointment: &Appointment) -> Subject {
    Subject { kind: NOTICE.word, id: appointment.appointment_id.uuid() }
}

/// Writes to everybody who may see the appointment of these clients, also to whoever canceled it, as a receipt; but,
/// for one that answers a request, not to whoever asked: they get the answer.
pub(super) fn tell_clients(
    app: &App,
    c: &mut Scoped<'_>,
    appointment: &Appointment,
    parties: &[Party],
    news: News<'_>,
) -> Result<(), Fault> {
    for party in parties {
        // What other clients of the appointment have not read yet stays true.
        outbox::cancel_about_on_chart(c, &subject_of(appointment), party.chart_id)?;
    }
    let asker = match news {
        News::Booked { answers: Some(request), .. } => store::asker_of(c, request)?,
        _ => None,
    };
    let practice = practice::load(c)?;
    for party in parties {
        let appointment = appointment.clone().as_of(party);
        for reader in accounts::readers_of(c, &party.chart_id, Right::Appointments)? {
            if asker == Some(reader.account_id) {
                continue;
            }
            let mut mail = mail(app, &practice, &reader, &appointment, party, news);
            mail.chart = Some(party.chart_id);
            outbox::enqueue(app, c, mail)?;
        }
    }
    Ok(())
}

/// Reminds one reader, once for so many hours before.
pub(super) fn remind(
    app: &App,
    c: &mut Scoped<'_>,
    practice: &Practice,
    reader: &Reader,
    appointment: &Appointment,
    party: &Party,
    hours: i64,
) -> Result<(), Fault> {
    let mut mail = mail(app, practice, reader, appointment, party, News::Reminder);
    mail.dedupe_key = format!("{}/{hours}", mail.dedupe_key);
    mail.chart = Some(party.chart_id);
    outbox::enqueue(app, c, mail)?;
    Ok(())
}

fn mail(
    app: &App,
    practice: &Practice,
    reader: &Reader,
    appointment: &Appointment,
    party: &Party,
    news: News<'_>,
) -> NewMail {
    let kind = news.kind();
    let (id, sequence) = (appointment.appointment_id, appointment.ics_sequence);
    NewMail {
        kind: kind.into(),
        dedupe_key: format!("{kind}/{id}/{sequence}/{}", reader.access_id),
        chart: None,
        access: Some(reader.access_id),
        subject: Some(subject_of(appointment)),
        reader: MailReader::Grant(reader.access_id),
        recipient: reader.address.clone(),
        letter: letter(app, practice, reader, appointment, party, news),
    }
}

fn letter(
    app: &App,
    practice: &Practice,
    reader: &Reader,
    appointment: &Appointment,
    party: &Party,
    news: News<'_>,
) -> MailBody {
    let words = reader.words;
    let desk = MailContext { practice, words, called: &reader.called };
    let own = reader.zone.get().map_or_else(|| appointment.place.time_zone.rules(), |zone| zone.rules());
    let when = |of: &Appointment| super::labels::when(words, own, of.starts_at, &of.place);
    let (key, mut before) = match news {
        News::Booked { .. } => ("appointments-mail-booked", vec![when(appointment)]),
        News::Moved { from, .. } => (
            "appointments-mail-moved",
            vec![
                words.with1("appointments-mail-was", "when", when(from)),
                words.with1("appointments-mail-is", "when", when(appointment)),
            ],
        ),
        News::Canceled { .. } => ("appointments-mail-canceled", vec![when(appointment)]),
        News::Reminder => ("appointments-mail-reminder", vec![when(appointment)]),
    };
    let more = news.more();
    before.extend(more.iter().take(MOST_NAMED).map(|of| match news {
        News::Moved { .. } => words.with1("appointments-mail-is", "when", when(of)),
        _ => when(of),
    }));
    if more.len() > MOST_NAMED {
        let rest = i64::try_from(more.len() - MOST_NAMED).unwrap_or(i64::MAX);
        before.push(words.count("appointments-mail-and-more", "count", rest));
    }
    let key = if more.is_empty() { key.to_owned() } else { format!("{key}-series") };
    before.insert(0, desk.sentence(&format!("{key}-text")));
    // An address mostly says whose it is.
    let place = &appointment.place;
    let is_on = appointment.state == AppointmentState::Booked && party.is_on();
    let comes = is_on && place.kind == PlaceKind::Office;
    if comes && !place.address.is_empty() && !practice.policy().neutral_mail {
        let address = place.address.lines().map(str::trim).collect::<Vec<_>>().join(", ");
        before.push(words.with1("appointments-mail-where", "address", address));
    }
    let after = match news {
        News::Canceled { .. } => vec![words.get("appointments-mail-ask-again")],
        _ => vec![words.get("appointments-mail-change")],
    };
    MailBody { button: desk.sign_in(app), ..desk.letter(&format!("{key}-subject"), before, after) }
}

/// The mail to whoever asked: that there is news, and nothing of what it is; once for each `what`. Not sent where they no
/// longer see appointments, or where the face sheet says that this address must not be written to (IDP-09).
pub(super) fn tell_asker(app: &App, c: &mut Scoped<'_>, request: &Request, what: &str) -> Result<(), Fault> {
    let Some(reader) = accounts::reader_of(c, &request.chart_id, &request.account_id, Right::Appointments)?
    else {
        return Ok(());
    };
    let practice = practice::load(c)?;
    let desk = MailContext { practice: &practice, words: reader.words, called: &reader.called };
    let letter = accounts::mails::appointment_news(app, desk);
    let key = format!("appointments.answered.{}.{what}", request.request_id);
    let mut mail = accounts::mails::mail(
        AppointmentMail::Answered,
        key,
        MailReader::Grant(reader.access_id),
        reader.address,
        letter,
    );
    mail.chart = Some(request.chart_id);
    mail.access = Some(reader.access_id);
    outbox::enqueue(app, c, mail)?;
    Ok(())
}

/// Tells the clinician that an appointment of theirs is off for one of its clients and goes on with the others, unless that
/// was their own doing.
pub(super) fn tell_clinician_of_one(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    appointment: &Appointment,
    left: &Party,
) -> Result<(), Fault> {
    let Some(mut mail) = staff_mail(app, c, by, appointment, "appointments-mail-staff-one-left")? else {
        return Ok(());
    };
    if appointment.asks_since.is_some() {
        let words = mail.letter.words;
        mail.letter.before.push(words.get("appointments-mail-staff-undecided"));
    }
    mail.dedupe_key = format!("{}/{}/{}", mail.dedupe_key, left.party_id, left.own_changes);
    outbox::enqueue(app, c, mail)?;
    Ok(())
}

/// Tells the clinician that an appointment of theirs is off, unless they canceled it themselves.
pub(super) fn tell_clinician(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    appointment: &Appointment,
    more: &[Appointment],
) -> Result<(), Fault> {
    let Some(mut mail) = staff_mail(app, c, by, appointment, "appointments-mail-staff-canceled")? else {
        return Ok(());
    };
    if !more.is_empty() {
        let rest = i64::try_from(more.len()).unwrap_or(i64::MAX);
        let words = mail.letter.words;
        mail.letter.before.push(words.count("appointments-mail-and-more", "count", rest));
    }
    outbox::enqueue(app, c, mail)?;
    Ok(())
}

/// A mail to the clinician of an appointment; none where they acted themselves, or are not here any more.
fn staff_mail(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    appointment: &Appointment,
    key: &str,
) -> Result<Option<NewMail>, Fault> {
    let Some(member) = staff::store::find(c, &appointment.staff_id)? else { return Ok(None) };
    let acts = matches!(&by.actor, Actor::Staff(id, _) if *id == member.staff_id);
    if acts || member.state != StaffState::Active {
        return Ok(None);
    }
    let practice = practice::load(c)?;
    let mut letter = staff::mails::letter(&practice, &member, key);
    let words = letter.words;
    letter.before.push(words.date_time_zone(appointment.starts_at, appointment.place.time_zone.rules()));
    letter.button = Some((
        words.get("appointments-mail-staff-button"),
        app.absolute(&format!("/staff/appointments/{}", appointment.appointment_id)),
    ));
    let kind = AppointmentMail::CanceledStaff;
    Ok(Some(NewMail {
        kind: kind.into(),
        dedupe_key: format!("{kind}/{}/{}", appointment.appointment_id, appointment.ics_sequence),
        chart: None,
        access: None,
        subject: Some(subject_of(appointment)),
        reader: MailReader::Staff,
        recipient: member.email,
        letter,
    }))
}

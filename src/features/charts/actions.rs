//! What can be done with a chart's face sheet. Each action is one transaction; a refusal is a value.

use jiff::civil::Date;

use crate::features::access;
use crate::features::access::Doubt;
use crate::features::access::actions::{Act, Target};
use crate::features::access::lifecycle::State;
use crate::features::charts::audit::ChartAction;
use crate::features::people::{self, Address, AddressKind, ChartFile, grant_states, load_file};
use crate::features::people::{FaceSheet, Problems, SheetAddress, SheetContact, Typed, Wrong};
use crate::features::people::{
    NewRows, next_number, number_taken, remove_contact, save_addresses, save_person, save_relation,
    swap_chart,
};
use crate::kernel::civil::BirthDate;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{ChartId, PersonId};
use crate::kernel::text;
use crate::platform::audit::{By, Event, record};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::state::{App, AppState};
use crate::platform::web::form_token::{FormToken, made_before, made_once};

/// Why a face sheet was not saved.
#[derive(Clone, Debug)]
pub enum Refused {
    /// No such chart in this practice.
    NotFound,
    /// What is wrong, field by field.
    Fields(Problems),
    /// Somebody else saved it meanwhile: the chart as it is now.
    Stale(Box<ChartFile>),
}

/// Why a chart was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotMade {
    /// Another chart has its number.
    NumberTaken,
    /// It was to be invited at once, and these doubts about the address are not answered yet.
    Doubtful(Vec<(Doubt, String)>),
}

/// What a new chart's form asks for besides the chart.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    /// The form's mark: sent twice, it makes one chart.
    pub(super) mark: Option<FormToken>,
    /// Invite the client at this address at once, these doubts having been looked at.
    pub(super) invite: Option<(EmailAddress, Vec<Doubt>)>,
}

/// A chart that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The chart.
    pub chart: ChartId,
    /// The client, who is its owner.
    pub person: PersonId,
    /// Its number: the one that was typed, or the next free one.
    pub number: String,
    /// Was the client invited with it?
    pub invited: bool,
}

/// Why an e-mail address leaves a face sheet while its owner uses the portal (INV-08), and why a birth date is right
/// that lets somebody see more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Somebody at a form or a caller of the API says so, and is asked where it is needed and empty.
    Said {
        /// Why an address leaves.
        email: String,
        /// Why the birth date is right.
        birth_date: String,
    },
    /// A file of the practice's other system says so: a table of charts has no place for reasons.
    AddressUse,
}

/// Ends the marks against this address of somebody on the chart (mail came back; its reader said that it was
/// not for them): staff know better.
/// `false` where nobody on this chart has it.
pub async fn trust_address(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    address: EmailAddress,
) -> Result<bool, Fault> {
    let id = chart.clone();
    let known = app
        .db
        .write(scope, move |c| {
            let Some(file) = load_file(c, &id)? else { return Ok(false) };
            let contacts = file.contacts.iter().map(|contact| (&contact.person, &contact.addresses));
            let key = address.key();
            let mut known = false;
            let mut ended = false;
            for (person, addresses) in contacts.chain([(&file.client, &file.addresses)]) {
                if addresses.iter().any(|a| a.kind == AddressKind::Email && a.value_key == key) {
                    known = true;
                    ended |= people::trust_address(c, &person.person_id, &address)?;
                }
            }
            if ended {
                record(c, Event::new(by.clone(), ChartAction::AddressTrusted).on_chart(&id))?;
            }
            Ok(known)
        })
        .await?;
    app.live.chart_changed(scope.id(), &chart);
    Ok(known)
}

/// A face sheet that was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The version that the chart has now.
    pub version: i64,
    /// Did an open invitation to this chart end, because its address was changed?
    pub ended_link: bool,
}

/// Makes a chart. An empty chart number means the next free one.
pub async fn create(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    sheet: FaceSheet,
) -> Result<Result<Created, Refused>, Fault> {
    plainly(create_as(app, scope, by, sheet, Wish::default()).await?)
}

/// The same inside a transaction of the caller's, who tells open pages after the commit.
pub fn create_within(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    sheet: &FaceSheet,
) -> Result<Result<Created, Refused>, Fault> {
    plainly(create_in(app, c, by, sheet, &Wish::default())?)
}

fn plainly(made: Result<Created, NotMade>) -> Result<Result<Created, Refused>, Fault> {
    match made {
        Ok(created) => Ok(Ok(created)),
        Err(NotMade::NumberTaken) => {
            Ok(Err(Refused::Fields(Problems::one("chart_number", Wrong::NumberTaken))))
        }
        Err(NotMade::Doubtful(_)) => Err(Fault::other("doubts about an address that nothing is sent to")),
    }
}

/// Makes a chart as a form wishes it: once, and with its invitation in the same transaction. While
/// there are doubts about the address, nothing is written.
pub(super) async fn create_as(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    sheet: FaceSheet,
    wish: Wish,
) -> Result<Result<Created, NotMade>, Fault> {
    let inside = app.clone();
    let made = app.db.write(scope, move |c| create_in(&inside, c, &by, &sheet, &wish)).await?;
    if let Ok(created) = &made {
        app.live.chart_changed(scope.id(), &created.chart);
        if created.invited {
            app.outbox_bell.notify_one();
        }
    }
    Ok(made)
}

fn create_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    sheet: &FaceSheet,
    wish: &Wish,
) -> Result<Result<Created, NotMade>, Fault> {
    let Some(mark) = &wish.mark else { return create_now(app, c, by, sheet, wish) };
    let mut fresh = None;
    let made = made_once(c, mark, |c| {
        let created = create_now(app, c, by, sheet, wish)?;
        Ok(created.map(|created| fresh.insert(created).chart))
    })?;
    Ok(match (made, fresh) {
        (Err(why), _) => Err(why),
        (Ok(_), Some(created)) => Ok(created),
        (Ok(id), None) => {
            Ok(created_earlier(c, id)?.ok_or(Fault::Damaged("a chart has vanished".to_owned()))?)
        }
    })
}

fn create_now(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    sheet: &FaceSheet,
    wish: &Wish,
) -> Result<Result<Created, NotMade>, Fault> {
    let number = if sheet.chart_number.is_empty() {
        next_number(c)?
    } else if number_taken(c, &sheet.chart_number)? {
        return Ok(Err(NotMade::NumberTaken));
    } else {
        sheet.chart_number.clone()
    };
    if let Some((address, confirmed)) = &wish.invite {
        let doubts = doubts_about(c, sheet, address)?;
        if doubts.iter().any(|(doubt, _)| !confirmed.contains(doubt)) {
            return Ok(Err(NotMade::Doubtful(doubts)));
        }
    }
    let mut rows = NewRows::default();
    let (chart, person) = rows.chart(c, sheet, &number);
    rows.insert(c).map_err(|fault| match fault {
        // Two at once with one number: run again, and find the other's, or the next free one.
        Fault::Database(error) if is_duplicate(&error) => {
            Fault::lost_race("two charts of one number at once")
        }
        other => other,
    })?;
    record(c, Event::new(by.clone(), ChartAction::Created).on_chart(&chart))?;
    let mut invited = false;
    if let Some((address, confirmed)) = &wish.invite {
        let (address, confirmed) = (Some(address.clone()), confirmed.clone());
        let act = Act::Invite { address, confirmed };
        invited = access::actions::act_in(app, c, by, &Target::Owner(chart.clone()), &act)?.is_ok();
    }
    Ok(Ok(Created { chart, person, number, invited }))
}

/// The chart that this very form made when it was sent before, if it was.
pub(super) fn created_before(c: &mut Scoped<'_>, mark: &FormToken) -> Result<Option<Created>, Fault> {
    match made_before(c, mark)? {
        Some(id) => {
            let id = id.parse().map_err(|_| Fault::Damaged("a form made no chart".to_owned()))?;
            created_earlier(c, id)
        }
        None => Ok(None),
    }
}

fn created_earlier(c: &mut Scoped<'_>, id: ChartId) -> Result<Option<Created>, Fault> {
    let Some(file) = load_file(c, &id)? else { return Ok(None) };
    let (number, person) = (file.chart.chart_number, file.chart.person_id);
    let invited = grant_states(c, &id, &person)?.iter().any(|state| state == State::Invited.word());
    Ok(Some(Created { chart: id, person, number, invited }))
}

/// What staff should look at before the client of a new face sheet is invited at this address.
pub(super) fn doubts_about(
    c: &mut Scoped<'_>,
    sheet: &FaceSheet,
    address: &EmailAddress,
) -> Result<Vec<(Doubt, String)>, Fault> {
    let contacts: Vec<String> =
        sheet.contacts.iter().flat_map(|k| &k.person.addresses).map(|a| a.key.clone()).collect();
    let born = sheet.client.birth_date.as_ref().map(BirthDate::date);
    access::actions::doubts_of_new(c, address, born, &contacts)
}

/// Saves a face sheet over the version that was seen. Contacts that are not on the sheet leave the
/// chart.
pub async fn update_face_sheet(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    seen_version: i64,
    sheet: FaceSheet,
    why: Why,
) -> Result<Result<Saved, Refused>, Fault> {
    let (app_within, id) = (app.clone(), chart.clone());
    let outcome =
        app.db.write(scope, move |c| update_in(&app_within, c, &by, &id, seen_version, &sheet, &why)).await;
    match outcome {
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Ok(Err(Refused::Fields(Problems::one("chart_number", Wrong::NumberTaken))))
        }
        other => {
            if matches!(&other, Ok(Ok(_))) {
                app.live.chart_changed(scope.id(), &chart);
            }
            other
        }
    }
}

/// The same inside a transaction.
fn update_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    id: &ChartId,
    seen_version: i64,
    sheet: &FaceSheet,
    why: &Why,
) -> Result<Result<Saved, Refused>, Fault> {
    let Some(file) = load_file(c, id)? else { return Ok(Err(Refused::NotFound)) };
    if file.chart.version != seen_version {
        return Ok(Err(Refused::Stale(Box::new(file))));
    }
    Ok(match change(app, c, by, &file, sheet, why)? {
        Err(refused) => Err(refused),
        Ok(Changed { fields, ended_link }) => {
            if !fields.is_empty() {
                // Which fields, never their values before or after (AUD-06).
                let mut details = serde_json::json!({ "fields": fields });
                if let Why::Said { birth_date, .. } = why
                    && !birth_date.is_empty()
                    && file.client.birth_date != sheet.client.birth_date
                {
                    details["birth_reason"] = birth_date.as_str().into();
                }
                record(c, Event::new(by.clone(), ChartAction::Changed).on_chart(id).with(details))?;
            }
            Ok(Saved { version: file.chart.version + i64::from(!fields.is_empty()), ended_link })
        }
    })
}

/// Writes a face sheet over a chart as it was loaded, in a transaction of the caller's, who records the event and tells
/// open pages after the commit. Returns the names of the fields that changed.
pub fn change_within(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    file: &ChartFile,
    sheet: &FaceSheet,
    why: &Why,
) -> Result<Result<Vec<&'static str>, Refused>, Fault> {
    Ok(change(app, c, by, file, sheet, why)?.map(|changed| changed.fields))
}

/// What a face sheet's save changed.
#[derive(Default)]
pub(super) struct Changed {
    /// The names of the fields that are other than before; empty: nothing was written.
    pub(super) fields: Vec<&'static str>,
    /// See [`Saved::ended_link`].
    ended_link: bool,
}

/// The e-mail addresses that were there for mail, and on the sheet are not.
fn taken_off(stored: &[Address], sheet: &[SheetAddress]) -> Vec<String> {
    let is_kept =
        |key: &str| sheet.iter().any(|a| a.kind == AddressKind::Email && a.may_mail && a.key == key);
    stored
        .iter()
        .filter(|a| a.kind == AddressKind::Email && a.may_mail && !is_kept(&a.value_key))
        .map(|a| a.value_key.clone())
        .collect()
}

/// Writes a face sheet over a chart as it was loaded, and says which fields changed; the event is the
/// caller's to record.
pub(super) fn change(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    file: &ChartFile,
    sheet: &FaceSheet,
    why: &Why,
) -> Result<Result<Changed, Refused>, Fault> {
    let id = &file.chart.chart_id;
    // A stored birth date was checked when it was written, so today's date does not matter.
    if Typed::of(file).check(Date::MAX).is_ok_and(|stands| stands == *sheet) {
        return Ok(Ok(Changed::default()));
    }
    let mut changed: Vec<&'static str> = Vec::new();
    let number = &sheet.chart_number;
    if *number != file.chart.chart_number {
        if number.is_empty() {
            return Ok(Err(Refused::Fields(Problems::one("chart_number", Wrong::NumberMissing))));
        }
        let is_other = text::code_key(number) != text::code_key(&file.chart.chart_number);
        if is_other && number_taken(c, number)? {
            return Ok(Err(Refused::Fields(Problems::one("chart_number", Wrong::NumberTaken))));
        }
        changed.push("chart_number");
    }
    // A contact whom a colleague removed would have moved the version; an id of another chart is no
    // contact of this one and is treated as a new person.
    let known = |contact: &SheetContact| {
        contact.id.as_ref().and_then(|id| file.contacts.iter().find(|k| &k.person.person_id == id))
    };
    let gone: Vec<_> = file
        .contacts
        .iter()
        .filter(|k| !sheet.contacts.iter().any(|s| s.id.as_ref() == Some(&k.person.person_id)))
        .collect();
    for contact in &gone {
        let person = &contact.person.person_id;
        let wrong = if *person == file.chart.owner_person_id {
            Some(Wrong::IsOwner)
        } else if grant_states(c, id, person)?
            .iter()
            .any(|s| [State::Invited, State::Locked, State::Active].iter().any(|open| open.word() == s))
        {
            Some(Wrong::HasAccess)
        } else {
            None
        };
        if let Some(wrong) = wrong {
            return Ok(Err(Refused::Fields(Problems::one("contacts", wrong))));
        }
    }
    let reason = match why {
        Why::AddressUse => "",
        Why::Said { email: reason, .. } => {
            let client = (&file.client.person_id, taken_off(&file.addresses, &sheet.client.addresses));
            let contacts = sheet.contacts.iter().filter_map(|contact| {
                let stored = known(contact)?;
                Some((&stored.person.person_id, taken_off(&stored.addresses, &contact.person.addresses)))
            });
            for (person, gone) in std::iter::once(client).chain(contacts) {
                if reason.is_empty() && access::actions::wants_reason(c, person, &gone)? {
                    return Ok(Err(Refused::Fields(Problems::one("email_reason", Wrong::ReasonMissing))));
                }
            }
            reason
        }
    };
    let is_explained = matches!(why, Why::Said { birth_date, .. } if !birth_date.is_empty());
    let born = sheet.client.birth_date.as_ref();
    if !is_explained && access::actions::birth_date_opens_more(c, file, born)? {
        return Ok(Err(Refused::Fields(Problems::one("birth_reason", Wrong::OthersSeeMore))));
    }
    // First the chart's row, so that two savers meet there and nowhere else.
    if !swap_chart(c, &file.chart, sheet, number)? {
        return Ok(match load_file(c, id)? {
            Some(now) => Err(Refused::Stale(Box::new(now))),
            None => Err(Refused::NotFound),
        });
    }
    changed.extend(save_person(c, &file.client, &sheet.client)?);
    if file.client.birth_date != sheet.client.birth_date {
        access::actions::look_ahead_again(c, id)?;
    }
    let mut mail_changed = Vec::new();
    let outcome = save_addresses(c, &file.client.person_id, &file.addresses, &sheet.client.addresses)?;
    if outcome.emails {
        mail_changed.push((file.client.person_id.clone(), file.addresses.clone()));
        changed.push("email");
    }
    if outcome.others {
        changed.push("addresses");
    }
    let mut contacts_changed = !gone.is_empty();
    for contact in &gone {
        remove_contact(c, id, &contact.person.person_id)?;
    }
    let mut rows = NewRows::default();
    for (place, contact) in sheet.contacts.iter().enumerate() {
        let Some(stored) = known(contact) else {
            let person = rows.person(c, &contact.person);
            rows.contact(c, id, person, &contact.relation, place);
            contacts_changed = true;
            continue;
        };
        if stored.relation != contact.relation {
            save_relation(c, id, &stored.person.person_id, &contact.relation)?;
            contacts_changed = true;
        }
        contacts_changed |= !save_person(c, &stored.person, &contact.person)?.is_empty();
        let outcome =
            save_addresses(c, &stored.person.person_id, &stored.addresses, &contact.person.addresses)?;
        contacts_changed |= outcome.emails || outcome.others;
        if outcome.emails {
            mail_changed.push((stored.person.person_id.clone(), stored.addresses.clone()));
        }
    }
    rows.insert(c)?;
    if contacts_changed {
        changed.push("contacts");
    }
    let mut ended_link = false;
    for (person, before) in &mail_changed {
        ended_link |= access::actions::addresses_changed(app, c, by, person, before, reason)?.contains(id);
    }
    Ok(Ok(Changed { fields: changed, ended_link }))
}

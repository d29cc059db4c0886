//! What can be done with a client's information: submit a part of the page, take a request back, decide. Each is one
//! transaction that holds the chart.

use std::collections::BTreeMap;

use crate::features::access::{AccessRow, load_access};
use crate::features::accounts::actions::set_language_within;
use crate::features::accounts::{ClientSession, level_now};
use crate::features::charts::{self, Why};
use crate::features::documents;
use crate::features::information::audit::InfoAction;
use crate::features::information::coverage::{CardSide, Coverage, Position};
use crate::features::information::coverage_store;
use crate::features::information::emergency;
use crate::features::information::fields::{self, Beside};
use crate::features::information::lifecycle::{self, FieldEvent, FieldState, OnFile, Refusal};
use crate::features::information::notices;
use crate::features::information::store::{
    self, Decided, FieldRow, InfoChange, change_with_fields, pending_of, swap_state,
};
use crate::features::people::{
    self, ChartFile, ClientChange, EmergencyEntry, FaceSheet, Part, Problems, Typed, TypedPerson,
};
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    AccessId, AccountId, BlobId, ChartId, EmergencyContactId, InfoChangeId, PracticeId, UploadId,
};
use crate::kernel::text;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::{Level, Right};
use crate::platform::state::{App, AppState};
use crate::platform::web::form_token::{FormToken, made_once};
use crate::word_enum;

/// Submissions of one account in a day that ask for something.
const MOST_A_DAY: usize = 20;
const DAY: i64 = 24 * 3_600;
/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 500;

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// Nothing there, or not theirs.
    NotFound,
    /// What is wrong, field by field.
    Fields(Problems),
    /// The file holds another value of this field than was shown.
    ChangedMeanwhile(String),
    /// This field is decided already, by whom: empty for the client's side.
    Decided(String, String),
    /// This field was not taken and nobody said why.
    ReasonMissing(String),
    /// The reason for this field is too long, or holds what cannot be shown.
    ReasonUnreadable(String),
    /// Too many in a day: again from this moment on.
    TooMany(Timestamp),
    /// A picture of a card does not wait any more: it has to be chosen again.
    CardGone,
}

/// The outcome of an act, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, NotDone>, Fault>;

word_enum! {
    /// What came of a submission.
    pub enum Submitted {
        /// Everything was written.
        Saved = "saved",
        /// Everything waits for staff.
        Sent = "sent",
        /// Some was written, some waits.
        Both = "both",
        /// Nothing was changed.
        Nothing = "nothing",
    }
}

/// A part of the page as a client sends it.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Which part.
    pub part: Part,
    /// Its fields as typed; the others do not count.
    pub typed: TypedPerson,
    /// What the page showed on file, by field.
    pub seen: BTreeMap<String, String>,
    /// The form's mark.
    pub mark: FormToken,
}

/// Who acts on the client's side.
#[derive(Clone, Debug)]
pub struct ClientParty {
    /// The account, for the trace.
    pub by: By,
    /// The grant.
    pub access: AccessId,
    /// The account.
    pub account: AccountId,
    /// The chart.
    pub chart: ChartId,
}

impl ClientParty {
    fn of(client: &ClientSession) -> Self {
        Self { by: client.by(), access: client.access_id, account: client.account_id, chart: client.chart_id }
    }

    fn event(&self, action: InfoAction, fields: &[&str]) -> Event {
        let mut event = Event::new(self.by.clone(), action)
            .on_chart(&self.chart)
            .with(serde_json::json!({ "fields": fields }));
        event.access = Some(self.access);
        event
    }
}

/// Writes what may be written at once and keeps the rest for staff.
pub async fn submit(app: &AppState, client: &ClientSession, submission: Submission) -> Outcome<Submitted> {
    submit_as(app, &client.scope, ClientParty::of(client), submission).await
}

/// The same for a client without a session.
pub async fn submit_as(
    app: &AppState,
    scope: &PracticeScope,
    who: ClientParty,
    submission: Submission,
) -> Outcome<Submitted> {
    let (inside, door, chart) = (app.clone(), scope.clone(), who.chart);
    let outcome = app
        .db
        .system_write(move |system| {
            let mut new_language = None;
            let submitted = made_once(&mut system.within(&door), &submission.mark, |c| {
                let (submitted, language) = granted!(submit_in(&inside, c, &who, &submission)?);
                new_language = language;
                Ok(Ok(submitted))
            })?;
            if let Some((home, language)) = new_language {
                set_language_within(system, &home, &who.account, language)?;
            }
            Ok(submitted)
        })
        .await?;
    if outcome.is_ok() {
        app.live.chart_changed(scope.id(), &chart);
    }
    Ok(outcome)
}

/// The language that the account's pages and mails have from now on, and its home.
type NewLanguage = Option<(PracticeId, Language)>;

fn submit_in(
    app: &App,
    c: &mut Scoped<'_>,
    who: &ClientParty,
    submission: &Submission,
) -> Outcome<(Submitted, NewLanguage)> {
    lock(c, Lock::Charts(std::slice::from_ref(&who.chart)))?;
    if level_now(c, &who.access, Right::Information)? < Level::Act {
        return Ok(Err(NotDone::NotFound));
    }
    let Some(grant) = load_access(c, &who.access)? else { return Ok(Err(NotDone::NotFound)) };
    let Some(file) = people::load_file(c, &who.chart)? else { return Ok(Err(NotDone::NotFound)) };
    let practice = practice::load(c)?;
    let is_own = grant.person_id == file.client.person_id;
    let policy = store::policy(c)?;
    let open: Vec<(&str, ClientChange)> = submission
        .part
        .names()
        .map(|name| (name, policy.of(name)))
        .filter(|(_, change)| *change != ClientChange::Locked)
        .collect();
    if open.is_empty() || (submission.part.is_own() && !is_own) {
        return Ok(Err(NotDone::NotFound));
    }
    let current = Typed::of(&file);
    let mut wanted = current.clone();
    for (field, _) in &open {
        fields::copy(&submission.typed, &mut wanted.client, field);
    }
    let today = practice.today(c.now());
    let new = granted!(wanted.check(today).map_err(NotDone::Fields)).client.typed();
    let pending = pending_of(c, &file.client.person_id)?;
    let (mut at_once, mut asked, mut withdrawn) = (Vec::new(), Vec::new(), Vec::new());
    for (field, change) in open {
        let (on_file, to) = (fields::read(&current.client, field), fields::read(&new, field));
        let waits = pending.iter().find(|(_, row)| row.path == field);
        let own_waits = waits.filter(|(account, _)| *account == who.account).map(|(_, row)| row);
        if to == on_file {
            withdrawn.extend(own_waits);
            continue;
        }
        if own_waits.is_some_and(|row| row.new_value == to) {
            continue;
        }
        if submission.seen.get(field) != Some(&on_file) {
            return Ok(Err(NotDone::ChangedMeanwhile(field.to_owned())));
        }
        let Some(state) = lifecycle::begin(change) else { continue };
        let replaced = waits.map(|(_, row)| row);
        let line = Line { field, on_file, to, state, replaced };
        if state == FieldState::Pending { asked.push(line) } else { at_once.push(line) }
    }
    if !asked.is_empty() {
        granted!(within_the_day(c, who)?);
    }
    let Some(change) = submission_of(c, who, &grant, &file)? else { return Ok(Err(NotDone::NotFound)) };
    if !at_once.is_empty() {
        let mut written = current.clone();
        for line in &at_once {
            fields::write(&mut written.client, line.field, &line.to);
        }
        let sheet = granted!(written.check(today).map_err(NotDone::Fields));
        let words = Words::of(practice.language());
        let reason = words.with1("information-asked-by", "name", &change.by_name);
        granted!(write_sheet(app, c, &who.by, &file, &sheet, reason, String::new())?);
    }
    let submitted = keep(app, c, who, &change, (at_once.as_slice(), asked.as_slice()), &withdrawn)?;
    let language = at_once.iter().find(|line| line.field == "language").map(|line| {
        let language = if line.to.is_empty() { practice.language() } else { Language::read(&line.to) };
        (change.account_practice_id, language)
    });
    Ok(Ok((submitted, language)))
}

/// May this account ask for something more today?
fn within_the_day(c: &mut Scoped<'_>, who: &ClientParty) -> Outcome<()> {
    let since = c.now().plus_seconds(-DAY);
    let sent = store::submitted_since(c, &who.account, since, MOST_A_DAY)?;
    Ok(match sent.first() {
        Some(first) if sent.len() >= MOST_A_DAY => Err(NotDone::TooMany(first.plus_seconds(DAY))),
        _ => Ok(()),
    })
}

/// A submission of this grant's holder, made now; `None` where they are gone.
fn submission_of(
    c: &mut Scoped<'_>,
    who: &ClientParty,
    grant: &AccessRow,
    file: &ChartFile,
) -> Result<Option<InfoChange>, Fault> {
    let Some(person) = people::load_person(c, &grant.person_id)? else { return Ok(None) };
    let is_own = grant.person_id == file.client.person_id;
    Ok(Some(InfoChange {
        practice_id: *c.practice(),
        change_id: InfoChangeId::fresh(c.rng(), c.now()),
        chart_id: who.chart,
        person_id: file.client.person_id,
        access_id: who.access,
        account_practice_id: grant.account_practice_id.unwrap_or(*c.practice()),
        account_id: who.account,
        by_name: person.full_name(),
        relation: if is_own { String::new() } else { relation(file, &grant.person_id) },
        submitted_at: c.now(),
    }))
}

/// Insurance as a client sends it.
#[derive(Clone, Debug)]
pub struct InsuranceSubmission {
    /// Which of their coverages.
    pub position: Position,
    /// The whole coverage, checked. A side whose picture stays is the one that the form had.
    pub coverage: Coverage,
    /// New pictures, taken in and waiting.
    pub cards: Vec<(CardSide, UploadId)>,
    /// What the page showed on file.
    pub seen: String,
    /// The form's mark.
    pub mark: FormToken,
}

/// Asks the practice for another coverage: always as a whole, and nothing of it is written before staff take it.
pub async fn submit_insurance(
    app: &AppState,
    client: &ClientSession,
    submission: InsuranceSubmission,
) -> Outcome<Submitted> {
    let who = ClientParty::of(client);
    let inside = app.clone();
    let outcome = app
        .db
        .write(&client.scope, move |c| {
            made_once(c, &submission.mark, |c| submit_insurance_in(&inside, c, &who, &submission))
        })
        .await?;
    if outcome.is_ok() {
        app.live.chart_changed(client.scope.id(), &client.chart_id);
    }
    Ok(outcome)
}

fn submit_insurance_in(
    app: &App,
    c: &mut Scoped<'_>,
    who: &ClientParty,
    submission: &InsuranceSubmission,
) -> Outcome<Submitted> {
    lock(c, Lock::Charts(std::slice::from_ref(&who.chart)))?;
    if level_now(c, &who.access, Right::Information)? < Level::Act {
        return Ok(Err(NotDone::NotFound));
    }
    let (Some(grant), Some(file)) = (load_access(c, &who.access)?, people::load_file(c, &who.chart)?) else {
        return Ok(Err(NotDone::NotFound));
    };
    let path = submission.position.path();
    let on_file = insurance_on_file(c, &who.chart, &path)?;
    if submission.seen != on_file {
        return Ok(Err(NotDone::ChangedMeanwhile(path)));
    }
    let pending = pending_of(c, &file.client.person_id)?;
    let waits = pending.iter().find(|(_, row)| row.path == path);
    // A picture of the form is one that it may show: on file, or in the holder's own request.
    let own = waits.filter(|(account, _)| *account == who.account).map(|(_, row)| row);
    let shown: Vec<Coverage> = [Some(on_file.as_str()), own.map(|row| row.new_value.as_str())]
        .into_iter()
        .filter_map(|value| Coverage::read(value?))
        .collect();
    let mut wanted = submission.coverage.clone();
    let may_stay = |side, picture: Option<BlobId>| {
        picture.filter(|_| shown.iter().any(|known| known.card(side) == picture))
    };
    wanted.front = may_stay(CardSide::Front, wanted.front);
    wanted.back = may_stay(CardSide::Back, wanted.back);
    let to = wanted.value();
    if submission.cards.is_empty() && (to == on_file || own.is_some_and(|row| row.new_value == to)) {
        return Ok(Ok(Submitted::Nothing));
    }
    granted!(within_the_day(c, who)?);
    let Some(change) = submission_of(c, who, &grant, &file)? else { return Ok(Err(NotDone::NotFound)) };
    // The pictures last: whoever is refused keeps them.
    let ids: Vec<UploadId> = submission.cards.iter().map(|(_, id)| *id).collect();
    let Ok(files) = documents::take_files(c, &who.chart, &who.by, &ids)? else {
        return Ok(Err(NotDone::CardGone));
    };
    let pictures: Vec<(CardSide, BlobId)> =
        submission.cards.iter().zip(&files).map(|((side, _), file)| (*side, file.blob.blob_id)).collect();
    for (side, picture) in &pictures {
        match side {
            CardSide::Front => wanted.front = Some(*picture),
            CardSide::Back => wanted.back = Some(*picture),
        }
    }
    let to = wanted.value();
    let replaced = waits.map(|(_, row)| row);
    let line = Line { field: &path, on_file, to, state: FieldState::Pending, replaced };
    let submitted = keep(app, c, who, &change, (&[], &[line]), &[])?;
    for (side, picture) in &pictures {
        coverage_store::insert_card(c, &who.chart, &change.change_id, *side, picture)?;
    }
    Ok(Ok(submitted))
}

/// Emergency contacts as a client sends them: the whole list of this account.
#[derive(Clone, Debug)]
pub struct EmergencySubmission {
    /// The list, checked.
    pub entries: Vec<EmergencyEntry>,
    /// What the page showed of it.
    pub seen: String,
    /// The form's mark.
    pub mark: FormToken,
}

/// Writes the list of this account anew; staff are told. Nobody on it gets access, and nobody else's list changes.
pub async fn submit_emergency(
    app: &AppState,
    client: &ClientSession,
    submission: EmergencySubmission,
) -> Outcome<Submitted> {
    let who = ClientParty::of(client);
    let inside = app.clone();
    let outcome = app
        .db
        .write(&client.scope, move |c| {
            made_once(c, &submission.mark, |c| submit_emergency_in(&inside, c, &who, &submission))
        })
        .await?;
    if outcome.is_ok() {
        app.live.chart_changed(client.scope.id(), &client.chart_id);
    }
    Ok(outcome)
}

fn submit_emergency_in(
    app: &App,
    c: &mut Scoped<'_>,
    who: &ClientParty,
    submission: &EmergencySubmission,
) -> Outcome<Submitted> {
    lock(c, Lock::Charts(std::slice::from_ref(&who.chart)))?;
    if level_now(c, &who.access, Right::Information)? < Level::Act {
        return Ok(Err(NotDone::NotFound));
    }
    let (Some(grant), Some(file)) = (load_access(c, &who.access)?, people::load_file(c, &who.chart)?) else {
        return Ok(Err(NotDone::NotFound));
    };
    let beside = Beside::load(c, &file, std::iter::once(emergency::PATH))?;
    let on_file = emergency::value(&beside.list_of(Some(&who.account)));
    let to = emergency::value(&submission.entries);
    if to == on_file {
        return Ok(Ok(Submitted::Nothing));
    }
    if submission.seen != on_file {
        return Ok(Err(NotDone::ChangedMeanwhile(emergency::PATH.to_owned())));
    }
    let Some(change) = submission_of(c, who, &grant, &file)? else { return Ok(Err(NotDone::NotFound)) };
    let (account, entries) = (Some(&who.account), &submission.entries);
    people::replace_emergency_contacts(c, &who.chart, account, entries, &change.by_name)?;
    let line = Line { field: emergency::PATH, on_file, to, state: FieldState::Told, replaced: None };
    Ok(Ok(keep(app, c, who, &change, (&[line], &[]), &[])?))
}

/// Writes the practice's own list anew, over the one that was seen.
pub async fn set_practice_emergency(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    (seen, entries): (String, Vec<EmergencyEntry>),
) -> Outcome<()> {
    let unit = move |c: &mut Scoped<'_>| {
        set_practice_emergency_within(c, &by, &chart, (Some(&seen), entries.as_slice()))
    };
    let outcome = app.db.write(scope, unit).await?;
    Ok(outcome.inspect(|()| app.live.chart_changed(scope.id(), &chart)))
}

/// The same in a transaction of the caller's; `seen` is `None` where nobody looked at a list.
pub fn set_practice_emergency_within(
    c: &mut Scoped<'_>,
    by: &By,
    chart: &ChartId,
    (seen, entries): (Option<&String>, &[EmergencyEntry]),
) -> Outcome<()> {
    lock(c, Lock::Charts(std::slice::from_ref(chart)))?;
    let Some(file) = people::load_file(c, chart)? else { return Ok(Err(NotDone::NotFound)) };
    let beside = Beside::load(c, &file, std::iter::once(emergency::PATH))?;
    let on_file = emergency::value(&beside.list_of(None));
    if emergency::value(entries) == on_file {
        return Ok(Ok(()));
    }
    if seen.is_some_and(|seen| *seen != on_file) {
        return Ok(Err(NotDone::ChangedMeanwhile(emergency::PATH.to_owned())));
    }
    people::replace_emergency_contacts(c, chart, None, entries, &by.actor.name())?;
    record_emergency(c, by, chart)?;
    Ok(Ok(()))
}

/// Ends one entry, whoever's list it is on.
pub async fn remove_emergency(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    id: EmergencyContactId,
) -> Outcome<()> {
    let unit = move |c: &mut Scoped<'_>| {
        lock(c, Lock::Charts(std::slice::from_ref(&chart)))?;
        if people::load_file(c, &chart)?.is_none() {
            return Ok(Err(NotDone::NotFound));
        }
        // Gone already: a second click.
        if people::remove_emergency_contact(c, &chart, &id)? {
            record_emergency(c, &by, &chart)?;
        }
        Ok(Ok(()))
    };
    let outcome = app.db.write(scope, unit).await?;
    Ok(outcome.inspect(|()| app.live.chart_changed(scope.id(), &chart)))
}

fn record_emergency(c: &mut Scoped<'_>, by: &By, chart: &ChartId) -> Result<(), Fault> {
    let details = serde_json::json!({ "fields": [emergency::PATH] });
    audit::record(c, Event::new(by.clone(), InfoAction::EmergencyChanged).on_chart(chart).with(details))?;
    Ok(())
}

/// The value on file of a coverage; empty where there is none.
pub fn insurance_on_file(c: &mut Scoped<'_>, chart: &ChartId, path: &str) -> Result<String, Fault> {
    let active = coverage_store::active(c, chart)?;
    let found = active.iter().find(|(position, _)| position.path() == path);
    Ok(found.map(|(_, coverage)| coverage.value()).unwrap_or_default())
}

fn relation(file: &ChartFile, person: &crate::kernel::ids::PersonId) -> String {
    let contact = file.contacts.iter().find(|contact| contact.person.person_id == *person);
    contact.map(|contact| contact.relation.clone()).unwrap_or_default()
}

/// A field that was changed.
struct Line<'a> {
    field: &'a str,
    on_file: String,
    to: String,
    state: FieldState,
    /// An older value of the same field that waits.
    replaced: Option<&'a FieldRow>,
}

/// Writes the rows of a submission, its traces and its mail.
fn keep(
    app: &App,
    c: &mut Scoped<'_>,
    who: &ClientParty,
    change: &InfoChange,
    (at_once, asked): (&[Line<'_>], &[Line<'_>]),
    withdrawn: &[&FieldRow],
) -> Result<Submitted, Fault> {
    for row in withdrawn {
        swap(c, row, FieldEvent::TakeBack, "", "")?;
    }
    if !withdrawn.is_empty() {
        let names: Vec<&str> = withdrawn.iter().map(|row| row.path.as_str()).collect();
        audit::record(c, who.event(InfoAction::TakenBack, &names))?;
    }
    let lines: Vec<&Line<'_>> = at_once.iter().chain(asked).collect();
    if lines.is_empty() {
        return Ok(if withdrawn.is_empty() { Submitted::Nothing } else { Submitted::Saved });
    }
    for row in lines.iter().filter_map(|line| line.replaced) {
        swap(c, row, FieldEvent::Replace, "", "")?;
    }
    let rows: Vec<FieldRow> = lines
        .iter()
        .map(|line| FieldRow {
            practice_id: change.practice_id,
            change_id: change.change_id,
            path: line.field.to_owned(),
            chart_id: change.chart_id,
            person_id: change.person_id,
            seen_value: line.on_file.clone(),
            new_value: line.to.clone(),
            state: line.state,
            waits_at: line.state.waits().then_some(change.submitted_at),
            reason: String::new(),
            decided_by_name: String::new(),
            decided_at: None,
        })
        .collect();
    store::insert(c, change, &rows)?;
    let names: Vec<&str> = lines.iter().map(|line| line.field).collect();
    audit::record(c, who.event(InfoAction::Submitted, &names))?;
    if at_once.iter().any(|line| line.field == "phones") {
        notices::phones_changed(app, c, change)?;
    }
    Ok(match (at_once.is_empty(), asked.is_empty()) {
        (false, true) => Submitted::Saved,
        (true, _) => Submitted::Sent,
        (false, false) => Submitted::Both,
    })
}

/// Moves a row on. Whoever acts holds the chart, so that nobody else can have moved it since it was read.
fn swap(
    c: &mut Scoped<'_>,
    row: &FieldRow,
    event: FieldEvent,
    reason: &str,
    by_name: &str,
) -> Result<(), Fault> {
    let lost = || Fault::lost_race("one field decided twice at once");
    let state = lifecycle::decide(row.state, event).map_err(|_| lost())?;
    if swap_state(c, row, Decided { state, reason, by_name })? { Ok(()) } else { Err(lost()) }
}

fn write_sheet(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    file: &ChartFile,
    sheet: &FaceSheet,
    email: String,
    birth_date: String,
) -> Outcome<()> {
    Ok(match charts::change_within(app, c, by, file, sheet, &Why::Said { email, birth_date })? {
        Ok(_) => Ok(()),
        Err(charts::Refused::NotFound) => Err(NotDone::NotFound),
        Err(charts::Refused::Fields(problems)) => Err(NotDone::Fields(problems)),
        // A face sheet's form does not hold the chart: read again what it saved.
        Err(charts::Refused::Stale(_)) => return Err(Fault::lost_race("a face sheet saved meanwhile")),
    })
}

/// The client does not want a field changed any more.
pub async fn take_back(
    app: &AppState,
    client: &ClientSession,
    change: InfoChangeId,
    field: String,
) -> Outcome<()> {
    let who = ClientParty::of(client);
    let outcome = app
        .db
        .write(&client.scope, move |c| {
            lock(c, Lock::Charts(std::slice::from_ref(&who.chart)))?;
            if level_now(c, &who.access, Right::Information)? < Level::Act {
                return Ok(Err(NotDone::NotFound));
            }
            let found = change_with_fields(c, &change)?
                .filter(|(change, _)| change.account_id == who.account && change.chart_id == who.chart);
            let Some((_, rows)) = found else { return Ok(Err(NotDone::NotFound)) };
            let Some(row) = rows.iter().find(|row| row.path == field) else {
                return Ok(Err(NotDone::NotFound));
            };
            if lifecycle::decide(row.state, FieldEvent::TakeBack).is_err() {
                return Ok(Err(NotDone::Decided(field.clone(), row.decided_by_name.clone())));
            }
            swap(c, row, FieldEvent::TakeBack, "", "")?;
            audit::record(c, who.event(InfoAction::TakenBack, &[&row.path]))?;
            Ok(Ok(()))
        })
        .await?;
    if outcome.is_ok() {
        app.live.chart_changed(client.scope.id(), &client.chart_id);
    }
    Ok(outcome)
}

/// What staff decide of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Write it, over this value on file.
    Take {
        /// What whoever decides was shown.
        on_file: String,
    },
    /// Do not write it.
    Leave {
        /// Why; the client reads it.
        reason: String,
    },
    /// What was written at once is seen.
    See,
}

/// What becomes of the last name that a new one replaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormerName {
    /// It is kept among the former ones, so that links and representatives go on matching.
    #[default]
    Keep,
    /// It was wrong.
    Drop,
}

/// Decisions about one chart.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// The fields, each of a submission.
    pub fields: Vec<(InfoChangeId, String, Decision)>,
    /// See [`FormerName`].
    pub former_name: FormerName,
    /// Why a birth date is right that lets somebody see more.
    pub birth_reason: String,
}

/// Decides, all of it or nothing.
pub async fn decide(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    decisions: Decisions,
) -> Outcome<()> {
    let inside = app.clone();
    let outcome = app.db.write(scope, move |c| decide_within(&inside, c, &by, &chart, &decisions)).await?;
    if outcome.is_ok() {
        app.live.chart_changed(scope.id(), &chart);
    }
    Ok(outcome)
}

/// The same in a transaction of the caller's.
pub fn decide_within(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    chart: &ChartId,
    decisions: &Decisions,
) -> Outcome<()> {
    lock(c, Lock::Charts(std::slice::from_ref(chart)))?;
    let Some(file) = people::load_file(c, chart)? else { return Ok(Err(NotDone::NotFound)) };
    let mut changes: BTreeMap<InfoChangeId, (InfoChange, Vec<FieldRow>)> = BTreeMap::new();
    for (id, ..) in &decisions.fields {
        if !changes.contains_key(id) {
            let found = change_with_fields(c, id)?;
            let Some(found) = found.filter(|(of, _)| of.person_id == file.client.person_id) else {
                return Ok(Err(NotDone::NotFound));
            };
            changes.insert(*id, found);
        }
    }
    let current = Typed::of(&file);
    let mut wanted = current.clone();
    let beside = Beside::load(c, &file, decisions.fields.iter().map(|(_, field, _)| field.as_str()))?;
    let (mut moves, mut asked_by, mut coverages) = (Vec::new(), Vec::new(), Vec::new());
    for (id, field, decision) in &decisions.fields {
        let Some((change, row)) = changes
            .get(id)
            .and_then(|(change, rows)| Some((change, rows.iter().find(|row| row.path == *field)?)))
        else {
            return Ok(Err(NotDone::NotFound));
        };
        let (event, reason) = match decision {
            Decision::Take { on_file } => {
                let same = *on_file == fields::on_file(&file, &beside, &change.account_id, field);
                (FieldEvent::Take(if same { OnFile::AsShown } else { OnFile::Changed }), String::new())
            }
            Decision::Leave { reason } => match text::line(reason, LONGEST_REASON) {
                Err(_) => return Ok(Err(NotDone::ReasonUnreadable(field.clone()))),
                Ok(reason) if reason.is_empty() => return Ok(Err(NotDone::ReasonMissing(field.clone()))),
                Ok(reason) => (FieldEvent::Leave, reason),
            },
            Decision::See => (FieldEvent::See, String::new()),
        };
        match lifecycle::decide(row.state, event) {
            Err(Refusal::Decided) => {
                return Ok(Err(NotDone::Decided(field.clone(), row.decided_by_name.clone())));
            }
            Err(Refusal::ChangedMeanwhile) => return Ok(Err(NotDone::ChangedMeanwhile(field.clone()))),
            Ok(FieldState::Taken) => match Position::of_path(field) {
                Some(position) => {
                    let coverage = Coverage::read(&row.new_value);
                    let coverage = coverage
                        .ok_or_else(|| Fault::Damaged(format!("a coverage of {id} cannot be read")))?;
                    coverages.push((position, coverage));
                }
                None => {
                    fields::write(&mut wanted.client, field, &row.new_value);
                    asked_by.push(change.by_name.clone());
                }
            },
            Ok(_) => {}
        }
        moves.push((row, event, reason));
    }
    if decisions.former_name == FormerName::Keep {
        keep_former_name(&current.client, &mut wanted.client);
    }
    if wanted != current {
        let practice = practice::load(c)?;
        let sheet = granted!(wanted.check(practice.today(c.now())).map_err(NotDone::Fields));
        asked_by.dedup();
        let words = Words::of(practice.language());
        let reason = words.with1("information-asked-by", "name", asked_by.join(", "));
        let Ok(birth_reason) = text::line(&decisions.birth_reason, LONGEST_REASON) else {
            return Ok(Err(NotDone::ReasonUnreadable("birth_date".to_owned())));
        };
        granted!(write_sheet(app, c, by, &file, &sheet, reason, birth_reason)?);
    }
    let by_name = by.actor.name();
    for (position, coverage) in &coverages {
        coverage_store::replace(c, chart, *position, coverage, &by_name)?;
    }
    for (row, event, reason) in &moves {
        swap(c, row, *event, reason, &by_name)?;
    }
    record(c, by, chart, &moves)?;
    for id in changes.keys() {
        let is_decided = moves.iter().any(|(row, event, _)| {
            row.change_id == *id && matches!(event, FieldEvent::Take(_) | FieldEvent::Leave)
        });
        if let (true, Some((change, rows))) = (is_decided, change_with_fields(c, id)?)
            && rows.iter().all(|row| row.state != FieldState::Pending)
        {
            notices::decided(app, c, &change)?;
        }
    }
    Ok(Ok(()))
}

/// Puts the last name on file among the former ones where another takes its place.
fn keep_former_name(current: &TypedPerson, wanted: &mut TypedPerson) {
    let old = &current.last_name;
    let is_known = wanted.former_last_names.lines().any(|former| former == old);
    if !old.is_empty() && *old != wanted.last_name && !is_known {
        if !wanted.former_last_names.is_empty() {
            wanted.former_last_names.push('\n');
        }
        wanted.former_last_names.push_str(old);
    }
}

/// One event for each kind of decision, with the names of its fields.
fn record(
    c: &mut Scoped<'_>,
    by: &By,
    chart: &ChartId,
    moves: &[(&FieldRow, FieldEvent, String)],
) -> Result<(), Fault> {
    let kinds: [(InfoAction, fn(&FieldEvent) -> bool); 3] = [
        (InfoAction::Taken, |event| matches!(event, FieldEvent::Take(_))),
        (InfoAction::Left, |event| *event == FieldEvent::Leave),
        (InfoAction::Seen, |event| *event == FieldEvent::See),
    ];
    for (action, is_of_kind) in kinds {
        let of_kind = moves.iter().filter(|(_, event, _)| is_of_kind(event));
        let names: Vec<&str> = of_kind.map(|(row, ..)| row.path.as_str()).collect();
        if !names.is_empty() {
            let details = serde_json::json!({ "fields": names });
            audit::record(c, Event::new(by.clone(), action).on_chart(chart).with(details))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_last_name_is_kept_once_among_the_former_ones() {
        let named = |last: &str, former: &str| TypedPerson {
            last_name: last.into(),
            former_last_names: former.into(),
            ..TypedPerson::default()
        };
        for (old, new, former, wanted) in [
            ("Duarte", "Silva", "", "Duarte"),
            ("Duarte", "Silva", "Costa", "Costa\nDuarte"),
            ("Duarte", "Silva", "Duarte", "Duarte"),
            ("Duarte", "Duarte", "", ""),
            ("", "Silva", "", ""),
        ] {
            let mut next = named(new, former);
            keep_former_name(&named(old, former), &mut next);
            assert_eq!(next.former_last_names, wanted, "{old} {new} {former}");
        }
    }
}

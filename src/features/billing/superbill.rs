//! A superbill: what a client sends to an insurer to be paid back, with the codes that it asks for, frozen as it was made.
//! It goes to the client alone. What an insurer would send back for is missing here by name before one is made.

use jiff::civil::Date;

use crate::features::billing::act::{hold, note};
use crate::features::billing::audit::BillingAction;
use crate::features::billing::diagnosis_store::DiagnosisWords;
use crate::features::billing::encounter_store;
use crate::features::billing::identity_store::{self, Identity};
use crate::features::billing::insurance_store::coverages;
use crate::features::billing::invoice::part_of;
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::statement::{Sender, addressed, day_words, sender, tell};
use crate::features::billing::store::Charge;
use crate::features::billing::superbill_store::{self as rows, SuperbillHead};
use crate::features::ledger::{Item, entries_of, posting_currency};
use crate::features::people;
use crate::features::practice;
use crate::kernel::ids::{ChartId, PayerId, StaffId, SuperbillId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::secrets::sha256_hex;
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::pdf_writer::{Align, Block, Column, Content, Table, Weight};
use crate::platform::state::App;

/// Lines of one superbill.
const MOST_LINES: i64 = 60;

/// See the module. Its JSON is kept, so a field that is added later has a default.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SuperbillData {
    /// Its number.
    pub number: String,
    /// The language that it is written in.
    pub language: Language,
    /// The practice.
    pub practice: Sender,
    /// The practice's NPI.
    pub npi: String,
    /// The practice's EIN.
    pub tax_id: String,
    /// The client's legal name.
    pub client: String,
    /// The client's birth date.
    pub born: String,
    /// The client's sex, as the insurer has it on file; may be empty.
    #[serde(default)]
    pub sex: String,
    /// The client's postal address, line by line.
    #[serde(default)]
    pub address: Vec<String>,
    /// The chart's number.
    pub chart_number: String,
    /// Insurer, member, group, and who holds the contract where that is somebody else; where they are known.
    pub insurance: Vec<(String, String, String, String)>,
    /// Who saw the client: name with credentials, NPI, license.
    pub clinicians: Vec<(String, String, String)>,
    /// The kind of work of each of them, by its code; may be empty.
    #[serde(default)]
    pub taxonomies: Vec<String>,
    /// Who supervised: name with credentials, NPI.
    #[serde(default)]
    pub supervisors: Vec<(String, String)>,
    /// The codes of the diagnoses, in the order in which lines point to them.
    pub diagnoses: Vec<String>,
    /// What they stand for, in the same order.
    #[serde(default)]
    pub diagnosis_words: Vec<String>,
    /// The day on which it was made.
    pub made_on: String,
    /// Of services from this day on, …
    pub from: String,
    /// … up to this one.
    pub until: String,
    /// The currency of every amount.
    pub currency: Currency,
    /// Its lines.
    pub lines: Vec<SuperbillLine>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SuperbillLine {
    /// The day of the service.
    pub on: String,
    /// Where, as insurers code it.
    pub place: String,
    /// The code of the service.
    pub code: String,
    /// Its modifiers.
    pub modifiers: String,
    /// Letters of the diagnoses.
    pub pointers: String,
    /// How many units.
    pub units: i32,
    /// What for.
    pub text: String,
    /// The payer's part of the full fee.
    pub fee: i64,
    /// What of it is not asked for.
    pub off: i64,
    /// What of it was paid.
    pub paid: i64,
}

/// What an insurer would ask for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// The practice's NPI.
    PracticeNpi,
    /// The practice's EIN.
    TaxId,
    /// The client's birth date.
    BirthDate,
    /// Who saw the client on a day.
    Clinician(String),
    /// The NPI of this clinician.
    ClinicianNpi(String),
    /// The license of this clinician.
    License(String),
    /// The code of the service of a day.
    Code(String),
    /// Why the client came on a day.
    Diagnosis(String),
    /// Where the client was seen on a day.
    Place(String),
    /// What this code of a diagnosis stands for.
    DiagnosisWords(String),
}

impl Missing {
    /// In words.
    pub fn words(&self, words: Words) -> String {
        match self {
            Self::PracticeNpi => words.get("billing-missing-practice-npi"),
            Self::TaxId => words.get("billing-missing-tax-id"),
            Self::BirthDate => words.get("billing-missing-birth-date"),
            Self::ClinicianNpi(name) => words.with1("billing-missing-clinician-npi", "name", name),
            Self::License(name) => words.with1("billing-missing-license", "name", name),
            Self::Clinician(day) => words.with1("billing-missing-clinician", "date", day_words(words, day)),
            Self::Code(day) => words.with1("billing-missing-code", "date", day_words(words, day)),
            Self::Diagnosis(day) => words.with1("billing-missing-diagnosis", "date", day_words(words, day)),
            Self::DiagnosisWords(code) => words.with1("billing-missing-diagnosis-words", "code", code),
            Self::Place(day) => words.with1("billing-missing-place", "date", day_words(words, day)),
        }
    }
}

/// Why no superbill was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotMade {
    /// There is no such chart.
    NotFound,
    /// No service of these days is the client's own to pay.
    Nothing,
    /// This is missing.
    Missing(Vec<Missing>),
}

/// What a superbill is to cover.
#[derive(Clone, Copy, Debug)]
pub struct NewSuperbill {
    /// Of this chart.
    pub chart: ChartId,
    /// Of what this payer pays; `None` for whoever pays first.
    pub party: Option<PayerId>,
    /// From this day of service on, …
    pub from: Date,
    /// … up to this one.
    pub until: Date,
}

/// Makes one, and tells whoever may see it that there is something new.
pub fn make(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    new: &NewSuperbill,
) -> Result<Result<SuperbillId, NotMade>, Fault> {
    let currency = posting_currency(c)?;
    let Ok(at) = hold(c, new.chart, currency)? else { return Ok(Err(NotMade::NotFound)) };
    let Some(file) = people::load_file(c, &new.chart)? else { return Ok(Err(NotMade::NotFound)) };
    let practice = practice::load(c)?;
    let day = practice.today(c.now());
    let party = match new.party {
        Some(party) if !responsibility::payers_on(c, at, day)?.contains(&party) => {
            return Ok(Err(NotMade::NotFound));
        }
        Some(party) => party,
        None => responsibility::first_payer(c, at, day)?,
    };
    let charges = rows::charges_between(c, new.chart, new.from, new.until, MOST_LINES)?;
    let charges: Vec<Charge> = charges.into_iter().filter(|charge| charge.currency == currency).collect();
    let items: Vec<Item> = charges.iter().map(|charge| Item::Charge(charge.charge_id)).collect();
    let entries = if items.is_empty() { Vec::new() } else { entries_of(c, &items)? };
    let identities = identity_store::all(c)?;
    let names = encounter_store::clinicians(c)?;
    let known_words = DiagnosisWords::of(c)?;
    let own = identities.get(&StaffId::NIL).cloned().unwrap_or_default();
    let (mut missing, mut lines) = (Vec::new(), Vec::new());
    let (mut clinicians, mut taxonomies, mut supervisors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut diagnoses, mut diagnosis_words): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let person = |id: StaffId| -> (String, Identity) {
        let name = names.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone());
        (name.unwrap_or_default(), identities.get(&id).cloned().unwrap_or_default())
    };
    if own.npi.is_empty() {
        missing.push(Missing::PracticeNpi);
    }
    if own.tax_id.is_empty() {
        missing.push(Missing::TaxId);
    }
    let born = file.client.birth_date.as_ref().map(|date| date.date().to_string());
    if born.is_none() {
        missing.push(Missing::BirthDate);
    }
    for charge in &charges {
        let (fee, off, paid) = part_of(&entries, charge.charge_id, party);
        // Another payer's service is not this one's to ask back.
        if fee == 0 {
            continue;
        }
        let visit = match charge.encounter_id {
            Some(id) => encounter_store::find(c, id)?,
            None => None,
        };
        let on = charge.on_date.clone();
        match visit.as_ref().and_then(|visit| visit.staff_id) {
            None => missing.push(Missing::Clinician(on.clone())),
            Some(id) => {
                let (name, of) = person(id);
                if of.npi.is_empty() {
                    missing.push(Missing::ClinicianNpi(name.clone()));
                }
                if of.license.is_empty() {
                    missing.push(Missing::License(name.clone()));
                }
                let whole = (called(&name, &of), of.npi, of.license);
                if !clinicians.contains(&whole) {
                    clinicians.push(whole);
                    taxonomies.push(of.taxonomy);
                }
            }
        }
        if let Some(id) = visit.as_ref().and_then(|visit| visit.supervisor_id) {
            let (name, of) = person(id);
            if of.npi.is_empty() {
                missing.push(Missing::ClinicianNpi(name.clone()));
            }
            let whole = (called(&name, &of), of.npi);
            if !supervisors.contains(&whole) {
                supervisors.push(whole);
            }
        }
        let codes = visit.as_ref().map(|visit| visit.diagnoses.clone()).unwrap_or_default();
        let mut pointers = String::new();
        for code in codes.split_ascii_whitespace() {
            let at = diagnoses.iter().position(|known| known == code).unwrap_or_else(|| {
                diagnoses.push(code.to_owned());
                match known_words.words(code) {
                    Some(words) => diagnosis_words.push(words.to_owned()),
                    None => missing.push(Missing::DiagnosisWords(code.to_owned())),
                }
                diagnoses.len() - 1
            });
            pointers.push(char::from(b'A'.saturating_add(u8::try_from(at).unwrap_or(25).min(25))));
        }
        if pointers.is_empty() {
            missing.push(Missing::Diagnosis(on.clone()));
        }
        if charge.code.is_empty() {
            missing.push(Missing::Code(on.clone()));
        }
        let place = visit.as_ref().map(|visit| visit.place_of_service.clone()).unwrap_or_default();
        if place.is_empty() {
            missing.push(Missing::Place(on.clone()));
        }
        lines.push(SuperbillLine {
            on,
            place,
            code: charge.code.clone(),
            modifiers: charge.modifiers.clone(),
            pointers,
            units: charge.units,
            text: charge.description.clone(),
            fee,
            off,
            paid,
        });
    }
    if lines.is_empty() {
        return Ok(Err(NotMade::Nothing));
    }
    missing.sort();
    missing.dedup();
    if !missing.is_empty() {
        return Ok(Err(NotMade::Missing(missing)));
    }
    let language = Language::of_tag(&file.client.language).unwrap_or_else(|| practice.language());
    let data = SuperbillData {
        number: rows::number(c)?,
        language,
        practice: sender(&practice),
        npi: own.npi,
        tax_id: own.tax_id,
        client: file.client.full_name(),
        born: born.unwrap_or_default(),
        sex: file.client.sex.clone(),
        address: addressed(c, &file, party)?.into_iter().skip(1).collect(),
        chart_number: file.chart.chart_number.clone(),
        insurance: coverages(c, new.chart)?
            .into_iter()
            .filter(|one| one.holds_on(new.until))
            .map(|one| (one.insurer.name, one.member_number, one.group_number, one.subscriber))
            .collect(),
        clinicians,
        taxonomies,
        supervisors,
        diagnoses,
        diagnosis_words,
        made_on: day.to_string(),
        from: new.from.to_string(),
        until: new.until.to_string(),
        currency,
        lines,
    };
    let json = serde_json::to_string(&data)
        .map_err(|error| Fault::other(format!("writing a superbill: {error}")))?;
    let frozen = (json.as_str(), sha256_hex(json.as_bytes()));
    let id = rows::insert(c, &data.number, (new.chart, party), &by.actor.name(), (frozen.0, &frozen.1))?;
    let details = serde_json::json!({ "superbill": id, "number": data.number });
    note(c, by, BillingAction::SuperbillMade, new.chart, details)?;
    tell(app, c, &practice, &file, party)?;
    Ok(Ok(id))
}

/// A clinician's name with what stands behind it.
fn called(name: &str, of: &Identity) -> String {
    if of.credentials.is_empty() { name.to_owned() } else { format!("{name}, {}", of.credentials) }
}

/// A superbill of this chart, as its page and its PDF print it.
pub fn read(
    c: &mut Scoped<'_>,
    chart: ChartId,
    id: SuperbillId,
) -> Result<Option<(SuperbillHead, SuperbillData)>, Fault> {
    let Some(head) = rows::find(c, chart, id)? else { return Ok(None) };
    if sha256_hex(head.data.as_bytes()) != head.sha256 {
        return Err(Fault::Damaged(format!("superbill {id} was changed")));
    }
    let data = serde_json::from_str(&head.data)
        .map_err(|error| Fault::Damaged(format!("superbill {id} cannot be read: {error}")))?;
    Ok(Some((head, data)))
}

/// A day in a narrow column: "Dec 1, 2026".
fn short_day(words: Words, day: &str) -> String {
    let Ok(date) = day.parse::<Date>() else { return day.to_owned() };
    let (month, day, year) = (words.month_short(date), date.day(), date.year());
    match words.language() {
        Language::English => format!("{month} {day}, {year}"),
        Language::Spanish => format!("{day} {month} {year}"),
    }
}

impl SuperbillData {
    /// An amount of its currency.
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// Charged, and paid.
    pub fn totals(&self) -> (Money, Money) {
        let charged = self.lines.iter().map(|line| line.fee - line.off).sum();
        (self.money(charged), self.money(self.lines.iter().map(|line| line.paid).sum()))
    }

    /// What is left to pay, or that nothing is.
    pub fn balance(&self, words: Words) -> String {
        let (charged, paid) = self.totals();
        match charged.minor - paid.minor {
            ..=0 => words.get("billing-superbill-in-full"),
            left => words.with1("billing-superbill-balance", "amount", self.money(left)),
        }
    }

    /// Label and value, in the order in which they stand.
    pub fn facts(&self, words: Words) -> Vec<(String, String)> {
        let client = [("name", self.client.clone()), ("number", self.chart_number.clone())];
        let mut facts = vec![
            (words.get("billing-statement-client"), words.with("billing-statement-client-number", &client)),
            (words.get("billing-superbill-born"), day_words(words, &self.born)),
        ];
        if !self.sex.is_empty() {
            facts.push((words.get("billing-superbill-sex"), self.sex.clone()));
        }
        if !self.address.is_empty() {
            facts.push((words.get("billing-superbill-address"), self.address.join(", ")));
        }
        facts.extend([
            (words.get("billing-statement-made"), day_words(words, &self.made_on)),
            (
                words.get("billing-superbill-days"),
                format!("{} – {}", day_words(words, &self.from), day_words(words, &self.until)),
            ),
            (words.get("billing-practice-npi"), self.npi.clone()),
            (words.get("billing-tax-id"), self.tax_id.clone()),
        ]);
        for (insurer, member, group, subscriber) in &self.insurance {
            let number = if group.is_empty() { member.clone() } else { format!("{member} / {group}") };
            facts.push((words.get("billing-insurer"), format!("{insurer}, {number}")));
            if !subscriber.is_empty() {
                facts.push((words.get("billing-subscriber"), subscriber.clone()));
            }
        }
        for (at, (name, npi, license)) in self.clinicians.iter().enumerate() {
            let values = [("name", name.clone()), ("npi", npi.clone()), ("license", license.clone())];
            let mut said = words.with("billing-superbill-clinician", &values);
            if let Some(code) = self.taxonomies.get(at).filter(|code| !code.is_empty()) {
                said = words.with2("billing-superbill-taxonomy", "clinician", said, "code", code);
            }
            facts.push((words.get("billing-clinician"), said));
        }
        for (name, npi) in &self.supervisors {
            let said = words.with2("billing-superbill-supervisor", "name", name, "npi", npi);
            facts.push((words.get("billing-supervisor"), said));
        }
        for (at, (code, letter)) in self.diagnoses.iter().zip('A'..).enumerate() {
            let said = self.diagnosis_words.get(at).map(|words| format!(" {words}")).unwrap_or_default();
            facts.push((
                words.with1("billing-superbill-diagnosis", "letter", letter),
                format!("{code}{said}"),
            ));
        }
        facts
    }

    /// A row for each service.
    pub fn rows(&self, words: Words) -> Vec<[String; 9]> {
        let off = |minor: i64| if minor == 0 { String::new() } else { self.money(-minor).to_string() };
        self.lines
            .iter()
            .map(|line| {
                let code = [line.code.as_str(), line.modifiers.as_str()].join(" ");
                [
                    short_day(words, &line.on),
                    line.place.clone(),
                    code.trim_end().to_owned(),
                    line.pointers.clone(),
                    line.units.to_string(),
                    self.money(line.fee).to_string(),
                    off(line.off),
                    self.money(line.fee - line.off).to_string(),
                    self.money(line.paid).to_string(),
                ]
            })
            .collect()
    }

    /// What its PDF holds.
    pub fn content(&self) -> Content {
        let words = Words::of(self.language);
        let title = words.with1("billing-superbill-numbered", "number", &self.number);
        let column = |key: &str, share, align| Column { title: words.get(key), share, align };
        let (charged, paid) = self.totals();
        let empty = String::new;
        let table = Table {
            columns: vec![
                column("billing-col-date", 1.8, Align::Start),
                column("billing-col-place", 0.85, Align::Start),
                column("billing-code", 1.1, Align::Start),
                column("billing-col-diagnosis", 1.45, Align::Start),
                column("billing-units", 0.9, Align::End),
                column("billing-fee", 1.3, Align::End),
                column("billing-col-off", 1.3, Align::End),
                column("billing-col-charged", 1.3, Align::End),
                column("billing-col-paid", 1.3, Align::End),
            ],
            rows: self.rows(words).into_iter().map(Vec::from).collect(),
            total: vec![
                words.get("billing-superbill-total"),
                empty(),
                empty(),
                empty(),
                empty(),
                empty(),
                empty(),
                charged.to_string(),
                paid.to_string(),
            ],
        };
        let blocks = vec![
            self.practice.letterhead(),
            Block::Heading(1, title.clone()),
            Block::Facts(self.facts(words)),
            Block::Table(table),
            Block::Paragraph(Weight::Bold, self.balance(words)),
            Block::Paragraph(Weight::Regular, words.get("billing-superbill-signature")),
            Block::Note(words.get("billing-superbill-no-bill")),
        ];
        Content { title, language: self.language.word().to_owned(), blocks }
    }
}

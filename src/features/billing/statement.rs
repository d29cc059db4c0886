//! A statement: everything that its page and its PDF print, frozen when it is made. Both are built from this alone,
//! so the same statement is the same page and the same file for ever.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::accounts;
use crate::features::accounts::mails::MailContext;
use crate::features::billing::account::running;
use crate::features::billing::actions::Refused;
use crate::features::billing::audit::BillingAction;
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::statement_store as store;
use crate::features::billing::store::Charge;
use crate::features::billing::wording::{Explanation, Named, explain_for};
use crate::features::ledger::{self, Debt, EntryKind, Item, Line, Owed, PartyPurpose};
use crate::features::people::{self, ChartFile, ContactMode};
use crate::features::practice::{self, Practice};
use crate::kernel::ids::{AccessId, ChartId, PayerId, PersonId, StatementId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::secrets::sha256_hex;
use crate::mail_kinds;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::outbox::{self, MailReader, Standing, Subject, SubjectKind};
use crate::platform::pdf_writer::Block;
use crate::platform::permissions::{Level, Right};
use crate::platform::state::App;

/// Lines that one statement may have.
const MOST_LINES: i64 = 500;

/// What mails about news of an account are about: the grant of their reader.
pub const ACCOUNT_READER: SubjectKind = SubjectKind { word: "account_reader", standing };

mail_kinds! {
    /// The mails of this feature.
    pub enum BillingMail {
        /// There is something new in the account.
        New = "billing.new",
    }
}

/// The ages by which open amounts are told apart: up to so many days.
pub const AGES: [i32; 4] = [30, 60, 90, 120];

/// See the module. Its JSON is kept, so a field that is added later has a default.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StatementData {
    /// Its number.
    pub number: String,
    /// The language that it is written in.
    pub language: Language,
    /// Who sends it.
    pub practice: Sender,
    /// The client's legal name.
    pub client: String,
    /// The chart's number.
    pub chart_number: String,
    /// The name of who pays.
    pub payer: String,
    /// The name and the postal address of who pays, line by line, for the window of an envelope.
    #[serde(default)]
    pub to: Vec<String>,
    /// The address of the portal.
    #[serde(default)]
    pub portal: String,
    /// The day on which it was made.
    pub made_on: String,
    /// Its lines were posted on this day or later.
    pub since: String,
    /// What is owed, currency by currency.
    pub accounts: Vec<CurrencyAccount>,
}

/// Who sends a statement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sender {
    /// The practice's name.
    pub name: String,
    /// Its postal address, line by line.
    pub address: Vec<String>,
    /// Its phone; may be empty.
    pub phone: String,
    /// Its e-mail address; may be empty.
    pub email: String,
}

impl Sender {
    /// What stands at the top of a paper, line by line.
    pub fn lines(&self) -> Vec<String> {
        let more = [&self.phone, &self.email].into_iter().filter(|line| !line.is_empty()).cloned();
        std::iter::once(self.name.clone()).chain(self.address.iter().cloned()).chain(more).collect()
    }

    /// The same on a PDF.
    pub fn letterhead(&self) -> Block {
        Block::Letterhead(self.name.clone(), self.lines().into_iter().skip(1).collect())
    }
}

/// One currency of a statement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CurrencyAccount {
    /// Which one.
    pub currency: Currency,
    /// The balance before the first line.
    pub previous: i64,
    /// The lines in the order in which they were posted.
    pub lines: Vec<DataLine>,
    /// What is open of charges.
    pub due: i64,
    /// What is not used of payments.
    pub credit: i64,
    /// What is open, by its age: up to 30, 60, 90, 120 days, and older.
    pub aging: [i64; 5],
    /// What is with insurers and not to be paid now.
    #[serde(default)]
    pub insured: i64,
}

impl CurrencyAccount {
    /// What is owed: negative in the client's favor.
    pub fn balance(&self) -> Money {
        Money::new(self.due - self.credit, self.currency)
    }

    /// An amount of this currency.
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DataLine {
    /// The day that it counts for.
    pub on: String,
    /// What it is.
    pub text: String,
    /// Minor units; payments are negative.
    pub amount: i64,
    /// The balance after it.
    pub after: i64,
    /// It counts for a day before the statement begins, and was posted later.
    pub is_late: bool,
    /// What the insurer did with a charge of which a part is left to the client; may be empty.
    #[serde(default)]
    pub note: String,
}

/// A civil day that a statement keeps as text, in words.
pub fn day_words(words: Words, day: &str) -> String {
    day.parse().map(|day| words.civil_date(day)).unwrap_or_else(|_| day.to_owned())
}

/// The number of the age that a debt of `since` has on a day. Pure.
pub(super) fn age_of(since: Date, on: Date) -> usize {
    let days = on.since(since).map_or(0, |span| span.get_days());
    AGES.iter().position(|most| days <= *most).unwrap_or(AGES.len())
}

/// What is open, by its age on a day. Pure.
fn aged(debts: &[Debt], on: Date) -> [i64; 5] {
    let mut aging = [0; 5];
    for debt in debts {
        aging[age_of(debt.since, on)] += debt.owed;
    }
    aging
}

/// What the insurer did with the charge of a line by which the rest of it is left to this payer. Where somebody else pays
/// a part of the rest, nothing: the sums would tell of them. Pure.
fn insurer_note(words: Words, line: &Line, explained: &[Explanation], named: &Named) -> String {
    let Item::Charge(charge) = line.item else { return String::new() };
    let one = explained.iter().find(|one| one.charge.charge_id == charge);
    let Some(one) = one.filter(|_| line.head.kind == EntryKind::Move && line.amount > 0) else {
        return String::new();
    };
    let sum = |kind: EntryKind| -> i64 {
        let own = one.steps.iter().filter(|step| step.head.kind == kind);
        own.map(|step| -step.insurance.minor).sum()
    };
    let money = |minor| Money::new(minor, one.charge.currency).to_string();
    let (paid, off) = (sum(EntryKind::InsurerPaid), sum(EntryKind::Contractual));
    if one.charge.amount - paid - off != line.amount {
        return String::new();
    }
    let values = [
        ("insurer", named.insurer(words, &one.charge)),
        ("fee", one.charge.money().to_string()),
        ("paid", money(paid)),
        ("off", money(off)),
    ];
    let key = if off > 0 { "billing-statement-insurer-lowered" } else { "billing-statement-insurer" };
    words.with(key, &values)
}

/// The accounts of a statement, from the lines that it covers (the oldest first) and what is owed at its end. Pure.
/// `None` where the two do not agree.
fn accounts_of(
    words: Words,
    since: Date,
    owed: &[(Owed, [i64; 5])],
    lines: &[Line],
    (named, insurers): (&Named, &[Explanation]),
) -> Option<Vec<CurrencyAccount>> {
    let mut accounts = Vec::new();
    for (owed, aging) in owed {
        let own: Vec<Line> =
            lines.iter().filter(|line| line.head.currency == owed.currency).cloned().collect();
        let moved: i64 = own.iter().map(|line| line.amount).sum();
        let previous = owed.balance() - moved;
        let newest_first = own.into_iter().rev().collect();
        let mut shown: Vec<DataLine> = running(newest_first, &[(owed.currency, owed.balance())])
            .into_iter()
            .map(|running| DataLine {
                on: running.line.head.effective_on.to_string(),
                text: named.line(words, &running.line.head, running.line.item),
                amount: running.line.amount,
                after: running.after.minor,
                is_late: running.line.head.effective_on < since,
                note: insurer_note(words, &running.line, insurers, named),
            })
            .collect();
        shown.reverse();
        // A currency in which nothing happened and nothing is owed is left out.
        if shown.is_empty() && previous == 0 && owed.insured == 0 {
            continue;
        }
        if aging.iter().sum::<i64>() != owed.due {
            return None;
        }
        accounts.push(CurrencyAccount {
            currency: owed.currency,
            previous,
            lines: shown,
            due: owed.due,
            credit: owed.credit,
            aging: *aging,
            insured: owed.insured,
        });
    }
    Some(accounts)
}

/// What a statement is to cover.
#[derive(Clone, Copy, Debug)]
pub struct NewStatement {
    /// Of this chart.
    pub chart: ChartId,
    /// Lines that were posted on this day or later.
    pub since: Date,
    /// Of what this payer pays; `None` for whoever pays first.
    pub party: Option<PayerId>,
}

/// The lines that a statement covers: behind a place of the journal, up to one.
struct Cover<'a> {
    chart: ChartId,
    party: PayerId,
    since: Date,
    from: i64,
    through: i64,
    period: Option<&'a str>,
}

pub(super) fn sender(practice: &Practice) -> Sender {
    Sender {
        name: practice.name.clone(),
        address: practice.postal_address.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect(),
        phone: practice.phone.clone(),
        email: practice.email.clone(),
    }
}

/// The name and the postal address of a payer, line by line. Of somebody in safe contact the address is left out: others
/// with access see the paper too.
pub(super) fn addressed(c: &mut Scoped<'_>, file: &ChartFile, party: PayerId) -> Result<Vec<String>, Fault> {
    let payer = ledger::payer_of(c, party)?;
    let known = payer.as_ref().and_then(|payer| file.person(&payer.person)).map(|(person, _)| person.clone());
    let person = match (known, payer) {
        (None, Some(payer)) => people::load_person(c, &payer.person)?,
        (known, _) => known,
    };
    let person = person.unwrap_or_else(|| file.client.clone());
    let address = match person.contact_mode {
        ContactMode::Normal => person.postal_address.as_str(),
        ContactMode::Safe => "",
    };
    let lines = address.lines().filter(|line| !line.is_empty()).map(str::to_owned);
    Ok(std::iter::once(person.full_name()).chain(lines).collect())
}

/// Why no statement was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMade {
    /// See [`Refused`].
    Refused(Refused),
    /// Nothing was posted and nothing is owed.
    Nothing,
    /// More lines than a statement has: begin on a later day.
    TooLong,
}

/// Makes a statement of a chart's account as it is now, and tells whoever may see it that there is something new.
pub fn make(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    new: NewStatement,
) -> Result<Result<StatementId, NotMade>, Fault> {
    lock(c, Lock::Charts(&[new.chart]))?;
    let practice = practice::load(c)?;
    let parties = ledger::parties_with_entries(c, new.chart)?;
    let party = match (new.party, responsibility::first_payer_of(c, new.chart, practice.today(c.now()))?) {
        (Some(party), _) if parties.contains(&party) => party,
        (Some(_), _) => return Ok(Err(NotMade::Refused(Refused::NotFound))),
        // Whoever pays first, unless everything is somebody else's.
        (None, Some(first)) if parties.contains(&first) || parties.is_empty() => first,
        (None, _) => match parties.first() {
            Some(party) => *party,
            None => return Ok(Err(NotMade::Nothing)),
        },
    };
    let from = ledger::last_before(c, new.chart, start_of(new.since, &practice.zone())?)?;
    let through = ledger::head_of(c)?;
    let new = Cover { chart: new.chart, party, since: new.since, from, through, period: None };
    cover(app, c, by, &new)
}

/// Makes the statement of a month, once: from where the one before it ended, up to the month's last entry. What was
/// posted for an earlier day since then stands in it, marked.
pub fn make_monthly(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    chart: ChartId,
    month: Date,
) -> Result<Result<StatementId, NotMade>, Fault> {
    lock(c, Lock::Charts(&[chart]))?;
    let zone = practice::load(c)?.zone();
    let period = month.strftime("%Y-%m").to_string();
    let since = month.first_of_month();
    let next = month.last_of_month().saturating_add(jiff::Span::new().days(1));
    let through = ledger::last_before(c, chart, start_of(next, &zone)?)?;
    let first = ledger::last_before(c, chart, start_of(since, &zone)?)?;
    let mut made = Err(NotMade::Nothing);
    for party in ledger::parties_with_entries(c, chart)? {
        let from = match store::last_monthly(c, chart, party)? {
            Some((_, Some(last))) if last >= period => continue,
            Some((reached, _)) => reached,
            None => first,
        };
        let new = Cover { chart, party, since, from, through, period: Some(&period) };
        let one = cover(app, c, by, &new)?;
        // One of several payers whose statement is too long is told of, and the others have theirs.
        if made.is_err() && one != Err(NotMade::Nothing) {
            made = one;
        }
    }
    Ok(made)
}

fn cover(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    new: &Cover<'_>,
) -> Result<Result<StatementId, NotMade>, Fault> {
    let Some(file) = people::load_file(c, &new.chart)? else {
        return Ok(Err(NotMade::Refused(Refused::NotFound)));
    };
    let practice = practice::load(c)?;
    let party = new.party;
    let language = Language::of_tag(&file.client.language).unwrap_or_else(|| practice.language());
    let before = new.through.saturating_add(1);
    let lines = ledger::lines_for(c, new.chart, &[party], (new.from, before), MOST_LINES + 1)?;
    if i64::try_from(lines.len()).is_ok_and(|count| count > MOST_LINES) {
        return Ok(Err(NotMade::TooLong));
    }
    let lines: Vec<Line> = lines.into_iter().rev().collect();
    let made_on = practice.today(c.now());
    let owed: Vec<(Owed, [i64; 5])> = ledger::stood(c, new.chart, party, new.through)?
        .into_iter()
        .map(|(owed, debts)| (owed, aged(&debts, made_on)))
        .collect();
    let named = Named::of_lines(c, &lines)?;
    let words = Words::of(language);
    let moved = lines.iter().filter(|line| line.head.kind == EntryKind::Move && line.amount > 0);
    let moved: Vec<Charge> = moved.filter_map(|line| named.charge(line.item).cloned()).collect();
    let (insurers, _) = explain_for(c, moved, Some(&[party]))?;
    let accounts = accounts_of(words, new.since, &owed, &lines, (&named, &insurers))
        .ok_or_else(|| Fault::Damaged(format!("the balance of chart {} does not add up", new.chart)))?;
    if accounts.is_empty() {
        return Ok(Err(NotMade::Nothing));
    }
    let data = StatementData {
        number: store::next_number(c, store::Series::Statements)?,
        language,
        practice: sender(&practice),
        client: file.client.full_name(),
        chart_number: file.chart.chart_number.clone(),
        payer: responsibility::named(c, new.chart, &[party])?
            .pop()
            .map_or_else(|| file.client.full_name(), |(_, name)| name),
        to: addressed(c, &file, party)?,
        portal: app.absolute(&format!("/{}/sign-in", practice.slug)),
        made_on: made_on.to_string(),
        since: new.since.to_string(),
        accounts,
    };
    let id = keep(c, by, new, party, &data)?;
    let event = Event::new(by.clone(), BillingAction::StatementMade)
        .on_chart(&new.chart)
        .with(serde_json::json!({ "statement": id, "number": data.number }));
    audit::record(c, event)?;
    tell(app, c, &practice, &file, party)?;
    Ok(Ok(id))
}

fn start_of(day: Date, zone: &TimeZone) -> Result<crate::kernel::clock::Timestamp, Fault> {
    let midnight = day.at(0, 0, 0, 0).to_zoned_datetime(zone.clone());
    let midnight = midnight.map_err(|error| Fault::Other("no such day".into(), Some(error.into())))?;
    Ok(midnight.timestamp().into())
}

fn keep(
    c: &mut Scoped<'_>,
    by: &By,
    new: &Cover<'_>,
    party: PayerId,
    data: &StatementData,
) -> Result<StatementId, Fault> {
    let id = StatementId::fresh(c.rng(), c.now());
    let json =
        serde_json::to_string(data).map_err(|error| Fault::other(format!("writing a statement: {error}")))?;
    let row = store::NewRow {
        id,
        number: &data.number,
        chart: new.chart,
        party,
        from: new.from,
        through: new.through,
        period: new.period,
        sha256: sha256_hex(json.as_bytes()),
        json: &json,
        by_name: &by.actor.name(),
    };
    store::insert(c, &row)?;
    Ok(id)
}

/// A mail to whoever may see what this payer pays: that there is something new, and nothing of what it is. At most one
/// an hour for each chart and reader.
pub(super) fn tell(
    app: &App,
    c: &mut Scoped<'_>,
    practice: &Practice,
    file: &ChartFile,
    party: PayerId,
) -> Result<(), Fault> {
    let payer = ledger::payer_of(c, party)?;
    let client = file.client.person_id;
    let is_for = |reader: PersonId| {
        payer.is_none_or(|payer| match payer.purpose {
            PartyPurpose::Usual => reader == payer.person || payer.person == client,
            PartyPurpose::Private => reader == payer.person,
        })
    };
    let chart = file.chart.chart_id;
    let hour = c.now().micros() / 3_600_000_000;
    let mut mails = Vec::new();
    for reader in accounts::readers_of(c, &chart, Right::Billing)? {
        if !is_for(reader.person_id) {
            continue;
        }
        let desk = MailContext { practice, words: reader.words, called: &reader.called };
        let letter = accounts::mails::account_news(app, desk);
        let key = format!("billing.new.{chart}.{}.{hour}", reader.access_id);
        let mut mail = accounts::mails::mail(
            BillingMail::New,
            key,
            MailReader::Grant(reader.access_id),
            reader.address,
            letter,
        );
        mail.chart = Some(chart);
        mail.access = Some(reader.access_id);
        mail.subject = Some(Subject { kind: ACCOUNT_READER.word, id: reader.access_id.uuid() });
        mails.push(mail);
    }
    outbox::enqueue_many(app, c, mails)?;
    c.ring_after_commit(&app.outbox_bell);
    Ok(())
}

/// A mail goes only to somebody who may still see the account when it leaves.
fn standing(c: &mut Scoped<'_>, access: uuid::Uuid) -> Result<Standing, Fault> {
    let level = accounts::level_now(c, &AccessId::from_uuid(access), Right::Billing)?;
    Ok(if level < Level::View { Standing::Over } else { Standing::Wanted })
}

/// A statement of this chart, as its page and its PDF print it.
pub fn read(c: &mut Scoped<'_>, chart: ChartId, id: StatementId) -> Result<Option<StatementData>, Fault> {
    Ok(read_with(c, chart, id)?.map(|(data, _)| data))
}

/// The same, if it is of one of these payers.
pub fn read_for(
    c: &mut Scoped<'_>,
    chart: ChartId,
    id: StatementId,
    parties: &[PayerId],
) -> Result<Option<StatementData>, Fault> {
    let found = read_with(c, chart, id)?.filter(|(_, party)| parties.contains(party));
    Ok(found.map(|(data, _)| data))
}

fn read_with(
    c: &mut Scoped<'_>,
    chart: ChartId,
    id: StatementId,
) -> Result<Option<(StatementData, PayerId)>, Fault> {
    let Some((json, sha256, party)) = store::find(c, chart, id)? else { return Ok(None) };
    if sha256_hex(json.as_bytes()) != sha256 {
        return Err(Fault::Damaged(format!("statement {id} was changed")));
    }
    let data = serde_json::from_str(&json)
        .map_err(|error| Fault::Damaged(format!("statement {id} cannot be read: {error}")))?;
    Ok(Some((data, party)))
}

/// Notes that somebody of the client's side looked at a statement (AUD-07).
pub fn note_viewed(c: &mut Scoped<'_>, by: &By, chart: ChartId, id: StatementId) -> Result<(), Fault> {
    let event = Event::new(by.clone(), BillingAction::StatementViewed)
        .on_chart(&chart)
        .with(serde_json::json!({ "statement": id }));
    audit::record(c, event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::ChargeId;
    use jiff::civil::date;

    #[test]
    fn what_is_open_stands_in_the_column_of_its_age() {
        let on = date(2026, 12, 1);
        let debt = |since, owed| Debt { charge: ChargeId::NIL, since, owed };
        let debts = [
            debt(date(2026, 12, 1), 1),
            debt(date(2026, 11, 1), 2),
            debt(date(2026, 10, 31), 4),
            debt(date(2026, 9, 2), 8),
            debt(date(2026, 8, 3), 16),
            debt(date(2026, 8, 2), 32),
        ];
        assert_eq!(aged(&debts, on), [3, 4, 8, 16, 32]);
        assert_eq!(aged(&[], on), [0; 5]);
    }
}

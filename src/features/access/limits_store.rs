//! What limits a grant besides its own row: the chart, the client, the law of the place with its age rules,
//! what is withheld, and a consent that opens what a label shuts. Rules and what is withheld are read only where there are any, so that most pages need no
//! statement more.

use std::collections::BTreeMap;

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::access::age::{AgeRule, AssentRule, age_on, rule_in_force};
use crate::features::access::kinds::{Basis, ItemKind};
use crate::features::access::lifecycle::State;
use crate::features::access::permission::{ChartStanding, ClientFacts, Consent, Facts, Withheld};
use crate::features::access::store::{AccessRow, has_more_limits, with_what_decides};
use crate::features::people::{Chart, Person};
use crate::features::practice::{Jurisdiction, Places, Practice};
use crate::kernel::civil::BirthDate;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AgeRuleId, Part2ConsentId, PracticeId, StaffNoteId, WithheldId};
use crate::kernel::zone::Zone;
use crate::platform::db::schema::{
    age_rule, chart, jurisdiction, part2_consent, person, portal_access, practice, withheld,
};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::platform::permissions::{Level, Right};
use crate::practice_row;

/// See the module.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The chart.
    pub chart: ChartStanding,
    /// The client.
    pub client: ClientFacts,
    /// The law of the chart's place.
    pub place: Jurisdiction,
    /// The code of that place.
    pub code: String,
    /// The practice's age rules, of all places.
    pub rules: Vec<AgeRule>,
    /// What is withheld from the grant, also what is so only until a day.
    pub withheld: Vec<Kept>,
    /// The consents under 42 CFR Part 2 that were not taken back, also those that are over.
    pub part2: Vec<Part2Consent>,
    /// The civil date in the practice's zone.
    pub today: Date,
}

impl Limits {
    /// What decides over a grant with this row.
    pub fn facts(&self, row: &AccessRow) -> Facts {
        let rule = if row.basis.ends_at_majority() { self.rule_for(row.basis) } else { None };
        let withheld =
            self.withheld.iter().filter(|kept| kept.is_live(self.today)).map(|kept| kept.what).collect();
        let of_grant = |consent: &&Part2Consent| consent.access == row.access_id;
        let is_live = self.part2.iter().filter(of_grant).any(|consent| consent.is_live(self.today));
        Facts {
            part2: if is_live { Consent::Live } else { Consent::Never },
            ..row.facts(self.chart, self.client, self.place, rule, withheld, self.today)
        }
    }

    fn rule_for(&self, basis: Basis) -> Option<AgeRule> {
        let age = age_on(self.client.born?, self.today, self.place.leap_day)?;
        rule_in_force(&self.rules, &self.code, basis, age, self.today).cloned()
    }
}

/// A day of the database. One that cannot be read is before all others, so that it lets nobody in.
fn day(text: Option<&String>) -> Option<Date> {
    text.map(|text| text.parse().unwrap_or(Date::MIN))
}

impl ChartStanding {
    /// From what is stored. What is not known to be open is closed.
    pub fn read(state: &str, view_until: Option<&String>, frozen_at: Option<Timestamp>) -> Self {
        match (state, frozen_at) {
            ("open", None) => Self::Open,
            ("open", Some(_)) => Self::Frozen,
            _ => Self::Closed(day(view_until)),
        }
    }

    /// Of a chart.
    pub fn of(chart: &Chart) -> Self {
        Self::read(&chart.state, chart.client_view_until.as_ref(), chart.frozen_at)
    }
}

impl ClientFacts {
    /// From what is stored.
    pub fn read(
        born: Option<&BirthDate>,
        emancipated_on: Option<&String>,
        deceased_on: Option<&String>,
    ) -> Self {
        Self {
            born: born.map(BirthDate::date),
            emancipated_on: day(emancipated_on),
            deceased_on: day(deceased_on),
        }
    }

    /// Of a person.
    pub fn of(person: &Person) -> Self {
        Self::read(person.birth_date.as_ref(), person.emancipated_on.as_ref(), person.deceased_on.as_ref())
    }
}

/// What limits one grant, and its row; `None` if this practice has no such grant.
pub fn limits_of(c: &mut Scoped<'_>, id: &AccessId) -> Result<Option<(AccessRow, Limits)>, Fault> {
    type Client = (Option<BirthDate>, Option<String>, Option<String>);
    type OfChart = (String, Option<String>, Option<Timestamp>, String);
    type Found = (AccessRow, Zone, OfChart, Jurisdiction, Client, i32, bool);
    let found: Option<Found> = with_what_decides!(c.rows(portal_access::table))
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(portal_access::access_id.eq(*id))
        .select((
            AccessRow::as_select(),
            practice::time_zone,
            (chart::state, chart::client_view_until, chart::frozen_at, chart::jurisdiction),
            Jurisdiction::as_select(),
            (person::birth_date, person::emancipated_on, person::deceased_on),
            jurisdiction::age_rules,
            has_more_limits!(),
        ))
        .optional(c)?;
    let Some((row, zone, chart, place, client, rule_count, has_more)) = found else { return Ok(None) };
    let has_rules = may_have_rules(&chart.3, rule_count);
    let limits = Limits {
        chart: ChartStanding::read(&chart.0, chart.1.as_ref(), chart.2),
        client: ClientFacts::read(client.0.as_ref(), client.1.as_ref(), client.2.as_ref()),
        place,
        code: chart.3,
        rules: if has_rules { age_rules(c)? } else { Vec::new() },
        withheld: if has_more { withheld_from(c, std::slice::from_ref(id))? } else { Vec::new() },
        part2: if has_more { part2_of(c, std::slice::from_ref(id))? } else { Vec::new() },
        today: c.now().in_zone(zone.rules()).date(),
    };
    Ok(Some((row, limits)))
}

/// What decides over a grant now; `None` if this practice has no such grant.
pub fn facts_of(c: &mut Scoped<'_>, id: &AccessId) -> Result<Option<Facts>, Fault> {
    Ok(limits_of(c, id)?.map(|(row, limits)| limits.facts(&row)))
}

/// What would decide over a grant on a day, today where none is named, if nothing on file changed until then.
pub fn facts_on(c: &mut Scoped<'_>, id: &AccessId, day: Option<Date>) -> Result<Option<Facts>, Fault> {
    let Some((row, limits)) = limits_of(c, id)? else { return Ok(None) };
    let today = day.unwrap_or(limits.today);
    Ok(Some(Limits { today, ..limits }.facts(&row)))
}

/// May there be age rules for charts of this place? Where it has none of its own, the practice's count.
pub fn may_have_rules(code: &str, rule_count: i32) -> bool {
    rule_count > 0 || code != Jurisdiction::PRACTICE
}

/// Grants whose effect on others is counted at once.
const MOST_COUNTED: i64 = 10_000;

/// Every grant in force of a parent or guardian to a chart of this place, with its chart and client.
pub fn bound_to_age(
    c: &mut Scoped<'_>,
    code: &str,
) -> Result<Vec<(AccessRow, ChartStanding, ClientFacts)>, Fault> {
    type Client = (Option<BirthDate>, Option<String>, Option<String>);
    let bases: Vec<Basis> = Basis::ALL.iter().copied().filter(|basis| basis.ends_at_majority()).collect();
    type OfChart = (String, Option<String>, Option<Timestamp>);
    let rows: Vec<(AccessRow, OfChart, Client)> = c
        .rows(portal_access::table)
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(portal_access::practice_id)
                .and(chart::chart_id.eq(portal_access::chart_id))),
        )
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(chart::jurisdiction.eq(code.to_owned()))
        .filter(portal_access::state.eq(State::Active))
        .filter(portal_access::basis.in_list(bases))
        .order(portal_access::access_id.asc())
        .limit(MOST_COUNTED)
        .select((
            AccessRow::as_select(),
            (chart::state, chart::client_view_until, chart::frozen_at),
            (person::birth_date, person::emancipated_on, person::deceased_on),
        ))
        .load(c)?;
    let read = |(row, chart, client): (AccessRow, OfChart, Client)| {
        let client = ClientFacts::read(client.0.as_ref(), client.1.as_ref(), client.2.as_ref());
        (row, ChartStanding::read(&chart.0, chart.1.as_ref(), chart.2), client)
    };
    Ok(rows.into_iter().map(read).collect())
}

/// The practice of this unit of work with the law of its places.
#[derive(Clone, Debug)]
pub struct Here {
    /// The practice.
    pub practice: Practice,
    /// The law of its places.
    pub places: Places,
    /// Its age rules.
    pub rules: Vec<AgeRule>,
}

/// See [`Here`].
pub fn here(c: &mut Scoped<'_>) -> Result<Here, Fault> {
    let rows: Vec<(Practice, String, Jurisdiction, i32)> = c
        .rows(practice::table)
        .inner_join(jurisdiction::table.on(jurisdiction::practice_id.eq(practice::practice_id)))
        .select((
            Practice::as_select(),
            jurisdiction::code,
            Jurisdiction::as_select(),
            jurisdiction::age_rules,
        ))
        .load(c)?;
    let Some((practice, ..)) = rows.first() else {
        return Err(Fault::Damaged("a practice without a law".into()));
    };
    let practice = practice.clone();
    let rules = if rows.iter().any(|(.., rules)| *rules > 0) { age_rules(c)? } else { Vec::new() };
    let places = Places::new(rows.into_iter().map(|(_, code, place, _)| (code, place)).collect());
    Ok(Here { practice, places, rules })
}

/// The most rules that a practice keeps, ended ones among them.
pub const MOST_RULES: usize = 200;

/// A rule as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = age_rule, treat_none_as_default_value = false)]
pub struct AgeRuleRow {
    /// The practice.
    pub practice_id: PracticeId,
    /// The rule.
    pub rule_id: AgeRuleId,
    /// The place's code.
    pub jurisdiction: String,
    /// The age from which it holds.
    pub from_age: i32,
    /// Whom it limits, words with spaces between.
    pub bases: String,
    /// What is left of each right that it limits: `documents:none messages:view`.
    pub caps: String,
    /// See [`AssentRule`].
    pub assent: AssentRule,
    /// Its first day.
    pub effective_from: String,
    /// Its last day.
    pub effective_until: Option<String>,
    /// Its source: a statute, counsel's advice.
    pub source: String,
    /// Who confirmed it.
    pub confirmed_by_name: String,
    /// When the row was made.
    pub created_at: Timestamp,
}

practice_row!(AgeRuleRow, age_rule);

impl AgeRuleRow {
    /// As the permission function knows it. What cannot be read gives least: an unknown word leaves nothing of
    /// its right, a last day that cannot be read never comes.
    pub fn rule(&self) -> AgeRule {
        let caps: BTreeMap<Right, Level> = self
            .caps
            .split_whitespace()
            .filter_map(|word| {
                let (right, level) = word.split_once(':')?;
                Some((right.parse().ok()?, level.parse().unwrap_or(Level::None)))
            })
            .collect();
        AgeRule {
            jurisdiction: self.jurisdiction.clone(),
            from_age: i16::try_from(self.from_age).unwrap_or(0),
            bases: self.bases.split_whitespace().filter_map(|word| word.parse().ok()).collect(),
            caps,
            label_caps: BTreeMap::new(),
            assent: self.assent,
            effective_from: self.effective_from.parse().unwrap_or(Date::MIN),
            effective_until: self.effective_until.as_ref().map(|day| day.parse().unwrap_or(Date::MAX)),
        }
    }
}

/// The rules of this practice as they are stored, by age, then by first day.
pub fn age_rule_rows(c: &mut Scoped<'_>) -> Result<Vec<AgeRuleRow>, Fault> {
    let most = i64::try_from(MOST_RULES).unwrap_or(i64::MAX);
    c.rows(age_rule::table)
        .order((age_rule::from_age.asc(), age_rule::effective_from.asc(), age_rule::rule_id.asc()))
        .limit(most)
        .select(AgeRuleRow::as_select())
        .load(c)
}

/// The rules of this practice.
pub fn age_rules(c: &mut Scoped<'_>) -> Result<Vec<AgeRule>, Fault> {
    Ok(age_rule_rows(c)?.iter().map(AgeRuleRow::rule).collect())
}

/// The most that is withheld from one grant at once.
const MOST_WITHHELD: i64 = 500;

/// Something that is kept from one grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its row.
    pub id: WithheldId,
    /// From which grant.
    pub access: AccessId,
    /// What.
    pub what: Withheld,
    /// Why.
    pub reason: String,
    /// Its first day, where that is not the day of the row.
    pub from: Option<Date>,
    /// Its last day, where it has one.
    pub until: Option<Date>,
    /// Who decided.
    pub by_name: String,
    /// The note that says so: it ends with that note alone.
    pub note: Option<StaffNoteId>,
}

impl Kept {
    /// Does it hold on this day?
    pub fn is_live(&self, today: Date) -> bool {
        self.from.is_none_or(|first| first <= today) && self.until.is_none_or(|last| today <= last)
    }
}

/// What is to be kept from a grant.
#[derive(Clone, Copy, Debug)]
pub struct Keeping<'a> {
    /// What.
    pub what: Withheld,
    /// Its first day, where that is still to come.
    pub from: Option<Date>,
    /// Its last day, where it has one.
    pub until: Option<Date>,
    /// Why.
    pub reason: &'a str,
    /// The note that says so.
    pub note: Option<StaffNoteId>,
}

impl Keeping<'_> {
    /// Is this kept already, by the same word?
    pub fn is_in(&self, kept: &Kept) -> bool {
        (kept.what, kept.from, kept.until, kept.note) == (self.what, self.from, self.until, self.note)
    }
}

/// What is withheld from these grants and was not given back.
pub fn withheld_from(c: &mut Scoped<'_>, grants: &[AccessId]) -> Result<Vec<Kept>, Fault> {
    type Row = (
        (WithheldId, AccessId, Option<Right>, Option<ItemKind>, Option<Vec<u8>>),
        (String, Option<String>, Option<String>, String, Option<StaffNoteId>),
    );
    let rows: Vec<Row> = c
        .rows(withheld::table)
        .filter(withheld::access_id.in_list(grants))
        .filter(withheld::ended_at.is_null())
        .order((withheld::created_at.asc(), withheld::withheld_id.asc()))
        .limit(MOST_WITHHELD)
        .select((
            (
                withheld::withheld_id,
                withheld::access_id,
                withheld::kept_right,
                withheld::item_kind,
                withheld::item_id,
            ),
            (withheld::reason, withheld::from_on, withheld::until_on, withheld::by_name, withheld::note_id),
        ))
        .load(c)?;
    rows.into_iter()
        .map(|((id, access, right, kind, item), (reason, from, until, by_name, note))| {
            let item = item.and_then(|bytes| uuid::Uuid::from_slice(&bytes).ok());
            let what = match (right, kind, item) {
                (Some(right), None, None) => Withheld::Right(right),
                (None, Some(kind), Some(item)) => Withheld::Item(kind, item),
                _ => return Err(Fault::Damaged(format!("{id} withholds neither a right nor an item"))),
            };
            // A first day that cannot be read is over and a last one never comes: what is withheld stays so.
            let from = from.map(|text| text.parse().unwrap_or(Date::MIN));
            let until = until.map(|text| text.parse().unwrap_or(Date::MAX));
            Ok(Kept { id, access, what, reason, from, until, by_name, note })
        })
        .collect()
}

/// Puts in what is kept from a grant.
pub fn insert_withheld(
    c: &mut Scoped<'_>,
    access: &AccessId,
    new: &Keeping<'_>,
    by_name: &str,
) -> Result<(), Fault> {
    let (right, item) = match new.what {
        Withheld::Right(right) => (Some(right), None),
        Withheld::Item(kind, id) => (None, Some((kind, id))),
    };
    let (id, now) = (WithheldId::fresh(c.rng(), c.now()), c.now());
    c.insert(
        withheld::table,
        (
            withheld::withheld_id.eq(id),
            withheld::access_id.eq(*access),
            withheld::kept_right.eq(right),
            withheld::item_kind.eq(item.map(|(kind, _)| kind)),
            withheld::item_id.eq(item.map(|(_, id)| id.as_bytes().to_vec())),
            withheld::reason.eq(new.reason),
            withheld::from_on.eq(new.from.map(|day| day.to_string())),
            withheld::until_on.eq(new.until.map(|day| day.to_string())),
            withheld::note_id.eq(new.note),
            withheld::by_name.eq(by_name),
            withheld::created_at.eq(now),
            withheld::ended_by_name.eq(""),
        ),
    )
}

/// Ends what is kept from a grant.
pub fn end_withheld(c: &mut Scoped<'_>, id: &WithheldId, by_name: &str) -> Result<(), Fault> {
    let now = c.now();
    c.rows(withheld::table)
        .filter(withheld::withheld_id.eq(*id))
        .filter(withheld::ended_at.is_null())
        .set((withheld::ended_at.eq(now), withheld::ended_by_name.eq(by_name)))
        .execute(c)?;
    Ok(())
}

/// A consent of the client that the holder of a grant sees records of treatment for substance use (42 CFR Part 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part2Consent {
    /// Whose grant.
    pub access: AccessId,
    /// What for, as the signed paper says.
    pub purpose: String,
    /// The last day; none: until it is taken back.
    pub until: Option<Date>,
    /// Who recorded it.
    pub by_name: String,
}

impl Part2Consent {
    /// Does it hold on this day?
    pub fn is_live(&self, today: Date) -> bool {
        self.until.is_none_or(|last| today <= last)
    }
}

/// The consents beside these grants that were not taken back.
pub fn part2_of(c: &mut Scoped<'_>, grants: &[AccessId]) -> Result<Vec<Part2Consent>, Fault> {
    let rows: Vec<(AccessId, String, Option<String>, String)> = c
        .rows(part2_consent::table)
        .filter(part2_consent::access_id.in_list(grants))
        .filter(part2_consent::revoked_at.is_null())
        .order((part2_consent::created_at.asc(), part2_consent::consent_id.asc()))
        .limit(MOST_WITHHELD)
        .select((
            part2_consent::access_id,
            part2_consent::purpose,
            part2_consent::until_on,
            part2_consent::by_name,
        ))
        .load(c)?;
    // A last day that cannot be read is over.
    let consent = |(access, purpose, until, by_name): (AccessId, String, Option<String>, String)| {
        Part2Consent { access, purpose, until: day(until.as_ref()), by_name }
    };
    Ok(rows.into_iter().map(consent).collect())
}

/// Puts in a consent.
pub fn insert_part2(
    c: &mut Scoped<'_>,
    access: &AccessId,
    purpose: &str,
    until: Option<Date>,
    by_name: &str,
) -> Result<(), Fault> {
    let (id, now) = (Part2ConsentId::fresh(c.rng(), c.now()), c.now());
    c.insert(
        part2_consent::table,
        (
            part2_consent::consent_id.eq(id),
            part2_consent::access_id.eq(*access),
            part2_consent::purpose.eq(purpose),
            part2_consent::until_on.eq(until.map(|day| day.to_string())),
            part2_consent::by_name.eq(by_name),
            part2_consent::created_at.eq(now),
            part2_consent::revoked_by_name.eq(""),
        ),
    )
}

/// Ends every consent beside a grant; tells whether there was one.
pub fn end_part2(c: &mut Scoped<'_>, access: &AccessId, by_name: &str) -> Result<bool, Fault> {
    let now = c.now();
    let ended = c
        .rows(part2_consent::table)
        .filter(part2_consent::access_id.eq(*access))
        .filter(part2_consent::revoked_at.is_null())
        .set((part2_consent::revoked_at.eq(now), part2_consent::revoked_by_name.eq(by_name)))
        .execute(c)?;
    Ok(ended > 0)
}

/// Puts in a rule.
pub fn insert_age_rule(c: &mut Scoped<'_>, row: &AgeRuleRow) -> Result<(), Fault> {
    c.insert_rows(std::slice::from_ref(row))?;
    c.rows(jurisdiction::table)
        .filter(jurisdiction::code.eq(row.jurisdiction.clone()))
        .set(jurisdiction::age_rules.eq(jurisdiction::age_rules + 1))
        .execute(c)?;
    Ok(())
}

/// Takes a rule away.
pub fn remove_age_rule(c: &mut Scoped<'_>, row: &AgeRuleRow) -> Result<(), Fault> {
    c.rows(age_rule::table).filter(age_rule::rule_id.eq(row.rule_id)).delete(c)?;
    c.rows(jurisdiction::table)
        .filter(jurisdiction::code.eq(row.jurisdiction.clone()))
        .set(jurisdiction::age_rules.eq(jurisdiction::age_rules - 1))
        .execute(c)?;
    Ok(())
}

/// Gives a rule its last day.
pub fn end_age_rule(c: &mut Scoped<'_>, id: &AgeRuleId, last: Date) -> Result<(), Fault> {
    c.rows(age_rule::table)
        .filter(age_rule::rule_id.eq(*id))
        .set(age_rule::effective_until.eq(Some(last.to_string())))
        .execute(c)?;
    Ok(())
}

//! The practice's row.

use diesel::prelude::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::practice::jurisdiction::{Jurisdiction, PlaceOfLaw, Places};
use crate::features::practice::place_store::{PlaceFields, PlaceKind, insert_place};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PracticeId;
use crate::kernel::rng::Rng;
use crate::kernel::zone::Zone;
use crate::platform::db::schema::{jurisdiction, practice};
use crate::platform::db::{PracticeScope, Scoped, System, columns, kept};
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;
use crate::word_enum;

/// A practice, as everybody needs it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = practice)]
pub struct Practice {
    /// Its id.
    pub practice_id: PracticeId,
    /// Its part of every public address.
    pub slug: String,
    /// The name that clients see; neutral, chosen by the practice (EML-01).
    pub name: String,
    /// IANA name.
    pub time_zone: Zone,
    /// Its first language.
    pub language: String,
    /// Accent colour, `#rrggbb`.
    pub accent: String,
    /// Contact block; any may be empty.
    pub phone: String,
    /// Number for text messages.
    pub text_phone: String,
    /// Public e-mail address; mails are answered to it.
    pub email: String,
    /// Web page.
    pub website: String,
    /// Postal address.
    pub postal_address: String,
    /// JSON of [`Policy`].
    pub policy: String,
    /// Set while the operator has suspended it.
    pub suspended_at: Option<Timestamp>,
    /// Counts changes.
    pub version: i64,
}

word_enum! {
    /// What an expired or replaced link's page offers.
    pub enum SelfHelp {
        /// Only how to reach the practice.
        Off = "off",
        /// "Ask the practice for a new link", which reaches the work list.
        Ask = "ask",
    }
}

/// What a practice decides about invitations.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Resends a day and grant.
    pub resends_per_day: i32,
    /// Hours before the end of a link at which a reminder goes out; empty for none.
    pub reminder_hours: Vec<i64>,
    /// No reminder leaves at or after this hour (0 to 23) in the client's zone …
    pub quiet_from: i8,
    /// … and before this one.
    pub quiet_until: i8,
    /// See [`SelfHelp`].
    pub self_help: SelfHelp,
    /// Leave the practice's name out of subject and body.
    pub neutral_mail: bool,
    /// Hours before an appointment up to which a client may cancel it without being late.
    pub cancel_notice_hours: i64,
    /// Hours in which staff can undo that a client did not come.
    pub no_show_undo_hours: i64,
    /// Make each client's statement at the beginning of a month.
    pub monthly_statements: bool,
    /// Hours before an appointment at which its client is reminded of it; empty for none.
    pub appointment_reminder_hours: Vec<i64>,
    /// Business days in which clients are told that a request for an appointment is answered.
    pub request_reply_days: i32,
    /// Hours for which the times that a client asks for are kept for them.
    pub hold_hours: i64,
    /// Hours for which the times that are offered to a client are kept for them.
    pub offer_hours: i64,
    /// Days of the week on which messages are answered; 1 is Monday.
    pub reply_days: Vec<i8>,
    /// Messages are answered from this hour …
    pub reply_from: i8,
    /// … until this one (up to 24), by the clock of the practice.
    pub reply_until: i8,
    /// Business days in which clients are told that the front desk answers …
    pub desk_reply_days: i32,
    /// … a clinician …
    pub clinician_reply_days: i32,
    /// … and billing.
    pub billing_reply_days: i32,
    /// A parent goes on reading the conversations in which they took part once the client is of age.
    pub parent_archive: bool,
    /// What stands beside 911 and 988 where clients write, in English …
    pub crisis_en: String,
    /// … and in Spanish; nothing: the usual words alone.
    pub crisis_es: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            resends_per_day: 5,
            reminder_hours: vec![72, 24],
            quiet_from: 20,
            quiet_until: 8,
            self_help: SelfHelp::Ask,
            neutral_mail: false,
            cancel_notice_hours: 24,
            no_show_undo_hours: 72,
            monthly_statements: false,
            appointment_reminder_hours: vec![48, 3],
            request_reply_days: 2,
            hold_hours: 48,
            offer_hours: 48,
            reply_days: vec![1, 2, 3, 4, 5],
            reply_from: 9,
            reply_until: 17,
            desk_reply_days: 2,
            clinician_reply_days: 2,
            billing_reply_days: 3,
            parent_archive: true,
            crisis_en: String::new(),
            crisis_es: String::new(),
        }
    }
}

impl Policy {
    /// The practice's own words for a crisis, for a reader of this language.
    pub fn crisis(&self, language: Language) -> &str {
        match language {
            Language::English => &self.crisis_en,
            Language::Spanish => &self.crisis_es,
        }
    }
}

impl Practice {
    /// The rules of its zone.
    pub fn zone(&self) -> TimeZone {
        self.time_zone.rules().clone()
    }

    /// Nine in the morning of the next month's first day there.
    pub fn next_month(&self, now: Timestamp) -> Timestamp {
        let first = self.today(now).last_of_month().saturating_add(jiff::Span::new().days(1));
        let nine = self.zone().to_ambiguous_zoned_datetime(first.at(9, 0, 0, 0)).compatible();
        nine.map_or_else(|_| now.plus_hours(24), |zoned| zoned.timestamp().into())
    }

    /// The civil date there.
    pub fn today(&self, now: Timestamp) -> Date {
        now.in_zone(&self.zone()).date()
    }

    /// The last second of a day there, so that whoever reads the moment reads that day; `None` at the end of the calendar.
    pub fn end_of(&self, day: Date) -> Option<Timestamp> {
        let midnight = day.tomorrow().ok()?.at(0, 0, 0, 0);
        let midnight = self.zone().to_ambiguous_zoned_datetime(midnight).compatible().ok()?;
        Some(Timestamp::from(midnight.timestamp()).plus_seconds(-1))
    }

    /// Its first language.
    pub fn language(&self) -> Language {
        Language::read(&self.language)
    }

    /// Its policies.
    pub fn policy(&self) -> Policy {
        serde_json::from_str(&self.policy).unwrap_or_default()
    }
}

/// The practice of this unit of work, and the law of its places.
pub fn load_with_places(c: &mut Scoped<'_>) -> Result<(Practice, Places), Fault> {
    let rows: Vec<(Practice, String, Jurisdiction)> = c
        .rows(practice::table)
        .inner_join(jurisdiction::table.on(jurisdiction::practice_id.eq(practice::practice_id)))
        .select(columns((Practice::as_select(), jurisdiction::code, Jurisdiction::as_select())))
        .kept()
        .load(c)?;
    let Some((practice, ..)) = rows.first() else {
        return Err(Fault::Damaged("a practice without a law".into()));
    };
    let practice = practice.clone();
    Ok((practice, Places::new(rows.into_iter().map(|(_, code, place)| (code, place)).collect())))
}

/// The most places that a practice keeps.
pub const MOST_PLACES_OF_LAW: usize = 60;

/// The places of law of a practice, its own first.
pub fn places_of_law(c: &mut Scoped<'_>) -> Result<Vec<PlaceOfLaw>, Fault> {
    let mut places: Vec<PlaceOfLaw> = c
        .rows(jurisdiction::table)
        .order((jurisdiction::name.asc(), jurisdiction::code.asc()))
        .select(PlaceOfLaw::as_select())
        .load(c)?;
    places.sort_by_key(|place| !place.is_own());
    Ok(places)
}

/// Writes what the law of a place says; a place that is not there is added.
pub fn save_place_of_law(c: &mut Scoped<'_>, place: &PlaceOfLaw) -> Result<(), Fault> {
    let changed = c
        .rows(jurisdiction::table)
        .filter(jurisdiction::code.eq(&place.code))
        .set((
            jurisdiction::name.eq(&place.name),
            jurisdiction::majority_age.eq(place.law.majority_age),
            jurisdiction::leap_day.eq(place.law.leap_day),
            jurisdiction::source.eq(&place.source),
            jurisdiction::confirmed_by_name.eq(&place.confirmed_by_name),
        ))
        .execute(c)?;
    if changed > 0 {
        return Ok(());
    }
    c.insert(
        jurisdiction::table,
        (
            jurisdiction::code.eq(&place.code),
            jurisdiction::name.eq(&place.name),
            jurisdiction::majority_age.eq(place.law.majority_age),
            jurisdiction::leap_day.eq(place.law.leap_day),
            jurisdiction::source.eq(&place.source),
            jurisdiction::confirmed_by_name.eq(&place.confirmed_by_name),
        ),
    )
}

/// The practice of this unit of work.
pub fn load(c: &mut Scoped<'_>) -> Result<Practice, Fault> {
    let query = c.rows(practice::table).select(columns(Practice::as_select()));
    query.limit(1).kept().only(c)
}

/// The practice with this public address, unless suspended.
pub fn find_by_slug(system: &mut System<'_>, slug: &str) -> Result<Option<Practice>, Fault> {
    let query = practice::table
        .filter(practice::slug.eq(slug).or(practice::private_path.eq(slug)))
        .filter(practice::suspended_at.is_null())
        .select(columns(Practice::as_select()));
    Ok(kept(query.limit(1)).get_result(system.conn).optional()?)
}

/// The public address that somebody without a practice is led to: the one they asked for, or, where they
/// did not say, the installation's only one.
pub fn wanted_slug(system: &mut System<'_>, asked: Option<&str>) -> Result<Option<String>, Fault> {
    match asked {
        Some(slug) => Ok(find_by_slug(system, slug)?.map(|practice| practice.slug)),
        None => only_slug(system),
    }
}

/// The public address of the installation's practice, where it has exactly one.
fn only_slug(system: &mut System<'_>) -> Result<Option<String>, Fault> {
    let mut slugs: Vec<String> = practice::table
        .filter(practice::suspended_at.is_null())
        .select(practice::slug)
        .limit(2)
        .load(system.conn)?;
    Ok(if slugs.len() == 1 { slugs.pop() } else { None })
}

/// Is there any practice yet? Tells a database in use from a fresh one.
pub fn is_any(system: &mut System<'_>) -> Result<bool, Fault> {
    Ok(practice::table.select(practice::slug).first::<String>(system.conn).optional()?.is_some())
}

/// A practice to be made.
#[derive(Clone, Debug)]
pub struct NewPractice {
    /// Its part of public addresses: lower-case letters, digits and dashes, 2 to 24.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its time zone.
    pub time_zone: Zone,
    /// Its first language.
    pub language: Language,
    /// Public e-mail address.
    pub email: String,
    /// Phone.
    pub phone: String,
}

/// Where a new practice sees its clients, until it says more.
fn first_places(new: &NewPractice) -> [PlaceFields; 2] {
    let place = |kind, name: &str| PlaceFields {
        kind,
        name: name.to_owned(),
        time_zone: new.time_zone.clone(),
        address: String::new(),
        phone: String::new(),
        directions: String::new(),
    };
    [place(PlaceKind::Office, &new.name), place(PlaceKind::Video, "Video")]
}

/// What stands in place of the slug in the links of mails that must not tell who writes.
fn private_path(rng: &dyn Rng) -> String {
    let mut bytes = [0u8; 8];
    rng.fill(&mut bytes);
    format!("p-{}", hex::encode(bytes))
}

/// Makes a practice. The slug's uniqueness is the database's to say.
pub fn create(system: &mut System<'_>, new: &NewPractice) -> Result<PracticeId, Fault> {
    let id = PracticeId::fresh(system.rng, system.now);
    diesel::insert_into(practice::table)
        .values((
            practice::practice_id.eq(id.clone()),
            practice::slug.eq(&new.slug),
            practice::name.eq(&new.name),
            practice::time_zone.eq(&new.time_zone),
            practice::language.eq(new.language.word()),
            practice::accent.eq("#2f6f62"),
            practice::phone.eq(&new.phone),
            practice::text_phone.eq(""),
            practice::email.eq(&new.email),
            practice::website.eq(""),
            practice::postal_address.eq(""),
            practice::policy.eq(serde_json::to_string(&Policy::default()).unwrap_or_default()),
            practice::version.eq(1i64),
            practice::created_at.eq(system.now),
            practice::private_path.eq(private_path(system.rng)),
        ))
        .execute(system.conn)?;
    diesel::insert_into(jurisdiction::table)
        .values((
            jurisdiction::practice_id.eq(id),
            jurisdiction::code.eq(Jurisdiction::PRACTICE),
            Jurisdiction::BUILT_IN,
        ))
        .execute(system.conn)?;
    let scope = PracticeScope::for_operator(id);
    for place in first_places(new) {
        insert_place(&mut system.within(&scope), &place)?;
    }
    Ok(id)
}

/// Every practice, by its address part; also suspended ones.
pub fn all(system: &mut System<'_>) -> Result<Vec<Practice>, Fault> {
    Ok(practice::table.order(practice::slug.asc()).select(Practice::as_select()).load(system.conn)?)
}

/// What an administrator changes of a practice's row.
#[derive(AsChangeset)]
#[diesel(table_name = practice)]
pub struct ProfileColumns<'a> {
    /// Its name.
    pub name: &'a str,
    /// IANA name.
    pub time_zone: &'a str,
    /// Its first language.
    pub language: &'a str,
    /// `#rrggbb`.
    pub accent: &'a str,
    /// Phone.
    pub phone: &'a str,
    /// Number for text messages.
    pub text_phone: &'a str,
    /// Public e-mail address.
    pub email: &'a str,
    /// Web page.
    pub website: &'a str,
    /// Postal address.
    pub postal_address: &'a str,
}

/// Saves a profile over this version; returns how many rows it met, none when somebody was faster.
pub fn update_profile(c: &mut Scoped<'_>, columns: ProfileColumns<'_>, version: i64) -> Result<usize, Fault> {
    c.rows(practice::table)
        .filter(practice::version.eq(version))
        .set((columns, practice::version.eq(version + 1)))
        .execute(c)
}

/// Saves a policy over this version; returns how many rows it met, none when somebody was faster.
pub fn update_policy(c: &mut Scoped<'_>, text: &str, version: i64) -> Result<usize, Fault> {
    c.rows(practice::table)
        .filter(practice::version.eq(version))
        .set((practice::policy.eq(text), practice::version.eq(version + 1)))
        .execute(c)
}

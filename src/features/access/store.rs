//! The queries of grants and invitations, and nothing else's.

use std::collections::BTreeMap;

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::access::age::AgeRule;
use crate::features::access::identity::Field;
use crate::features::access::lifecycle::{Credential, Grant, Phase, State, is_over};
use crate::features::access::permission::{
    Assent, Basis, ChartStanding, ClientFacts, Consent, Facts, GrantFacts, GrantStanding, SensitiveItems,
    Withheld,
};
use crate::features::people::{Chart, Person};
use crate::features::practice::Jurisdiction;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, AccountId, ChartId, InvitationId, PersonId, PracticeId};
use crate::kernel::secrets::{ShortCode, Token};
use crate::platform::db::InLists as _;
use crate::platform::db::schema::{chart, invitation, person, portal_access, practice, reminder};
use crate::platform::db::{Scoped, columns};
use crate::platform::fault::Fault;
use crate::platform::outbox::{Standing, Subject, SubjectKind};
use crate::platform::permissions::Terms;
use crate::practice_row;
use crate::word_enum;

word_enum! {
    /// What the holder of a grant is to the chart.
    pub enum GrantRole {
        /// The chart owner: the client or, after Change Ownership, a related contact.
        Owner = "owner",
        /// Another person whom the practice lets see the chart.
        Representative = "representative",
        /// Was the chart owner before Change Ownership.
        FormerOwner = "former_owner",
    }
}

word_enum! {
    /// What ended an invitation or an access, where it was not the staff's own wish.
    pub enum EndedBy {
        /// The address that the link went to left the face sheet.
        AddressChanged = "address_changed",
        /// Somebody else became the chart owner.
        OwnershipMoved = "ownership_moved",
        /// The reader of "you are registered" said that it was not them.
        Disowned = "disowned",
        /// The holder said that they no longer need it.
        Holder = "holder",
    }
}

word_enum! {
    /// How an invitation reaches its reader.
    pub enum Channel {
        /// By mail.
        Mail = "mail",
        /// On paper, with a code to type.
        Letter = "letter",
    }
}

word_enum! {
    /// Where one generation of an invitation stands. Only the newest of a grant can be live.
    pub enum InvitationState {
        /// It may be used, if its time is not over and it is not locked: the grant says.
        Live = "live",
        /// A newer one was sent.
        Superseded = "superseded",
        /// It was used.
        Accepted = "accepted",
        /// Staff took it back.
        Withdrawn = "withdrawn",
        /// Its holder declined.
        Declined = "declined",
        /// The person's address changed.
        AddressChanged = "address_changed",
    }
}

/// A grant's row: the current truth.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = portal_access, treat_none_as_default_value = false)]
pub struct AccessRow {
    /// The practice.
    pub practice_id: PracticeId,
    /// The grant.
    pub access_id: AccessId,
    /// Its chart.
    pub chart_id: ChartId,
    /// Whose it is.
    pub person_id: PersonId,
    /// Owner or representative.
    pub role: GrantRole,
    /// What it allows: see [`Terms::read`].
    pub rights: String,
    /// The last day it counts, where it is limited.
    pub ends_on: Option<String>,
    /// What is stored of its state; "expired" never is.
    pub state: State,
    /// The newest invitation's number; 0 before the first.
    pub generation: i32,
    /// When the newest link ends; set while one is out.
    pub expires_at: Option<Timestamp>,
    /// Failed checks on the newest link.
    pub mismatches: i32,
    /// Where the newest link went.
    pub invited_address: Option<EmailAddress>,
    /// When a link's holder asked for a new one.
    pub asked_at: Option<Timestamp>,
    /// The home practice of the account behind it.
    pub account_practice_id: Option<PracticeId>,
    /// The account behind it, once registered.
    pub account_id: Option<AccountId>,
    /// Since when it is in this state.
    pub since_at: Timestamp,
    /// Who brought it there; empty for the client's side.
    pub by_name: String,
    /// Why (revoked).
    pub reason: String,
    /// What ended it, where staff did not mean to end it as such.
    pub ended_by: Option<EndedBy>,
    /// When its holder last registered.
    pub registered_at: Option<Timestamp>,
    /// When the holder of the newest link answered "not now".
    pub not_now_at: Option<Timestamp>,
    /// Counts changes: the guard of every update.
    pub version: i64,
    /// When the row was made.
    pub created_at: Timestamp,
    /// By what right its holder has it.
    pub basis: Basis,
    /// The first day it counts, where it does not count at once.
    pub starts_on: Option<String>,
    /// Since when staff have paused it.
    pub paused_at: Option<Timestamp>,
    /// Who paused it.
    pub paused_by_name: String,
    /// Why.
    pub paused_reason: String,
    /// When the minor agreed to it, where they did.
    pub assent_at: Option<Timestamp>,
    /// Who recorded that.
    pub assent_by_name: String,
}

impl AccessRow {
    /// A grant that nobody has touched; not yet in the database. It allows nothing until it is given terms.
    pub fn fresh(c: &Scoped<'_>, chart: &ChartId, person: &PersonId, role: GrantRole, basis: Basis) -> Self {
        Self {
            practice_id: c.practice().clone(),
            access_id: AccessId::fresh(c.rng(), c.now()),
            chart_id: chart.clone(),
            person_id: person.clone(),
            role,
            rights: Terms::default().write(),
            ends_on: None,
            state: State::None,
            generation: 0,
            expires_at: None,
            mismatches: 0,
            invited_address: None,
            asked_at: None,
            account_practice_id: None,
            account_id: None,
            since_at: c.now(),
            by_name: String::new(),
            reason: String::new(),
            ended_by: None,
            registered_at: None,
            not_now_at: None,
            version: 0,
            created_at: c.now(),
            basis,
            starts_on: None,
            paused_at: None,
            paused_by_name: String::new(),
            paused_reason: String::new(),
            assent_at: None,
            assent_by_name: String::new(),
        }
    }

    /// The same with these terms.
    pub fn allowing(self, terms: &Terms) -> Self {
        Self { rights: terms.write(), ..self }
    }

    /// As the life cycle knows it.
    pub fn grant(&self) -> Grant {
        Grant {
            state: self.state,
            generation: self.generation,
            expires_at: self.expires_at,
            mismatches: self.mismatches,
            credential: if self.account_id.is_some() { Credential::Present } else { Credential::Absent },
            paused_at: self.paused_at,
        }
    }

    /// What people see at `now`: the same function that enforcement asks (INV-11).
    pub fn phase(&self, now: Timestamp) -> Phase {
        self.grant().phase(now)
    }

    /// Is a link out (good, expired or locked)?
    pub fn is_out(&self) -> bool {
        matches!(self.state, State::Invited | State::Locked)
    }

    /// What it allows.
    pub fn terms(&self) -> Terms {
        Terms::read(&self.rights)
    }

    /// The first day, where it has one. One that cannot be read never comes, so that it lets nobody in.
    pub fn first_day(&self) -> Option<Date> {
        self.starts_on.as_ref().map(|text| text.parse().unwrap_or(Date::MAX))
    }

    /// The last day, where it has one. One that cannot be read is over, so that it lets nobody in.
    pub fn last_day(&self) -> Option<Date> {
        self.ends_on.as_ref().map(|text| text.parse().unwrap_or(Date::MIN))
    }

    /// As [`permission::decide`] knows it, with the chart's state, the client, the law of the place, the age rule in
    /// force and what is withheld. `today` is the practice's own date; the last day counts whole (IDP-07).
    ///
    /// [`permission::decide`]: crate::features::access::permission::decide
    pub fn facts(
        &self,
        chart: ChartStanding,
        client: ClientFacts,
        place: Jurisdiction,
        rule: Option<AgeRule>,
        withheld: Vec<Withheld>,
        today: Date,
    ) -> Facts {
        // Nobody who owned the chart before goes on seeing it by that.
        let standing = match (self.role, self.state) {
            (GrantRole::FormerOwner, _) => GrantStanding::NotActive,
            (_, State::Active) if self.paused_at.is_some() => GrantStanding::Paused,
            (_, State::Active) => GrantStanding::Active,
            _ => GrantStanding::NotActive,
        };
        Facts {
            today,
            chart,
            client,
            grant: GrantFacts {
                basis: self.basis,
                standing,
                starts_on: self.first_day(),
                ends_on: self.last_day(),
                terms: self.terms(),
                sensitive: SensitiveItems::Excluded,
                assent: if self.assent_at.is_some() { Assent::Given } else { Assent::Missing },
            },
            rule,
            place,
            part2: Consent::Never,
            minor_request: Consent::Never,
            withheld,
        }
    }

    /// Takes over what the life cycle decided. `since` and `by` move only with the state; the account
    /// goes with the credential.
    pub fn set_grant(&mut self, grant: &Grant, now: Timestamp, by_name: &str) {
        if self.state != grant.state || self.generation != grant.generation {
            self.since_at = now;
            by_name.clone_into(&mut self.by_name);
            self.reason.clear();
            self.ended_by = None;
        }
        if self.generation != grant.generation {
            self.not_now_at = None;
        }
        self.state = grant.state;
        self.generation = grant.generation;
        self.expires_at = grant.expires_at;
        self.mismatches = grant.mismatches;
        if self.paused_at != grant.paused_at {
            self.paused_at = grant.paused_at;
            self.paused_by_name = grant.paused_at.map(|_| by_name.to_owned()).unwrap_or_default();
            self.paused_reason.clear();
        }
        if grant.credential == Credential::Absent {
            (self.account_practice_id, self.account_id) = (None, None);
        }
    }
}

/// One generation of an invitation.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = invitation, treat_none_as_default_value = false)]
pub struct InvitationRow {
    /// The practice.
    pub practice_id: PracticeId,
    /// The generation's own name.
    pub invitation_id: InvitationId,
    /// Its grant.
    pub access_id: AccessId,
    /// Its number, from 1.
    pub generation: i32,
    /// By mail or as a letter.
    pub channel: Channel,
    /// Where it stands.
    pub state: InvitationState,
    /// SHA-256 of the link's token.
    pub token_hash: String,
    /// SHA-256 of the letter's code.
    pub code_hash: Option<String>,
    /// Where it went; none for a letter.
    pub address: Option<EmailAddress>,
    /// When staff confirmed.
    pub sent_at: Timestamp,
    /// Until when it is good; printed in the mail, so it never moves.
    pub expires_at: Timestamp,
    /// Who confirmed.
    pub sent_by_name: String,
    /// When its form was first filled in.
    pub opened_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The token, sealed, while the link is live.
    pub sealed_token: Option<Vec<u8>>,
    /// Which fields differed in its failed checks: words of [`Field`], with blanks between them.
    pub differed: String,
}

impl InvitationRow {
    /// Which fields differed in its failed checks, these too.
    pub fn differed_with(&self, fields: &[Field]) -> String {
        let known: Vec<Field> = read_differed(&self.differed);
        let all = Field::ALL.iter().filter(|field| known.contains(field) || fields.contains(field));
        all.map(|field| field.word()).collect::<Vec<_>>().join(" ")
    }
}

/// Reads the column `invitation.differed`.
pub fn read_differed(text: &str) -> Vec<Field> {
    text.split(' ').filter_map(|word| word.parse().ok()).collect()
}

practice_row!(AccessRow, portal_access);
practice_row!(InvitationRow, invitation);

/// A reminder that was sent.
#[derive(Insertable)]
#[diesel(table_name = reminder, treat_none_as_default_value = false)]
struct ReminderRow {
    practice_id: PracticeId,
    invitation_id: InvitationId,
    hours: i64,
    sent_at: Timestamp,
}
practice_row!(ReminderRow, reminder);

/// Whether anything is withheld from a grant or a consent stands beside it, for a query on `portal_access`.
#[macro_export]
macro_rules! has_more_limits {
    () => {{
        use $crate::platform::db::rows_beside;
        use $crate::platform::db::schema::{part2_consent, portal_access, withheld};
        diesel::dsl::exists(
            rows_beside(withheld::table, portal_access::table)
                .filter(withheld::access_id.eq(portal_access::access_id))
                .filter(withheld::ended_at.is_null()),
        )
        .or(diesel::dsl::exists(
            rows_beside(part2_consent::table, portal_access::table)
                .filter(part2_consent::access_id.eq(portal_access::access_id))
                .filter(part2_consent::revoked_at.is_null()),
        ))
    }};
}
pub use has_more_limits;

/// The undeliverable mails that carry a grant's newest link, for `exists` inside a query on
/// `portal_access`.
#[macro_export]
macro_rules! undeliverable_mails {
    () => {{
        use $crate::platform::db::schema::{invitation, outbox, portal_access};
        outbox::table
            .inner_join(
                invitation::table.on(invitation::practice_id
                    .eq(outbox::practice_id)
                    .and(outbox::subject_kind.eq($crate::features::access::INVITATION.word))
                    .and(outbox::subject_id.eq(invitation::invitation_id.nullable()))),
            )
            .filter(outbox::practice_id.eq(portal_access::practice_id))
            .filter(outbox::access_id.eq(portal_access::access_id.nullable()))
            .filter(outbox::state.eq($crate::platform::outbox::Delivery::Undeliverable))
            .filter(invitation::generation.eq(portal_access::generation))
    }};
}
pub use undeliverable_mails;

/// How the owner of a chart stands with the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerStanding {
    /// Their phase.
    pub phase: Phase,
    /// Is the mail with the newest link undeliverable?
    pub undeliverable: bool,
    /// Their grant, where it is in force and ends by a day: that day may be over.
    pub may_have_ended: Option<AccessId>,
}

/// See [`OwnerStanding`].
pub fn owner_standing(c: &mut Scoped<'_>, chart: &ChartId) -> Result<OwnerStanding, Fault> {
    type Found = ((State, Option<Timestamp>, bool), (AccessId, Basis, Option<String>));
    let found: Option<Found> = c
        .rows(portal_access::table)
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(portal_access::practice_id)
                .and(chart::chart_id.eq(portal_access::chart_id))
                .and(chart::owner_person_id.eq(portal_access::person_id))),
        )
        .filter(portal_access::chart_id.eq(*chart))
        .select((
            (portal_access::state, portal_access::expires_at, diesel::dsl::exists(undeliverable_mails!())),
            (portal_access::access_id, portal_access::basis, portal_access::ends_on),
        ))
        .optional(c)?;
    let now = c.now();
    let Some(((state, expires_at, undeliverable), (access, basis, ends_on))) = found else {
        return Ok(OwnerStanding { phase: Phase::NotInvited, undeliverable: false, may_have_ended: None });
    };
    let ends = state == State::Active && (basis.ends_at_majority() || ends_on.is_some());
    Ok(OwnerStanding {
        phase: Phase::of(state, expires_at, now),
        undeliverable,
        may_have_ended: ends.then_some(access),
    })
}

/// One grant.
pub fn load_access(c: &mut Scoped<'_>, id: &AccessId) -> Result<Option<AccessRow>, Fault> {
    c.rows(portal_access::table)
        .filter(portal_access::access_id.eq(id.clone()))
        .select(AccessRow::as_select())
        .optional(c)
}

/// One grant, and whether anything is withheld from it or a consent stands beside it.
pub fn load_access_and_more(c: &mut Scoped<'_>, id: &AccessId) -> Result<Option<(AccessRow, bool)>, Fault> {
    c.rows(portal_access::table)
        .filter(portal_access::access_id.eq(*id))
        .select((AccessRow::as_select(), has_more_limits!()))
        .optional(c)
}

/// Every grant of these charts.
pub fn access_of_charts(c: &mut Scoped<'_>, charts: &[ChartId]) -> Result<Vec<AccessRow>, Fault> {
    c.rows(portal_access::table)
        .filter(portal_access::chart_id.in_list(charts))
        .order(portal_access::access_id.asc())
        .select(AccessRow::as_select())
        .load(c)
}

/// Every grant of a chart, and which of them something is withheld from or have a consent beside them.
pub fn access_of_chart(c: &mut Scoped<'_>, id: &ChartId) -> Result<(Vec<AccessRow>, Vec<AccessId>), Fault> {
    let rows: Vec<(AccessRow, bool)> = c
        .rows(portal_access::table)
        .filter(portal_access::chart_id.eq(*id))
        .order(portal_access::access_id.asc())
        .select((AccessRow::as_select(), has_more_limits!()))
        .load(c)?;
    let with_more = rows.iter().filter(|(_, has)| *has).map(|(row, _)| row.access_id).collect();
    Ok((rows.into_iter().map(|(row, _)| row).collect(), with_more))
}

/// Is this the grant of the chart's owner, and does nobody else see the chart in the portal?
pub fn is_sole_owner(c: &mut Scoped<'_>, chart: &ChartId, access: &AccessId) -> Result<bool, Fault> {
    let (rows, _) = access_of_chart(c, chart)?;
    let counts = |row: &&AccessRow| row.state == State::Active && row.paused_at.is_none();
    let is_owner = rows.iter().any(|row| row.access_id == *access && row.role == GrantRole::Owner);
    Ok(is_owner && rows.iter().filter(counts).all(|row| row.access_id == *access))
}

/// Every grant of these people.
pub fn access_of_people(c: &mut Scoped<'_>, people: &[PersonId]) -> Result<Vec<AccessRow>, Fault> {
    let query = c
        .rows(portal_access::table)
        .filter(portal_access::person_id.in_list(people))
        .order(portal_access::access_id.asc())
        .select(columns(AccessRow::as_select()));
    query.kept().load(c)
}

/// The names of the people whom these grants are for.
pub fn names_of(c: &mut Scoped<'_>, ids: &[AccessId]) -> Result<BTreeMap<AccessId, String>, Fault> {
    let rows: Vec<(AccessId, Person)> = c
        .rows(portal_access::table)
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(portal_access::access_id.in_list(ids))
        .select((portal_access::access_id, Person::as_select()))
        .load(c)?;
    Ok(rows.into_iter().map(|(id, person)| (id, person.full_name())).collect())
}

/// Puts new grants in.
pub fn insert_access(c: &mut Scoped<'_>, rows: &[AccessRow]) -> Result<(), Fault> {
    c.insert_rows(rows)
}

/// Saves a grant if nobody saved it since it was loaded; a lost race is a fault that the database's
/// retry answers by running the whole unit again.
pub fn save_access(c: &mut Scoped<'_>, row: &mut AccessRow) -> Result<(), Fault> {
    let saved = c
        .rows(portal_access::table)
        .filter(portal_access::access_id.eq(row.access_id.clone()))
        .filter(portal_access::version.eq(row.version))
        .set((
            portal_access::role.eq(row.role),
            portal_access::rights.eq(row.rights.clone()),
            portal_access::state.eq(row.state),
            portal_access::generation.eq(row.generation),
            portal_access::expires_at.eq(row.expires_at),
            portal_access::mismatches.eq(row.mismatches),
            portal_access::invited_address.eq(row.invited_address.clone()),
            portal_access::asked_at.eq(row.asked_at),
            portal_access::account_practice_id.eq(row.account_practice_id.clone()),
            portal_access::account_id.eq(row.account_id.clone()),
            portal_access::since_at.eq(row.since_at),
            portal_access::by_name.eq(row.by_name.clone()),
            portal_access::reason.eq(row.reason.clone()),
            portal_access::ended_by.eq(row.ended_by),
            portal_access::registered_at.eq(row.registered_at),
            portal_access::not_now_at.eq(row.not_now_at),
            portal_access::version.eq(row.version + 1),
            (
                portal_access::basis.eq(row.basis),
                portal_access::starts_on.eq(row.starts_on.clone()),
                portal_access::ends_on.eq(row.ends_on.clone()),
                portal_access::paused_at.eq(row.paused_at),
                portal_access::paused_by_name.eq(row.paused_by_name.clone()),
                portal_access::paused_reason.eq(row.paused_reason.clone()),
                portal_access::assent_at.eq(row.assent_at),
                portal_access::assent_by_name.eq(row.assent_by_name.clone()),
            ),
        ))
        .execute(c)?;
    if saved == 0 {
        return Err(Fault::lost_race("a grant was changed by somebody else"));
    }
    row.version += 1;
    Ok(())
}

/// Joins to grants what decides over them: the practice with the law of its place, and the chart.
#[macro_export]
macro_rules! with_what_decides {
    ($grants:expr) => {
        $grants
            .inner_join(practice::table.on(practice::practice_id.eq(portal_access::practice_id)))
            .inner_join(
                chart::table.on(chart::practice_id
                    .eq(portal_access::practice_id)
                    .and(chart::chart_id.eq(portal_access::chart_id))),
            )
            .inner_join(
                jurisdiction::table.on(jurisdiction::practice_id
                    .eq(chart::practice_id)
                    .and(jurisdiction::code.eq(chart::jurisdiction))),
            )
    };
}
pub use with_what_decides;

/// What a mail with a link is about. It counts while it is the newest of its grant and its time is not
/// over.
pub const INVITATION: SubjectKind = SubjectKind { word: "invitation", standing };

/// The subject of a mail that carries this invitation's link.
pub fn subject_of(id: &InvitationId) -> Subject {
    Subject { kind: INVITATION.word, id: id.uuid() }
}

fn standing(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    let now = c.now();
    let found: Option<(InvitationState, i32, AccessRow, bool)> = c
        .rows(invitation::table)
        .inner_join(
            portal_access::table.on(portal_access::practice_id
                .eq(invitation::practice_id)
                .and(portal_access::access_id.eq(invitation::access_id))),
        )
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(portal_access::practice_id)
                .and(chart::chart_id.eq(portal_access::chart_id))),
        )
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(invitation::invitation_id.eq(InvitationId::from_uuid(id)))
        .select((
            invitation::state,
            invitation::generation,
            AccessRow::as_select(),
            person::deceased_on.is_null(),
        ))
        .optional(c)?;
    Ok(match found {
        Some((InvitationState::Accepted, ..)) => Standing::Used,
        // Of a client who has died only an executor is invited.
        Some((InvitationState::Live, generation, row, is_alive))
            if generation == row.generation
                && row.is_out()
                && !is_over(row.expires_at, now)
                && (is_alive || row.basis == Basis::Executor) =>
        {
            Standing::Wanted
        }
        _ => Standing::Over,
    })
}

/// Puts new generations in.
pub fn insert_invitations(c: &mut Scoped<'_>, rows: &[InvitationRow]) -> Result<(), Fault> {
    c.insert_rows(rows)
}

/// The generations of one grant, newest first.
pub fn invitations_of(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<InvitationRow>, Fault> {
    c.rows(invitation::table)
        .filter(invitation::access_id.eq(access.clone()))
        .order(invitation::generation.desc())
        .select(InvitationRow::as_select())
        .load(c)
}

/// A generation with its grant, its chart, the invited person, and the practice's language.
pub type LinkRow = (InvitationRow, AccessRow, Chart, Person, String);

macro_rules! links {
    ($c:expr) => {
        $c.rows(invitation::table)
            .inner_join(
                portal_access::table.on(portal_access::practice_id
                    .eq(invitation::practice_id)
                    .and(portal_access::access_id.eq(invitation::access_id))),
            )
            .inner_join(
                chart::table.on(chart::practice_id
                    .eq(invitation::practice_id)
                    .and(chart::chart_id.eq(portal_access::chart_id))),
            )
            .inner_join(practice::table.on(practice::practice_id.eq(invitation::practice_id)))
            .inner_join(
                person::table.on(person::practice_id
                    .eq(invitation::practice_id)
                    .and(person::person_id.eq(portal_access::person_id))),
            )
            .filter(invitation::practice_id.eq(*$c.practice()))
            .select(columns((
                InvitationRow::as_select(),
                AccessRow::as_select(),
                Chart::as_select(),
                Person::as_select(),
                practice::language,
            )))
    };
}

/// What stands behind a link's token. Foreign keys hold the others to the invitation, so that no join loses it.
pub fn find_by_token(c: &mut Scoped<'_>, token: &Token) -> Result<Option<LinkRow>, Fault> {
    let query = links!(c).filter(invitation::token_hash.eq(token.hash()));
    query.kept().optional(c)
}

/// What stands behind a letter's code.
pub fn find_by_code(c: &mut Scoped<'_>, code: &ShortCode) -> Result<Option<LinkRow>, Fault> {
    let query = links!(c).filter(invitation::code_hash.eq(code.hash()));
    query.kept().optional(c)
}

/// The live generations of these grants: at most one each.
pub fn live_invitations(
    c: &mut Scoped<'_>,
    grants: &[AccessId],
) -> Result<Vec<(AccessId, InvitationId)>, Fault> {
    c.rows(invitation::table)
        .filter(invitation::access_id.in_list(grants))
        .filter(invitation::state.eq(InvitationState::Live))
        .select((invitation::access_id, invitation::invitation_id))
        .load(c)
}

/// Ends generations that are live. The sealed token goes with them.
pub fn end_invitations(
    c: &mut Scoped<'_>,
    ids: &[InvitationId],
    state: InvitationState,
) -> Result<usize, Fault> {
    let now = c.now();
    c.rows(invitation::table)
        .filter(invitation::invitation_id.in_list(ids))
        .filter(invitation::state.eq(InvitationState::Live))
        .set((
            invitation::state.eq(state),
            invitation::ended_at.eq(now),
            invitation::sealed_token.eq(None::<Vec<u8>>),
        ))
        .execute(c)
}

/// The live invitation of this token, unless its form was opened before.
pub fn unopened(c: &mut Scoped<'_>, hash: &str) -> Result<Option<(InvitationId, AccessId)>, Fault> {
    c.rows(invitation::table)
        .filter(invitation::token_hash.eq(hash))
        .filter(invitation::state.eq(InvitationState::Live))
        .filter(invitation::opened_at.is_null())
        .select((invitation::invitation_id, invitation::access_id))
        .optional(c)
}

/// Notes which fields differed in the failed checks of a link.
pub fn note_differed(c: &mut Scoped<'_>, id: &InvitationId, differed: &str) -> Result<(), Fault> {
    c.rows(invitation::table)
        .filter(invitation::invitation_id.eq(*id))
        .set(invitation::differed.eq(differed))
        .execute(c)?;
    Ok(())
}

/// Notes that the form behind a link was filled in for the first time; `false` if that was noted before. Only a
/// POST comes here.
pub fn mark_opened(c: &mut Scoped<'_>, id: &InvitationId) -> Result<bool, Fault> {
    let now = c.now();
    let changed = c
        .rows(invitation::table)
        .filter(invitation::invitation_id.eq(id.clone()))
        .filter(invitation::opened_at.is_null())
        .set(invitation::opened_at.eq(now))
        .execute(c)?;
    Ok(changed == 1)
}

/// The reminders that these invitations have had: so many hours before their end.
pub fn reminders_of(
    c: &mut Scoped<'_>,
    invitations: &[InvitationId],
) -> Result<Vec<(InvitationId, i64)>, Fault> {
    c.rows(reminder::table)
        .filter(reminder::invitation_id.in_list(invitations))
        .select((reminder::invitation_id, reminder::hours))
        .load(c)
}

/// Notes that reminders were sent.
pub fn insert_reminders(c: &mut Scoped<'_>, sent: &[(InvitationId, i64)]) -> Result<(), Fault> {
    let (practice, now) = (*c.practice(), c.now());
    let rows: Vec<_> = sent
        .iter()
        .map(|(invitation, hours)| ReminderRow {
            practice_id: practice,
            invitation_id: *invitation,
            hours: *hours,
            sent_at: now,
        })
        .collect();
    c.insert_rows(&rows)
}

/// When these grants were resent by mail since `since`, oldest first: what the daily cap counts. The
/// first invitation of a grant is not a resend.
pub fn resends_since(
    c: &mut Scoped<'_>,
    grants: &[AccessId],
    since: Timestamp,
) -> Result<Vec<(AccessId, Timestamp)>, Fault> {
    c.rows(invitation::table)
        .filter(invitation::access_id.in_list(grants))
        .filter(invitation::channel.eq(Channel::Mail))
        .filter(invitation::generation.gt(1))
        .filter(invitation::sent_at.gt(since))
        .order(invitation::sent_at.asc())
        .select((invitation::access_id, invitation::sent_at))
        .load(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::access::permission::decide;
    use crate::kernel::rng::SystemRng;
    use crate::platform::permissions::{Level, Right};
    use jiff::civil::date;

    #[test]
    fn idp_07_a_grant_counts_through_its_last_day() {
        let now = Timestamp::from_micros(1_796_137_200_000_000);
        let row = |ends_on: Option<&str>| AccessRow {
            practice_id: PracticeId::fresh(&SystemRng, now),
            access_id: AccessId::fresh(&SystemRng, now),
            chart_id: ChartId::fresh(&SystemRng, now),
            person_id: PersonId::fresh(&SystemRng, now),
            role: GrantRole::Representative,
            rights: Terms::all().write(),
            ends_on: ends_on.map(str::to_owned),
            state: State::Active,
            generation: 1,
            expires_at: None,
            mismatches: 0,
            invited_address: None,
            asked_at: None,
            account_practice_id: None,
            account_id: None,
            since_at: now,
            by_name: String::new(),
            reason: String::new(),
            ended_by: None,
            registered_at: None,
            not_now_at: None,
            version: 1,
            created_at: now,
            basis: Basis::ClientChoice,
            starts_on: None,
            paused_at: None,
            paused_by_name: String::new(),
            paused_reason: String::new(),
            assent_at: None,
            assent_by_name: String::new(),
        };
        let client = ClientFacts { born: None, emancipated_on: None, deceased_on: None };
        for (ends_on, today, ended) in [
            (None, date(9999, 12, 31), false),
            (Some("2028-02-29"), date(2028, 2, 28), false),
            (Some("2028-02-29"), date(2028, 2, 29), false),
            (Some("2028-02-29"), date(2028, 3, 1), true),
            (Some("no day at all"), date(2026, 12, 1), true),
        ] {
            let facts = row(ends_on).facts(
                ChartStanding::Open,
                client,
                Jurisdiction::BUILT_IN,
                None,
                Vec::new(),
                today,
            );
            let level = decide(&facts, Right::Messages, None).level;
            assert_eq!(level == Level::None, ended, "{ends_on:?} on {today}");
        }
    }
}

//! Staff members' rows, nothing else's.

use diesel::prelude::*;

use crate::features::practice::Practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::StaffId;
use crate::platform::db::schema::{practice, staff_member as staff};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::platform::permissions::Role;
use crate::word_enum;

word_enum! {
    /// Where a staff member stands.
    pub enum StaffState {
        /// Has a link and no password yet.
        Invited = "invited",
        /// May sign in.
        Active = "active",
        /// May not; kept, because the trail names them.
        Disabled = "disabled",
    }
}

/// A staff member.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = staff)]
pub struct StaffMember {
    /// Who.
    pub staff_id: StaffId,
    /// What they sign in with.
    pub email: EmailAddress,
    /// Its key.
    pub email_key: String,
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// Where they stand.
    pub state: StaffState,
    /// PHC string; none before the first password.
    pub password_hash: Option<String>,
    /// The last sign-in.
    pub last_sign_in_at: Option<Timestamp>,
    /// Counts changes.
    pub version: i64,
    /// When they were added.
    pub created_at: Timestamp,
}

/// By id, with the practice.
pub fn find_with_practice(
    c: &mut Scoped<'_>,
    id: &StaffId,
) -> Result<Option<(StaffMember, Practice)>, Fault> {
    let query = c
        .rows(staff::table)
        .inner_join(practice::table.on(practice::practice_id.eq(staff::practice_id)))
        .filter(staff::staff_id.eq(id))
        .select((StaffMember::as_select(), Practice::as_select()));
    query.kept().optional(c)
}

/// By id.
pub fn find(c: &mut Scoped<'_>, id: &StaffId) -> Result<Option<StaffMember>, Fault> {
    c.rows(staff::table).filter(staff::staff_id.eq(id.clone())).select(StaffMember::as_select()).optional(c)
}

/// By the key of an e-mail address.
pub fn find_by_email(c: &mut Scoped<'_>, key: &str) -> Result<Option<StaffMember>, Fault> {
    c.rows(staff::table).filter(staff::email_key.eq(key)).select(StaffMember::as_select()).optional(c)
}

/// Everybody, by name.
pub fn all(c: &mut Scoped<'_>) -> Result<Vec<StaffMember>, Fault> {
    c.rows(staff::table)
        .order((staff::name.asc(), staff::staff_id.asc()))
        .select(StaffMember::as_select())
        .load(c)
}

/// Adds one. The address's uniqueness is the database's to say.
pub fn insert(
    c: &mut Scoped<'_>,
    email: &EmailAddress,
    name: &str,
    role: Role,
    state: StaffState,
    password_hash: Option<&str>,
) -> Result<StaffId, Fault> {
    let now = c.now();
    let id = StaffId::fresh(c.rng(), now);
    c.insert(
        staff::table,
        (
            staff::staff_id.eq(id.clone()),
            staff::email.eq(email.as_str()),
            staff::email_key.eq(email.key()),
            staff::name.eq(name),
            staff::role.eq(role),
            staff::state.eq(state),
            staff::password_hash.eq(password_hash),
            staff::version.eq(1i64),
            staff::created_at.eq(now),
        ),
    )?;
    Ok(id)
}

/// Notes a sign-in, and a fresh hash of the same password where the one that was checked is weaker than
/// today's.
pub fn signed_in(c: &mut Scoped<'_>, member: &StaffMember, rehashed: Option<&str>) -> Result<(), Fault> {
    let now = c.now();
    let row = c.rows(staff::table).filter(staff::staff_id.eq(member.staff_id.clone()));
    row.clone().set(staff::last_sign_in_at.eq(now)).execute(c)?;
    if let Some(hash) = rehashed {
        // Never over a newer password.
        row.filter(staff::password_hash.eq(member.password_hash.clone()))
            .set(staff::password_hash.eq(hash))
            .execute(c)?;
    }
    Ok(())
}

/// Sets a password; whoever has one may sign in.
pub fn set_password(c: &mut Scoped<'_>, id: &StaffId, hash: &str) -> Result<(), Fault> {
    c.rows(staff::table)
        .filter(staff::staff_id.eq(id.clone()))
        .filter(staff::state.ne(StaffState::Disabled))
        .set((
            staff::password_hash.eq(hash),
            staff::state.eq(StaffState::Active),
            staff::version.eq(staff::version + 1),
        ))
        .execute(c)?;
    Ok(())
}

/// Gives a staff member another role, if nobody changed them since `version`.
pub fn set_role(c: &mut Scoped<'_>, id: &StaffId, role: Role, version: i64) -> Result<bool, Fault> {
    let changed = c
        .rows(staff::table)
        .filter(staff::staff_id.eq(id.clone()))
        .filter(staff::version.eq(version))
        .set((staff::role.eq(role), staff::version.eq(version + 1)))
        .execute(c)?;
    Ok(changed == 1)
}

/// Moves a staff member to another state.
pub fn set_state(c: &mut Scoped<'_>, id: &StaffId, state: StaffState) -> Result<(), Fault> {
    c.rows(staff::table)
        .filter(staff::staff_id.eq(id.clone()))
        .set((staff::state.eq(state), staff::version.eq(staff::version + 1)))
        .execute(c)?;
    Ok(())
}

/// Administrators who may sign in, besides this one. Holds their rows until the commit, so that two
/// administrators cannot each remove the other as "not the last".
pub fn other_administrators(c: &mut Scoped<'_>, but: &StaffId) -> Result<usize, Fault> {
    let administrators = c
        .rows(staff::table)
        .filter(staff::role.eq(Role::Administrator))
        .filter(staff::state.eq(StaffState::Active));
    administrators.set(staff::version.eq(staff::version)).execute(c)?;
    let ids: Vec<StaffId> = administrators.select(staff::staff_id).load(c)?;
    Ok(ids.iter().filter(|id| *id != but).count())
}

/// Which of these e-mail keys are a staff member's.
pub fn email_keys_among(c: &mut Scoped<'_>, keys: &[String]) -> Result<Vec<String>, Fault> {
    c.rows(staff::table).filter(staff::email_key.in_list(keys)).select(staff::email_key).load(c)
}

//! One-time links that set a password: a staff member's invitation, a forgotten password on either
//! side; and those that settle a change of a sign-in's e-mail address. Only the hash of a link's token is kept, and opening one changes nothing.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::LinkId;
use crate::kernel::secrets::Token;
use crate::platform::db::Scoped;
use crate::platform::db::schema::one_time_link as link;
use crate::platform::fault::Fault;
use crate::word_enum;

word_enum! {
    /// What a link is for, and for whom.
    pub enum Purpose {
        /// A staff member sets their first password.
        StaffInvitation = "staff_invitation",
        /// A staff member forgot theirs.
        StaffReset = "staff_reset",
        /// A client forgot theirs.
        ClientReset = "client_reset",
        /// A client's new mailbox confirms.
        EmailConfirm = "email_confirm",
        /// A client's old mailbox stops another address.
        EmailStop = "email_stop",
        /// A client's old mailbox takes another address back.
        EmailUndo = "email_undo",
    }
}

impl Purpose {
    /// How long such a link is good, in hours: a week for an invitation, one hour for a forgotten
    /// password (PWD-06), a day for a new e-mail address, two weeks to take one back.
    pub const fn hours(self) -> i64 {
        match self {
            Self::StaffInvitation => 168,
            Self::StaffReset | Self::ClientReset => 1,
            Self::EmailConfirm | Self::EmailStop => 24,
            Self::EmailUndo => 14 * 24,
        }
    }
}

/// A link that its token found.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = link)]
pub struct Link {
    /// Its row.
    pub link_id: LinkId,
    /// What it is for.
    pub purpose: Purpose,
    /// The staff member's or the account's id.
    pub subject_id: String,
    /// When its time is over.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When it was taken back, or a newer one was made.
    pub revoked_at: Option<Timestamp>,
}

/// What the holder of a token finds.
#[derive(Clone, Debug)]
pub enum LinkState {
    /// No such link in this practice.
    Unknown,
    /// Good.
    Open(Link),
    /// Its time is over.
    Expired(Link),
    /// A password was set with it.
    Used(Link),
    /// Taken back, or a newer one was made.
    Revoked(Link),
}

/// Makes a link; earlier open ones of the same purpose and subject stop working.
pub fn make(c: &mut Scoped<'_>, purpose: Purpose, subject: &str, valid_hours: i64) -> Result<Token, Fault> {
    revoke_all(c, purpose, subject)?;
    let token = Token::fresh(c.rng());
    let now = c.now();
    c.insert(
        link::table,
        (
            link::link_id.eq(LinkId::fresh(c.rng(), now)),
            link::purpose.eq(purpose),
            link::subject_id.eq(subject),
            link::token_hash.eq(token.hash()),
            link::created_at.eq(now),
            link::expires_at.eq(now.plus_hours(valid_hours)),
        ),
    )?;
    Ok(token)
}

/// What a token opens now. Reads only.
pub fn find(c: &mut Scoped<'_>, token: &Token) -> Result<LinkState, Fault> {
    let found: Option<Link> = c
        .rows(link::table)
        .filter(link::token_hash.eq(token.hash()))
        .select(Link::as_select())
        .optional(c)?;
    let now = c.now();
    Ok(match found {
        None => LinkState::Unknown,
        Some(found) if found.used_at.is_some() => LinkState::Used(found),
        Some(found) if found.revoked_at.is_some() => LinkState::Revoked(found),
        Some(found) if now >= found.expires_at => LinkState::Expired(found),
        Some(found) => LinkState::Open(found),
    })
}

/// Uses a link up; `false` when somebody else did, or its time ran out meanwhile.
pub fn use_up(c: &mut Scoped<'_>, found: &Link) -> Result<bool, Fault> {
    let now = c.now();
    let changed = c
        .rows(link::table)
        .filter(link::link_id.eq(found.link_id.clone()))
        .filter(link::used_at.is_null())
        .filter(link::revoked_at.is_null())
        .filter(link::expires_at.gt(now))
        .set(link::used_at.eq(now))
        .execute(c)?;
    Ok(changed == 1)
}

/// Takes back every open link of this purpose and subject; returns how many there were.
pub fn revoke_all(c: &mut Scoped<'_>, purpose: Purpose, subject: &str) -> Result<usize, Fault> {
    let now = c.now();
    c.rows(link::table)
        .filter(link::subject_id.eq(subject))
        .filter(link::purpose.eq(purpose))
        .filter(link::used_at.is_null())
        .filter(link::revoked_at.is_null())
        .set(link::revoked_at.eq(now))
        .execute(c)
}

//! What the jobs about invitations read and write.

use diesel::prelude::*;

use crate::features::access::lifecycle::LINK_HOURS;
use crate::features::access::store::{Channel, InvitationState};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, InvitationId};
use crate::platform::db::schema::{invitation, portal_access};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::platform::jobs::{JobKind, NewJob};

/// Days after its link's end for which an unused invitation keeps its address.
pub const KEPT_DAYS: i64 = 30;

/// How a generation ends without having been used; a live one ends with its time.
const UNUSED: [InvitationState; 5] = [
    InvitationState::Live,
    InvitationState::Superseded,
    InvitationState::Withdrawn,
    InvitationState::Declined,
    InvitationState::AddressChanged,
];

/// The jobs about an invitation that was just mailed: its first reminder, and the day on which its address is
/// forgotten.
pub fn jobs_of(id: &InvitationId, reminder_at: Timestamp, expires_at: Timestamp) -> [NewJob; 2] {
    let subject = id.uuid();
    [
        NewJob { kind: JobKind::InvitationReminder, subject, due_at: reminder_at },
        NewJob { kind: JobKind::InvitationForget, subject, due_at: forgotten_at(expires_at) },
    ]
}

/// When the address of an unused invitation is forgotten.
pub fn forgotten_at(expires_at: Timestamp) -> Timestamp {
    expires_at.plus_hours(24 * KEPT_DAYS)
}

/// A link that went out by mail and is live.
#[derive(Clone, Debug, Queryable)]
pub struct MailedLink {
    /// Its chart.
    pub chart: ChartId,
    /// Its grant.
    pub access: AccessId,
    /// The invitation.
    pub invitation: InvitationId,
    /// Its end.
    pub expires_at: Timestamp,
    /// The token, sealed.
    pub sealed_token: Option<Vec<u8>>,
}

/// Those of these invitations that are the newest of their grant, live, and went out by mail.
pub fn mailed_links(c: &mut Scoped<'_>, ids: &[InvitationId]) -> Result<Vec<MailedLink>, Fault> {
    c.rows(invitation::table)
        .inner_join(
            portal_access::table.on(portal_access::practice_id
                .eq(invitation::practice_id)
                .and(portal_access::access_id.eq(invitation::access_id))
                .and(portal_access::generation.eq(invitation::generation))),
        )
        .filter(invitation::invitation_id.in_list(ids))
        .filter(invitation::state.eq(InvitationState::Live))
        .filter(invitation::channel.eq(Channel::Mail))
        .select((
            portal_access::chart_id,
            portal_access::access_id,
            invitation::invitation_id,
            invitation::expires_at,
            invitation::sealed_token,
        ))
        .load(c)
}

/// When a link was sent: all links live equally long.
pub fn sent_at(expires_at: Timestamp) -> Timestamp {
    expires_at.plus_hours(-LINK_HOURS)
}

/// An invitation that nobody used and that still has its address.
#[derive(Clone, Debug, Queryable)]
pub struct UnusedInvitation {
    /// The invitation.
    pub invitation: InvitationId,
    /// Its grant.
    pub access: AccessId,
    /// Its chart.
    pub chart: ChartId,
    /// Its number.
    pub generation: i32,
    /// Its end.
    pub expires_at: Timestamp,
}

/// Those of these invitations that nobody used and that still have their address.
pub fn unused(c: &mut Scoped<'_>, ids: &[InvitationId]) -> Result<Vec<UnusedInvitation>, Fault> {
    c.rows(invitation::table)
        .inner_join(
            portal_access::table.on(portal_access::practice_id
                .eq(invitation::practice_id)
                .and(portal_access::access_id.eq(invitation::access_id))),
        )
        .filter(invitation::invitation_id.in_list(ids))
        .filter(invitation::state.in_list(UNUSED))
        .filter(invitation::address.is_not_null())
        .select((
            invitation::invitation_id,
            invitation::access_id,
            portal_access::chart_id,
            invitation::generation,
            invitation::expires_at,
        ))
        .load(c)
}

/// Forgets where an unused invitation went.
pub fn forget_address(c: &mut Scoped<'_>, id: &InvitationId) -> Result<(), Fault> {
    c.rows(invitation::table)
        .filter(invitation::invitation_id.eq(*id))
        .filter(invitation::state.in_list(UNUSED))
        .set((invitation::address.eq(None::<EmailAddress>), invitation::sealed_token.eq(None::<Vec<u8>>)))
        .execute(c)?;
    Ok(())
}

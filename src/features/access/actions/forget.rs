//! What an invitation that nobody used leaves behind (LIF-05): that it was sent, when, by whom and how it
//! ended. The address it went to is nobody's business any more.

use diesel::prelude::*;

use crate::features::access::store::{self, InvitationState};
use crate::features::practice::{self, Suspended};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, InvitationId};
use crate::platform::db;
use crate::platform::db::InLists as _;
use crate::platform::db::schema::invitation;
use crate::platform::db::{OpenedBy, PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::outbox;
use crate::platform::state::AppState;

/// Days after its link's end for which an unused invitation keeps its address.
const KEPT_DAYS: i64 = 30;
/// Invitations of one transaction.
const CHUNK: i64 = 200;
/// How a generation ends without having been used; a live one ends with its time.
const UNUSED: [InvitationState; 5] = [
    InvitationState::Live,
    InvitationState::Superseded,
    InvitationState::Withdrawn,
    InvitationState::Declined,
    InvitationState::AddressChanged,
];

/// One round over all practices, each in small transactions; returns how many invitations it was.
pub async fn forget_unused(app: &AppState) -> Result<usize, Fault> {
    let practices = app.db.system_read(|system| practice::ids(system, Suspended::Included)).await?;
    let mut forgotten = 0;
    for id in practices {
        let scope = PracticeScope::opened_by(OpenedBy::Worker, id);
        loop {
            let unused = app.db.read(&scope, unused).await?;
            if unused.is_empty() {
                break;
            }
            forgotten += unused.len();
            app.db.write_alone(&scope, move |c| forget(c, &unused)).await?;
        }
    }
    Ok(forgotten)
}

type Unused = (InvitationId, AccessId, i32);

fn unused(c: &mut Scoped<'_>) -> Result<Vec<Unused>, Fault> {
    let long_ago = c.now().plus_hours(-24 * KEPT_DAYS);
    Ok(invitation::table
        .filter(invitation::practice_id.eq(c.practice().clone()))
        .filter(invitation::state.in_list(UNUSED))
        .filter(invitation::expires_at.lt(long_ago))
        .filter(invitation::address.is_not_null())
        .select((invitation::invitation_id, invitation::access_id, invitation::generation))
        .limit(CHUNK)
        .load(c.conn)?)
}

fn forget(c: &mut Scoped<'_>, unused: &[Unused]) -> Result<(), Fault> {
    for (id, access, generation) in unused {
        let Some(mut grant) = store::lock_access(c, access)? else { continue };
        db::update(
            invitation::table
                .filter(invitation::practice_id.eq(c.practice().clone()))
                .filter(invitation::invitation_id.eq(id.clone()))
                .filter(invitation::state.in_list(UNUSED)),
        )
        .set((invitation::address.eq(None::<EmailAddress>), invitation::sealed_token.eq(None::<Vec<u8>>)))
        .execute(c.conn)?;
        outbox::forget_recipients(c, &store::subject_of(id))?;
        // A newer link keeps the address that it went to.
        let is_newest = grant.generation == *generation && grant.account_id.is_none();
        if is_newest && grant.invited_address.take().is_some() {
            store::save_access(c, &mut grant)?;
        }
    }
    Ok(())
}

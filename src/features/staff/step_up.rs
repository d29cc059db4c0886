//! A staff member's password, asked once more before they sign.

use axum::http::HeaderMap;

use crate::features::staff::session::StaffSession;
use crate::features::staff::store;
use crate::kernel::secrets::Secret;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::session::Audience;
use crate::platform::web::sign_in::Visitor;
use crate::platform::web::step_up::{self, Holder, StepUp};

/// Is this the staff member's password?
pub async fn confirm_password(
    app: &AppState,
    staff: &StaffSession,
    (ip_bucket, headers): (&str, &HeaderMap),
    password: &Secret,
) -> Result<StepUp, Fault> {
    let from = (staff.source.as_str(), ip_bucket);
    let visitor = Visitor::read(&app.settings, Audience::Staff, from, headers);
    let id = staff.staff_id;
    let find = move |c: &mut Scoped<'_>| {
        let member = store::find(c, &id)?;
        Ok(member.and_then(|member| {
            Some(Holder {
                name_key: member.email_key,
                subject: member.staff_id.to_string(),
                hash: member.password_hash?,
            })
        }))
    };
    step_up::confirm(app, Audience::Staff, &staff.scope, visitor, password, find).await
}

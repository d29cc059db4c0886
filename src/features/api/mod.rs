//! The JSON API `/api/v1` for an EHR that drives this, its keys, and its documentation.

mod caller;
mod charts;
mod docs;
mod grants;
mod idempotency;
mod json;
mod key_pages;
mod precondition;
mod problem;

pub use docs::document;

use crate::platform::feature::Feature;
use crate::platform::permissions::{Needs, Permission, Scope};
use crate::platform::web::Routes;
use crate::platform::web::nav::StaffNav;

/// The problems that any operation may answer with, for the document.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "only its description is used")]
enum Usual {
    /// The request could not be read
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(json::ProblemJson),
    /// No valid API key
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(json::ProblemJson),
    /// The key's scopes do not include this
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(json::ProblemJson),
    /// No such thing in this practice
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(json::ProblemJson),
    /// The life cycle says no; `type` says why and what to do instead
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(json::ProblemJson),
    /// Some fields are not right
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(json::ProblemJson),
    /// Too many requests of this key (`Retry-After` says how long to wait), or too many resends of this grant today (`retry_at` says when again)
    #[response(status = 429, content_type = "application/problem+json",
        headers(("Retry-After" = u32, description = "Seconds to wait")))]
    TooMany(json::ProblemJson),
    /// Something went wrong on our side
    #[response(status = 500, content_type = "application/problem+json")]
    Fault(json::ProblemJson),
}

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    staff_nav: &[StaffNav {
        section: key_pages::API_KEYS,
        label: "nav-api-keys",
        icon: "api-keys",
        needs: Permission::ManageApiKeys,
        order: 70,
        waiting: None,
        first_for: &[],
    }],
    ..Feature::new("api", routes)
};

/// The routes of this feature.
#[rustfmt::skip]
fn routes() -> Routes {
    let keys = Needs::Staff(Permission::ManageApiKeys);
    let (read_charts, write_charts) = (Needs::ApiKey(Scope::ChartsRead), Needs::ApiKey(Scope::ChartsWrite));
    let (read_grants, write_grants) = (Needs::ApiKey(Scope::GrantsRead), Needs::ApiKey(Scope::GrantsWrite));
    Routes::new()
        .get("/api", Needs::Nothing, docs::page)
        .get("/api/openapi.json", Needs::Nothing, docs::json)
        .get("/api/v1/charts", read_charts, charts::list)
        .post("/api/v1/charts", write_charts, charts::create)
        .get("/api/v1/charts/{chart}", read_charts, charts::read)
        .patch("/api/v1/charts/{chart}", write_charts, charts::change)
        .get("/api/v1/charts/{chart}/grants", read_grants, grants::of_chart)
        .post("/api/v1/charts/{chart}/invite", write_grants, grants::invite)
        .post("/api/v1/charts/{chart}/change-owner", write_grants, grants::change_owner)
        .get("/api/v1/grants", read_grants, grants::list)
        .get("/api/v1/grants/{grant}", read_grants, grants::read)
        .post("/api/v1/grants/{grant}/resend", write_grants, grants::resend)
        .post("/api/v1/grants/{grant}/cancel", write_grants, grants::cancel)
        .post("/api/v1/grants/{grant}/revoke", write_grants, grants::revoke)
        .post("/api/v1/grants/{grant}/restore", write_grants, grants::restore)
        .get("/staff/api-keys", keys, key_pages::list)
        .post("/staff/api-keys", keys, key_pages::make)
        .get("/staff/api-keys/{key}/revoke", keys, key_pages::confirm)
        .post("/staff/api-keys/{key}/revoke", keys, key_pages::revoke)
}

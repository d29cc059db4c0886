//! The problems that any operation may answer with, for the document.

use super::json::ProblemJson;

/// The problems that any operation may answer with, for the document.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "only its description is used")]
pub enum Usual {
    /// The request could not be read
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemJson),
    /// No valid API key
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemJson),
    /// The key's scopes do not include this
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemJson),
    /// No such thing in this practice
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemJson),
    /// The life cycle says no; `type` says why and what to do instead
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemJson),
    /// Some fields are not right
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemJson),
    /// Too many requests of this key (`Retry-After` says how long to wait), or too many resends of this grant today (`retry_at` says when again)
    #[response(status = 429, content_type = "application/problem+json",
        headers(("Retry-After" = u32, description = "Seconds to wait")))]
    TooMany(ProblemJson),
    /// Something went wrong on our side
    #[response(status = 500, content_type = "application/problem+json")]
    Fault(ProblemJson),
}

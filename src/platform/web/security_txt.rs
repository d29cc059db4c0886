//! `/.well-known/security.txt` (RFC 9116): the contact for reports of a vulnerability.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use jiff::tz::TimeZone;

use crate::kernel::clock::Timestamp;
use crate::platform::permissions::Needs;
use crate::platform::state::{AppState, Settings};
use crate::platform::web::{PageError, PageResult, Routes};

const PATH: &str = "/.well-known/security.txt";
/// Days for which the file is valid (RFC 9116, Expires). Computed at each request, so that it never runs
/// out while somebody is there to answer.
const GOOD_DAYS: i64 = 182;

/// Its route.
pub fn routes() -> Routes {
    Routes::new().get(PATH, Needs::Nothing, show)
}

/// Missing until a contact is configured: the file must name one, and one that nobody
/// reads is worse than none.
async fn show(State(app): State<AppState>) -> PageResult {
    let text = text(&app.settings, app.now()).ok_or(PageError::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

fn text(settings: &Settings, now: Timestamp) -> Option<String> {
    let contact = settings.security_contact.as_deref()?;
    let expires = now.plus_hours(24 * GOOD_DAYS).in_zone(&TimeZone::UTC);
    let mut text = format!(
        "Contact: {contact}\nExpires: {}\nPreferred-Languages: en, es\n",
        expires.strftime("%Y-%m-%dT%H:%M:%SZ")
    );
    if settings.is_https() {
        text.push_str(&format!("Canonical: {}{PATH}\n", settings.public_url));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_the_contact_and_ends_half_a_year_from_now() {
        let mut settings = Settings {
            public_url: "https://portal.example.org".into(),
            trusted_proxies: Vec::new(),
            mail_sender: "portal@example.org".into(),
            bounce_domain: "example.org".into(),
            bounce_secret: None,
            api_per_minute: 600,
            metrics: crate::platform::state::PublicMetrics::Hidden,
            security_contact: None,
        };
        let now = Timestamp::from_micros(1_796_137_200_000_000);
        assert_eq!(text(&settings, now), None);
        settings.security_contact = Some("mailto:security@example.org".into());
        assert_eq!(
            text(&settings, now).unwrap_or_default(),
            "Contact: mailto:security@example.org\n\
             Expires: 2027-06-01T15:00:00Z\n\
             Preferred-Languages: en, es\n\
             Canonical: https://portal.example.org/.well-known/security.txt\n"
        );
    }
}

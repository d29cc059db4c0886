//! Cookies: each is this host's own, for all its paths, out of the reach of scripts, and comes along when
//! somebody follows a link to us (SES-02).

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use crate::platform::state::Settings;

/// A cookie of ours, by its name without the prefix.
#[derive(Clone, Copy, Debug)]
pub struct OurCookie(&'static str);

/// The session of a staff member.
pub const STAFF_SESSION: OurCookie = OurCookie("anteroom-staff");
/// The session of a client.
pub const CLIENT_SESSION: OurCookie = OurCookie("anteroom-client");
/// By which a staff member's browser is known again.
pub const STAFF_DEVICE: OurCookie = OurCookie("anteroom-staff-device");
/// By which a client's browser is known again.
pub const CLIENT_DEVICE: OurCookie = OurCookie("anteroom-client-device");
/// Whose pages a staff member looks at.
pub const PREVIEW: OurCookie = OurCookie("anteroom-preview");
/// The language that the reader chose.
pub const LANGUAGE: OurCookie = OurCookie("anteroom-language");
/// The draft of a form that a stranger sent.
pub const DRAFT: OurCookie = OurCookie("anteroom-draft");
/// The account that was registered in this browser a moment ago.
pub const WELCOME: OurCookie = OurCookie("anteroom-welcome");

/// How long a browser keeps a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Until the browser is closed.
    UntilClosed,
    /// For so many seconds.
    Seconds(i64),
}

impl OurCookie {
    /// With `__Host-` the browser takes it only over https, for this host and all its paths (RFC 6265bis,
    /// 4.1.3.2).
    fn name(self, settings: &Settings) -> String {
        let prefix = if settings.is_https() { "__Host-" } else { "" };
        format!("{prefix}{}", self.0)
    }

    /// Puts it beside an answer. `value` holds none of the characters that a cookie's value may not hold.
    pub fn set(self, settings: &Settings, value: impl Into<String>, kept: Kept, headers: &mut HeaderMap) {
        let mut cookie = Cookie::build((self.name(settings), value.into()))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(settings.is_https());
        if let Kept::Seconds(seconds) = kept {
            cookie = cookie.max_age(Duration::seconds(seconds));
        }
        match HeaderValue::from_str(&cookie.build().to_string()) {
            Ok(value) => {
                headers.append(header::SET_COOKIE, value);
            }
            Err(error) => tracing::error!(cookie = self.0, %error, "a cookie could not be written"),
        }
    }

    /// Takes it back.
    pub fn remove(self, settings: &Settings, headers: &mut HeaderMap) {
        self.set(settings, "", Kept::Seconds(0), headers);
    }

    /// What the browser sent under its name.
    pub fn read(self, settings: &Settings, headers: &HeaderMap) -> impl Iterator<Item = String> {
        let name = self.name(settings);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .filter(move |cookie| cookie.name() == name)
            .map(|cookie| cookie.value().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(public_url: &str) -> Settings {
        Settings {
            public_url: public_url.into(),
            trusted_proxies: Vec::new(),
            mail_sender: String::new(),
            bounce_domain: String::new(),
            bounce_secret: None,
            security_contact: None,
            api_per_minute: 600,
            metrics: crate::platform::state::PublicMetrics::Hidden,
        }
    }

    #[test]
    fn a_cookie_is_written_for_this_host_alone_and_read_back() {
        let https = settings("https://portal.example.org");
        let mut answer = HeaderMap::new();
        LANGUAGE.set(&https, "es", Kept::Seconds(60), &mut answer);
        STAFF_SESSION.set(&https, "a.b", Kept::UntilClosed, &mut answer);
        let written: Vec<&str> = answer.get_all("set-cookie").iter().map(|v| v.to_str().unwrap()).collect();
        assert!(written[0].starts_with("__Host-anteroom-language=es; "), "{written:?}");
        for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
            assert!(written.iter().all(|cookie| cookie.contains(part)), "{written:?}");
        }
        assert!(written[0].contains("; Max-Age=60") && !written[1].contains("Max-Age"), "{written:?}");

        let mut request = HeaderMap::new();
        request
            .append("cookie", HeaderValue::from_static("x=1; __Host-anteroom-language=es;anteroom-staff=c"));
        request.append("cookie", HeaderValue::from_static("__Host-anteroom-staff=a.b"));
        assert_eq!(LANGUAGE.read(&https, &request).collect::<Vec<_>>(), ["es"]);
        assert_eq!(
            STAFF_SESSION.read(&https, &request).collect::<Vec<_>>(),
            ["a.b"],
            "only the prefixed one"
        );
        let http = settings("http://127.0.0.1:8080");
        assert_eq!(STAFF_SESSION.read(&http, &request).collect::<Vec<_>>(), ["c"]);
    }
}

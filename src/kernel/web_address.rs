//! An address at another site, over HTTPS.

use std::fmt;
use std::str::FromStr;

use crate::kernel::host;

/// The longest address, in characters.
pub const LONGEST: usize = 500;

/// This is no address that we would send somebody to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no https address")]
pub struct NotAnAddress;

/// An `https` address: a host of the DNS, perhaps a port, and what stands behind it as it was typed. It holds no user's name,
/// which would hide where it leads. Whoever has one may enter what stands there, so it cannot be printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct WebAddress(String);

/// May this stand in the path, the query or the fragment of an address (RFC 3986)?
fn is_plain(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
}

impl FromStr for WebAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(NotAnAddress)?;
        let is_short = text.chars().count() <= LONGEST;
        if !scheme.eq_ignore_ascii_case("https") || !is_short {
            return Err(NotAnAddress);
        }
        let (authority, behind) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (name, port) = match authority.split_once(':') {
            None => (authority, None),
            Some((name, port)) => (name, Some(port)),
        };
        let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
        let name = host::to_ascii(name).map_err(|_| NotAnAddress)?;
        if !name.contains('.') || !port.is_none_or(is_port) || !behind.chars().all(is_plain) {
            return Err(NotAnAddress);
        }
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let slash = if behind.starts_with('/') { "" } else { "/" };
        Ok(Self(format!("https://{name}{port}{slash}{behind}")))
    }
}

impl WebAddress {
    /// The text, for the one page that shows it and the one answer that leads there.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebAddress(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_at_a_host_and_nothing_else() {
        for (typed, kept) in [
            ("https://video.example/room/7?pwd=a%20b#x", "https://video.example/room/7?pwd=a%20b#x"),
            (" HTTPS://Video.Example ", "https://video.example/"),
            ("https://video.example?room=7", "https://video.example/?room=7"),
            ("https://käse.example:8443/r", "https://xn--kse-qla.example:8443/r"),
            ("https://127.0.0.1:8443/r", "https://127.0.0.1:8443/r"),
        ] {
            assert_eq!(
                typed.parse::<WebAddress>().map(|a| a.reveal().to_owned()).as_deref(),
                Ok(kept),
                "{typed}"
            );
        }
        for typed in [
            "",
            "video.example/room",
            "http://video.example/room",
            "javascript:alert(1)",
            "javascript://video.example/%0aalert(1)",
            "https://",
            "https:///room",
            "https://localhost/room",
            "https://ana@video.example/room",
            "https://good.example:secret@video.example/room",
            "https://video.example:99999/room",
            "https://video.example:/room",
            "https://video.example/a room",
            "https://video.example/a\r\nSet-Cookie: a=b",
            "https://video.example/<b>",
            "https://video.example/ö",
            &format!("https://video.example/{}", "a".repeat(LONGEST)),
        ] {
            assert_eq!(typed.parse::<WebAddress>(), Err(NotAnAddress), "{typed}");
        }
        let address: WebAddress = "https://video.example/room".parse().unwrap();
        assert_eq!(format!("{address:?}"), "WebAddress(..)");
    }
}

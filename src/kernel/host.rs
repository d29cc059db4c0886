//! Names of hosts and mail domains, kept as what the DNS has: A-labels in small letters (IDNA 2008, RFC
//! 5890). One host is then one text, and a mail server that knows only ASCII can take it.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// This is no name that the DNS could have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no host name")]
pub struct HostError;

/// A host's name as A-labels. Letters, digits and inner hyphens only (RFC 1123); no trailing dot.
pub fn to_ascii(name: &str) -> Result<String, HostError> {
    let name = name.strip_suffix(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).unwrap_or(name);
    Uts46::new()
        .to_ascii(name.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map(|ascii| ascii.into_owned())
        .map_err(|_| HostError)
}

/// As people write it: "xn--kse-qla.example" is "käse.example".
pub fn to_unicode(ascii: &str) -> String {
    let (name, valid) =
        Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    if valid.is_ok() { name.into_owned() } else { ascii.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_kept_as_the_dns_has_it() {
        for (typed, kept) in [
            ("Portal.Example.org", "portal.example.org"),
            ("käse.example", "xn--kse-qla.example"),
            ("KÄSE.example", "xn--kse-qla.example"),
            ("ka\u{308}se.example", "xn--kse-qla.example"),
            ("xn--kse-qla.example", "xn--kse-qla.example"),
            ("straße.example", "xn--strae-oqa.example"),
            ("例え。テスト.example", "xn--r8jz45g.xn--zckzah.example"),
            ("example.com.", "example.com"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(to_ascii(typed).as_deref(), Ok(kept), "{typed}");
        }
        for typed in [
            "",
            ".",
            "exa_mple.org",
            "-a.example",
            "a-.example",
            "a..example",
            "a b.example",
            "xn--a.example",
        ] {
            assert_eq!(to_ascii(typed), Err(HostError), "{typed}");
        }
        assert_eq!(to_ascii(&format!("{}.example", "a".repeat(64))), Err(HostError));
        assert_eq!(to_unicode("xn--kse-qla.example"), "käse.example");
        assert_eq!(to_unicode("example.org"), "example.org");
    }
}

//! The kinds of values a setting can have, each read from text with a sentence for what is wrong.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crate::kernel::email::EmailAddress;
use crate::kernel::host;
use crate::kernel::secrets::Secret;
use crate::platform::db::DatabaseUrl;
use crate::word_enum;

/// How a value was refused: what is allowed instead, in words that fit behind "is refused:".
pub type Refused = String;

word_enum! {
    /// How the log is written.
    pub enum LogFormat {
        /// Lines for people.
        Text = "text",
        /// One JSON object a line, for collectors.
        Json = "json",
    }
}

word_enum! {
    /// How much of Anteroom's own doing the log tells. Libraries below stay at warnings: some of
    /// them would write addresses and whole conversations (AUD-06).
    pub enum LogLevel {
        /// Failures only.
        Error = "error",
        /// And what an operator should look at.
        Warn = "warn",
        /// And one line a request.
        Info = "info",
        /// And the workers' steps.
        Debug = "debug",
        /// Everything there is.
        Trace = "trace",
    }
}

impl LogLevel {
    /// For commands, whose own words are the output: warnings and worse, unless more was asked for.
    pub fn min_warn(self) -> Self {
        if self == Self::Info { Self::Warn } else { self }
    }
}

word_enum! {
    /// How the connection to the mail server is protected.
    pub enum SmtpSecurity {
        /// Not at all: a relay on this machine or in this room.
        Plain = "smtp",
        /// Begins in clear and must turn to TLS before anything is said (never falls back, EML-04).
        StartTls = "smtp+starttls",
        /// TLS from the first byte.
        Tls = "smtps",
    }
}

/// Where mail is handed over.
#[derive(Clone)]
pub struct SmtpUrl {
    /// Protection.
    pub security: SmtpSecurity,
    /// Name or address of the server; the certificate must be for it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User and password, where the server asks for them.
    pub credentials: Option<(String, Secret)>,
}

/// Never shows the password (CRY-06).
impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What may be shown to an operator: no user, no password.
impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.security, self.host, self.port)
    }
}

/// Where clamd listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannerUrl {
    /// On a port.
    Tcp(SocketAddr),
    /// On a socket of this machine.
    #[cfg(unix)]
    Unix(PathBuf),
}

/// `unix:` and a path, or `tcp:` and a numeric address with its port. What is sent there is a client's file in clear:
/// off this machine the line between is the operator's to protect.
pub fn scanner(text: &str) -> Result<ScannerUrl, Refused> {
    let refused = || "write unix:/run/clamav/clamd.ctl or tcp:127.0.0.1:3310".to_owned();
    #[cfg(unix)]
    if let Some(path) = text.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
        return Ok(ScannerUrl::Unix(PathBuf::from(path)));
    }
    let address = text.strip_prefix("tcp:").ok_or_else(refused)?;
    socket(address.trim_start_matches("//")).map(ScannerUrl::Tcp).map_err(|_| refused())
}

/// `HOST:PORT` as numbers: the address to listen on.
pub fn socket(text: &str) -> Result<SocketAddr, Refused> {
    if let Some(port) = text.strip_prefix("localhost:").and_then(|p| p.parse::<u16>().ok()) {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    text.parse().map_err(|_| "write ADDRESS:PORT, such as 127.0.0.1:8080 or [::]:443".to_owned())
}

/// A whole number within bounds.
pub fn number(text: &str, least: u32, most: u32) -> Result<u32, Refused> {
    match text.parse::<u32>() {
        Ok(n) if (least..=most).contains(&n) => Ok(n),
        _ => Err(format!("write a whole number from {least} to {most}")),
    }
}

/// Yes or no.
pub fn yes_or_no(text: &str) -> Result<bool, Refused> {
    match text {
        "yes" | "true" | "on" | "1" => Ok(true),
        "no" | "false" | "off" | "0" => Ok(false),
        _ => Err("write yes or no".into()),
    }
}

/// Whom listeners may be open to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Openness {
    /// Plain HTTP to this machine alone, unless a proxy with TLS is in front of it.
    ThisMachine,
    /// To anybody who reaches the address: the operator knows that nobody else does.
    Anybody,
}

/// Whom listeners may be open to, as yes or no.
pub fn openness(text: &str) -> Result<Openness, Refused> {
    Ok(if yes_or_no(text)? { Openness::Anybody } else { Openness::ThisMachine })
}

/// Can machines outside the own network not reach this address?
pub fn is_internal(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// One of a list of words.
pub fn word<T: std::str::FromStr + Copy>(text: &str, words: &[&str]) -> Result<T, Refused> {
    text.parse().map_err(|_| format!("write {}", words.join(", ")))
}

/// A path.
pub fn path(text: &str) -> Result<PathBuf, Refused> {
    if text.is_empty() {
        return Err("write a path".into());
    }
    Ok(PathBuf::from(text))
}

/// Where the bytes of files lie.
#[derive(Clone, Debug)]
pub enum ObjectsUrl {
    /// In a folder of this machine.
    Folder(PathBuf),
    /// In a bucket that speaks S3.
    Bucket(Bucket),
}

/// A bucket, and how it is reached.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What every name in it begins with; empty for nothing.
    pub prefix: String,
    /// The server; `None` for Amazon's in the region.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// The id of the key that requests are signed with.
    pub key_id: String,
    /// The key.
    pub secret: Secret,
}

/// `file:` and a folder, or `s3://` and a bucket, with a prefix where others use it too. The key comes by settings of
/// its own.
pub fn objects(text: &str) -> Result<ObjectsUrl, Refused> {
    const SHAPE: &str =
        "write file: and a folder, such as file:/var/lib/anteroom/objects, or s3://BUCKET/PREFIX";
    if let Some(folder) = text.strip_prefix("file:").filter(|folder| !folder.is_empty()) {
        return Ok(ObjectsUrl::Folder(PathBuf::from(folder)));
    }
    let rest = text.strip_prefix("s3://").ok_or(SHAPE)?;
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let is_plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let is_part = |part: &str| is_plain(part) && part.trim_matches('.') == part;
    let is_prefix = prefix.is_empty() || prefix.split('/').all(is_part);
    if !is_part(name) || !(3..=63).contains(&name.len()) || !is_prefix {
        return Err(SHAPE.into());
    }
    Ok(ObjectsUrl::Bucket(Bucket {
        name: name.to_owned(),
        prefix: prefix.to_owned(),
        endpoint: None,
        region: "us-east-1".to_owned(),
        key_id: String::new(),
        secret: Secret::new(String::new()),
    }))
}

/// A word without spaces: a region, the id of a key.
pub fn plain_word(text: &str) -> Result<String, Refused> {
    if text.is_empty() || text.len() > 128 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("write 1 to 128 letters, digits and signs without spaces".into());
    }
    Ok(text.to_owned())
}

/// A key that somebody else made.
pub fn secret(text: &str) -> Result<Secret, Refused> {
    plain_word(text).map(Secret::new)
}

/// A database URL.
pub fn database(text: &str) -> Result<DatabaseUrl, Refused> {
    text.parse().map_err(|_| "write sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME".to_owned())
}

/// One mailbox.
pub fn mailbox(text: &str) -> Result<EmailAddress, Refused> {
    EmailAddress::parse(text)
        .map_err(|e| format!("write one e-mail address, such as portal@example.org ({e})"))
}

/// A domain name, kept as A-labels.
pub fn domain(text: &str) -> Result<String, Refused> {
    match host::to_ascii(text) {
        Ok(name) if name.len() <= 190 && name.contains('.') => Ok(name),
        _ => Err("write a domain, such as bounces.example.org".into()),
    }
}

/// The name of a machine, kept as A-labels, or its IP address.
fn host_name(text: &str) -> Result<String, Refused> {
    if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Ok(text.to_ascii_lowercase());
    }
    host::to_ascii(text).map_err(|_| format!("{text:?} is no name that a machine can have"))
}

/// Network addresses, separated by commas.
pub fn addresses(text: &str) -> Result<Vec<IpAddr>, Refused> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse().map_err(|_| {
                format!(
                    "{part:?} is no IP address; write addresses such as 127.0.0.1, ::1 (no names, no ranges)"
                )
            })
        })
        .collect()
}

/// A secret that others sign with: long enough that it cannot be guessed.
pub fn long_secret(text: &str) -> Result<Secret, Refused> {
    if text.len() < 24 || text.len() > 512 || text.chars().any(char::is_control) {
        return Err("write 24 to 512 characters, such as the output of `openssl rand -base64 32`".into());
    }
    Ok(Secret::new(text.to_owned()))
}

/// A mail address or an https page, as RFC 9116 wants it written: with its scheme.
pub fn contact(text: &str) -> Result<String, Refused> {
    let is_plain = text.len() <= 300 && text.bytes().all(|byte| byte.is_ascii_graphic());
    let host = text.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap_or_default());
    if is_plain && host.is_some_and(|host| !host.is_empty()) {
        return Ok(text.to_owned());
    }
    let address = text.strip_prefix("mailto:").unwrap_or(text);
    match EmailAddress::parse(address) {
        Ok(address) if is_plain => Ok(format!("mailto:{}", address.as_str())),
        _ => Err("write a mail address, or a page that begins with https://".into()),
    }
}

/// The origin that people type and mails carry: `https://` with a name, or `http://` on loopback.
pub fn public_url(text: &str) -> Result<String, Refused> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let (scheme, rest) = text
        .split_once("://")
        .ok_or("write an origin with its scheme, such as https://portal.example.org")?;
    if rest.contains(['/', '?', '#', '@']) || rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("write the origin alone: scheme, name and port, no path".into());
    }
    let (host, port) = split_port(rest).ok_or("the port is a number from 1 to 65535")?;
    if host.is_empty() {
        return Err("the name of the machine is missing".into());
    }
    let host = host_name(host)?;
    let rest = match port {
        Some(port) => format!("{host}:{port}"),
        None => host.clone(),
    };
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(format!("https://{}", rest.strip_suffix(":443").unwrap_or(&rest))),
        "http" if is_loopback(&host) => Ok(format!("http://{}", rest.strip_suffix(":80").unwrap_or(&rest))),
        "http" => Err("outside this machine it must be https://, or passwords would travel in clear".into()),
        _ => Err("the scheme is https:// (or http:// on this machine alone)".into()),
    }
}

/// Is this the machine itself?
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The machine's name in an origin, without scheme and port.
pub fn host_of(origin: &str) -> &str {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    split_port(rest).map_or(rest, |(host, _)| host)
}

fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let after_bracket = text.rfind(']').map_or(0, |i| i + 1);
    match text[after_bracket..].rfind(':') {
        None => Some((text, None)),
        Some(colon) => {
            let (host, port) = text.split_at(after_bracket + colon);
            let port: u16 = port[1..].parse().ok()?;
            (port > 0).then_some((host, Some(port)))
        }
    }
}

/// `smtp://`, `smtp+starttls://` or `smtps://`, with `USER:PASSWORD@` where asked for; special
/// characters in both are percent-encoded.
pub fn smtp(text: &str) -> Result<SmtpUrl, Refused> {
    const SHAPE: &str =
        "write smtp://HOST:25, smtp+starttls://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465";
    let (scheme, rest) = text.split_once("://").ok_or(SHAPE)?;
    let security: SmtpSecurity = scheme.to_ascii_lowercase().parse().map_err(|_| SHAPE)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (login, server) = match rest.rsplit_once('@') {
        Some((login, server)) => (Some(login), server),
        None => (None, rest),
    };
    if server.contains(['/', '?', '#']) {
        return Err(SHAPE.into());
    }
    let (host, port) = split_port(server).ok_or("the port is a number from 1 to 65535")?;
    if host.is_empty() {
        return Err("the name of the mail server is missing".into());
    }
    let host = host_name(host)?;
    let decode = |part: &str| {
        percent_encoding::percent_decode_str(part)
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|_| "user and password are UTF-8, special characters percent-encoded".to_owned())
    };
    let credentials = match login {
        None => None,
        Some(login) => {
            let (user, password) =
                login.split_once(':').ok_or("a user needs a password: USER:PASSWORD@HOST")?;
            if security == SmtpSecurity::Plain && !is_loopback(&host) {
                return Err("a password is not sent in clear; use smtp+starttls:// or smtps://".into());
            }
            Some((decode(user)?, Secret::new(decode(password)?)))
        }
    };
    let port = port.unwrap_or(match security {
        SmtpSecurity::Plain => 25,
        SmtpSecurity::StartTls => 587,
        SmtpSecurity::Tls => 465,
    });
    Ok(SmtpUrl { security, host: host.trim_matches(['[', ']']).to_owned(), port, credentials })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_origin_and_https_outside_this_machine() {
        for (typed, kept) in [
            ("https://Portal.Example.org/", "https://portal.example.org"),
            ("https://portal.example.org:443", "https://portal.example.org"),
            ("https://portal.example.org:8443", "https://portal.example.org:8443"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://Portál.example.org", "https://xn--portl-0qa.example.org"),
            ("https://xn--portl-0qa.example.org:8443/", "https://xn--portl-0qa.example.org:8443"),
        ] {
            assert_eq!(public_url(typed).as_deref(), Ok(kept), "{typed}");
        }
        for wrong in [
            "portal.example.org",
            "http://portal.example.org",
            "http://10.0.0.1",
            "ftp://x.example.org",
            "https://",
            "https://x.example.org/path",
            "https://u@x.example.org",
            "https://x.example.org:0",
            "https://x.example.org:99999",
            "https://x example.org",
            "https://por_tal.example.org",
            "https://-portal.example.org",
        ] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
        assert_eq!(host_of("https://portal.example.org:8443"), "portal.example.org");
        assert_eq!(host_of("http://[::1]:8080"), "[::1]");
    }

    #[test]
    fn a_mail_server_is_read_with_its_protection_and_login() {
        let server = smtp("smtp://127.0.0.1").unwrap();
        assert_eq!((server.security, server.port), (SmtpSecurity::Plain, 25));
        assert!(server.credentials.is_none());
        let server = smtp("smtps://por%40tal:p%3Ass@mail.example.org").unwrap();
        assert_eq!((server.host.as_str(), server.port), ("mail.example.org", 465));
        let (user, password) = server.credentials.clone().unwrap();
        assert_eq!((user.as_str(), password.reveal()), ("por@tal", "p:ss"));
        assert_eq!(format!("{server:?}"), "smtps://mail.example.org:465", "no login is ever shown");
        assert_eq!(smtp("smtp+starttls://mail.example.org:2525").unwrap().port, 2525);
        assert_eq!(smtp("smtps://mäil.example.org").unwrap().host, "xn--mil-qla.example.org");
        for wrong in [
            "mail.example.org",
            "http://mail.example.org",
            "smtp://",
            "smtp://u@mail.example.org",
            "smtp://u:p@mail.example.org",
            "smtp://mail.example.org:0",
            "smtp://mail.example.org/x",
        ] {
            assert!(smtp(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lists_words_and_numbers_say_what_is_allowed() {
        assert_eq!(addresses("127.0.0.1, ::1").unwrap().len(), 2);
        assert!(addresses("10.0.0.0/8").unwrap_err().contains("no ranges"));
        assert!(number("0", 1, 64).unwrap_err().contains("1 to 64"));
        assert!(socket("8080").is_err());
        assert_eq!(socket("localhost:1").unwrap().port(), 1);
        assert!(domain("bounces").is_err() && domain("-a.example.org").is_err());
        assert_eq!(domain("Bounces.käse.example").as_deref(), Ok("bounces.xn--kse-qla.example"));
        assert!(long_secret("short").is_err());
        for wrong in
            ["file:", "/var/lib", "s3://", "s3://ab", "s3://bucket/../x", "s3://a b c", "s3://bucket//x"]
        {
            assert!(objects(wrong).unwrap_err().contains("s3://BUCKET/PREFIX"), "{wrong}");
        }
        let ObjectsUrl::Bucket(bucket) = objects("s3://our-files/anteroom/one/").unwrap() else {
            panic!("a bucket")
        };
        assert_eq!((bucket.name.as_str(), bucket.prefix.as_str()), ("our-files", "anteroom/one"));
        assert!(yes_or_no("maybe").is_err());
    }
}

//! The mail server that our mail goes to, and a conversation with it, verb by verb. One verb at a
//! time, because between RCPT and DATA we look once more whether the mail is still wanted.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};

use crate::platform::config::{self, SmtpSecurity, SmtpUrl};

/// A mail server, how to reach it, and how hard to lean on it.
#[derive(Clone)]
pub struct Relay {
    url: SmtpUrl,
    connections: usize,
    timeout: Duration,
    roots: Vec<Certificate>,
}

/// Never shows the password (CRY-06).
impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.url, f)
    }
}

/// The certificate file holds none.
#[derive(Debug, thiserror::Error)]
#[error("that is not a certificate in PEM form")]
pub struct NoCertificate;

impl Relay {
    /// The server of this URL, with four connections and a minute for each step.
    pub fn new(url: SmtpUrl) -> Self {
        Self { url, connections: 4, timeout: Duration::from_secs(60), roots: Vec::new() }
    }

    /// The same, from the URL's text.
    pub fn parse(url: &str) -> Result<Self, String> {
        config::values::smtp(url).map(Self::new)
    }

    /// At most this many connections at a time (default 4).
    pub fn with_connections(mut self, connections: usize) -> Self {
        self.connections = connections.clamp(1, 64);
        self
    }

    /// How long the server may take over each step (default 60 s).
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Also believes certificates that this one signed: a practice's own mail server.
    pub fn trusting(mut self, pem: &[u8]) -> Result<Self, NoCertificate> {
        self.roots.push(Certificate::from_pem(pem).map_err(|_| NoCertificate)?);
        Ok(self)
    }

    /// See [`Relay::with_connections`].
    pub fn connections(&self) -> usize {
        self.connections
    }

    fn tls(&self) -> Result<TlsParameters, SmtpError> {
        let mut builder = TlsParameters::builder(self.url.host.clone());
        for root in &self.roots {
            builder = builder.add_root_certificate(root.clone());
        }
        builder.build()
    }

    /// Opens a conversation: greeting, encryption, sign-in. `hello` is our own name.
    pub async fn connect(&self, hello: &str) -> Result<Session, Trouble> {
        let hello = ClientId::Domain(hello.to_owned());
        let opening = async {
            let tls = match self.url.security {
                SmtpSecurity::Tls => Some(self.tls().map_err(|e| Trouble::at_connect(&e))?),
                _ => None,
            };
            let place = (self.url.host.as_str(), self.url.port);
            let mut conn = AsyncSmtpConnection::connect_tokio1(place, Some(self.timeout), &hello, tls, None)
                .await
                .map_err(|e| Trouble::at_connect(&e))?;
            if self.url.security == SmtpSecurity::StartTls {
                if !conn.can_starttls() {
                    return Err(Trouble::lane(
                        "the mail server offers no STARTTLS; nothing is sent without it",
                    ));
                }
                let tls = self.tls().map_err(|e| Trouble::at_connect(&e))?;
                conn.starttls(tls, &hello).await.map_err(|e| Trouble::at_connect(&e))?;
            }
            if let Some((user, password)) = &self.url.credentials {
                let login = Credentials::new(user.clone(), password.reveal().to_owned());
                conn.auth(&[Mechanism::Plain, Mechanism::Login], &login)
                    .await
                    .map_err(|e| Trouble::at_sign_in(&e))?;
            }
            Ok(conn)
        };
        let conn = tokio::time::timeout(self.timeout, opening)
            .await
            .map_err(|_| Trouble::unreachable("the mail server did not answer in time"))??;
        Ok(Session { conn, timeout: self.timeout, sent: 0 })
    }
}

/// What kind of trouble, and so what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No server there: rest, then try again with one mail.
    Unreachable,
    /// The conversation broke; the mail may or may not have arrived.
    Broken,
    /// "Try again later" about this mail.
    Later,
    /// This recipient is refused for good.
    Recipient,
    /// This message is refused for good.
    Message,
    /// The server refuses us, whatever the mail: sign-in, certificate, relaying. An operator must
    /// look; mails wait.
    Lane,
}

/// What went wrong in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What kind.
    pub kind: Kind,
    /// The server's code, enhanced where it gave one ("5.1.1", else "550"); empty without one.
    pub code: String,
    /// A catalogue key in plain words (`mail-reason-…`).
    pub reason: &'static str,
    /// What was said, for the operator's log. Holds an address at times, so it is only logged for
    /// trouble with the whole lane.
    pub said: String,
}

impl Trouble {
    fn lane(said: &str) -> Self {
        Self {
            kind: Kind::Lane,
            code: String::new(),
            reason: "mail-reason-unreachable",
            said: said.to_owned(),
        }
    }

    fn unreachable(said: &str) -> Self {
        Self { kind: Kind::Unreachable, ..Self::lane(said) }
    }

    fn broken(said: &str) -> Self {
        Self { kind: Kind::Broken, reason: "mail-reason-interrupted", ..Self::lane(said) }
    }

    fn at_connect(error: &SmtpError) -> Self {
        let said = chain(error);
        if error.is_permanent() || error.is_client() || is_about_tls(error) {
            return Self { code: code(error), ..Self::lane(&said) };
        }
        Self { code: code(error), ..Self::unreachable(&said) }
    }

    fn at_sign_in(error: &SmtpError) -> Self {
        if error.is_transient() {
            return Self { code: code(error), ..Self::unreachable(&chain(error)) };
        }
        if error.is_permanent() || error.is_client() {
            return Self { code: code(error), ..Self::lane(&chain(error)) };
        }
        Self::unreachable(&chain(error))
    }

    fn at(step: Step, error: &SmtpError) -> Self {
        let said = chain(error);
        let code = code(error);
        if error.is_transient() {
            return Self { kind: Kind::Later, reason: reason_of_code(&code), code, said };
        }
        if !error.is_permanent() {
            return Self::broken(&said);
        }
        let kind = match step {
            // The sender is ours, so a refusal is about us and not about this mail.
            Step::Mail => Kind::Lane,
            Step::Rcpt if is_about_us(error, &said) => Kind::Lane,
            Step::Rcpt => Kind::Recipient,
            Step::Data | Step::Text => Kind::Message,
        };
        Self { kind, reason: reason_of_code(&code), code, said }
    }
}

fn chain(error: &SmtpError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source().and_then(|c| c.source());
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// A certificate that does not hold stays so until somebody looks.
fn is_about_tls(error: &SmtpError) -> bool {
    if error.is_tls() {
        return true;
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::InvalidData
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// "Relay access denied", "authentication required": said at RCPT, and yet about us.
fn is_about_us(error: &SmtpError, said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    let basic = error.status().map(|c| c.to_string()).unwrap_or_default();
    basic == "530"
        || basic == "535"
        || said.contains("relay access denied")
        || said.contains("relaying denied")
        || said.contains("relay not permitted")
        || said.contains("unable to relay")
        || said.contains("authentication required")
}

/// The enhanced code (RFC 3463) if the answer begins with one, else the three digits.
fn code(error: &SmtpError) -> String {
    let Some(basic) = error.status() else { return String::new() };
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    words.split_whitespace().find_map(enhanced).unwrap_or_else(|| basic.to_string())
}

/// Is this word an enhanced status code?
pub fn enhanced(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| !c.is_ascii_digit());
    let parts: Vec<&str> = word.split('.').collect();
    let number = |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    let well_formed =
        parts.len() == 3 && matches!(parts[0], "2" | "4" | "5") && number(parts[1]) && number(parts[2]);
    well_formed.then(|| word.to_owned())
}

/// A status code in plain words, as a catalogue key.
pub fn reason_of_code(code: &str) -> &'static str {
    let mut parts = code.split('.');
    let class = parts.next().unwrap_or_default();
    let detail = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match (class.bytes().next(), detail) {
        (_, ("2", "2")) | (Some(b'5'), ("5", "22")) => "mail-reason-mailbox-full",
        (Some(b'5'), ("1", "2") | ("4", "4" | "1" | "6")) => "mail-reason-no-domain",
        (Some(b'5'), ("1", "3" | "7") | ("6", _)) => "mail-reason-address-form",
        (Some(b'5'), ("1", _)) => "mail-reason-no-mailbox",
        (Some(b'5'), ("2", "1")) => "mail-reason-mailbox-disabled",
        (Some(b'5'), ("2", "3") | ("3", "4")) => "mail-reason-too-large",
        (Some(b'5'), ("7", _)) => "mail-reason-policy",
        (Some(b'5'), ("4", "7")) => "mail-reason-expired-there",
        (Some(b'4'), _) => "mail-reason-try-later",
        (Some(b'5'), ("", "")) if code == "550" || code == "551" || code == "553" => "mail-reason-no-mailbox",
        (Some(b'5'), ("", "")) if code == "552" => "mail-reason-mailbox-full",
        (Some(b'5'), _) => "mail-reason-refused",
        _ => "mail-reason-other",
    }
}

#[derive(Clone, Copy)]
enum Step {
    Mail,
    Rcpt,
    Data,
    Text,
}

/// What became of one mail in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// The server has taken it, with this answer.
    Over(String),
    /// It was no longer wanted; nothing was said of it but sender and recipient.
    NotWanted,
}

/// An open conversation, good for many mails.
pub struct Session {
    conn: AsyncSmtpConnection,
    timeout: Duration,
    sent: usize,
}

impl Session {
    async fn step(
        &mut self,
        step: Step,
        command: impl fmt::Display,
    ) -> Result<lettre::transport::smtp::response::Response, Trouble> {
        match tokio::time::timeout(self.timeout, self.conn.command(command)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(Trouble::at(step, &error)),
            Err(_) => Err(Trouble::broken("the mail server stopped answering")),
        }
    }

    /// Mails handed over in this conversation.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Hands one mail over: MAIL, RCPT, then `still_wanted`, then DATA. After [`Kind::Broken`]
    /// the conversation is over; after everything else it can go on.
    pub async fn hand_over(
        &mut self,
        return_path: &str,
        recipient: &str,
        message: &[u8],
        still_wanted: impl Future<Output = bool>,
    ) -> Result<Handed, Trouble> {
        let outcome = self.verbs(return_path, recipient, message, still_wanted).await;
        match &outcome {
            Ok(Handed::Over(_)) => self.sent += 1,
            Err(trouble) if trouble.kind == Kind::Broken => {}
            // Forget sender and recipient; if even that fails, the next mail finds out.
            _ => {
                let _ = tokio::time::timeout(self.timeout, self.conn.command(Rset)).await;
            }
        }
        outcome
    }

    async fn verbs(
        &mut self,
        return_path: &str,
        recipient: &str,
        message: &[u8],
        still_wanted: impl Future<Output = bool>,
    ) -> Result<Handed, Trouble> {
        let form = || Trouble {
            kind: Kind::Recipient,
            code: "5.1.3".into(),
            reason: "mail-reason-address-form",
            said: "the recipient is not of a form that this server takes".into(),
        };
        let from: Address = return_path
            .parse()
            .map_err(|_| Trouble::lane("the return path is no address; look at the bounce domain"))?;
        let to: Address = recipient.parse().map_err(|_| form())?;
        let mut options = Vec::new();
        if !recipient.is_ascii() {
            if !self.conn.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(form());
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        self.step(Step::Mail, Mail::new(Some(from), options)).await?;
        self.step(Step::Rcpt, Rcpt::new(to, Vec::new())).await?;
        if !still_wanted.await {
            return Ok(Handed::NotWanted);
        }
        self.step(Step::Data, Data).await?;
        match tokio::time::timeout(self.timeout, self.conn.message(message)).await {
            Ok(Ok(response)) => Ok(Handed::Over(response.first_line().unwrap_or_default().to_owned())),
            Ok(Err(error)) => Err(Trouble::at(Step::Text, &error)),
            Err(_) => Err(Trouble::broken("the mail server did not confirm the message in time")),
        }
    }

    /// Says goodbye.
    pub async fn quit(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(5), self.conn.quit()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_in_plain_words() {
        assert_eq!(enhanced("5.1.1"), Some("5.1.1".into()));
        assert_eq!(enhanced("(#5.1.1)"), Some("5.1.1".into()));
        assert_eq!(enhanced("127.0.0.1"), None);
        assert_eq!(enhanced("3.1.1"), None);
        for (code, reason) in [
            ("5.1.1", "mail-reason-no-mailbox"),
            ("550", "mail-reason-no-mailbox"),
            ("5.1.2", "mail-reason-no-domain"),
            ("5.2.2", "mail-reason-mailbox-full"),
            ("4.2.2", "mail-reason-mailbox-full"),
            ("5.7.1", "mail-reason-policy"),
            ("4.7.1", "mail-reason-try-later"),
            ("451", "mail-reason-try-later"),
            ("554", "mail-reason-refused"),
            ("", "mail-reason-other"),
        ] {
            assert_eq!(reason_of_code(code), reason, "{code}");
        }
    }
}

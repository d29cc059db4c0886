//! The mail server that our mail goes to, and a conversation with it. The text is a step of its own,
//! because between RCPT and DATA we look once more whether the mail is still wanted.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use lettre::Address;
use tokio::net::TcpStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};

use super::refusal::{self, About, enhanced};
use super::wire::{Reply, Stream, Wire, dotted};
use crate::kernel::secrets::Secret;
use crate::platform::config::{self, SmtpSecurity, SmtpUrl};
use crate::platform::tls;

/// How long the server may take over each step: the shortest times that RFC 5321 4.5.3.2 allows.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Until the connection is open, with TLS.
    pub connect: Duration,
    /// The greeting.
    pub greeting: Duration,
    /// EHLO, STARTTLS and signing in.
    pub hello: Duration,
    /// MAIL.
    pub mail: Duration,
    /// RCPT.
    pub rcpt: Duration,
    /// DATA, until the server asks for the text.
    pub data: Duration,
    /// Writing the text.
    pub text: Duration,
    /// The answer to the final dot. Giving up here sends a second copy, because the server may have
    /// taken the first.
    pub dot: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |m: u64| Duration::from_secs(60 * m);
        Self {
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            hello: minutes(5),
            mail: minutes(5),
            rcpt: minutes(5),
            data: minutes(2),
            text: minutes(3),
            dot: minutes(10),
        }
    }
}

impl Timeouts {
    /// The same for every step.
    pub fn all(limit: Duration) -> Self {
        Self {
            connect: limit,
            greeting: limit,
            hello: limit,
            mail: limit,
            rcpt: limit,
            data: limit,
            text: limit,
            dot: limit,
        }
    }
}

/// A mail server, how to reach it, and how hard to lean on it.
#[derive(Clone)]
pub struct Relay {
    url: SmtpUrl,
    connections: usize,
    timeouts: Timeouts,
    roots: Vec<CertificateDer<'static>>,
    /// Made at the first use: reading a host's certificates takes a while.
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
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
    /// The server of this URL, with four connections.
    pub fn new(url: SmtpUrl) -> Self {
        Self {
            url,
            connections: 4,
            timeouts: Timeouts::default(),
            roots: Vec::new(),
            tls: Arc::new(OnceLock::new()),
        }
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

    /// How long the server may take over each step.
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Also believes certificates that this one signed: a practice's own mail server.
    pub fn trusting(mut self, pem: &[u8]) -> Result<Self, NoCertificate> {
        self.roots.push(CertificateDer::from_pem_slice(pem).map_err(|_| NoCertificate)?);
        self.tls = Arc::new(OnceLock::new());
        Ok(self)
    }

    /// See [`Relay::with_connections`].
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// See [`tls::client_config`].
    fn tls(&self) -> Result<Arc<ClientConfig>, Trouble> {
        if let Some(config) = self.tls.get() {
            return Ok(config.clone());
        }
        let config = tls::client_config(&self.roots).map_err(|error| Trouble::lane(&error))?;
        Ok(self.tls.get_or_init(|| config).clone())
    }

    /// Opens a conversation: greeting, encryption, sign-in. `hello` is our own name.
    pub async fn connect(&self, hello: &str) -> Result<Session, Trouble> {
        let (limits, host) = (self.timeouts, self.url.host.as_str());
        let open = |error: io::Error| Trouble::at_connect(&error);
        let plain = Wire::open(host, self.url.port, limits.connect).await.map_err(open)?;
        let (mut wire, features) = match self.url.security {
            SmtpSecurity::Plain => {
                let mut wire = plain.boxed();
                greeted(&mut wire, limits).await?;
                let features = said_hello(&mut wire, hello, limits).await?;
                (wire, features)
            }
            SmtpSecurity::Tls => {
                let mut wire = plain.secured(self.tls()?, host, limits.connect).await.map_err(open)?;
                greeted(&mut wire, limits).await?;
                let features = said_hello(&mut wire, hello, limits).await?;
                (wire, features)
            }
            SmtpSecurity::StartTls => {
                let mut wire = self.starttls(plain, hello).await?;
                let features = said_hello(&mut wire, hello, limits).await?;
                (wire, features)
            }
        };
        if let Some((user, password)) = &self.url.credentials {
            sign_in(&mut wire, &features, user, password, limits).await?;
        }
        Ok(Session { wire, features, timeouts: limits, sent: 0, open_transaction: false })
    }

    async fn starttls(
        &self,
        mut wire: Wire<TcpStream>,
        hello: &str,
    ) -> Result<Wire<Box<dyn Stream>>, Trouble> {
        let limits = self.timeouts;
        greeted(&mut wire, limits).await?;
        let features = said_hello(&mut wire, hello, limits).await?;
        if !features.starttls {
            return Err(Trouble::lane("the mail server offers no STARTTLS; nothing is sent without it"));
        }
        let reply = wire.ask("STARTTLS\r\n", limits.hello).await.map_err(|e| Trouble::at_connect(&e))?;
        if reply.class() != 2 {
            return Err(Trouble::refused_at_connect(&reply));
        }
        wire.secured(self.tls()?, &self.url.host, limits.connect).await.map_err(|e| Trouble::at_connect(&e))
    }
}

/// What the server offers (EHLO).
#[derive(Clone, Debug, Default)]
struct Features {
    starttls: bool,
    pipelining: bool,
    smtputf8: bool,
    /// The largest text, in octets; 0 where it names none.
    size: usize,
    auth_plain: bool,
    auth_login: bool,
}

impl Features {
    fn of(reply: &Reply) -> Self {
        let mut features = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase().replacen("AUTH=", "AUTH ", 1);
            let mut words = line.split_whitespace();
            match words.next() {
                Some("STARTTLS") => features.starttls = true,
                Some("PIPELINING") => features.pipelining = true,
                Some("SMTPUTF8") => features.smtputf8 = true,
                Some("SIZE") => features.size = words.next().and_then(|n| n.parse().ok()).unwrap_or(0),
                Some("AUTH") => {
                    for mechanism in words {
                        features.auth_plain |= mechanism == "PLAIN";
                        features.auth_login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        features
    }
}

async fn greeted<S: Stream>(wire: &mut Wire<S>, limits: Timeouts) -> Result<(), Trouble> {
    let reply = wire.reply(limits.greeting).await.map_err(|e| Trouble::at_connect(&e))?;
    if reply.class() == 2 { Ok(()) } else { Err(Trouble::refused_at_connect(&reply)) }
}

/// EHLO; HELO for a server that does not know it (RFC 5321 3.2).
async fn said_hello<S: Stream>(
    wire: &mut Wire<S>,
    hello: &str,
    limits: Timeouts,
) -> Result<Features, Trouble> {
    let at_connect = |e: io::Error| Trouble::at_connect(&e);
    let reply = wire.ask(&format!("EHLO {hello}\r\n"), limits.hello).await.map_err(at_connect)?;
    if reply.class() == 2 {
        return Ok(Features::of(&reply));
    }
    if !matches!(reply.code, 500 | 502 | 504) {
        return Err(Trouble::refused_at_connect(&reply));
    }
    let reply = wire.ask(&format!("HELO {hello}\r\n"), limits.hello).await.map_err(at_connect)?;
    if reply.class() == 2 { Ok(Features::default()) } else { Err(Trouble::refused_at_connect(&reply)) }
}

/// AUTH PLAIN (RFC 4616), or LOGIN where a server knows only that.
async fn sign_in<S: Stream>(
    wire: &mut Wire<S>,
    features: &Features,
    user: &str,
    password: &Secret,
    limits: Timeouts,
) -> Result<(), Trouble> {
    let at_connect = |e: io::Error| Trouble::at_connect(&e);
    let steps = if features.auth_plain {
        vec![format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{}", password.reveal())))]
    } else if features.auth_login {
        vec!["AUTH LOGIN".to_owned(), STANDARD.encode(user), STANDARD.encode(password.reveal())]
    } else {
        return Err(Trouble::lane("the mail server offers neither AUTH PLAIN nor AUTH LOGIN"));
    };
    let last = steps.len() - 1;
    for (at, step) in steps.into_iter().enumerate() {
        let reply = wire.ask(&format!("{step}\r\n"), limits.hello).await.map_err(at_connect)?;
        let wanted = if at == last { 2 } else { 3 };
        if reply.class() != wanted {
            return Err(Trouble::refused_at_connect(&reply));
        }
    }
    Ok(())
}

/// What kind of trouble, and so what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No server there: rest, then try again with one mail.
    Unreachable,
    /// The server had closed the conversation before it heard of this mail: open another.
    Stale,
    /// The conversation broke; the mail may or may not have arrived.
    Broken,
    /// "Try again later" about this mail.
    Later,
    /// Refused for good before the text: a fact about the mailbox.
    Mailbox,
    /// Refused for good, and it says nothing about the mailbox.
    Refused,
    /// This message is refused for its content or its size.
    Message,
    /// The server refuses us, whatever the mail: sign-in, certificate, relaying, quota. An operator
    /// must look; mails wait.
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
    /// The server refuses us, or we cannot even ask it.
    pub fn lane(said: &str) -> Self {
        Self {
            kind: Kind::Lane,
            code: String::new(),
            reason: "mail-reason-sender-refused",
            said: said.to_owned(),
        }
    }

    fn unreachable(said: &str) -> Self {
        Self { kind: Kind::Unreachable, reason: "mail-reason-unreachable", ..Self::lane(said) }
    }

    fn broken(said: &str) -> Self {
        Self { kind: Kind::Broken, reason: "mail-reason-interrupted", ..Self::lane(said) }
    }

    /// A certificate that does not hold, and a server that speaks something else, stay so until
    /// somebody looks; everything else may be over in a minute.
    fn at_connect(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => Self::lane(&error.to_string()),
            io::ErrorKind::TimedOut => Self::unreachable("the mail server did not answer in time"),
            _ => Self::unreachable(&error.to_string()),
        }
    }

    fn refused_at_connect(reply: &Reply) -> Self {
        let trouble = if reply.class() == 5 { Self::lane("") } else { Self::unreachable("") };
        Self { code: code_of(reply), said: said(reply), ..trouble }
    }

    /// The conversation ended in the middle.
    fn cut(step: Step, error: &io::Error) -> Self {
        let trouble = Self::broken(&error.to_string());
        match (step, error.kind()) {
            (_, io::ErrorKind::TimedOut) => trouble,
            (Step::Mail, _) => Self { kind: Kind::Stale, ..trouble },
            _ => trouble,
        }
    }

    fn refused(step: Step, reply: &Reply) -> Self {
        let (code, text) = (code_of(reply), reply.text());
        let refusal = refusal::read(&code, &text);
        // 421 is a goodbye: the server closes the conversation, whatever it was asked (RFC 5321 3.8).
        let kind = match (reply.code, step, refusal.about) {
            (421, Step::Mail, _) => Kind::Stale,
            (400..=499, _, _) => Kind::Later,
            (500..=599, _, About::Sender) => Kind::Lane,
            (500..=599, _, About::Message) => Kind::Message,
            // The sender is ours, so a refusal is about us and not about this mail.
            (500..=599, Step::Mail, _) => Kind::Lane,
            // Mailboxes are refused at RCPT. After the text a server may mean anything by it.
            (500..=599, Step::Rcpt, About::Mailbox) => Kind::Mailbox,
            (500..=599, _, _) => Kind::Refused,
            _ => return Self::broken("the mail server gave an answer that does not belong there"),
        };
        Self { kind, code, reason: refusal.reason, said: said(reply) }
    }
}

fn said(reply: &Reply) -> String {
    format!("{} {}", reply.code, reply.text())
}

/// The enhanced code (RFC 3463) if the reply begins with one, else the three digits.
fn code_of(reply: &Reply) -> String {
    reply
        .lines
        .iter()
        .find_map(|line| line.split_whitespace().next().and_then(enhanced))
        .unwrap_or_else(|| reply.code.to_string())
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
    /// The server has taken it.
    Over,
    /// It was no longer wanted; nothing was said of it but sender and recipient.
    NotWanted,
}

/// An open conversation, good for many mails.
pub struct Session {
    wire: Wire<Box<dyn Stream>>,
    features: Features,
    timeouts: Timeouts,
    sent: usize,
    /// Sender and perhaps recipient are said, and no text followed: RSET goes before the next mail.
    open_transaction: bool,
}

impl Session {
    /// Mails handed over in this conversation.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Hands one mail over: MAIL, RCPT, then `still_wanted`, then DATA. After [`Kind::Stale`] and
    /// [`Kind::Broken`] the conversation is over; after everything else it can go on.
    pub async fn hand_over(
        &mut self,
        return_path: &str,
        recipient: &str,
        message: &[u8],
        still_wanted: impl Future<Output = bool>,
    ) -> Result<Handed, Trouble> {
        let (mail, rcpt) = self.envelope(return_path, recipient, message.len())?;
        self.say_envelope(&mail, &rcpt).await?;
        if !still_wanted.await {
            return Ok(Handed::NotWanted);
        }
        self.step(Step::Data, "DATA\r\n", self.timeouts.data, 3).await?;
        let broken = |e: io::Error| Trouble::cut(Step::Text, &e);
        self.wire.write(&dotted(message), self.timeouts.text).await.map_err(broken)?;
        let reply = self.wire.reply(self.timeouts.dot).await.map_err(broken)?;
        // Taken or refused, the transaction is over (RFC 5321 4.1.1.4).
        self.open_transaction = false;
        if reply.class() != 2 {
            return Err(Trouble::refused(Step::Text, &reply));
        }
        self.sent += 1;
        Ok(Handed::Over)
    }

    /// The two commands that name sender and recipient.
    fn envelope(&self, return_path: &str, recipient: &str, size: usize) -> Result<(String, String), Trouble> {
        let form = |form: refusal::Refusal, said: &str| Trouble {
            kind: Kind::Refused,
            code: String::new(),
            reason: form.reason,
            said: said.to_owned(),
        };
        // Parsed, so that no line end or bracket in an address becomes a command of its own.
        let from: Address = return_path
            .parse()
            .map_err(|_| Trouble::lane("the return path is no address; look at the bounce domain"))?;
        let to: Address = recipient.parse().map_err(|_| {
            form(refusal::ADDRESS_FORM, "the recipient is no address of a form that mail takes")
        })?;
        let mut mail = format!("MAIL FROM:<{from}>");
        if self.features.size > 0 {
            if size > self.features.size {
                let too_large = refusal::read("5.3.4", "");
                return Err(Trouble {
                    kind: Kind::Message,
                    ..form(too_large, "the message is larger than the mail server takes")
                });
            }
            mail.push_str(&format!(" SIZE={size}"));
        }
        if !recipient.is_ascii() {
            if !self.features.smtputf8 {
                return Err(form(refusal::ADDRESS_FORM, "the mail server does not offer SMTPUTF8"));
            }
            mail.push_str(" SMTPUTF8");
        }
        mail.push_str("\r\n");
        Ok((mail, format!("RCPT TO:<{to}>\r\n")))
    }

    /// Says sender and recipient: in one write where the server takes several commands at once
    /// (RFC 2920), else one after the other.
    async fn say_envelope(&mut self, mail: &str, rcpt: &str) -> Result<(), Trouble> {
        let limits = self.timeouts;
        if self.open_transaction && !self.features.pipelining {
            self.step(Step::Mail, "RSET\r\n", limits.mail, 2).await?;
        }
        if !self.features.pipelining {
            self.open_transaction = true;
            self.step(Step::Mail, mail, limits.mail, 2).await?;
            return self.step(Step::Rcpt, rcpt, limits.rcpt, 2).await;
        }
        let reset = self.open_transaction;
        let group = format!("{}{mail}{rcpt}", if reset { "RSET\r\n" } else { "" });
        self.open_transaction = true;
        let cut = |step: Step| move |e: io::Error| Trouble::cut(step, &e);
        self.wire.write(group.as_bytes(), limits.mail).await.map_err(cut(Step::Mail))?;
        if reset {
            let reply = self.wire.reply(limits.mail).await.map_err(cut(Step::Mail))?;
            if reply.class() != 2 {
                return Err(Trouble::refused(Step::Mail, &reply));
            }
        }
        let mail = self.wire.reply(limits.mail).await.map_err(cut(Step::Mail))?;
        if mail.code == 421 {
            return Err(Trouble::refused(Step::Mail, &mail));
        }
        // Read even after a refused MAIL, or every later reply would be taken for the one before it.
        let rcpt = self.wire.reply(limits.rcpt).await.map_err(cut(Step::Rcpt))?;
        match (mail.class(), rcpt.class()) {
            (2, 2) => Ok(()),
            (2, _) => Err(Trouble::refused(Step::Rcpt, &rcpt)),
            _ => Err(Trouble::refused(Step::Mail, &mail)),
        }
    }

    async fn step(&mut self, step: Step, command: &str, limit: Duration, wanted: u16) -> Result<(), Trouble> {
        let reply = self.wire.ask(command, limit).await.map_err(|e| Trouble::cut(step, &e))?;
        if reply.class() == wanted { Ok(()) } else { Err(Trouble::refused(step, &reply)) }
    }

    /// Says goodbye.
    pub async fn quit(mut self) {
        let _ = self.wire.ask("QUIT\r\n", Duration::from_secs(5)).await;
    }
}

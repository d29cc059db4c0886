//! A small mail server that keeps what it is sent: the demo's mailbox and every test read from it.
//! It speaks real SMTP on loopback, and can be told to misbehave.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use crate::kernel::clock::Timestamp;

/// The largest message it takes, in bytes.
const LARGEST: usize = 2 * 1024 * 1024;
/// How many mails it keeps; older ones make room.
const MOST: usize = 20_000;
/// The longest command line (RFC 5321 asks for at least 512).
const LONGEST_LINE: usize = 4_096;

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct ReceivedMail {
    /// Its number, from 1.
    pub number: u64,
    /// The envelope's sender: the return path.
    pub return_path: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Subject, decoded.
    pub subject: String,
    /// Plain text, decoded.
    pub text: String,
    /// HTML, decoded.
    pub html: String,
    /// Header names and values, in order.
    pub headers: Vec<(String, String)>,
    /// When it arrived, by the machine's clock.
    pub received_at: Timestamp,
    /// As it came over the wire, with dots unstuffed.
    pub raw: Vec<u8>,
}

impl ReceivedMail {
    /// A header's value; names in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The first web address on a line of its own in the plain text: the mail's one link.
    pub fn link(&self) -> Option<&str> {
        self.text.lines().map(str::trim).find(|l| l.starts_with("http://") || l.starts_with("https://"))
    }
}

/// A step of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// The greeting, before the client says anything.
    Connect,
    /// EHLO or HELO.
    Hello,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, before the text.
    Data,
    /// The text has arrived (and is kept); the answer is missing.
    Text,
}

/// A way to misbehave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers RCPT for recipients that contain the text with this line ("550 5.1.1 no such user").
    RefuseRecipient(String, String),
    /// Answers this verb with this line, so many times.
    Answer(Verb, String, usize),
    /// Closes the connection at this verb, so many times.
    Drop(Verb, usize),
    /// Waits before every answer.
    Slow(Duration),
    /// Waits before the answer to this verb, for recipients that contain the text.
    Wait(Verb, String, Duration),
}

struct Inner {
    mails: VecDeque<ReceivedMail>,
    number: u64,
    faults: Vec<Fault>,
    connections: usize,
    most_at_once: usize,
    sessions: usize,
}

struct Shared {
    inner: Mutex<Inner>,
    arrived: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running server; it stops when dropped.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
}

impl Receiver {
    /// Listens on an address; port 0 takes a free one.
    pub async fn start(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            inner: Mutex::new(Inner {
                mails: VecDeque::new(),
                number: 0,
                faults: Vec::new(),
                connections: 0,
                most_at_once: 0,
                sessions: 0,
            }),
            arrived: Notify::new(),
        });
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, shared.clone(), stopped));
        Ok(Self { address, shared, stop })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to give as the SMTP URL.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Everything it kept, oldest first.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.shared.lock().mails.iter().cloned().collect()
    }

    /// How many mails it keeps.
    pub fn count(&self) -> usize {
        self.shared.lock().mails.len()
    }

    /// The mails to one address, oldest first.
    pub fn mails_to(&self, address: &str) -> Vec<ReceivedMail> {
        self.mails().into_iter().filter(|m| m.to.iter().any(|to| to.eq_ignore_ascii_case(address))).collect()
    }

    /// One mail.
    pub fn mail(&self, number: u64) -> Option<ReceivedMail> {
        self.shared.lock().mails.iter().find(|m| m.number == number).cloned()
    }

    /// Waits until at least `n` mails are there; gives what is there when the time is over.
    pub async fn wait_for(&self, n: usize, timeout: Duration) -> Vec<ReceivedMail> {
        let enough = async {
            loop {
                let arrived = self.shared.arrived.notified();
                if self.count() >= n {
                    return;
                }
                arrived.await;
            }
        };
        let _ = tokio::time::timeout(timeout, enough).await;
        self.mails()
    }

    /// Waits until a mail with a higher number than this arrives; gives those that are there.
    pub async fn after(&self, number: u64) -> Vec<ReceivedMail> {
        loop {
            let arrived = self.shared.arrived.notified();
            let fresh: Vec<_> =
                self.shared.lock().mails.iter().filter(|m| m.number > number).cloned().collect();
            if !fresh.is_empty() {
                return fresh;
            }
            arrived.await;
        }
    }

    /// Takes a mail that arrived before this server was started: its envelope, when, and its text.
    pub fn take_back(&self, return_path: String, to: Vec<String>, received_at: Timestamp, raw: Vec<u8>) {
        keep(&self.shared, return_path, to, received_at, raw);
    }

    /// Forgets what it kept.
    pub fn clear(&self) {
        self.shared.lock().mails.clear();
    }

    /// Misbehaves in this way too, from now on.
    pub fn fault(&self, fault: Fault) {
        self.shared.lock().faults.push(fault);
    }

    /// Behaves again.
    pub fn heal(&self) {
        self.shared.lock().faults.clear();
    }

    /// The most connections that were open at one time.
    pub fn most_connections(&self) -> usize {
        self.shared.lock().most_at_once
    }

    /// How many connections were opened in all.
    pub fn sessions(&self) -> usize {
        self.shared.lock().sessions
    }

    /// Stops listening and closes what is open.
    pub fn stop(&self) {
        let _ = self.stop.send(true);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        {
            let mut inner = shared.lock();
            inner.connections += 1;
            inner.sessions += 1;
            inner.most_at_once = inner.most_at_once.max(inner.connections);
        }
        let (shared, mut stopped) = (shared.clone(), stopped.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = converse(stream, &shared) => {}
                _ = stopped.changed() => {}
            }
            shared.lock().connections -= 1;
        });
    }
}

/// What a fault does at a step.
enum Turn {
    Go,
    Say(String),
    Hang,
}

fn turn(shared: &Shared, verb: Verb, argument: &str) -> (Turn, Duration) {
    let mut inner = shared.lock();
    let waits = |fault: &Fault| match fault {
        Fault::Slow(wait) => Some(*wait),
        Fault::Wait(at, part, wait) if *at == verb && argument.contains(part.as_str()) => Some(*wait),
        _ => None,
    };
    let slow = inner.faults.iter().find_map(waits).unwrap_or_default();
    for fault in &mut inner.faults {
        match fault {
            Fault::RefuseRecipient(part, answer)
                if verb == Verb::Rcpt && argument.contains(part.as_str()) =>
            {
                return (Turn::Say(answer.clone()), slow);
            }
            Fault::Answer(at, answer, left) if *at == verb && *left > 0 => {
                *left -= 1;
                return (Turn::Say(answer.clone()), slow);
            }
            Fault::Drop(at, left) if *at == verb && *left > 0 => {
                *left -= 1;
                return (Turn::Hang, slow);
            }
            _ => {}
        }
    }
    (Turn::Go, slow)
}

type Wire = BufReader<TcpStream>;

async fn say(wire: &mut Wire, line: &str) -> std::io::Result<()> {
    wire.get_mut().write_all(format!("{line}\r\n").as_bytes()).await
}

/// One line without its end; `None` when the other side has gone or the line is too long.
async fn line(wire: &mut Wire) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut limited = (&mut *wire).take(LONGEST_LINE as u64);
    limited.read_until(b'\n', &mut line).await?;
    if line.pop() != Some(b'\n') {
        return Ok(None);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

/// The address in `FROM:<a@b> SIZE=…`.
fn address(argument: &str) -> Option<String> {
    let (_, rest) = argument.split_once('<')?;
    let (address, _) = rest.split_once('>')?;
    Some(address.to_owned())
}

async fn converse(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut wire = BufReader::new(stream);
    let (first, slow) = turn(shared, Verb::Connect, "");
    tokio::time::sleep(slow).await;
    match first {
        Turn::Hang => return Ok(()),
        Turn::Say(answer) => return say(&mut wire, &answer).await,
        Turn::Go => say(&mut wire, "220 receiver.localhost ESMTP").await?,
    }
    let mut from: Option<String> = None;
    let mut to: Vec<String> = Vec::new();
    while let Some(bytes) = line(&mut wire).await? {
        let command = String::from_utf8_lossy(&bytes).into_owned();
        let word = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let verb = match word.as_str() {
            "EHLO" | "HELO" => Some(Verb::Hello),
            "MAIL" => Some(Verb::Mail),
            "RCPT" => Some(Verb::Rcpt),
            "DATA" => Some(Verb::Data),
            _ => None,
        };
        if let Some(verb) = verb {
            let (turn, slow) = turn(shared, verb, &command);
            if !slow.is_zero() {
                tokio::time::sleep(slow).await;
            }
            match turn {
                Turn::Hang => return Ok(()),
                Turn::Say(answer) => {
                    say(&mut wire, &answer).await?;
                    continue;
                }
                Turn::Go => {}
            }
        }
        match word.as_str() {
            "EHLO" => {
                let lines = format!(
                    "250-receiver.localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE {LARGEST}"
                );
                say(&mut wire, &lines).await?;
            }
            "HELO" => say(&mut wire, "250 receiver.localhost").await?,
            "MAIL" => match address(&command) {
                Some(address) if from.is_none() => {
                    from = Some(address);
                    say(&mut wire, "250 2.1.0 ok").await?;
                }
                Some(_) => say(&mut wire, "503 5.5.1 one sender at a time").await?,
                None => say(&mut wire, "501 5.1.7 that is no address").await?,
            },
            "RCPT" => match address(&command) {
                _ if from.is_none() => say(&mut wire, "503 5.5.1 MAIL first").await?,
                Some(address) if !address.is_empty() => {
                    to.push(address);
                    say(&mut wire, "250 2.1.5 ok").await?;
                }
                _ => say(&mut wire, "501 5.1.3 that is no address").await?,
            },
            "DATA" if to.is_empty() => say(&mut wire, "503 5.5.1 RCPT first").await?,
            "DATA" => {
                say(&mut wire, "354 end with a dot on a line of its own").await?;
                let Some(text) = text(&mut wire).await? else {
                    say(&mut wire, "552 5.3.4 too large").await?;
                    return Ok(());
                };
                let (turn, slow) = turn(shared, Verb::Text, &to.join(" "));
                tokio::time::sleep(slow).await;
                if let Turn::Say(answer) = turn {
                    say(&mut wire, &answer).await?;
                } else {
                    let now = jiff::Timestamp::now().into();
                    keep(shared, from.take().unwrap_or_default(), std::mem::take(&mut to), now, text);
                    if matches!(turn, Turn::Hang) {
                        return Ok(());
                    }
                    say(&mut wire, "250 2.0.0 kept").await?;
                }
                (from, to) = (None, Vec::new());
            }
            "RSET" => {
                (from, to) = (None, Vec::new());
                say(&mut wire, "250 2.0.0 ok").await?;
            }
            "NOOP" => say(&mut wire, "250 2.0.0 ok").await?,
            "VRFY" => say(&mut wire, "252 2.1.5 send and see").await?,
            "QUIT" => return say(&mut wire, "221 2.0.0 bye").await,
            _ => say(&mut wire, "502 5.5.1 not here").await?,
        }
    }
    Ok(())
}

/// The text up to the lone dot, unstuffed; `None` when it is too large.
async fn text(wire: &mut Wire) -> std::io::Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    loop {
        let mut line = Vec::new();
        (&mut *wire).take(LARGEST as u64).read_until(b'\n', &mut line).await?;
        if line.last() != Some(&b'\n') {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(Some(text));
        }
        let content = line.strip_prefix(b".").unwrap_or(&line);
        if text.len() + content.len() > LARGEST {
            return Ok(None);
        }
        text.extend_from_slice(content);
    }
}

fn keep(shared: &Shared, return_path: String, to: Vec<String>, received_at: Timestamp, raw: Vec<u8>) {
    let parsed = mail_parser::MessageParser::new().parse(&raw);
    let (mut subject, mut text, mut html, mut headers) =
        (String::new(), String::new(), String::new(), Vec::new());
    if let Some(mail) = &parsed {
        subject = mail.subject().unwrap_or_default().to_owned();
        text = mail.body_text(0).unwrap_or_default().replace("\r\n", "\n");
        html = mail.body_html(0).unwrap_or_default().into_owned();
        headers =
            mail.headers_raw().map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
    }
    let mut inner = shared.lock();
    inner.number += 1;
    let number = inner.number;
    if inner.mails.len() >= MOST {
        inner.mails.pop_front();
    }
    inner.mails.push_back(ReceivedMail {
        number,
        return_path,
        to,
        subject,
        text,
        html,
        headers,
        received_at,
        raw,
    });
    drop(inner);
    shared.arrived.notify_waiters();
}

//! SMTP on the wire (RFC 5321): commands out in one write, replies in whole, plain or under TLS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

/// What a conversation runs over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The longest reply: RFC 5321 asks for lines of 512 octets, and an EHLO answer has a few dozen.
const LONGEST_REPLY: usize = 64 * 1024;

/// A server's whole reply, all its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Three digits.
    pub code: u16,
    /// The words of each line, without code.
    pub lines: Vec<String>,
}

impl Reply {
    pub(super) fn text(&self) -> String {
        self.lines.join(" ")
    }

    /// 2 is done, 3 goes on, 4 is later, 5 is never.
    pub(super) fn class(&self) -> u16 {
        self.code / 100
    }
}

/// One side of a conversation, with its buffers.
pub(super) struct Wire<S> {
    stream: S,
    incoming: Vec<u8>,
    /// How much of `incoming` was read already.
    read: usize,
}

fn too_late() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

fn odd(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Wire<TcpStream> {
    /// Without Nagle's algorithm: what we write is whole, and waiting for an acknowledgement before
    /// the last part is sent costs 40 ms a mail.
    pub(super) async fn open(host: &str, port: u16, limit: Duration) -> io::Result<Self> {
        let stream =
            tokio::time::timeout(limit, TcpStream::connect((host, port))).await.map_err(|_| too_late())??;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }

    /// Turns to TLS. What came in clear after the answer to STARTTLS may be an attacker's, who would
    /// have it taken for the server's (RFC 3207, CVE-2011-0411): then there is no conversation.
    pub(super) async fn secured(
        self,
        config: Arc<ClientConfig>,
        host: &str,
        limit: Duration,
    ) -> io::Result<Wire<Box<dyn Stream>>> {
        if self.read < self.incoming.len() {
            return Err(odd("the mail server sent more than its answer before TLS began"));
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| odd("the mail server's name cannot stand in a certificate"))?;
        let connecting = TlsConnector::from(config).connect(name, self.stream);
        let stream = tokio::time::timeout(limit, connecting).await.map_err(|_| too_late())??;
        Ok(Wire::over(Box::new(stream)))
    }

    pub(super) fn boxed(self) -> Wire<Box<dyn Stream>> {
        Wire { stream: Box::new(self.stream), incoming: self.incoming, read: self.read }
    }
}

impl<S: Stream> Wire<S> {
    fn over(stream: S) -> Self {
        Self { stream, incoming: Vec::with_capacity(1_024), read: 0 }
    }

    /// Writes all of it at once.
    pub(super) async fn write(&mut self, bytes: &[u8], limit: Duration) -> io::Result<()> {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        tokio::time::timeout(limit, writing).await.map_err(|_| too_late())?
    }

    /// The next reply.
    pub(super) async fn reply(&mut self, limit: Duration) -> io::Result<Reply> {
        tokio::time::timeout(limit, self.whole_reply()).await.map_err(|_| too_late())?
    }

    /// Writes a command and reads the reply to it.
    pub(super) async fn ask(&mut self, command: &str, limit: Duration) -> io::Result<Reply> {
        self.write(command.as_bytes(), limit).await?;
        self.reply(limit).await
    }

    async fn whole_reply(&mut self) -> io::Result<Reply> {
        let mut lines = Vec::with_capacity(1);
        let mut size = 0;
        loop {
            let (code, goes_on, words) = self.line().await?;
            size += words.len() + 4;
            if size > LONGEST_REPLY {
                return Err(odd("the mail server's reply does not end"));
            }
            lines.push(words);
            if !goes_on {
                return Ok(Reply { code, lines });
            }
        }
    }

    /// One line: its code, whether more follow, and its words.
    async fn line(&mut self) -> io::Result<(u16, bool, String)> {
        loop {
            let unread = &self.incoming[self.read..];
            if let Some(end) = unread.iter().position(|b| *b == b'\n') {
                let line = parsed(&unread[..end]);
                self.read += end + 1;
                return line;
            }
            if unread.len() > LONGEST_REPLY {
                return Err(odd("the mail server's line does not end"));
            }
            if self.read > 0 {
                self.incoming.drain(..self.read);
                self.read = 0;
            }
            if self.stream.read_buf(&mut self.incoming).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

fn parsed(line: &[u8]) -> io::Result<(u16, bool, String)> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let not_smtp = || odd("the mail server does not speak SMTP");
    let (digits, rest) = line.split_at_checked(3).ok_or_else(not_smtp)?;
    let code = std::str::from_utf8(digits).ok().and_then(|d| d.parse::<u16>().ok()).ok_or_else(not_smtp)?;
    if !(200..600).contains(&code) {
        return Err(not_smtp());
    }
    let goes_on = match rest.first() {
        None | Some(b' ') => false,
        Some(b'-') => true,
        Some(_) => return Err(not_smtp()),
    };
    Ok((code, goes_on, String::from_utf8_lossy(rest.get(1..).unwrap_or_default()).into_owned()))
}

/// The text of a mail as DATA wants it: a dot before each line that begins with one, CRLF at every
/// line's end, and the lone dot (RFC 5321 4.5.2).
pub(super) fn dotted(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64 + 5);
    for line in message.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        match line.strip_suffix(b"\n") {
            Some(content) => {
                out.extend_from_slice(content.strip_suffix(b"\r").unwrap_or(content));
                out.extend_from_slice(b"\r\n");
            }
            None => {
                out.extend_from_slice(line);
                out.extend_from_slice(b"\r\n");
            }
        }
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_with_its_only_lone_dot() {
        assert_eq!(dotted(b"a\r\n.\r\n..b\nc"), b"a\r\n..\r\n...b\r\nc\r\n.\r\n");
        assert_eq!(dotted(b""), b".\r\n");
        assert_eq!(dotted(b".a\r\n"), b"..a\r\n.\r\n");
    }

    #[test]
    fn only_smtp_is_taken_for_a_reply() {
        assert_eq!(parsed(b"250-mx\r").unwrap(), (250, true, "mx".into()));
        assert_eq!(parsed(b"250").unwrap(), (250, false, String::new()));
        for line in [&b"HTTP/1.1 400"[..], b"25", b"999 x", b"250_x", b"", b"\xff\xff\xff"] {
            assert!(parsed(line).is_err(), "{line:?}");
        }
    }
}

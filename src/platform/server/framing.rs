//! Where one request ends and the next begins, asked strictly before the parser reads it (WEB-08).
//!
//! hyper reads what it can make sense of: a bare LF for a line's end, a length beside chunks (it
//! takes the chunks), no `Host` or two. A proxy in front of us that reads the same bytes another way
//! can be led to take one request for two. So a head goes through here first, whole, and only in the
//! one form that nobody reads two ways; anything else is replaced by a stand-in that the service
//! answers with 400, 414 or 431 and the end of the connection. What came before it is answered
//! first, in order; what comes behind it is dropped.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::http::{StatusCode, header};
use tokio::io::{AsyncRead, ReadBuf};

/// Longest request line, in bytes.
const LONGEST_LINE: usize = 8 * 1024;
/// Largest head, in bytes.
pub(super) const LARGEST_HEAD: usize = 32 * 1024;
/// The method of the stand-in. Whoever sends it themselves gets the refusal that they ask for.
const REFUSED: &str = "REFUSED";

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Malformed,
    LineTooLong,
    HeadTooLarge,
}

impl Wrong {
    const fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::LineTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// So many bytes, then the next head.
    Sized(u64),
    /// Chunks. Nothing is read behind them: [`is_last`] closes the connection with the answer.
    Chunked,
}

/// The refusal that a request stands for, if it is the stand-in.
pub(super) fn refusal<B>(request: &axum::http::Request<B>) -> Option<StatusCode> {
    (request.method().as_str() == REFUSED).then(|| match request.uri().path() {
        "/414" => StatusCode::URI_TOO_LONG,
        "/431" => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    })
}

/// Must the connection end with this request's answer?
pub(super) fn is_last<B>(request: &axum::http::Request<B>) -> bool {
    request.headers().contains_key(header::TRANSFER_ENCODING)
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// A head is coming; nothing of it has been passed on.
    Head,
    /// So many bytes are passed on unlooked: a head that was found good, and its body.
    Passing(u64),
    /// Everything is: chunks.
    Everything,
    /// The stand-in is passed on, and nothing else any more.
    Refused,
}

/// Stands between a socket and the parser.
pub(super) struct Gate {
    state: State,
    /// What came and was not passed on yet.
    raw: Vec<u8>,
    /// How much of it was looked at in search of the head's end.
    seen: usize,
    /// An empty line before a head is forgiven once (RFC 9112, 2.2).
    forgiven: bool,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { state: State::Head, raw: Vec::new(), seen: 0, forgiven: false }
    }

    /// Reads as the socket would, but lets only whole and unambiguous heads through.
    pub(super) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match self.state {
                State::Head => match self.next_head() {
                    Ok(Some(state)) => self.state = state,
                    Ok(None) => {
                        let mut room = [0; 4 * 1024];
                        let mut read = ReadBuf::new(&mut room);
                        ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
                        if read.filled().is_empty() {
                            // The other side is gone; half a head is nobody's request.
                            return Poll::Ready(Ok(()));
                        }
                        self.raw.extend_from_slice(read.filled());
                    }
                    Err(wrong) => {
                        let number = wrong.status().as_u16();
                        tracing::debug!(status = number, "a request's head was refused");
                        metrics::counter!("anteroom_heads_refused_total", "status" => number.to_string())
                            .increment(1);
                        self.raw = format!("{REFUSED} /{number} HTTP/1.1\r\nHost: -\r\n\r\n").into_bytes();
                        self.state = State::Refused;
                    }
                },
                State::Passing(0) => {
                    (self.state, self.seen, self.forgiven) = (State::Head, 0, false);
                }
                State::Passing(left) => {
                    let most = usize::try_from(left).unwrap_or(usize::MAX);
                    let passed = ready!(self.pass(stream, cx, buffer, most))?;
                    self.state = State::Passing(left - passed as u64);
                    return Poll::Ready(Ok(()));
                }
                State::Everything => {
                    return self.pass(stream, cx, buffer, usize::MAX).map_ok(drop);
                }
                State::Refused if !self.raw.is_empty() => {
                    return self.pass(stream, cx, buffer, usize::MAX).map_ok(drop);
                }
                State::Refused => {
                    // Taken off the wire and dropped: closing on unread bytes would reset the
                    // connection before the answer is read.
                    let mut room = [0; 4 * 1024];
                    let mut read = ReadBuf::new(&mut room);
                    ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
                    if read.filled().is_empty() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Passes up to `most` bytes on: first what waits here, then the socket's.
    fn pass<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let most = most.min(buffer.remaining());
        if !self.raw.is_empty() {
            let count = most.min(self.raw.len());
            buffer.put_slice(&self.raw[..count]);
            self.raw.drain(..count);
            return Poll::Ready(Ok(count));
        }
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
        ready!(Pin::new(stream).poll_read(cx, &mut part))?;
        let count = part.filled().len();
        buffer.advance(count);
        Poll::Ready(Ok(count))
    }

    /// Looks for a whole head in what came. Line ends are judged as they come, so that nobody waits
    /// for the end of a head that is wrong already.
    fn next_head(&mut self) -> Result<Option<State>, Wrong> {
        while let Some(byte) = self.raw.get(self.seen).copied() {
            let after_cr = self.seen > 0 && self.raw[self.seen - 1] == b'\r';
            if (byte == b'\n') != after_cr {
                return Err(Wrong::Malformed);
            }
            self.seen += 1;
            if byte == b'\n' {
                let head = &self.raw[..self.seen];
                if head == b"\r\n" && !self.forgiven {
                    self.raw.drain(..2);
                    (self.seen, self.forgiven) = (0, true);
                } else if head == b"\r\n" {
                    return Err(Wrong::Malformed);
                } else if head.ends_with(b"\r\n\r\n") {
                    return Ok(Some(match judge(head)? {
                        Body::Sized(size) => State::Passing(size.saturating_add(head.len() as u64)),
                        Body::Chunked => State::Everything,
                    }));
                }
            }
            if self.seen == LONGEST_LINE && !self.raw[..LONGEST_LINE].contains(&b'\n') {
                return Err(Wrong::LineTooLong);
            }
            if self.seen >= LARGEST_HEAD {
                return Err(Wrong::HeadTooLarge);
            }
        }
        Ok(None)
    }
}

/// Reads a whole head whose lines all end in CRLF.
fn judge(head: &[u8]) -> Result<Body, Wrong> {
    let mut lines = head.split(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\r"));
    let mut words = lines.next().unwrap_or_default().split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Wrong::Malformed);
    };
    let is_11 = match version {
        b"HTTP/1.1" => true,
        b"HTTP/1.0" => false,
        _ => return Err(Wrong::Malformed),
    };
    let (mut hosts, mut lengths, mut codings) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines.filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':').ok_or(Wrong::Malformed)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // No space before the colon, no folded line, no control character in a value.
        if !is_token(name) || value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(Wrong::Malformed);
        }
        if name.eq_ignore_ascii_case(b"host") {
            hosts.push(value);
        } else if name.eq_ignore_ascii_case(b"content-length") {
            lengths.push(value);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            codings.push(value);
        }
    }
    let host = match hosts.as_slice() {
        [host] if is_host(host) => Some(*host),
        [] if !is_11 => None,
        _ => return Err(Wrong::Malformed),
    };
    if !is_token(method) || !is_ours(method, target, host) {
        return Err(Wrong::Malformed);
    }
    match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => Ok(Body::Sized(0)),
        ([length], []) => size(length).map(Body::Sized).ok_or(Wrong::Malformed),
        ([], [coding]) if is_11 && coding.eq_ignore_ascii_case(b"chunked") => Ok(Body::Chunked),
        _ => Err(Wrong::Malformed),
    }
}

/// A path of ours: as a path, or as a whole address whose host is the one of `Host`.
fn is_ours(method: &[u8], target: &[u8], host: Option<&[u8]>) -> bool {
    if !target.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#') {
        return false;
    }
    if target.starts_with(b"/") || (target == b"*" && method == b"OPTIONS") {
        return true;
    }
    let scheme_ends = [b"http://".as_slice(), b"https://"].into_iter().find_map(|scheme| {
        target.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)).map(<[u8]>::len)
    });
    let Some(at) = scheme_ends else { return false };
    let authority = target[at..].split(|byte| matches!(byte, b'/' | b'?')).next().unwrap_or_default();
    host.map_or_else(|| is_host(authority), |host| host.eq_ignore_ascii_case(authority))
}

fn is_host(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(byte))
}

fn size(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A word of RFC 9110, 5.6.2.
fn is_token(text: &[u8]) -> bool {
    !text.is_empty()
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use axum::Router;
    use axum::body::Bytes;
    use axum::extract::State as Kept;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::super::{Patience, serve};
    use crate::platform::stop;

    /// A server that counts what it executed.
    async fn open() -> (SocketAddr, stop::Stopper, Arc<AtomicUsize>) {
        let done = Arc::new(AtomicUsize::new(0));
        let count = async |Kept(done): Kept<Arc<AtomicUsize>>, body: Bytes| {
            done.fetch_add(1, Ordering::SeqCst);
            format!("<{}>", String::from_utf8_lossy(&body))
        };
        let router = Router::new().route("/", get(count).post(count)).with_state(done.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stopper, stop) = stop::signal();
        let patience = Patience { head: Duration::from_secs(3), ..Patience::default() };
        tokio::spawn(serve(listener, router, patience, stop));
        (address, stopper, done)
    }

    /// Sends these bytes piece by piece, reads until the server hangs up or is silent, and says
    /// whether it hung up.
    async fn talk(address: SocketAddr, pieces: &[&[u8]]) -> (String, bool) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        for (n, piece) in pieces.iter().enumerate() {
            if n > 0 {
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
            // A server that has hung up already takes no more.
            let _ = stream.write_all(piece).await;
        }
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_millis(800), async {
            let mut room = [0; 4_096];
            while let Ok(count) = stream.read(&mut room).await {
                if count == 0 {
                    break;
                }
                answer.extend_from_slice(&room[..count]);
            }
        })
        .await;
        (String::from_utf8_lossy(&answer).into_owned(), read.is_ok())
    }

    #[tokio::test]
    async fn web_08_what_can_be_read_two_ways_is_refused_and_the_connection_ends() {
        let (address, _stopper, done) = open().await;
        let long_line = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(9_000));
        let endless_line = format!("GET /{}", "x".repeat(70_000));
        let large_head = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Much: {}\r\n\r\n", "x".repeat(40_000));
        let many_heads = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-N: 1\r\n".repeat(500));
        let behind = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let smuggled = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{behind}"
        );
        for (what, status, bytes) in [
            ("a bare LF everywhere", 400, "GET / HTTP/1.1\nHost: x\n\n"),
            ("a bare LF after the request line", 400, "GET / HTTP/1.1\nHost: x\r\n\r\n"),
            ("a bare LF after a header", 400, "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n"),
            ("a bare LF for the empty line", 400, "GET / HTTP/1.1\r\nHost: x\r\n\n"),
            ("a bare CR in a header", 400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n"),
            ("CR CR LF", 400, "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n"),
            ("two empty lines first", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("no Host", 400, "GET / HTTP/1.1\r\n\r\n"),
            ("an empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
            ("two Hosts", 400, "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
            ("one Host twice", 400, "GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n"),
            ("two Hosts in one", 400, "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n"),
            ("a Host with a path", 400, "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n"),
            ("a Host with a name", 400, "GET / HTTP/1.1\r\nHost: me@x\r\n\r\n"),
            ("two Hosts in HTTP/1.0", 400, "GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n"),
            ("length beside chunks", 400, &smuggled),
            (
                "chunks beside length",
                400,
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            ),
            (
                "two lengths",
                400,
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab",
            ),
            (
                "one length twice",
                400,
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
            ),
            ("a list of lengths", 400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\nab"),
            ("a signed length", 400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nab"),
            ("a length in hexadecimal", 400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x2\r\n\r\nab"),
            ("an empty length", 400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\nab"),
            (
                "a length past counting",
                400,
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nab",
            ),
            (
                "another coding",
                400,
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            ),
            (
                "a coding nobody knows",
                400,
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            ),
            (
                "two codings",
                400,
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
            ),
            (
                "chunks in HTTP/1.0",
                400,
                "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ),
            ("a space before the colon", 400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 2\r\n\r\nab"),
            ("a folded header", 400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"),
            ("a folded first header", 400, "GET / HTTP/1.1\r\n Host: x\r\n\r\n"),
            ("a header without a colon", 400, "GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n"),
            ("a NUL in a header", 400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"),
            ("another host in the target", 400, "GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("a name in the target", 400, "GET http://x@evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("another scheme", 400, "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("a tunnel", 400, "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
            ("a star for a page", 400, "GET * HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("a relative target", 400, "GET staff HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("two spaces", 400, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("a space in the target", 400, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("a fragment", 400, "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("no version", 400, "GET /\r\nHost: x\r\n\r\n"),
            ("HTTP/2 by hand", 400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("a version nobody speaks", 400, "GET / HTTP/1.2\r\nHost: x\r\n\r\n"),
            ("the stand-in itself", 431, "REFUSED /431 HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("a long line", 414, &long_line),
            ("a line without an end", 414, &endless_line),
            ("a large head", 431, &large_head),
            ("many headers", 431, &many_heads),
        ] {
            // A good request behind a bad one is not executed either.
            let (answer, hung_up) = talk(address, &[bytes.as_bytes(), behind.as_bytes()]).await;
            let is_so = answer.starts_with(&format!("HTTP/1.1 {status} "))
                || answer.starts_with(&format!("HTTP/1.0 {status} "));
            assert!(is_so && hung_up, "{what}: {answer} (hung up: {hung_up})");
            assert_eq!(answer.matches("HTTP/1.").count(), 1, "{what}: one answer: {answer}");
            assert_eq!(done.load(Ordering::SeqCst), 0, "{what} was executed");
        }
    }

    #[tokio::test]
    async fn web_08_what_is_plain_goes_through_as_it_did() {
        let (address, _stopper, done) = open().await;
        let host = address.to_string();
        let whole_address = format!("GET http://{}/ HTTP/1.1\r\nHost: {host}\r\n\r\n", host.to_uppercase());
        let larger = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "x".repeat(20_000));
        let body = "b".repeat(20_000);
        let long_body = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n{body}GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        let by_byte: Vec<&[u8]> = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".chunks(1).collect();
        for (what, pieces, bodies) in [
            ("a page", vec![&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..]], vec!["<>"]),
            ("byte by byte", by_byte, vec!["<>"]),
            ("a form", vec![b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b"], vec!["<a=b>"]),
            (
                "a form whose body comes later",
                vec![b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n", b"a", b"=b"],
                vec!["<a=b>"],
            ),
            ("one empty line first", vec![b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"], vec!["<>"]),
            ("no Host in HTTP/1.0", vec![b"GET / HTTP/1.0\r\n\r\n"], vec!["<>"]),
            ("the whole address", vec![whole_address.as_bytes()], vec!["<>"]),
            ("an IPv6 host", vec![b"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n"], vec!["<>"]),
            ("letters of another script in a value", vec!["GET / HTTP/1.1\r\nHost: x\r\nA: é\tü\r\n\r\n".as_bytes()], vec!["<>"]),
            ("a large cookie", vec![larger.as_bytes()], vec!["<>"]),
            (
                "two at once",
                vec![b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"],
                vec!["<>", "<>"],
            ),
            (
                "a form, a page and a form at once",
                vec![
                    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\nHost: x\r\n\r\nPOST / ",
                    b"HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
                ],
                vec!["<ab>", "<>", "<\r\n\r\n>"],
            ),
            ("a body that looks like a bad head", vec![b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n\n\n\r"], vec!["<\n\n\r>"]),
            ("a long body and a page", vec![long_body.as_bytes()], vec![&format!("<{body}>"), "<>"]),
            (
                "chunks, and nothing behind them",
                vec![b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"],
                vec!["<abc>"],
            ),
        ] {
            done.store(0, Ordering::SeqCst);
            let (answer, hung_up) = talk(address, &pieces).await;
            assert_eq!(answer.matches(" 200 OK\r\n").count(), bodies.len(), "{what}: {answer}");
            let mut rest = answer.as_str();
            for body in &bodies {
                let at = rest.find(*body).unwrap_or_else(|| panic!("{what}: no {body:?} in {answer}"));
                rest = &rest[at + body.len()..];
            }
            assert_eq!(done.load(Ordering::SeqCst), bodies.len(), "{what}");
            let ends = what.contains("1.0") || what.contains("chunks");
            assert_eq!(hung_up, ends, "{what}: kept open unless it has to end");
        }
    }

    #[tokio::test]
    async fn web_08_what_came_before_a_bad_head_is_answered_first() {
        let (address, _stopper, done) = open().await;
        let bytes =
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\nHost: x\n\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let (answer, hung_up) = talk(address, &[bytes]).await;
        let (good, bad) = (answer.find(" 200 OK").unwrap(), answer.find(" 400 Bad Request").unwrap());
        assert!(good < bad && hung_up, "{answer}");
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }
}

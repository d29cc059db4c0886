//! Connections: how many, how long, and how they end. The framework's own `serve` keeps a silent
//! connection open without limit, so this one is built on hyper's connection builder, and every wait has
//! a limit (AVL-01, AVL-02).

mod framing;

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, Response, StatusCode, header};
use futures_util::StreamExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, timeout};
use tower::ServiceExt;

use crate::platform::stop::Stop;

/// What a connection may take.
#[derive(Clone, Debug)]
pub struct Patience {
    /// Until a request's head has arrived whole; also how long a quiet connection is kept.
    pub head: Duration,
    /// How long an answer may stall because the client does not read it.
    pub writing: Duration,
    /// How long a stop waits for what is in hand.
    pub stopping: Duration,
    /// Open connections at once.
    pub connections: usize,
    /// Open connections from one network address.
    pub connections_per_address: usize,
    /// Addresses that the second count does not bind: our own reverse proxies.
    pub proxies: Vec<IpAddr>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            writing: Duration::from_secs(20),
            stopping: Duration::from_secs(20),
            connections: 4_096,
            connections_per_address: 128,
            proxies: Vec::new(),
        }
    }
}

/// How long a handler may think, from the head of the request to the head of the answer.
pub const HANDLING: Duration = Duration::from_secs(30);

/// Until a request's body has arrived whole. Shorter than [`HANDLING`], which counts it too, so that
/// a slow sender gets 408 and not the answer of a handler that took too long.
pub const BODY: Duration = Duration::from_secs(20);

/// The same for a route that takes a file ([`Routes::post_file`](crate::platform::web::Routes::post_file)): so many
/// bytes in so much time (8 KiB a second), for as long as the file goes on coming.
pub const FILE_PACE: (usize, Duration) = (8 * 1024 * 30, Duration::from_secs(30));

/// How long a route that takes a file may work in all: the largest one at its slowest.
pub const FILE_HANDLING: Duration = Duration::from_secs(2 * 3_600);

/// Largest request body, in bytes. Forms are bounded lower still.
pub const LARGEST_BODY: usize = 1024 * 1024;

/// Who is connected, counted.
#[derive(Default)]
struct ConnectionCounts(Mutex<HashMap<IpAddr, usize>>);

impl ConnectionCounts {
    fn total(map: &HashMap<IpAddr, usize>) -> usize {
        map.values().sum()
    }

    fn enter(self: &Arc<Self>, peer: IpAddr, patience: &Patience) -> Option<ConnectionSlot> {
        let peer = counted_as(peer);
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if Self::total(&map) >= patience.connections {
            return None;
        }
        let here = map.get(&peer).copied().unwrap_or(0);
        if here >= patience.connections_per_address && !patience.proxies.contains(&peer) {
            return None;
        }
        map.insert(peer, here + 1);
        metrics::gauge!("anteroom_connections").set(Self::total(&map) as f64);
        Some(ConnectionSlot { guests: self.clone(), peer })
    }
}

/// IPv6 by its /64, because one person holds a whole one (RAT-06).
fn counted_as(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => IpAddr::V4(ip),
            None if ip.is_loopback() => peer,
            None => {
                let s = ip.segments();
                IpAddr::from([s[0], s[1], s[2], s[3], 0, 0, 0, 0])
            }
        },
        IpAddr::V4(_) => peer,
    }
}

struct ConnectionSlot {
    guests: Arc<ConnectionCounts>,
    peer: IpAddr,
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut map = self.guests.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = map.get_mut(&self.peer) {
            *here -= 1;
            if *here == 0 {
                map.remove(&self.peer);
            }
        }
        metrics::gauge!("anteroom_connections").set(ConnectionCounts::total(&map) as f64);
    }
}

/// Answers connections until the signal, then lets what is in hand finish (AVL-06).
pub async fn serve(listener: TcpListener, router: Router, patience: Patience, stop: Stop) {
    let guests = Arc::new(ConnectionCounts::default());
    let patience = Arc::new(patience);
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.given() => break,
        };
        // Tasks that ended are let go as new ones come, so that the set does not grow.
        while open.try_join_next().is_some() {}
        let (stream, peer) = match accepted {
            Ok(pair) => pair,
            Err(error) => {
                // Out of file descriptors, mostly; accepting again at once would only spin.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        match guests.enter(peer.ip(), &patience) {
            Some(seat) => {
                open.spawn(converse(stream, peer, router.clone(), patience.clone(), stop.clone(), seat));
            }
            None => turn_away(&stream),
        }
    }
    drop(listener);
    let finished = timeout(patience.stopping, async { while open.join_next().await.is_some() {} }).await;
    if finished.is_err() {
        tracing::warn!(left = open.len(), "connections were still open at the end of the stop and are cut");
    }
}

/// Full house: one short answer if it fits into the socket's buffer, and out.
fn turn_away(stream: &TcpStream) {
    metrics::counter!("anteroom_connections_turned_away_total").increment(1);
    let _ = stream.try_write(
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
}

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    patience: Arc<Patience>,
    stop: Stop,
    seat: ConnectionSlot,
) {
    let _seat = seat;
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(TimedStream::new(stream, patience.writing));
    let stopping = stop.clone();
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let (router, stopping) = (router.clone(), stopping.clone());
        async move {
            let is_last = framing::is_last(&request);
            let mut response = match framing::refusal(&request) {
                Some(status) => return Ok(refused(status)),
                None => router.oneshot(request.map(Body::new)).await?,
            };
            if is_last {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(end_on_shutdown(response, stopping))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(2 * framing::LARGEST_HEAD)
        .serve_connection(io, service);
    tokio::pin!(connection);
    tokio::select! {
        // How a connection ended is the other side's business; requests have their own lines.
        _ = connection.as_mut() => {}
        () = stop.given() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// The answer to what is not one plain request: a status, and the end of the connection.
fn refused(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A stream of live events has no end of its own, so the signal ends it; the page's script connects
/// again, to the process that has started since or to another node.
fn end_on_shutdown(response: Response<Body>, stop: Stop) -> Response<Body> {
    let is_stream = response
        .headers()
        .get(header::CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .is_some_and(|kind| kind.starts_with(b"text/event-stream"));
    if !is_stream {
        return response;
    }
    response.map(|body| {
        Body::from_stream(body.into_data_stream().take_until(Box::pin(async move { stop.given().await })))
    })
}

/// A socket whose writes must move on: an answer that is not read for too long ends the connection.
/// What it reads goes through the gate of [`framing`].
struct TimedStream {
    stream: TcpStream,
    gate: framing::Gate,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl TimedStream {
    fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { stream, gate: framing::Gate::new(), patience, waiting: None }
    }

    fn judge<T>(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.waiting = None;
            return poll;
        }
        let until = Instant::now() + self.patience;
        let sleep = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        match sleep.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.gate.poll_read(&mut this.stream, cx, buffer)
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.judge(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(cx);
        self.judge(cx, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.judge(cx, poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::stop;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn open(patience: Patience) -> (SocketAddr, stop::Stopper, tokio::task::JoinHandle<()>) {
        let router = Router::new()
            .route("/", get(async || "here"))
            .route(
                "/slow",
                get(async || {
                    tokio::time::sleep(Duration::from_millis(600)).await;
                    "done"
                }),
            )
            .route(
                "/live",
                get(async || {
                    let never = futures_util::stream::pending::<Result<String, Infallible>>();
                    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(never))
                }),
            )
            .route("/big", get(async || vec![b'x'; 32 * 1024 * 1024]));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stopper, stop) = stop::signal();
        (address, stopper, tokio::spawn(serve(listener, router, patience, stop)))
    }

    async fn ask(address: SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text).await;
        String::from_utf8_lossy(&text).into_owned()
    }

    #[tokio::test]
    async fn avl_01_silent_half_and_idle_connections_are_closed() {
        let patience = Patience { head: Duration::from_millis(300), ..Patience::default() };
        let (address, _stopper, _task) = open(patience).await;
        let began = Instant::now();
        let silent = ask(address, "").await;
        let half = ask(address, "GET / HTTP/1.1\r\nHost: x\r\n").await;
        let idle = ask(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let (a, b, c) = tokio::join!(rest(silent), rest(half), rest(idle));
        assert!(began.elapsed() < Duration::from_secs(3), "took {:?}", began.elapsed());
        assert!(!a.contains("200") && !b.contains("200"));
        assert!(c.contains("200 OK") && c.ends_with("here"), "{c}");
    }

    #[tokio::test]
    async fn avl_01_an_answer_that_nobody_reads_is_given_up() {
        let patience = Patience { writing: Duration::from_millis(300), ..Patience::default() };
        let (address, stopper, task) = open(patience).await;
        let _unread = ask(address, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let began = Instant::now();
        stopper.stop();
        task.await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(2), "the connection was still held");
    }

    #[tokio::test]
    async fn avl_02_more_connections_than_allowed_are_turned_away_at_once() {
        let patience = Patience { connections_per_address: 4, ..Patience::default() };
        let (address, _stopper, _task) = open(patience).await;
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(ask(address, "").await);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let answer = rest(ask(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
        assert!(!answer.contains("200 OK"), "{answer}");
        held.clear();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let answer = rest(ask(address, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await).await;
        assert!(answer.contains("200 OK"), "{answer}");
    }

    #[tokio::test]
    async fn avl_06_a_stop_finishes_what_is_in_hand_and_ends_live_streams() {
        let (address, stopper, task) = open(Patience::default()).await;
        let slow =
            tokio::spawn(
                async move { rest(ask(address, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await).await },
            );
        let live =
            tokio::spawn(
                async move { rest(ask(address, "GET /live HTTP/1.1\r\nHost: x\r\n\r\n").await).await },
            );
        let idle = ask(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let began = Instant::now();
        stopper.stop();
        task.await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(5), "took {:?}", began.elapsed());
        assert!(slow.await.unwrap().ends_with("done"));
        assert!(live.await.unwrap().contains("text/event-stream"));
        drop(idle);
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    }
}

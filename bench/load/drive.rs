//! The load, from a process of its own: closed loop (each connection asks again once it is answered) or
//! open loop (requests begin at set times, and waiting counts from the time that was intended).

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is to be asked, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The server.
    pub to: SocketAddr,
    /// Connections that are kept open.
    pub connections: usize,
    /// How long.
    pub seconds: f64,
    /// Requests a second for an open loop; none for a closed one.
    pub rate: Option<f64>,
    /// Whole requests as they are sent.
    pub requests: Vec<String>,
    /// Which of them comes next.
    pub next: Next,
}

/// Which request comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Next {
    /// Any, by chance; the same chance in each run.
    Random,
    /// Each once; the run ends with the last.
    EachOnce,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Answered with 2xx or 3xx.
    pub done: u64,
    /// Answered with 503: too much at once.
    pub refused: u64,
    /// Answered otherwise, or not at all.
    pub failed: u64,
    /// Until the last answer.
    pub seconds: f64,
    /// Milliseconds of those done.
    pub p50: f64,
    /// Milliseconds.
    pub p99: f64,
    /// Milliseconds.
    pub p999: f64,
    /// What the first failure was.
    pub first_failure: String,
}

impl Outcome {
    /// Requests done in a second.
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.seconds
    }
}

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs an order in a process of its own, so that its work is not counted as the server's.
pub fn in_a_process(order: &Order) -> Outcome {
    let file = tempfile::NamedTempFile::new().expect("a file for the order");
    serde_json::to_writer(&file, order).expect("write the order");
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["drive".as_ref(), file.path()])
        .stderr(Stdio::inherit())
        .output()
        .expect("start the driver");
    assert!(output.status.success(), "the driver failed: {}", output.status);
    let outcome: Outcome = serde_json::from_slice(&output.stdout).expect("the driver's answer");
    assert!(
        outcome.done > 0 && outcome.failed == 0,
        "{} of {} requests failed; the first: {}",
        outcome.failed,
        outcome.failed + outcome.done,
        outcome.first_failure
    );
    outcome
}

/// The driver's process.
pub fn main(order: &Path) {
    let text = std::fs::read(order).expect("read the order");
    let order: Order = serde_json::from_slice(&text).expect("an order");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let outcome = runtime.block_on(drive(Arc::new(order)));
    serde_json::to_writer(std::io::stdout(), &outcome).expect("answer");
}

#[derive(Default)]
struct Seen {
    micros: Vec<u32>,
    refused: u64,
    failed: u64,
    first_failure: String,
}

async fn drive(order: Arc<Order>) -> Outcome {
    let began = Instant::now();
    let ends = began + Duration::from_secs_f64(order.seconds);
    let taken = Arc::new(AtomicU64::new(0));
    let mut all = tokio::task::JoinSet::new();
    for number in 0..order.connections {
        all.spawn(one_connection(order.clone(), taken.clone(), began, ends, number as u64));
    }
    let mut seen = Seen::default();
    while let Some(one) = all.join_next().await {
        let one = one.expect("a connection's task");
        seen.micros.extend(one.micros);
        seen.refused += one.refused;
        seen.failed += one.failed;
        if seen.first_failure.is_empty() {
            seen.first_failure = one.first_failure;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    seen.micros.sort_unstable();
    let at = |part: f64| {
        let place = (seen.micros.len() as f64 * part) as usize;
        seen.micros
            .get(place.min(seen.micros.len().saturating_sub(1)))
            .map_or(0.0, |m| f64::from(*m) / 1_000.0)
    };
    Outcome {
        done: seen.micros.len() as u64,
        refused: seen.refused,
        failed: seen.failed,
        seconds,
        p50: at(0.5),
        p99: at(0.99),
        p999: at(0.999),
        first_failure: seen.first_failure,
    }
}

async fn one_connection(
    order: Arc<Order>,
    taken: Arc<AtomicU64>,
    began: Instant,
    ends: Instant,
    number: u64,
) -> Seen {
    let mut seen = Seen::default();
    let mut dice = 0x9e37_79b9_7f4a_7c15u64 ^ (number + 1).wrapping_mul(0x2545_f491_4f6c_dd1d);
    let mut socket: Option<TcpStream> = None;
    let mut buffer = Vec::with_capacity(64 * 1024);
    loop {
        let place = taken.fetch_add(1, Ordering::Relaxed);
        let intended = match order.rate {
            Some(rate) => began + Duration::from_secs_f64(place as f64 / rate),
            None => Instant::now(),
        };
        if intended >= ends {
            return seen;
        }
        let index = match order.next {
            Next::EachOnce if place >= order.requests.len() as u64 => return seen,
            Next::EachOnce => place,
            Next::Random => {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                dice % order.requests.len() as u64
            }
        };
        tokio::time::sleep_until(intended.into()).await;
        let began = if order.rate.is_some() { intended } else { Instant::now() };
        let answer = tokio::time::timeout(
            PATIENCE,
            exchange(order.to, &mut socket, order.requests[index as usize].as_bytes(), &mut buffer),
        )
        .await
        .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        match answer {
            Ok(200..=399) => seen.micros.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)),
            Ok(503) => seen.refused += 1,
            other => {
                seen.failed += 1;
                socket = None;
                if seen.first_failure.is_empty() {
                    let page = String::from_utf8_lossy(&buffer[..buffer.len().min(2_000)]).into_owned();
                    seen.first_failure = format!("{other:?}: {page}");
                }
            }
        }
    }
}

/// Sends one request and reads its whole answer; opens the connection where none is open.
async fn exchange(
    to: SocketAddr,
    socket: &mut Option<TcpStream>,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> std::io::Result<u16> {
    // A kept connection may have been closed in the meantime; a fresh one is another matter.
    if socket.is_some() {
        match attempt(socket.as_mut().expect("open"), request, buffer).await {
            Ok((status, true)) => return Ok(status),
            Ok((status, false)) => {
                *socket = None;
                return Ok(status);
            }
            Err(_) => *socket = None,
        }
    }
    let fresh = TcpStream::connect(to).await?;
    fresh.set_nodelay(true)?;
    let fresh = socket.insert(fresh);
    let (status, stays) = attempt(fresh, request, buffer).await?;
    if !stays {
        *socket = None;
    }
    Ok(status)
}

async fn attempt(
    socket: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> std::io::Result<(u16, bool)> {
    socket.write_all(request).await?;
    buffer.clear();
    let wrong = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let head_end = loop {
        if socket.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = std::str::from_utf8(&buffer[..head_end]).map_err(|_| wrong())?;
    let status: u16 = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(wrong)?;
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
    };
    let stays = header("connection").is_none_or(|value| !value.eq_ignore_ascii_case("close"));
    if header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        while !buffer.ends_with(b"0\r\n\r\n") {
            if socket.read_buf(buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        return Ok((status, stays));
    }
    let length: usize = header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    while buffer.len() < head_end + length {
        if socket.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((status, stays))
}

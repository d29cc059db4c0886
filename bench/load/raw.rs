//! Limits that are no server: password hashes without anything around them, mail by a bare socket.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Argon2id hashes a second on every core, at 19 MiB, two passes, one lane, by the fastest
/// implementation that we know.
pub fn hashes_per_second(time: Duration) -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (began, done) = (Instant::now(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let params = argon2_rust::Params::builder()
                    .memory(argon2_rust::params::Memory::kib(19 * 1_024))
                    .passes(2)
                    .lanes(1)
                    .build()
                    .expect("parameters");
                let (kind, version) = (argon2_rust::Algorithm::Argon2id, argon2_rust::Version::V0x13);
                // Keeps its memory from one hash to the next.
                let mut hasher = argon2_rust::Argon2::new(kind, version, params).hasher();
                while began.elapsed() < time {
                    hasher
                        .hash_encoded_with_ad(b"quiet green river stones", b"sixteen bytes...", &[], &[])
                        .expect("a hash");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// Mails a second that the sink takes from a client that only writes and waits.
pub async fn mails_per_second(to: SocketAddr, connections: usize, count: usize, bytes: usize) -> f64 {
    let began = Instant::now();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..connections {
        all.spawn(one_client(to, count / connections, bytes));
    }
    while let Some(done) = all.join_next().await {
        done.expect("a client's task").expect("the sink takes all");
    }
    (count / connections * connections) as f64 / began.elapsed().as_secs_f64()
}

async fn one_client(to: SocketAddr, count: usize, bytes: usize) -> std::io::Result<()> {
    let mut socket = TcpStream::connect(to).await?;
    socket.set_nodelay(true)?;
    answer(&mut socket, 1).await?;
    socket.write_all(b"EHLO bench.example.org\r\n").await?;
    answer(&mut socket, 1).await?;
    let line = "A line of a mail, which is as long as the lines of most mails are.\r\n";
    let text = line.repeat(bytes / line.len());
    for n in 0..count {
        socket.write_all(b"MAIL FROM:<a@bench.example.org>\r\n").await?;
        answer(&mut socket, 1).await?;
        socket.write_all(format!("RCPT TO:<client{n}@example.com>\r\n").as_bytes()).await?;
        answer(&mut socket, 1).await?;
        socket.write_all(b"DATA\r\n").await?;
        answer(&mut socket, 1).await?;
        socket
            .write_all(
                format!("Message-ID: <{n}@bench.example.org>\r\nSubject: a bench\r\n\r\n{text}.\r\n")
                    .as_bytes(),
            )
            .await?;
        answer(&mut socket, 1).await?;
    }
    socket.write_all(b"QUIT\r\n").await
}

/// Waits for so many whole answers: a line whose code is followed by a space.
async fn answer(socket: &mut TcpStream, mut count: usize) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    while count > 0 {
        if socket.read_buf(&mut buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        while let Some(end) = buffer.windows(2).position(|two| two == b"\r\n") {
            let line: Vec<u8> = buffer.drain(..end + 2).collect();
            if line.first().is_some_and(|code| !matches!(code, b'2' | b'3')) {
                return Err(std::io::Error::other(String::from_utf8_lossy(&line).into_owned()));
            }
            if line.get(3) == Some(&b' ') {
                count -= 1;
            }
        }
    }
    Ok(())
}

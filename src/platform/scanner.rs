//! Looks for viruses with clamd, where the operator has one (`scanner_url`). Only its plain "OK" counts as clean:
//! a file that it did not read to the end was not checked.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::platform::config::values::ScannerUrl;
use crate::platform::fault::Fault;

/// Files that are scanned at once: clamd has a thread for each, and its memory with it.
const AT_ONCE: usize = 4;
/// From the connection to the answer. clamd itself gives a file up after two minutes.
const PATIENCE: Duration = Duration::from_secs(130);
/// Until a connection stands.
const TO_CONNECT: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 1_024;
/// The parts of the file that every scanner must find (EICAR). Apart, so that no scanner finds it in this program.
const EICAR: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];

/// What is said of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// Something was, by this name.
    Infected(String),
    /// It was not checked to its end, for this reason.
    NotScanned(String),
}

impl Verdict {
    /// From clamd's answer to `INSTREAM`. Pure.
    fn of(answer: &str) -> Self {
        let answer = answer.trim_end_matches('\0').trim();
        let found = answer.strip_prefix("stream: ").and_then(|rest| rest.strip_suffix(" FOUND"));
        match (answer, found) {
            ("stream: OK", _) => Self::Clean,
            (_, Some(name)) => Self::Infected(name.to_owned()),
            _ => Self::NotScanned(format!("it answers {answer:?}")),
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Scanner {
    url: ScannerUrl,
    places: Arc<Semaphore>,
}

impl Scanner {
    /// The clamd at this address.
    pub fn at(url: ScannerUrl) -> Self {
        Self { url, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Has a file looked through. A fault is one of the file's: it cannot be had.
    pub async fn scan<E: From<Fault>>(
        &self,
        file: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<Verdict, E> {
        let _place = self.places.acquire().await.map_err(|error| Fault::Ended(error.to_string()))?;
        let asked = async {
            match timeout(TO_CONNECT, self.connect()).await {
                Ok(Ok(line)) => ask(line, file).await,
                Ok(Err(error)) => Ok(unreachable(&error.to_string())),
                Err(_) => Ok(unreachable("no connection in time")),
            }
        };
        timeout(PATIENCE, asked)
            .await
            .unwrap_or_else(|_| Ok(Verdict::NotScanned("it did not answer in time".to_owned())))
    }

    async fn connect(&self) -> std::io::Result<Box<dyn Line>> {
        Ok(match &self.url {
            ScannerUrl::Tcp(address) => Box::new(TcpStream::connect(address).await?),
            #[cfg(unix)]
            ScannerUrl::Unix(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
        })
    }

    /// Says why the scanner cannot be relied on: it misses the test file, or takes no file of the largest size.
    /// `None` where all is well.
    pub async fn trouble(&self, largest: u64) -> Option<String> {
        let test = EICAR.concat();
        let whole = stream::iter([Ok::<_, Fault>(Bytes::from(test))]);
        match self.scan(whole).await {
            Ok(Verdict::Infected(_)) => {}
            Ok(Verdict::Clean) => return Some("it does not find the test file EICAR".to_owned()),
            Ok(Verdict::NotScanned(why)) => return Some(why),
            Err(fault) => return Some(fault.chain()),
        }
        let pieces = usize::try_from(largest / PIECE as u64).unwrap_or(0);
        let zeros = Bytes::from(vec![0; PIECE]);
        match self.scan(stream::repeat_with(move || Ok::<_, Fault>(zeros.clone())).take(pieces)).await {
            Ok(Verdict::Clean) => None,
            Ok(Verdict::Infected(name)) => Some(format!("it finds {name} in a file of zeros")),
            Ok(Verdict::NotScanned(why)) => {
                Some(format!("it takes no file of {largest} bytes (StreamMaxLength): {why}"))
            }
            Err(fault) => Some(fault.chain()),
        }
    }
}

/// A connection of either kind.
trait Line: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

/// Bytes of one piece of what is sent.
const PIECE: usize = 64 * 1024;

fn unreachable(why: &str) -> Verdict {
    Verdict::NotScanned(format!("it cannot be reached: {why}"))
}

/// Sends a file as clamd's `INSTREAM` asks for it: pieces with their length before them, and a length of zero at the
/// end.
async fn ask<E>(
    mut line: impl AsyncRead + AsyncWrite + Unpin,
    file: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Verdict, E> {
    let mut file = std::pin::pin!(file);
    let mut sent = line.write_all(b"zINSTREAM\0").await;
    while sent.is_ok()
        && let Some(piece) = file.next().await
    {
        let piece = piece?;
        // A length of zero would be the end.
        for part in piece.chunks(PIECE) {
            sent = send(&mut line, part).await;
        }
    }
    if sent.is_ok() {
        sent = line.write_all(&0_u32.to_be_bytes()).await;
    }
    // It says why before it hangs up.
    let mut answer = Vec::new();
    let read = line.take(LONGEST_ANSWER).read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    Ok(match (sent, read) {
        (_, Ok(_)) if !answer.is_empty() => Verdict::of(&answer),
        (Err(error), _) | (Ok(()), Err(error)) => Verdict::NotScanned(format!("the line broke: {error}")),
        (Ok(()), Ok(_)) => Verdict::NotScanned("it hung up without an answer".to_owned()),
    })
}

async fn send(line: &mut (impl AsyncWrite + Unpin), part: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(part.len()).map_err(std::io::Error::other)?;
    line.write_all(&length.to_be_bytes()).await?;
    line.write_all(part).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_plain_ok_is_clean() {
        assert_eq!(Verdict::of("stream: OK\0"), Verdict::Clean);
        assert_eq!(Verdict::of("stream: Eicar-Test FOUND\0"), Verdict::Infected("Eicar-Test".into()));
        for answer in [
            "INSTREAM size limit exceeded. ERROR\0",
            "stream: Can't allocate memory ERROR",
            "stream: OKAY",
            "OK",
            "",
            "stream: OK FOUND ERROR",
        ] {
            assert!(matches!(Verdict::of(answer), Verdict::NotScanned(_)), "{answer}");
        }
    }
}

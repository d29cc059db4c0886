//! A request's body must arrive in time. A slower one is answered with 408, not with "busy", and the
//! connection ends (AVL-01).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use hyper::body::Body as _;
use tokio::time::{Instant, timeout_at};

/// How fast a body must come.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// It is there whole after this time.
    Whole(Duration),
    /// In each such time at least so many bytes come: for files, which take as long as they are large.
    AtLeast(usize, Duration),
}

/// When the wait for the next bytes ends.
struct Deadline {
    pace: Pace,
    until: Instant,
    came: usize,
}

impl Deadline {
    fn of(pace: Pace) -> Self {
        let (Pace::Whole(patience) | Pace::AtLeast(_, patience)) = pace;
        Self { pace, until: Instant::now() + patience, came: 0 }
    }

    fn came(&mut self, bytes: usize) {
        if let Pace::AtLeast(least, patience) = self.pace {
            self.came += bytes;
            if self.came >= least {
                (self.came, self.until) = (0, Instant::now() + patience);
            }
        }
    }
}

/// Ends a body that comes slower than this. It is still read by the page function, after the session's check; its
/// reader gets an error instead of the rest.
pub async fn body_in_time<F>(request: Request, pace: Pace, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    if request.body().is_end_stream() {
        return next(request).await;
    }
    let is_late = Arc::new(AtomicBool::new(false));
    let is_late_inside = is_late.clone();
    let request = request.map(|body| {
        let start = Some((body.into_data_stream(), Deadline::of(pace)));
        Body::from_stream(stream::unfold(start, move |left| {
            let is_late_inside = is_late_inside.clone();
            async move {
                let (mut left, mut deadline) = left?;
                match timeout_at(deadline.until, left.next()).await {
                    Ok(chunk) => {
                        deadline.came(chunk.as_ref().map_or(0, |chunk| chunk.as_ref().map_or(0, Bytes::len)));
                        chunk.map(|chunk| (chunk, Some((left, deadline))))
                    }
                    Err(_) => {
                        is_late_inside.store(true, Ordering::Relaxed);
                        Some((Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut))), None))
                    }
                }
            }
        }))
    });
    let response = next(request).await;
    if !is_late.load(Ordering::Relaxed) {
        return response;
    }
    let close = [(header::CONNECTION, HeaderValue::from_static("close"))];
    (StatusCode::REQUEST_TIMEOUT, close).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::server::{Patience, serve};
    use crate::platform::stop;
    use axum::Router;
    use axum::middleware::{Next, from_fn};
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn avl_01_a_body_that_trickles_is_told_408_and_the_connection_ends() {
        let router = Router::new().route("/", post(async |body: Bytes| format!("<{}>", body.len()))).layer(
            from_fn(|request, next: Next| {
                body_in_time(request, Pace::Whole(Duration::from_millis(400)), |request| next.run(request))
            }),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_stopper, stop) = stop::signal();
        tokio::spawn(serve(listener, router, Patience::default(), stop));

        let began = Instant::now();
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab").await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        slow.write_all(b"c").await.unwrap();
        let mut answer = String::new();
        slow.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("connection: close"), "{answer}");
        assert!(began.elapsed() < Duration::from_secs(5), "it hung for {:?}", began.elapsed());

        let mut quick = TcpStream::connect(address).await.unwrap();
        quick
            .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc")
            .await
            .unwrap();
        let mut answer = String::new();
        quick.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("<3>"), "{answer}");
    }

    #[tokio::test]
    async fn avl_01_a_file_may_take_its_time_as_long_as_it_goes_on_coming() {
        let pace = Pace::AtLeast(4, Duration::from_millis(300));
        let of = |pauses: &'static [u64]| {
            let pieces = stream::unfold(pauses.iter(), |mut left| async move {
                tokio::time::sleep(Duration::from_millis(*left.next()?)).await;
                Some((Ok::<_, io::Error>("four"), left))
            });
            let request = Request::post("/").body(Body::from_stream(pieces)).unwrap();
            body_in_time(request, pace, |request| async move {
                let whole = axum::body::to_bytes(request.into_body(), 1_000).await;
                whole.map(|bytes| bytes.len().to_string()).unwrap_or_default().into_response()
            })
        };
        let whole = of(&[150, 150, 150, 150]).await;
        assert_eq!(whole.status(), StatusCode::OK);
        assert_eq!(axum::body::to_bytes(whole.into_body(), 10).await.unwrap(), "16");
        assert_eq!(of(&[100, 600]).await.status(), StatusCode::REQUEST_TIMEOUT);
    }
}

//! How the store on other machines is spoken to: HTTP/1.1 over connections of our own, as the program speaks to others
//! too, so that no second HTTP client and no second TLS is built.

use std::future::Future;
use std::io::Error;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, Response, Uri, header};
use hyper::client::conn::http1::{SendRequest, handshake};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
    HttpResponseBody, HttpService,
};

use crate::platform::dial::dial;

/// For all of a request: a part of a file, or its answer, on a slow line.
const WHOLE: Duration = Duration::from_secs(60);
/// The longest answer: more than a part, or than a page of a list.
const LONGEST: usize = 16 * 1024 * 1024;
/// Connections that are kept while nobody uses them.
const KEPT: usize = 8;
/// How long; servers hang up after a minute.
const KEPT_FOR: Duration = Duration::from_secs(20);

/// Makes the client below.
#[derive(Debug)]
pub struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Client::default()))
    }
}

/// A connection that is used by nobody.
#[derive(Debug)]
struct Kept {
    sender: SendRequest<HttpRequestBody>,
    since: Instant,
}

#[derive(Debug, Default)]
struct Client {
    kept: Mutex<Vec<Kept>>,
}

fn failed(kind: HttpErrorKind, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> HttpError {
    HttpError::new(kind, Error::other(why))
}

async fn connect(uri: &Uri) -> Result<SendRequest<HttpRequestBody>, HttpError> {
    let wire = dial(uri).await.map_err(|why| failed(HttpErrorKind::Connect, why))?;
    let (sender, connection) =
        handshake(wire).await.map_err(|error| failed(HttpErrorKind::Connect, error))?;
    // Ends with its sender, or with the line.
    tokio::spawn(connection);
    Ok(sender)
}

impl Client {
    fn take(&self) -> Option<SendRequest<HttpRequestBody>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(Kept { sender, since }) = kept.pop() {
            if since.elapsed() < KEPT_FOR && sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, sender: SendRequest<HttpRequestBody>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && !sender.is_closed() {
            kept.push(Kept { sender, since: Instant::now() });
        }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (mut head, body) = request.into_parts();
        // What is not repeated must not meet a connection that the server is about to close.
        let kept = if head.method.is_safe() { self.take() } else { None };
        let mut sender = match kept {
            Some(sender) => sender,
            None => connect(&head.uri).await?,
        };
        let host = head.uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let host = HeaderValue::try_from(host).map_err(|error| failed(HttpErrorKind::Unknown, error))?;
        head.headers.insert(header::HOST, host);
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = path
            .parse()
            .map_err(|error: axum::http::uri::InvalidUri| failed(HttpErrorKind::Unknown, error))?;
        let sent = sender.send_request(Request::from_parts(head, body)).await;
        let (head, body) = sent
            .map_err(|error| {
                let kind =
                    if error.is_canceled() { HttpErrorKind::Request } else { HttpErrorKind::Interrupted };
                failed(kind, error)
            })?
            .into_parts();
        let body = to_bytes(Body::new(body), LONGEST).await;
        let body = body.map_err(|error| failed(HttpErrorKind::Interrupted, error))?;
        self.keep(sender);
        Ok(Response::from_parts(head, HttpResponseBody::from(body)))
    }
}

impl HttpService for Client {
    fn call<'me, 'out>(
        &'me self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'out>>
    where
        'me: 'out,
        Self: 'out,
    {
        let all = tokio::time::timeout(WHOLE, self.exchange(request));
        Box::pin(async move {
            all.await.unwrap_or_else(|_| Err(failed(HttpErrorKind::Timeout, "no answer in time")))
        })
    }
}

//! One request over HTTP/1.1, plain on loopback and under TLS elsewhere, each over a connection of its own.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Uri, header};
use hyper::client::conn::http1;

use crate::platform::dial::dial;

/// For all of it: less than a page may take.
const WHOLE: Duration = Duration::from_secs(20);
/// The longest answer.
const LONGEST: usize = 2 * 1024 * 1024;

/// An answer as it came.
pub(super) struct Answered {
    pub status: u16,
    pub body: Vec<u8>,
}

/// What is sent.
pub(super) struct Asked<'a> {
    pub method: Method,
    pub url: String,
    pub headers: &'a [(&'static str, String)],
    pub body: String,
}

/// Sends a request; an error is why there is no answer.
pub(super) async fn ask(asked: Asked<'_>) -> Result<Answered, String> {
    let all = tokio::time::timeout(WHOLE, exchange(asked));
    all.await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn exchange(asked: Asked<'_>) -> Result<Answered, String> {
    let uri: Uri = asked.url.parse().map_err(|_| "the provider's address is none".to_owned())?;
    let stream = dial(&uri).await?;
    let (mut sender, connection) =
        http1::handshake::<_, Body>(stream).await.map_err(|error| format!("no conversation: {error}"))?;
    // Ends with the answer, or with this future.
    let talking = tokio::spawn(connection);
    let host = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder()
        .method(asked.method)
        .uri(path)
        .header(header::HOST, host)
        .header(header::CONNECTION, "close");
    for (name, value) in asked.headers {
        request = request.header(*name, value);
    }
    let request = request.body(Body::from(asked.body)).map_err(|error| format!("no request: {error}"))?;
    let outcome = async {
        let answer = sender.send_request(request).await.map_err(|error| format!("no answer: {error}"))?;
        let status = answer.status().as_u16();
        let body = to_bytes(Body::new(answer.into_body()), LONGEST).await;
        let body = body.map_err(|error| format!("half an answer: {error}"))?;
        Ok(Answered { status, body: body.to_vec() })
    };
    let outcome = outcome.await;
    talking.abort();
    outcome
}

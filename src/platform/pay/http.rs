//! One request over HTTP/1.1, plain on loopback and under TLS elsewhere, each over a connection of its own.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::platform::tls;

/// Until the connection is open.
const CONNECT: Duration = Duration::from_secs(10);
/// For all of it: less than a page may take.
const WHOLE: Duration = Duration::from_secs(20);
/// The longest answer.
const LONGEST: usize = 2 * 1024 * 1024;

static TLS: OnceLock<Arc<ClientConfig>> = OnceLock::new();

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

fn tls() -> Result<Arc<ClientConfig>, String> {
    if let Some(config) = TLS.get() {
        return Ok(config.clone());
    }
    let config = tls::client_config(&[])?;
    Ok(TLS.get_or_init(|| config).clone())
}

async fn exchange(asked: Asked<'_>) -> Result<Answered, String> {
    let uri: Uri = asked.url.parse().map_err(|_| "the provider's address is none".to_owned())?;
    let host = uri.host().ok_or("the provider's address has no name")?.to_owned();
    let is_plain = uri.scheme_str() == Some("http");
    let port = uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
    let bare = host.trim_matches(['[', ']']).to_owned();
    let connecting = tokio::time::timeout(CONNECT, TcpStream::connect((bare.as_str(), port)));
    let stream = connecting.await.map_err(|_| "no connection in time".to_owned())?;
    let stream = stream.map_err(|error| format!("no connection: {error}"))?;
    let _ = stream.set_nodelay(true);
    if is_plain {
        return over(TokioIo::new(stream), &uri, asked).await;
    }
    let name = ServerName::try_from(bare).map_err(|_| "the name cannot stand in a certificate".to_owned())?;
    let securing = tokio::time::timeout(CONNECT, TlsConnector::from(tls()?).connect(name, stream));
    let stream = securing.await.map_err(|_| "no TLS in time".to_owned())?;
    over(TokioIo::new(stream.map_err(|error| format!("no TLS: {error}"))?), &uri, asked).await
}

async fn over<S>(stream: TokioIo<S>, uri: &Uri, asked: Asked<'_>) -> Result<Answered, String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
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

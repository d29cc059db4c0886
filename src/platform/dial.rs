//! A connection to another machine, for whoever asks it over HTTP/1.1: plain on loopback, under TLS elsewhere.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::platform::tls;

/// Until the connection is open, and once more until it is secured.
const CONNECT: Duration = Duration::from_secs(10);

static TLS: OnceLock<Arc<ClientConfig>> = OnceLock::new();

/// An open connection of either kind.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

fn client_config() -> Result<Arc<ClientConfig>, String> {
    if let Some(config) = TLS.get() {
        return Ok(config.clone());
    }
    let config = tls::client_config(&[])?;
    Ok(TLS.get_or_init(|| config).clone())
}

/// Opens a connection to the machine of an address; an error is why there is none.
pub async fn dial(uri: &Uri) -> Result<TokioIo<Box<dyn Wire>>, String> {
    let host = uri.host().ok_or("the address has no name")?;
    let is_plain = uri.scheme_str() == Some("http");
    let port = uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
    let bare = host.trim_matches(['[', ']']).to_owned();
    let connecting = timeout(CONNECT, TcpStream::connect((bare.as_str(), port)));
    let stream = connecting.await.map_err(|_| "no connection in time".to_owned())?;
    let stream = stream.map_err(|error| format!("no connection: {error}"))?;
    let _ = stream.set_nodelay(true);
    if is_plain {
        return Ok(TokioIo::new(Box::new(stream)));
    }
    let name = ServerName::try_from(bare).map_err(|_| "the name cannot stand in a certificate".to_owned())?;
    let securing = timeout(CONNECT, TlsConnector::from(client_config()?).connect(name, stream));
    let stream = securing.await.map_err(|_| "no TLS in time".to_owned())?;
    Ok(TokioIo::new(Box::new(stream.map_err(|error| format!("no TLS: {error}"))?)))
}

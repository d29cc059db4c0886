//! The conversation with a mail server that asks for TLS and a password.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anteroom::kernel::email::EmailAddress;
use anteroom::platform::mail::Relay;
use anteroom::platform::mail::relay::{Handed, Kind, Timeouts};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const USER: &str = "portal";
const PASSWORD: &str = "grey harbour";
const MAIL: &[u8] = b"Subject: x\r\n\r\n.a line that begins with a dot\r\n";

fn pem(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/smtp").join(name)).unwrap()
}

fn acceptor() -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_slice(&pem("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(&pem("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// How a server behaves.
#[derive(Clone, Copy, PartialEq)]
enum Server {
    /// TLS from the first byte, AUTH PLAIN.
    Implicit,
    /// STARTTLS, AUTH LOGIN only.
    StartTls,
    /// STARTTLS, and a reply in clear behind the answer to it, as an attacker puts there.
    Injected,
    /// Neither TLS nor PIPELINING.
    Plain,
    /// As `Plain`, and takes several commands at once.
    Pipelining,
    /// As `Plain`, and takes addresses with letters of every script (RFC 6531).
    Utf8,
}

/// What the server heard, a command or a line of text each.
type Heard = Arc<Mutex<Vec<String>>>;

async fn server(kind: Server) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let noted = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(kind, stream, noted.clone()));
        }
    });
    (port, heard)
}

async fn serve(kind: Server, mut stream: TcpStream, heard: Heard) {
    match kind {
        Server::Implicit => {
            // A client that does not believe the certificate ends the handshake.
            if let Ok(tls) = acceptor().accept(stream).await {
                talk(tls, "250-PIPELINING\r\n250 AUTH PLAIN LOGIN", Some("220 hello"), heard).await;
            }
        }
        Server::Plain => talk(stream, "250 SIZE 1000", Some("220 hello"), heard).await,
        Server::Pipelining => talk(stream, "250 PIPELINING", Some("220 hello"), heard).await,
        Server::Utf8 => talk(stream, "250 SMTPUTF8", Some("220 hello"), heard).await,
        Server::StartTls | Server::Injected => {
            stream.write_all(b"220 hello\r\n").await.unwrap();
            let mut lines = BufReader::new(&mut stream);
            let mut line = String::new();
            lines.read_line(&mut line).await.unwrap();
            assert!(line.starts_with("EHLO "), "{line}");
            lines.write_all(b"250-me\r\n250 STARTTLS\r\n").await.unwrap();
            line.clear();
            lines.read_line(&mut line).await.unwrap();
            assert_eq!(line, "STARTTLS\r\n");
            let injected = if kind == Server::Injected { "250-me\r\n250 AUTH PLAIN\r\n" } else { "" };
            lines.write_all(format!("220 go\r\n{injected}").as_bytes()).await.unwrap();
            if let Ok(tls) = acceptor().accept(stream).await {
                talk(tls, "250 AUTH=LOGIN", None, heard).await;
            }
        }
    }
}

/// Takes everything, and notes it.
async fn talk<S>(stream: S, offers: &str, greeting: Option<&str>, heard: Heard)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut wire = BufReader::new(stream);
    if let Some(greeting) = greeting {
        wire.write_all(format!("{greeting}\r\n").as_bytes()).await.unwrap();
        wire.flush().await.unwrap();
    }
    let (mut in_text, mut login_steps) = (false, 0);
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        heard.lock().unwrap().push(line.clone());
        let answer = if in_text {
            if line != "." {
                continue;
            }
            in_text = false;
            "250 kept".to_owned()
        } else if login_steps > 0 {
            login_steps -= 1;
            if login_steps == 0 { "235 you are in".to_owned() } else { "334 UGFzc3dvcmQ6".to_owned() }
        } else if line.starts_with("EHLO") {
            format!("250-me\r\n{offers}")
        } else if line == "AUTH LOGIN" {
            login_steps = 2;
            "334 VXNlcm5hbWU6".to_owned()
        } else if line.starts_with("AUTH PLAIN") {
            "235 you are in".to_owned()
        } else if line == "DATA" {
            in_text = true;
            "354 go on".to_owned()
        } else if line.contains("nobody@") {
            "550 5.1.1 no such user".to_owned()
        } else {
            "250 ok".to_owned()
        };
        wire.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        wire.flush().await.unwrap();
    }
}

fn relay(url: String) -> Relay {
    Relay::parse(&url).unwrap().with_timeouts(Timeouts::all(Duration::from_secs(20)))
}

async fn hand_over(relay: Relay) -> Handed {
    let mut session = relay.connect("portal.example.org").await.unwrap();
    let handed = session.hand_over("b1@bounce.example.org", "ana@example.com", MAIL, async { true }).await;
    session.quit().await;
    handed.unwrap()
}

#[tokio::test]
async fn a_mail_leaves_under_tls_and_with_a_password() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    for (kind, scheme) in [(Server::Implicit, "smtps"), (Server::StartTls, "smtp+starttls")] {
        let (port, heard) = server(kind).await;
        let url = format!("{scheme}://{USER}:grey%20harbour@localhost:{port}");
        let relay = relay(url).trusting(&pem("ca.pem")).unwrap();
        assert_eq!(hand_over(relay).await, Handed::Over);
        let heard = heard.lock().unwrap().clone();
        let said: &[String] = match kind {
            Server::Implicit => &[format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{USER}\0{PASSWORD}")))],
            _ => &["AUTH LOGIN".into(), STANDARD.encode(USER), STANDARD.encode(PASSWORD)],
        };
        assert!(heard.windows(said.len()).any(|w| w == said), "{heard:?}");
        assert!(heard.contains(&"..a line that begins with a dot".to_owned()), "{heard:?}");
    }
}

#[tokio::test]
async fn an_untrusted_certificate_of_the_mail_server_pauses_sending() {
    for (kind, scheme) in [(Server::Implicit, "smtps"), (Server::StartTls, "smtp+starttls")] {
        let (port, heard) = server(kind).await;
        let relay = relay(format!("{scheme}://{USER}:x@localhost:{port}"));
        let trouble = relay.connect("portal.example.org").await.err().unwrap();
        assert_eq!(trouble.kind, Kind::Lane, "{trouble:?}");
        assert!(heard.lock().unwrap().is_empty(), "no password was said");
    }
}

#[tokio::test]
async fn a_reply_put_before_tls_is_not_taken_for_the_servers() {
    let (port, heard) = server(Server::Injected).await;
    let relay = relay(format!("smtp+starttls://{USER}:x@localhost:{port}")).trusting(&pem("ca.pem")).unwrap();
    let trouble = relay.connect("portal.example.org").await.err().unwrap();
    assert_eq!(trouble.kind, Kind::Lane, "{trouble:?}");
    assert!(heard.lock().unwrap().is_empty(), "no password was said");
}

#[tokio::test]
async fn a_conversation_goes_on_after_a_refusal_with_and_without_pipelining() {
    for kind in [Server::Plain, Server::Pipelining] {
        let (port, heard) = server(kind).await;
        let mut session = relay(format!("smtp://localhost:{port}")).connect("me").await.unwrap();
        let path = "b1@bounce.example.org";
        let refused = session.hand_over(path, "nobody@example.com", MAIL, async { true }).await;
        assert_eq!(refused.unwrap_err().kind, Kind::Mailbox);
        let unwanted = session.hand_over(path, "ana@example.com", MAIL, async { false }).await;
        assert_eq!(unwanted.unwrap(), Handed::NotWanted);
        let handed = session.hand_over(path, "ana@example.com", MAIL, async { true }).await;
        assert_eq!(handed.unwrap(), Handed::Over);
        let odd = session.hand_over(path, "a@example.com>\r\nRCPT TO:<b@example.com", MAIL, async { true });
        assert_eq!(odd.await.unwrap_err().kind, Kind::Refused, "an address never becomes a command");
        session.quit().await;
        let heard = heard.lock().unwrap().clone();
        assert_eq!(heard.iter().filter(|l| *l == "RSET").count(), 2, "{heard:?}");
        assert_eq!(heard.iter().filter(|l| *l == "DATA").count(), 1, "{heard:?}");
        let size = heard.iter().any(|l| l.starts_with("MAIL FROM") && l.contains(" SIZE="));
        assert_eq!(size, kind == Server::Plain, "SIZE is said where it is offered");
    }
}

#[tokio::test]
async fn a_server_gets_an_address_only_in_a_form_that_it_can_take() {
    let path = "b1@bounce.example.org";
    for (kind, takes) in [(Server::Plain, false), (Server::Utf8, true)] {
        let (port, heard) = server(kind).await;
        let mut session = relay(format!("smtp://localhost:{port}")).connect("me").await.unwrap();
        let handed = session.hand_over(path, "jos\u{e9}@example.com", MAIL, async { true }).await;
        assert_eq!(handed.as_ref().ok(), takes.then_some(&Handed::Over), "{handed:?}");
        if let Err(refused) = handed {
            assert_eq!((refused.kind, refused.reason), (Kind::Refused, "mail-reason-address-form"));
        }
        // A domain of other letters is said as the DNS has it, which every server can take.
        let to = EmailAddress::parse("ana@k\u{e4}se.example").unwrap();
        assert_eq!(session.hand_over(path, to.as_str(), MAIL, async { true }).await.unwrap(), Handed::Over);
        session.quit().await;
        let heard = heard.lock().unwrap().clone();
        assert_eq!(heard.iter().any(|line| line.contains("jos\u{e9}@")), takes, "{heard:?}");
        let asked = heard.iter().filter(|line| line.ends_with(" SMTPUTF8")).count();
        assert_eq!(asked, usize::from(takes), "{heard:?}");
        assert!(heard.contains(&"RCPT TO:<ana@xn--kse-qla.example>".to_owned()), "{heard:?}");
    }
}

#[tokio::test]
async fn a_message_larger_than_the_server_takes_is_not_offered() {
    let (port, heard) = server(Server::Plain).await;
    let mut session = relay(format!("smtp://localhost:{port}")).connect("me").await.unwrap();
    let large = vec![b'a'; 2_000];
    let refused = session.hand_over("b1@bounce.example.org", "ana@example.com", &large, async { true }).await;
    assert_eq!(refused.unwrap_err().kind, Kind::Message);
    assert!(!heard.lock().unwrap().iter().any(|l| l.starts_with("MAIL")));
}

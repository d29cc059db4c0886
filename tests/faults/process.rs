//! The built program as a process of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;

use crate::support::world::{MASTER_KEY, World};
use crate::support::{Browser, Page};

/// What a process is started with.
#[derive(Clone)]
pub struct Server {
    folder: PathBuf,
    address: SocketAddr,
    database: String,
    smtp: String,
    log_level: &'static str,
}

/// A running process; killed when dropped.
pub struct Running(Child);

impl Server {
    /// `anteroom serve` on the world's database, with the world's keys and mail server.
    pub fn on(w: &World, folder: &Path) -> Self {
        // A port that was free a moment ago; nobody else binds port numbers that the system chose.
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        drop(listener);
        let key = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(MASTER_KEY);
        std::fs::write(folder.join("secret.key"), key).expect("write the key file");
        Self {
            folder: folder.to_owned(),
            address,
            database: w.database.text(),
            smtp: w.mailbox.url(),
            log_level: "warn",
        }
    }

    /// The same with another log level.
    pub fn logging(mut self, level: &'static str) -> Self {
        self.log_level = level;
        self
    }

    /// The same with these lines in its settings file.
    pub fn allowing(self, lines: &str) -> Self {
        std::fs::write(self.folder.join("anteroom.toml"), lines).expect("write the settings file");
        self
    }

    /// The same on another database.
    pub fn with_database(mut self, url: String) -> Self {
        self.database = url;
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The origin of its links.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its log, of all starts.
    pub fn log(&self) -> PathBuf {
        self.folder.join("serve.log")
    }

    /// Starts it; does not wait until it answers.
    pub fn start(&self) -> Running {
        let log = File::options().create(true).append(true).open(self.log()).expect("the log file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
        // The tests' own settings begin like the program's, which refuses those it does not know.
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ANTEROOM_"))
        {
            command.env_remove(name);
        }
        let child = command
            .arg("serve")
            .args(["--listen", &self.address.to_string()])
            .args(["--public-url", &self.origin()])
            .arg("--data")
            .arg(&self.folder)
            .args(["--database-url", &self.database])
            .args(["--smtp-url", &self.smtp])
            .args(["--log-level", self.log_level])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log twice"))
            .stderr(log)
            .spawn()
            .expect("start anteroom serve");
        Running(child)
    }

    /// Waits until it answers; panics with its log when it ends instead.
    pub async fn ready(&self, running: &mut Running) {
        let began = Instant::now();
        loop {
            let answer = Browser::new(self.address).try_send("GET", "/readyz", None).await;
            if answer.is_ok_and(|page| page.status() == 200) {
                return;
            }
            let ended = running.0.try_wait().expect("ask for the process");
            if ended.is_some() || began.elapsed() > Duration::from_secs(60) {
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(20).collect();
                panic!("anteroom serve does not come up ({ended:?}):\n{}", tail.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Running {
    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(40) {
            if let Ok(Some(status)) = self.0.try_wait() {
                assert!(status.success(), "anteroom serve ended with {status}");
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("anteroom serve does not stop when asked");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What became of a request to a process that may be killed at any moment.
pub enum Answered {
    /// An answer came whole.
    Yes(Page),
    /// The connection broke: it may have been done or not.
    Cut,
    /// Nobody listened: it was not done.
    NotThere,
}

/// Asks once.
pub async fn ask(browser: &mut Browser, method: &str, path: &str, form: Option<&str>) -> Answered {
    let body = form.map(|form| ("application/x-www-form-urlencoded", form.as_bytes()));
    match browser.try_send(method, path, body).await {
        Ok(page) => Answered::Yes(page),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Answered::NotThere,
        Err(_) => Answered::Cut,
    }
}

//! WebDriver (W3C) as far as the stories need it, over the tests' own HTTP client.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::fonts::Fonts;
use crate::support::http;

/// A running ChromeDriver; it ends when this is dropped.
pub struct Driver {
    process: Child,
    address: SocketAddr,
    _fonts: tempfile::TempDir,
}

impl Driver {
    /// Starts one on a free port.
    pub fn start() -> Self {
        let fonts = tempfile::Builder::new().prefix("anteroom-fonts-").tempdir().expect("a folder");
        let configuration = Fonts::chosen().write(fonts.path());
        let mut said = Vec::new();
        // With `--port=0` ChromeDriver takes a port that is free on IPv4 and ends where another
        // process has it on IPv6: then it is started again.
        for _ in 0..5 {
            let mut process = Command::new("chromedriver")
                .env("FONTCONFIG_FILE", &configuration)
                .args(["--port=0", "--log-level=WARNING"])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap_or_else(|e| {
                    panic!("chromedriver does not start ({e}): cargo xtask test installs it")
                });
            let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
            let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
                let port = line.split("started successfully on port ").nth(1);
                let port = port.and_then(|rest| rest.trim_end_matches('.').parse::<u16>().ok());
                said.push(line);
                port
            });
            if let Some(port) = port {
                // Its output must go on being read, or it would stop at a full pipe.
                std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
                return Self { process, address: ([127, 0, 0, 1], port).into(), _fonts: fonts };
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("chromedriver does not say on which port it listens: {said:?}");
    }

    /// One command. `Err` holds WebDriver's word for what went wrong, and its message.
    pub async fn command(&self, method: &str, path: &str, body: Value) -> Result<Value, (String, String)> {
        let bytes = if method == "POST" { body.to_string().into_bytes() } else { Vec::new() };
        let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
        let answer = http::send(self.address, method, path, &headers, &bytes)
            .await
            .unwrap_or_else(|e| panic!("chromedriver does not answer {method} {path}: {e}"));
        let value = answer.json()["value"].clone();
        match value["error"].as_str() {
            Some(error) if answer.status >= 400 => {
                Err((error.to_owned(), value["message"].as_str().unwrap_or_default().to_owned()))
            }
            _ => Ok(value),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Asked politely first, it ends its browsers; killed, it leaves them behind.
        let asked = Command::new("kill").arg(self.process.id().to_string()).status();
        if asked.is_ok() {
            for _ in 0..300 {
                if matches!(self.process.try_wait(), Ok(Some(_))) {
                    return;
                }
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What Chromium is started with.
pub fn capabilities(profile: &std::path::Path) -> Value {
    let mut arguments = vec![
        "--headless=new".to_owned(),
        "--disable-gpu".into(),
        "--disable-dev-shm-usage".into(),
        "--no-first-run".into(),
        "--no-default-browser-check".into(),
        "--disable-background-networking".into(),
        "--disable-component-update".into(),
        "--disable-sync".into(),
        "--disable-extensions".into(),
        "--disable-features=PasswordLeakDetection,Translate,AutofillServerCommunication".into(),
        "--hide-scrollbars".into(),
        "--lang=en-US".into(),
        format!("--user-data-dir={}", profile.display()),
    ];
    // Chromium's sandbox refuses root.
    if crate::support::postgres::effective_uid() == 0 {
        arguments.push("--no-sandbox".into());
    }
    let preferences = json!({
        "credentials_enable_service": false,
        "profile.password_manager_enabled": false,
        "profile.password_manager_leak_detection": false,
    });
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        "goog:loggingPrefs": { "performance": "ALL", "browser": "ALL" },
        "timeouts": { "script": 60_000, "pageLoad": 60_000, "implicit": 0 },
    } } })
}

//! The demo as a visitor meets it, in a process of its own: its pages are in no list of routes that
//! `serve` has.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anteroom::demo::own_routes;

use super::chromium::Chromium;
use super::window::{Width, Window};
use crate::support::{Engine, tell};

/// A running demo; it is asked to end when this is dropped.
struct Running(Child);

impl Running {
    /// Starts the demo in a folder; returns it with its address once it is ready.
    fn start(folder: &Path) -> (Self, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
        // The tests' own settings begin like the program's, which refuses those it does not know.
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ANTEROOM_"))
        {
            command.env_remove(name);
        }
        let mut process = command
            .args(["demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the demo starts");
        let mut address = String::new();
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        for line in lines.by_ref().map_while(Result::ok) {
            if let Some(url) = line.split_whitespace().last().and_then(|w| w.strip_suffix("/demo")) {
                address = url.to_owned();
            }
            if line.contains("Ctrl-C") {
                break;
            }
        }
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        assert!(address.starts_with("http://127.0.0.1:"), "the demo says where it is");
        (Self(process), address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// The demo's own pages: the route, and an address of it.
const PAGES: [(&str, &str); 5] = [
    ("/demo", "/demo"),
    ("/demo", "/demo?all=1"),
    ("/demo/mail/{number}", "/demo/mail/1"),
    ("/styleguide", "/styleguide"),
    ("/styleguide/client", "/styleguide/client"),
];

/// What leads on, or is a part of a page or a file.
const NO_PAGES: [&str; 4] = ["/", "/demo/demo.css", "/demo/mail/{number}/html", "/demo/mail/{number}/source"];

#[test]
fn no_page_of_the_demo_is_left_out() {
    let (_, rows) = own_routes().into_parts();
    let is_named = |path: &str| PAGES.iter().any(|(route, _)| *route == path) || NO_PAGES.contains(&path);
    let left_out: Vec<&str> = rows
        .iter()
        .filter(|row| row.method == "GET")
        .map(|row| row.path)
        .filter(|path| !is_named(path))
        .collect();
    assert!(rows.len() > PAGES.len() && left_out.is_empty(), "{left_out:?}");
}

/// Looks at a page in light, in dark and at 320 px.
async fn look(window: &mut Window, path: &str, wrong: &mut Vec<String>) {
    window.visit(path).await;
    for width in [Width::Desk, Width::Narrow] {
        window.resize(width).await;
        let found = window.violations_in_both().await;
        wrong.extend(found.iter().map(|found| format!("{path} ({width:?}): {found}")));
        let wider = window.sideways().await;
        if wider > 0 {
            wrong.push(format!("{path} ({width:?}) is {wider} px too wide: {}", window.too_wide().await));
        }
    }
}

#[test]
fn a11_01_the_demos_own_pages_and_what_a_kept_demo_still_knows() {
    tell(Engine::Sqlite, async |_| {
        let folder = tempfile::tempdir().expect("a folder");
        let (running, origin) = Running::start(folder.path());
        let chromium = Chromium::start();
        let mut window = Window::open(&chromium, &origin, Width::Desk, true).await;
        let mut wrong = Vec::new();
        for (_, path) in PAGES {
            look(&mut window, path, &mut wrong).await;
        }
        assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
        window.must_have_asked_no_other_host().await;

        // Who reads Spanish has Spanish documents.
        window.resize(Width::Phone).await;
        window.visit("/riverbend/sign-in").await;
        window.fill("sign-in name", "mariajose.nunez@example.org").await;
        window.fill("Password", "a walk along the river").await;
        window.click("button", "Sign in").await;
        window.must_say("Buen").await;
        window.visit("/portal/documents").await;
        window.must_say("Cómo protegemos su información").await;
        window.must_not_say("How we protect").await;

        // The mails of a kept demo outlive it.
        window.visit("/demo?all=1").await;
        let mails = window.all("#mailbox tbody tr").await.len();
        assert!(mails > 20, "{mails} mails");
        window.close().await;
        drop(running);
        let (running, origin) = Running::start(folder.path());
        let mut window = Window::open(&chromium, &origin, Width::Desk, true).await;
        window.visit("/demo?all=1").await;
        assert_eq!(window.all("#mailbox tbody tr").await.len(), mails);
        window.visit("/demo/mail/1").await;
        window.must_say("example.org").await;
        window.close().await;
        drop(running);
    });
}

#[test]
fn a_client_of_the_demo_pays_on_the_providers_page_and_gets_the_receipt() {
    tell(Engine::Sqlite, async |_| {
        let folder = tempfile::tempdir().expect("a folder");
        let chromium = Chromium::start();
        // A kept demo, started again, has a provider that has forgotten what it knew.
        for (scripts, client) in [(true, "ana.duarte@example.org"), (false, "denise.simmons@example.org")] {
            let (running, origin) = Running::start(folder.path());
            let mut phone = Window::open(&chromium, &origin, Width::Phone, scripts).await;
            phone.visit("/riverbend/sign-in").await;
            phone.fill("sign-in name", client).await;
            phone.fill("Password", "a walk along the river").await;
            phone.click("button", "Sign in").await;
            phone.must_come_to("/portal").await;
            phone.visit("/portal/account").await;
            phone.must_say("is what you owe").await;
            phone.click("link", "Pay").await;
            phone.click("button", "Continue").await;
            phone.click("link", "Continue to the secure payment page").await;
            phone.must_say("No money moves here").await;
            phone.must_say("Payment to Riverbend Counseling: $").await;
            // First with a card that is declined.
            phone.fill("Number of a test card", "4000 0000 0000 0002").await;
            phone.click("button", "Pay").await;
            phone.must_say("declined").await;
            phone.fill("Number of a test card", "4242 4242 4242 4242").await;
            phone.click("button", "Pay").await;
            phone.must_say("Thank you").await;
            phone.must_be_accessible("what became of the payment").await;
            phone.click("link", "See the receipt").await;
            phone.must_say("Receipt R-").await;
            phone.must_be_accessible("the receipt").await;
            phone.visit("/portal/account").await;
            phone.must_say("You owe nothing").await;
            phone.close().await;
            drop(running);
        }
    });
}

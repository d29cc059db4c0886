//! R1 and R6: `kill -9` at random instants while invitations are sent, resent and used up, again and
//! again. Nothing that was acknowledged is lost, nothing half done is seen, no invitation is without
//! its mail, and a mail that goes out twice is the same mail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anteroom::kernel::clock::MovableClock;
use anteroom::platform::permissions::Role;

use super::ledger::Ledger;
use super::process::{Answered, Server, ask};
use crate::support::world::{Client, Plan, World, take_down};
use crate::support::{Browser, Engine, PASSWORD, form, http};

/// Beyond the kills that are asked for, none is added after so long.
const LONGEST: Duration = Duration::from_secs(240);
/// Clerks and clients who work at once.
const CLERKS: usize = 3;
/// Clients who register at once.
const REGISTRARS: usize = 3;

/// How many kills. A release asks for 2,000 by `ANTEROOM_KILLS`.
fn kills() -> usize {
    std::env::var("ANTEROOM_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20)
}

#[test]
fn r1_r6_killed_again_and_again_sqlite_keeps_what_it_acknowledged() {
    crash(Engine::Sqlite, kills());
}

#[test]
fn r1_r6_killed_again_and_again_postgres_keeps_what_it_acknowledged() {
    crash(Engine::Postgres, kills());
}

fn crash(engine: Engine, kills: usize) {
    if !engine.is_wanted() {
        eprintln!("not run: ANTEROOM_TEST_ENGINES leaves {} out", engine.word());
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let database = runtime.block_on(story(engine, kills));
    runtime.shutdown_timeout(Duration::from_secs(2));
    take_down(database);
}

/// A small generator of our own: the instants of the kills can be repeated with `ANTEROOM_SEED`.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// A clerk's request for one thing.
#[derive(Clone)]
struct Desk {
    staff: Browser,
    public: Browser,
    slug: String,
    ledger: Ledger,
    stop: Arc<AtomicBool>,
    cut: Arc<AtomicUsize>,
    refused: Arc<std::sync::Mutex<Vec<String>>>,
}

async fn story(engine: Engine, kills: usize) -> crate::support::world::Database {
    let mut plan = Plan::new(engine);
    plan.clock = Arc::new(MovableClock::default());
    plan.sends = false;
    let mut w = World::planned(plan).await;
    let folder = tempfile::tempdir().expect("a data folder");
    let server = Server::on(&w, folder.path());
    let seed = std::env::var("ANTEROOM_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or_else(|| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |d| d.as_micros() as u64)
    });
    eprintln!("{} kills on {}, ANTEROOM_SEED={seed}", kills, engine.word());

    let mut clients = Vec::new();
    for n in 0..CLERKS * (20 + kills * 4) {
        let (last, email) = (format!("Tester{}", letters(n)), format!("client{n}@example.com"));
        let scope = w.riverbend.scope.clone();
        clients.push(w.chart_at(&scope, "Kim", &last, "1990-04-12", &email).await);
    }
    let mut staff = w.staff(Role::FrontDesk).await;
    staff.to = server.address();
    let desk = Desk {
        staff,
        public: Browser::new(server.address()),
        slug: w.riverbend.slug().to_owned(),
        ledger: Ledger::default(),
        stop: Arc::default(),
        cut: Arc::default(),
        refused: Arc::default(),
    };
    let world = Arc::new(w);
    let mut clerks = tokio::task::JoinSet::new();
    let share = clients.len() / CLERKS;
    for (n, clients) in clients.chunks(share).take(CLERKS).enumerate() {
        clerks.spawn(work(desk.clone(), clients.to_vec(), seed ^ (n as u64 + 1)));
    }
    let by_address: Arc<BTreeMap<String, Client>> =
        Arc::new(clients.iter().map(|c| (c.email.clone(), c.clone())).collect());
    let tried = Tried::default();
    for n in 0..REGISTRARS {
        let (desk, world) = (desk.clone(), world.clone());
        clerks.spawn(registrar(desk, world, by_address.clone(), tried.clone(), seed ^ (n as u64 + 100)));
    }

    let mut dice = Dice(seed | 1);
    let mut running = server.start();
    let (mut done, mut longest) = (0, 680);
    let began = std::time::Instant::now();
    // On a busy machine little is done between two kills: then there are more of them, further apart.
    while done < kills || (!desk.has_done_enough(kills) && began.elapsed() < LONGEST) {
        server.ready(&mut running).await;
        tokio::time::sleep(Duration::from_millis(20 + dice.next(longest))).await;
        running.kill();
        running = server.start();
        done += 1;
        if done >= kills {
            longest += 340;
        }
    }
    server.ready(&mut running).await;
    desk.stop.store(true, Ordering::SeqCst);
    while clerks.join_next().await.is_some() {}

    // Left alone, everything that was promised goes out. A lease of the last killed process has to
    // run out first.
    drained(&world).await;
    running.stop().await;
    let wrong = desk.ledger.compare(&world).await;
    let (sent, sent_cut, registered, registered_cut) = desk.ledger.totals();
    let cut = desk.cut.load(Ordering::SeqCst);
    let arrived = world.mailbox.count();
    let names: std::collections::BTreeSet<_> =
        world.mailbox.mails().iter().map(|m| m.header("message-id").unwrap_or_default().to_owned()).collect();
    eprintln!(
        "{}: {done} kills, {cut} requests cut; acknowledged {sent} sendings (and {sent_cut} cut), {registered} \
         registrations (and {registered_cut} cut); {arrived} mails arrived, {} of them copies",
        engine.word(),
        arrived - names.len()
    );
    let refused = desk.refused.lock().expect("the list").clone();
    assert!(refused.is_empty(), "answers that should not be (seed {seed}):\n{}", refused.join("\n"));
    assert!(wrong.is_empty(), "broken promises (seed {seed}):\n{}", wrong.join("\n"));
    assert!(desk.has_done_enough(kills), "too little happened to mean anything, or the kills hit nothing");
    world.database.clone()
}

fn letters(n: usize) -> String {
    let mut n = n;
    let mut out = String::new();
    loop {
        out.push(char::from(b'a' + (n % 26) as u8));
        n /= 26;
        if n == 0 {
            return out;
        }
    }
}

async fn drained(w: &World) {
    use anteroom::platform::db::schema::outbox;
    use diesel::prelude::*;
    let began = std::time::Instant::now();
    loop {
        let left: i64 = w
            .look(|c| {
                outbox::table
                    .filter(outbox::state.ne_all(["sent", "cancelled", "undeliverable"]))
                    .count()
                    .get_result(c)
            })
            .await;
        if left == 0 {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(150), "{left} mails do not leave");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Sends and resends, chart after chart, until told to stop.
async fn work(desk: Desk, clients: Vec<Client>, seed: u64) {
    let mut dice = Dice(seed | 1);
    for client in clients {
        if !send(&desk, &client, "invite").await {
            return;
        }
        for _ in 0..dice.next(3) {
            if !send(&desk, &client, "resend").await {
                return;
            }
        }
    }
}

/// Registers whoever has mail, one after the other, until told to stop. Not the clerk's business: a
/// mail that a killed process had in hand waits for its lease, and the clerk would wait with it.
async fn registrar(
    desk: Desk,
    w: Arc<World>,
    clients: Arc<BTreeMap<String, Client>>,
    tried: Tried,
    seed: u64,
) {
    let mut dice = Dice(seed | 1);
    while !desk.stop.load(Ordering::SeqCst) {
        let waiting: Vec<String> = {
            let tried = tried.lock().expect("the list");
            let mails = w.mailbox.mails();
            mails.iter().flat_map(|m| m.to.clone()).filter(|to| !tried.contains(to)).collect()
        };
        if waiting.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        let to = &waiting[dice.next(waiting.len() as u64) as usize];
        if !tried.lock().expect("the list").insert(to.clone()) {
            continue;
        }
        if let Some(client) = clients.get(to)
            && !register(&desk, &w, client).await
        {
            return;
        }
    }
}

/// Whose registration somebody has begun.
type Tried = Arc<std::sync::Mutex<BTreeSet<String>>>;

/// One form of the chart room, confirmed. False when it is time to stop.
async fn send(desk: &Desk, client: &Client, act: &str) -> bool {
    let path = format!("/staff/charts/{}/access/{act}", client.chart_id);
    let mut staff = desk.staff.clone();
    loop {
        if desk.stop.load(Ordering::SeqCst) {
            return false;
        }
        let page = match ask(&mut staff, "GET", &path, None).await {
            Answered::Yes(page) => page,
            _ => {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
        };
        let forms = form::forms(&page.html());
        let Some(form) = forms.iter().find(|f| f.action.contains(&path)) else {
            desk.refuse(&format!("GET {path}"), &page);
            return true;
        };
        match ask(&mut staff, "POST", &path, Some(&http::encode_form(&form.fields))).await {
            Answered::Yes(page) if page.status() == 303 => {
                desk.ledger.note(&client.chart_id, |e| e.sent += 1);
                return true;
            }
            Answered::Yes(page) => {
                desk.refuse(&format!("POST {path}"), &page);
                return true;
            }
            Answered::Cut => {
                desk.cut.fetch_add(1, Ordering::SeqCst);
                desk.ledger.note(&client.chart_id, |e| e.sent_perhaps += 1);
                // Was it done? Going on from either is what a person does.
                return true;
            }
            Answered::NotThere => {}
        }
    }
}

/// The newest link's form, filled in rightly.
async fn register(desk: &Desk, w: &World, client: &Client) -> bool {
    let mut public = desk.public.clone();
    for _ in 0..100 {
        if desk.stop.load(Ordering::SeqCst) {
            return false;
        }
        let mails = w.mailbox.mails_to(&client.email);
        let Some(path) = mails
            .last()
            .and_then(|m| m.link())
            .map(|link| format!("/{}", link.splitn(4, '/').nth(3).unwrap_or_default()))
        else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let Answered::Yes(page) = ask(&mut public, "GET", &path, None).await else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let forms = form::forms(&page.html());
        let Some(form) = forms.iter().find(|f| f.fields.iter().any(|(name, _)| name == "nonce")) else {
            // Replaced: the newer mail is still on its way.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let mut fields: Vec<(String, String)> = form
            .fields
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "last_name" | "month" | "day" | "year" | "password"))
            .cloned()
            .collect();
        for (name, value) in [
            ("last_name", client.last_name.as_str()),
            ("month", "4"),
            ("day", "12"),
            ("year", "1990"),
            ("password", PASSWORD),
            ("how", "new"),
        ] {
            fields.push((name.into(), value.into()));
        }
        match ask(&mut public, "POST", &path, Some(&http::encode_form(&fields))).await {
            Answered::Yes(page) if page.status() == 303 => {
                desk.ledger.note(&client.chart_id, |e| e.registered = true);
                return true;
            }
            // A resend that was cut was done after all, and its mail is on its way.
            Answered::Yes(page)
                if page.html().contains(&format!("/{}/i/", desk.slug)) || page.status() == 410 =>
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Answered::Yes(page) => {
                desk.refuse(&format!("POST {}/i/…", desk.slug), &page);
                return true;
            }
            Answered::Cut => {
                desk.cut.fetch_add(1, Ordering::SeqCst);
                desk.ledger.note(&client.chart_id, |e| e.registered_perhaps = true);
                return true;
            }
            Answered::NotThere => {}
        }
    }
    true
}

impl Desk {
    /// Whether so much was acknowledged, and so many requests were cut, that a loss would show.
    fn has_done_enough(&self, kills: usize) -> bool {
        let (sent, _, registered, _) = self.ledger.totals();
        let cut = self.cut.load(Ordering::SeqCst);
        sent >= kills as i64 / 2 && registered >= kills / 20 && cut >= kills / 10
    }

    fn refuse(&self, what: &str, page: &crate::support::Page) {
        // A sending that was cut may have been done: then the chart's form has moved on.
        let words = page.words();
        if page.status() >= 500 || matches!(page.status(), 400 | 401 | 403 | 404) {
            let mut list = self.refused.lock().expect("the list");
            if list.len() < 20 {
                list.push(format!(
                    "{what}: {} {}",
                    page.status(),
                    words.chars().take(300).collect::<String>()
                ));
            }
        }
    }
}

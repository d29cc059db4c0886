//! AUD-06: the program's log at its most talkative, through the whole loop, holds no token, no
//! password, no name, no birth date and no address.

use std::sync::Arc;
use std::time::Duration;

use anteroom::kernel::clock::MovableClock;
use anteroom::platform::permissions::Role;

use super::process::Server;
use crate::support::world::{Plan, World, take_down};
use crate::support::{Browser, Engine};

const FIRST: &str = "Canarietta";
const LAST: &str = "Zwitscherling";
const EMAIL: &str = "canary.bird@example.com";
const PASS: &str = "seventeen yellow canaries sing";

#[test]
fn aud_06_the_log_at_trace_holds_nothing_of_anybody() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let database = runtime.block_on(story());
    runtime.shutdown_timeout(Duration::from_secs(2));
    take_down(database);
}

async fn story() -> crate::support::world::Database {
    let mut plan = Plan::new(Engine::Sqlite);
    plan.clock = Arc::new(MovableClock::default());
    plan.sends = false;
    let mut w = World::planned(plan).await;
    let folder = tempfile::tempdir().expect("a data folder");
    let server = Server::on(&w, folder.path()).logging("trace");
    let scope = w.riverbend.scope.clone();
    let client = w.chart_at(&scope, FIRST, LAST, "1957-03-19", EMAIL).await;
    let mut staff = w.staff(Role::FrontDesk).await;
    staff.to = server.address();
    let mut running = server.start();
    server.ready(&mut running).await;

    let mut desk = Browser::new(server.address());
    let page = desk.get("/riverbend/staff/sign-in").await;
    let member = w.riverbend.member(Role::FrontDesk).clone();
    desk.submit(&page, "sign-in", &[("email", &member.email), ("password", "not the password at all")]).await;
    desk.submit_and_follow(
        &page,
        "sign-in",
        &[("email", &member.email), ("password", crate::support::PASSWORD)],
    )
    .await;
    desk.get(&format!("/staff/charts?q={LAST}")).await;
    let path = format!("/staff/charts/{}/access/invite", client.chart_id);
    let page = desk.get(&path).await;
    desk.submit_and_follow(&page, "invite", &[]).await;
    let mail = w.mail_to(EMAIL).await;
    let link = mail.link().expect("a link").to_owned();
    let token = link.rsplit('/').next().expect("a token").to_owned();

    let mut phone = Browser::new(server.address());
    let page = phone.get(&link).await;
    let wrong =
        [("last_name", "Quietsch"), ("month", "3"), ("day", "19"), ("year", "1957"), ("password", PASS)];
    phone.submit(&page, "/i/", &[wrong.as_slice(), &[("how", "new")]].concat()).await;
    let right = [("last_name", LAST), ("month", "3"), ("day", "19"), ("year", "1957"), ("password", PASS)];
    let page = phone.get(&link).await;
    phone.submit_and_follow(&page, "/i/", &[right.as_slice(), &[("how", "new")]].concat()).await;
    phone.get(&link).await;
    phone.get(&format!("/riverbend/i/{}", "B".repeat(43))).await;
    phone.get("/riverbend/forgot").await;
    phone.post("/riverbend/forgot", &[("email", EMAIL)]).await;
    let page = phone.visit("/riverbend/sign-in").await;
    if page.has_form("sign-in") {
        phone.submit(&page, "sign-in", &[("email", EMAIL), ("name", EMAIL), ("password", PASS)]).await;
        phone.visit("/portal").await;
    }
    phone.send("GET", &format!("/riverbend/i/{token}%22%0a"), None).await;
    let metrics = phone.get("/metrics").await.html();
    w.mail_has_settled().await;
    running.stop().await;

    let log = std::fs::read_to_string(server.log()).expect("the log");
    assert!(log.lines().count() > 20, "the log is too short to mean anything:\n{log}");
    let cookies: Vec<String> = [&staff, &desk, &phone]
        .iter()
        .flat_map(|b| {
            b.cookies().iter().map(|(_, value)| value.rsplit('.').next().unwrap_or_default().to_owned())
        })
        .filter(|value| value.len() > 20)
        .collect();
    let mut canaries = vec![
        FIRST,
        LAST,
        "Quietsch",
        EMAIL,
        "canary.bird",
        PASS,
        "seventeen",
        "1957-03-19",
        "03/19/1957",
        "not the password",
        crate::support::PASSWORD,
        &token,
        &member.email,
        &member.name,
    ];
    canaries.extend(cookies.iter().map(String::as_str));
    let mut found = Vec::new();
    for text in canaries {
        for form in
            [text.to_owned(), text.replace(' ', "+"), text.replace(' ', "%20"), text.replace('@', "%40")]
        {
            if let Some(line) = log.lines().chain(metrics.lines()).find(|line| line.contains(&form)) {
                found.push(format!("{form:?} in: {}", line.chars().take(300).collect::<String>()));
                break;
            }
        }
    }
    assert!(found.is_empty(), "the log tells:\n{}", found.join("\n"));
    w.database.clone()
}

//! A11-01: axe on every page of the program, in every state of a grant, light and dark. The list of
//! pages is the router's own.

use anteroom::app;
use anteroom::features::access::actions::{self, Act, Target};
use anteroom::features::people::{Typed, TypedAddress, TypedContact, TypedPerson};
use anteroom::kernel::ids::{AccessId, PersonId};
use anteroom::platform::db::schema::{portal_access, related_contact};
use anteroom::platform::permissions::{Needs, Role};
use anteroom::platform::web::routes::Row;
use diesel::prelude::*;

use super::chromium::Chromium;
use super::window::{Width, Window};
use crate::support::rows::Rows;
use crate::support::world::{Client, World};
use crate::support::{Browser, Engine, tell};

/// Why a GET route has no page of its own to judge.
fn is_no_page(path: &str) -> bool {
    let is_a_part_of_a_page = path.ends_with("/communications/box");
    let is_data = ["/files/", "/cal/", "/cards/"].iter().any(|part| path.contains(part))
        || ["/live", "/session", "/file", "/export", "/pdf", ".ics", ".csv"]
            .iter()
            .any(|end| path.ends_with(end));
    let is_for_machines = path.starts_with("/assets/")
        || ["/healthz", "/readyz", "/metrics", "/api/openapi.json", "/.well-known/security.txt"]
            .contains(&path);
    let is_nothing = path.ends_with("/no/such-page");
    // It leads to a clinician's page, which is in the list.
    let leads_on = path == "/staff/availability";
    leads_on || is_a_part_of_a_page || is_data || is_for_machines || is_nothing
}

/// Where a route leads by itself, for the routes that only lead on.
fn leads_to(path: &str) -> &str {
    match path {
        "/staff" => "/staff/charts",
        "/staff/billing" => "/staff/billing/aging",
        "/riverbend/welcome" | "/riverbend/portal" => "/riverbend/sign-in",
        "/riverbend/staff" => "/riverbend/staff/sign-in",
        path => path,
    }
}

/// Opens a page in the window, and writes down when it is another than the one asked for: an error's page
/// would be judged in its stead, and pass.
async fn open(window: &mut Window, browser: &mut Browser, asked: &str, wrong: &mut Vec<String>) {
    let path = asked.split('?').next().unwrap_or_default();
    let page = browser.visit(asked).await;
    window.visit(asked).await;
    let came_to = window.path().await;
    let heading =
        window.script("return document.querySelector('h1')?.textContent ?? '';", serde_json::json!([])).await;
    let heading = heading.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let is_there = page.status() == 200 && came_to.split('?').next() == Some(leads_to(path));
    if !is_there || heading.is_empty() || !page.says(&heading) {
        wrong.push(format!("{asked}: {} at {came_to}, headed {heading:?}", page.status()));
    }
}

/// Looks at a page, and writes down what is wrong with it.
async fn look(window: &mut Window, path: &str, wrong: &mut Vec<String>) {
    for scheme in [super::window::Scheme::Dark, super::window::Scheme::Light] {
        window.prefer(scheme).await;
        for found in window.violations().await {
            wrong.push(format!("{path} ({scheme:?}): {found}"));
        }
    }
    window.resize(Width::Narrow).await;
    let wider = window.sideways().await;
    if wider > 0 {
        let who = window.too_wide().await;
        wrong.push(format!("{path} scrolls sideways by {wider} px at 320 px: {who}"));
    }
    window.resize(Width::Desk).await;
}

/// Who opens a page.
fn whose(needs: Needs) -> &'static str {
    match needs {
        Needs::StaffSession | Needs::Staff(_) => "staff",
        Needs::ClientSession | Needs::Client(..) => "client",
        _ => "nobody",
    }
}

/// The paths of the pages that somebody opens.
pub fn pages_of(who: &str, rows: &Rows) -> Vec<String> {
    let (_, routes) = app::routes().into_parts();
    // The API answers programs.
    let is_a_page =
        |row: &&Row| row.method == "GET" && !matches!(row.needs, Needs::ApiKey(_) | Needs::Machine);
    let theirs = routes.iter().filter(is_a_page).filter(|row| whose(row.needs) == who);
    let paths = theirs.flat_map(|row| rows.paths(row)).filter(|path| !is_no_page(path));
    paths
        .map(|path| match path.as_str() {
            // It asks about charts that were selected.
            "/staff/worklist/send" => format!("{path}?kind=expired&chart={}.1", rows.value("{chart}")),
            _ => path,
        })
        .collect()
}

#[test]
fn a11_01_axe_finds_nothing_on_any_page() {
    tell(Engine::Sqlite, async |w| {
        let rows = Rows::of_riverbend(w).await;
        let (client, staff) = (rows.client.clone(), w.staff(Role::Administrator).await);
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        let (mut wrong, mut seen) = (Vec::new(), 0);
        // By who opens them, so that the window changes hands three times and not at every page.
        for who in ["nobody", "staff", "client"] {
            let mut browser = match who {
                "staff" => staff.clone(),
                "client" => client.clone(),
                _ => w.browser(),
            };
            window.become_user(&browser).await;
            for path in pages_of(who, &rows) {
                open(&mut window, &mut browser, &path, &mut wrong).await;
                look(&mut window, &path, &mut wrong).await;
                // Whatever page of theirs staff are on, charts are found from there.
                if who == "staff" && window.all(".top-search input[type=search]").await.len() != 1 {
                    wrong.push(format!("{path} has no search"));
                }
                seen += 1;
            }
        }
        window.must_have_asked_no_other_host().await;
        window.close().await;
        assert!(seen > 60, "only {seen} pages looked at");
        assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
    });
}

#[test]
fn a11_07_no_page_scrolls_sideways_at_320_px_in_either_language() {
    tell(Engine::Sqlite, async |w| {
        let rows = Rows::of_riverbend(w).await;
        let (client, staff) = (rows.client.clone(), w.staff(Role::Administrator).await);
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Narrow).await;
        let mut wrong = Vec::new();
        for language in ["en", "es"] {
            // The practice's language is its staff's, the client's own their account's.
            let mut admin = staff.clone();
            let page = admin.get("/staff/practice").await;
            admin.submit_and_follow(&page, "/staff/practice", &[("language", language)]).await;
            let mut own = client.clone();
            let page = own.get("/portal/me").await;
            own.submit_and_follow(&page, "/portal/me/language", &[("language", language)]).await;
            for (who, mut browser) in [("nobody", w.browser()), ("staff", admin), ("client", own)] {
                window.become_user(&browser).await;
                window.speak(language).await;
                for path in pages_of(who, &rows) {
                    // Before sign-in a page may be asked for in a language (the API's own would be English).
                    let asked =
                        if who == "nobody" { format!("{path}?lang={language}") } else { path.clone() };
                    open(&mut window, &mut browser, &asked, &mut wrong).await;
                    // What unfolds is looked at too.
                    let open =
                        "document.querySelectorAll('details:not(.menu)').forEach(d => { d.open = true; });";
                    window.script(open, serde_json::json!([])).await;
                    for width in [Width::Phone, Width::Narrow] {
                        window.resize(width).await;
                        let wider = window.sideways().await;
                        if wider > 0 {
                            let who = window.too_wide().await;
                            wrong.push(format!("{path} ({language}, {width:?}): {wider} px too wide: {who}"));
                        }
                    }
                    let spoken =
                        window.script("return document.documentElement.lang;", serde_json::json!([])).await;
                    if spoken != language {
                        wrong.push(format!("{path} speaks {spoken} and not {language}"));
                    }
                }
            }
        }
        window.close().await;
        assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
    });
}

/// Eight charts, one in each state.
async fn every_state(w: &mut World) -> Vec<(&'static str, Client, Option<String>)> {
    let mut made = Vec::new();
    for (n, state) in
        ["not invited", "invited", "expired", "locked", "declined", "canceled", "active", "revoked"]
            .iter()
            .enumerate()
    {
        let email = format!("client{n}@example.com");
        made.push((
            *state,
            w.chart_with("Kim", &format!("Tester{}", char::from(b'a' + n as u8)), "1990-04-12", &email).await,
            None,
        ));
    }
    // What has to grow old first.
    for (state, client, link) in &mut made {
        if *state == "expired" {
            w.invite(client).await;
            let mail = w.mail_to(&client.email.clone()).await;
            *link = Some(w.link_in(&mail));
        }
    }
    w.clock.advance_seconds(8 * 24 * 3_600);
    for (state, client, link) in &mut made {
        if matches!(*state, "not invited" | "expired") {
            continue;
        }
        let sent = w.invite(client).await;
        let mail = w.mail_to(&client.email.clone()).await;
        let path = w.link_in(&mail);
        let (scope, by) = (w.riverbend.scope.clone(), w.riverbend.by(Role::FrontDesk));
        match *state {
            "locked" => {
                for _ in 0..5 {
                    let mut phone = w.browser();
                    let page = phone.get(&path).await;
                    let typed = [
                        ("last_name", "Nobody"),
                        ("month", "1"),
                        ("day", "2"),
                        ("year", "1980"),
                        ("password", crate::support::PASSWORD),
                        ("how", "new"),
                    ];
                    phone.submit(&page, "/i/", &typed).await;
                }
            }
            "declined" => {
                let mut phone = w.browser();
                let page = phone.get(&format!("{path}/decline")).await;
                let answer = phone.submit(&page, "decline", &[("answer", "not-me")]).await;
                assert!(answer.status() < 400, "declining was refused: {}", answer.words());
            }
            "canceled" => {
                actions::act(&w.app, &scope, by, Target::Grant(sent.access), Act::Cancel)
                    .await
                    .expect("no fault")
                    .expect("canceled");
            }
            "active" | "revoked" => {
                w.register_by(&path, client).await;
                if *state == "revoked" {
                    actions::act(
                        &w.app,
                        &scope,
                        by,
                        Target::Grant(sent.access),
                        Act::Revoke { reason: "moved away".into() },
                    )
                    .await
                    .expect("no fault")
                    .expect("revoked");
                }
            }
            _ => {}
        }
        *link = Some(path);
    }
    made
}

#[test]
fn a11_01_axe_finds_nothing_in_any_state_of_a_grant() {
    tell(Engine::Sqlite, async |w| {
        let states = every_state(w).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        let mut staff = w.staff(Role::FrontDesk).await;
        window.become_user(&staff).await;
        let mut wrong = Vec::new();
        for (state, client, _) in &states {
            let path = format!("/staff/charts/{}/communications", client.chart_id);
            let words = staff.get(&path).await.words();
            let tag = if *state == "revoked" { "No Portal Access" } else { state };
            if !words.to_lowercase().contains(&tag.to_lowercase()) {
                wrong.push(format!("{path} does not say {tag}:\n{words}"));
            }
            open(&mut window, &mut staff, &path, &mut wrong).await;
            look(&mut window, &path, &mut wrong).await;
        }
        for path in ["/staff/worklist", "/staff/charts"] {
            open(&mut window, &mut staff, path, &mut wrong).await;
            look(&mut window, path, &mut wrong).await;
        }
        window.resize(Width::Phone).await;
        let mut nobody = w.browser();
        window.become_user(&nobody).await;
        for (state, _, link) in &states {
            if let Some(link) = link {
                let page = nobody.get(link).await;
                if page.html().contains("Tester") {
                    wrong.push(format!("the page of a link that is {state} tells the name"));
                }
                // Its status says what became of the link.
                window.visit(link).await;
                look(&mut window, link, &mut wrong).await;
            }
        }
        window.must_have_asked_no_other_host().await;
        window.close().await;
        assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
    });
}

/// A chart whose owner was changed a short while ago, to a mother from whom something is withheld and whose access
/// waits for the client's assent; the pages that show it.
async fn rights_in_every_state(w: &mut World) -> (Browser, Vec<String>) {
    let named = |first: &str| TypedPerson {
        first_name: first.into(),
        last_name: "Park".into(),
        ..TypedPerson::default()
    };
    let mut sheet = Typed { client: named("Leo").born("2012-06-01"), ..Typed::default() };
    let mut joan = named("Joan").born("1980-02-02");
    joan.emails.push(TypedAddress::mailable("joan.park@example.com"));
    sheet.contacts.push(TypedContact { relation: "parent".into(), person: joan, ..TypedContact::default() });
    let scope = w.riverbend.scope.clone();
    let leo = w.chart_of(&scope, sheet).await;
    let mut admin = w.staff(Role::Administrator).await;
    let form = admin.get("/staff/practice/age-rules/new").await;
    let rule = [
        ("from_age", "13"),
        ("basis", "parent"),
        ("assent", "yes"),
        ("effective_from", "2026-12-02"),
        ("source", "Counsel"),
        ("confirmed", "yes"),
    ];
    admin.submit_and_follow(&form, "/staff/practice/age-rules/new", &rule).await;
    w.clock.advance_seconds(24 * 3_600);
    let mut admin = w.staff(Role::Administrator).await;
    let chart = format!("/staff/charts/{}", leo.chart_id);
    let joan: PersonId = w.look(|c| related_contact::table.select(related_contact::person_id).first(c)).await;
    let joan = joan.to_string();
    let form = admin.get(&format!("{chart}/representatives/new")).await;
    let terms = [("person", joan.as_str()), ("basis", "parent"), ("billing", "view")];
    admin.submit_and_follow(&form, "/new", &terms).await;
    let access: AccessId = w.look(|c| portal_access::table.select(portal_access::access_id).first(c)).await;
    let grant = format!("{chart}/grants/{access}");
    let form = admin.get(&grant).await;
    form.must_say("opens nothing before the client agrees");
    let kept =
        [("kept_right", "billing"), ("kept_until", "2026-12-31"), ("kept_reason", "Asked by the court.")];
    admin.submit_and_follow(&form, "/withhold", &kept).await.must_say("Asked by the court.");
    let form = admin.get(&format!("{chart}/access/change-owner")).await;
    let list = admin.submit(&form, "/change-owner", &[("to", joan.as_str())]).await;
    let why = [("reason", "Asked for."), ("authorised_by", "The court")];
    admin.submit_and_follow(&list, "/change-owner", &why).await.must_say("This can be undone until");
    let pages = vec![
        grant,
        format!("{chart}/communications"),
        format!("{chart}/access/change-owner"),
        format!("{chart}/change-owner?to={}", leo.person_id),
        format!("{chart}/undo-owner"),
        format!("{chart}/client-status"),
        "/staff/practice/age-rules".to_owned(),
        "/staff/concerns".to_owned(),
    ];
    (admin, pages)
}

#[test]
fn a11_01_axe_finds_nothing_in_the_states_of_rights() {
    tell(Engine::Sqlite, async |w| {
        let (mut staff, pages) = rights_in_every_state(w).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        window.become_user(&staff).await;
        let mut wrong = Vec::new();
        for path in &pages {
            open(&mut window, &mut staff, path, &mut wrong).await;
            look(&mut window, path, &mut wrong).await;
        }
        window.must_have_asked_no_other_host().await;
        window.close().await;
        assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
    });
}

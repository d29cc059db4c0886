//! A11-01: axe on every page of the program, in every state of a grant, light and dark. The list of
//! pages is the router's own.

use anteroom::app;
use anteroom::features::access::actions::{self, Act, Target};
use anteroom::features::billing::actions::record_payment;
use anteroom::features::billing::charges::{Details, NewService, Pays, Price, post_service};
use anteroom::features::billing::insurance::{NewRemittance, add_coverage, record_remittance};
use anteroom::features::billing::insurance_store::{NewCoverage, RemittanceLine, insurers};
use anteroom::features::billing::invoice::{self, NewInvoice};
use anteroom::features::billing::statement::{self, NewStatement};
use anteroom::features::billing::{NewCharge, NewPayment, PaymentMethod};
use anteroom::features::ledger::find_party;
use anteroom::features::people::{Typed, TypedAddress, TypedContact, TypedPerson};
use anteroom::kernel::ids::{AccessId, ChartId, PersonId};
use anteroom::kernel::money::{Currency, Money};
use anteroom::platform::audit::By;
use anteroom::platform::db::Scoped;
use anteroom::platform::db::schema::{portal_access, related_contact};
use anteroom::platform::fault::Fault;
use anteroom::platform::pay::local::{BANK, PAYS};
use anteroom::platform::permissions::{Needs, Role};
use anteroom::platform::web::routes::Row;
use anteroom::platform::web::session::Audience;
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
        || ["/live", "/session", "/file", "/export", "/pdf", "/picture", ".ics", ".csv"]
            .iter()
            .any(|end| path.split('?').next().unwrap_or_default().ends_with(end));
    let is_for_machines = path.starts_with("/assets/")
        || ["/healthz", "/readyz", "/metrics", "/api/openapi.json", "/.well-known/security.txt"]
            .contains(&path);
    let is_nothing = path.ends_with("/no/such-page");
    // It leads to a clinician's page, which is in the list.
    let leads_on = path == "/staff/availability";
    // A session has them only while it is locked; `signing` opens them.
    let is_of_a_locked_session = path == "/staff/unlock" || path.starts_with("/staff/in-person");
    is_of_a_locked_session || leads_on || is_a_part_of_a_page || is_data || is_for_machines || is_nothing
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

/// Looks at a page with axe, and writes down what it finds.
async fn judge(window: &Window, path: &str, wrong: &mut Vec<String>) {
    wrong.extend(window.violations_in_both().await.iter().map(|found| format!("{path}: {found}")));
}

/// Looks at a page in one of its states with axe and on the narrowest window, and writes down what is wrong with it.
async fn look(window: &mut Window, path: &str, wrong: &mut Vec<String>) {
    judge(window, path, wrong).await;
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
        .flat_map(|path| match path.as_str() {
            // It asks about charts that were selected.
            "/staff/worklist/send" => vec![format!("{path}?kind=expired&chart={}.1", rows.value("{chart}"))],
            "/staff/calendar" => vec![format!("{path}?view=week"), format!("{path}?view=list"), path],
            _ => vec![path],
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
                judge(&window, &path, &mut wrong).await;
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

/// Fills the form of a page with what no form takes, sends it, and says whether it was refused.
async fn refused(window: &mut Window, path: &str) -> bool {
    window.visit(path).await;
    let send = "const form = [...document.querySelectorAll('main form[method=post]:not([action$=\"/off\"])')].at(-1);
        if (!form) return false;
        for (const field of form.elements) {
            if (field.matches('input[type=text]')) field.value = field.inputMode ? 'x' : '';
            if (field.matches('input[name=npi], input[name=code], input[type=password]')) field.value = '?';
            if (field.matches('input[type=date], textarea')) field.value = '';
            if (field.matches('input[type=checkbox], input[type=radio]')) field.checked = false;
        }
        HTMLFormElement.prototype.submit.call(form);
        return true;";
    if window.script(send, serde_json::json!([])).await != true {
        return false;
    }
    for _ in 0..40 {
        if !window.all(".error-summary, .field-error").await.is_empty() {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    false
}

/// An account in each state: its client, and its pages on either side.
async fn accounts_in_every_state(w: &mut World) -> Vec<(&'static str, Browser, Vec<String>)> {
    let mut made = Vec::new();
    for (n, state) in
        // The first one takes hours, in which sessions end.
        ["over", "nothing", "owed", "favor", "insured", "lowered", "begun", "bank", "paid"]
            .iter()
            .enumerate()
    {
        let name = format!("Account{}", char::from(b'a' + n as u8));
        let client = w.chart_with("Kim", &name, "1990-04-12", &format!("account{n}@example.com")).await;
        let ((_, account), scope) = (w.register(&client).await, w.riverbend.scope.clone());
        let mut browser = w.signed_in(&scope, Audience::Client, account.to_string()).await;
        let (chart, person, state) = (client.chart_id, client.person_id, *state);
        let (app, by) = (w.app.clone(), w.riverbend.by(Role::Biller));
        let fill = move |c: &mut Scoped<'_>| account_in_state(&app, c, &by, (chart, person), state);
        let papers = w.app.db.write(&w.riverbend.scope, fill).await.expect("no fault");
        let mut pages = vec!["/portal/account".to_owned(), "/portal/account/why".to_owned()];
        pages.push("/portal/account/pay".to_owned());
        pages.extend(papers);
        if ["begun", "bank", "paid", "over"].contains(&state) {
            let form = browser.get("/portal/account/pay").await;
            let begun = browser.submit(&form, "/portal/account/pay", &[("what", "all")]).await;
            let go = begun.must_be(303).location().expect("the way to the provider").to_owned();
            let session = w.provider.open_sessions().pop().expect("a page to pay on");
            match state {
                "bank" => w.provider.pay(&session, BANK).expect("on its way"),
                "paid" => w.provider.pay(&session, PAYS).expect("paid"),
                "over" => w.clock.advance_seconds(3 * 3_600),
                _ => {}
            }
            w.clock.advance_seconds(4);
            pages.push(go.trim_end_matches("/go").to_owned());
            if state == "begun" {
                pages.push(go);
            }
        }
        if state == "over" {
            browser = w.signed_in(&scope, Audience::Client, account.to_string()).await;
        }
        made.push((state, browser, pages));
    }
    made
}

#[test]
fn a11_01_axe_finds_nothing_in_the_states_of_an_account() {
    tell(Engine::Sqlite, async |w| {
        let rows = Rows::of_riverbend(w).await;
        let states = accounts_in_every_state(w).await;
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Phone).await;
        let mut wrong = Vec::new();
        for (state, mut browser, pages) in states {
            window.become_user(&browser).await;
            for path in pages {
                open(&mut window, &mut browser, &path, &mut wrong).await;
                look(&mut window, &format!("{path} ({state})"), &mut wrong).await;
            }
        }
        // Staff: what is empty, and each form of the account where it is refused.
        let mut staff = w.staff(Role::Administrator).await;
        let nothing = w.chart_with("Kim", "Accountz", "1990-04-12", "").await;
        let base = format!("/staff/charts/{}/billing", nothing.chart_id);
        window.become_user(&staff).await;
        for path in ["", "/payment", "/invoice", "/superbill", "/statement"] {
            let path = format!("{base}{path}");
            open(&mut window, &mut staff, &path, &mut wrong).await;
            look(&mut window, &path, &mut wrong).await;
        }
        for path in ["/staff/billing/day?date=2026-01-05", "/staff/billing/aging"] {
            open(&mut window, &mut staff, path, &mut wrong).await;
            look(&mut window, path, &mut wrong).await;
        }
        let insurer: String = w
            .look(|c| {
                use anteroom::platform::db::schema::insurer;
                let id: anteroom::kernel::ids::InsurerId =
                    insurer::table.select(insurer::insurer_id).first(c)?;
                Ok(id.to_string())
            })
            .await;
        let grid = format!("/staff/billing/remittances/new?insurer={insurer}");
        for path in [grid.clone(), format!("{grid}&which=all")] {
            open(&mut window, &mut staff, &path, &mut wrong).await;
            look(&mut window, &path, &mut wrong).await;
        }
        let in_chart = rows.fill("/staff/charts/{chart}/billing");
        let mut forms: Vec<String> = [
            "/charge",
            "/payment",
            "/payers",
            "/agreement",
            "/coverage",
            "/invoice",
            "/superbill",
            "/statement",
            "/charges/{charge}/relief",
            "/payments/{payment}/refund",
            "/entries/{entry}/undo",
            "/invoices/{invoice}",
        ]
        .iter()
        .map(|end| format!("{in_chart}{}", rows.fill(end)))
        .collect();
        forms.push(grid);
        forms.extend(["/staff/practice/services", "/staff/practice/identity"].map(str::to_owned));
        forms.push(rows.fill("/staff/practice/services/{service}"));
        for path in &forms {
            if refused(&mut window, path).await {
                look(&mut window, &format!("{path} (refused)"), &mut wrong).await;
            } else {
                wrong.push(format!("{path}: the form was not refused: {}", window.path().await));
            }
        }
        window.must_have_asked_no_other_host().await;
        window.close().await;
        assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
    });
}

/// Fills an account; gives the addresses of its papers.
fn account_in_state(
    app: &anteroom::platform::state::App,
    c: &mut Scoped<'_>,
    by: &By,
    (chart, person): (ChartId, PersonId),
    state: &str,
) -> Result<Vec<String>, Fault> {
    let on = jiff::civil::date(2026, 12, 1);
    let usd = |minor| Money::new(minor, Currency::USD);
    let charge = |minor, pays| NewService {
        charge: NewCharge { chart, on, description: "Session, 50 minutes".into(), amount: usd(minor) },
        price: Price::Typed,
        details: Details { pays, ..Details::default() },
    };
    let pay = |minor| NewPayment {
        chart,
        received_on: on,
        method: PaymentMethod::Check,
        reference: "1042".into(),
        amount: usd(minor),
        pays: None,
        payer: None,
    };
    let mut pages = Vec::new();
    if state == "nothing" {
        return Ok(pages);
    }
    let insurance = NewCoverage {
        chart,
        insurer: "Blue Plan".into(),
        payer_code: String::new(),
        member_number: "M-1".into(),
        group_number: String::new(),
        subscriber: String::new(),
        from: on,
        until: None,
    };
    let posted = match state {
        "insured" | "lowered" => {
            let coverage = add_coverage(c, by, &insurance)?.expect("written down");
            post_service(c, by, &charge(15_000, Pays::Insurer(coverage, 3_000)))?
        }
        _ => post_service(c, by, &charge(15_000, Pays::SelfPay))?,
    };
    let posted = posted.expect("posted").charge_id;
    pages.push(format!("/portal/account/charges/{posted}"));
    if state == "lowered" {
        let insurers = insurers(c)?;
        let own = insurers.iter().find(|one| one.name == "Blue Plan").expect("the insurer").insurer_id;
        let line = RemittanceLine { charge: posted, paid: 6_000, contractual: 2_000, client: 4_000 };
        let sent = NewRemittance {
            insurer: own,
            reference: format!("{chart}"),
            paid_on: on,
            total: usd(6_000),
            lines: vec![line],
        };
        record_remittance(c, by, &sent)?.map_err(|refused| refused.why).expect("entered");
    }
    if state == "favor" {
        let paid = record_payment(c, by, &pay(16_000))?.expect("recorded").payment_id;
        pages.push(format!("/portal/account/receipts/{paid}"));
    } else if state != "insured" {
        let party = find_party(c, person)?.expect("a payer");
        let asked = NewInvoice { chart, party, charges: Vec::new(), due_on: on };
        let made = invoice::issue(app, c, by, &asked)?.expect("issued");
        pages.push(format!("/portal/account/invoices/{made}"));
        if state == "lowered" {
            invoice::void(c, by, chart, made, "wrong")?.expect("taken back");
        }
    }
    let made = statement::make(app, c, by, NewStatement { chart, since: on, party: None })?.expect("made");
    pages.push(format!("/portal/account/statements/{made}"));
    Ok(pages)
}
